// The edge cases of Adams methods, by both adjoints, where laws that count on all steps being alike have their own form: the
// first K steps are Runge–Kutta steps.
#include "laws/edge_cases.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace antistrophe::laws {
namespace {

// Half of the laws' six steps must be K of them.
Methods adams() { return methods("ReversibleAdams<2>, ReversibleAdamsPece<3>"); }
Methods adams_of_either_arithmetic() { return joined({adams(), methods("ReversibleAdams<3, Floating>")}); }

// At every call of the way forth: the solve ends there, with the states before.
LAW("Adams: 2. A field that returns NaN, at any call", "[edge_cases]", adams_of_either_arithmetic()) {
  Faults faults;
  const Solved clean = m.solve(problem(&faults), FixedSteps{steps}, everything);
  const std::int64_t calls = faults.calls;
  std::int64_t last_step = 0;
  for (std::int64_t bad = 0; bad < calls; ++bad) {
    faults = {.not_a_number_at_call = bad};
    const Solved partial = m.solve(problem(&faults), FixedSteps{steps}, everything, OnFailure::return_status);
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

LAW("Adams: 2. A vjp that returns NaN", "[edge_cases]", adams()) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) { (void)vjps_of_pass_that_refuses_nan(m, adjoint); });
}

// A throw from any call, forth or back: it goes through, and the pass, or another one, then gives the right gradient.
LAW("Adams: 17. A throw from any call", "[edge_cases]", adams_of_either_arithmetic()) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    Faults faults;
    const Given given = problem(&faults);
    const Slope clean = gradient_of(m, given, adjoint, {});
    REQUIRE(is_telling(clean));
    const std::int64_t calls = faults.calls, vjps = faults.vjps;
    std::int64_t thrown = 0, right = 0;
    for (std::int64_t k = 0; k < calls + vjps; ++k) {
      faults = k < calls ? Faults{.throw_at_call = k} : Faults{.throw_at_vjp = k - calls};
      thrown += thrown_by<Thrown>([&] { (void)gradient_of(m, given, adjoint, {}); }).empty() ? 0 : 1;
    }
    CHECK(thrown == calls + vjps);

    auto pass = m.solve_with_pullback(given, FixedSteps{steps}, {}, adjoint);
    const std::vector<Y> w{{battery::WeightedSum::weight(0, 0), battery::WeightedSum::weight(0, 1)}};
    (void)pass.pullback(w);
    faults = {};
    (void)pass.pullback(w);  // nothing is known from the way forth any more
    const std::int64_t calls_back = faults.calls, vjps_back = faults.vjps;
    CHECK(vjps_back == vjps - 1);  // without the one that is tried at the turn
    thrown = 0;
    for (std::int64_t k = 0; k < calls_back + vjps_back; ++k) {
      faults = {};
      (void)pass.pullback(w);
      faults = k < calls_back ? Faults{.throw_at_call = k} : Faults{.throw_at_vjp = k - calls_back};
      thrown += thrown_by<Thrown>([&] { (void)pass.pullback(w); }).empty() ? 0 : 1;
      faults = {};
      right += same(pass.pullback(w), clean) ? 1 : 0;
    }
    CHECK(thrown == calls_back + vjps_back);
    CHECK(right == calls_back + vjps_back);
  });
}

// From the k-th call on, forth or back, the field is another: no sweep may pass. At the last calls of the way back no state is
// left to be reconstructed, but the increments of the start are compared.
LAW("Adams: 18. An impure field", "[edge_cases]", adams()) {
  Faults faults;
  (void)gradient_of(m, problem(&faults), ReversibleAdjoint{});
  const std::int64_t calls = faults.calls;
  for (std::int64_t k = 1; k < calls; ++k) {
    CAPTURE(k, calls);
    faults = {.impure_from_call = k};
    try {
      (void)gradient_of(m, problem(&faults), ReversibleAdjoint{});
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      CHECK(error.status() == Status::impure_field);
    }
  }
}

LAW("Adams: 16. Steps past 2^31", "[edge_cases]", adams()) {
  for (const std::int64_t first : {(std::int64_t{1} << 31) - 3, (std::int64_t{1} << 61)}) {
    const battery::NumberedSteps late{steps, first};
    const Solved from_zero = m.solve(problem(), FixedSteps{steps}, everything);
    const Solved numbered = m.solve(problem(), late, everything);
    // The dither is hashed from the number of the step.
    for (std::size_t i = 0; i < numbered.ys().size(); ++i)
      CHECK((numbered.ys()[i] - from_zero.ys()[i]).norm() <= (m->exact ? 100 * 0x1p-52 : 0));
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      const Slope gradient =
          m.value_and_gradient(problem(), late, battery::WeightedSum{}, everything, adjoint).gradient;
      CHECK(is_telling(gradient));
      CHECK(battery::gradient_difference(gradient_of(m, problem(), adjoint), gradient) < 1e-13);
    });
  }
}

}  // namespace
}  // namespace antistrophe::laws
