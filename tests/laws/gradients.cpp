// The gradient of every method and adjoint with steps laid out before the solve: against complex steps of the real-valued map,
// which share no code with it; and both adjoints against each other.
#include "laws/complex_step.hpp"

#include "support/split_problems.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace antistrophe::laws {
namespace {

using problems::DrivenPendulum, problems::HenonHeiles, problems::LotkaVolterra, problems::SplitPendulums;

constexpr std::int64_t n = 40;

ProblemOf<Vector2d> lotka_volterra(double t0, double t1) {
  return erased_problem<Vector2d>(LotkaVolterra<>{}, Vector2d(1, 0.5), t0, t1);
}
ProblemOf<Vector2d> pendulum(double t0, double t1) {
  return erased_problem<Vector2d>(DrivenPendulum<>{}, Vector2d(0.4, -0.6), t0, t1);
}
ProblemOf<Vector4d> pendulums(double t0, double t1) {
  return erased_problem<Vector4d>(SplitPendulums<>{}, Vector4d(0.5, -0.25, 0.1, 0.7), t0, t1);
}

// t0, times given twice, every other node, t1: nodes are multiples of a power of two's share, hence met exactly.
SaveAt nodes(double t0, double t1) {
  const auto node = [&](int i) { return t0 + (t1 - t0) * i / static_cast<double>(n); };
  return {.times = {t0, t0, node(5), node(20), node(20), node(21), t1}, .t0 = true, .t1 = true};
}
// t0, nodes given twice, t1; and times inside the first steps, the last one, and between.
SaveAt nodes_and_inside(double t0, double t1) {
  const auto at = [&](double i) { return t0 + (t1 - t0) * i / static_cast<double>(n); };
  return {.times = {t0, at(0.5), at(2.25), at(5), at(20), at(20), at(20.75), at(21), at(21.5), at(39.5), t1},
          .t0 = true,
          .t1 = true};
}
const SaveAt every_step{.t0 = true, .steps = true};
// Inside steps too, several in one, in the first and in the last.
const SaveAt inside{.times = {0.51, 0.52, 0.55, 1.0, 1.23, 1.24, 1.24, 2.49}, .t1 = true};
const SaveAt inside_back{.times = {0.49, 0.48, 0.0, -0.73, -0.74, -1.49}, .t1 = true};

// Round-off: n = 40 steps of at most 24 stages of some 20 operations, each with 2^−53 of its result, amplified by the
// sensitivity of the flow over 2 units of time, less than e^{2·3}: 40 · 24 · 20 · 1.1e−16 · 400 = 8.5e−10 if all
// conspired, their square root's share if not: 6e−12. An exact path is off by at most 3 · 2^−52 a step besides, 3e−14.
constexpr double round_off = 1e-11;

template <template <class> class Equations, class Y>
double distance(const AnyMethod& m, const ProblemOf<Y>& problem, const SaveAt& save_at,
                const AnyAdjoint& adjoint = {}) {
  return distance_from_complex_step<Equations>(problem, m, n, save_at, adjoint);
}

// The largest difference of the gradients by both adjoints; infinite where anything is 0 or values differ.
template <class Y>
double difference(const AnyMethod& m, const ProblemOf<Y>& problem, std::int64_t steps, const SaveAt& save_at) {
  const battery::WeightedSum loss;
  const auto back = m.value_and_gradient(problem, FixedSteps{steps}, loss, save_at, ReversibleAdjoint{});
  const auto stored = m.value_and_gradient(problem, FixedSteps{steps}, loss, save_at, DirectAdjoint{});
  if (back.value != stored.value || !battery::all_nonzero(stored.gradient.y0) ||
      !battery::all_nonzero(stored.gradient.theta) || stored.gradient.t0 == 0 || stored.gradient.t1 == 0)
    return std::numeric_limits<double>::infinity();
  return battery::gradient_difference(stored.gradient, back.gradient);
}

// --- Against complex steps -------------------------------------------------------------------------------------------------

Methods with_gradients() { return and_ito(joined({plain(), exact_pairs()})); }

LAW("The gradient is that of the real-valued map", "[gradient]", with_gradients()) {
  for (const double t1 : {2.5, -1.5}) {
    CAPTURE(t1);
    if (t1 < 0 && !m->both_ways) continue;
    for (const SaveAt& save_at : {SaveAt{}, every_step, nodes(0.5, t1)})
      CHECK(distance<DrivenPendulum>(m, pendulum(0.5, t1), save_at) < round_off);
  }
}

LAW("Gradients of Lotka-Volterra", "[gradient]", joined({few_plain(), few_exact_pairs()})) {
  for (const double t1 : {2.0, -1.0}) {
    CAPTURE(t1);
    CHECK(distance<LotkaVolterra>(m, lotka_volterra(0, t1), nodes(0, t1)) < round_off);
  }
}

Methods exact_others() { return joined({few_two_points(), methods("TwoPoint<Dopri5>"), one_evaluation()}); }
Methods floating_others() { return joined({few_floating_two_points(), floating_one_evaluation()}); }

LAW("The gradient of an exact method is that of its real-valued map", "[gradient]", exact_others()) {
  for (const SaveAt& save_at : {SaveAt{}, every_step, inside})
    CHECK(distance<DrivenPendulum>(m, pendulum(0.5, 2.5), save_at, ReversibleAdjoint{}) < round_off);
  CHECK(distance<DrivenPendulum>(m, pendulum(0.5, 2.5), inside, DirectAdjoint{}) < round_off);
  for (const SaveAt& save_at : {every_step, inside_back})
    CHECK(distance<DrivenPendulum>(m, pendulum(0.5, -1.5), save_at, ReversibleAdjoint{}) < round_off);
}

LAW("The gradient of a floating method is that of its map", "[gradient]", floating_others()) {
  CHECK(distance<DrivenPendulum>(m, pendulum(0.5, 2.5), inside, DirectAdjoint{}) < round_off);
  CHECK(distance<DrivenPendulum>(m, pendulum(0.5, -1.5), inside_back, DirectAdjoint{}) < round_off);
  // On the way back round-off grows by up to 0.9^−40 = 68.
  CHECK(distance<DrivenPendulum>(m, pendulum(0.5, 2.5), inside, ReversibleAdjoint{}) < 100 * round_off);
}

LAW("At other factors too", "[gradient]", methods("TwoPoint<Bosh3>")) {
  for (const double lambda : {0.25, 0.75, 1.0})
    CHECK(distance<DrivenPendulum>(m.with_lambda(lambda), pendulum(0.5, 2.5), inside) < round_off);
}

LAW("Without parameters, of four numbers", "[gradient]", exact_others()) {
  const auto problem = erased_problem<Vector4d>(HenonHeiles<>{}, Vector4d(0.1, 0.2, -0.3, 0.1), 0.0, 2.0);
  const auto got = m.value_and_gradient(problem, FixedSteps{n}, battery::WeightedSum{}, every_step).gradient;
  const auto expected = complex_step_gradient<HenonHeiles>(problem, m.real_valued(), FixedSteps{n}, every_step);
  CHECK(got.theta.size() == 0);
  CHECK(battery::relative_difference(expected.y0, got.y0) < round_off);
}

LAW("The gradient of an Adams method is that of its real-valued map", "[gradient]",
    methods(
        "ReversibleAdams<1>, ReversibleAdams<3>, ReversibleAdams<8>, ReversibleAdamsPece<1>, ReversibleAdamsPece<4>")) {
  for (const double t1 : {2.5, -1.5}) {
    CAPTURE(t1);
    for (const SaveAt& save_at : {SaveAt{}, every_step, nodes_and_inside(0.5, t1)})
      CHECK(distance<DrivenPendulum>(m, pendulum(0.5, t1), save_at, ReversibleAdjoint{}) < round_off);
  }
}

LAW("The direct adjoint of an Adams method gives it too", "[gradient]", methods("ReversibleAdams<4>")) {
  for (const double t1 : {2.5, -1.5}) {
    CAPTURE(t1);
    for (const SaveAt& save_at : {SaveAt{}, every_step, nodes_and_inside(0.5, t1)})
      CHECK(distance<DrivenPendulum>(m, pendulum(0.5, t1), save_at, DirectAdjoint{}) < round_off);
  }
}

LAW("The dot-product test", "[gradient]", methods("ReversibleAdams<4>")) {
  for (unsigned seed = 1; seed <= 3; ++seed)
    CHECK(dot_product_mismatch<DrivenPendulum>(pendulum(0.5, 2.5), m, n, nodes_and_inside(0.5, 2.5),
                                               ReversibleAdjoint{}, seed) < 1e-12);
}

// Both sides sum the same numbers up to round-off: 60 steps of at most 24 stages of 20 operations, 1.1e−16 each, with a
// sensitivity below e^6 of these flows, adding up as their root: 1.1e−16 · √28,800 · 400 = 7.5e−12.
void check_dot_products(const AnyMethod& m, const AnyAdjoint& adjoint) {
  const auto van_der_pol = erased_problem<Vector2d>(problems::VanDerPol<>{}, Vector2d(2, 0.25), 0.0, 0.5);
  for (unsigned seed = 1; seed <= 3; ++seed) {
    CHECK(dot_product_mismatch<problems::VanDerPol>(van_der_pol, m, 60, every_step, adjoint, seed) < 1e-11);
    CHECK(dot_product_mismatch<DrivenPendulum>(pendulum(3, 1), m, 60, {}, adjoint, seed) < 1e-11);
    CHECK(dot_product_mismatch<LotkaVolterra>(lotka_volterra(0, 0.5), m, 60, every_step, adjoint, seed) < 1e-11);
  }
}
LAW("The dot-product test of plain methods", "[gradient]", few_plain()) { check_dot_products(m, DirectAdjoint{}); }
LAW("The dot-product test of exact pairs, both ways back", "[gradient]", few_exact_pairs()) {
  check_dot_products(m, ReversibleAdjoint{});
  check_dot_products(m, DirectAdjoint{});
}
LAW("The dot-product test of floating pairs", "[gradient]", few_floating_pairs()) {
  check_dot_products(m, DirectAdjoint{});
}

// Several times in one step, in the next, in none for a while, at nodes and at both ends, duplicates; of 60 steps of ∓1/20.
const SaveAt among_steps{.times = {0.5, 0.51, 0.51, 0.53, 0.56, 1.5, 1.99, 2.0, 2.01, 3.47, 3.49, 3.5}};
const SaveAt among_steps_back{.times = {2.0, 1.99, 1.97, 1.97, 1.94, 0.75, 0.01, 0.0, -0.01, -0.97, -0.99, -1.0}};

// Each kind of interpolant, plain and in pairs.
LAW("The gradient of states saved inside the steps is that of the map, by complex steps", "[dense]",
    methods("Euler, Bosh3, RK4, Tsit5, Dopri5, Dop853, Reversible<Midpoint>, Reversible<Bosh3>, Reversible<Tsit5>, "
            "Reversible<Dopri5>, Reversible<Dop853>")) {
  // Round-off of 60 steps in both; an exact pair's path is besides off by 3 · 2^−52 a step.
  const auto problem = lotka_volterra(2, -1);
  CHECK(distance_from_complex_step<LotkaVolterra>(problem, m, 60, among_steps_back, DirectAdjoint{}) < 1e-12);
  CHECK(dot_product_mismatch<LotkaVolterra>(problem, m, 60, among_steps_back, DirectAdjoint{}, 1) < 1e-12);
}

LAW("The gradient of a splitting is that of its real-valued map", "[split]",
    joined({symplectic(), floating_symplectic()})) {
  // 40 steps of 11 substeps of 20 operations, 1.1e−16 each, on a flow that amplifies less than e^4: 5e−11 if all conspired,
  // the root's share if not, 5e−13.
  constexpr double of_splittings = 1e-12;
  for (const SaveAt& save_at : {SaveAt{}, every_step, inside}) {
    CHECK(distance<SplitPendulums>(m, pendulums(0.5, 2.5), save_at, ReversibleAdjoint{}) < of_splittings);
    CHECK(distance<SplitPendulums>(m, pendulums(0.5, 2.5), save_at, DirectAdjoint{}) < of_splittings);
  }
  CHECK(distance<SplitPendulums>(m, pendulums(0.5, -1.5), inside_back, ReversibleAdjoint{}) < of_splittings);
}

// --- Both adjoints against each other --------------------------------------------------------------------------------------

// Both perform the same operations on the same bits; only a compiler's choice of order may part them, by a rounding
// (1.1e−16) in each of a step's some 100 sums over 500 steps, which add up as their root: 1.1e−16 · √50,000 = 2.5e−14,
// times 10 for cancellation among them.
constexpr double of_order = 2.5e-13;

AnyMethod by_default(const AnyMethod& m, double lambda) { return m.with({.by_default = true, .lambda = lambda}); }

LAW("On an exact pair both adjoints see the same states, and agree to round-off", "[gradient]", exact_pairs()) {
  for (const double lambda : {0.5, 0.75, 0.25}) {
    CAPTURE(lambda);
    CHECK(difference(by_default(m, lambda), lotka_volterra(0, 10), 500, {}) < of_order);
  }
}

LAW("On a floating pair both adjoints agree where λ^−n is small", "[gradient]", few_floating_pairs()) {
  // The way back is off by some ulp · Σ λ^−k: at λ = 0.9 and n = 50 by 1.1e−16 · 10 · 0.9^−50 = 2e−13, times the
  // sensitivity of the gradient to the state, less than 1000 over these 2 units of time.
  CHECK(difference(by_default(m, 0.9), lotka_volterra(0, 2), 50, {}) < 2e-10);
  CHECK(difference(by_default(m, 0.999), lotka_volterra(0, 2), 50, {}) < 2e-10);
}

LAW("Both adjoints see the same states, and agree to round-off", "[gradient]", exact_others()) {
  CHECK(difference(m, pendulum(0.5, 2.5), 500, inside) < of_order);
  CHECK(m.value_and_gradient(pendulum(0.5, 2.5), FixedSteps{500}, battery::WeightedSum{}, inside, ReversibleAdjoint{})
            .gradient.stats.drift == 0);
}

LAW("Both adjoints see the same halves, and agree to round-off", "[split]", symplectic()) {
  CHECK(difference(m, pendulums(0.5, 2.5), 500, inside) < of_order);
}

// Both adjoints perform the same operations on the same bits but for the order of sums, a rounding (1.1e−16) in each of some
// 100 in a step: 1.1e−16 · √(60 · 100) = 9e−15, times 10 for cancellation among them.
LAW("States saved inside the steps have one gradient by both adjoints", "[dense]", exact_pairs()) {
  CHECK(difference(m.by_default(), pendulum(0.5, 3.5), 60, among_steps) < 1e-13);
}

LAW("Towards smaller times and at another λ too", "[dense]", few_exact_pairs()) {
  CHECK(difference(by_default(m, 0.75), lotka_volterra(2, -1), 60, among_steps_back) < 1e-13);
}

LAW("Inside a floating pair's steps too, as far as its way back is exact", "[dense]", few_floating_pairs()) {
  // The way back is off by 1.1e−16 Σ λ^−k over 60 steps: at λ = 0.9 by 10 · 0.9^−60 ulps, 6e−13, at 0.999 by some 60, which
  // the gradient's sensitivity to the state makes some tens of times as much.
  CHECK(difference(by_default(m, 0.9), pendulum(0.5, 3.5), 60, among_steps) < 5e-11);
  CHECK(difference(by_default(m, 0.999), pendulum(0.5, 3.5), 60, among_steps) < 1e-12);
}

}  // namespace
}  // namespace antistrophe::laws
