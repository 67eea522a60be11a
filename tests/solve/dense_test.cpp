// The dense solution, save times of every kind, observers and progress, in fixed and adaptive steps, either way in time.
#include "battery.hpp"
#include "catch.hpp"
#include "warped_hopf.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

using Methods = std::tuple<Dopri5, Bosh3, Reversible<Tsit5>, Reversible<Dop853>>;
using Two = std::tuple<Dopri5, Reversible<Dop853>>;
using WithoutCorners = std::tuple<Dopri5, Bosh3, Dop853>;

const Problem forth{problems::Hopf<>{}, Vector2d(0.5, -0.25), 0.25, 2.25};
const Problem back{problems::Hopf<>{}, Vector2d(0.5, -0.25), 2.25, 0.25};

const Adaptive tight{.rtol = 1e-10, .atol = 1e-10};

Vector2d exact(const auto& problem, double t) {
  using L = long double;
  return problems::hopf_solution<L>(problem.t0, problem.y0.template cast<L>(), 4, t).template cast<double>();
}
Vector2d slope(const auto& problem, double t) {
  Vector2d dy;
  problem.field(t, exact(problem, t), dy);
  return dy;
}
double distance(const Vector2d& a, const Vector2d& b) { return (a - b).cwiseAbs().maxCoeff(); }

// A step's polynomial meets the state at its end to the round-off of a sum of some powers, or to the two units, 2^−42 each, by
// which a step of an exact pair is off.
template <class M>
constexpr double round_off = battery::Facts<M>::exact ? 5e-13 : 1e-14;

}  // namespace

// --- The dense solution ---------------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("The dense solution is the closed form, with its slope, anywhere between t0 and t1", "[dense]",
                        Methods) {
  CAPTURE(battery::Facts<TestType>::name);
  // 1e-10 a step, which some hundred steps add up, on a flow that draws to a circle. A slope is off by the value's error
  // over h, about 1/100.
  const auto check = [](const auto& problem, const auto& steps) {
    const auto solution = solve(problem, TestType{}, steps, SaveAt{.t0 = true, .steps = true, .dense = true});
    const double span = problem.t1 - problem.t0;
    for (int i = 0; i <= 1000; ++i) {
      const double t = i == 1000 ? problem.t1 : problem.t0 + span * i / 1000;
      if (!(distance(solution.evaluate(t), exact(problem, t)) < 1e-8)) FAIL_CHECK("value at " << t);
      if (!(distance(solution.derivative(t), slope(problem, t)) < 1e-6)) FAIL_CHECK("slope at " << t);
    }
    // It goes through the saved states, from y0's very bits on.
    REQUIRE(solution.ts().size() == solution.steps().size());
    CHECK(solution.evaluate(problem.t0) == problem.y0);
    for (std::size_t i = 0; i < solution.ts().size(); ++i)
      CHECK(distance(solution.evaluate(solution.ts()[i]), solution.ys()[i]) < round_off<TestType>);
  };
  for (const auto& problem : {forth, back}) {
    check(problem, tight);
    check(problem, FixedSteps{battery::Facts<TestType>::order > 3 ? 512 : 4096});
  }
}

TEMPLATE_LIST_TEST_CASE("The dense solution and the saved states are read off one polynomial", "[dense]", Methods) {
  SaveAt save_at{.t0 = true, .dense = true};
  for (int i = 1; i < 400; ++i) save_at.times.push_back(0.25 + i / 200.0);
  const auto check = [&](const auto& steps) {
    const auto solution = solve(forth, TestType{}, steps, save_at);
    REQUIRE(solution.ys().size() == 400);
    for (std::size_t i = 0; i < 400; ++i)
      CHECK(distance(solution.evaluate(solution.ts()[i]), solution.ys()[i]) < round_off<TestType>);
  };
  check(FixedSteps{20});
  check(Adaptive{});
}

