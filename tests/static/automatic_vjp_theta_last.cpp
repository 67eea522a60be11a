// expect: automatic_vjp's function takes theta before dy
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

using namespace antistrophe;

auto solution() {
#ifdef ANTISTROPHE_TEST_REPAIRED
  const auto f = [](auto, const auto& y, const auto& theta, auto& dy) { dy[0] = -theta[0] * y[0]; };
#else
  const auto f = [](auto, const auto& y, auto& dy, const auto& theta) { dy[0] = -theta[0] * y[0]; };
#endif
  const auto field = automatic_vjp(f, Eigen::Vector2d{1.0, 2.0});
  return solve(Problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10});
}
