// expect: a tableau says what it is
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Nothing {};
#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = RungeKutta<tableau::Dopri5>;
#else
using Solver = RungeKutta<Nothing>;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{10}); }
