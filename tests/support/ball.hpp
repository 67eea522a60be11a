// A ball that bounces, for tests of gradients through jumps.
#pragma once

#include <Eigen/Core>

namespace antistrophe::problems {

// A ball falls with gravity and drag, y1' = y2, y2' = −9.81 − c y2; it bounces with restitution e. θ = (e, c).
struct Ball {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{0.8, 0.1};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -9.81 - theta[1] * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[1] -= y[1] * w[1];
  }
};

struct Ground {
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

struct Bounce {
  void operator()(double, const auto& y, const auto& theta, auto& y_new) const {
    y_new[0] = 0;
    y_new[1] = -theta[0] * y[1];
  }
  void vjp(double, const auto& y, const auto& theta, const auto& w, auto& y_bar, auto& theta_bar, auto&) const {
    y_bar[1] -= theta[0] * w[1];
    theta_bar[0] -= y[1] * w[1];
  }
};

}  // namespace antistrophe::problems
