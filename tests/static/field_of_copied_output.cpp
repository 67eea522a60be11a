// expect: the field takes dy, or its tape, by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
const auto decay = [](double, const auto& y, auto& dy) { dy = -y; };
#else
const auto decay = [](double, const auto& y, auto dy) { dy = -y; };
#endif
const Problem problem{decay, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}); }
