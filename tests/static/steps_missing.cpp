// expect: solve and solve_with_pullback require a problem, a method and steps
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}); }
#else
auto solution() { return solve(problem, Dopri5{}); }
#endif
