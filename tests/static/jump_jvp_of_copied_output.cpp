// expect: the jvp of a jump takes y_new_dot by value, and what it writes to a copy is lost
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
};
struct Half {
  double operator()(double, const auto& y) const { return y[0] - 0.5; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};
struct Doubled {
  void operator()(double, const auto& y, auto& y_new) const { y_new = 2 * y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const { y_bar += 2 * w; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void jvp(double, const auto&, const auto& y_dot, const auto&, double, auto& y_new_dot) const {
    y_new_dot = 2 * y_dot;
  }
#else
  void jvp(double, const auto&, const auto& y_dot, const auto&, double, auto y_new_dot) const { y_new_dot = 2 * y_dot; }
#endif
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, ForwardMode{},
                            Events{JumpEvent{Half{}, Doubled{}}});
}
