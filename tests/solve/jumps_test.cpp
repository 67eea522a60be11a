// Fields that jump at known times, named in `.jumps` of any kind of steps. (laws/jumps.cpp has every method.)
#include "battery.hpp"
#include "catch.hpp"
#include "switched.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using problems::SwitchedVortex, problems::switches;
using Number = Eigen::Vector<double, 1>;

// y' = (t < 1): 0 at 1 itself, whichever way a solve goes.
struct UntilOne {
  void operator()(double t, const auto&, auto& dy) const { dy[0] = t < 1 ? 1 : 0; }
};

// where the numbers lie 1.2e-7 apart
struct Until {
  double at;
  void operator()(double t, const auto&, auto& dy) const { dy[0] = t < at ? 1 : 0; }
};

// would have spared the next.
struct Smooth {
  void operator()(double t, const auto& y, auto& dy) const { dy[0] = std::cos(3 * t) * y[0]; }
};

struct Clock {
  double at;
  double operator()(double t, const auto&) const { return t - at; }
  void gradient(double, const auto&, auto&, auto&, auto& t_bar) const { t_bar += 1; }
};

struct Halve {
  void operator()(double, const auto& y, auto& y_new) const { y_new = y / 2; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const { y_bar += w / 2; }
};

// The slope with which the asynchronous leapfrog begins anew is evaluated again.
struct Impure {
  std::shared_ptr<int> calls = std::make_shared<int>(0);
  static constexpr bool autonomous = true;
  void operator()(double t, const auto& y, auto& dy) const {
    dy = (t < 1 ? 1.0 : -1.0) * y;
    if (++*calls == 15) dy[0] += 1e-6;
  }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar += (t < 1 ? 1.0 : -1.0) * w; }
};

const auto switched = [](double t0 = 0.5, double t1 = 3.5) {
  return Problem{SwitchedVortex<>{}, Vector2d(0.9, -0.4), t0, t1};
};

double error_of(const auto& problem, const auto& method, const auto& steps) {
  const auto end = solve(problem, method, steps).ys().back();
  return (end - problem.field.solution(problem.y0, problem.t0, problem.t1)).norm();
}

// The two passes of each adjoint, by both; steps taken again.
void check_passes(const auto& method, const auto& steps, double tolerance, const auto&... adjoints) {
  const SaveAt save_at{.times = {0.7, 1.06, 1.3, 3.0}, .t1 = true};
  for (const auto& [t0, t1] : {std::pair{0.5, 3.5}}) {
    const auto problem = switched(t0, t1);
    std::vector<Eigen::VectorXd> found;
    const auto by = [&](const auto& adjoint) {
      const auto [value, gradient] =
          value_and_gradient(problem, method, steps, battery::WeightedSum{}, save_at, adjoint);
      Eigen::VectorXd all(8);
      all << gradient.y0, gradient.theta, gradient.t0, gradient.t1;
      found.push_back(all);
    };
    (by(adjoints), ...);
    REQUIRE((found[0].array() != 0).all());
    for (std::size_t i = 1; i < found.size(); ++i) CHECK(battery::relative_difference(found[0], found[i]) < tolerance);

    const auto whole = solve(problem, method, steps, save_at);
    const auto again = solve(problem, method, StepTo{whole.steps()}, save_at);
    const auto named = solve(problem, method, StepTo{.times = whole.steps(), .jumps = switches()}, save_at);
    REQUIRE((whole.ys().size() == 5 && again.ys().size() == 5 && named.ys().size() == 5));
    for (std::size_t i = 0; i < 5; ++i)
      CHECK((battery::same_bits(whole.ys()[i], again.ys()[i]) && battery::same_bits(whole.ys()[i], named.ys()[i])));
    for (const double at : switches()) CHECK(std::count(whole.steps().begin(), whole.steps().end(), at) == 1);
    for (std::size_t i = 1; i < whole.steps().size(); ++i) CHECK(whole.steps()[i] - whole.steps()[i - 1] > 1e-6);
  }
}

// It knows itself when it jumps.
struct KnowingVortex : SwitchedVortex<> {
  std::vector<double> jumps() const { return switches(); }
};

const Adaptive adaptive{.rtol = 1e-7, .atol = 1e-7, .jumps = switches()};

// At lambda = 1/2 sums of rounding are a few units in the last place.
constexpr double round_off = 1e-12;

}  // namespace

