// expect: reverse differentiation of f is for states and parameters of double
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/recorded_vjp.hpp>

using namespace antistrophe;

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
#ifdef ANTISTROPHE_TEST_REPAIRED
  const Problem problem{recorded_vjp([](auto, const auto& y, auto& dy) { dy = -y; }), Eigen::Vector2d{1.0, 2.0}, 0.0,
                        1.0};
#else
  const Problem problem{recorded_vjp([](auto, const auto& y, auto& dy) { dy = -y; }), Eigen::Vector2f{1.0f, 2.0f}, 0.0,
                        1.0};
#endif
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss);
}
