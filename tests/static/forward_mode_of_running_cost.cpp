// expect: ForwardMode does not integrate a RunningCost
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const RunningCost cost{[](auto, const auto& y) { return y[0]; }};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, NoLoss{}, cost); }
#else
auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, NoLoss{}, cost, ForwardMode{}); }
#endif
