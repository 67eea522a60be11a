// expect: the function takes dy by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/recorded_vjp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
const auto decay = [](auto, const auto& y, const auto& theta, auto& dy) { dy = -theta[0] * y; };
#else
const auto decay = [](auto, const auto& y, const auto& theta, auto dy) { dy = -theta[0] * y; };
#endif
const Problem problem{recorded_vjp(decay, Eigen::Vector2d{1.0, 2.0}), Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}); }
