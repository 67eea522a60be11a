// What every method and adjoint does in a nasty case, with steps laid out before the solve.
#include "laws/edge_cases.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace antistrophe::laws {
namespace {

Methods every_method() {
  return joined(
      {plain(), exact_pairs(), floating_pairs(),
       methods("TwoPoint<Midpoint>, TwoPoint<Bosh3>, TwoPoint<Euler, Floating>, TwoPoint<Midpoint, Floating>"),
       one_evaluation(), floating_one_evaluation(), symplectic(), methods("Verlet<Floating>")});
}

// Adams methods have laws of their own (adams_edge_cases.cpp) where it matters that their first steps are others.
Methods and_adams() { return joined({every_method(), methods("ReversibleAdams<2>, ReversibleAdamsPece<3>")}); }
Methods and_floating_adams() { return joined({and_adams(), methods("ReversibleAdams<3, Floating>")}); }

// The step to which evaluation `call` of a solve belongs; what is evaluated at the start counts as the first's.
std::int64_t step_of_call(const AnyMethod& m, std::int64_t call) {
  std::int64_t step = 0;
  while (m->evaluations_forth(step + 1) <= call) ++step;
  return step;
}

// --- 1. NaN and infinity in what is given ---------------------------------------------------------------------------------

LAW("1. NaN and infinity are refused by name, before the field is called", "[edge_cases]", and_ito(and_adams())) {
  Faults faults;
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    std::array<Given, 4> given{problem(&faults), problem(&faults), problem(&faults), problem(&faults)};
    given[0].y0[1] = bad;
    given[1].t0 = bad;
    given[2].t1 = bad;
    given[3].field.theta[3] = bad;
    const std::array<std::string, 4> names{"y0[1] is ", "t0 is ", "t1 is ", "parameters()[3] is "};
    for (std::size_t i = 0; i < given.size(); ++i) {
      const std::string text = thrown_by<std::invalid_argument>([&] { (void)m.solve(given[i], FixedSteps{steps}); });
      CHECK(text == "antistrophe: " + names[i] + detail::in_words(bad) + "; it must be finite");
      with_adjoints(m, [&](const AnyAdjoint& adjoint) {
        CHECK(thrown_by<std::invalid_argument>([&] { (void)gradient_of(m, given[i], adjoint); }) == text);
      });
    }
  }
  CHECK(faults.calls == 0);
}

// --- 2. NaN from the field -----------------------------------------------------------------------------------------------

LAW("2. A field that returns NaN ends the solve with the states before", "[edge_cases]", and_ito(every_method())) {
  const Solved clean = m.solve(problem(), FixedSteps{steps}, everything);
  const std::int64_t last = m->evaluations_forth(steps) - 1;
  for (const std::int64_t bad : {std::int64_t{0}, m->evaluations_forth(1), last / 2, last}) {
    Faults faults{.not_a_number_at_call = bad};
    const std::int64_t step = step_of_call(m, bad);
    const auto reached = static_cast<std::size_t>(step + 1);  // y0, and one state a step
    const double t = clean.ts()[reached - 1];
    CAPTURE(bad, step);

    const auto look = [&](const Failure& failure, const Solved& solution) {
      CHECK(failure.status == Status::not_finite);
      CHECK(failure.step == step);
      CHECK(failure.t == t);
      CHECK(failure.component >= 0);
      CHECK(failure.cause.find("the field returned NaN or infinity") != std::string::npos);
      CHECK(solution.status() == Status::not_finite);
      REQUIRE(solution.ys().size() == reached);
      REQUIRE(solution.ts().size() == reached);
      for (std::size_t i = 0; i < reached; ++i) CHECK(solution.ys()[i] == clean.ys()[i]);
      CHECK(solution.stats().accepted == step);
    };
    const Solved partial = m.solve(problem(&faults), FixedSteps{steps}, everything, OnFailure::return_status);
    look(partial.failure(), partial);

    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      faults.calls = 0;
      try {
        (void)m.solve_with_pullback(problem(&faults), FixedSteps{steps}, everything, adjoint);
        FAIL("no SolveError");
      } catch (const SolveError& error) {
        look({error.status(), error.t(), error.step(), error.component(), error.cause()}, error.solution<Solved>());
      }
    });
  }
}

