// expect: a gradient through a jump needs jump.vjp(t, y, w, y_bar, theta_bar, t_bar)
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Fall {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -1.0; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar[1] += w[0]; }
};
const Problem problem{Fall{}, Eigen::Vector2d{1.0, 0.0}, 0.0, 2.0};

struct Floor {
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};
struct Bounce {
  void operator()(double, const auto& y, auto& y_new) const { y_new << y[0], -y[1]; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const { y_bar[0] += w[0], y_bar[1] -= w[1]; }
#endif
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, Events{JumpEvent{Floor{}, Bounce{}}});
}
