// Yardsticks: small systems solved and differentiated by loops written for them alone, in plain doubles. A system is a struct
// with its parameters, f and vjp, of arrays of a size known to the compiler; everything is inlined, nothing is looked up,
// asked for or checked. RK4 in n equal steps forward, its gradient from stored states, that of its λ-coupled pair in floating
// point (no state stored), and that of the reversible Adams method of order 4 in floating point. The loss is the sum of the
// last state. Uses nothing of the library's.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace antistrophe::kernels {

template <std::size_t N>
using Numbers = std::array<double, N>;

// visit(e) for each entry, written out where there are few.
template <std::size_t N, class Visit>
[[gnu::always_inline]] inline void each(const Visit& visit) {
  if constexpr (N <= 4) [&]<std::size_t... E>(std::index_sequence<E...>) __attribute__((always_inline)) {
      (visit(E), ...);
    }
  (std::make_index_sequence<N>{});
  else for (std::size_t e = 0; e < N; ++e) visit(e);
}

struct LotkaVolterra {
  static constexpr std::size_t n = 2, parameters = 4;
  Numbers<4> theta{1.5, 1, 3, 1};

  void f(const Numbers<2>& y, Numbers<2>& dy) const {
    dy[0] = (theta[0] - theta[1] * y[1]) * y[0];
    dy[1] = (theta[3] * y[0] - theta[2]) * y[1];
  }
  void vjp(const Numbers<2>& y, const Numbers<2>& w, Numbers<2>& y_bar, Numbers<4>& theta_bar) const {
    const double product = y[0] * y[1];
    y_bar[0] += w[0] * (theta[0] - theta[1] * y[1]) + w[1] * theta[3] * y[1];
    y_bar[1] += w[1] * (theta[3] * y[0] - theta[2]) - w[0] * theta[1] * y[0];
    theta_bar[0] += w[0] * y[0];
    theta_bar[1] -= w[0] * product;
    theta_bar[2] -= w[1] * y[1];
    theta_bar[3] += w[1] * product;
  }
};

struct Lorenz {
  static constexpr std::size_t n = 3, parameters = 3;
  Numbers<3> theta{10, 28, 8.0 / 3};

  void f(const Numbers<3>& y, Numbers<3>& dy) const {
    dy[0] = theta[0] * (y[1] - y[0]);
    dy[1] = y[0] * (theta[1] - y[2]) - y[1];
    dy[2] = y[0] * y[1] - theta[2] * y[2];
  }
  void vjp(const Numbers<3>& y, const Numbers<3>& w, Numbers<3>& y_bar, Numbers<3>& theta_bar) const {
    y_bar[0] += w[1] * (theta[1] - y[2]) + w[2] * y[1] - w[0] * theta[0];
    y_bar[1] += w[0] * theta[0] - w[1] + w[2] * y[0];
    y_bar[2] -= w[1] * y[0] + w[2] * theta[2];
    theta_bar[0] += w[0] * (y[1] - y[0]);
    theta_bar[1] += w[1] * y[0];
    theta_bar[2] -= w[2] * y[2];
  }
};

// The state is all x of seven stars, all y, and their velocities.
struct Pleiades {
  static constexpr std::size_t stars = 7, n = 4 * stars, parameters = stars;
  Numbers<stars> theta{1, 2, 3, 4, 5, 6, 7};