// From the vjp: the gradient is refused, and the pass is as good as before.
LAW("2. A vjp that returns NaN has no gradient", "[edge_cases]", and_ito(every_method())) {
  with_adjoints(
      m, [&](const AnyAdjoint& adjoint) { CHECK(vjps_of_pass_that_refuses_nan(m, adjoint) == m->vjps_back(steps)); });
}

// --- 3. t0 == t1 ---------------------------------------------------------------------------------------------------------

LAW("3. Where t0 == t1 the solution is y0", "[edge_cases]", and_ito(and_floating_adams())) {
  Given given = problem();
  given.t1 = given.t0;
  Y slope;
  given.field(given.t0, std::as_const(given.y0), slope);
  const auto check = [&](const auto& stepping, const SaveAt& save_at, std::size_t saves) {
    const Solved solution = m.solve(given, stepping, save_at);
    CHECK(solution.ts() == std::vector<double>(saves, given.t0));
    CHECK(solution.ys() == std::vector<Y>(saves, given.y0));
    CHECK(solution.stats().steps == 0);
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      auto pass = m.solve_with_pullback(given, stepping, save_at, adjoint);
      const std::vector<Y> w(saves, Y(0.5, -2.0));
      const Slope gradient = pass.pullback(w);
      CHECK(gradient.y0 == static_cast<double>(saves) * w[0]);
      CHECK(gradient.theta.isZero(0));
      // y(t1) leaves y0 with slope f; what was saved at a time that is given stays there.
      const double moved = save_at.times.empty() ? w[0].dot(slope) : 0;
      CHECK(gradient.t1 == (m->of_times ? moved : 0));
      CHECK(gradient.t0 == (m->of_times ? -moved : 0));
    });
  };
  check(FixedSteps{steps}, {}, 1);
  check(FixedStep{0.1}, {}, 1);
  check(FixedStep{-0.1}, {}, 1);
  check(StepTo{{given.t0}}, {}, 1);
  check(FixedSteps{steps}, SaveAt{.times = {given.t0, given.t0, given.t0}}, 3);
}

// --- 4. t1 < t0 ----------------------------------------------------------------------------------------------------------

// With s = −t, y' = f(t, y) from t0 down to t1 is dy/ds = −f(−s, y) from −t0 up to −t1: the same numbers but for signs,
// which no rounding knows of.
LAW("4. Towards smaller times it is the mirror image", "[edge_cases]", and_adams()) {
  Given down = problem();
  std::swap(down.t0, down.t1);
  Given up = down;
  up.field.equations = mirrored_swing;
  up.t0 = -down.t0;
  up.t1 = -down.t1;
  const Solved a = m.solve(down, FixedSteps{steps}, everything), b = m.solve(up, FixedSteps{steps}, everything);
  REQUIRE(a.ys().size() == steps + 1);
  CHECK(a.ys() == b.ys());
  for (std::size_t i = 0; i < a.ts().size(); ++i) CHECK(a.ts()[i] == -b.ts()[i]);
  CHECK(a.ts().back() == down.t1);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const Slope x = gradient_of(m, down, adjoint), y = gradient_of(m, up, adjoint);
    CHECK(is_telling(x));
    CHECK(x.y0 == y.y0);
    CHECK(x.theta == y.theta);
    CHECK(x.t0 == -y.t0);
    CHECK(x.t1 == -y.t1);
  });
}

// --- 6, 7. Save times ----------------------------------------------------------------------------------------------------

