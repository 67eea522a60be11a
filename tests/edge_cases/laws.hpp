// What every method and adjoint does in a nasty case. Each law is a function template over the method; the programs
// beside this header run them all for plain methods, exact pairs and floating pairs.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include "battery.hpp"
#include "catch.hpp"
#include "faulty_field.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace antistrophe::edge_cases {

using Y = FaultyField::State;
using Given = Problem<FaultyField, Y>;
using Solved = Solution<Y>;
using Slope = Gradient<FaultyField, Y>;

inline constexpr std::int64_t steps = 6;
inline const SaveAt everything{.t0 = true, .steps = true};

inline Given problem(Faults* faults = nullptr) {
  FaultyField field;
  field.faults = faults;
  return {field, {0.75, -0.5}, 0.25, 1.75};
}

template <class M>
M method() {
  return battery::Facts<M>::method();
}

template <class M>
inline constexpr bool reversible = ReversibleStepper<typename M::template Stepper<FaultyField, Y>>;

// law(adjoint) for the adjoints that go with M.
template <class M, class Law>
void with_adjoints(const Law& law) {
  {
    INFO("DirectAdjoint");
    law(DirectAdjoint{});
  }
  if constexpr (reversible<M>) {
    INFO("ReversibleAdjoint");
    law(ReversibleAdjoint{});
  }
}

inline bool same(const Slope& a, const Slope& b) {
  return a.y0 == b.y0 && a.theta == b.theta && a.t0 == b.t0 && a.t1 == b.t1;
}

// No entry is zero but that of the parameter that is not used, which is 0 exactly.
inline bool is_telling(const Slope& gradient) {
  return battery::all_nonzero(gradient.y0) && battery::all_nonzero(gradient.theta.head<3>().eval()) &&
         gradient.theta[3] == 0 && gradient.t0 != 0 && gradient.t1 != 0;
}

template <class M, class Adjoint>
Slope gradient_of(const Given& given, const Adjoint& adjoint, const SaveAt& save_at = everything) {
  return value_and_gradient(given, method<M>(), FixedSteps{steps}, battery::WeightedSum{}, save_at, adjoint).gradient;
}

template <class Error, class Call>
std::string thrown_by(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// --- 1. NaN and infinity in what is given ---------------------------------------------------------------------------------

template <class M>
void refuses_what_is_not_finite() {
  Faults faults;
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    std::array<Given, 4> given{problem(&faults), problem(&faults), problem(&faults), problem(&faults)};
    given[0].y0[1] = bad;
    given[1].t0 = bad;
    given[2].t1 = bad;
    given[3].field.theta[3] = bad;
    const std::array<std::string, 4> names{"y0[1] is ", "t0 is ", "t1 is ", "parameters()[3] is "};
    for (std::size_t i = 0; i < given.size(); ++i) {
      const std::string text =
          thrown_by<std::invalid_argument>([&] { (void)solve(given[i], method<M>(), FixedSteps{steps}); });
      CHECK(text == "antistrophe: " + names[i] + detail::in_words(bad) + "; it must be finite");
      with_adjoints<M>([&](const auto& adjoint) {
        CHECK(thrown_by<std::invalid_argument>([&] { (void)gradient_of<M>(given[i], adjoint); }) == text);
      });
    }
  }
  CHECK(faults.calls == 0);
}

// --- 2. NaN from the field -----------------------------------------------------------------------------------------------

template <class M>
void reports_a_field_that_is_not_finite() {
  const Solved clean = solve(problem(), method<M>(), FixedSteps{steps}, everything);
  const std::int64_t last = battery::evaluations_forth<M>(steps) - 1;
  for (const std::int64_t bad : {std::int64_t{0}, battery::evaluations_forth<M>(1), last / 2, last}) {
    Faults faults{.not_a_number_at_call = bad};
    const std::int64_t step = battery::step_of_call<M>(bad);
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
    const Solved partial =
        solve(problem(&faults), method<M>(), FixedSteps{steps}, everything, OnFailure::return_status);
    look(partial.failure(), partial);

    with_adjoints<M>([&](const auto& adjoint) {
      faults.calls = 0;
      try {
        (void)solve_with_pullback(problem(&faults), method<M>(), FixedSteps{steps}, everything, adjoint);
        FAIL("no SolveError");
      } catch (const SolveError& error) {
        look({error.status(), error.t(), error.step(), error.component(), error.cause()},
             error.template solution<Solved>());
      }
    });
  }
}

