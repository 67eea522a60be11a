// expect: a RunningCost needs #include <antistrophe/running_cost.hpp>
#include <antistrophe/antistrophe.hpp>

#ifdef ANTISTROPHE_TEST_REPAIRED
#include <antistrophe/running_cost.hpp>
#endif

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const RunningCost cost{[](auto, const auto& y) { return y[0]; }};

auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}, cost); }
