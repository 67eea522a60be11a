// What every method with an error estimate, and every adjoint, does in a nasty case under a tolerance. Each law is a function
// template over the method; the programs beside this header run them for plain methods, exact pairs and floating pairs.
#pragma once

#include "edge_cases/laws.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace antistrophe::edge_cases {

inline constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(),
                        infinity = std::numeric_limits<double>::infinity();

template <class M>
inline constexpr double tolerance = battery::Facts<M>::order <= 3  ? 1e-3
                                    : battery::Facts<M>::order < 8 ? 1e-6
                                                                   : 1e-9;

// Tried at once with a step over all, and later at the very edge of the tolerance, so that trials are rejected.
template <class M>
Adaptive hasty(double direction = 1) {
  return {.rtol = tolerance<M>, .atol = tolerance<M>, .safety = 1, .first_step = 1.5 * direction};
}
// The first step by the rule.
template <class M>
Adaptive by_rule() {
  return {.rtol = tolerance<M>, .atol = tolerance<M>};
}

inline const SaveAt inside_and_ends{.times = {0.25, 0.3, 1.0, 1.01, 1.75}};

template <class M, class Adjoint>
auto adaptive_pass(const Given& given, const Adjoint& adjoint, const SaveAt& save_at = inside_and_ends) {
  return solve_with_pullback(given, method<M>(), hasty<M>(given.t1 < given.t0 ? -1 : 1), save_at, adjoint);
}

template <class M, class Adjoint>
Slope adaptive_gradient(const Given& given, const Adjoint& adjoint, const SaveAt& save_at = inside_and_ends) {
  auto pass = adaptive_pass<M>(given, adjoint, save_at);
  std::vector<Y> w = pass.ys();
  battery::WeightedSum{}(pass.ys(), w);
  return pass.pullback(w);
}

template <class M, class Adjoint>
bool to_the_bit() {
  return battery::Facts<M>::exact || std::is_same_v<Adjoint, DirectAdjoint>;
}

// --- 1. NaN and infinity in what is given ---------------------------------------------------------------------------------

