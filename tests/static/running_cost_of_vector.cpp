// expect: the q of a RunningCost is called as q(t, y), or q(t, y, theta), and returns a number
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
const RunningCost cost{[](double, const auto& y) { return y[0]; }};
#else
const RunningCost cost{[](const Eigen::Vector2d& y) { return y[0]; }};
#endif

auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}, cost); }
