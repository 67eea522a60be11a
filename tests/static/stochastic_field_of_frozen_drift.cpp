// expect: the drift of a StochasticField is a plain field, without frozen(t0, t1)
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
};
struct Switch {
  Growth frozen(double, double) const { return {}; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
using Drift = Growth;
#else
using Drift = Switch;
#endif

auto solution() {
  const StochasticField field{Drift{}, DiagonalNoise{Growth{}}, BrownianPath{.channels = 2}};
  return solve(Problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Midpoint{}, FixedSteps{100});
}
