// What every method with an error estimate, and every adjoint, does in a nasty case under a tolerance.
#include "laws/adaptive_edge_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::laws {
namespace {

using Y = Vector2d;

inline constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(),
                        infinity = std::numeric_limits<double>::infinity();

inline const SaveAt inside_and_ends{.times = {0.25, 0.3, 1.0, 1.01, 1.75}};

AnyPass<Y> adaptive_pass(const AnyMethod& m, const Given& given, const AnyAdjoint& adjoint,
                         const SaveAt& save_at = inside_and_ends) {
  return m.solve_with_pullback(given, hasty(m, given.t1 < given.t0 ? -1 : 1), save_at, adjoint);
}

Slope adaptive_gradient(const AnyMethod& m, const Given& given, const AnyAdjoint& adjoint,
                        const SaveAt& save_at = inside_and_ends) {
  auto pass = adaptive_pass(m, given, adjoint, save_at);
  std::vector<Y> w = pass.ys();
  battery::WeightedSum{}(pass.ys(), w);
  return pass.pullback(w);
}

// --- 1. NaN and infinity in what is given ---------------------------------------------------------------------------------

LAW("Adaptive steps: 1. NaN and infinity are refused by name, before the field is called", "[edge_cases]",
    adaptive_methods()) {
  Faults faults;
  const auto refused = [&](const Given& given, const Adaptive& options, const std::string& text) {
    CHECK(thrown_by<std::invalid_argument>([&] { (void)m.solve(given, options); }) == "antistrophe: " + text);
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      CHECK(thrown_by<std::invalid_argument>([&] { (void)m.solve_with_pullback(given, options, {}, adjoint); }) ==
            "antistrophe: " + text);
    });
  };
  for (const double bad : {nan_value, infinity}) {
    const std::string is_bad = " is " + detail::in_words(bad) + "; it must be ";
    Given given = problem(&faults);
    given.y0[1] = bad;
    refused(given, {}, "y0[1]" + is_bad + "finite");
    given = problem(&faults);
    given.t0 = bad;
    refused(given, {}, "t0" + is_bad + "finite");
    given = problem(&faults);
    given.t1 = bad;
    refused(given, {}, "t1" + is_bad + "finite");
    given = problem(&faults);
    given.field.theta[3] = bad;
    refused(given, {}, "parameters()[3]" + is_bad + "finite");
    refused(problem(&faults), {.rtol = bad}, "Adaptive::rtol" + is_bad + "at least 0 and finite");
    refused(problem(&faults), {.atol = bad}, "Adaptive::atol" + is_bad + "at least 0 and finite");
  }
  CHECK(faults.calls == 0);
}

// --- 2. NaN from the field -----------------------------------------------------------------------------------------------

// NaN at any one call: the trial is rejected and made anew. It stays where it is only in the first stage of a plain method,
// which is the same in all trials of a step: then the step vanishes. In no case is it saved.
LAW("Adaptive steps: 2. NaN from the field is never accepted", "[edge_cases]", adaptive_methods()) {
  const Solved clean = m.solve(problem(), by_rule(m), SaveAt{.dense = true});
  const auto is_right = [&](const Solved& solution) {
    for (std::size_t i = 0; i < solution.ys().size(); ++i)
      if (!((solution.ys()[i] - clean.evaluate(solution.ts()[i])).norm() < 300 * tolerance(m))) return false;
    return true;
  };
  Faults faults;
  std::int64_t succeeded = 0, vanished = 0;
  const SaveAt save_at{.times = inside_and_ends.times, .steps = true, .dense = true};
  for (const Adaptive& options : {hasty(m), by_rule(m)}) {
    faults = {};
    (void)m.solve(problem(&faults), options, save_at);
    const std::int64_t calls = faults.calls;
    for (std::int64_t k = 0; k < calls; ++k) {
      CAPTURE(k);
      faults = {.not_a_number_at_call = k};
      const Solved solution = m.solve(problem(&faults), options, save_at, OnFailure::return_status);
      CHECK(is_right(solution));
      if (solution.status() == Status::success) {
        ++succeeded;
        CHECK(solution.ts().back() == 1.75);
      } else {
        ++vanished;
        CHECK(solution.status() == Status::step_size_vanished);
        CHECK(solution.failure().cause.find("the field returned NaN or infinity") != std::string::npos);
        CHECK_FALSE(m->reversible);
      }
    }
  }
  CHECK(succeeded > 10);
  if (m->reversible) CHECK(vanished == 0);

  // NaN for good after some time: the solve gets there, and no further.
  faults = {.not_a_number_after = 1.2};
  const auto look = [&](const Failure& failure, const Solved& solution) {
    CHECK(failure.status == Status::step_size_vanished);
    CHECK((failure.t <= 1.2 && failure.t > 1.2 - 1e-9));
    CHECK(failure.component >= 0);
    CHECK(failure.cause.find("the field returned NaN or infinity") != std::string::npos);
    CHECK((solution.ts().size() > 3 && solution.ts().back() <= 1.2));
    CHECK(is_right(solution));
  };
  const Solved partial = m.solve(problem(&faults), by_rule(m), save_at, OnFailure::return_status);
  look(partial.failure(), partial);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    try {
      (void)m.solve_with_pullback(problem(&faults), by_rule(m), save_at, adjoint);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      look({error.status(), error.t(), error.step(), error.component(), error.cause()}, error.solution<Solved>());
    }
  });
}

