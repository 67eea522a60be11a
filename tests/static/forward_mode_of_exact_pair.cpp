// expect: ForwardMode goes with Runge-Kutta methods
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

const auto field = automatic_vjp([](auto, const auto& y, auto& dy) { dy = -y; });
const Problem problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto result() {
  return value_and_gradient(problem, Reversible<Dopri5, Floating>{}, FixedSteps{10}, loss, ForwardMode{});
}
#else
auto result() { return value_and_gradient(problem, Reversible<Dopri5>{}, FixedSteps{10}, loss, ForwardMode{}); }
#endif