// Cotangents of duplicates add. They are added one by one, so that the sum's last place may differ: 8 additions at each
// of 3 nodes, against gradients of the order of 1.
LAW("6. Duplicate save times have an entry each, and their cotangents add", "[edge_cases]", and_ito(and_adams())) {
  const double t0 = 0.25, middle = 1.0, t1 = 1.75;
  const SaveAt often{.times = {t0, t0, middle, middle, middle, t1, t1}, .t0 = true, .t1 = true};
  const SaveAt once{.times = {t0, middle, t1}};
  const Solved solution = m.solve(problem(), FixedSteps{steps}, often);
  CHECK(solution.ts() == often.times);
  const Solved single = m.solve(problem(), FixedSteps{steps}, once);
  for (std::size_t i = 0; i < 7; ++i) CHECK(solution.ys()[i] == single.ys()[i < 2 ? 0 : i < 5 ? 1 : 2]);
  CHECK(solution.ys()[0] == problem().y0);

  const std::vector<Y> each{{1, 2}, {-3, 1}, {2, 2}, {1, -1}, {4, 0.5}, {-1, 1}, {0.5, -4}};
  const std::vector<Y> sums{each[0] + each[1], each[2] + each[3] + each[4], each[5] + each[6]};
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    auto pass = m.solve_with_pullback(problem(), FixedSteps{steps}, often, adjoint);
    auto single_pass = m.solve_with_pullback(problem(), FixedSteps{steps}, once, adjoint);
    const Slope a = pass.pullback(each), b = single_pass.pullback(sums);
    CHECK(is_telling(b, m->of_times));
    CHECK(battery::gradient_difference(a, b) < 1e-14);
  });
}

// One time alone, amid the solve: the gradient is that of the solve that ends there, to the last bit. But a floating pair
// has been through the later half and back when it gets there: round-off of three steps, times 0.9^−3.
LAW("7. One save time amid the solve has its gradient", "[edge_cases]", and_ito(and_adams())) {
  Given half = problem();
  half.t1 = 1.0;  // h = 0.25: both meet the same nodes
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    auto whole_pass = m.solve_with_pullback(problem(), FixedSteps{steps}, SaveAt{.times = {1.0}}, adjoint);
    auto half_pass = m.solve_with_pullback(half, FixedSteps{steps / 2}, {}, adjoint);
    REQUIRE(whole_pass.ys().size() == 1);
    CHECK(whole_pass.ys()[0] == half_pass.ys()[0]);
    const std::vector<Y> w{{1, -2}};
    const Slope a = whole_pass.pullback(w), b = half_pass.pullback(w);
    CHECK(is_telling(b, m->of_times));
    const bool to_the_bit = m->exact || adjoint.stored();
    CHECK(battery::relative_difference(a.y0, b.y0) <= (to_the_bit ? 0 : 1e-14));
    CHECK(battery::relative_difference(a.theta, b.theta) <= (to_the_bit ? 0 : 1e-14));
  });
}

// --- 10. Nothing moves ---------------------------------------------------------------------------------------------------

LAW("10. What rests stays at rest, with its gradient", "[edge_cases]",
    joined({and_floating_adams(), quiet_ito_schemes()})) {
  for (const double size : {0.0, 1.0}) {
    Given given = problem();
    given.field.equations = resting_swing;
    given.y0 *= size;
    for (const Y& y : m.solve(given, FixedSteps{steps}, everything).ys()) CHECK(y == given.y0);
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      auto pass = m.solve_with_pullback(given, FixedSteps{steps}, {}, adjoint);
      const Y w{1, -2};
      const Slope gradient = pass.pullback({w});
      // A pair shares the cotangent out between y and z and adds both at the end: two roundings a step.
      CHECK((gradient.y0 - w).norm() <= 2 * steps * 2.3e-16 * w.norm());
      CHECK(gradient.theta.isZero(0));
      CHECK(gradient.t0 == 0);
      CHECK(gradient.t1 == 0);
    });
    // The estimates of the error are 0, not 0/0.
    const auto estimates = m.estimates(Given{given.field, given.y0, 0, 1}, FixedSteps{1});
    CHECK(static_cast<int>(estimates.size()) == m->error_estimates);
    for (const Y& estimate : estimates) CHECK(estimate.isZero(0));
  }
}

// --- 11, 13. Scales of time, and times at which the field is called ---------------------------------------------------------

