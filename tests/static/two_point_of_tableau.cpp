// expect: TwoPoint<Solver, Arithmetic> takes a RungeKutta<Tableau> such as Dopri5
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = TwoPoint<Dopri5>;
#else
using Solver = TwoPoint<tableau::Dopri5>;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{10}); }
