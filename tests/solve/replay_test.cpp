// The steps of a solve, taken again by StepTo, give the same states, events and gradients bit for bit: by every other reversible
// method, at resolutions that came from the tolerance, and where events cut steps.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using Methods = std::tuple<TwoPoint<Dopri5>, TwoPoint<Bosh3, Floating>, ReversibleAdams<3>, ReversibleAdams<6>,
                           ReversibleAdamsPece<4>, ReversibleHeun<>, AsynchronousLeapfrog<>>;

const Problem problem{problems::DrivenPendulum<>{}, Vector2d(0.4, -0.6), 0.5, 3.5};

struct Bottom {
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};
// A push to the side it comes from.
struct Push {
  void operator()(double, const auto& y, auto& y_new) const { y_new << y[0], 0.9 * y[1]; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const {
    y_bar[0] += w[0];
    y_bar[1] += 0.9 * w[1];
  }
};

template <class M, class E>
void check(const M& method, const Adaptive& steps, const E& events) {
  const SaveAt save_at{.times = {0.7, 1.1, 2.9}, .steps = true};
  auto pass = solve_with_pullback(problem, method, steps, save_at, events);
  auto again = solve_with_pullback(problem, method, StepTo{pass.solution().steps()}, save_at, events);
  CHECK(again.solution().status() == pass.solution().status());
  REQUIRE(again.ts() == pass.ts());
  CHECK(again.stats().bits == pass.stats().bits);
  CHECK(again.solution().events().size() == pass.solution().events().size());
  for (std::size_t i = 0; i < pass.ys().size(); ++i) CHECK(battery::same_bits(again.ys()[i], pass.ys()[i]));
  const std::vector<Vector2d> ys_bar(pass.ys().size(), Vector2d(1, -2));
  const auto a = pass.pullback(ys_bar), b = again.pullback(ys_bar);
  CHECK((battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta) && a.t0 == b.t0 && a.t1 == b.t1));
  CHECK((battery::all_nonzero(a.y0) && battery::all_nonzero(a.theta)));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Replayed bit for bit", "[replay]", Methods) {
  const TestType method;
  const bool second_order =
      std::is_same_v<TestType, ReversibleHeun<>> || std::is_same_v<TestType, AsynchronousLeapfrog<>>;
  for (const double tolerance : {1e-4, second_order ? 1e-7 : 1e-12}) {
    CAPTURE(tolerance);
    const Adaptive steps{.rtol = tolerance, .atol = second_order && tolerance < 1e-6 ? 1e-12 : tolerance};
    check(method, steps, Events<>{});
    check(method, steps, Events{Event{Bottom{}}});
    check(method, steps, Events{JumpEvent{Bottom{}, Push{}}});
  }
}

// Steps of six units in the last place of t: a time ten of them after t0 is beyond the first step.
TEMPLATE_LIST_TEST_CASE("Saves between nodes that are near beside t are replayed", "[replay]", Methods) {
  const double t0 = -1e11, unit = std::nextafter(t0, 0) - t0;
  const Problem brief{problems::DrivenPendulum<>{}, Vector2d(0.4, -0.6), t0, t0 + 66 * unit};
  const Adaptive steps{.rtol = 1e-6, .atol = 1e-6, .dtmax = 6 * unit};
  const SaveAt save_at{.times = {t0 + 10 * unit, t0 + 15 * unit, t0 + 36 * unit, t0 + 42 * unit}, .t0 = true};
  const TestType method;
  const auto solution = solve(brief, method, steps, save_at);
  REQUIRE(solution.ts().size() == 5);
  const auto again = solve(brief, method, StepTo{solution.steps()}, save_at);
  REQUIRE(again.ts() == solution.ts());
  for (std::size_t i = 0; i < again.ys().size(); ++i) CHECK(battery::same_bits(again.ys()[i], solution.ys()[i]));
  CHECK(!battery::same_bits(solution.ys()[1], brief.y0));
}

// A step of six units in the last place from an event, where half of one is seven on the average.
TEST_CASE("Steps taken again do not pass by a node that is near to an event", "[replay]") {
  const double t0 = 1000, unit = std::nextafter(t0, 2 * t0) - t0, t1 = t0 + 88 * unit;
  StepTimes times{t0, t0 + 20 * unit, t0 + 26 * unit, t1};
  times.of_a_solve = times.chosen = true;
  times.interrupted = {{1, t0 + 40 * unit}};
  const Timeline plan = StepTo{times}.timeline(t0, t1);
  detail::FixedControl control(plan, true);
  CHECK(control.target(t0) == t0 + 40 * unit);
  control.resume(times[1]);
  CHECK(control.target(times[1]) == times[2]);
}

// An adaptive solve may well need fewer steps than the method looks back on: it goes by its starting method alone.
TEST_CASE("Fewer adaptive steps than a multistep method has", "[replay]") {
  const Problem brief{problems::DrivenPendulum<>{}, Vector2d(0.4, -0.6), 0.5, 0.6};
  const ReversibleAdams<6> method;
  const Adaptive steps{.rtol = 1e-4, .atol = 1e-4, .first_step = 0.02};
  const auto solution = solve(brief, method, steps);
  REQUIRE(solution.stats().accepted > 0);
  REQUIRE(solution.stats().accepted < 6);
  const StepTo again{solution.steps()};
  CHECK(battery::same_bits(solve(brief, method, again).ys().back(), solution.ys().back()));
  auto pass = solve_with_pullback(brief, method, steps);
  auto replayed = solve_with_pullback(brief, method, again);
  const auto a = pass.pullback({Vector2d(1, -2)}), b = replayed.pullback({Vector2d(1, -2)});
  CHECK((battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta)));

  // Plain times are still refused.
  const std::vector<double> times(again.times.begin(), again.times.end());
  CHECK_THROWS_AS(solve(brief, method, StepTo{times}), std::invalid_argument);
}
