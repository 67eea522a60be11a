// expect: tangents go through a jump, whose time moves, by the field's df/dt too
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_event.hpp>

using namespace antistrophe;

struct Fall {
#ifdef ANTISTROPHE_TEST_REPAIRED
  static constexpr bool autonomous = true;
#endif
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -1.0; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot << y_dot[1], 0.0; }
};
const Problem problem{Fall{}, Eigen::Vector2d{1.0, 0.0}, 0.0, 2.0};

auto result() {
  const auto floor = automatic_event([](auto, const auto& y) { return y[0]; });
  const auto bounce = automatic_jump([](auto, const auto& y, auto& y_new) { y_new << y[0], -y[1]; });
  return solve_with_tangents(problem, Dopri5{}, FixedSteps{10}, Events{JumpEvent{floor, bounce}});
}