  void f(const Numbers<n>& y, Numbers<n>& dy) const {
    for (std::size_t e = 0; e < 2 * stars; ++e) {
      dy[e] = y[2 * stars + e];
      dy[2 * stars + e] = 0;
    }
    for (std::size_t i = 0; i < stars; ++i) {
      for (std::size_t j = i + 1; j < stars; ++j) {
        const double d1 = y[j] - y[i], d2 = y[stars + j] - y[stars + i];
        const double r2 = d1 * d1 + d2 * d2, r3 = r2 * std::sqrt(r2), g1 = d1 / r3, g2 = d2 / r3;
        dy[2 * stars + i] += theta[j] * g1;
        dy[3 * stars + i] += theta[j] * g2;
        dy[2 * stars + j] -= theta[i] * g1;
        dy[3 * stars + j] -= theta[i] * g2;
      }
    }
  }
  void vjp(const Numbers<n>& y, const Numbers<n>& w, Numbers<n>& y_bar, Numbers<stars>& theta_bar) const {
    for (std::size_t e = 0; e < 2 * stars; ++e) y_bar[2 * stars + e] += w[e];
    for (std::size_t i = 0; i < stars; ++i) {
      for (std::size_t j = i + 1; j < stars; ++j) {
        const double d1 = y[j] - y[i], d2 = y[stars + j] - y[stars + i];
        const double r2 = d1 * d1 + d2 * d2, r3 = r2 * std::sqrt(r2);
        const double wi1 = w[2 * stars + i], wi2 = w[3 * stars + i], wj1 = w[2 * stars + j], wj2 = w[3 * stars + j];
        theta_bar[j] += (wi1 * d1 + wi2 * d2) / r3;
        theta_bar[i] -= (wj1 * d1 + wj2 * d2) / r3;
        const double g1_bar = theta[j] * wi1 - theta[i] * wj1, g2_bar = theta[j] * wi2 - theta[i] * wj2;
        const double along = 3 * (g1_bar * d1 + g2_bar * d2) / r2;
        const double d1_bar = (g1_bar - along * d1) / r3, d2_bar = (g2_bar - along * d2) / r3;
        y_bar[i] -= d1_bar;
        y_bar[stars + i] -= d2_bar;
        y_bar[j] += d1_bar;
        y_bar[stars + j] += d2_bar;
      }
    }
  }
};

template <class System>
struct SmallGradient {
  double loss = 0;
  Numbers<System::n> y0{};
  Numbers<System::parameters> theta{};
};

namespace small {

template <class System>
using State = Numbers<System::n>;

template <std::size_t N>
double sum(const Numbers<N>& y) {
  double total = 0;
  for (const double x : y) total += x;
  return total;
}

// Ψ_h(y) of the classical method, with its stages kept.
template <class System>
struct Rk4 {
  using Y = State<System>;
  Y x2, x3, x4, psi;

  [[gnu::always_inline]] inline Rk4(const System& system, const Y& y, double h) {
    constexpr std::size_t N = System::n;
    Y k1, k2, k3, k4;
    system.f(y, k1);
    each<N>([&](std::size_t e) { x2[e] = y[e] + 0.5 * h * k1[e]; });
    system.f(x2, k2);
    each<N>([&](std::size_t e) { x3[e] = y[e] + 0.5 * h * k2[e]; });
    system.f(x3, k3);
    each<N>([&](std::size_t e) { x4[e] = y[e] + h * k3[e]; });
    system.f(x4, k4);
    each<N>([&](std::size_t e) { psi[e] = h / 6 * k1[e] + h / 3 * k2[e] + h / 3 * k3[e] + h / 6 * k4[e]; });
  }

  // y_bar += J[Ψ_h]ᵀ w, and the like to theta_bar; y is where the stages began.
  [[gnu::always_inline]] inline void pull_back(const System& system, const Y& y, double h, const Y& w, Y& y_bar,
                                               Numbers<System::parameters>& theta_bar) const {
    constexpr std::size_t N = System::n;
    Y k4, k3, k2, k1, x4_bar{}, x3_bar{}, x2_bar{}, x1_bar{};
    each<N>([&](std::size_t e) { k4[e] = h / 6 * w[e]; });
    system.vjp(x4, k4, x4_bar, theta_bar);
    each<N>([&](std::size_t e) { k3[e] = h / 3 * w[e] + h * x4_bar[e]; });
    system.vjp(x3, k3, x3_bar, theta_bar);
    each<N>([&](std::size_t e) { k2[e] = h / 3 * w[e] + 0.5 * h * x3_bar[e]; });
    system.vjp(x2, k2, x2_bar, theta_bar);
    each<N>([&](std::size_t e) { k1[e] = h / 6 * w[e] + 0.5 * h * x2_bar[e]; });
    system.vjp(y, k1, x1_bar, theta_bar);
    each<N>([&](std::size_t e) { y_bar[e] += x1_bar[e] + x2_bar[e] + x3_bar[e] + x4_bar[e]; });
  }
};

template <class System>
State<System> ones() {
  State<System> y;
  y.fill(1);
  return y;
}

}  // namespace small

