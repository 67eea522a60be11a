// The other reversible methods in steps chosen to a tolerance: they come back bit for bit although trials were rejected, can
// be replayed, and reach their tolerance; events cut and restart them.
#include "ball.hpp"
#include "catch.hpp"
#include "reversible_methods.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using WithEstimates = std::tuple<TwoPoint<Heun>, TwoPoint<Dopri5>, ReversibleHeun<>, AsynchronousLeapfrog<>>;

const Problem driven{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 12.0};
const Adaptive hasty{.rtol = 1e-4, .atol = 1e-4, .first_step = 4};
const SaveAt saves{.times = {1.0, 1.0, 2.5, 7.75, 7.76}, .t1 = true};

std::vector<Vector2d> weights_of(const std::vector<Vector2d>& ys) {
  std::vector<Vector2d> ys_bar = ys;
  battery::WeightedSum{}(ys, ys_bar);
  return ys_bar;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("The steps taken, replayed, give the same states, gradients and bits", "[adaptive]",
                        WithEstimates) {
  CAPTURE(battery::Facts<TestType>::name);
  const TestType method;  // with resolutions of its own, which the replay shares
  auto pass = solve_with_pullback(driven, method, hasty, saves);
  REQUIRE(pass.stats().rejected > 0);
  auto replay = solve_with_pullback(driven, method, StepTo{pass.solution().steps()}, saves);
  CHECK(replay.stats().rejected == 0);
  CHECK(replay.stats().bits == pass.stats().bits);
  for (std::size_t i = 0; i < pass.ys().size(); ++i) CHECK(battery::same_bits(replay.ys()[i], pass.ys()[i]));
  const auto ys_bar = weights_of(pass.ys());
  const auto gradient = pass.pullback(ys_bar), replayed = replay.pullback(ys_bar);
  CHECK((battery::all_nonzero(gradient.y0) && battery::all_nonzero(gradient.theta) && gradient.t0 != 0 &&
         gradient.t1 != 0));
  CHECK(battery::same_bits(gradient.y0, replayed.y0));
  CHECK(battery::same_bits(gradient.theta, replayed.theta));
  CHECK((gradient.t0 == replayed.t0 && gradient.t1 == replayed.t1));
  // The direct adjoint sees the same steps; what compilers reorder is 10 eps for each of some 200 steps.
  const auto stored = solve_with_pullback(driven, method, hasty, saves, DirectAdjoint{}).pullback(ys_bar);
  CHECK(battery::gradient_difference(stored, gradient) < 4e-13);
}

TEST_CASE("Two points of Dopri5 reach their tolerance in value and gradient", "[adaptive]") {
  // References as of solve/adaptive_test.cpp.
  constexpr double value = 1.93603584571113093;
  const Eigen::Vector<double, 6> theta_then_y0{-4.096212993658198,   -0.509408811911299171, -1.14583488642973711,
                                               -1.80432786876710130, -0.777983101192011992, 0.400282266222744243};
  const Problem problem{problems::LotkaVolterra<>{}, Vector2d(1, 1), 0.0, 10.0};
  const auto sum = TerminalLoss{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const auto result = value_and_gradient(problem, TwoPoint<Dopri5>{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, sum);
  Eigen::Vector<double, 6> found;
  found << result.gradient.theta, result.gradient.y0;
  CHECK(std::fabs(result.value - value) <= 1e-8);
  CHECK(battery::relative_difference(theta_then_y0, found) <= 1.5e-7);
}

TEMPLATE_TEST_CASE("An error estimate of order 2 gives errors in proportion to the tolerance", "[adaptive]",
                   TwoPoint<Heun>, ReversibleHeun<>, AsynchronousLeapfrog<>) {
  // The pendulum of energy 0.98 is a problem without growth, which all of them take.
  struct Oscillator {
    void operator()(double, const Vector2d& y, Vector2d& dy) const { dy << y[1], -y[0]; }
  };
  const auto error = [](double tolerance) {
    const Problem problem{Oscillator{}, Vector2d(1, 0), 0.0, 5.0};
    const auto y = solve(problem, TestType{}, Adaptive{.rtol = tolerance, .atol = tolerance}).ys().back();
    return (y - Vector2d(std::cos(5.0), -std::sin(5.0))).norm();
  };
  // Estimates are of the error of order 1, h² f'/2, held at the tolerance: h goes with its root, and the error of order 2 in
  // proportion to it, but for the dust of step-size changes.
  CHECK(error(1e-6) < 3e-5);
  CHECK(error(1e-8) < 3e-7);
  CHECK(error(1e-6) / error(1e-8) > 30);
}

// --- Events --------------------------------------------------------------------------------------------------------------

namespace {

using problems::Ball, problems::Bounce, problems::Ground;

const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
const SaveAt on_the_way{.times = {0.3, 0.31, 1.9, 2.2}, .t1 = true};

}  // namespace

TEMPLATE_LIST_TEST_CASE("Through bounces: both adjoints agree, and are what differences of the value say", "[events]",
                        WithEstimates) {
  CAPTURE(battery::Facts<TestType>::name);
  const Problem problem{Ball{}, Vector2d(5, 0), 0.0, 4.0};
  const auto method = battery::Facts<TestType>::method();
  const FixedSteps steps{150};
  CHECK(solve(problem, method, steps, {}, bounces).events().size() >= 3);
  const auto gradient_by = [&](const auto& adjoint) {
    return value_and_gradient(problem, method, steps, battery::WeightedSum{}, on_the_way, adjoint, bounces).gradient;
  };
  const auto back = gradient_by(ReversibleAdjoint{}), stored = gradient_by(DirectAdjoint{});
  CHECK((battery::all_nonzero(stored.y0) && battery::all_nonzero(stored.theta)));
  CHECK(battery::gradient_difference(stored, back) < 2.5e-13);
  // Fourth-order differences at 1e−4: truncation 1e−14 relative to values of some 10, round-off of the event's time 1e−15/1e−4.
  const auto value = [&](auto&& change) {
    auto moved = problem;
    change(moved);
    return battery::WeightedSum::value(solve(moved, method, steps, on_the_way, bounces).ys());
  };
  const auto differs = [&](auto&& entry) {
    constexpr double d = 1e-4;
    const auto at = [&](double x) { return value([&](auto& p) { entry(p) += x; }); };
    return (8 * (at(d) - at(-d)) - (at(2 * d) - at(-2 * d))) / (12 * d);
  };
  const Vector2d theta(differs([](auto& p) -> double& { return p.field.theta[0]; }),
                       differs([](auto& p) -> double& { return p.field.theta[1]; }));
  const Vector2d y0(differs([](auto& p) -> double& { return p.y0[0]; }),
                    differs([](auto& p) -> double& { return p.y0[1]; }));
  CHECK(battery::relative_difference(theta, back.theta) < 1e-7);
  CHECK(battery::relative_difference(y0, back.y0) < 1e-7);
}

TEST_CASE("Two points through ten bounces, adaptively, agree with the plain method", "[events]") {
  const Problem problem{Ball{}, Vector2d(10, 0), 0.0, 10.0};
  const Adaptive tight{.rtol = 1e-12, .atol = 1e-12};
  const auto plain =
      value_and_gradient(problem, Dopri5{}, tight, battery::WeightedSum{}, on_the_way, DirectAdjoint{}, bounces);
  const auto two = value_and_gradient(problem, TwoPoint<Dopri5>{}, tight, battery::WeightedSum{}, on_the_way,
                                      ReversibleAdjoint{}, bounces);
  CHECK(std::fabs(plain.value - two.value) < 1e-9);
  CHECK(battery::relative_difference(plain.gradient.theta, two.gradient.theta) < 1e-8);
  CHECK(battery::relative_difference(plain.gradient.y0, two.gradient.y0) < 1e-8);
}
