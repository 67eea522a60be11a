// What every method with an error estimate does under a tolerance, rejected trials included. Each law is a function template
// over the method; the programs beside this header run them for plain methods, exact pairs and floating pairs.
#pragma once

#include "battery.hpp"
#include "catch.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

namespace antistrophe::adaptive {

// Tried at once with a step of 4, and later with steps at the very edge of the tolerance (safety 1), so that many trials are
// rejected; loose where the order is low, so that all take some tens of steps.
template <class M>
Adaptive hasty(double direction = 1) {
  const double tolerance = battery::Facts<M>::order <= 3 ? 1e-3 : 1e-6;
  return {.rtol = tolerance, .atol = tolerance, .safety = 1, .first_step = 4 * direction};
}

// A pendulum, driven hard, forth and back in time. Numbers are multiples of an exact pair's resolution.
inline const Problem forth{problems::DrivenPendulum<>{}, Eigen::Vector2d(1, 0.5), 0.5, 6.0};
inline const Problem back{problems::DrivenPendulum<>{}, Eigen::Vector2d(1, 0.5), 6.0, 0.5};

// Duplicates, times close together, at the ends and in between.
inline const SaveAt forth_saves{.times = {0.5, 0.5, 1.0, 1.0, 1.01, 2.5, 4.75, 4.76, 6.0}};
inline const SaveAt back_saves{.times = {6.0, 6.0, 4.76, 4.75, 2.5, 1.01, 1.0, 1.0, 0.5}};

// law(problem, options, saves) both ways in time.
template <class M, class Law>
void both_ways(const Law& law) {
  {
    INFO("t0 < t1");
    law(forth, hasty<M>(), forth_saves);
  }
  {
    INFO("t1 < t0");
    law(back, hasty<M>(-1), back_saves);
  }
}

template <class M>
inline constexpr bool reversible = battery::Facts<M>::increments == 2;

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

template <class M>
M method() {
  return battery::Facts<M>::method();
}

template <class Y>
std::vector<Y> weights_of(const std::vector<Y>& ys) {
  std::vector<Y> ys_bar = ys;
  battery::WeightedSum{}(ys, ys_bar);
  return ys_bar;
}

template <class Y>
void check_same_states(const std::vector<Y>& a, const std::vector<Y>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(battery::same_bits(a[i], b[i]));
}

template <class G>
void check_same_bits(const G& a, const G& b) {
  CHECK(battery::same_bits(a.y0, b.y0));
  CHECK(battery::same_bits(a.theta, b.theta));
  if constexpr (std::is_same_v<decltype(a.t0), double>) CHECK((a.t0 == b.t0 && a.t1 == b.t1));
}

// No entry is 0.
template <class G>
bool is_telling(const G& gradient) {
  bool telling = battery::all_nonzero(gradient.y0) && battery::all_nonzero(gradient.theta);
  if constexpr (std::is_same_v<decltype(gradient.t0), double>)
    telling = telling && gradient.t0 != 0 && gradient.t1 != 0;
  return telling;
}

// --- Replay ----------------------------------------------------------------------------------------------------------------

// The steps that were taken, taken again, give the same states, bits and gradients, bit for bit: rejected trials have left
// no trace, in the stack of bits neither.
template <class M>
void replays_bit_for_bit() {
  both_ways<M>([](const auto& problem, const Adaptive& options, const SaveAt& save_at) {
    with_adjoints<M>([&](const auto& adjoint) {
      auto pass = solve_with_pullback(problem, method<M>(), options, save_at, adjoint);
      const Stats& stats = pass.stats();
      REQUIRE(stats.rejected >= 3);
      CHECK(stats.steps == stats.accepted + stats.rejected);
      const std::vector<double> steps = pass.solution().steps();
      REQUIRE(static_cast<std::int64_t>(steps.size()) == stats.accepted + 1);
      REQUIRE((steps.front() == problem.t0 && steps.back() == problem.t1));

      auto replay = solve_with_pullback(problem, method<M>(), StepTo{steps}, save_at, adjoint);
      CHECK((replay.stats().rejected == 0 && replay.stats().accepted == stats.accepted));
      CHECK(replay.solution().steps() == steps);
      CHECK(replay.stats().bits == stats.bits);
      CHECK(replay.ts() == pass.ts());
      check_same_states(replay.ys(), pass.ys());
      check_same_states(solve(problem, method<M>(), options, save_at).ys(), pass.ys());  // without a trace

      const auto ys_bar = weights_of(pass.ys());
      const auto gradient = pass.pullback(ys_bar);
      CHECK(is_telling(gradient));
      check_same_bits(replay.pullback(ys_bar), gradient);
      check_same_bits(pass.pullback(ys_bar), gradient);  // and again
    });
  });
}

// --- The way back ------------------------------------------------------------------------------------------------------------

// Both adjoints pull back through the same increments at the same points. For an exact pair only the order of sums may
// differ, by a rounding in each of some 100 to 600 in a step: 1.1e−16 · √(100 · 600) = 3e−14, times 30 for cancellation.
// The way back of a floating pair is off by some 1.1e−16 Σ λ^−k; at λ = 0.999 by some n ulps, times some tens for the
// sensitivity of the gradient to the state.
template <class M>
void both_adjoints_agree() {
  both_ways<M>([](const auto& problem, const Adaptive& options, const SaveAt& save_at) {
    M tried = method<M>();
    if constexpr (!battery::Facts<M>::exact) tried.lambda = 0.999;
    auto pass = solve_with_pullback(problem, tried, options, save_at, ReversibleAdjoint{});
    auto direct = solve_with_pullback(problem, tried, options, save_at, DirectAdjoint{});
    REQUIRE(pass.stats().rejected > 0);
    REQUIRE(direct.solution().steps() == pass.solution().steps());
    check_same_states(direct.ys(), pass.ys());
    const auto ys_bar = weights_of(pass.ys());
    const auto gradient = pass.pullback(ys_bar), stored = direct.pullback(ys_bar);
    CHECK(is_telling(gradient));
    CHECK(battery::gradient_difference(stored, gradient) < (battery::Facts<M>::exact ? 1e-12 : 1e-10));
    if constexpr (battery::Facts<M>::exact) {
      CHECK(gradient.stats.drift == 0);
      CHECK(pass.stats().bits == 2 * pass.stats().accepted);  // at λ = 1/2 one bit a component a step
    } else {
      CHECK((gradient.stats.drift > 0 && gradient.stats.drift < 1e-11));
    }
  });
}

// There and back: an exact pair meets y0 bit for bit, a floating one to what λ^−n leaves.
template <class M>
void comes_back() {
  both_ways<M>([](const auto& problem, const Adaptive& options, const SaveAt&) {
    M tried = method<M>();
    if constexpr (!battery::Facts<M>::exact) tried.lambda = 0.999;
    const auto solution = solve(problem, tried, options);
    REQUIRE(solution.stats().rejected > 0);
    const auto trip = assert_reversible(problem, tried, options);
    CHECK(trip.steps == solution.stats().accepted);
    CHECK(battery::same_bits(trip.y1, solution.ys().back()));
    CHECK((trip.y1 - problem.y0).norm() > 0.1);
    if constexpr (battery::Facts<M>::exact) {
      CHECK(battery::same_bits(trip.y0, problem.y0));
    } else {
      CHECK((trip.y0 - problem.y0).norm() < 1e-11);
      CHECK(trip.drift == (trip.y0 - problem.y0).cwiseAbs().maxCoeff());
    }
  });
}

template <class Carry>
bool same_parts(const Carry& a, const Carry& b) {
  return std::apply(
      [&](const auto&... x) {
        return std::apply([&](const auto&... y) { return ((x.array() == y.array()).all() && ...); }, b.parts());
      },
      a.parts());
}

// A stepper driven by hand: what is attempted, looked at in every way and rejected, changes neither carry nor bits; and the way
// back meets every carry of the way forth.
template <class M>
void rejected_attempts_leave_no_trace() {
  const auto steps = solve(forth, method<M>(), hasty<M>()).steps();
  using F = problems::DrivenPendulum<>;
  using Y = Eigen::Vector2d;
  using S = typename M::template Stepper<F, Y>;
  const Timeline timeline = StepTo{steps}.timeline(forth.t0, forth.t1);
  struct Run {
    std::vector<typename S::Carry> carries;
    BitStack bits;
  };
  const auto run = [&](bool with_rejections) {
    S stepper(method<M>(), forth.field, forth.y0);
    auto carry = stepper.make_carry();
    Run result;
    REQUIRE(stepper.start(forth.t0, forth.y0, carry) == Outcome::ok);
    for (std::int64_t i = 0; i < timeline.steps(); ++i) {
      const Step step = step_at(timeline, i);
      if (with_rejections) {
        for (const double factor : {3.0, 1.5}) {
          Step trial = step;
          trial.t1 = step.t0 + factor * step.h();
          const Outcome outcome = stepper.attempt(trial, carry);
          if (outcome != Outcome::ok) continue;
          Y y1;
          std::array<Y, static_cast<std::size_t>(S::error_estimates)> estimates;
          StepPolynomial<Y, S::dense_degree> polynomial(forth.y0);
          stepper.proposal(trial, carry, y1);
          stepper.error(trial, carry, estimates);
          if (i % 2 == 0) stepper.extend(trial, carry, polynomial);
        }
      }
      result.carries.push_back(carry);
      REQUIRE(stepper.attempt(step, carry) == Outcome::ok);
      REQUIRE(stepper.commit(step, carry, result.bits) == Outcome::ok);
    }
    result.carries.push_back(carry);
    return result;
  };
  const Run clean = run(false), tried = run(true);
  CHECK(tried.bits.size() == clean.bits.size());
  for (std::size_t i = 0; i < clean.carries.size(); ++i) CHECK(same_parts(clean.carries[i], tried.carries[i]));
  BitStack::Cursor a(clean.bits), b(tried.bits);
  while (!a.at_bottom() && !b.at_bottom()) REQUIRE(a.pop(1) == b.pop(1));
  if constexpr (battery::Facts<M>::exact) {
    S stepper(method<M>(), forth.field, forth.y0);
    auto carry = tried.carries.back();
    BitStack::Cursor cursor(tried.bits);
    for (std::int64_t i = timeline.steps(); i-- > 0;) {
      REQUIRE(stepper.reconstruct(step_at(timeline, i), carry, cursor) == Outcome::ok);
      REQUIRE(S::same(carry, tried.carries[static_cast<std::size_t>(i)]));
    }
    CHECK(cursor.at_bottom());
  }
}

// --- Against complex steps ---------------------------------------------------------------------------------------------------

// The gradient is that of the map that the steps taken make, steps held constant: by complex steps of the replay.
template <class M>
void gradient_is_that_of_the_steps() {
  both_ways<M>([](const auto& problem, const Adaptive& options, const SaveAt& save_at) {
    auto pass = solve_with_pullback(problem, method<M>(), options, save_at, DirectAdjoint{});
    REQUIRE(pass.stats().rejected > 0);
    const auto expected = battery::complex_step_gradient<problems::DrivenPendulum>(
        problem, battery::Facts<M>::real_valued(), StepTo{pass.solution().steps()}, save_at);
    REQUIRE((battery::all_nonzero(expected.y0) && battery::all_nonzero(expected.theta)));
    const auto gradient = pass.pullback(weights_of(pass.ys()));
    // Round-off of some tens of steps; an exact pair's path is besides off by 3 · 2^−52 a step.
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-12);
    CHECK(battery::relative_difference(expected.theta, gradient.theta) < 1e-12);
  });
}

