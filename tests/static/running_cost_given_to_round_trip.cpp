// expect: assert_reversible goes back by ReversibleAdjoint and saves nothing
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
void trip() { assert_reversible(problem, Reversible<Dopri5>{}, FixedSteps{10}); }
#else
void trip() {
  assert_reversible(problem, Reversible<Dopri5>{}, FixedSteps{10},
                    RunningCost{[](double, const auto& y) { return y[0]; }});
}
#endif
