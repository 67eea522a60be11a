// Fields that jump at known times, which steps are told in `.jumps`: each step sees its own side, and nothing is lost.
#include "laws/complex_step.hpp"

#include "support/switched.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace antistrophe::laws {
namespace {

using problems::SplitSwitchedSprings, problems::SwitchedVortex, problems::switches;

const auto vortex = erased_problem<Vector2d>(SwitchedVortex<>{}, Vector2d(0.9, -0.4), 0.5, 3.5);
const auto vortex_back = erased_problem<Vector2d>(SwitchedVortex<>{}, Vector2d(0.9, -0.4), 3.5, 0.5);
const auto springs = erased_problem<Vector4d>(SplitSwitchedSprings<>{}, Vector4d(0.5, -0.25, 0.1, 0.7), 0.5, 3.5);

// All that are no splittings.
Methods of_whole_fields() {
  Methods result;
  for (const AnyMethod& m : all_methods()) {
    const auto is_m = [&](const AnyMethod& other) { return other.name() == m.name(); };
    const Methods split = joined({symplectic(), floating_symplectic()});
    if (std::none_of(split.begin(), split.end(), is_m)) result.push_back(m);
  }
  return result;
}

// The largest along the way, for at a single time the leading term may happen to cross zero.
double error_of(const AnyMethod& m, const auto& equations, const auto& problem, const AnySteps& steps) {
  const auto pass = m.solve_with_pullback(problem, steps, SaveAt{.steps = true});
  double largest = 0;
  for (std::size_t i = 0; i < pass.ys().size(); ++i)
    largest = std::fmax(largest, (pass.ys()[i] - equations.solution(problem.y0, problem.t0, pass.ts()[i])).norm());
  return largest;
}

// Where a method is in its regime: on each piece an Adams method needs several times the K steps that start it (a piece has n/6
// steps and more), and at a lambda near 1 the next term of a pair of odd order is small only where h is beside 1 − λ.
std::int64_t first_steps(const AnyMethod& m) {
  if (m.name().starts_with("ReversibleAdams")) return std::max(24, 24 * m->order);
  return !m->exact && m->increments == 2 && m->order > 1 && m->order % 2 == 1 ? 768 : 24;
}

// The order is observed from the first n whose error is below 1e−3 to 4n: there the ratio of two errors of order p is 4^p but
// for the next term and for pieces whose steps are rounded to a whole number. Half an order is left for both.
template <class StepsOf>
void keeps_order(const AnyMethod& m, const auto& equations, const auto& problem, const StepsOf& steps_of) {
  std::int64_t n = first_steps(m);
  double coarse = error_of(m, equations, problem, steps_of(n));
  while (!(coarse < 1e-3) && n < 20000) {
    n *= 2;
    coarse = error_of(m, equations, problem, steps_of(n));
  }
  const double fine = error_of(m, equations, problem, steps_of(4 * n));
  CAPTURE(n, coarse, fine);
  // Below some units of exact numbers, 2^-42 of a state of 1, there is no order left to see.
  CHECK((std::log2(coarse / fine) / 2 > m->order - 0.5 || fine < 1e-10));
}

FixedSteps fixed_steps(std::int64_t n) { return {.n = n, .jumps = switches()}; }
StepTo step_to(std::int64_t n) {
  return {.times = std::vector<double>{1.0, 2.0, 3.0}, .each = std::max<std::int64_t>(1, n / 7), .jumps = switches()};
}

LAW("No order is lost at jumps that are named", "[jumps]", joined({of_whole_fields(), quiet_ito_schemes()})) {
  keeps_order(m, SwitchedVortex<>{}, vortex, fixed_steps);
  keeps_order(m, SwitchedVortex<>{}, vortex, step_to);
  keeps_order(m, SwitchedVortex<>{}, vortex,
              [](std::int64_t n) { return FixedStep{.h = 3.0 / (static_cast<double>(n) + 0.3), .jumps = switches()}; });
  if (m->both_ways) keeps_order(m, SwitchedVortex<>{}, vortex_back, fixed_steps);
}
LAW("No order of a splitting is lost at jumps that are named", "[jumps]", symplectic()) {
  keeps_order(m, problems::SwitchedSprings<>{}, springs, fixed_steps);
  keeps_order(m, problems::SwitchedSprings<>{}, springs, step_to);
}

LAW("Adaptive steps land on jumps that are named, once each and by no tiny steps", "[jumps]", adaptive_methods()) {
  const Adaptive steps{.rtol = 1e-8, .atol = 1e-8, .jumps = switches()};
  for (const auto& problem : {vortex, vortex_back}) {
    const auto solution = m.solve(problem, steps);
    CHECK((solution.ys().back() - SwitchedVortex<>{}.solution(problem.y0, problem.t0, problem.t1)).norm() < 1e-5);
    const std::vector<double> nodes = solution.steps();
    for (const double at : switches()) CHECK(std::count(nodes.begin(), nodes.end(), at) == 1);
    for (std::size_t i = 1; i < nodes.size(); ++i) CHECK(std::fabs(nodes[i] - nodes[i - 1]) > 1e-6);
    // Taken again, with the jumps named and without, for the steps know them.
    const auto again = m.solve(problem, StepTo{solution.steps()});
    const auto named = m.solve(problem, StepTo{.times = solution.steps(), .jumps = switches()});
    CHECK(battery::same_bits(again.ys().back(), solution.ys().back()));
    CHECK(battery::same_bits(named.ys().back(), solution.ys().back()));
  }
}

const SaveAt inside_and_at_jumps{.times = {0.57, 1.06, 1.3, 1.7, 2.5499, 3.4}, .t1 = true};

Methods of_complex_states() {
  return joined({methods("Euler, RK4, Bosh3, Dopri5, Reversible<Euler>, Reversible<RK4>, Reversible<Bosh3>, "
                         "Reversible<Dopri5>, Reversible<RK4, Floating>, ReversibleAdams<1>, ReversibleAdams<4>, "
                         "ReversibleAdams<6>, ReversibleAdamsPece<3>, TwoPoint<Euler>, TwoPoint<Midpoint>, "
                         "TwoPoint<Dopri5>"),
                 one_evaluation(), ito_schemes()});
}

// Entry by entry relative to the largest: grains of exact numbers, 2^-42 a step, are met by slopes of the gradient.
template <template <class> class Equations, class Y>
void check_gradients(const AnyMethod& m, const ProblemOf<Y>& problem, const AnySteps& steps) {
  const auto expected = complex_step_gradient<Equations>(problem, m.real_valued(), steps, inside_and_at_jumps);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const auto gradient =
        m.value_and_gradient(problem, steps, battery::WeightedSum{}, inside_and_at_jumps, adjoint).gradient;
    CHECK(battery::all_nonzero(expected.theta));
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-10);
    CHECK(battery::relative_difference(expected.theta, gradient.theta) < 1e-10);
  });
}