template <class System>
[[gnu::noinline]] small::State<System> rk4_forward(const System& given, small::State<System> y, double h,
                                                   std::size_t steps) {
  const System system = given;
  for (std::size_t i = 0; i < steps; ++i) {
    const small::Rk4<System> step(system, y, h);
    each<System::n>([&](std::size_t e) { y[e] += step.psi[e]; });
  }
  return y;
}

// The states are stored in `states`, whose memory is reused; the stages are evaluated again.
template <class System>
[[gnu::noinline]] SmallGradient<System> rk4_direct(const System& given, small::State<System> y, double h,
                                                   std::size_t steps, std::vector<small::State<System>>& states) {
  const System system = given;
  states.resize(steps);
  for (std::size_t i = 0; i < steps; ++i) {
    states[i] = y;
    const small::Rk4<System> step(system, y, h);
    each<System::n>([&](std::size_t e) { y[e] += step.psi[e]; });
  }
  auto y_bar = small::ones<System>();
  Numbers<System::parameters> theta_bar{};
  for (std::size_t i = steps; i-- > 0;) {
    const auto before = states[i];
    const small::Rk4<System> step(system, before, h);
    const auto w = y_bar;
    step.pull_back(system, before, h, w, y_bar, theta_bar);
  }
  return {small::sum(y), y_bar, theta_bar};
}

// y1 = λ y + (1 − λ) z + Ψ_h(z), z1 = z − Ψ_{−h}(y1), and the way back through it.
template <class System>
[[gnu::noinline]] SmallGradient<System> rk4_floating_pair(const System& given, small::State<System> y, double h,
                                                          std::size_t steps, double lambda) {
  constexpr std::size_t N = System::n;
  const System system = given;
  auto z = y;
  for (std::size_t i = 0; i < steps; ++i) {
    const small::Rk4<System> forth(system, z, h);
    each<N>([&](std::size_t e) { y[e] = lambda * y[e] + (1 - lambda) * z[e] + forth.psi[e]; });
    const small::Rk4<System> back(system, y, -h);
    each<N>([&](std::size_t e) { z[e] -= back.psi[e]; });
  }
  const double loss = small::sum(y);
  auto y_bar = small::ones<System>();
  small::State<System> z_bar{};
  Numbers<System::parameters> theta_bar{};
  for (std::size_t i = 0; i < steps; ++i) {
    const small::Rk4<System> back(system, y, -h);
    small::State<System> w;
    each<N>([&](std::size_t e) { w[e] = -z_bar[e]; });
    back.pull_back(system, y, -h, w, y_bar, theta_bar);
    each<N>([&](std::size_t e) { z[e] += back.psi[e]; });
    const small::Rk4<System> forth(system, z, h);
    each<N>([&](std::size_t e) { y[e] = (y[e] - (1 - lambda) * z[e] - forth.psi[e]) / lambda; });
    w = y_bar;
    forth.pull_back(system, z, h, w, z_bar, theta_bar);
    each<N>([&](std::size_t e) { z_bar[e] += (1 - lambda) * y_bar[e]; });
    each<N>([&](std::size_t e) { y_bar[e] *= lambda; });
  }
  each<N>([&](std::size_t e) { y_bar[e] += z_bar[e]; });
  return {loss, y_bar, theta_bar};
}

