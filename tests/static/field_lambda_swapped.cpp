// expect: the field's arguments are in another order than (t, y, dy)
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
const auto decay = [](double, const auto& y, auto& dy) { dy = -y; };
#else
const auto decay = [](double, auto& dy, const auto& y) { dy = -y; };
#endif

auto solution() { return solve(Problem{decay, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}); }
