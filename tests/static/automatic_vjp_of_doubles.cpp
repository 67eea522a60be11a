// expect: automatic_vjp's function is called as f(t, y, theta, dy), or f(t, y, dy) where no theta is given
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

using namespace antistrophe;

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
#ifdef ANTISTROPHE_TEST_REPAIRED
  const auto f = [](auto, const auto& y, auto& dy) { dy[0] = -y[0]; };
#else
  const auto f = [](double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) { dy[0] = -y[0]; };
#endif
  const Problem problem{automatic_vjp(f), Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss);
}