LAW("Adaptive steps: 2. A vjp that returns NaN has no gradient", "[edge_cases]", adaptive_methods()) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    Faults faults;
    Adaptive steps = hasty(m);
    steps.gradient_rtol = std::numeric_limits<double>::infinity();  // vjps that judge a gradient have no part in it
    auto pass = m.solve_with_pullback(problem(&faults), steps, inside_and_ends, adjoint);
    CHECK(check_pullbacks_of_nan(pass, faults) > 6);
  });
}

// --- 3. t0 == t1 ---------------------------------------------------------------------------------------------------------

LAW("Adaptive steps: 3. Where t0 == t1 the solution is y0", "[edge_cases]", adaptive_methods()) {
  Faults faults;
  Given given = problem(&faults);
  given.t1 = given.t0;
  for (const Adaptive& options : {hasty(m), by_rule(m), hasty(m, -1)}) {
    const Solved solution = m.solve(given, options, SaveAt{.times = {given.t0, given.t0}});
    CHECK(solution.ys() == std::vector<Y>(2, given.y0));
    CHECK(solution.stats().steps == 0);
    CHECK(faults.calls == 0);
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      auto pass = m.solve_with_pullback(given, options, {}, adjoint);
      const Y w(0.5, -2);
      const Slope gradient = pass.pullback({w});
      CHECK((gradient.y0 == w && gradient.theta.isZero(0)));
      CHECK((gradient.t1 != 0 && gradient.t0 == -gradient.t1));  // y(t1) leaves y0 with slope f
    });
    faults = {};
  }
}

// --- 4. t1 < t0 ----------------------------------------------------------------------------------------------------------

LAW("Adaptive steps: 4. Towards smaller times it is the mirror image", "[edge_cases]", adaptive_methods()) {
  Given down = problem();
  std::swap(down.t0, down.t1);
  Given up = down;
  up.field.equations = mirrored_swing;
  up.t0 = -down.t0;
  up.t1 = -down.t1;
  const SaveAt down_saves{.times = {1.75, 1.01, 1.0, 0.3, 0.25}, .steps = true},
      up_saves{.times = {-1.75, -1.01, -1.0, -0.3, -0.25}, .steps = true};
  const auto check = [&](const Adaptive& down_options, const Adaptive& up_options) {
    const Solved a = m.solve(down, down_options, down_saves), b = m.solve(up, up_options, up_saves);
    CHECK(a.ys() == b.ys());
    REQUIRE(a.ts().size() == b.ts().size());
    for (std::size_t i = 0; i < a.ts().size(); ++i) CHECK(a.ts()[i] == -b.ts()[i]);
    CHECK(a.ts().back() == down.t1);
    CHECK((a.stats().steps == b.stats().steps && a.stats().evaluations == b.stats().evaluations));
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      const auto gradient_of = [&](const Given& given, const Adaptive& options, const SaveAt& saves) {
        return m.value_and_gradient(given, options, battery::WeightedSum{}, saves, adjoint).gradient;
      };
      const Slope x = gradient_of(down, down_options, down_saves), y = gradient_of(up, up_options, up_saves);
      CHECK(is_telling(x));
      CHECK((x.y0 == y.y0 && x.theta == y.theta && x.t0 == -y.t0 && x.t1 == -y.t1));
    });
  };
  check(by_rule(m), by_rule(m));
  check(hasty(m, -1), hasty(m, 1));
}

