// dL/dt0 and dL/dt1 of the discrete solve, against differences in long double of the same solve with its times moved.
#include "laws/complex_step.hpp"

#include "support/split_problems.hpp"
#include "support/switched.hpp"

#include <cmath>
#include <functional>
#include <initializer_list>
#include <vector>

namespace antistrophe::laws {
namespace {

using problems::DrivenPendulum, problems::LotkaVolterra, problems::SplitPendulums;

// Sixth-order central differences. At a step h of 2^−8 truncation is h^6/140 of the seventh derivative, 2.5e−17 of it; the
// nodes, rounded to double, are off by 2^−53 of a time of about 4, which over 2^−8 makes 1e−13 of the slope of L.
double difference(const std::function<long double(double)>& f, double x, double h) {
  const long double slope =
      45 * (f(x + h) - f(x - h)) - 9 * (f(x + 2 * h) - f(x - 2 * h)) + (f(x + 3 * h) - f(x - 3 * h));
  return static_cast<double>(slope / (60 * static_cast<long double>(h)));
}

// Relative to the larger of the two; the fields' seventh derivatives in time stay below 1e5 times their slopes.
constexpr double tolerance = 1e-10;

void check_times(double t0_bar, double t1_bar, const std::function<long double(double)>& value_of_t0,
                 const std::function<long double(double)>& value_of_t1, double t0, double t1, double h) {
  const double expected_t0 = difference(value_of_t0, t0, h), expected_t1 = difference(value_of_t1, t1, h);
  const double scale = std::fmax(std::fabs(expected_t0), std::fabs(expected_t1));
  CHECK(std::fabs(expected_t0) > 1e-3 * scale);
  CHECK(std::fabs(expected_t1) > 1e-3 * scale);
  CHECK(std::fabs(t0_bar - expected_t0) < tolerance * scale);
  CHECK(std::fabs(t1_bar - expected_t1) < tolerance * scale);
}

// By all adjoints that are given.
template <template <class> class Equations, class Y>
void check(const AnyMethod& m, const ProblemOf<Y>& problem, const AnySteps& steps, const SaveAt& save_at,
           double h = 0x1p-8, std::initializer_list<AnyAdjoint> adjoints = {AnyAdjoint{}}) {
  CAPTURE(problem.t0, problem.t1);
  const auto in_long_double = complexified<Equations>(problem);
  const auto value = [&](double t0, double t1) {
    auto moved = in_long_double;
    moved.t0 = t0, moved.t1 = t1;
    return std::real(battery::WeightedSum::value(m.real_valued().solve(moved, steps, save_at).ys()));
  };
  for (const AnyAdjoint& adjoint : adjoints) {
    const auto gradient = m.value_and_gradient(problem, steps, battery::WeightedSum{}, save_at, adjoint).gradient;
    check_times(
        gradient.t0, gradient.t1, [&](double t0) { return value(t0, problem.t1); },
        [&](double t1) { return value(problem.t0, t1); }, problem.t0, problem.t1, h);
  }
}

const auto pendulum = erased_problem<Vector2d>(DrivenPendulum<>{}, Vector2d(0.4, -0.6), 0.5, 3.5);
const auto pendulum_back = erased_problem<Vector2d>(DrivenPendulum<>{}, Vector2d(0.4, -0.6), 3.5, 1.5);
const auto all_the_way_back = erased_problem<Vector2d>(DrivenPendulum<>{}, Vector2d(0.4, -0.6), 3.5, 0.5);
const auto lotka_volterra = erased_problem<Vector2d>(LotkaVolterra<>{}, Vector2d(1, 0.5), -1.0, 1.0);

// Nodes between t0 and t1.
std::vector<double> sixteenths() {
  std::vector<double> nodes;
  for (double t = 0.625; t < 3.45; t += 0.0625) nodes.push_back(t);
  return nodes;
}

// At λ = 1/2 the exact pair's 3 · 2^−52 a step over 60 steps is 4e−14: far below the tolerance; an Adams step is off by
// 2 · 2^−52.
Methods timed() {
  return methods(
      "Euler, RK4, Bosh3, Dopri5, Reversible<Euler>, Reversible<RK4>, Reversible<Bosh3>, Reversible<Dopri5>, "
      "ReversibleAdams<1>, ReversibleAdams<4>, ReversibleAdams<6>, ReversibleAdamsPece<3>");
}

LAW("Gradients with respect to the times: equal steps, which move with both", "[times]", timed()) {
  check<DrivenPendulum>(m, pendulum, FixedSteps{60}, {});
  check<DrivenPendulum>(m, pendulum, FixedSteps{60}, SaveAt{.t0 = true, .steps = true});
  check<DrivenPendulum>(m, pendulum_back, FixedSteps{60}, SaveAt{.t0 = true, .steps = true});
  check<LotkaVolterra>(m, lotka_volterra, FixedSteps{60}, SaveAt{.steps = true});
}

LAW("Gradients with respect to the times: steps of h, of which the last is cut to fit", "[times]", timed()) {
  // 47.3 and 31.5 steps: the times are moved by up to 3/256, a fifth of a step, without changing how many there are.
  check<DrivenPendulum>(m, pendulum, FixedStep{0.0625 + 1.0 / 1024}, SaveAt{.steps = true});
  check<DrivenPendulum>(m, pendulum_back, FixedStep{-0.0625 - 1.0 / 1024}, SaveAt{.steps = true});
}

LAW("Gradients with respect to the times: given nodes, which stay", "[times]", timed()) {
  check<DrivenPendulum>(m, pendulum, StepTo{sixteenths()}, SaveAt{.times = {1.0, 2.0}, .t1 = true});
}

LAW("Gradients with respect to the times: a save at a given time stays while its node moves", "[times]", timed()) {
  // y(t) = y_i + (t − t_i) f(t_i, y_i) to first order about node i: what a save at t is when t_i moves away under it.
  const std::vector<double> times{0.5, 1.0, 2.0, 2.0, 3.0, 3.5};
  const auto gradient =
      m.value_and_gradient(pendulum, FixedSteps{60}, battery::WeightedSum{}, SaveAt{.times = times}).gradient;
  const auto value = [&](double t0, double t1) {
    auto moved = complexified<DrivenPendulum>(pendulum);
    moved.t0 = t0, moved.t1 = t1;
    const auto solution = m.real_valued().solve(moved, FixedSteps{60}, SaveAt{.t0 = true, .steps = true});
    std::vector<Vector2z> ys;
    for (const double t : times) {
      const auto node = static_cast<std::size_t>(std::lround((t - pendulum.t0) / 0.05));
      Vector2z y = solution.ys()[node], slope;
      moved.field(solution.ts()[node], y, slope);
      // At the ends of the solve a given time is the end itself and moves with it.
      if (node > 0 && node < 60)
        y += Complex(static_cast<long double>(t) - static_cast<long double>(solution.ts()[node])) * slope;
      ys.push_back(y);
    }
    return std::real(battery::WeightedSum::value(ys));
  };
  check_times(
      gradient.t0, gradient.t1, [&](double t0) { return value(t0, 3.5); }, [&](double t1) { return value(0.5, t1); },
      0.5, 3.5, 0x1p-8);
}

// --- States saved inside the steps: a given time stays where it is while the step's ends move under it -----------------------

// Some of 30 steps of 1/10 saved in, two and three fifths of them away from their ends: the differences move the ends by up
// to 3/512, a sixteenth of a step, so that each time stays in its step.
const std::vector<double> times_inside{0.54, 0.56, 0.56, 1.24, 1.26, 1.94, 2.66, 3.44, 3.46};
const std::vector<double> times_inside_back(times_inside.rbegin(), times_inside.rend());

Methods timed_inside() {
  return methods("Bosh3, Dopri5, Dop853, Reversible<Midpoint>, Reversible<Dopri5>, Reversible<Dop853>");
}

LAW("Gradients with respect to the times, saved inside equal steps, which move with both", "[times]", timed_inside()) {
  check<DrivenPendulum>(m, pendulum, FixedSteps{30}, SaveAt{.times = times_inside, .t1 = true}, 0x1p-9);
  check<DrivenPendulum>(m, all_the_way_back, FixedSteps{30}, SaveAt{.times = times_inside_back, .t0 = true, .t1 = true},
                        0x1p-9);
}

LAW("Saved inside steps of h, which move with t0", "[times]", timed_inside()) {
  // 29.5 steps: the last is cut.
  check<DrivenPendulum>(m, pendulum, FixedStep{3.0 / 29.5}, SaveAt{.times = {0.54, 0.56, 1.26, 2.68, 3.47}, .t1 = true},
                        0x1p-9);
}

LAW("Saved inside given steps, of which the first and the last move", "[times]", timed_inside()) {
  std::vector<double> nodes;
  for (int i = 1; i < 30; ++i) nodes.push_back(0.5 + i / 10.0);
  check<DrivenPendulum>(m, pendulum, StepTo{nodes}, SaveAt{.times = times_inside, .t1 = true}, 0x1p-9);
  check<DrivenPendulum>(m, pendulum, StepTo{nodes}, SaveAt{.times = {0.53, 3.46}, .t1 = true}, 0x1p-9);
}

// Times inside steps stay while the steps' ends move, and σ = (t − t_n)/h is no polynomial of the times: differences of
// 2^−13, a 400th of a step, whose truncation is below 1e−15, and to which the rounding of the nodes adds 4e−12.
LAW("dL/dt0 and dL/dt1 of Adams methods with saves inside steps", "[times]",
    methods("ReversibleAdams<1>, ReversibleAdams<5>, ReversibleAdamsPece<3>")) {
  constexpr double h_of_differences = 0x1p-13;
  const auto inside = [](double t0, double h, std::initializer_list<double> at) {
    SaveAt save_at{.t1 = true};
    for (const double i : at) save_at.times.push_back(t0 + h * i);
    return save_at;
  };
  check<DrivenPendulum>(m, pendulum, FixedSteps{60}, inside(0.5, 0.05, {0.5, 7.5, 30.5, 30.5, 59.5}), h_of_differences);
  const double h = 3.0 / 47.7;
  check<DrivenPendulum>(m, pendulum, FixedStep{h}, inside(0.5, h, {0.5, 7.5, 30.5, 47.35}), h_of_differences);
  check<DrivenPendulum>(m, pendulum, StepTo{sixteenths()}, SaveAt{.times = {0.57, 1.04, 2.03, 3.47}, .t1 = true},
                        h_of_differences);
}

// --- Other reversible methods, by both adjoints; two points look at the time before their step -------------------------------

const std::initializer_list<AnyAdjoint> both{ReversibleAdjoint{}, DirectAdjoint{}};

Methods timed_others() {
  return joined({methods("TwoPoint<Euler>, TwoPoint<Midpoint>, TwoPoint<Dopri5>"), one_evaluation()});
}

LAW("Gradients with respect to the times, by both adjoints: equal steps, which move with both", "[times]",
    timed_others()) {
  check<DrivenPendulum>(m, pendulum, FixedSteps{60}, {}, 0x1p-8, both);
  check<DrivenPendulum>(m, pendulum_back, FixedSteps{60}, SaveAt{.t0 = true, .steps = true}, 0x1p-8, both);
}

LAW("Gradients with respect to the times, by both adjoints: steps of h, of which the last is cut to fit", "[times]",
    timed_others()) {
  check<DrivenPendulum>(m, pendulum, FixedStep{0.0625 + 1.0 / 1024}, SaveAt{.steps = true}, 0x1p-8, both);
  check<DrivenPendulum>(m, pendulum_back, FixedStep{-0.0625 - 1.0 / 1024}, SaveAt{.steps = true}, 0x1p-8, both);
}

LAW("Gradients with respect to the times, by both adjoints: given nodes, which stay", "[times]", timed_others()) {
  check<DrivenPendulum>(m, pendulum, StepTo{sixteenths()}, SaveAt{.times = {1.0, 2.0}, .t1 = true}, 0x1p-8, both);
}

LAW("Gradients with respect to the times, by both adjoints: saves inside steps stay where they are", "[times]",
    timed_others()) {
  // Given times between nodes, which move under them by up to 3/256 without passing them.
  check<DrivenPendulum>(m, pendulum, FixedSteps{20}, SaveAt{.times = {0.57, 1.02, 1.03, 2.93, 3.42}, .t1 = true},
                        0x1p-8, both);
  check<DrivenPendulum>(m, pendulum_back, FixedSteps{20}, SaveAt{.times = {3.45, 2.55, 2.54, 1.54}, .t1 = true}, 0x1p-8,
                        both);
}

// --- Given nodes with steps between: those of the first interval move with t0, those of the last with t1 ----------------------

Methods timed_all() { return joined({timed(), timed_others(), methods("Reversible<RK4, Floating>")}); }

template <template <class> class Equations, class Y>
void check_by_all(const AnyMethod& m, const ProblemOf<Y>& problem, const AnySteps& steps, const SaveAt& save_at,
                  double h) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) { check<Equations>(m, problem, steps, save_at, h, {adjoint}); });
}

