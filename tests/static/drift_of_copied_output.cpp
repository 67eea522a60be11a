// expect: the drift, or the sigma of DiagonalNoise or ScalarNoise, takes dy, or its tape, by value
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
const auto drift = [](double, const auto& y, auto& dy) { dy = -y; };
#else
const auto drift = [](double, const auto& y, auto dy) { dy = -y; };
#endif
const auto sigma = [](double, const auto& y, auto& dy) { dy = y; };
const Problem problem{StochasticField{drift, ScalarNoise{sigma}, BrownianPath{.channels = 1}},
                      Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() { return solve(problem, Midpoint{}, FixedSteps{100}); }
