// InterpolatingAdjoint: its gradient comes to that of the equation as tolerances are tightened, also where the state cannot be
// solved backwards. The reference is the gradient of stored states at a tolerance of 1e-12.
#include "battery.hpp"
#include "catch.hpp"
#include "runner/field.hpp"
#include "switched.hpp"

#include <antistrophe/adjoint/interpolating.hpp>

#include <cmath>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

using battery::WeightedSum;
using runner::erased_problem;
using Erased = runner::ProblemOf<Vector2d>;
using ErasedGradient = Gradient<runner::Field<Vector2d>, Vector2d>;

Adaptive to(double tolerance) { return {.rtol = tolerance, .atol = tolerance}; }

// Of a field behind a pointer, so that each is compiled once.
ErasedGradient reference(const Erased& problem, const SaveAt& save_at, const std::vector<double>& jumps = {}) {
  Adaptive steps = to(1e-12);
  steps.jumps = jumps;
  return value_and_gradient(problem, Dop853{}, steps, WeightedSum{}, save_at, DirectAdjoint{}).gradient;
}
ErasedGradient interpolated(const Erased& problem, const SaveAt& save_at, const Adaptive& steps) {
  return value_and_gradient(problem, Dopri5{}, steps, WeightedSum{}, save_at, InterpolatingAdjoint<>{}).gradient;
}

// RK4 as one would write it who has no dense output.
template <class F, class Y>
struct WithoutDenseOutput : detail::RungeKuttaStepper<tableau::RK4, F, Y> {
  using detail::RungeKuttaStepper<tableau::RK4, F, Y>::RungeKuttaStepper;
  void extend(const auto&...) = delete;
};
struct Cubic {
  template <class F, EigenState Y>
  using Stepper = WithoutDenseOutput<F, Y>;
};

const Erased pendulum = erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 6.0);
const SaveAt on_the_way{.times = {0.5, 0.7, 2.5, 2.5, 4.0}, .t0 = true, .t1 = true};

}  // namespace

TEST_CASE("The gradient comes to that of the equation at the tolerance's order", "[interpolating]") {
  const auto check = [](const Erased& problem, const SaveAt& save_at) {
    const ErasedGradient expected = reference(problem, save_at);
    for (const double tolerance : {1e-5, 1e-7, 1e-9}) {
      CAPTURE(tolerance);
      const ErasedGradient got = interpolated(problem, save_at, to(tolerance));
      CHECK(battery::gradient_difference(expected, got) < 100 * tolerance);
      CHECK(got.stats.drift == 0);
    }
  };
  check(pendulum, on_the_way);
  check(pendulum, {});
  check(erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, -4.0),
        {.times = {0.5, 0.4, -1.0, -1.0, -4.0}});
  check(erased_problem<Vector2d>(problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 3.0), {.times = {0.5, 2.0}});
  // Two that cannot be solved backwards: contraction by e^{−20}, and a relaxation.
  problems::Linear<2> stiff((Eigen::Matrix2d() << -20, 0, 1, -1).finished());
  check(erased_problem<Vector2d>(stiff, Vector2d(1, 0.5), 0.0, 1.0), {.times = {0.25}, .t1 = true});
  check(erased_problem<Vector2d>(problems::VanDerPol<>{}, Vector2d(2, 0), 0.0, 5.0), {.times = {1.0, 3.0}, .t1 = true});
}

TEST_CASE("Where f jumps each side is seen by itself", "[interpolating]") {
  for (const double t1 : {3.0, 1.7}) {
    const Erased problem = erased_problem<Vector2d>(problems::SwitchedVortex<>{}, Vector2d(1, 0.5), 0.5, t1);
    const SaveAt save_at{.times = {1.06, 1.2}, .t1 = true};
    Adaptive steps = to(1e-8);
    steps.jumps = problems::switches();
    CHECK(battery::gradient_difference(reference(problem, save_at, problems::switches()),
                                       interpolated(problem, save_at, steps)) < 1e-6);
  }
}

