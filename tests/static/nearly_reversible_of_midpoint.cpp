// expect: NearlyReversible<Solver> takes a RungeKutta<Tableau> whose tableau says its reversible_order
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = NearlyReversible<EES25>;
#else
using Solver = NearlyReversible<Midpoint>;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{10}); }