LAW("Gradients through jumps are those of the discrete solve, by all adjoints", "[jumps]", of_complex_states()) {
  check_gradients<SwitchedVortex>(m, vortex, fixed_steps(60));
  check_gradients<SwitchedVortex>(m, vortex, step_to(77));
  check_gradients<SwitchedVortex>(m, vortex, FixedStep{.h = 0.0503, .jumps = switches()});
}
LAW("Gradients of splittings through jumps are those of the discrete solve, by all adjoints", "[jumps]", symplectic()) {
  check_gradients<SplitSwitchedSprings>(m, springs, fixed_steps(60));
  check_gradients<SplitSwitchedSprings>(m, springs, step_to(77));
}

LAW("Adjoints agree through jumps on which adaptive steps land", "[jumps]", adaptive_exact_pairs()) {
  const Adaptive steps{.rtol = 1e-6, .atol = 1e-6, .jumps = switches()};
  const auto by = [&](const AnyAdjoint& adjoint) {
    return m.value_and_gradient(vortex, steps, battery::WeightedSum{}, inside_and_at_jumps, adjoint).gradient;
  };
  const auto reversible = by(ReversibleAdjoint{}), direct = by(DirectAdjoint{});
  CHECK(battery::relative_difference(direct.y0, reversible.y0) < 1e-13);
  CHECK(battery::relative_difference(direct.theta, reversible.theta) < 1e-13);
}

LAW("The way back meets the way forth bit for bit through jumps", "[jumps]",
    joined({few_exact_pairs(), few_two_points(), one_evaluation(),
            methods("ReversibleAdams<2>, ReversibleAdamsPece<3>")})) {
  CHECK_NOTHROW(m.assert_reversible(vortex, fixed_steps(57)));
  CHECK_NOTHROW(m.assert_reversible(vortex_back, fixed_steps(57)));
  CHECK_NOTHROW(m.assert_reversible(vortex, step_to(60)));
}

LAW("Jumps outside are ignored, and at the ends they show f its inner side", "[jumps]", and_ito(of_whole_fields())) {
  // f is NaN at the jumps themselves.
  const auto between = erased_problem<Vector2d>(SwitchedVortex<>{}, Vector2d(0.9, -0.4), 1.06, 1.7);
  const auto named = m.solve_with_pullback(between, FixedSteps{.n = 12, .jumps = switches()});
  CHECK(named.ys().back().allFinite());
  const auto outside = erased_problem<Vector2d>(SwitchedVortex<>{}, Vector2d(0.9, -0.4), 1.125, 1.625);
  const auto with = m.solve_with_pullback(outside, FixedSteps{.n = 12, .jumps = switches()});
  const auto without = m.solve_with_pullback(outside, FixedSteps{12});
  CHECK(battery::same_bits(with.ys().back(), without.ys().back()));
  CHECK(with.stats().evaluations == without.stats().evaluations);
}

// More evaluations of a solve in 24 steps with three jumps on nodes than of one without.
std::int64_t evaluations_for_jumps(const AnyMethod& m) {
  const auto smooth = erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(0.4, -0.6), 0.5, 3.5);
  const auto with = m.solve_with_pullback(smooth, FixedSteps{.n = 24, .jumps = {1, 2, 2.75}});
  const auto without = m.solve_with_pullback(smooth, FixedSteps{24});
  CHECK(with.solution().steps().size() == 25);
  return with.stats().evaluations - without.stats().evaluations;
}

LAW("A jump on a node costs plain methods and pairs nothing", "[jumps]", and_ito(joined({plain(), exact_pairs()}))) {
  CHECK(evaluations_for_jumps(m) == 0);
}
LAW("A jump on a node costs what two steps shared there", "[jumps]",
    joined({few_two_points(), methods("ReversibleHeun<>, AsynchronousLeapfrog<>")})) {
  CHECK(evaluations_for_jumps(m) == 3);
}

}  // namespace
}  // namespace antistrophe::laws
