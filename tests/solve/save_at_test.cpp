#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/solve.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;

namespace {

using Nodes = std::vector<std::int64_t>;

const Timeline quarters = FixedSteps{4}.timeline(0, 1);

struct GivenTimeline {
  Timeline nodes;
  Timeline timeline(double, double) const { return nodes; }
};

// y' = 1: the state is the time since t0.
struct Clock {
  void operator()(double, const auto&, auto& dy) const { dy[0] = 1; }
};

// What a solve along the timeline saved, and where.
auto plan_saves(const SaveAt& save_at, const Timeline& timeline) {
  using Y = Eigen::Vector<double, 1>;
  const Clock clock;
  using S = RK4::Stepper<Clock, Y>;
  const Y zero{0.0};
  auto forward =
      detail::make_forward<S>(RK4{}, clock, zero, timeline.t0(), timeline.t1(), GivenTimeline{timeline}, timeline,
                              save_at, detail::EventDetector(Events<>{}, clock, zero), detail::NoTrace{});
  const Progress no_progress;
  detail::Throttle throttle(no_progress);
  detail::run_forward(forward, GivenTimeline{timeline}, timeline, zero, timeline.t0(), timeline.t1(), false, throttle);
  const detail::SavePlan plan = forward.saver.plan();
  for (std::size_t e = 0; e < plan.size(); ++e)
    CHECK(forward.saver.states()[e][0] == Approx(plan.ts[e] - timeline.t0()).margin(1e-14));
  return plan;
}
Nodes nodes_of(const detail::SavePlan& plan) {
  Nodes nodes;
  for (const detail::SavedEntry& entry : plan.entries) nodes.push_back(entry.node);
  return nodes;
}
Nodes planned(const SaveAt& save_at, const Timeline& timeline = quarters) {
  return nodes_of(plan_saves(save_at, timeline));
}

}  // namespace

TEST_CASE("Without a wish the last state is saved", "[save]") {
  CHECK(planned({}) == Nodes{4});
  CHECK(planned({}, FixedSteps{4}.timeline(1, 1)) == Nodes{0});
}

TEST_CASE("Ends and steps are saved once each, in order", "[save]") {
  CHECK(planned({.t0 = true}) == Nodes{0});
  CHECK(planned({.t1 = true}) == Nodes{4});
  CHECK(planned({.t0 = true, .t1 = true}) == Nodes{0, 4});
  CHECK(planned({.steps = true}) == Nodes{1, 2, 3, 4});
  CHECK(planned({.t0 = true, .t1 = true, .steps = true}) == Nodes{0, 1, 2, 3, 4});
}

TEST_CASE("Given times are saved, duplicates one entry each, the ends too", "[save]") {
  const auto plan = plan_saves({.times = {0, 0, 0.25, 0.25, 1, 1}}, quarters);
  CHECK(nodes_of(plan) == Nodes{0, 0, 1, 1, 4, 4});
  CHECK(plan.ts == std::vector<double>{0, 0, 0.25, 0.25, 1, 1});
  CHECK(planned({.times = {0.5}}) == Nodes{2});
  CHECK(planned({.times = {0, 0.5}, .t0 = true, .t1 = true}) == Nodes{0, 2, 4});
  CHECK(planned({.times = {0.5, 0.5}, .steps = true}) == Nodes{1, 2, 2, 3, 4});
  CHECK(planned({.times = {0.75, 0.25}}, FixedSteps{4}.timeline(1, 0)) == Nodes{1, 3});
  CHECK(planned({.times = {2, 2}}, FixedSteps{4}.timeline(2, 2)) == Nodes{0, 0});
}

TEST_CASE("A time a few units in the last place from an end or a node is taken for it, and reported as given",
          "[save]") {
  const double above = std::nextafter(1.0, 2.0), below = std::nextafter(0.25, 0.0);
  const auto plan = plan_saves({.times = {below, above}}, quarters);
  CHECK(nodes_of(plan) == Nodes{1, 4});
  CHECK(plan.ts == std::vector<double>{below, above});
  // Nodes i · h against times counted up: 0.1, 0.2, 0.30000000000000004, …
  std::vector<double> counted_up;
  double t = 0;
  for (int i = 0; i < 1000; ++i) counted_up.push_back(t += 0.1);
  CHECK(planned({.times = counted_up}, FixedSteps{1000}.timeline(0, 100)).size() == 1000);
}

// y' = -y²: y = 1/(1 + t) from 1.
struct Reciprocal {
  void operator()(double, const auto& y, auto& dy) const { dy[0] = -y[0] * y[0]; }
};

// Units in the last place of t1 are many steps near t0 = 0.
TEST_CASE("Where steps are chosen, what is near to a node is near to it beside its own time", "[save]") {
  const std::vector<double> times{1e-6, 1e-5, 1e-3, 1, 1e3, 1e10};
  const Problem problem{Reciprocal{}, Eigen::Vector<double, 1>{1.0}, 0.0, 1e11};
  const Adaptive steps{.rtol = 1e-11, .atol = 1e-22};
  const auto solution = solve(problem, Dopri5{}, steps, SaveAt{.times = times, .t0 = true});
  REQUIRE(solution.ys().size() == times.size() + 1);
  for (std::size_t i = 0; i < times.size(); ++i) {
    CAPTURE(times[i]);
    CHECK(std::fabs(solution.ys()[i + 1][0] * (1 + times[i]) - 1) < 1e-8);
  }
  CHECK(solution.ys()[1][0] < 1 - 0.9e-6);
}

TEST_CASE("A time between nodes is read off the dense output of the step it lies in", "[save]") {
  const auto plan = plan_saves({.times = {0.3, 0.5, 0.6, 0.7}}, quarters);
  CHECK(nodes_of(plan) == Nodes{1, 2, 2, 2});
  CHECK(plan.entries[0].sigma == Approx(0.2));
  CHECK(plan.entries[1].sigma == 0);
  CHECK(plan.entries[3].sigma == Approx(0.8));
  CHECK(planned({.times = {0.3}, .every = 2}) == Nodes{1, 2, 4});
}

TEST_CASE("Times outside, unsorted or not finite are refused, with index and value", "[save]") {
  CHECK_THROWS_WITH(planned({.times = {0.25, 1.5}}),
                    ContainsSubstring("SaveAt::times[1] is 1.5") && ContainsSubstring("between"));
  CHECK_THROWS_WITH(planned({.times = {-0.25}}), ContainsSubstring("SaveAt::times[0] is -0.25"));
  CHECK_THROWS_WITH(planned({.times = {0.5, 0.25}}),
                    ContainsSubstring("SaveAt::times[1] is 0.25") && ContainsSubstring("sorted"));
  CHECK_THROWS_WITH(planned({.times = {0.25, 0.5}}, FixedSteps{4}.timeline(1, 0)),
                    ContainsSubstring("SaveAt::times[1] is 0.5"));
  CHECK_THROWS_WITH(planned({.times = {std::numeric_limits<double>::quiet_NaN()}}),
                    ContainsSubstring("SaveAt::times[0] is nan"));
  CHECK_THROWS_AS(planned({.times = {std::numeric_limits<double>::infinity()}}), std::invalid_argument);
}
