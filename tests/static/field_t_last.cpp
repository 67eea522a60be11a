// expect: the field's arguments are in another order than (t, y, dy)
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
#else
  void operator()(const auto& y, auto& dy, double) const { dy = -y; }
#endif
};

auto solution() { return solve(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}); }