// --- 6, 7, 8. Save times, unused parameters ----------------------------------------------------------------------------------

// Cotangents of duplicates add, to the last place: they are added one by one.
LAW("Adaptive steps: 6, 8. Duplicate save times have an entry each, and their cotangents add", "[edge_cases]",
    adaptive_methods()) {
  const SaveAt often{.times = {0.25, 0.25, 0.9, 0.9, 0.9, 1.75, 1.75}, .t0 = true, .t1 = true},
      once{.times = {0.25, 0.9, 1.75}};
  const std::vector<Y> each{{1, 2}, {-3, 1}, {2, 2}, {1, -1}, {4, 0.5}, {-1, 1}, {0.5, -4}};
  const std::vector<Y> sums{each[0] + each[1], each[2] + each[3] + each[4], each[5] + each[6]};
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    auto pass = adaptive_pass(m, problem(), adjoint, often), single_pass = adaptive_pass(m, problem(), adjoint, once);
    CHECK(pass.ts() == often.times);
    for (std::size_t i = 0; i < 7; ++i) CHECK(pass.ys()[i] == single_pass.ys()[i < 2 ? 0 : i < 5 ? 1 : 2]);
    const Slope a = pass.pullback(each), b = single_pass.pullback(sums);
    CHECK(is_telling(b));  // the parameter that is not used has exactly 0
    CHECK(battery::gradient_difference(a, b) < 1e-14);
  });
}

// One time alone has the gradient that it has among others whose cotangents are 0; its step's interpolant is gone through
// for them in one case and not in the other, so that sums of some tens of terms may be taken in another order.
LAW("Adaptive steps: 7. One save time amid the solve has its gradient", "[edge_cases]", adaptive_methods()) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    for (const double t : {0.3, 1.0, 1.75}) {
      CAPTURE(t);
      auto one = adaptive_pass(m, problem(), adjoint, SaveAt{.times = {t}}), all = adaptive_pass(m, problem(), adjoint);
      REQUIRE(one.ys().size() == 1);
      std::vector<Y> w(all.ys().size(), Y::Zero());
      const auto i = static_cast<std::size_t>(std::find(all.ts().begin(), all.ts().end(), t) - all.ts().begin());
      CHECK(one.ys()[0] == all.ys()[i]);
      w[i] = Y(1, -2);
      const Slope a = one.pullback({w[i]}), b = all.pullback(w);
      CHECK((battery::all_nonzero(a.y0) && battery::all_nonzero(a.theta.head<3>().eval())));
      CHECK(battery::relative_difference(a.y0, b.y0) < 1e-14);
      CHECK(battery::relative_difference(a.theta, b.theta) < 1e-14);
      CHECK(a.theta[3] == 0);
      CHECK(a.t0 == Approx(b.t0).epsilon(1e-12));
    }
  });
}

// --- 9, 10. Nothing there, nothing moves --------------------------------------------------------------------------------------

struct Nothing {
  void operator()(double, const auto&, auto&) const {}
  void vjp(double, const auto&, const auto&, auto&, auto&) const {}
};

LAW("Adaptive steps: 9. A state of size 0 gives an empty result", "[edge_cases]", adaptive_methods()) {
  const auto nothing = erased_problem<Batch>(Nothing{}, Batch(2, 0), 0.0, 1.0);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    auto pass = m.solve_with_pullback(nothing, Adaptive{}, SaveAt{.times = {0.0, 0.4, 1.0}}, adjoint);
    REQUIRE(pass.ys().size() == 3);
    CHECK((pass.ys()[1].size() == 0 && pass.ts().back() == 1.0));
    CHECK(pass.stats().steps < 20);
    CHECK(pass.pullback(std::vector<Batch>(3, Batch(2, 0))).y0.size() == 0);
  });
}