TEST_CASE("The counts are those of the field, whose value is not asked for on the way back", "[interpolating]") {
  runner::Faults faults;
  Erased problem = pendulum;
  problem.field.faults = &faults;
  auto pass = solve_with_pullback(problem, Dopri5{}, to(1e-6), on_the_way, InterpolatingAdjoint<>{});
  const std::vector<Vector2d> ys_bar(pass.ys().size(), Vector2d(1, -1));
  for (int i = 0; i < 2; ++i) {
    const runner::Faults before = faults;
    const auto gradient = pass.pullback(ys_bar);
    CHECK(gradient.stats.evaluations == faults.calls - before.calls);
    CHECK(gradient.stats.evaluations == 2);  // where t0 and t1 move
    CHECK(gradient.stats.vjps == faults.vjps - before.vjps);
  }
  // Five numbers a number of the state and step, and where the step is.
  const auto kept = static_cast<double>(pass.stats().bytes_kept), steps = static_cast<double>(pass.stats().accepted);
  CHECK(kept >= steps * (5 * 2 + 2) * 8);
  CHECK(kept <= 3 * steps * (5 * 2 + 2) * 8 + 1000);
}

TEST_CASE("Without dense output a state inside a step is refused in a sentence, and one at a node is not",
          "[interpolating]") {
  CHECK_THROWS_WITH(solve(pendulum, Cubic{}, FixedSteps{11}, SaveAt{.times = {1.0, 1.25}}),
                    ContainsSubstring("SaveAt::times[1]") &&
                        ContainsSubstring("a node of the steps, since this method has no dense output (StepTo{times}"));
  CHECK_THROWS_WITH(
      solve(pendulum, Cubic{}, FixedSteps{11}, SaveAt{.dense = true}),
      ContainsSubstring("SaveAt::dense") && ContainsSubstring("false, since this method has no dense output"));
  const auto solution = solve(pendulum, Cubic{}, FixedSteps{11}, SaveAt{.times = {1.0, 5.5}});
  const auto expected = solve(pendulum, RK4{}, FixedSteps{11}, SaveAt{.times = {1.0, 5.5}});
  REQUIRE(solution.ys().size() == 2);
  for (std::size_t i = 0; i < 2; ++i) CHECK(battery::same_bits(solution.ys()[i], expected.ys()[i]));
}

TEST_CASE("Without dense output the path is the cubic through states and slopes", "[interpolating]") {
  const SaveAt save_at{.times = {1.6, 2.7}, .t0 = true, .t1 = true};
  const ErasedGradient exact = reference(pendulum, save_at);
  const auto error = [&](std::int64_t n) {
    const auto got =
        value_and_gradient(pendulum, Cubic{}, FixedSteps{n}, WeightedSum{}, save_at, InterpolatingAdjoint<RK4>{})
            .gradient;
    // The slope at each of the nodes, once; and f where t0 and t1 move.
    CHECK(got.stats.evaluations == n + 1 + 2);
    CHECK(got.stats.vjps == 4 * n);
    return battery::gradient_difference(exact, got);
  };
  const double coarse = error(50), fine = error(100);
  CHECK(coarse < 1e-4);
  CHECK(std::log2(coarse / fine) > 3.5);

  // Both sides of a jump have a slope.
  const Erased problem = erased_problem<Vector2d>(problems::SwitchedVortex<>{}, Vector2d(1, 0.5), 0.5, 3.0);
  const auto got = value_and_gradient(problem, Cubic{}, FixedSteps{200, problems::switches()}, WeightedSum{}, SaveAt{},
                                      InterpolatingAdjoint<RK4>{})
                       .gradient;
  CHECK(battery::gradient_difference(reference(problem, {}, problems::switches()), got) < 1e-6);
  CHECK(got.stats.evaluations <= 203 + 1 + 3 + 2);
}
