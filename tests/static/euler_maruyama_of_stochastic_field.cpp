// expect: EulerMaruyama converges to the solution in Ito's sense, and takes an ItoField
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/method/stochastic/ito.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
};
const BrownianPath path{.channels = 2};
#ifdef ANTISTROPHE_TEST_REPAIRED
const ItoField field{Growth{}, DiagonalNoise{Growth{}}, path};
#else
const StochasticField field{Growth{}, DiagonalNoise{Growth{}}, path};
#endif
const Problem problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() { return solve(problem, EulerMaruyama{}, FixedSteps{100}); }
