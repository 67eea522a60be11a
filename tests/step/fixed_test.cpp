#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

// The nodes of steps between two times: first t0, last t1 exactly, monotone.
template <class Steps>
std::vector<double> nodes(const Steps& steps, double t0, double t1) {
  const Timeline timeline = steps.timeline(t0, t1);
  std::vector<double> result;
  for (std::int64_t i = 0; i <= timeline.steps(); ++i) result.push_back(timeline[i]);
  CHECK(result.front() == t0);
  CHECK(result.back() == t1);
  for (std::size_t i = 1; i < result.size(); ++i) CHECK((result[i] - result[i - 1]) * (t1 - t0) > 0);
  return result;
}

}  // namespace

TEST_CASE("FixedSteps makes n equal steps", "[steps]") {
  const auto t = nodes(FixedSteps{10}, 0.1, 0.8);
  REQUIRE(t.size() == 11);
  for (std::size_t i = 0; i <= 10; ++i) CHECK(t[i] == Approx(0.1 + 0.07 * static_cast<double>(i)).epsilon(1e-15));
  CHECK(nodes(FixedSteps{3}, 1, -1).size() == 4);
  CHECK(nodes(FixedSteps{1}, 0, 1e-11).size() == 2);
  CHECK(nodes(FixedSteps{7}, 0, 1e11).size() == 8);
  CHECK(FixedSteps{10}.timeline(2, 2).steps() == 0);
}

TEST_CASE("FixedSteps refuses n < 1 and steps that vanish beside t, with the value", "[steps]") {
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-5}}) {
    CHECK_THROWS_AS(FixedSteps{n}.timeline(0, 1), std::invalid_argument);
    CHECK_THROWS_WITH(FixedSteps{n}.timeline(0, 1),
                      ContainsSubstring("FixedSteps::n is " + std::to_string(n)) && ContainsSubstring("at least 1"));
    CHECK_THROWS_AS(FixedSteps{n}.timeline(1, 1), std::invalid_argument);
  }
  CHECK_THROWS_WITH(FixedSteps{1'000'000}.timeline(1e12, 1e12 + 1e-3), ContainsSubstring("FixedSteps::n"));
}

TEST_CASE("FixedStep makes steps of h and cuts the last to land on t1", "[steps]") {
  const auto t = nodes(FixedStep{0.3}, 0, 1);
  REQUIRE(t.size() == 5);
  CHECK(t[3] == 0.3 * 3);
  CHECK(nodes(FixedStep{-0.25}, 1, 0).size() == 5);
  CHECK(nodes(FixedStep{-0.3}, 1, 0).size() == 5);
  CHECK(nodes(FixedStep{5}, 0, 1).size() == 2);  // longer than the interval: one step
  CHECK(FixedStep{0.1}.timeline(3, 3).steps() == 0);
}

TEST_CASE("FixedStep takes a remainder of round-off for none, and a true one for a step", "[steps]") {
  // k · 0.1 is seldom t1/h in floating point; for each k there must be k steps, not k ± 1.
  for (int k = 1; k <= 2000; ++k) {
    const double t1 = 0.1 * k;
    if (FixedStep{0.1}.timeline(0, t1).steps() != k) FAIL("k = " << k);
    if (FixedStep{-0.1}.timeline(t1, 0).steps() != k) FAIL("backward, k = " << k);
    if (FixedStep{0.1}.timeline(0, t1 + 0.001).steps() != k + 1) FAIL("remainder, k = " << k);
  }
  CHECK(FixedStep{1e-6}.timeline(0, 1).steps() == 1'000'000);
}

