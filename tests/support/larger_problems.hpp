// Fields of any number of unknowns with vjps written by hand, and their equations alone, on which reverse differentiation is tried and
// measured: tests/field/reverse_vjp_test.cpp, benchmarks/automatic_vjp.cpp.
#pragma once

#include <Eigen/Core>

#include <cmath>

namespace antistrophe::problems {

// Fermi, Pasta, Ulam and Tsingou's chain between two walls: y = (q, p), q_i' = p_i, p_i' = F(q_{i+1} − q_i) − F(q_i − q_{i−1}),
// F(x) = k x + α x² + β x³, θ = (k, α, β).
struct ChainEquations {
  void operator()(auto /*t*/, const auto& y, const auto& theta, auto& dy) const {
    const Eigen::Index n = y.size() / 2;
    const auto force = [&](const auto& x) { return x * (theta[0] + x * (theta[1] + x * theta[2])); };
    for (Eigen::Index i = 0; i < n; ++i) {
      dy[i] = y[n + i];
      dy[n + i] = i == 0 ? -force(y[0]) : dy[n + i];
    }
    for (Eigen::Index i = 0; i + 1 < n; ++i) {
      const auto f = force(y[i + 1] - y[i]);
      dy[n + i] += f;
      dy[n + i + 1] = -f;
    }
    dy[2 * n - 1] += force(0 - y[n - 1]);
  }
};
struct Chain {
  static constexpr bool autonomous = true;
  Eigen::Vector3d theta{1.0, 0.25, 0.5};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const { ChainEquations{}(t, y, theta, dy); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const Eigen::Index n = y.size() / 2;
    for (Eigen::Index i = 0; i < n; ++i) y_bar[n + i] += w[i];
    // Spring i lies between masses i − 1 and i; its force's cotangent is w of the left one less that of the right one.
    for (Eigen::Index i = 0; i <= n; ++i) {
      const double x = (i < n ? y[i] : 0.0) - (i > 0 ? y[i - 1] : 0.0);
      const double g = (i > 0 ? w[n + i - 1] : 0.0) - (i < n ? w[n + i] : 0.0);
      const double x_bar = g * (theta[0] + x * (2 * theta[1] + x * 3 * theta[2]));
      if (i < n) y_bar[i] += x_bar;
      if (i > 0) y_bar[i - 1] -= x_bar;
      theta_bar[0] += g * x;
      theta_bar[1] += g * x * x;
      theta_bar[2] += g * x * x * x;
    }
  }
  static Eigen::VectorXd start(Eigen::Index unknowns) {
    return Eigen::VectorXd::NullaryExpr(unknowns, [](Eigen::Index i) { return 0.3 * std::sin(1.3 * double(i) + 0.4); });
  }
};

// Gray and Scott's reaction and diffusion on a ring, y = (u, v): u' = D₁ Δu − u v² + F (1 − u), v' = D₂ Δv + u v² − (F + k) v,
// θ = (D₁, D₂, F, k).
struct GrayScottEquations {
  void operator()(auto /*t*/, const auto& y, const auto& theta, auto& dy) const {
    const Eigen::Index n = y.size() / 2;
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Index left = i == 0 ? n - 1 : i - 1, right = i == n - 1 ? 0 : i + 1;
      const auto u = y[i], v = y[n + i];
      const auto reaction = u * v * v;
      dy[i] = theta[0] * (y[left] - 2 * u + y[right]) - reaction + theta[2] * (1 - u);
      dy[n + i] = theta[1] * (y[n + left] - 2 * v + y[n + right]) + reaction - (theta[2] + theta[3]) * v;
    }
  }
};
struct GrayScott {
  static constexpr bool autonomous = true;
  Eigen::Vector4d theta{0.8, 0.4, 0.04, 0.06};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const { GrayScottEquations{}(t, y, theta, dy); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const Eigen::Index n = y.size() / 2;
    double d1 = 0, d2 = 0, f = 0, k = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Index left = i == 0 ? n - 1 : i - 1, right = i == n - 1 ? 0 : i + 1;
      const double u = y[i], v = y[n + i], a = w[i], b = w[n + i];
      y_bar[i] += theta[0] * (w[left] - 2 * a + w[right]) + (b - a) * v * v - theta[2] * a;
      y_bar[n + i] += theta[1] * (w[n + left] - 2 * b + w[n + right]) + 2 * (b - a) * u * v - (theta[2] + theta[3]) * b;
      d1 += a * (y[left] - 2 * u + y[right]);
      d2 += b * (y[n + left] - 2 * v + y[n + right]);
      f += a * (1 - u) - b * v;
      k -= b * v;
    }
    theta_bar[0] += d1;
    theta_bar[1] += d2;
    theta_bar[2] += f;
    theta_bar[3] += k;
  }
  static Eigen::VectorXd start(Eigen::Index unknowns) {
    return Eigen::VectorXd::NullaryExpr(unknowns, [=](Eigen::Index i) {
      return i < unknowns / 2 ? 0.7 + 0.2 * std::sin(0.9 * double(i)) : 0.25 + 0.1 * std::cos(0.7 * double(i));
    });
  }
};

// One of everything that a small network or a rate law is made of; smooth where start() is, and driven.
struct MixtureEquations {
  void operator()(auto t, const auto& y, const auto& theta, auto& dy) const {
    using std::abs, std::max, std::exp, std::pow, std::sqrt, std::tanh, std::sin;
    const auto hidden = tanh(theta[0] * y[0] + theta[1] * y[1] + sin(t));
    dy[0] = hidden * exp(-y[1] * y[1]) + sqrt(1 + y[0] * y[0]);
    dy[1] = pow(1 + y[0] * y[0], theta[2]) - max(y[0], y[1]) * abs(y[1] - theta[1]) + pow(y[1], 3);
  }
};
struct Mixture {
  Eigen::Vector3d theta{0.7, -0.4, 0.3};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const { MixtureEquations{}(t, y, theta, dy); }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, double& t_bar) const {
    const double x = y[0], z = y[1], hidden = std::tanh(theta[0] * x + theta[1] * z + std::sin(t));
    const double fade = std::exp(-z * z), root = std::sqrt(1 + x * x), base = 1 + x * x;
    const double inside = w[0] * fade * (1 - hidden * hidden);
    const double sign = z < theta[1] ? -1 : 1, distance = std::fabs(z - theta[1]), larger = x < z ? z : x;
    y_bar[0] += inside * theta[0] + w[0] * x / root + w[1] * theta[2] * std::pow(base, theta[2] - 1) * 2 * x;
    y_bar[1] += inside * theta[1] - w[0] * hidden * fade * 2 * z - w[1] * larger * sign + w[1] * 3 * z * z;
    y_bar[x < z ? 1 : 0] -= w[1] * distance;
    theta_bar[0] += inside * x;
    theta_bar[1] += inside * z + w[1] * larger * sign;
    theta_bar[2] += w[1] * std::pow(base, theta[2]) * std::log(base);
    t_bar += inside * std::cos(t);
  }
};

}  // namespace antistrophe::problems