LAW("Gradients with respect to the times, by all adjoints: steps between given nodes, of which the first and last move",
    "[times]", timed_all()) {
  // Ends that move by up to 3/256 leave ratios of steps on their side of what an Adams method goes on from.
  const SaveAt at_nodes{.times = {1.0, 2.0}, .t0 = true, .t1 = true};
  check_by_all<DrivenPendulum>(m, pendulum, StepTo{{1.0, 1.5, 2.0, 3.0}, 3}, at_nodes, 0x1p-8);
  check_by_all<DrivenPendulum>(m, pendulum, StepTo{{1.0, 2.0}, 11}, SaveAt{.steps = true}, 0x1p-8);
  check_by_all<DrivenPendulum>(m, pendulum_back, StepTo{{2.75, 2.0}, 9}, SaveAt{.steps = true}, 0x1p-8);
  check_by_all<DrivenPendulum>(m, pendulum, StepTo{{}, 60}, SaveAt{.t0 = true, .steps = true}, 0x1p-8);
}

LAW("Gradients with respect to the times, by all adjoints: saves inside the steps between given nodes", "[times]",
    timed_all()) {
  const SaveAt save_at{.times = {0.52, 0.58, 0.91, 1.22, 1.61, 2.56, 2.72, 3.43}, .t1 = true};
  check_by_all<DrivenPendulum>(m, pendulum, StepTo{{1.0, 1.5, 2.5}, 7}, save_at, 0x1p-13);
  check_by_all<DrivenPendulum>(m, all_the_way_back, StepTo{{2.0}, 13},
                               SaveAt{.times = {3.3, 2.24, 1.7, 0.6}, .t1 = true}, 0x1p-13);
}