TEST_CASE("steps of a few units in the last place are steps, and only those that vanish are refused", "[steps]") {
  const auto rises = [](const auto& steps, double t0, double t1) {
    const auto t = nodes(steps, t0, t1);
    for (std::size_t i = 1; i < t.size(); ++i)
      if (!(t1 > t0 ? t[i] > t[i - 1] : t[i] < t[i - 1])) FAIL("nodes " << i - 1 << " and " << i << " do not go on");
    CHECK(t.front() == t0);
    CHECK(t.back() == t1);
    return t.size() - 1;
  };
  const double ulp = std::nextafter(1e9, 2e9) - 1e9;
  CHECK(rises(FixedStep{1e-6}, 1e9, 1e9 + 1e-2) == 10000);
  CHECK(rises(FixedStep{-1e-6}, 1e9, 1e9 - 1e-2) == 10000);
  CHECK(rises(FixedStep{1e-6}, 1e9, 1e9 + 1e-3) == 1000);
  CHECK(rises(FixedSteps{1}, 1e9, 1e9 + ulp) == 1);
  CHECK(rises(FixedSteps{64}, 1e9, 1e9 + 64 * ulp) == 64);
  CHECK(rises(FixedStep{8 * ulp}, 1e9, 1e9 + 64 * ulp) == 8);
  CHECK(rises(FixedStep{8 * ulp}, 1e9, 1e9 + 65 * ulp) == 9);
  CHECK(rises(StepTo{{1e9, 1e9 + 1e-6, 1e9 + 2e-6, 1e9 + 3e-6}}, 1e9, 1e9 + 3e-6) == 3);
  CHECK(rises(StepTo{{1e9 + 1e-6, 1e9 + 2e-6}}, 1e9, 1e9 + 3e-6) == 3);
  CHECK_THROWS_AS(FixedSteps{65}.timeline(1e9, 1e9 + 64 * ulp), std::invalid_argument);
  CHECK_THROWS_AS(FixedStep{ulp / 2}.timeline(1e9, 1e9 + 64 * ulp), std::invalid_argument);
  CHECK_THROWS_AS(FixedStep{ulp / 2}.timeline(1e9, 1e9 + 1), std::invalid_argument);
  for (const double t0 : {1e9, -1e9, 1.0, 1.9999}) {
    for (const std::int64_t n : {1, 2, 3, 7, 64, 1000}) {
      for (const double k : {4.0, 4.5, 5.3, 8.0}) {
        const double t1 = t0 + static_cast<double>(n) * k * std::fabs(t0) * 2.3e-16;
        rises(FixedSteps{n}, t0, t1);
        rises(FixedSteps{n}, t1, t0);
      }
    }
  }
  rises(FixedSteps{64}, -32 * ulp, 32 * ulp);
}

TEST_CASE("a time to save at a node of short steps is that node's", "[steps]") {
  struct Clock {
    void operator()(double, const Eigen::Vector2d&, Eigen::Vector2d& dy) const { dy << 1, 0; }
  };
  const Problem problem{Clock{}, Eigen::Vector2d::Zero(), 1e9, 1e9 + 8e-6};
  const auto steps = solve(problem, Euler{}, FixedStep{1e-6}, SaveAt{.t0 = true, .steps = true});
  const auto times = solve(problem, Euler{}, FixedStep{1e-6}, SaveAt{.times = steps.ts()});
  CHECK(steps.ts().size() == 9);
  CHECK(times.ys() == steps.ys());
  CHECK(solve(problem, Euler{}, StepTo{steps.steps()}, SaveAt{.times = steps.ts()}).ys() == steps.ys());
}

TEST_CASE("FixedStep refuses h that is 0, not finite, of the wrong sign or vanishing, with the value", "[steps]") {
  CHECK_THROWS_WITH(FixedStep{0}.timeline(0, 1), ContainsSubstring("FixedStep::h is 0"));
  CHECK_THROWS_WITH(FixedStep{nan_value}.timeline(0, 1), ContainsSubstring("FixedStep::h is nan"));
  CHECK_THROWS_WITH(FixedStep{infinity}.timeline(0, 1), ContainsSubstring("FixedStep::h is inf"));
  CHECK_THROWS_WITH(FixedStep{-0.5}.timeline(0, 1),
                    ContainsSubstring("FixedStep::h is -0.5") && ContainsSubstring("positive"));
  CHECK_THROWS_WITH(FixedStep{0.5}.timeline(1, 0),
                    ContainsSubstring("FixedStep::h is 0.5") && ContainsSubstring("negative"));
  CHECK_THROWS_AS(FixedStep{1e-17}.timeline(1, 2), std::invalid_argument);
  CHECK_THROWS_AS(FixedStep{1e-300}.timeline(0, 1), std::invalid_argument);
}

