// expect: tangents go through a jump by jump.jvp(t, y, y_dot, theta_dot, t_dot, y_new_dot)
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_event.hpp>

using namespace antistrophe;

struct Fall {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -1.0; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot << y_dot[1], 0.0; }
};
const Problem problem{Fall{}, Eigen::Vector2d{1.0, 0.0}, 0.0, 2.0};

struct Bounce {
  void operator()(double, const auto& y, auto& y_new) const { y_new << y[0], -y[1]; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void jvp(double, const auto&, const auto& y_dot, const auto&, const auto&, auto& y_new_dot) const {
    y_new_dot << y_dot[0], -y_dot[1];
  }
#endif
};

auto result() {
  const auto floor = automatic_event([](auto, const auto& y) { return y[0]; });
  return solve_with_tangents(problem, Dopri5{}, FixedSteps{10}, Events{JumpEvent{floor, Bounce{}}});
}
