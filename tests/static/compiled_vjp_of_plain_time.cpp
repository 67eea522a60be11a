// expect: what is compiled of a function that takes the time as double would hold at one time only
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/compiled_vjp.hpp>

using namespace antistrophe;

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
#ifdef ANTISTROPHE_TEST_REPAIRED
  const Problem problem{compiled_vjp([](auto, const auto& y, auto& dy) { dy = -y; }), Eigen::Vector2d{1.0, 2.0}, 0.0,
                        1.0};
#else
  const Problem problem{compiled_vjp([](double, const auto& y, auto& dy) { dy = -y; }), Eigen::Vector2d{1.0, 2.0}, 0.0,
                        1.0};
#endif
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss);
}