TEST_CASE("StepTo goes from one given time to the next, in equal parts", "[steps]") {
  CHECK(nodes(StepTo{{0.5, 0.75}}, 0, 1) == std::vector<double>{0, 0.5, 0.75, 1});
  CHECK(nodes(StepTo{{0, 0.5, 1}}, 0, 1) == std::vector<double>{0, 0.5, 1});
  CHECK(nodes(StepTo{{0.5}, 2}, 0, 1) == std::vector<double>{0, 0.25, 0.5, 0.75, 1});
  CHECK(nodes(StepTo{{0.75, 0.5}}, 1, 0) == std::vector<double>{1, 0.75, 0.5, 0});
  CHECK(nodes(StepTo{{}}, 0, 1) == std::vector<double>{0, 1});
  CHECK(StepTo{{1.0}}.timeline(1, 1).steps() == 0);
}

TEST_CASE("StepTo takes an end that is off by a unit in the last place for the end", "[steps]") {
  const double beyond = std::nextafter(0.3, 1.0), below = std::nextafter(0.1, 0.0);
  CHECK(nodes(StepTo{{below, 0.2, beyond}}, 0.1, 0.3) == std::vector<double>{0.1, 0.2, 0.3});
}

TEST_CASE("StepTo refuses times that are unsorted, twice the same, outside or not finite, with index and value",
          "[steps]") {
  CHECK_THROWS_WITH((StepTo{{0.5, 0.25}}.timeline(0, 1)), ContainsSubstring("StepTo::times[1] is 0.25"));
  CHECK_THROWS_WITH((StepTo{{0.5, 0.5}}.timeline(0, 1)), ContainsSubstring("StepTo::times[1]"));
  CHECK_THROWS_WITH((StepTo{{0.5, 1.5}}.timeline(0, 1)), ContainsSubstring("StepTo::times[1] is 1.5"));
  CHECK_THROWS_WITH((StepTo{{-0.5}}.timeline(0, 1)), ContainsSubstring("StepTo::times[0] is -0.5"));
  CHECK_THROWS_WITH((StepTo{{nan_value}}.timeline(0, 1)), ContainsSubstring("StepTo::times[0] is nan"));
  CHECK_THROWS_WITH((StepTo{{0.5}, 0}.timeline(0, 1)), ContainsSubstring("StepTo::each is 0"));
}

// --- Jumps -------------------------------------------------------------------------------------------------------------------

namespace {

bool contains(const std::vector<double>& times, double t) {
  return std::find(times.begin(), times.end(), t) != times.end();
}

}  // namespace

TEST_CASE("FixedSteps with jumps has equal steps on each piece, hardly longer than without", "[steps]") {
  // Jumps on nodes leave the number of steps as it is, whatever their rounding.
  const auto on_nodes = nodes(FixedSteps{.n = 10, .jumps = {0.3, 0.1 + 0.2 + 0.4}}, 0, 1);
  CHECK((on_nodes.size() == 11 && contains(on_nodes, 0.3) && contains(on_nodes, 0.1 + 0.2 + 0.4)));
  const auto between = nodes(FixedSteps{.n = 10, .jumps = {0.42, 0.17}}, 0, 1);  // in any order
  REQUIRE(between.size() == 12);                                                 // 2 and 3 and 6
  CHECK((between[2] == 0.17 && between[5] == 0.42 && between[1] == Approx(0.085)));
  for (std::size_t i = 1; i < between.size(); ++i) CHECK(between[i] - between[i - 1] < 0.1 * 1.011);
  const auto back = nodes(FixedSteps{.n = 10, .jumps = {0.42, 0.17}}, 1, 0);
  CHECK((back.size() == 12 && contains(back, 0.17) && contains(back, 0.42)));
  // A piece shorter than a step is one step.
  CHECK(nodes(FixedSteps{.n = 2, .jumps = {0.5, 0.501}}, 0, 1).size() == 4);
}