TEMPLATE_LIST_TEST_CASE(
    "A plain method's dense solution has no corners: its slope is f at the ends of steps, from both sides", "[dense]",
    WithoutCorners) {
  const auto solution = solve(forth, TestType{}, FixedSteps{32}, SaveAt{.steps = true, .dense = true});
  for (std::size_t i = 0; i + 1 < solution.ts().size(); ++i) {
    const double t = solution.ts()[i];
    Vector2d f;
    forth.field(t, solution.ys()[i], f);
    // At a step's end it is a sum of powers that nearly cancel: of Dop853 seven, with coefficients of some 10^3 times f, each
    // multiplied by its power, so that a unit in the last place, 1e-16 · 10, becomes 7 · 7 · 10^3 times as much.
    CHECK(distance(solution.derivative(t), f) < 1e-14);
    CHECK(distance(solution.derivative(std::nextafter(t, 0)), f) < 5e-11);
  }
}

TEST_CASE("The dense solution is refused outside of what was solved, and where it was not kept", "[dense]") {
  const auto solution = solve(forth, Dopri5{}, FixedSteps{20}, SaveAt{.dense = true});
  CHECK(solution.ts() == std::vector<double>{2.25});  // it adds no saved state
  CHECK_THROWS_AS(solution.evaluate(0.2), std::invalid_argument);
  CHECK_THROWS_WITH(solution.evaluate(0.2), "antistrophe: t is 0.2; it must be between t0 = 0.25 and t1 = 2.25");
  CHECK_THROWS_WITH(solution.derivative(2.5), "antistrophe: t is 2.5; it must be between t0 = 0.25 and t1 = 2.25");
  CHECK_THROWS_AS(solution.evaluate(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  // A few units in the last place outside are the end itself, as with save times.
  CHECK(distance(solution.evaluate(std::nextafter(2.25, 3.0)), solution.ys()[0]) < 1e-14);
  CHECK(solution.evaluate(std::nextafter(0.25, 0.0)) == forth.y0);
  const auto reverse = solve(back, Dopri5{}, FixedSteps{20}, SaveAt{.dense = true});
  CHECK_THROWS_WITH(reverse.evaluate(2.5), "antistrophe: t is 2.5; it must be between t0 = 2.25 and t1 = 0.25");
  CHECK_THROWS_AS(reverse.evaluate(0.2), std::invalid_argument);
  CHECK_THROWS_WITH(solve(forth, Dopri5{}, FixedSteps{20}).evaluate(1),
                    ContainsSubstring("SaveAt::dense is 0; it must be true"));
  Problem instant = forth;
  instant.t1 = instant.t0;
  CHECK_THROWS_WITH(solve(instant, Dopri5{}, FixedSteps{20}, SaveAt{.dense = true}).evaluate(0.25),
                    ContainsSubstring("t0 and t1 differ"));
}

// --- Save times -----------------------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("Save times of all kinds have one entry each, in order, right, either way in time", "[dense]",
                        Methods) {
  CAPTURE(battery::Facts<TestType>::name);
  const auto check = [](const auto& problem, const auto& steps) {
    const double a = problem.t0, b = problem.t1, span = b - a;
    const double third = a + span / 3, late = a + 0.9375 * span;
    const std::vector<double> times{a, a, a, third, third, a + span / 2, late, late, b, b};
    const auto saved = [&](const SaveAt& save_at) {
      auto solution = solve(problem, TestType{}, steps, save_at);
      for (std::size_t i = 0; i < solution.ts().size(); ++i)
        CHECK(distance(solution.ys()[i], exact(problem, solution.ts()[i])) < 1e-5);
      return solution;
    };
    const auto all = saved(SaveAt{.times = times});
    CHECK(all.ts() == times);
    CHECK((all.ys()[0] == problem.y0 && all.ys()[1] == problem.y0 && all.ys()[2] == problem.y0));
    CHECK((all.ys()[3] == all.ys()[4] && all.ys()[6] == all.ys()[7] && all.ys()[8] == all.ys()[9]));
    // Flags add no entry to times that name the ends.
    CHECK(saved(SaveAt{.times = times, .t0 = true, .t1 = true}).ts() == times);
    // What is saved does not touch the solve; one time alone is what it is among others.
    for (const std::size_t i : {std::size_t{3}, std::size_t{5}, std::size_t{6}, std::size_t{9}}) {
      const auto one = saved(SaveAt{.times = {times[i]}});
      REQUIRE(one.ys().size() == 1);
      CHECK(battery::same_bits(one.ys()[0], all.ys()[i]));
    }
    // Steps among times: in order; a node that is named as often as it is named, others once.
    const std::vector<double> nodes = all.steps();
    const auto order = [&](double x, double y) { return span > 0 ? x < y : x > y; };
    const double node = *std::upper_bound(nodes.begin(), nodes.end(), a + span / 2, order);
    const std::vector<double> named{a, a, third, node, node, late, b};
    const auto both = saved(SaveAt{.times = named, .t0 = true, .steps = true});
    REQUIRE(both.steps() == nodes);
    std::vector<double> expected = named;
    for (const double t : nodes)
      if (std::find(named.begin(), named.end(), t) == named.end()) expected.push_back(t);
    std::sort(expected.begin(), expected.end(), order);
    CHECK(both.ts() == expected);
    // Every third step; the rest of the steps has no entry.
    const auto thirds = saved(SaveAt{.t0 = true, .every = 3});
    std::vector<double> every_third;
    for (std::size_t i = 0; i < nodes.size(); i += 3) every_third.push_back(nodes[i]);
    CHECK(thirds.ts() == every_third);
    const auto rare = saved(SaveAt{.t1 = true, .every = 1'000'000});
    CHECK(rare.ts() == std::vector<double>{b});
    CHECK(solve(problem, TestType{}, steps, SaveAt{.every = 1'000'000}).ts().empty());
  };
  for (const auto& problem : {forth, back}) {
    check(problem, Adaptive{.rtol = 1e-7, .atol = 1e-7});
    check(problem, FixedSteps{battery::Facts<TestType>::order > 3 ? 128 : 512});
  }
}

TEMPLATE_LIST_TEST_CASE("A time a few units in the last place from an end or a node is that end or node", "[dense]",
                        Two) {
  const auto check = [](const auto& problem, const auto& steps) {
    const auto nodes = solve(problem, TestType{}, steps, SaveAt{.t0 = true, .steps = true});
    const double away = problem.t1 > problem.t0 ? 9 : -9;
    const double outside0 = std::nextafter(problem.t0, -away), outside1 = std::nextafter(problem.t1, away);
    const double node = nodes.ts()[3], before = std::nextafter(node, -away), after = std::nextafter(node, away);
    const SaveAt save_at{.times = {outside0, problem.t0, before, node, after, problem.t1, outside1}};
    const auto solution = solve(problem, TestType{}, steps, save_at);
    REQUIRE(solution.ts() == save_at.times);  // reported as they were given
    CHECK((solution.ys()[0] == problem.y0 && solution.ys()[1] == problem.y0));
    for (const std::size_t i : {2U, 3U, 4U}) CHECK(battery::same_bits(solution.ys()[i], nodes.ys()[3]));
    for (const std::size_t i : {5U, 6U}) CHECK(battery::same_bits(solution.ys()[i], nodes.ys().back()));
    // 8 eps of the larger end is the limit.
    const double end = std::fmax(problem.t0, problem.t1), slack = 8 * std::numeric_limits<double>::epsilon() * end;
    CHECK_NOTHROW((void)solve(problem, TestType{}, steps, SaveAt{.times = {problem.t1 + std::copysign(slack, away)}}));
    CHECK_THROWS_WITH(
        (void)solve(problem, TestType{}, steps, SaveAt{.times = {problem.t1 + std::copysign(1.5 * slack, away)}}),
        ContainsSubstring("SaveAt::times[0]") && ContainsSubstring("it must be between t0 = "));
    CHECK_THROWS_AS(
        (void)solve(problem, TestType{}, steps, SaveAt{.times = {problem.t0 - std::copysign(1.5 * slack, away)}}),
        std::invalid_argument);
  };
  for (const auto& problem : {forth, back}) {
    check(problem, FixedSteps{10});
    check(problem, Adaptive{});
  }
}