// f = 0: the error is 0, the steps grow, the gradient is the cotangent; where both tolerance and state are 0, too.
LAW("Adaptive steps: 10. What rests stays at rest, with its gradient", "[edge_cases]", adaptive_methods()) {
  for (const double size : {0.0, 1.0})
    for (const Adaptive& options :
         {Adaptive{}, Adaptive{.rtol = 0, .atol = 1e-9}, Adaptive{.rtol = 1e-9, .atol = 0.0}}) {
      CAPTURE(size, options.rtol);
      Given given = problem();
      given.field.equations = resting_swing;
      given.y0 *= size;
      const Solved solution = m.solve(given, options, everything);
      for (const Y& y : solution.ys()) CHECK(y == given.y0);
      CHECK((solution.stats().steps < 20 && solution.stats().rejected == 0));
      with_adjoints(m, [&](const AnyAdjoint& adjoint) {
        auto pass = m.solve_with_pullback(given, options, SaveAt{.times = {0.5, 1.75}}, adjoint);
        const Y w{1, -2};
        const Slope gradient = pass.pullback({w, w});
        // A pair shares the cotangent out between y and z and adds both at the end: two roundings a step.
        CHECK((gradient.y0 - 2 * w).norm() <= 40 * 2.3e-16 * w.norm());
        CHECK((gradient.theta.isZero(0) && gradient.t0 == 0 && gradient.t1 == 0));
      });
    }
}

// --- 13. Times at which the field is called -----------------------------------------------------------------------------------

// Forth and back, at the first step's probe and in trials that are rejected: never outside of [t0, t1].
LAW("Adaptive steps: 13. No call is outside the interval", "[edge_cases]", adaptive_methods()) {
  for (const auto& [t0, t1] : {std::array{0.0, 1e-11}, std::array{-3.0, 1.1}, std::array{1e11, 1e11 + 1},
                               std::array{0.7, -0.9}, std::array{0.1, 0.4}}) {
    const double direction = t1 > t0 ? 1 : -1;
    for (const double first_step : {0.0, direction * 1e-3 * std::fabs(t1 - t0), direction * 1e9}) {
      CAPTURE(t0, t1, first_step);
      Faults faults;
      Given given = problem(&faults);
      given.t0 = t0;
      given.t1 = t1;
      Adaptive options = by_rule(m);
      options.safety = 1, options.first_step = first_step;
      const SaveAt save_at{.times = {t0 + (t1 - t0) / 3, t1}, .t0 = true, .dense = true};
      with_two_adjoints(m, [&](const AnyAdjoint& adjoint) {
        auto pass = m.solve_with_pullback(given, options, save_at, adjoint);
        CHECK(pass.ts().back() == given.t1);
        // Where a step is a few units in the last place of t, λ^-n is out of bounds.
        try {
          (void)pass.pullback(std::vector<Y>(3, Y(1, -1)));
        } catch (const SolveError& error) {
          REQUIRE((error.status() == Status::drifted && !m->exact));
        }
      });
      CHECK((faults.earliest >= std::fmin(t0, t1) && faults.latest <= std::fmax(t0, t1)));
      CHECK((direction > 0 ? faults.earliest : faults.latest) == t0);
    }
  }
}

// --- 15. Too many steps ------------------------------------------------------------------------------------------------------

LAW("Adaptive steps: 15. No more than max_steps are tried, and there is no gradient of that", "[edge_cases]",
    adaptive_methods()) {
  Given given = problem();
  given.t1 = 50;
  Adaptive few = by_rule(m);
  few.max_steps = 7;
  const auto look = [&](const Failure& failure, const Solved& solution) {
    CHECK(failure.status == Status::max_steps);
    CHECK(failure.cause.find("all 7 steps of Adaptive::max_steps are used up") != std::string::npos);
    CHECK(solution.stats().steps == 7);
    REQUIRE(static_cast<std::int64_t>(solution.ys().size()) == solution.stats().accepted + 1);
    CHECK(solution.ts().back() == failure.t);
    CHECK((solution.ts().back() < 50 && solution.ts().back() > 0.25));
  };
  const Solved solution = m.solve(given, few, everything, OnFailure::return_status);
  look(solution.failure(), solution);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    // Of a solve that did not get there, there is no gradient.
    try {
      (void)m.value_and_gradient(given, few, battery::WeightedSum{}, everything, adjoint);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      look({error.status(), error.t(), error.step(), error.component(), error.cause()}, error.solution<Solved>());
    }
  });
}

// --- 17. A throw at each successive call -----------------------------------------------------------------------------------