TEST_CASE("FixedStep with jumps cuts the step before each and goes on from there", "[steps]") {
  const auto t = nodes(FixedStep{.h = 0.3, .jumps = {0.7}}, 0, 2);
  REQUIRE(t.size() == 9);
  CHECK((t[1] == 0.3 && t[2] == 0.6 && t[3] == 0.7 && t[4] == 0.7 + 0.3 && t[7] == 0.7 + 4 * 0.3 && t[8] == 2));
  CHECK(nodes(FixedStep{.h = -0.25, .jumps = {0.5}}, 1, 0).size() == 5);
}

TEST_CASE("StepTo with jumps has them among its times", "[steps]") {
  const auto t = nodes(StepTo{.times = std::vector<double>{0.5, 1.0}, .each = 2, .jumps = {0.7}}, 0, 2);
  REQUIRE(t.size() == 9);
  CHECK((t[2] == 0.5 && t[4] == 0.7 && t[6] == 1.0));
  // One that agrees with a time to a unit in the last place takes its place, for f jumps there and not beside it.
  const double near = std::nextafter(0.5, 1);
  const auto moved = nodes(StepTo{.times = std::vector<double>{0.5, 1.0}, .jumps = {near}}, 0, 2);
  CHECK((moved.size() == 4 && moved[1] == near));
}

