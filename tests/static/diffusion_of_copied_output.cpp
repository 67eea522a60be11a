// expect: the diffusion takes dy, or its tape, by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

const auto drift = [](double, const auto& y, auto& dy) { dy = -y; };
#ifdef ANTISTROPHE_TEST_REPAIRED
const auto noise = [](double, const auto& y, const auto& dW, auto& dy) { dy = dW[0] * y; };
#else
const auto noise = [](double, const auto& y, const auto& dW, auto dy) { dy = dW[0] * y; };
#endif
const Problem problem{StochasticField{drift, noise, BrownianPath{.channels = 1}}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() { return solve(problem, Midpoint{}, FixedSteps{100}); }