LAW("11, 13. At any scale of time, no call is outside the interval", "[edge_cases]", and_ito(and_adams())) {
  for (const auto& [t0, t1] :
       {std::array{0.0, 1e-11}, std::array{-3.0, 1.1}, std::array{1e11, 1e11 + 1}, std::array{0.7, -0.9}}) {
    if (t1 < t0 && !m->both_ways) continue;
    Faults faults;
    Given given = problem(&faults);
    given.t0 = t0;
    given.t1 = t1;
    // Enough of them that the points of a method of first order do not come apart.
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      (void)m.value_and_gradient(given, FixedSteps{40}, battery::WeightedSum{}, {}, adjoint);
    });
    CHECK(faults.earliest >= std::fmin(t0, t1));
    CHECK(faults.latest <= std::fmax(t0, t1));
    CHECK(faults.earliest < faults.latest + (m->stages == 1 ? 1 : 0));
  }
}

// --- 16. More than 2^31 steps ----------------------------------------------------------------------------------------------

LAW("16. Steps are counted past 2^31", "[edge_cases]", and_ito(every_method())) {
  for (const std::int64_t first : {(std::int64_t{1} << 31) - 3, (std::int64_t{1} << 32) - 3, std::int64_t{1} << 61}) {
    const battery::NumberedSteps late{steps, first};
    const Solved from_zero = m.solve(problem(), FixedSteps{steps}, everything);
    const Solved numbered = m.solve(problem(), late, everything);
    // The dither of an exact pair is hashed from the number of the step: the path differs by the resolution, 2^−52, a
    // few times a step. Others do not know the number.
    for (std::size_t i = 0; i < numbered.ys().size(); ++i)
      CHECK((numbered.ys()[i] - from_zero.ys()[i]).norm() <= (m->exact ? 100 * 0x1p-52 : 0));
    CHECK(numbered.ts() == from_zero.ts());

    std::vector<Slope> gradients;
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      gradients.push_back(m.value_and_gradient(problem(), late, battery::WeightedSum{}, everything, adjoint).gradient);
      CHECK(is_telling(gradients.back(), m->of_times));
      // Round-off of 6 steps; a floating pair's is 0.9^−6 = 1.9 times that.
      CHECK(battery::gradient_difference(gradient_of(m, problem(), adjoint), gradients.back()) < 1e-13);
    });

    Faults faults{.not_a_number_at_call = m->evaluations_forth(4)};
    const Solved failed = m.solve(problem(&faults), late, {}, OnFailure::return_status);
    CHECK(failed.failure().step == first + 4);
    CHECK(failed.failure().t == 1.25);
  }
}

// --- 17. A throw at each successive call -----------------------------------------------------------------------------------

LAW("17. A throw from any call goes through, and all can be used again", "[edge_cases]", and_ito(every_method())) {
  const Slope expected = gradient_of(m, problem(), DirectAdjoint{}, {});
  REQUIRE(is_telling(expected, m->of_times));
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    Faults faults;
    const Given given = problem(&faults);
    const Slope clean = gradient_of(m, given, adjoint, {});
    const std::int64_t calls = faults.calls, vjps = faults.vjps;
    const std::int64_t tried = vjps - m->vjps_back(steps);  // at the turn: one, or one of each half
    if (adjoint.checkpointed())
      CHECK(calls > m->evaluations_forth(steps) + m->evaluations_back(steps));
    else
      CHECK(calls == m->evaluations_forth(steps) + m->evaluations_back(steps) + m->tried_calls);
    CHECK(tried ==
          (m.name().starts_with("Semi") || m.name().starts_with("Verlet") || m.name().starts_with("Suzuki") ? 2 : 1));

    int thrown = 0;
    const auto gradient_throws = [&](Faults told) {
      faults = told;
      thrown += thrown_by<Thrown>([&] { (void)gradient_of(m, given, adjoint, {}); }).empty() ? 0 : 1;
    };
    for (std::int64_t k = 0; k < calls; ++k) gradient_throws({.throw_at_call = k});
    for (std::int64_t k = 0; k < vjps; ++k) gradient_throws({.throw_at_vjp = k});
    CHECK(thrown == calls + vjps);
    faults = {};
    CHECK(same(gradient_of(m, given, adjoint, {}), clean));

    auto pass = m.solve_with_pullback(given, FixedSteps{steps}, {}, adjoint);
    const std::vector<Y> w{{battery::WeightedSum::weight(0, 0), battery::WeightedSum::weight(0, 1)}};
    const std::int64_t calls_back = m->evaluations_back(steps);
    check_pullbacks_that_throw(pass, w, clean, faults, calls_back, vjps - tried);
  });
}

