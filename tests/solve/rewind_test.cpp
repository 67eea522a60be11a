// A pair's step can fail after it was found good: in its second increment. What it had saved is then taken back, and neither
// observer nor dense solution hear of it.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

// A rotation whose k-th evaluation is NaN.
struct Hiccup {
  std::int64_t* calls;
  std::int64_t k;
  void operator()(double, const Vector2d& y, Vector2d& dy) const {
    dy = ++*calls == k ? Vector2d::Constant(std::numeric_limits<double>::quiet_NaN()) : Vector2d(y[1], -y[0]);
  }
};

}  // namespace

TEMPLATE_TEST_CASE("What a failed step saved is taken back", "[save_at]", Reversible<Bosh3>,
                   (Reversible<Dopri5, Floating>)) {
  std::vector<double> times;
  for (int i = 0; i <= 200; ++i) times.push_back(0.01 * i);
  const SaveAt save_at{.times = times, .dense = true};
  const Adaptive steps{.rtol = 1e-4, .atol = 1e-4};
  std::int64_t failed_late = 0;
  for (std::int64_t k = 3; k < 120; ++k) {
    CAPTURE(k);
    std::int64_t calls = 0;
    const Problem problem{Hiccup{&calls, k}, Vector2d(0, 1), 0.0, 2.0};
    const auto solution = solve(problem, TestType{}, steps, save_at);
    REQUIRE(solution.ts() == times);
    for (std::size_t i = 0; i < times.size(); ++i)
      CHECK((solution.evaluate(times[i]) - solution.ys()[i]).norm() < 1e-12);
    CHECK((solution.derivative(1.0) - Vector2d(solution.evaluate(1.0)[1], -solution.evaluate(1.0)[0])).norm() < 1e-2);

    calls = 0;
    std::vector<double> seen;
    const auto observed = solve(problem, TestType{}, steps, save_at, Observer{[&](double t, const Vector2d& y) {
                                  REQUIRE(seen.size() < times.size());
                                  CHECK(y == solution.ys()[seen.size()]);
                                  seen.push_back(t);
                                }});
    CHECK(seen == times);
    // The first trial of a step fails at once, in one of its first increment's stages, or late; both are seen here.
    if (observed.stats().rejected > 0) ++failed_late;
  }
  CHECK(failed_late > 10);
}

namespace {

// y1 = sin t, or a clock; both cross zero four times in [0, 12].
struct Zero {
  double operator()(double, const Vector2d& y) const { return y[0]; }
};
struct Clock {
  double operator()(double t, const Vector2d&) const { return std::sin(t - 0.3); }
};

}  // namespace

TEMPLATE_TEST_CASE("An event in a step that fails is met when the step is taken again", "[save_at]", Reversible<Bosh3>,
                   (Reversible<Dopri5, Floating>)) {
  const Adaptive steps{.rtol = 1e-4, .atol = 1e-4};
  for (std::int64_t k = 3; k < 400; ++k) {
    CAPTURE(k);
    std::int64_t calls = 0;
    const Problem problem{Hiccup{&calls, k}, Vector2d(0, 1), 0.0, 12.0};
    const auto solution = solve(problem, TestType{}, steps, {},
                                Events{Event{Zero{}, Crossing::any, false}, Event{Clock{}, Crossing::any, false}});
    REQUIRE(solution.events().size() == 7);
    for (std::size_t i = 1; i < 7; ++i) CHECK(solution.events()[i].t > solution.events()[i - 1].t);
    // With interrupts: what is cut stays cut.
    calls = 0;
    struct Same {
      void operator()(double, const Vector2d& y, Vector2d& y_new) const { y_new = y; }
    };
    CHECK(solve(problem, TestType{}, steps, {}, Events{JumpEvent{Zero{}, Same{}}, JumpEvent{Clock{}, Same{}}})
              .events()
              .size() == 7);
  }
}

TEST_CASE("A state at an event is never NaN, though a stage of the dense output be", "[save_at]") {
  // The clock's event does not look at the state.
  const Adaptive steps{.rtol = 1e-4, .atol = 1e-4};
  for (std::int64_t k = 3; k < 200; ++k) {
    CAPTURE(k);
    std::int64_t calls = 0;
    const Problem problem{Hiccup{&calls, k}, Vector2d(0, 1), 0.0, 12.0};
    const auto check = [&](const auto& events) {
      calls = 0;
      const auto solution =
          solve(problem, Dop853{}, steps, SaveAt{.times = {0.25, 0.29, 0.31, 3, 6}}, events, OnFailure::return_status);
      for (const auto& event : solution.events()) CHECK(event.y.allFinite());
      for (const auto& y : solution.ys()) CHECK(y.allFinite());
    };
    check(Events{Event{Clock{}, Crossing::any, false}});
    check(Events{Event{Clock{}}});
  }
}

TEST_CASE("An observer that says no at t0 sees nothing else", "[save_at]") {
  std::int64_t calls = 0, seen = 0;
  const Problem problem{Hiccup{&calls, 0}, Vector2d(0, 1), 0.0, 2.0};
  const auto check = [&](const auto& steps) {
    calls = seen = 0;
    const auto solution =
        solve(problem, Dopri5{}, steps, SaveAt{.t0 = true, .steps = true}, Observer{[&](double, const Vector2d&) {
                ++seen;
                return false;
              }});
    CHECK(solution.status() == Status::stopped);
    CHECK_FALSE(solution.success());
    CHECK_FALSE(solution.failed());
    CHECK((seen == 1 && calls == 0 && solution.stats().steps == 0));
    CHECK(solution.failure().t == 0);
  };
  check(FixedSteps{10});
  check(Adaptive{});
}