// x_{n+1} = x_n + h Σ b_j f_{n−j} + λ (x_{n−4} − x_{n−3} + h Σ c_j f_{n−j}), after four steps of RK4.
template <class System>
[[gnu::noinline]] SmallGradient<System> adams4_floating(const System& given, const small::State<System>& y0, double h,
                                                        std::size_t steps, double lambda) {
  constexpr std::size_t N = System::n;
  using Y = small::State<System>;
  const System system = given;
  const Numbers<4> b{55 * h / 24, -59 * h / 24, 37 * h / 24, -9 * h / 24}, c{b[3], b[2], b[1], b[0]};
  Numbers<4> both;
  for (std::size_t j = 0; j < 4; ++j) both[j] = b[j] + lambda * c[j];

  // x[j] = x_{n−j} and f[j] = f_{n−j}.
  std::array<Y, 5> x;
  std::array<Y, 4> f{};
  const auto shift = [](auto& row) __attribute__((always_inline)) {
    for (std::size_t j = row.size(); j-- > 1;) row[j] = row[j - 1];
  };
  const auto shift_back = [](auto& row) __attribute__((always_inline)) {
    for (std::size_t j = 1; j < row.size(); ++j) row[j - 1] = row[j];
  };
  x[4] = y0;
  for (std::size_t n = 0; n < 4; ++n) {
    x[3 - n] = x[4 - n];
    const small::Rk4<System> step(system, x[4 - n], h);
    each<N>([&](std::size_t e) { x[3 - n][e] += step.psi[e]; });
  }
  for (std::size_t j = 1; j < 4; ++j) system.f(x[j], f[j - 1]);
  for (std::size_t n = 4; n < steps; ++n) {
    shift(f);
    system.f(x[0], f[0]);
    Y next;
    each<N>([&](std::size_t e) {
      next[e] = x[0][e] + (b[0] * f[0][e] + b[1] * f[1][e] + b[2] * f[2][e] + b[3] * f[3][e]) +
                lambda * (x[4][e] - x[3][e] + (c[0] * f[0][e] + c[1] * f[1][e] + c[2] * f[2][e] + c[3] * f[3][e]));
    });
    shift(x);
    x[0] = next;
  }

  const double loss = small::sum(x[0]);
  std::array<Y, 5> x_bar{};
  std::array<Y, 4> f_bar{};
  x_bar[0] = small::ones<System>();
  Numbers<System::parameters> theta_bar{};
  // f[j] = f_{n−j} of the step at hand, whose end is x[0] until it has been gone back through.
  for (std::size_t n = steps; n-- > 4;) {
    const Y end = x[0], q = x_bar[0];
    shift_back(x);
    shift_back(x_bar);
    if (n + 1 < steps) shift_back(f);
    system.f(x[3], f[3]);
    shift_back(f_bar);
    f_bar[3] = {};
    each<N>([&](std::size_t e) {
      const double main = b[0] * f[0][e] + b[1] * f[1][e] + b[2] * f[2][e] + b[3] * f[3][e];
      const double mirror = c[0] * f[0][e] + c[1] * f[1][e] + c[2] * f[2][e] + c[3] * f[3][e];
      x[4][e] = x[3][e] - mirror + (end[e] - x[0][e] - main) / lambda;
      for (std::size_t j = 0; j < 4; ++j) f_bar[j][e] += both[j] * q[e];
      x_bar[0][e] += q[e];
      x_bar[3][e] -= lambda * q[e];
      x_bar[4][e] = lambda * q[e];
    });
    system.vjp(x[0], f_bar[0], x_bar[0], theta_bar);
  }
  for (std::size_t n = 4; n-- > 0;) {
    const Y w = x_bar[0];
    shift_back(x);
    shift_back(x_bar);
    x_bar[4] = {};
    shift_back(f_bar);
    f_bar[3] = {};
    each<N>([&](std::size_t e) { x_bar[0][e] += w[e]; });
    const small::Rk4<System> step(system, x[0], h);
    step.pull_back(system, x[0], h, w, x_bar[0], theta_bar);
    if (n > 0) system.vjp(x[0], f_bar[0], x_bar[0], theta_bar);
  }
  return {loss, x_bar[0], theta_bar};
}

}  // namespace antistrophe::kernels
