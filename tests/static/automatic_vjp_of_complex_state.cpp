// expect: automatic_vjp is for states of float, double or long double
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using State = Eigen::Vector2d;
#else
using State = Eigen::Vector2cd;
#endif
const auto loss = [](const auto& ys, auto& ys_bar) {
  ys_bar.back() = ys.back();
  return ys.back().squaredNorm() / 2;
};

auto gradient() {
  const Problem problem{automatic_vjp([](auto, const auto& y, auto& dy) { dy = -y; }), State{1.0, 2.0}, 0.0, 1.0};
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss);
}
