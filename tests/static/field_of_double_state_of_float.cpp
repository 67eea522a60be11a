// expect: the field is written for a state of another scalar type
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy = -y; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
const Eigen::Vector2d start{1.0, 2.0};
#else
const Eigen::Vector2f start{1.0F, 2.0F};
#endif

auto solution() { return solve(Problem{Decay{}, start, 0.0, 1.0}, Dopri5{}, FixedSteps{10}); }
