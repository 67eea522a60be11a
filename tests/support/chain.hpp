// Oscillators that hang together, each of a frequency of its own: y = (x, v).
#pragma once

#include <Eigen/Core>

namespace antistrophe {

struct Chain {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{0.3, 0.01};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    const Eigen::Index n = y.size() / 2;
    dy.head(n) = y.tail(n);
    dy.tail(n) = -y.head(n) - theta[1] * y.tail(n);
    dy.tail(n - 1) += theta[0] * y.head(n - 1);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const Eigen::Index n = w.size() / 2;
    y_bar.tail(n) += w.head(n) - theta[1] * w.tail(n);
    y_bar.head(n) -= w.tail(n);
    y_bar.head(n - 1) += theta[0] * w.tail(n - 1);
    theta_bar[0] += y.head(n - 1).dot(w.tail(n - 1));
    theta_bar[1] -= y.tail(n).dot(w.tail(n));
  }
  void jvp(double, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    const Eigen::Index n = y.size() / 2;
    dy_dot.head(n) = y_dot.tail(n);
    dy_dot.tail(n) = -y_dot.head(n) - theta[1] * y_dot.tail(n) - theta_dot[1] * y.tail(n);
    dy_dot.tail(n - 1) += theta[0] * y_dot.head(n - 1) + theta_dot[0] * y.head(n - 1);
  }
};

}  // namespace antistrophe
