// expect: tangents with respect to t0 and t1 need the field's df/dt
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  static constexpr bool autonomous = true;
#endif
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
};

Eigen::VectorXd result() {
  return solve_with_tangents(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, RK4{}, FixedSteps{10}).t1(0);
}
