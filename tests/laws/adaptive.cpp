// What every method with an error estimate does under a tolerance, rejected trials included.
#include "laws/complex_step.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace antistrophe::laws {
namespace {

// Tried at once with a step of 4, and later with steps at the very edge of the tolerance (safety 1), so that many trials are
// rejected; loose where the order is low, so that all take some tens of steps.
Adaptive hasty(const AnyMethod& m, double direction = 1) {
  const double tolerance = m->order <= 3 ? 1e-3 : 1e-6;
  return {.rtol = tolerance,
          .atol = tolerance,
          .safety = 1,
          .first_step = 4 * direction,
          .gradient_rtol = std::numeric_limits<double>::infinity()};
}

// A pendulum, driven hard, forth and back in time. Numbers are multiples of an exact pair's resolution.
const auto forth = erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 6.0);
const auto back = erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 6.0, 0.5);

// Duplicates, times close together, at the ends and in between.
inline const SaveAt forth_saves{.times = {0.5, 0.5, 1.0, 1.0, 1.01, 2.5, 4.75, 4.76, 6.0}};
inline const SaveAt back_saves{.times = {6.0, 6.0, 4.76, 4.75, 2.5, 1.01, 1.0, 1.0, 0.5}};

// law(problem, options, saves) both ways in time.
template <class Law>
void both_ways(const AnyMethod& m, const Law& law) {
  {
    INFO("t0 < t1");
    law(forth, hasty(m), forth_saves);
  }
  {
    INFO("t1 < t0");
    law(back, hasty(m, -1), back_saves);
  }
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
  CHECK((a.t0 == b.t0 && a.t1 == b.t1));
}

// No entry is 0.
template <class G>
bool is_telling(const G& gradient) {
  bool telling = battery::all_nonzero(gradient.y0) && battery::all_nonzero(gradient.theta);
  telling = telling && gradient.t0 != 0 && gradient.t1 != 0;
  return telling;
}

// --- Replay ----------------------------------------------------------------------------------------------------------------

