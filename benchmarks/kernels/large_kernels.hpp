// Yardsticks for large states: the Brusselator on a ring of cells, RK4 in equal steps and its gradient from stored states, by loops
// written for it alone. What one pass over memory can do is one loop; the next state takes the place of the last by a swap. The loss is the sum
// of the last state. Uses nothing of the library's.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace antistrophe::kernels {

// u' = a + u²v − (b + 1) u + d Δu, v' = b u − u²v + d Δv, with Δ the second difference on the ring; y is all u, then all v.
struct Brusselator {
  double a = 1, b = 3, d = 0.1;

  void f(const double* y, double* dy, std::size_t cells) const {
    const double *u = y, *v = y + cells;
    double *du = dy, *dv = dy + cells;
    const auto at = [&](std::size_t i, std::size_t left, std::size_t right) __attribute__((always_inline)) {
      const double uuv = u[i] * u[i] * v[i];
      du[i] = a + uuv - (b + 1) * u[i] + d * (u[left] - 2 * u[i] + u[right]);
      dv[i] = b * u[i] - uuv + d * (v[left] - 2 * v[i] + v[right]);
    };
    at(0, cells - 1, 1);
    for (std::size_t i = 1; i + 1 < cells; ++i) at(i, i - 1, i + 1);
    at(cells - 1, cells - 2, 0);
  }

  // Adds to y_bar and to (a_bar, b_bar, d_bar).
  void vjp(const double* y, const double* w, double* y_bar, double* theta_bar, std::size_t cells) const {
    const double *u = y, *v = y + cells, *wu = w, *wv = w + cells;
    double *u_bar = y_bar, *v_bar = y_bar + cells;
    double a_bar = 0, b_bar = 0, d_bar = 0;
    const auto at = [&](std::size_t i, std::size_t left, std::size_t right) __attribute__((always_inline)) {
      const double across = wu[i] - wv[i];
      u_bar[i] += 2 * u[i] * v[i] * across - (b + 1) * wu[i] + b * wv[i] + d * (wu[left] - 2 * wu[i] + wu[right]);
      v_bar[i] += u[i] * u[i] * across + d * (wv[left] - 2 * wv[i] + wv[right]);
      a_bar += wu[i];
      b_bar -= across * u[i];
      d_bar += wu[i] * (u[left] - 2 * u[i] + u[right]) + wv[i] * (v[left] - 2 * v[i] + v[right]);
    };
    at(0, cells - 1, 1);
    for (std::size_t i = 1; i + 1 < cells; ++i) at(i, i - 1, i + 1);
    at(cells - 1, cells - 2, 0);
    theta_bar[0] += a_bar;
    theta_bar[1] += b_bar;
    theta_bar[2] += d_bar;
  }
};

class LargeRk4 {
 public:
  LargeRk4(const Brusselator& system, std::size_t cells)
      : system_(system),
        cells_(cells),
        n_(2 * cells),
        next_(n_),
        x2_(n_),
        x3_(n_),
        x4_(n_),
        k1_(n_),
        k2_(n_),
        k3_(n_),
        k4_(n_) {}

  [[gnu::noinline]] void forward(std::vector<double>& y, double h, std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
      stages(y.data(), h);
      for (std::size_t e = 0; e < n_; ++e)
        next_[e] = y[e] + (h / 6 * k1_[e] + h / 3 * k2_[e] + h / 3 * k3_[e] + h / 6 * k4_[e]);
      std::swap(y, next_);
    }
  }

  // The gradient of the sum of the last state; states in `states`, whose memory is used again. y becomes the last state.
  [[gnu::noinline]] void gradient(std::vector<double>& y, double h, std::size_t steps, std::vector<double>& states,
                                  std::vector<double>& y_bar, double* theta_bar) {
    states.resize(steps * n_);
    for (std::size_t i = 0; i < steps; ++i) {
      for (std::size_t e = 0; e < n_; ++e) states[i * n_ + e] = y[e];
      stages(y.data(), h);
      for (std::size_t e = 0; e < n_; ++e)
        next_[e] = y[e] + (h / 6 * k1_[e] + h / 3 * k2_[e] + h / 3 * k3_[e] + h / 6 * k4_[e]);
      std::swap(y, next_);
    }
    y_bar.assign(n_, 1.0);
    std::vector<double> k_bar(n_), x_bar(n_), sum(n_);
    for (std::size_t i = steps; i-- > 0;) {
      const double* before = states.data() + i * n_;
      stages(before, h);
      for (std::size_t e = 0; e < n_; ++e) {
        sum[e] = y_bar[e];
        k_bar[e] = h / 6 * y_bar[e];
        x_bar[e] = 0;
      }
      const auto through = [&](const double* x, double weight, double next_weight) {
        system_.vjp(x, k_bar.data(), x_bar.data(), theta_bar, cells_);
        for (std::size_t e = 0; e < n_; ++e) {
          sum[e] += x_bar[e];
          k_bar[e] = next_weight * y_bar[e] + weight * x_bar[e];
          x_bar[e] = 0;
        }
      };
      through(x4_.data(), h, h / 3);
      through(x3_.data(), h / 2, h / 3);
      through(x2_.data(), h / 2, h / 6);
      system_.vjp(before, k_bar.data(), sum.data(), theta_bar, cells_);
      std::swap(y_bar, sum);
    }
  }

 private:
  void stages(const double* y, double h) {
    system_.f(y, k1_.data(), cells_);
    for (std::size_t e = 0; e < n_; ++e) x2_[e] = y[e] + h / 2 * k1_[e];
    system_.f(x2_.data(), k2_.data(), cells_);
    for (std::size_t e = 0; e < n_; ++e) x3_[e] = y[e] + h / 2 * k2_[e];
    system_.f(x3_.data(), k3_.data(), cells_);
    for (std::size_t e = 0; e < n_; ++e) x4_[e] = y[e] + h * k3_[e];
    system_.f(x4_.data(), k4_.data(), cells_);
  }

  const Brusselator system_;
  std::size_t cells_, n_;
  std::vector<double> next_, x2_, x3_, x4_, k1_, k2_, k3_, k4_;
};

}  // namespace antistrophe::kernels