TEST_CASE("More steps than times that can be kept are refused", "[step]") {
  CHECK_THROWS_WITH((FixedSteps{3'000'000'000, {0.5}}.timeline(0, 1)),
                    "antistrophe: FixedSteps::n is 3000000000; it must be at most 2e9 with jumps, since all times are "
                    "kept");
  CHECK_THROWS_WITH((FixedStep{1e-10, {0.5}}.timeline(0, 1)),
                    "antistrophe: FixedStep::h is 1e-10; it must be large enough for at most 2e9 steps where there are "
                    "jumps, since all times are kept");
  CHECK_THROWS_WITH((StepTo{{0.5}, 1'500'000'000}.timeline(0, 1)),
                    "antistrophe: StepTo::each is 1500000000; it must be small enough for fewer than 2e9 steps in all, "
                    "whose times are kept");
}

// Half of a step, on the average, is seven units in the last place of t here.
TEST_CASE("StepTo tells jumps from times that are near to them beside t", "[step]") {
  const double t0 = 1000, unit = std::nextafter(t0, 2 * t0) - t0, t1 = t0 + 88 * unit;
  const std::vector<double> nodes{t0, t0 + 6 * unit, t0 + 36 * unit, t0 + 40 * unit, t0 + 54 * unit, t1};
  const auto nodes_of = [&](const StepTo& steps) {
    const Timeline timeline = steps.timeline(t0, t1);
    std::vector<double> all;
    for (std::int64_t i = 0; i <= timeline.steps(); ++i) all.push_back(timeline[i]);
    return all;
  };
  CHECK(nodes_of({nodes, 1, {t0}}) == nodes);
  CHECK(nodes_of({nodes, 1, {t1}}) == nodes);
  // Those of a solve are its nodes, or ends.
  StepTimes taken(nodes);
  taken.of_a_solve = true;
  for (const double jump : {t0, nodes[3], t1}) {
    taken.jumps = {{jump, std::nextafter(jump, t0), std::nextafter(jump, t1)}};
    CHECK(nodes_of({taken}) == nodes);
    CHECK(nodes_of({taken, 1, {jump}}) == nodes);  // as of a field that offers its jumps
  }
}

TEST_CASE("What f sees at jumps: the inner side of each step", "[steps]") {
  const Timeline timeline = FixedSteps{.n = 4, .jumps = {0, 0.5, 1, -3, 7, 0.5}}.timeline(0, 1);
  REQUIRE(timeline.steps() == 4);
  const auto step = [&](std::int64_t i) { return step_at(timeline, i); };
  CHECK((step(0).sees_t0() == std::nextafter(0.0, 1) && step(0).sees_t1() == 0.25));
  CHECK((step(1).sees_t0() == 0.25 && step(1).sees_t1() == std::nextafter(0.5, 0)));
  CHECK((step(2).sees_t0() == std::nextafter(0.5, 1) && step(2).sees_t1() == 0.75));
  CHECK((step(3).sees_t0() == 0.75 && step(3).sees_t1() == std::nextafter(1.0, 0)));
  CHECK((!step(1).begins_at_jump() && step(1).ends_at_jump() && step(2).begins_at_jump()));
  CHECK((step(1).h() == 0.25 && step(2).h() == 0.25));
  const Timeline back = FixedSteps{.n = 2, .jumps = {0.5}}.timeline(1, 0);
  CHECK(step_at(back, 0).sees_t1() == std::nextafter(0.5, 1));
  CHECK(step_at(back, 1).sees_t0() == std::nextafter(0.5, 0));
  // Two that lie some units in the last place apart are one, before which the first and after which the second is past.
  const double next = std::nextafter(0.5, 1);
  const Timeline twice = FixedSteps{.n = 2, .jumps = {next, 0.5}}.timeline(0, 1);
  REQUIRE(twice.steps() == 2);
  CHECK(step_at(twice, 0).sees_t1() == std::nextafter(0.5, 0));
  CHECK(step_at(twice, 1).sees_t0() == std::nextafter(next, 1));
  // One just inside an end shows f its inner side there, too.
  const Timeline ends = FixedSteps{.n = 2, .jumps = {std::nextafter(1.0, 0)}}.timeline(0, 1);
  CHECK((ends.steps() == 2 && step_at(ends, 1).sees_t1() == std::nextafter(std::nextafter(1.0, 0), 0)));
}

TEST_CASE("Jumps that are not finite are refused, with the list and the place", "[steps]") {
  for (const double bad : {nan_value, infinity, -infinity}) {
    CHECK_THROWS_WITH((FixedSteps{.n = 4, .jumps = {0.5, bad}}.timeline(0, 1)),
                      ContainsSubstring("FixedSteps::jumps[1]") && ContainsSubstring("finite"));
    CHECK_THROWS_WITH((FixedStep{.h = 0.1, .jumps = {bad}}.timeline(0, 1)), ContainsSubstring("FixedStep::jumps[0]"));
    CHECK_THROWS_WITH((StepTo{.times = {}, .jumps = {bad}}.timeline(0, 1)), ContainsSubstring("StepTo::jumps[0]"));
  }
}

TEST_CASE("Pieces between jumps move with t0 and t1 as their nodes do", "[steps]") {
  constexpr double d = 1.0 / 1024;
  const auto check = [&](const auto& steps) {
    const Timeline timeline = steps.timeline(0.0, 2.0), later_start = steps.timeline(d, 2.0),
                   later_end = steps.timeline(0.0, 2 + d);
    REQUIRE((later_start.steps() == timeline.steps() && later_end.steps() == timeline.steps()));
    for (std::int64_t i = 0; i <= timeline.steps(); ++i) {
      CAPTURE(i);
      // Nodes are rounded to 2^-53 of 2, differences of 2^-10 apart.
      CHECK((later_start[i] - timeline[i]) / d == Approx(timeline.dt0(i)).margin(1e-12));
      CHECK((later_end[i] - timeline[i]) / d == Approx(timeline.dt1(i)).margin(1e-12));
    }
  };
  check(FixedSteps{.n = 10, .jumps = {0.5, 1.07}});
  check(FixedSteps{.n = 10, .jumps = {0.77}});
  check(FixedStep{.h = 0.21, .jumps = {0.5, 1.07}});
  check(StepTo{.times = std::vector<double>{0.25, 1.5}, .each = 3, .jumps = {0.1, 1.07}});
}
