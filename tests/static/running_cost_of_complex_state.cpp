// expect: a running cost is for states of real numbers
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
#else
const Problem problem{Decay{}, Eigen::Vector2cd{1.0, 2.0}, 0.0, 1.0};
#endif

const RunningCost cost{[](double, const auto& y) { return std::real(y[0]); }};

auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}, cost); }
