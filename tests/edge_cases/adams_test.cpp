// The nasty cases for Adams methods, by both adjoints. Laws that count on all steps being alike have their own form here: the
// first K steps are Runge–Kutta steps.
#include "edge_cases/laws.hpp"

#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace antistrophe;
using namespace antistrophe::edge_cases;

// Half of the laws' six steps must be K of them.
using Methods = std::tuple<ReversibleAdams<2>, ReversibleAdamsPece<3>>;
using Floats = std::tuple<ReversibleAdams<3, Floating>>;

// At every call of the way forth: the solve ends there, with the states before.
template <class M>
void reports_nan_at_any_call() {
  Faults faults;
  const Solved clean = solve(problem(&faults), method<M>(), FixedSteps{steps}, everything);
  const std::int64_t calls = faults.calls;
  std::int64_t last_step = 0;
  for (std::int64_t bad = 0; bad < calls; ++bad) {
    faults = {.not_a_number_at_call = bad};
    const Solved partial =
        solve(problem(&faults), method<M>(), FixedSteps{steps}, everything, OnFailure::return_status);
    const Failure& failure = partial.failure();
    CHECK(failure.status == Status::not_finite);
    CHECK(failure.step >= last_step);
    last_step = failure.step;
    CHECK(failure.component >= 0);
    CHECK(failure.cause.find("the field returned NaN or infinity") != std::string::npos);
    const auto reached = static_cast<std::size_t>(failure.step + 1);
    REQUIRE(partial.ys().size() == reached);
    CHECK(failure.t == clean.ts()[reached - 1]);
    for (std::size_t i = 0; i < reached; ++i) CHECK(partial.ys()[i] == clean.ys()[i]);
    CHECK(faults.calls >= bad);
  }
  CHECK(last_step == steps - 1);
}

template <class M>
void refuses_a_gradient_that_is_not_finite() {
  with_adjoints<M>([](const auto& adjoint) {
    Faults faults;
    auto pass = solve_with_pullback(problem(&faults), method<M>(), FixedSteps{steps}, {}, adjoint);
    const std::vector<Y> ones(1, Y::Ones());
    const Slope clean = pass.pullback(ones);
    const std::int64_t vjps = faults.vjps;
    for (const std::int64_t bad : {std::int64_t{0}, vjps - 1}) {
      faults.vjps = 0;
      faults.not_a_number_at_vjp = bad;
      try {
        (void)pass.pullback(ones);
        FAIL("no SolveError");
      } catch (const SolveError& error) {
        CHECK(error.status() == Status::gradient_not_finite);
      }
    }
    faults.not_a_number_at_vjp = -1;
    CHECK(same(pass.pullback(ones), clean));
  });
}

// A throw from any call, forth or back: it goes through, and the pass, or another one, then gives the right gradient.
template <class M>
void lets_throws_through() {
  with_adjoints<M>([&](const auto& adjoint) {
    Faults faults;
    const Given given = problem(&faults);
    const Slope clean = gradient_of<M>(given, adjoint, {});
    REQUIRE(is_telling(clean));
    const std::int64_t calls = faults.calls, vjps = faults.vjps;
    std::int64_t thrown = 0, right = 0;
    for (std::int64_t k = 0; k < calls + vjps; ++k) {
      faults = k < calls ? Faults{.throw_at_call = k} : Faults{.throw_at_vjp = k - calls};
      thrown += thrown_by<Thrown>([&] { (void)gradient_of<M>(given, adjoint, {}); }).empty() ? 0 : 1;
    }
    CHECK(thrown == calls + vjps);

    auto pass = solve_with_pullback(given, method<M>(), FixedSteps{steps}, {}, adjoint);
    const std::vector<Y> w{{battery::WeightedSum::weight(0, 0), battery::WeightedSum::weight(0, 1)}};
    (void)pass.pullback(w);
    faults = {};
    (void)pass.pullback(w);  // nothing is known from the way forth any more
    const std::int64_t calls_back = faults.calls;
    thrown = 0;
    for (std::int64_t k = 0; k < calls_back + vjps; ++k) {
      faults = {};
      (void)pass.pullback(w);
      faults = k < calls_back ? Faults{.throw_at_call = k} : Faults{.throw_at_vjp = k - calls_back};
      thrown += thrown_by<Thrown>([&] { (void)pass.pullback(w); }).empty() ? 0 : 1;
      faults = {};
      right += same(pass.pullback(w), clean) ? 1 : 0;
    }
    CHECK(thrown == calls_back + vjps);
    CHECK(right == calls_back + vjps);
  });
}

