// expect: this method converges to the solution in Stratonovich's sense, and the field is an ItoField
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/method/stochastic/ito.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
};
const Problem problem{ItoField{Growth{}, DiagonalNoise{Growth{}}, BrownianPath{.channels = 2}},
                      Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = EulerMaruyama;
#else
using Solver = Reversible<Midpoint>;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{100}); }
