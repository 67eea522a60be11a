// expect: SRA1 takes an ItoField or StochasticField whose diffusion is additive
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/method/stochastic/ito.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const AdditiveNoise noise(Eigen::Matrix2d::Identity());
#else
const DiagonalNoise noise{Growth{}};
#endif
const Problem problem{ItoField{Growth{}, noise, BrownianPath{.channels = 2, .area = true}}, Eigen::Vector2d{1.0, 2.0},
                      0.0, 1.0};

auto solution() { return solve(problem, SRA1{}, FixedSteps{100}); }
