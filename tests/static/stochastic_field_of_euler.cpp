// expect: a method of order 1 converges to the solution in Ito's sense, and a StochasticField is meant in Stratonovich
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
};
const Problem problem{StochasticField{Growth{}, DiagonalNoise{Growth{}}, BrownianPath{.channels = 2}},
                      Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = Heun;
#else
using Solver = Euler;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{100}); }