// --- Other states ------------------------------------------------------------------------------------------------------------

// A batch shares its steps; its columns are the samples in those steps, and theta's gradient the sum of theirs.
template <class M>
void a_batch_is_its_columns() {
  using Matrix = Eigen::Matrix<double, 2, Eigen::Dynamic>;
  const Matrix starts = Eigen::Matrix<double, 2, 3>{{1, 0.5, 2}, {0.5, 1, 0.25}};
  const Problem<problems::LotkaVolterraBatch, Matrix> batch{{}, starts, 0.0, 3.0};
  const SaveAt save_at{.times = {0.3, 1.7, 3.0}};
  auto pass = solve_with_pullback(batch, method<M>(), hasty<M>(), save_at);
  REQUIRE(pass.stats().rejected > 0);
  const auto ys_bar = weights_of(pass.ys());
  const auto whole = pass.pullback(ys_bar);
  Eigen::Vector4d theta_sum = Eigen::Vector4d::Zero();
  // To the bit for plain methods and, going forth, floating pairs; an exact pair's dither is another in another place: some
  // 100 steps, off by at most 3 · 2^−52, on a flow that amplifies less than a hundredfold. The way back of a floating pair
  // at λ = 0.9 loses up to 0.9^−100 = 4e4 ulps, a hundredfold too.
  for (Eigen::Index c = 0; c < 3; ++c) {
    const Problem<problems::LotkaVolterraBatch, Matrix> single{{}, Matrix(starts.col(c)), 0.0, 3.0};
    auto alone = solve_with_pullback(single, method<M>(), StepTo{pass.solution().steps()}, save_at);
    std::vector<Matrix> mine;
    for (const Matrix& w : ys_bar) mine.emplace_back(w.col(c));
    const auto gradient = alone.pullback(mine);
    CHECK(battery::all_nonzero(gradient.y0));
    for (std::size_t i = 0; i < pass.ys().size(); ++i)
      CHECK((pass.ys()[i].col(c) - alone.ys()[i]).norm() <= (battery::Facts<M>::exact ? 1e-11 : 0));
    CHECK((whole.y0.col(c) - gradient.y0).norm() <= 1e-9 * gradient.y0.norm());
    theta_sum += gradient.theta;
  }
  CHECK(battery::all_nonzero(theta_sum));
  CHECK(battery::relative_difference(theta_sum, whole.theta) < 1e-9);
}