LAW("Adaptive steps: 17. A throw from any call goes through, and all can be used again", "[edge_cases]",
    adaptive_methods()) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    Faults faults;
    const Given given = problem(&faults);
    auto pass = adaptive_pass(m, given, adjoint);
    REQUIRE(pass.stats().rejected > 0);
    const std::int64_t forth = faults.calls, tried = faults.vjps;
    CHECK(tried > 0);  // at the turn, and where it is asked how θ enters with time
    std::vector<Y> w = pass.ys();
    battery::WeightedSum{}(pass.ys(), w);
    const Slope clean = pass.pullback(w);
    CHECK(is_telling(clean));
    const std::int64_t calls_back = faults.calls - forth, vjps = faults.vjps - tried;

    int thrown = 0;
    for (std::int64_t k = 0; k < forth; ++k) {
      faults = {.throw_at_call = k};
      thrown += thrown_by<Thrown>([&] { (void)adaptive_pass(m, given, adjoint); }).empty() ? 0 : 1;
    }
    CHECK(thrown == forth);
    faults = {};
    CHECK(same(adaptive_gradient(m, given, adjoint), clean));

    check_pullbacks_that_throw(pass, w, clean, faults, calls_back, vjps);
  });
}

// --- 18. Impure fields -----------------------------------------------------------------------------------------------------

// Off by 1e−8 from the k-th call on: the way back is not the way forth, wherever in it that begins. A call whose value does not
// go into the pair itself (an error estimate's last stage, dense output, a trial that is rejected) may be the last one forth.
LAW("Adaptive steps: 18. A field that is not a pure function is caught in exact arithmetic", "[edge_cases]",
    adaptive_methods()) {
  if (m->exact) {
    Faults faults;
    auto pass = adaptive_pass(m, problem(&faults), ReversibleAdjoint{});
    const std::int64_t forth = faults.calls;
    int caught = 0, tried = 0;
    const std::int64_t first_accepted = 2 * forth / 3;
    for (std::int64_t k = first_accepted; k <= forth; ++k, ++tried) {
      faults = {.impure_from_call = k};
      try {
        (void)adaptive_gradient(m, problem(&faults), ReversibleAdjoint{});
      } catch (const SolveError& error) {
        CHECK(error.status() == Status::impure_field);
        CHECK(error.cause().find("is not a pure function") != std::string::npos);
        ++caught;
      }
    }
    CHECK(caught == tried);
  }
}

// --- 23, 25. Long times ------------------------------------------------------------------------------------------------------

LAW("Adaptive steps: 23. float states over a long time keep their last save", "[edge_cases]", adaptive_methods()) {
  const problems::Linear<2, float> field((Eigen::Matrix2f() << -1e-3f, 1, -1, -1e-3f).finished());
  const auto turning = erased_problem<Vector2f>(field, Vector2f(1, 2), 0.0, 1e3);
  std::vector<double> times;
  for (int i = 0; i <= 1000; ++i) times.push_back(i);
  const auto solution = m.solve(turning, Adaptive{.rtol = 1e-4, .atol = 1e-4}, SaveAt{.times = times});
  REQUIRE(solution.ys().size() == 1001);
  CHECK(solution.ts().back() == 1e3);
  // e^{−t/1000} times a rotation; a thousand steps at least add up their errors.
  CHECK(solution.ys().back().norm() == Approx(std::sqrt(5) * std::exp(-1)).epsilon(0.5));
  CHECK(solution.ys()[1][0] == Approx(std::cos(1) + 2 * std::sin(1)).epsilon(0.01));
}

// From afar an exact pair comes back to the bit; a floating one drifts by some ulps times λ^−n, and more where the way forth
// contracts, which is told.
LAW("Adaptive steps: 25. From a long way an exact pair comes back, and a floating one tells its drift", "[edge_cases]",
    adaptive_methods()) {
  if (m->reversible) {
    Given far = problem();
    far.t1 = m->exact ? 200 : 4;
    const auto trip = m.assert_reversible(far, by_rule(m));
    if (m->exact) {
      CHECK(trip.steps > 200);
      CHECK(battery::same_bits(trip.y0, far.y0));
      CHECK(trip.bits == 2 * trip.steps);
    } else {
      CHECK(trip.drift == (trip.y0 - far.y0).cwiseAbs().maxCoeff());
      CHECK((trip.drift > 0 && trip.drift < 1e-12 * std::pow(m->lambda, -static_cast<double>(trip.steps))));
    }
  }
}

}  // namespace
}  // namespace antistrophe::laws
