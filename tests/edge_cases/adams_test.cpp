// Edge cases of Adams methods that look at the stepper itself, or at steps over a restart; the others are laws
// (laws/adams_edge_cases.cpp).
#include "laws/swing.hpp"

#include <cstdint>
#include <vector>

namespace {

using namespace antistrophe;
using namespace antistrophe::laws;
using Y = Vector2d;

// The same stepper, thrown out of any call of a step, tries that very step again, as if nothing had been.
template <class M>
void tries_a_step_again_after_a_throw() {
  using S = typename M::template Stepper<Field<Vector2d>, Y>;
  Faults faults;
  const Given given = problem(&faults);
  const Solved clean = solve(given, battery::Facts<M>::method(), FixedSteps{steps}, everything);
  S stepper(battery::Facts<M>::method(), given.field, given.y0);
  const Timeline timeline = FixedSteps{steps}.timeline(given.t0, given.t1);
  NoBits bits;
  auto carry = stepper.make_carry();
  for (std::int64_t k = 0; k < 12; ++k) {
    REQUIRE(stepper.start(given.t0, given.y0, carry) == Outcome::ok);
    for (std::int64_t i = 0; i < steps; ++i) {
      const Step step = step_at(timeline, i);
      faults = {.throw_at_call = k};
      try {
        (void)stepper.attempt(step, carry);
      } catch (const Thrown&) {
      }
      faults = {};
      REQUIRE(stepper.attempt(step, carry) == Outcome::ok);
      REQUIRE(stepper.commit(step, carry, bits) == Outcome::ok);
      Y y;
      stepper.read(carry, y);
      CHECK(y == clean.ys()[static_cast<std::size_t>(i + 1)]);
    }
  }
}

// The same over a restart, whose bits a way back that went astray reads out of place.
void catches_impurity_over_a_restart() {
  StepTo steps_to;
  double t = 0.25;
  for (int i = 0; i < 16; ++i) steps_to.times.push_back(t += i < 8 ? 0.125 : 0.0625 / 2);
  const auto given = [&](Faults* faults) {
    Given result = problem(faults);
    result.t1 = steps_to.times.back();
    return result;
  };
  // Here bits come irregularly, at λ = 3/4.
  const ReversibleAdams<2> method{.lambda = 0.75, .resolution = 0x1p-52};
  Faults faults;
  const auto trip = assert_reversible(given(&faults), method, steps_to);
  REQUIRE(trip.bits > 64 * (2 * 2 + 1));
  const std::int64_t calls = faults.calls;
  for (std::int64_t k = 1; k < calls; ++k) {
    CAPTURE(k, calls);
    faults = {.impure_from_call = k};
    try {
      (void)assert_reversible(given(&faults), method, steps_to);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      CHECK(error.status() == Status::impure_field);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Adams: 17. A step is tried again after a throw", "[edge_cases]", ReversibleAdams<2>,
                   ReversibleAdamsPece<3>) {
  tries_a_step_again_after_a_throw<TestType>();
}
TEST_CASE("Adams: 18. An impure field, over a restart", "[edge_cases]") { catches_impurity_over_a_restart(); }
