// Steps chosen to a tolerance: they reach it, in values and gradients; they can be replayed; rejected trials leave no trace.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

// The sum of the last state.
struct Sum {
  template <class Y>
  RealOf<Y> operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    ys_bar.back().setOnes();
    return ys.back().sum();
  }
};

}  // namespace

TEMPLATE_TEST_CASE("Value and gradient of Lotka–Volterra to 1e-8 and 1.5e-7 at a tolerance of 1e-9", "[adaptive]",
                   Dopri5, Tsit5, Dop853, Reversible<Dopri5>, Reversible<Tsit5>, Reversible<Dop853>) {
  // The reference: Dop853 in long double; 2,000, 4,000 and 8,000 equal steps agree in all digits given.
  constexpr double value = 1.93603584571113093;
  using Vector6d = Eigen::Vector<double, 6>;
  const Vector6d theta_then_y0{-4.096212993658198,   -0.509408811911299171, -1.14583488642973711,
                               -1.80432786876710130, -0.777983101192011992, 0.400282266222744243};
  CAPTURE(battery::Facts<TestType>::name);
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
  const auto result = value_and_gradient(problem, TestType{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, Sum{});
  Vector6d found;
  found << result.gradient.theta, result.gradient.y0;
  CAPTURE(result.value - value);
  CHECK(std::fabs(result.value - value) <= 1e-8);
  CHECK(battery::relative_difference(theta_then_y0, found) <= 1.5e-7);
}

// --- Replay, bits, and the way back ----------------------------------------------------------------------------------------

namespace {

using WithEstimates = std::tuple<Heun, Bosh3, Tsit5, Dopri5, Dop853, Reversible<Heun>, Reversible<Dopri5>,
                                 Reversible<Dop853>, Reversible<Dopri5, Floating>>;

// A pendulum driven hard, tried at once with a step of 4 so that trials are rejected.
const Problem driven{problems::DrivenPendulum<>{}, Eigen::Vector2d(1, 0.5), 0.5, 12.0};
const Adaptive hasty{.rtol = 1e-4, .atol = 1e-4, .first_step = 4};
const SaveAt inside_and_steps{.times = {1.0, 1.0, 2.5, 7.75, 7.76}, .t1 = true};

template <class G>
void check_same_bits(const G& a, const G& b) {
  CHECK(battery::same_bits(a.y0, b.y0));
  CHECK(battery::same_bits(a.theta, b.theta));
  CHECK((a.t0 == b.t0 && a.t1 == b.t1));
}

std::vector<Eigen::Vector2d> weights_of(const std::vector<Eigen::Vector2d>& ys) {
  std::vector<Eigen::Vector2d> ys_bar = ys;
  battery::WeightedSum{}(ys, ys_bar);
  return ys_bar;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("The steps taken, replayed, give the same states and gradients bit for bit", "[adaptive]",
                        WithEstimates) {
  CAPTURE(battery::Facts<TestType>::name);
  auto pass = solve_with_pullback(driven, TestType{}, hasty, inside_and_steps);
  REQUIRE(pass.stats().rejected > 0);
  const StepTimes steps = pass.solution().steps();
  REQUIRE(static_cast<std::int64_t>(steps.size()) == pass.stats().accepted + 1);
  REQUIRE((steps.front() == 0.5 && steps.back() == 12.0));

  auto replay = solve_with_pullback(driven, TestType{}, StepTo{steps}, inside_and_steps);
  CHECK(replay.stats().rejected == 0);
  CHECK(replay.stats().bits == pass.stats().bits);
  REQUIRE(replay.ts() == pass.ts());
  for (std::size_t i = 0; i < pass.ys().size(); ++i) CHECK(battery::same_bits(replay.ys()[i], pass.ys()[i]));

  const auto ys_bar = weights_of(pass.ys());
  const auto gradient = pass.pullback(ys_bar), replayed = replay.pullback(ys_bar);
  CHECK((battery::all_nonzero(gradient.y0) && battery::all_nonzero(gradient.theta) && gradient.t0 != 0 &&
         gradient.t1 != 0));
  check_same_bits(gradient, replayed);
}

TEST_CASE("A resolution that came from the tolerance goes with the steps into their replay", "[adaptive]") {
  // A 64th of 1e-12 is well below the default grain of some 2e-13.
  const Adaptive fine{.rtol = 1e-12, .atol = 1e-12};
  const SaveAt save_at{.times = {0.7, 3.1}, .steps = true};
  const auto check = [&](const auto& method, const auto& events) {
    const auto solution = solve(driven, method, fine, save_at, events);
    const StepTimes steps = solution.steps();
    CHECK(steps.resolutions.state.smallest() <= 1e-12 / 64);
    CHECK(steps.resolutions.state.smallest() > 0);
    const auto replay = solve(driven, method, StepTo{steps}, save_at, events);
    REQUIRE(replay.ts() == solution.ts());
    for (std::size_t i = 0; i < solution.ys().size(); ++i) CHECK(battery::same_bits(replay.ys()[i], solution.ys()[i]));
    CHECK(replay.steps().resolutions.state == steps.resolutions.state);
    // A resolution that is asked for is taken.
    auto other = method;
    other.resolution = 0x1p-40;
    CHECK(solve(driven, other, StepTo{steps}).steps().resolutions.state == 0x1p-40);
    CHECK_FALSE(battery::same_bits(solve(driven, other, StepTo{steps}).ys().back(), solution.ys().back()));
  };
  check(Reversible<Dopri5>{}, Events<>{});
  CHECK(solve(driven, Dopri5{}, fine).steps().resolutions.state == 0);
}

TEMPLATE_TEST_CASE("Rejected trials leave no trace in the bits, and the pair comes back to the bit", "[adaptive]",
                   Reversible<Heun>, Reversible<Dopri5>, Reversible<Dop853>) {
  CAPTURE(battery::Facts<TestType>::name);
  auto pass = solve_with_pullback(driven, TestType{}, hasty, inside_and_steps);
  REQUIRE(pass.stats().rejected > 0);
  CHECK(pass.stats().steps == pass.stats().accepted + pass.stats().rejected);
  CHECK(pass.stats().bits == 2 * pass.stats().accepted);  // at λ = 1/2 one bit a component a step
  auto direct = solve_with_pullback(driven, TestType{}, hasty, inside_and_steps, DirectAdjoint{});
  REQUIRE(direct.solution().steps() == pass.solution().steps());
  for (std::size_t i = 0; i < pass.ys().size(); ++i) CHECK(battery::same_bits(direct.ys()[i], pass.ys()[i]));
  // Both pull back through the same increments at the same points; the reversible one throws where it does not meet y0
  // bit for bit. The sums differ in order at most: 10 eps for each of some 200 steps is 4e-13.
  const auto ys_bar = weights_of(pass.ys());
  const auto back = pass.pullback(ys_bar), stored = direct.pullback(ys_bar);
  CHECK(battery::gradient_difference(stored, back) < 4e-13);
  CHECK(battery::all_nonzero(back.theta));
}