TEST_CASE("A jump on a node is seen from its own side by each step", "[jumps]") {
  const Problem problem{UntilOne{}, Number(0.0), 0.0, 2.0};
  const auto check = [&](const auto& method) {
    // Grains of 2^-42 in an exact pair.
    CHECK(solve(problem, method, FixedSteps{.n = 10, .jumps = {1}}).ys().back()[0] == Approx(1).margin(2e-12));
    CHECK(solve(problem, method, FixedSteps{.n = 7, .jumps = {1}}).ys().back()[0] == Approx(1).margin(2e-12));
    CHECK(solve(problem, method, FixedStep{.h = 0.3, .jumps = {1}}).ys().back()[0] == Approx(1).margin(2e-12));
    CHECK(solve(problem, method, StepTo{.times = std::vector<double>{0.5, 1, 1.5}, .each = 3, .jumps = {1}})
              .ys()
              .back()[0] == Approx(1).margin(2e-12));
  };
  CHECK(std::fabs(solve(problem, RK4{}, FixedSteps{10}).ys().back()[0] - 1) > 1e-3);
  check(RK4{});
  check(Dop853{});
  check(Reversible<Dopri5>{});
  check(TwoPoint<Bosh3>{});
  check(ReversibleHeun<>{});
  check(AsynchronousLeapfrog<>{});
  check(ReversibleAdams<4>{});
  check(ReversibleAdamsPece<3>{});
}

TEST_CASE("The length of a step at a jump is not rounded, however large t is", "[jumps]") {
  const double t0 = 1e9;
  const auto end = solve(Problem{Until{t0 + 1}, Number(0.0), t0, t0 + 2}, RK4{}, FixedSteps{.n = 4, .jumps = {t0 + 1}});
  CHECK(end.ys().back()[0] == Approx(1).epsilon(1e-15));
}

TEST_CASE("Towards smaller times each step sees its own side too", "[jumps]") {
  const Problem problem{UntilOne{}, Number(1.0), 2.0, 0.0};
  CHECK(solve(problem, RK4{}, FixedSteps{.n = 10, .jumps = {1}}).ys().back()[0] == Approx(0).margin(1e-15));
  CHECK(solve(problem, Dopri5{}, FixedStep{.h = -0.3, .jumps = {1}}).ys().back()[0] == Approx(0).margin(1e-15));
  CHECK(solve(problem, Reversible<Tsit5>{}, Adaptive{.jumps = {1}}).ys().back()[0] == Approx(0).margin(2e-12));
  CHECK(error_of(switched(3.5, 0.5), Dop853{}, FixedSteps{.n = 60, .jumps = switches()}) < 1e-10);
  CHECK(error_of(switched(3.5, 0.5), Dop853{}, Adaptive{.rtol = 1e-10, .atol = 1e-10, .jumps = switches()}) < 1e-8);
}

TEST_CASE("A solve that begins or ends at a jump sees the side that it is on", "[jumps]") {
  // f is NaN at the jumps.
  const auto check = [](const auto& method, const auto& steps, double tolerance) {
    CHECK(error_of(switched(1.06, 1.7), method, steps) < tolerance);
    CHECK(error_of(switched(1.06, 2.55), method, steps) < tolerance);
    const auto problem = switched(1.06, 2.55);
    CHECK(value_and_gradient(problem, method, steps, battery::WeightedSum{}, SaveAt{.t1 = true}).gradient.t0 != 0);
  };
  const FixedSteps fixed{.n = 100, .jumps = switches()};
  check(Dopri5{}, fixed, 1e-9);
  check(Reversible<Dopri5>{}, adaptive, 1e-5);
  check(TwoPoint<Bosh3>{}, fixed, 1e-4);
  check(ReversibleHeun<>{}, fixed, 1e-2);
  check(AsynchronousLeapfrog<>{}, fixed, 1e-2);
  check(AsynchronousLeapfrog<>{}, adaptive, 1e-2);
  check(ReversibleAdams<4>{}, fixed, 1e-4);
  check(ReversibleAdams<4>{}, adaptive, 1e-4);
}

TEST_CASE("Through jumps both adjoints agree, and steps taken again give the same bits", "[jumps]") {
  const FixedSteps fixed{.n = 47, .jumps = switches()};
  const auto check = [&](const auto& method, double tolerance = round_off) {
    check_passes(method, fixed, tolerance, ReversibleAdjoint{}, DirectAdjoint{});
    check_passes(method, StepTo{.times = std::vector<double>{1.0, 2.0, 3.0}, .each = 11, .jumps = switches()},
                 tolerance, ReversibleAdjoint{}, DirectAdjoint{});
    check_passes(method, adaptive, tolerance, ReversibleAdjoint{}, DirectAdjoint{});
  };
  check_passes(Dopri5{}, adaptive, round_off, DirectAdjoint{});
  check_passes(Bosh3{}, fixed, round_off, DirectAdjoint{});
  check(Reversible<Dopri5>{});
  check(TwoPoint<Dopri5>{});
  check(ReversibleHeun<>{});
  check(AsynchronousLeapfrog<>{});
  check(ReversibleAdams<4>{});
  check(ReversibleAdamsPece<2>{});
}

