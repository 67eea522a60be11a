// expect: ForwardMode goes with Runge-Kutta methods
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

const auto field = automatic_vjp([](auto, const auto& y, auto& dy) { dy = -y; });
const Problem problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto result() { return solve_with_tangents(problem, RK4{}, FixedSteps{10}); }
#else
auto result() { return solve_with_tangents(problem, ReversibleAdams<4>{}, FixedSteps{10}); }
#endif
