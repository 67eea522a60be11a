// expect: a noise bends the path within each step, which an error estimate of higher order than Euler's does not see
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
using Solver = Dopri5;
#endif

auto solution() { return solve(problem, Solver{}, Adaptive{.rtol = 1e-4, .atol = 1e-4}); }
