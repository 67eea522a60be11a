// expect: the diffusion cannot be called with this state; it needs void operator()(double t, const auto& y, const auto& dW, auto& dy) const
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const DiagonalNoise noise{Growth{}};
#else
const Growth noise;
#endif
const Problem problem{StochasticField{Growth{}, noise, BrownianPath{.channels = 2}}, Eigen::Vector2d{1.0, 2.0}, 0.0,
                      1.0};

auto solution() { return solve(problem, Midpoint{}, FixedSteps{100}); }