// --- Jumps of f stay where they are, and the nodes that steps have on them ----------------------------------------------------

LAW("Gradients with respect to the times, by all adjoints: jumps of f, which stay", "[times]", timed_all()) {
  const auto switches = problems::switches();
  const auto vortex = erased_problem<Vector2d>(problems::SwitchedVortex<>{}, Vector2d(0.9, -0.4), 0.5, 3.5);
  const auto at_jumps_and_ends = SaveAt{.times = {1.06, 1.7}, .t0 = true, .t1 = true};
  // The pieces have 4.5, 5.1, 6.8 and 7.6 steps of an eighth, and of (t1 − t0)/24 as the ends move.
  check_by_all<problems::SwitchedVortex>(m, vortex, FixedSteps{.n = 24, .jumps = switches}, at_jumps_and_ends, 0x1p-8);
  // 4.85, 5.5, 7.4 and 8.2 steps: an Adams method goes on in the first piece's cut step, and starts anew in the last's.
  check_by_all<problems::SwitchedVortex>(m, vortex, FixedStep{.h = 0.1155, .jumps = switches}, SaveAt{.steps = true},
                                         0x1p-9);
  check_by_all<problems::SwitchedVortex>(m, vortex, StepTo{.times = {2.0}, .each = 7, .jumps = switches},
                                         SaveAt{.steps = true}, 0x1p-8);
}