// float states: steps are chosen, replayed to the bit, and give the gradient of double in the same steps to float's digits.
template <class M>
void float_states_too() {
  const Problem single{problems::DrivenPendulum<float>{}, Eigen::Vector2f(1, 0.5f), 0.5, 6.0};
  Adaptive options = hasty<M>();
  options.rtol = 1e-3, options.atol = 1e-3;
  auto pass = solve_with_pullback(single, method<M>(), options, forth_saves);
  REQUIRE(pass.stats().rejected > 0);
  const StepTo steps{pass.solution().steps()};
  auto replay = solve_with_pullback(single, method<M>(), steps, forth_saves);
  check_same_states(replay.ys(), pass.ys());
  CHECK(replay.stats().bits == pass.stats().bits);
  const auto ys_bar = weights_of(pass.ys());
  const auto gradient = pass.pullback(ys_bar);
  check_same_bits(replay.pullback(ys_bar), gradient);
  const auto expected = value_and_gradient(forth, method<M>(), steps, battery::WeightedSum{}, forth_saves).gradient;
  // Some tens of steps of some 50 roundings of 6e−8, adding up as their root, on a flow that amplifies less than tenfold. A
  // floating pair goes back at λ = 0.9 for some tens of steps: some 100 times as much.
  const double tolerance = !reversible<M> || battery::Facts<M>::exact ? 1e-4 : 1e-2;
  CHECK(battery::relative_difference(expected.y0, Eigen::Vector2d(gradient.y0.template cast<double>())) < tolerance);
  CHECK(battery::relative_difference(expected.theta, Eigen::Vector3d(gradient.theta.template cast<double>())) <
        tolerance);
}

}  // namespace antistrophe::adaptive

#define ADAPTIVE_LAW(title, function)                     \
  TEMPLATE_LIST_TEST_CASE(title, "[adaptive]", Methods) { \
    INFO(antistrophe::battery::Facts<TestType>::name);    \
    antistrophe::adaptive::function<TestType>();          \
  }
