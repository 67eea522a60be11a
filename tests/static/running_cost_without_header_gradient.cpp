// expect: a RunningCost needs #include <antistrophe/running_cost.hpp>
#include <antistrophe/antistrophe.hpp>

#ifdef ANTISTROPHE_TEST_REPAIRED
#include <antistrophe/running_cost.hpp>
#endif

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto gradient() {
  return value_and_gradient(problem, Reversible<Dopri5>{}, FixedSteps{10}, NoLoss{},
                            RunningCost{[](auto, const auto& y) { return y[0]; }});
}
