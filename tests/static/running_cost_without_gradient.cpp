// expect: a gradient through a running cost needs q.gradient
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
const RunningCost cost{[](auto, const auto& y) { return y[0]; }};
#else
const RunningCost cost{[](double, const Eigen::Vector2d& y) { return y[0]; }};
#endif

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, NoLoss{}, cost); }