// A stepper driven by hand, thrown out of any call of a step, can begin anew; and so it can try the step again.
LAW("17. A stepper steps again after a throw", "[edge_cases]", and_ito(every_method())) {
  Faults faults;
  const Given given = problem(&faults);
  const auto two_steps = m.two_steps(given, FixedSteps{steps});
  const Y expected = two_steps();
  CHECK(expected == m.solve(given, FixedSteps{steps}, everything).ys()[2]);
  // Each call begins anew; what the start evaluates is not thrown out of.
  const auto at_start = m->evaluations_forth(0);
  const auto n = m->evaluations_forth(2) - m->evaluations_forth(0);
  int right = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    faults = {.throw_at_call = at_start + k};
    CHECK_THROWS_AS(two_steps(), Thrown);
    faults = {};
    right += two_steps() == expected ? 1 : 0;
  }
  CHECK(right == n);
}

// --- 18. Impure fields -----------------------------------------------------------------------------------------------------

// From the k-th call on the field is off by 1e−8, 4e7 times the resolution: whenever that begins after the first call of the
// steps, the way back is not the way forth. (A slope taken at the start is data, which the way back meets as it was.)
LAW("18. A field that is not a pure function is caught in exact arithmetic", "[edge_cases]", every_method()) {
  if (m->exact) {  // floating numbers cannot tell it from round-off
    const std::int64_t forth = m->evaluations_forth(steps);
    for (std::int64_t k = 1 + m->evaluations_forth(0); k < forth + m->evaluations_back(steps); k += 1 + forth / 12) {
      CAPTURE(k);
      Faults faults{.impure_from_call = k};
      try {
        (void)gradient_of(m, problem(&faults), ReversibleAdjoint{});
        FAIL("no SolveError");
      } catch (const SolveError& error) {
        CHECK(error.status() == Status::impure_field);
        CHECK(error.cause().find("is not a pure function") != std::string::npos);
        CHECK(error.solution<Solved>().ys().size() == steps + 1);
      }
      faults = {.impure_from_call = k};
      CHECK_THROWS_AS(m.assert_reversible(problem(&faults), FixedSteps{steps}), SolveError);
    }
  }
}

// --- 20. Aliasing ----------------------------------------------------------------------------------------------------------

LAW("20. Arguments are distinct and aligned", "[edge_cases]", and_ito(and_adams())) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    Faults faults;
    (void)gradient_of(m, problem(&faults), adjoint);
    CHECK(faults.calls > 0);
    CHECK(faults.vjps > 0);
    CHECK_FALSE(faults.overlapping);
    CHECK_FALSE(faults.unaligned);
  });
}

// --- 24. Threads -----------------------------------------------------------------------------------------------------------

// Four threads share one const problem, its field included, and have each a pass of their own.
LAW("24. Threads share nothing but the problem", "[edge_cases]", and_ito(and_adams())) {
  const Given given = problem();
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const Slope expected = gradient_of(m, given, adjoint);
    std::array<int, 4> right{};
    std::vector<std::thread> threads;
    for (int& mine : right)
      threads.emplace_back([&m, &given, &adjoint, &expected, &mine] {
        auto pass = m.solve_with_pullback(given, FixedSteps{steps}, everything, adjoint);
        std::vector<Y> w = pass.ys();
        battery::WeightedSum{}(pass.ys(), w);
        for (int i = 0; i < 20; ++i)
          mine += same(gradient_of(m, given, adjoint), expected) && same(pass.pullback(w), expected) ? 1 : 0;
      });
    for (std::thread& thread : threads) thread.join();
    for (const int mine : right) CHECK(mine == 20);
  });
}

}  // namespace
}  // namespace antistrophe::laws