// The same stepper, thrown out of any call of a step, tries that very step again, as if nothing had been.
template <class M>
void tries_a_step_again_after_a_throw() {
  using S = typename M::template Stepper<FaultyField, Y>;
  Faults faults;
  const Given given = problem(&faults);
  const Solved clean = solve(given, method<M>(), FixedSteps{steps}, everything);
  S stepper(method<M>(), given.field, given.y0);
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

// From the k-th call on, forth or back, the field is another: no sweep may pass. At the last calls of the way back no state is
// left to be reconstructed, but the increments of the start are compared.
template <class M>
void catches_impurity_at_any_call() {
  Faults faults;
  (void)gradient_of<M>(problem(&faults), ReversibleAdjoint{});
  const std::int64_t calls = faults.calls;
  for (std::int64_t k = 1; k < calls; ++k) {
    CAPTURE(k, calls);
    faults = {.impure_from_call = k};
    try {
      (void)gradient_of<M>(problem(&faults), ReversibleAdjoint{});
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      CHECK(error.status() == Status::impure_field);
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

template <class M>
void counts_steps_past_32_bits() {
  for (const std::int64_t first : {(std::int64_t{1} << 31) - 3, (std::int64_t{1} << 61)}) {
    const battery::NumberedSteps late{steps, first};
    const Solved from_zero = solve(problem(), method<M>(), FixedSteps{steps}, everything);
    const Solved numbered = solve(problem(), method<M>(), late, everything);
    // The dither is hashed from the number of the step.
    for (std::size_t i = 0; i < numbered.ys().size(); ++i)
      CHECK((numbered.ys()[i] - from_zero.ys()[i]).norm() <= (battery::Facts<M>::exact ? 100 * 0x1p-52 : 0));
    with_adjoints<M>([&](const auto& adjoint) {
      const Slope gradient =
          value_and_gradient(problem(), method<M>(), late, battery::WeightedSum{}, everything, adjoint).gradient;
      CHECK(is_telling(gradient));
      CHECK(battery::gradient_difference(gradient_of<M>(problem(), adjoint), gradient) < 1e-13);
    });
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Adams: 1, 3, 4. What is given", "[edge_cases]", Methods) {
  refuses_what_is_not_finite<TestType>();
  stays_where_there_is_no_time<TestType>();
  goes_back_as_the_mirror_goes_forth<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Adams: 2. A field or a vjp that returns NaN, at any call", "[edge_cases]", Methods) {
  reports_nan_at_any_call<TestType>();
  refuses_a_gradient_that_is_not_finite<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Adams: 6, 7. Save times", "[edge_cases]", Methods) {
  saves_duplicates_once_each<TestType>();
  one_save_time_has_its_gradient<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Adams: 10, 11, 13. Rest, scales of time, and times at which the field is called",
                        "[edge_cases]", Methods) {
  rests<TestType>();
  keeps_to_its_times<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Adams: 16. Steps past 2^31", "[edge_cases]", Methods) {
  counts_steps_past_32_bits<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Adams: 17. A throw from any call", "[edge_cases]", Methods) {
  lets_throws_through<TestType>();
  tries_a_step_again_after_a_throw<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Adams: 18. An impure field", "[edge_cases]", Methods) {
  catches_impurity_at_any_call<TestType>();
}
TEST_CASE("Adams: 18. An impure field, over a restart", "[edge_cases]") { catches_impurity_over_a_restart(); }
TEMPLATE_LIST_TEST_CASE("Adams: 20, 24. Arguments and threads", "[edge_cases]", Methods) {
  passes_distinct_aligned_arguments<TestType>();
  threads_share_nothing<TestType>();
}

TEMPLATE_LIST_TEST_CASE("Adams in floating arithmetic", "[edge_cases]", Floats) {
  reports_nan_at_any_call<TestType>();
  stays_where_there_is_no_time<TestType>();
  rests<TestType>();
  lets_throws_through<TestType>();
}