TEST_CASE("A jump costs adaptive steps no steps of its own", "[jumps]") {
  // Where f does not jump, a time in .jumps costs what the same time in .step_to does, but for what the last stage of one step
  const Problem smooth{Smooth{}, Number(1.0), 0.0, 3.0};
  const auto check = [&](const auto& method, std::int64_t more) {
    const auto landing = solve(smooth, method, Adaptive{.P = 0, .step_to = switches()});
    const auto jumping = solve(smooth, method, Adaptive{.P = 0, .jumps = switches()});
    CHECK(jumping.stats().steps == landing.stats().steps);
    CHECK(jumping.stats().evaluations == landing.stats().evaluations + more);
  };
  check(Dop853{}, 0);
  check(Dopri5{}, 3);
  check(Reversible<Dopri5>{}, 0);
}

TEST_CASE("An event at a jump, and one just before it, go on on the other side", "[jumps]") {
  const auto problem = switched();
  const auto check = [&](const auto& method, const auto& steps, double tolerance) {
    for (const double at : {1.7, std::nextafter(1.7, 0), std::nextafter(1.7, 2), 1.7 - 1e-9}) {
      const Events halves{JumpEvent{Clock{at}, Halve{}}};
      const auto solution = solve(problem, method, steps, {}, halves);
      REQUIRE(solution.events().size() == 1);
      const Vector2d middle = problem.field.solution(problem.y0, 0.5, 1.7) / 2;
      CHECK((solution.ys().back() - problem.field.solution(middle, 1.7, 3.5)).norm() < tolerance);
      const auto gradient =
          value_and_gradient(problem, method, steps, battery::WeightedSum{}, SaveAt{.t1 = true}, halves).gradient;
      CHECK((gradient.theta.array() != 0).all());
    }
  };
  check(Dop853{}, FixedSteps{.n = 100, .jumps = switches()}, 1e-8);
  check(Reversible<Dopri5>{}, adaptive, 1e-5);
  check(AsynchronousLeapfrog<>{}, FixedSteps{.n = 1000, .jumps = switches()}, 1e-4);
  check(ReversibleAdams<4>{}, FixedSteps{.n = 300, .jumps = switches()}, 1e-6);
}

TEST_CASE("A field that changes on the way back is not overlooked at a jump either", "[jumps]") {
  // 1 + 4 + 1 + 4 evaluations forth, and as many back in the other order but for the start's: the 15th is that at the jump.
  const Problem problem{Impure{}, Number(1.0), 0.0, 2.0};
  const FixedSteps steps{.n = 8, .jumps = {1}};
  CHECK_THROWS_AS(value_and_gradient(problem, AsynchronousLeapfrog<>{}, steps, battery::WeightedSum{}), SolveError);
}

TEST_CASE("A field that offers its jumps is solved as if they were named in the steps", "[jumps]") {
  const Problem knowing{KnowingVortex{}, Vector2d(0.9, -0.4), 0.5, 3.5};
  const auto same = [&](const auto& method, const auto& plain, const auto& named) {
    const SaveAt save_at{.times = {0.7, 1.06, 1.3}, .t1 = true};
    const auto of_steps = solve(switched(), method, named, save_at), of_field = solve(knowing, method, plain, save_at);
    REQUIRE(of_field.steps() == of_steps.steps());
    for (std::size_t i = 0; i < 4; ++i) CHECK(battery::same_bits(of_field.ys()[i], of_steps.ys()[i]));
    for (const double at : switches()) CHECK(std::count(of_field.steps().begin(), of_field.steps().end(), at) == 1);
    const auto again = solve(knowing, method, StepTo{of_field.steps()}, save_at);
    CHECK(battery::same_bits(again.ys().back(), of_field.ys().back()));
    const auto by_steps = value_and_gradient(switched(), method, named, battery::WeightedSum{}, save_at);
    const auto by_field = value_and_gradient(knowing, method, plain, battery::WeightedSum{}, save_at);
    CHECK(by_field.value == by_steps.value);
    CHECK(battery::same_bits(by_field.gradient.y0, by_steps.gradient.y0));
    CHECK(battery::same_bits(by_field.gradient.theta, by_steps.gradient.theta));
  };
  same(Dopri5{}, FixedSteps{40}, FixedSteps{.n = 40, .jumps = switches()});
  same(Dopri5{}, FixedStep{0.07}, FixedStep{.h = 0.07, .jumps = switches()});
  const StepTimes times{std::vector<double>{1.0, 2.0, 3.0}};
  same(Dopri5{}, StepTo{.times = times, .each = 5}, StepTo{.times = times, .each = 5, .jumps = switches()});
  same(Dopri5{}, Adaptive{.rtol = 1e-7, .atol = 1e-7}, adaptive);
  same(Reversible<Dopri5>{}, Adaptive{.rtol = 1e-7, .atol = 1e-7}, adaptive);
  // Where some are named and some known, all are landed on.
  const auto both = solve(knowing, Dopri5{}, Adaptive{.jumps = {2.0}}).steps();
  for (const double at : {1.06, 1.7, 2.0, 2.55}) CHECK(std::count(both.begin(), both.end(), at) == 1);
}
