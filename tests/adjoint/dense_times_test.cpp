// dL/dt0 and dL/dt1 with states saved inside the steps: a given time stays where it is while the step's ends move under it.
// Against differences in long double of the same solve with its times moved.
#include "battery.hpp"
#include "catch.hpp"
#include "times_laws.hpp"

#include <tuple>
#include <vector>

using namespace antistrophe;
using namespace antistrophe::battery::times;

namespace {

const Problem all_the_way_back{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 3.5, 0.5};

// Some of 30 steps of 1/10 saved in, two and three fifths of them away from their ends: the differences move the ends by up
// to 3/512, a sixteenth of a step, so that each time stays in its step.
const std::vector<double> times{0.54, 0.56, 0.56, 1.24, 1.26, 1.94, 2.66, 3.44, 3.46};
const std::vector<double> reversed(times.rbegin(), times.rend());

using Methods = std::tuple<Bosh3, Dopri5, Dop853, Reversible<Midpoint>, Reversible<Dopri5>, Reversible<Dop853>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times, saved inside equal steps, which move with both",
                        "[times]", Methods) {
  const auto method = battery::Facts<TestType>::method();
  check<problems::DrivenPendulum>(pendulum, method, FixedSteps{30}, SaveAt{.times = times, .t1 = true}, 0x1p-9);
  check<problems::DrivenPendulum>(all_the_way_back, method, FixedSteps{30},
                                  SaveAt{.times = reversed, .t0 = true, .t1 = true}, 0x1p-9);
}

TEMPLATE_LIST_TEST_CASE("Saved inside steps of h, which move with t0", "[times]", Methods) {
  // 29.5 steps: the last is cut.
  check<problems::DrivenPendulum>(pendulum, battery::Facts<TestType>::method(), FixedStep{3.0 / 29.5},
                                  SaveAt{.times = {0.54, 0.56, 1.26, 2.68, 3.47}, .t1 = true}, 0x1p-9);
}

TEMPLATE_LIST_TEST_CASE("Saved inside given steps, of which the first and the last move", "[times]", Methods) {
  std::vector<double> nodes;
  for (int i = 1; i < 30; ++i) nodes.push_back(0.5 + i / 10.0);
  check<problems::DrivenPendulum>(pendulum, battery::Facts<TestType>::method(), StepTo{nodes},
                                  SaveAt{.times = times, .t1 = true}, 0x1p-9);
  check<problems::DrivenPendulum>(pendulum, battery::Facts<TestType>::method(), StepTo{nodes},
                                  SaveAt{.times = {0.53, 3.46}, .t1 = true}, 0x1p-9);
}