// The steps that were taken, taken again, give the same states, bits and gradients, bit for bit: rejected trials have left
// no trace, in the stack of bits neither.
LAW("The steps taken, taken again, give the same states, bits and gradients bit for bit", "[adaptive]",
    adaptive_methods()) {
  both_ways(m, [&](const auto& problem, const Adaptive& options, const SaveAt& save_at) {
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      auto pass = m.solve_with_pullback(problem, options, save_at, adjoint);
      const Stats& stats = pass.stats();
      REQUIRE(stats.rejected >= 3);
      CHECK(stats.steps == stats.accepted + stats.rejected);
      const std::vector<double> steps = pass.solution().steps();
      REQUIRE(static_cast<std::int64_t>(steps.size()) == stats.accepted + 1);
      REQUIRE((steps.front() == problem.t0 && steps.back() == problem.t1));

      auto replay = m.solve_with_pullback(problem, StepTo{steps}, save_at, adjoint);
      CHECK((replay.stats().rejected == 0 && replay.stats().accepted == stats.accepted));
      CHECK(replay.solution().steps() == steps);
      CHECK(replay.stats().bits == stats.bits);
      CHECK(replay.ts() == pass.ts());
      check_same_states(replay.ys(), pass.ys());
      Adaptive unguarded = options;  // without a trace
      unguarded.sensitivity_guard = false;
      check_same_states(m.solve(problem, unguarded, save_at).ys(),
                        m.solve_with_pullback(problem, unguarded, save_at, adjoint).ys());

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
LAW("Both adjoints give one gradient of the steps taken", "[adaptive]", adaptive_pairs()) {
  both_ways(m, [&](const auto& problem, const Adaptive& options, const SaveAt& save_at) {
    const AnyMethod tried = m->exact ? m : m.with_lambda(0.999);
    auto pass = tried.solve_with_pullback(problem, options, save_at, ReversibleAdjoint{});
    auto direct = tried.solve_with_pullback(problem, options, save_at, DirectAdjoint{});
    REQUIRE(pass.stats().rejected > 0);
    REQUIRE(direct.solution().steps() == pass.solution().steps());
    check_same_states(direct.ys(), pass.ys());
    const auto ys_bar = weights_of(pass.ys());
    const auto gradient = pass.pullback(ys_bar), stored = direct.pullback(ys_bar);
    CHECK(is_telling(gradient));
    CHECK(battery::gradient_difference(stored, gradient) < (m->exact ? 1e-12 : 1e-10));
    if (m->exact) {
      CHECK(gradient.stats.drift == 0);
      CHECK(pass.stats().bits == 2 * pass.stats().accepted);  // at λ = 1/2 one bit a component a step
    } else {
      CHECK((gradient.stats.drift > 0 && gradient.stats.drift < 1e-11));
    }
  });
}

// There and back: an exact pair meets y0 bit for bit, a floating one to what λ^−n leaves.
LAW("There and back, rejected trials or not, it ends where it began", "[adaptive]", adaptive_pairs()) {
  both_ways(m, [&](const auto& problem, const Adaptive& options, const SaveAt&) {
    const AnyMethod tried = m->exact ? m : m.with_lambda(0.999);
    const auto solution = tried.solve(problem, options);
    REQUIRE(solution.stats().rejected > 0);
    const auto trip = tried.assert_reversible(problem, options);
    CHECK(trip.steps == solution.stats().accepted);
    CHECK(battery::same_bits(trip.y1, solution.ys().back()));
    CHECK((trip.y1 - problem.y0).norm() > 0.1);
    if (m->exact) {
      CHECK(battery::same_bits(trip.y0, problem.y0));
    } else {
      CHECK((trip.y0 - problem.y0).norm() < 1e-11);
      CHECK(trip.drift == (trip.y0 - problem.y0).cwiseAbs().maxCoeff());
    }
  });
}

// A stepper driven by hand: what is attempted, looked at in every way and rejected, changes neither carry nor bits; and the way
// back meets every carry of the way forth.
LAW("Rejected attempts leave no trace", "[adaptive]", adaptive_methods()) {
  const auto steps = m.solve(forth, hasty(m)).steps();
  const auto traces = m.rejected_attempts(forth, StepTo{steps}.timeline(forth.t0, forth.t1));
  CHECK(traces.same_bits);
  CHECK(traces.same_carries);
  CHECK(traces.comes_back == m->exact);
}

// --- Against complex steps ---------------------------------------------------------------------------------------------------

// The gradient is that of the map that the steps taken make, steps held constant: by complex steps of the replay.
LAW("The gradient is that of the steps taken, by complex steps", "[adaptive]", adaptive_methods()) {
  both_ways(m, [&](const auto& problem, const Adaptive& options, const SaveAt& save_at) {
    auto pass = m.solve_with_pullback(problem, options, save_at, DirectAdjoint{});
    REQUIRE(pass.stats().rejected > 0);
    const auto expected = complex_step_gradient<problems::DrivenPendulum>(problem, m.real_valued(),
                                                                          StepTo{pass.solution().steps()}, save_at);
    REQUIRE((battery::all_nonzero(expected.y0) && battery::all_nonzero(expected.theta)));
    const auto gradient = pass.pullback(weights_of(pass.ys()));
    // Round-off of some tens of steps; an exact pair's path is besides off by 3 · 2^−52 a step.
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-12);
    CHECK(battery::relative_difference(expected.theta, gradient.theta) < 1e-12);
  });
}

// --- Other states ------------------------------------------------------------------------------------------------------------

// A batch shares its steps; its columns are the samples in those steps, and theta's gradient the sum of theirs.
LAW("A batch is its columns", "[adaptive]", adaptive_methods()) {
  using Matrix = Eigen::Matrix<double, 2, Eigen::Dynamic>;
  const Matrix starts = Eigen::Matrix<double, 2, 3>{{1, 0.5, 2}, {0.5, 1, 0.25}};
  const auto batch = erased_problem<Matrix>(problems::LotkaVolterraBatch{}, Matrix(starts), 0.0, 3.0);
  const SaveAt save_at{.times = {0.3, 1.7, 3.0}};
  auto pass = m.solve_with_pullback(batch, hasty(m), save_at);
  REQUIRE(pass.stats().rejected > 0);
  const auto ys_bar = weights_of(pass.ys());
  const auto whole = pass.pullback(ys_bar);
  Eigen::VectorXd theta_sum = Eigen::VectorXd::Zero(4);
  // To the bit for plain methods and, going forth, floating pairs; an exact pair's dither is another in another place: some
  // 100 steps, off by at most 3 · 2^−52, on a flow that amplifies less than a hundredfold. The way back of a floating pair
  // at λ = 0.9 loses up to 0.9^−100 = 4e4 ulps, a hundredfold too.
  for (Eigen::Index c = 0; c < 3; ++c) {
    const auto single = erased_problem<Matrix>(problems::LotkaVolterraBatch{}, Matrix(starts.col(c)), 0.0, 3.0);
    auto alone = m.solve_with_pullback(single, StepTo{pass.solution().steps()}, save_at);
    std::vector<Matrix> mine;
    for (const Matrix& w : ys_bar) mine.emplace_back(w.col(c));
    const auto gradient = alone.pullback(mine);
    CHECK(battery::all_nonzero(gradient.y0));
    for (std::size_t i = 0; i < pass.ys().size(); ++i)
      CHECK((pass.ys()[i].col(c) - alone.ys()[i]).norm() <= (m->exact ? 1e-11 : 0));
    CHECK((whole.y0.col(c) - gradient.y0).norm() <= 1e-9 * gradient.y0.norm());
    theta_sum += gradient.theta;
  }
  CHECK(battery::all_nonzero(theta_sum));
  CHECK(battery::relative_difference(theta_sum, whole.theta) < 1e-9);
}

// float states: steps are chosen, replayed to the bit, and give the gradient of double in the same steps to float's digits.
LAW("States of float are replayed to the bit, with the gradient of double", "[adaptive]", adaptive_methods()) {
  const auto single = erased_problem<Vector2f>(problems::DrivenPendulum<float>{}, Vector2f(1, 0.5f), 0.5, 6.0);
  Adaptive options = hasty(m);
  options.rtol = 1e-3, options.atol = 1e-3;
  auto pass = m.solve_with_pullback(single, options, forth_saves);
  REQUIRE(pass.stats().rejected > 0);
  const StepTo steps{pass.solution().steps()};
  auto replay = m.solve_with_pullback(single, steps, forth_saves);
  check_same_states(replay.ys(), pass.ys());
  CHECK(replay.stats().bits == pass.stats().bits);
  const auto ys_bar = weights_of(pass.ys());
  const auto gradient = pass.pullback(ys_bar);
  check_same_bits(replay.pullback(ys_bar), gradient);
  const auto expected = m.value_and_gradient(forth, steps, battery::WeightedSum{}, forth_saves).gradient;
  // Some tens of steps of some 50 roundings of 6e−8, adding up as their root, on a flow that amplifies less than tenfold. A
  // floating pair goes back at λ = 0.9 for some tens of steps: some 100 times as much.
  const double tolerance = !m->reversible || m->exact ? 1e-4 : 1e-2;
  CHECK(battery::relative_difference(expected.y0, Eigen::Vector2d(gradient.y0.cast<double>())) < tolerance);
  CHECK(battery::relative_difference(expected.theta, Eigen::VectorXd(gradient.theta.cast<double>())) < tolerance);
}

}  // namespace
}  // namespace antistrophe::laws