LAW("Steps between no given nodes are equal steps, and so are their gradients with respect to the times", "[times]",
    timed_all()) {
  const SaveAt save_at{.times = {0.57, 1.02, 2.0, 3.42}, .t1 = true};
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const auto equal =
        m.value_and_gradient(pendulum, FixedSteps{24}, battery::WeightedSum{}, save_at, adjoint).gradient;
    const auto between =
        m.value_and_gradient(pendulum, StepTo{{}, 24}, battery::WeightedSum{}, save_at, adjoint).gradient;
    // Nodes differ by an ulp of t or two, and so do weights of an Adams method.
    CHECK(between.t0 == Approx(equal.t0).epsilon(1e-11));
    CHECK(between.t1 == Approx(equal.t1).epsilon(1e-11));
  });
}

LAW("Gradients of splittings with respect to the times", "[split]", symplectic()) {
  const auto driven = erased_problem<Vector4d>(SplitPendulums<>{}, Vector4d(0.5, -0.25, 0.1, 0.7), 0.5, 2.5);
  check<SplitPendulums>(m, driven, FixedSteps{40}, SaveAt{.t0 = true, .steps = true}, 0x1p-8, both);
  check<SplitPendulums>(m, driven, FixedStep{0.0625 + 1.0 / 1024}, SaveAt{.steps = true}, 0x1p-8, both);
  check<SplitPendulums>(m, driven, StepTo{{0.625, 1.0, 1.25, 2.0, 2.25}}, SaveAt{.times = {1.0, 2.0}, .t1 = true},
                        0x1p-8, both);
  check<SplitPendulums>(m, driven, FixedSteps{20}, SaveAt{.times = {0.57, 1.02, 1.03, 2.43}, .t1 = true}, 0x1p-8, both);
  check<SplitPendulums>(m, driven, StepTo{{1.0, 1.75}, 9}, SaveAt{.t0 = true, .steps = true}, 0x1p-8, both);
  check<SplitPendulums>(m, driven, StepTo{{1.0, 1.75}, 5}, SaveAt{.times = {0.53, 0.66, 1.2, 2.27}, .t1 = true}, 0x1p-8,
                        both);
}

}  // namespace
}  // namespace antistrophe::laws