// From the vjp: the gradient is refused, and the pass is as good as before.
template <class M>
void reports_a_vjp_that_is_not_finite() {
  with_adjoints<M>([](const auto& adjoint) {
    Faults faults;
    auto pass = solve_with_pullback(problem(&faults), method<M>(), FixedSteps{steps}, {}, adjoint);
    const std::vector<Y> ones(1, Y::Ones());
    const Slope clean = pass.pullback(ones);
    const std::int64_t vjps = faults.vjps;
    CHECK(vjps == battery::vjps_back<M>(steps));
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

// --- 3. t0 == t1 ---------------------------------------------------------------------------------------------------------

template <class M>
void stays_where_there_is_no_time() {
  Given given = problem();
  given.t1 = given.t0;
  Y slope;
  given.field(given.t0, std::as_const(given.y0), slope);
  const auto check = [&](const auto& stepping, const SaveAt& save_at, std::size_t saves) {
    const Solved solution = solve(given, method<M>(), stepping, save_at);
    CHECK(solution.ts() == std::vector<double>(saves, given.t0));
    CHECK(solution.ys() == std::vector<Y>(saves, given.y0));
    CHECK(solution.stats().steps == 0);
    with_adjoints<M>([&](const auto& adjoint) {
      auto pass = solve_with_pullback(given, method<M>(), stepping, save_at, adjoint);
      const std::vector<Y> w(saves, Y(0.5, -2.0));
      const Slope gradient = pass.pullback(w);
      CHECK(gradient.y0 == static_cast<double>(saves) * w[0]);
      CHECK(gradient.theta.isZero(0));
      // y(t1) leaves y0 with slope f; what was saved at a time that is given stays there.
      const double moved = save_at.times.empty() ? w[0].dot(slope) : 0;
      CHECK(gradient.t1 == moved);
      CHECK(gradient.t0 == -moved);
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
template <class M>
void goes_back_as_the_mirror_goes_forth() {
  Given down = problem();
  std::swap(down.t0, down.t1);
  Given up = down;
  up.field.mirrored = true;
  up.t0 = -down.t0;
  up.t1 = -down.t1;
  const Solved a = solve(down, method<M>(), FixedSteps{steps}, everything),
               b = solve(up, method<M>(), FixedSteps{steps}, everything);
  REQUIRE(a.ys().size() == steps + 1);
  CHECK(a.ys() == b.ys());
  for (std::size_t i = 0; i < a.ts().size(); ++i) CHECK(a.ts()[i] == -b.ts()[i]);
  CHECK(a.ts().back() == down.t1);
  with_adjoints<M>([&](const auto& adjoint) {
    const Slope x = gradient_of<M>(down, adjoint), y = gradient_of<M>(up, adjoint);
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
template <class M>
void saves_duplicates_once_each() {
  const double t0 = 0.25, middle = 1.0, t1 = 1.75;
  const SaveAt often{.times = {t0, t0, middle, middle, middle, t1, t1}, .t0 = true, .t1 = true};
  const SaveAt once{.times = {t0, middle, t1}};
  const Solved solution = solve(problem(), method<M>(), FixedSteps{steps}, often);
  CHECK(solution.ts() == often.times);
  const Solved single = solve(problem(), method<M>(), FixedSteps{steps}, once);
  for (std::size_t i = 0; i < 7; ++i) CHECK(solution.ys()[i] == single.ys()[i < 2 ? 0 : i < 5 ? 1 : 2]);
  CHECK(solution.ys()[0] == problem().y0);

  const std::vector<Y> each{{1, 2}, {-3, 1}, {2, 2}, {1, -1}, {4, 0.5}, {-1, 1}, {0.5, -4}};
  const std::vector<Y> sums{each[0] + each[1], each[2] + each[3] + each[4], each[5] + each[6]};
  with_adjoints<M>([&](const auto& adjoint) {
    auto pass = solve_with_pullback(problem(), method<M>(), FixedSteps{steps}, often, adjoint);
    auto single_pass = solve_with_pullback(problem(), method<M>(), FixedSteps{steps}, once, adjoint);
    const Slope a = pass.pullback(each), b = single_pass.pullback(sums);
    CHECK(is_telling(b));
    CHECK(battery::gradient_difference(a, b) < 1e-14);
  });
}

// One time alone, amid the solve: the gradient is that of the solve that ends there, to the last bit. But a floating pair
// has been through the later half and back when it gets there: round-off of three steps, times 0.9^−3.
template <class M>
void one_save_time_has_its_gradient() {
  Given half = problem();
  half.t1 = 1.0;  // h = 0.25: both meet the same nodes
  with_adjoints<M>([&](const auto& adjoint) {
    auto whole_pass = solve_with_pullback(problem(), method<M>(), FixedSteps{steps}, SaveAt{.times = {1.0}}, adjoint);
    auto half_pass = solve_with_pullback(half, method<M>(), FixedSteps{steps / 2}, {}, adjoint);
    REQUIRE(whole_pass.ys().size() == 1);
    CHECK(whole_pass.ys()[0] == half_pass.ys()[0]);
    const std::vector<Y> w{{1, -2}};
    const Slope a = whole_pass.pullback(w), b = half_pass.pullback(w);
    CHECK(is_telling(b));
    const bool to_the_bit = battery::Facts<M>::exact || std::is_same_v<std::decay_t<decltype(adjoint)>, DirectAdjoint>;
    CHECK(battery::relative_difference(a.y0, b.y0) <= (to_the_bit ? 0 : 1e-14));
    CHECK(battery::relative_difference(a.theta, b.theta) <= (to_the_bit ? 0 : 1e-14));
  });
}

// --- 10. Nothing moves ---------------------------------------------------------------------------------------------------

template <class M>
void rests() {
  for (const double size : {0.0, 1.0}) {
    Given given = problem();
    given.field.at_rest = true;
    given.y0 *= size;
    for (const Y& y : solve(given, method<M>(), FixedSteps{steps}, everything).ys()) CHECK(y == given.y0);
    with_adjoints<M>([&](const auto& adjoint) {
      auto pass = solve_with_pullback(given, method<M>(), FixedSteps{steps}, {}, adjoint);
      const Y w{1, -2};
      const Slope gradient = pass.pullback({w});
      // A pair shares the cotangent out between y and z and adds both at the end: two roundings a step.
      CHECK((gradient.y0 - w).norm() <= 2 * steps * 2.3e-16 * w.norm());
      CHECK(gradient.theta.isZero(0));
      CHECK(gradient.t0 == 0);
      CHECK(gradient.t1 == 0);
    });
    // The estimates of the error are 0, not 0/0.
    using S = typename M::template Stepper<FaultyField, Y>;
    S stepper(method<M>(), given.field, given.y0);
    auto carry = stepper.make_carry();
    REQUIRE(stepper.start(0, given.y0, carry) == Outcome::ok);
    const Timeline timeline = FixedSteps{1}.timeline(0, 1);
    REQUIRE(stepper.attempt(step_at(timeline, 0), carry) == Outcome::ok);
    std::array<Y, static_cast<std::size_t>(S::error_estimates)> estimates;
    stepper.error(step_at(timeline, 0), carry, estimates);
    for (const Y& estimate : estimates) CHECK(estimate.isZero(0));
  }
}

// --- 11, 13. Scales of time, and times at which the field is called ---------------------------------------------------------

template <class M>
void keeps_to_its_times() {
  for (const auto& [t0, t1] :
       {std::array{0.0, 1e-11}, std::array{-3.0, 1.1}, std::array{1e11, 1e11 + 1}, std::array{0.7, -0.9}}) {
    Faults faults;
    Given given = problem(&faults);
    given.t0 = t0;
    given.t1 = t1;
    with_adjoints<M>([&](const auto& adjoint) { (void)gradient_of<M>(given, adjoint, {}); });
    CHECK(faults.earliest >= std::fmin(t0, t1));
    CHECK(faults.latest <= std::fmax(t0, t1));
    CHECK(faults.earliest < faults.latest + (battery::Facts<M>::stages == 1 ? 1 : 0));
  }
}

// --- 16. More than 2^31 steps ----------------------------------------------------------------------------------------------

template <class M>
void counts_past_32_bits() {
  for (const std::int64_t first : {(std::int64_t{1} << 31) - 3, (std::int64_t{1} << 32) - 3, std::int64_t{1} << 61}) {
    const battery::NumberedSteps late{steps, first};
    const Solved from_zero = solve(problem(), method<M>(), FixedSteps{steps}, everything);
    const Solved numbered = solve(problem(), method<M>(), late, everything);
    // The dither of an exact pair is hashed from the number of the step: the path differs by the resolution, 2^−52, a
    // few times a step. Others do not know the number.
    for (std::size_t i = 0; i < numbered.ys().size(); ++i)
      CHECK((numbered.ys()[i] - from_zero.ys()[i]).norm() <= (battery::Facts<M>::exact ? 100 * 0x1p-52 : 0));
    CHECK(numbered.ts() == from_zero.ts());

    std::vector<Slope> gradients;
    with_adjoints<M>([&](const auto& adjoint) {
      gradients.push_back(
          value_and_gradient(problem(), method<M>(), late, battery::WeightedSum{}, everything, adjoint).gradient);
      CHECK(is_telling(gradients.back()));
      // Round-off of 6 steps; a floating pair's is 0.9^−6 = 1.9 times that.
      CHECK(battery::gradient_difference(gradient_of<M>(problem(), adjoint), gradients.back()) < 1e-13);
    });

    Faults faults{.not_a_number_at_call = battery::evaluations_forth<M>(4)};
    const Solved failed = solve(problem(&faults), method<M>(), late, {}, OnFailure::return_status);
    CHECK(failed.failure().step == first + 4);
    CHECK(failed.failure().t == 1.25);
  }
}

// --- 17. A throw at each successive call -----------------------------------------------------------------------------------

// One pass throughout: a throw from each call of f and of the vjp on the way back goes through, and after each the pass gives
// the right gradient again.
template <class Pass>
void check_pullbacks_that_throw(Pass& pass, const std::vector<Y>& w, const Slope& clean, Faults& faults,
                                std::int64_t calls, std::int64_t vjps) {
  int thrown = 0, right = 0;
  const auto pullback_throws = [&](Faults told) {
    faults = told;
    thrown += thrown_by<Thrown>([&] { (void)pass.pullback(w); }).empty() ? 0 : 1;
    faults = {};
    right += same(pass.pullback(w), clean) ? 1 : 0;
  };
  for (std::int64_t k = 0; k < calls; ++k) pullback_throws({.throw_at_call = k});
  for (std::int64_t k = 0; k < vjps; ++k) pullback_throws({.throw_at_vjp = k});
  CHECK(thrown == calls + vjps);
  CHECK(right == calls + vjps);
}

template <class M>
void lets_every_throw_through() {
  const Slope expected = gradient_of<M>(problem(), DirectAdjoint{}, {});
  REQUIRE(is_telling(expected));
  with_adjoints<M>([&](const auto& adjoint) {
    Faults faults;
    const Given given = problem(&faults);
    const Slope clean = gradient_of<M>(given, adjoint, {});
    const std::int64_t calls = faults.calls, vjps = faults.vjps;
    CHECK(calls == battery::evaluations_forth<M>(steps) + battery::evaluations_back<M>(steps));
    CHECK(vjps == battery::vjps_back<M>(steps));

    int thrown = 0;
    const auto gradient_throws = [&](Faults told) {
      faults = told;
      thrown += thrown_by<Thrown>([&] { (void)gradient_of<M>(given, adjoint, {}); }).empty() ? 0 : 1;
    };
    for (std::int64_t k = 0; k < calls; ++k) gradient_throws({.throw_at_call = k});
    for (std::int64_t k = 0; k < vjps; ++k) gradient_throws({.throw_at_vjp = k});
    CHECK(thrown == calls + vjps);
    faults = {};
    CHECK(same(gradient_of<M>(given, adjoint, {}), clean));

    auto pass = solve_with_pullback(given, method<M>(), FixedSteps{steps}, {}, adjoint);
    const std::vector<Y> w{{battery::WeightedSum::weight(0, 0), battery::WeightedSum::weight(0, 1)}};
    const std::int64_t calls_back = battery::evaluations_back<M>(steps);
    check_pullbacks_that_throw(pass, w, clean, faults, calls_back, vjps);
  });
}

// A stepper driven by hand, thrown out of any call of a step, can begin anew; and so it can try the step again.
template <class M>
void steps_again_after_a_throw() {
  using S = typename M::template Stepper<FaultyField, Y>;
  Faults faults;
  const Given given = problem(&faults);
  S stepper(method<M>(), given.field, given.y0);
  const Timeline timeline = FixedSteps{steps}.timeline(given.t0, given.t1);
  NoBits bits;
  auto carry = stepper.make_carry();
  const auto two_steps = [&] {
    Y y;
    for (std::int64_t i = 0; i < 2; ++i) {
      const Step step = step_at(timeline, i);
      if (stepper.attempt(step, carry) != Outcome::ok || stepper.commit(step, carry, bits) != Outcome::ok)
        return Y(0, 0);
    }
    stepper.read(carry, y);
    return y;
  };
  REQUIRE(stepper.start(given.t0, given.y0, carry) == Outcome::ok);
  const Y expected = two_steps();
  CHECK(expected == solve(given, method<M>(), FixedSteps{steps}, everything).ys()[2]);
  const auto n = battery::evaluations_forth<M>(2) - battery::evaluations_forth<M>(0);
  int right = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    REQUIRE(stepper.start(given.t0, given.y0, carry) == Outcome::ok);
    faults = {.throw_at_call = k};
    CHECK_THROWS_AS(two_steps(), Thrown);
    faults = {};
    REQUIRE(stepper.start(given.t0, given.y0, carry) == Outcome::ok);
    right += two_steps() == expected ? 1 : 0;
  }
  CHECK(right == n);
}

// --- 18. Impure fields -----------------------------------------------------------------------------------------------------

// From the k-th call on the field is off by 1e−8, 4e7 times the resolution: whenever that begins after the first call of the
// steps, the way back is not the way forth. (A slope taken at the start is data, which the way back meets as it was.)
template <class M>
void catches_an_impure_field() {
  if constexpr (battery::Facts<M>::exact) {  // floating numbers cannot tell it from round-off
    const std::int64_t forth = battery::evaluations_forth<M>(steps);
    for (std::int64_t k = 1 + battery::evaluations_forth<M>(0); k < forth + battery::evaluations_back<M>(steps);
         k += 1 + forth / 12) {
      CAPTURE(k);
      Faults faults{.impure_from_call = k};
      try {
        (void)gradient_of<M>(problem(&faults), ReversibleAdjoint{});
        FAIL("no SolveError");
      } catch (const SolveError& error) {
        CHECK(error.status() == Status::impure_field);
        CHECK(error.cause().find("is not a pure function") != std::string::npos);
        CHECK(error.template solution<Solved>().ys().size() == steps + 1);
      }
      faults = {.impure_from_call = k};
      CHECK_THROWS_AS(assert_reversible(problem(&faults), method<M>(), FixedSteps{steps}), SolveError);
    }
  }
}

// --- 20. Aliasing ----------------------------------------------------------------------------------------------------------

template <class M>
void passes_distinct_aligned_arguments() {
  with_adjoints<M>([](const auto& adjoint) {
    Faults faults;
    (void)gradient_of<M>(problem(&faults), adjoint);
    CHECK(faults.calls > 0);
    CHECK(faults.vjps > 0);
    CHECK_FALSE(faults.overlapping);
    CHECK_FALSE(faults.unaligned);
  });
}

// --- 24. Threads -----------------------------------------------------------------------------------------------------------

// Four threads share one const problem, its field included, and have each a pass of their own.
template <class M>
void threads_share_nothing() {
  const Given given = problem();
  with_adjoints<M>([&](const auto& adjoint) {
    const Slope expected = gradient_of<M>(given, adjoint);
    std::array<int, 4> right{};
    std::vector<std::thread> threads;
    for (int& mine : right)
      threads.emplace_back([&given, &adjoint, &expected, &mine] {
        auto pass = solve_with_pullback(given, method<M>(), FixedSteps{steps}, everything, adjoint);
        std::vector<Y> w = pass.ys();
        battery::WeightedSum{}(pass.ys(), w);
        for (int i = 0; i < 20; ++i)
          mine += same(gradient_of<M>(given, adjoint), expected) && same(pass.pullback(w), expected) ? 1 : 0;
      });
    for (std::thread& thread : threads) thread.join();
    for (const int mine : right) CHECK(mine == 20);
  });
}

}  // namespace antistrophe::edge_cases