template <class M>
void adaptive_refuses_what_is_not_finite() {
  Faults faults;
  const auto refused = [&](const Given& given, const Adaptive& options, const std::string& text) {
    CHECK(thrown_by<std::invalid_argument>([&] { (void)solve(given, method<M>(), options); }) ==
          "antistrophe: " + text);
    with_adjoints<M>([&](const auto& adjoint) {
      CHECK(thrown_by<std::invalid_argument>([&] {
              (void)solve_with_pullback(given, method<M>(), options, {}, adjoint);
            }) == "antistrophe: " + text);
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
template <class M>
void adaptive_never_accepts_a_nan() {
  const Solved clean = solve(problem(), method<M>(), by_rule<M>(), SaveAt{.dense = true});
  const auto is_right = [&](const Solved& solution) {
    for (std::size_t i = 0; i < solution.ys().size(); ++i)
      if (!((solution.ys()[i] - clean.evaluate(solution.ts()[i])).norm() < 300 * tolerance<M>)) return false;
    return true;
  };
  Faults faults;
  std::int64_t succeeded = 0, vanished = 0;
  const SaveAt save_at{.times = inside_and_ends.times, .steps = true, .dense = true};
  for (const Adaptive& options : {hasty<M>(), by_rule<M>()}) {
    faults = {};
    (void)solve(problem(&faults), method<M>(), options, save_at);
    const std::int64_t calls = faults.calls;
    for (std::int64_t k = 0; k < calls; ++k) {
      CAPTURE(k);
      faults = {.not_a_number_at_call = k};
      const Solved solution = solve(problem(&faults), method<M>(), options, save_at, OnFailure::return_status);
      CHECK(is_right(solution));
      if (solution.status() == Status::success) {
        ++succeeded;
        CHECK(solution.ts().back() == 1.75);
      } else {
        ++vanished;
        CHECK(solution.status() == Status::step_size_vanished);
        CHECK(solution.failure().cause.find("the field returned NaN or infinity") != std::string::npos);
        CHECK_FALSE(reversible<M>);
      }
    }
  }
  CHECK(succeeded > 10);
  if (reversible<M>) CHECK(vanished == 0);

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
  const Solved partial = solve(problem(&faults), method<M>(), by_rule<M>(), save_at, OnFailure::return_status);
  look(partial.failure(), partial);
  with_adjoints<M>([&](const auto& adjoint) {
    try {
      (void)solve_with_pullback(problem(&faults), method<M>(), by_rule<M>(), save_at, adjoint);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      look({error.status(), error.t(), error.step(), error.component(), error.cause()},
           error.template solution<Solved>());
    }
  });
}

template <class M>
void adaptive_reports_a_vjp_that_is_not_finite() {
  with_adjoints<M>([](const auto& adjoint) {
    Faults faults;
    auto pass = adaptive_pass<M>(problem(&faults), adjoint);
    const std::vector<Y> ones(pass.ys().size(), Y::Ones());
    const Slope clean = pass.pullback(ones);
    const std::int64_t vjps = faults.vjps;
    CHECK(vjps > 6);
    for (const std::int64_t bad : {std::int64_t{0}, vjps / 2, vjps - 1}) {
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
void adaptive_stays_where_there_is_no_time() {
  Faults faults;
  Given given = problem(&faults);
  given.t1 = given.t0;
  for (const Adaptive& options : {hasty<M>(), by_rule<M>(), hasty<M>(-1)}) {
    const Solved solution = solve(given, method<M>(), options, SaveAt{.times = {given.t0, given.t0}});
    CHECK(solution.ys() == std::vector<Y>(2, given.y0));
    CHECK(solution.stats().steps == 0);
    CHECK(faults.calls == 0);
    with_adjoints<M>([&](const auto& adjoint) {
      auto pass = solve_with_pullback(given, method<M>(), options, {}, adjoint);
      const Y w(0.5, -2);
      const Slope gradient = pass.pullback({w});
      CHECK((gradient.y0 == w && gradient.theta.isZero(0)));
      CHECK((gradient.t1 != 0 && gradient.t0 == -gradient.t1));  // y(t1) leaves y0 with slope f
    });
    faults = {};
  }
}

// --- 4. t1 < t0 ----------------------------------------------------------------------------------------------------------

template <class M>
void adaptive_goes_back_as_the_mirror_goes_forth() {
  Given down = problem();
  std::swap(down.t0, down.t1);
  Given up = down;
  up.field.mirrored = true;
  up.t0 = -down.t0;
  up.t1 = -down.t1;
  const SaveAt down_saves{.times = {1.75, 1.01, 1.0, 0.3, 0.25}, .steps = true},
      up_saves{.times = {-1.75, -1.01, -1.0, -0.3, -0.25}, .steps = true};
  const auto check = [&](const Adaptive& down_options, const Adaptive& up_options) {
    const Solved a = solve(down, method<M>(), down_options, down_saves),
                 b = solve(up, method<M>(), up_options, up_saves);
    CHECK(a.ys() == b.ys());
    REQUIRE(a.ts().size() == b.ts().size());
    for (std::size_t i = 0; i < a.ts().size(); ++i) CHECK(a.ts()[i] == -b.ts()[i]);
    CHECK(a.ts().back() == down.t1);
    CHECK((a.stats().steps == b.stats().steps && a.stats().evaluations == b.stats().evaluations));
    with_adjoints<M>([&](const auto& adjoint) {
      const auto gradient_of = [&](const Given& given, const Adaptive& options, const SaveAt& saves) {
        return value_and_gradient(given, method<M>(), options, battery::WeightedSum{}, saves, adjoint).gradient;
      };
      const Slope x = gradient_of(down, down_options, down_saves), y = gradient_of(up, up_options, up_saves);
      CHECK(is_telling(x));
      CHECK((x.y0 == y.y0 && x.theta == y.theta && x.t0 == -y.t0 && x.t1 == -y.t1));
    });
  };
  check(by_rule<M>(), by_rule<M>());
  check(hasty<M>(-1), hasty<M>(1));
}

// --- 6, 7, 8. Save times, unused parameters ----------------------------------------------------------------------------------

// Cotangents of duplicates add, to the last place: they are added one by one.
template <class M>
void adaptive_saves_duplicates_once_each() {
  const SaveAt often{.times = {0.25, 0.25, 0.9, 0.9, 0.9, 1.75, 1.75}, .t0 = true, .t1 = true},
      once{.times = {0.25, 0.9, 1.75}};
  const std::vector<Y> each{{1, 2}, {-3, 1}, {2, 2}, {1, -1}, {4, 0.5}, {-1, 1}, {0.5, -4}};
  const std::vector<Y> sums{each[0] + each[1], each[2] + each[3] + each[4], each[5] + each[6]};
  with_adjoints<M>([&](const auto& adjoint) {
    auto pass = adaptive_pass<M>(problem(), adjoint, often), single_pass = adaptive_pass<M>(problem(), adjoint, once);
    CHECK(pass.ts() == often.times);
    for (std::size_t i = 0; i < 7; ++i) CHECK(pass.ys()[i] == single_pass.ys()[i < 2 ? 0 : i < 5 ? 1 : 2]);
    const Slope a = pass.pullback(each), b = single_pass.pullback(sums);
    CHECK(is_telling(b));  // the parameter that is not used has exactly 0
    CHECK(battery::gradient_difference(a, b) < 1e-14);
  });
}

// One time alone has the gradient that it has among others whose cotangents are 0; its step's interpolant is gone through
// for them in one case and not in the other, so that sums of some tens of terms may be taken in another order.
template <class M>
void adaptive_one_save_time_has_its_gradient() {
  with_adjoints<M>([&](const auto& adjoint) {
    for (const double t : {0.3, 1.0, 1.75}) {
      CAPTURE(t);
      auto one = adaptive_pass<M>(problem(), adjoint, SaveAt{.times = {t}}), all = adaptive_pass<M>(problem(), adjoint);
      REQUIRE(one.ys().size() == 1);
      std::vector<Y> w(all.ys().size(), Y::Zero());
      const auto i = static_cast<std::size_t>(std::find(all.ts().begin(), all.ts().end(), t) - all.ts().begin());
      CHECK(one.ys()[0] == all.ys()[i]);
      w[i] = Y(1, -2);
      const Slope a = one.pullback({w[i]}), b = all.pullback(w);
      CHECK((battery::all_nonzero(a.y0) && battery::all_nonzero(a.theta.template head<3>().eval())));
      CHECK(battery::relative_difference(a.y0, b.y0) < 1e-14);
      CHECK(battery::relative_difference(a.theta, b.theta) < 1e-14);
      CHECK(a.theta[3] == 0);
      CHECK(a.t0 == Approx(b.t0).epsilon(1e-12));
    }
  });
}

// --- 9, 10. Nothing there, nothing moves --------------------------------------------------------------------------------------

struct Nothing {
  void operator()(double, const Eigen::VectorXd&, Eigen::VectorXd&) const {}
  void vjp(double, const Eigen::VectorXd&, const Eigen::VectorXd&, Eigen::VectorXd&, auto&) const {}
};

template <class M>
void adaptive_with_a_state_of_size_0() {
  const Problem nothing{Nothing{}, Eigen::VectorXd(), 0.0, 1.0};
  with_adjoints<M>([&](const auto& adjoint) {
    auto pass = solve_with_pullback(nothing, method<M>(), Adaptive{}, SaveAt{.times = {0.0, 0.4, 1.0}}, adjoint);
    REQUIRE(pass.ys().size() == 3);
    CHECK((pass.ys()[1].size() == 0 && pass.ts().back() == 1.0));
    CHECK(pass.stats().steps < 20);
    CHECK(pass.pullback(std::vector<Eigen::VectorXd>(3)).y0.size() == 0);
  });
}

// f = 0: the error is 0, the steps grow, the gradient is the cotangent; where both tolerance and state are 0, too.
template <class M>
void adaptive_rests() {
  for (const double size : {0.0, 1.0})
    for (const Adaptive& options :
         {Adaptive{}, Adaptive{.rtol = 0, .atol = 1e-9}, Adaptive{.rtol = 1e-9, .atol = 0.0}}) {
      CAPTURE(size, options.rtol);
      Given given = problem();
      given.field.at_rest = true;
      given.y0 *= size;
      const Solved solution = solve(given, method<M>(), options, everything);
      for (const Y& y : solution.ys()) CHECK(y == given.y0);
      CHECK((solution.stats().steps < 20 && solution.stats().rejected == 0));
      with_adjoints<M>([&](const auto& adjoint) {
        auto pass = solve_with_pullback(given, method<M>(), options, SaveAt{.times = {0.5, 1.75}}, adjoint);
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
template <class M>
void adaptive_keeps_to_its_times() {
  for (const auto& [t0, t1] : {std::array{0.0, 1e-11}, std::array{-3.0, 1.1}, std::array{1e11, 1e11 + 1},
                               std::array{0.7, -0.9}, std::array{0.1, 0.4}}) {
    const double direction = t1 > t0 ? 1 : -1;
    for (const double first_step : {0.0, direction * 1e-3 * std::fabs(t1 - t0), direction * 1e9}) {
      CAPTURE(t0, t1, first_step);
      Faults faults;
      Given given = problem(&faults);
      given.t0 = t0;
      given.t1 = t1;
      Adaptive options = by_rule<M>();
      options.safety = 1, options.first_step = first_step;
      const SaveAt save_at{.times = {t0 + (t1 - t0) / 3, t1}, .t0 = true, .dense = true};
      with_adjoints<M>([&](const auto& adjoint) {
        auto pass = solve_with_pullback(given, method<M>(), options, save_at, adjoint);
        CHECK(pass.ts().back() == given.t1);
        (void)pass.pullback(std::vector<Y>(3, Y(1, -1)));
      });
      CHECK((faults.earliest >= std::fmin(t0, t1) && faults.latest <= std::fmax(t0, t1)));
      CHECK((direction > 0 ? faults.earliest : faults.latest) == t0);
    }
  }
}

// --- 15. Too many steps ------------------------------------------------------------------------------------------------------

template <class M>
void adaptive_takes_no_more_than_max_steps() {
  Given given = problem();
  given.t1 = 50;
  Adaptive few = by_rule<M>();
  few.max_steps = 7;
  const auto look = [&](const Failure& failure, const Solved& solution) {
    CHECK(failure.status == Status::max_steps);
    CHECK(failure.cause.find("all 7 steps of Adaptive::max_steps are used up") != std::string::npos);
    CHECK(solution.stats().steps == 7);
    REQUIRE(static_cast<std::int64_t>(solution.ys().size()) == solution.stats().accepted + 1);
    CHECK(solution.ts().back() == failure.t);
    CHECK((solution.ts().back() < 50 && solution.ts().back() > 0.25));
  };
  const Solved solution = solve(given, method<M>(), few, everything, OnFailure::return_status);
  look(solution.failure(), solution);
  with_adjoints<M>([&](const auto& adjoint) {
    // Of a solve that did not get there, there is no gradient.
    try {
      (void)value_and_gradient(given, method<M>(), few, battery::WeightedSum{}, everything, adjoint);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      look({error.status(), error.t(), error.step(), error.component(), error.cause()},
           error.template solution<Solved>());
    }
  });
}

// --- 17. A throw at each successive call -----------------------------------------------------------------------------------

template <class M>
void adaptive_lets_every_throw_through() {
  with_adjoints<M>([&](const auto& adjoint) {
    Faults faults;
    const Given given = problem(&faults);
    auto pass = adaptive_pass<M>(given, adjoint);
    REQUIRE(pass.stats().rejected > 0);
    const std::int64_t forth = faults.calls;
    std::vector<Y> w = pass.ys();
    battery::WeightedSum{}(pass.ys(), w);
    const Slope clean = pass.pullback(w);
    CHECK(is_telling(clean));
    const std::int64_t calls_back = faults.calls - forth, vjps = faults.vjps;

    int thrown = 0;
    for (std::int64_t k = 0; k < forth; ++k) {
      faults = {.throw_at_call = k};
      thrown += thrown_by<Thrown>([&] { (void)adaptive_pass<M>(given, adjoint); }).empty() ? 0 : 1;
    }
    CHECK(thrown == forth);
    faults = {};
    CHECK(same(adaptive_gradient<M>(given, adjoint), clean));

    check_pullbacks_that_throw(pass, w, clean, faults, calls_back, vjps);
  });
}

// --- 18. Impure fields -----------------------------------------------------------------------------------------------------

// Off by 1e−8 from the k-th call on: the way back is not the way forth, wherever in it that begins. A call whose value does not
// go into the pair itself (an error estimate's last stage, dense output, a trial that is rejected) may be the last one forth.
template <class M>
void adaptive_catches_an_impure_field() {
  if constexpr (battery::Facts<M>::exact) {
    Faults faults;
    auto pass = adaptive_pass<M>(problem(&faults), ReversibleAdjoint{});
    const std::int64_t forth = faults.calls;
    int caught = 0, tried = 0;
    const std::int64_t first_accepted = forth / 2;
    for (std::int64_t k = first_accepted; k <= forth; ++k, ++tried) {
      faults = {.impure_from_call = k};
      try {
        (void)adaptive_gradient<M>(problem(&faults), ReversibleAdjoint{});
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

template <class M>
void adaptive_keeps_the_last_save_of_float_states() {
  const Problem turning{problems::Linear<2, float>((Eigen::Matrix2f() << -1e-3f, 1, -1, -1e-3f).finished()),
                        Eigen::Vector2f(1, 2), 0.0, 1e3};
  std::vector<double> times;
  for (int i = 0; i <= 1000; ++i) times.push_back(i);
  const auto solution = solve(turning, method<M>(), Adaptive{.rtol = 1e-4, .atol = 1e-4}, SaveAt{.times = times});
  REQUIRE(solution.ys().size() == 1001);
  CHECK(solution.ts().back() == 1e3);
  // e^{−t/1000} times a rotation; a thousand steps at least add up their errors.
  CHECK(solution.ys().back().norm() == Approx(std::sqrt(5) * std::exp(-1)).epsilon(0.5));
  CHECK(solution.ys()[1][0] == Approx(std::cos(1) + 2 * std::sin(1)).epsilon(0.01));
}

// From afar an exact pair comes back to the bit; a floating one drifts by some ulps times λ^−n, and more where the way forth
// contracts, which is told.
template <class M>
void adaptive_comes_back_from_afar() {
  if constexpr (reversible<M>) {
    Given far = problem();
    far.t1 = battery::Facts<M>::exact ? 200 : 4;
    const auto trip = assert_reversible(far, method<M>(), by_rule<M>());
    if constexpr (battery::Facts<M>::exact) {
      CHECK(trip.steps > 200);
      CHECK(battery::same_bits(trip.y0, far.y0));
      CHECK(trip.bits == 2 * trip.steps);
    } else {
      CHECK(trip.drift == (trip.y0 - far.y0).cwiseAbs().maxCoeff());
      CHECK((trip.drift > 0 && trip.drift < 1e-12 * std::pow(method<M>().lambda, -static_cast<double>(trip.steps))));
    }
  }
}

}  // namespace antistrophe::edge_cases
