// expect: the vjp of a jump takes y_bar, theta_bar or t_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Fall {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{1.0, 0.9};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -theta[0]; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[1] += w[0];
    theta_bar[0] -= w[1];
  }
};
const Problem problem{Fall{}, Eigen::Vector2d{1.0, 0.0}, 0.0, 2.0};

struct Floor {
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::Vector2d&;
#else
using Cotangent = Eigen::Vector2d;
#endif
struct Bounce {
  void operator()(double, const auto& y, const auto& theta, auto& y_new) const { y_new << y[0], -theta[1] * y[1]; }
  void vjp(double, const auto& y, const auto& theta, const auto& w, auto& y_bar, Cotangent theta_bar, auto&) const {
    y_bar[0] += w[0];
    y_bar[1] -= theta[1] * w[1];
    theta_bar[1] -= y[1] * w[1];
  }
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, Events{JumpEvent{Floor{}, Bounce{}}});
}
