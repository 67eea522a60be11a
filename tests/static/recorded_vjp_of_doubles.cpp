// expect: with numbers that record what is done with them, so its arguments are generic
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/recorded_vjp.hpp>

using namespace antistrophe;

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
#ifdef ANTISTROPHE_TEST_REPAIRED
  const Problem problem{recorded_vjp([](auto, const auto& y, auto& dy) { dy[0] = -y[0]; }), Eigen::Vector2d{1.0, 2.0},
                        0.0, 1.0};
#else
  const Problem problem{recorded_vjp([](double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) { dy[0] = -y[0]; }),
                        Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
#endif
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss);
}
