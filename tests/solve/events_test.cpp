#include <antistrophe/problem/events.hpp>

#include <antistrophe/antistrophe.hpp>

#include "battery.hpp"
#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

// y1' = y2, y2' = −y1: (sin t, cos t) from (0, 1).
struct Circle {
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -y[0];
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] -= w[1];
    y_bar[1] += w[0];
  }
};

// y1 passes `level`.
struct Level {
  double level = 0;
  double operator()(double, const auto& y) const { return y[0] - level; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

// The clock passes `time`.
struct Clock {
  double time;
  double operator()(double t, const auto&) const { return t - time; }
  void gradient(double, const auto&, auto&, auto&, auto& t_bar) const { t_bar += 1; }
};

struct Same {
  void operator()(double, const auto& y, auto& y_new) const { y_new = y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const { y_bar += w; }
};

const Problem circle{Circle{}, Vector2d(0, 1), 0.0, 20.0};
const Adaptive tight{.rtol = 1e-12, .atol = 1e-12};
const double pi = std::acos(-1.0);

template <class S>
std::vector<double> times_of(const S& solution) {
  std::vector<double> times;
  for (const auto& event : solution.events()) times.push_back(event.t);
  return times;
}

// The oscillator's own error: 1e-12 a step at most is accepted, and some 10^2 of them make a time unit or two.
constexpr double near = 1e-10;

}  // namespace

// --- Where and how often ---------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("A terminal event ends the solve where it happens", "[events]", Dopri5, Dop853, Reversible<Tsit5>) {
  const auto check = [](const auto& steps) {
    // sin t falls through 1/2 at 5π/6 (it rises through it at π/6).
    const auto falling = solve(circle, TestType{}, steps, {}, Events{Event{Level{0.5}, Crossing::falling}});
    REQUIRE(falling.status() == Status::event);
    CHECK(falling.success());
    CHECK(falling.ts().size() == 1);
    CHECK(falling.ts()[0] == Approx(5 * pi / 6).margin(near));
    CHECK(falling.ys()[0][0] == Approx(0.5).margin(1e-14));
    CHECK(falling.ys()[0][1] == Approx(std::cos(5 * pi / 6)).margin(near));
    REQUIRE(falling.events().size() == 1);
    CHECK((falling.events()[0].t == falling.ts()[0] && falling.events()[0].index == 0));
    CHECK(battery::same_bits(falling.events()[0].y, falling.ys()[0]));
    const auto rising = solve(circle, TestType{}, steps, {}, Events{Event{Level{0.5}, Crossing::rising}});
    CHECK(rising.ts()[0] == Approx(pi / 6).margin(near));
    const auto any = solve(circle, TestType{}, steps, {}, Events{Event{Level{0.5}}});
    CHECK(any.ts()[0] == rising.ts()[0]);
    const auto never_met = solve(circle, TestType{}, steps, {}, Events{Event{Level{1.5}}});
    CHECK((never_met.status() == Status::success && never_met.ts()[0] == 20 && never_met.events().empty()));
  };
  check(tight);
  check(FixedSteps{5000});
}

TEST_CASE("Towards smaller times, directions are those met on the way", "[events]") {
  const Problem back{Circle{}, Vector2d(0, 1), 0.0, -20.0};  // y1 = sin t falls to −1/2 at −π/6
  const auto first = solve(back, Dopri5{}, tight, {}, Events{Event{Level{-0.5}, Crossing::falling}});
  CHECK(first.ts()[0] == Approx(-pi / 6).margin(near));
  const auto second = solve(back, Dopri5{}, tight, {}, Events{Event{Level{-0.5}, Crossing::rising}});
  CHECK(second.ts()[0] == Approx(-5 * pi / 6).margin(near));
}

TEST_CASE("Recorded events do not touch the solve", "[events]") {
  const auto plain = solve(circle, Dopri5{}, tight, SaveAt{.steps = true});
  const auto watched = solve(circle, Dopri5{}, tight, SaveAt{.steps = true},
                             Events{Event{Level{}, Crossing::any, false}, Event{Clock{7}, Crossing::any, false}});
  REQUIRE(watched.ys().size() == plain.ys().size());
  CHECK(watched.status() == Status::success);
  for (std::size_t i = 0; i < plain.ys().size(); ++i) CHECK(battery::same_bits(plain.ys()[i], watched.ys()[i]));
  // sin t is 0 at kπ, k = 1 … 6; not at t0, where it starts.
  const auto times = times_of(watched);
  REQUIRE(times.size() == 7);
  for (std::size_t i = 0, k = 0; i < times.size(); ++i) {
    if (i == 2) {
      CHECK(times[i] == 7.0);
      CHECK(watched.events()[i].index == 1);
    } else {
      CHECK(times[i] == Approx(pi * static_cast<double>(++k)).margin(near));
      CHECK(std::fabs(watched.events()[i].y[0]) < 1e-14);
    }
  }
}

TEST_CASE("A tolerance of the time is kept, and 0 means round-off", "[events]") {
  const auto at = [](double tolerance) {
    return solve(circle, Dopri5{}, FixedSteps{20}, {}, Events{Event{Level{0.5}, Crossing::any, true, tolerance}})
        .ts()[0];
  };
  const double exact = at(0);
  CHECK(std::fabs(at(1e-3) - exact) <= 1e-3);
  CHECK(at(1e-3) != exact);
  CHECK(std::fabs(at(1e-9) - exact) <= 1e-9);
}

// --- Corners -----------------------------------------------------------------------------------------------------------------

TEST_CASE("At t0 an event does not fire; at t1, at a step's edge and at a save time it fires once", "[events]") {
  const auto check = [](const auto& steps) {
    const Problem to_four{Circle{}, Vector2d(0, 1), 0.0, 4.0};
    // The solve starts on g = 0.
    const auto start = solve(to_four, Dopri5{}, steps, {}, Events{Event{Clock{0}}});
    CHECK((start.status() == Status::success && start.events().empty()));
    // It ends on g = 0.
    const auto end = solve(to_four, Dopri5{}, steps, SaveAt{.t0 = true, .t1 = true}, Events{Event{Clock{4}}});
    CHECK(end.status() == Status::event);
    CHECK(end.ts() == std::vector<double>{0, 4});
    CHECK(times_of(end) == std::vector<double>{4});
    // Recorded at 2, which is a node of the fixed steps, and asked for as a save.
    const auto edge = solve(to_four, Dopri5{}, steps, SaveAt{.times = {1, 2, 3}},
                            Events{Event{Clock{2}, Crossing::any, false}, Event{Clock{4}, Crossing::any, false}});
    CHECK(edge.ts() == std::vector<double>{1, 2, 3});
    CHECK(times_of(edge) == std::vector<double>{2, 4});
    // Terminal there: one save, and none later.
    const auto cut = solve(to_four, Dopri5{}, steps, SaveAt{.times = {1, 2, 3}, .t1 = true}, Events{Event{Clock{2}}});
    CHECK(cut.ts() == std::vector<double>{1, 2});
    CHECK(times_of(cut) == std::vector<double>{2});
    CHECK(cut.ys()[1][0] == Approx(std::sin(2.0)).epsilon(1e-4));
    // A jump there: once too.
    const auto jumped =
        solve(to_four, Dopri5{}, steps, SaveAt{.times = {1, 2, 3}}, Events{JumpEvent{Clock{2}, Same{}}});
    CHECK(jumped.ts() == std::vector<double>{1, 2, 3});
    CHECK(times_of(jumped) == std::vector<double>{2});
    CHECK(jumped.ys()[2][0] == Approx(std::sin(3.0)).epsilon(1e-4));
  };
  check(FixedSteps{16});
  check(Adaptive{});
  check(Adaptive{.step_to = {2}});
}

TEST_CASE("Simultaneous events: the first in the list interrupts, the others count as passed, and no loop of no length",
          "[events]") {
  const Problem to_four{Circle{}, Vector2d(0, 1), 0.0, 4.0};
  // 1/4 is passed at arcsin 1/4 and at π − arcsin 1/4: of two twins one fires each time, or a jump would be made twice. On
  // which side of the zero the located state lies is a matter of its last bit, so many levels are tried.
  const auto check = [&](const auto& steps) {
    for (int i = 1; i < 200; ++i) {
      const Level level{i / 200.0};
      CAPTURE(level.level);
      const auto twins =
          solve(to_four, Dopri5{}, steps, {}, Events{JumpEvent{level, Same{}}, JumpEvent{level, Same{}}});
      REQUIRE(twins.status() == Status::success);
      if (i < 190) CHECK(twins.events().size() == 2);
      for (const auto& event : twins.events()) CHECK(event.index == 0);
    }
    const auto two = solve(to_four, Dopri5{}, steps, {}, Events{Event{Level{0.25}}, Event{Level{0.25}}});
    REQUIRE(two.events().size() == 1);
    CHECK(two.events()[0].index == 0);
    const auto jumps =
        solve(to_four, Dopri5{}, steps, {}, Events{JumpEvent{Level{0.25}, Same{}}, JumpEvent{Level{0.25}, Same{}}});
    CHECK(jumps.status() == Status::success);
    REQUIRE(jumps.events().size() == 2);
    CHECK((jumps.events()[0].index == 0 && jumps.events()[1].index == 0));
    CHECK(jumps.events()[1].t == Approx(pi - std::asin(0.25)).epsilon(1e-3));
    const auto recorded =
        solve(to_four, Dopri5{}, steps, {},
              Events{Event{Level{0.25}, Crossing::any, false}, Event{Level{0.25}, Crossing::any, false}});
    CHECK(recorded.events().size() == 4);  // recorded ones do not stand in each other's way
  };
  check(FixedSteps{16});
  check(Adaptive{});
}

TEST_CASE("An event fires again as soon as it is met again, and a crossing of its own cannot repeat", "[events]") {
  // A jump that turns y2 round on y1 = 1/2, so that y1 falls away and comes back from −1/2's side later.
  struct TurnBack {
    void operator()(double, const Vector2d& y, Vector2d& y_new) const {
      y_new[0] = y[0];
      y_new[1] = -y[1];
    }
  };
  const auto trapped = solve(circle, Dopri5{}, tight, {}, Events{JumpEvent{Level{0.5}, TurnBack{}}});
  // Between bounces y1 turns the long way round, 2π − 2π/3 in time: π/6, then every 4π/3.
  const auto times = times_of(trapped);
  REQUIRE(times.size() == 5);
  for (std::size_t i = 0; i < times.size(); ++i)
    CHECK(times[i] == Approx(pi / 6 + 4 * pi / 3 * static_cast<double>(i)).margin(near));

  SECTION("bounces that come ever faster: as many as time can tell apart, then a failure that says so") {
    struct Fall {
      double gravity = 1;
      void operator()(double, const Vector2d& y, Vector2d& dy) const {
        dy[0] = y[1];
        dy[1] = -gravity;
      }
    };
    struct Dull {
      void operator()(double, const Vector2d& y, Vector2d& y_new) const {
        y_new[0] = 0;
        y_new[1] = -y[1] / 2;
      }
    };
    // From a height of 1/2 to the ground in 1, then bounces of 1, 1/2, 1/4, …: at rest at t = 3.
    // What an exact pair resolves of a height of v²/2 ends where that is one unit.
    const auto check = [&](const auto& method, const auto& how, double resolved) {
      const auto ball = solve(Problem{Fall{}, Vector2d(0.5, 0), 0.0, 5.0}, method, how, {},
                              Events{JumpEvent{Level{}, Dull{}, Crossing::falling}}, OnFailure::return_status);
      CHECK(ball.status() == Status::step_size_vanished);
      CHECK(ball.failure().t == Approx(3).epsilon(4 * resolved));
      CHECK_THAT(ball.failure().cause,
                 Catch::Matchers::ContainsSubstring("event 0") && Catch::Matchers::ContainsSubstring("comes to rest"));
      CHECK(static_cast<double>(ball.events().size()) == Approx(-std::log2(resolved)).margin(4));
      for (std::size_t i = 0; i < ball.events().size(); ++i)
        CHECK(ball.events()[i].t == Approx(3 - std::pow(0.5, static_cast<double>(i) - 1)).epsilon(4 * resolved));
    };
    check(Dopri5{}, Adaptive{}, 1e-13);
    check(Dopri5{}, FixedSteps{100}, 1e-13);
    check(Reversible<Dopri5>{.lambda = 0.5, .resolution = 0x1p-52}, Adaptive{}, 0x1p-26);
    check(Reversible<Dopri5>{}, Adaptive{}, 0x1p-21);

    // Here the grain of an exact pair keeps the bounces from becoming shorter: they would never end.
    struct Duller {
      void operator()(double, const Vector2d& y, Vector2d& y_new) const {
        y_new[0] = y[0];
        y_new[1] = -0.502163 * y[1];
      }
    };
    const auto endless = solve(Problem{Fall{11.8187}, Vector2d(1, 0), 0.0, 2.2}, Reversible<Dopri5>{}, FixedSteps{50},
                               Events{JumpEvent{Level{}, Duller{}, Crossing::falling}}, OnFailure::return_status);
    CHECK(endless.status() == Status::step_size_vanished);
    CHECK(endless.failure().t == Approx(1.24125).epsilon(1e-5));
    CHECK(endless.events().size() < 2000);
  }
}

TEST_CASE("What is missed: two zeros inside one step, and a zero that is only touched", "[events]") {
  const Problem to_four{Circle{}, Vector2d(0, 1), 0.0, 4.0};
  const auto count = [&](double level, std::int64_t n) {
    return solve(to_four, Dopri5{}, FixedSteps{n}, {}, Events{Event{Level{level}, Crossing::any, false}})
        .events()
        .size();
  };
  // sin t passes 0.999 at π/2 ∓ 0.0447.
  CHECK(count(0.999, 4) == 0);   // steps of 1 step over both
  CHECK(count(0.999, 80) == 2);  // steps of 1/20 do not
  CHECK(count(1.0, 80) <= 1);    // grazing, by an error of the method at most
}

TEST_CASE("A g that returns NaN and a jump that does are told", "[events]") {
  struct Broken {
    double operator()(double t, const Vector2d&) const { return t > 0.5 ? nan_value : 1.0; }
  };
  struct BreakingJump {
    void operator()(double, const Vector2d& y, Vector2d& y_new) const {
      y_new = y;
      y_new[1] = nan_value;
    }
  };
  const auto check = [](const auto& steps) {
    using Catch::Matchers::ContainsSubstring;
    CHECK_THROWS_AS((void)solve(circle, Dopri5{}, steps, {}, Events{Event{Level{7}}, Event{Broken{}}}),
                    std::invalid_argument);
    CHECK_THROWS_WITH((void)solve(circle, Dopri5{}, steps, {}, Events{Event{Level{7}}, Event{Broken{}}}),
                      Catch::Matchers::ContainsSubstring("g of event 1 at t = ") &&
                          Catch::Matchers::ContainsSubstring("is nan; it must be a number"));
    const auto jumped =
        solve(circle, Dopri5{}, steps, {}, Events{JumpEvent{Level{0.5}, BreakingJump{}}}, OnFailure::return_status);
    CHECK(jumped.status() == Status::not_finite);
    CHECK(jumped.failure().component == 1);
    CHECK(jumped.failure().cause == "the jump of event 0 is not finite, or left an entry of y_new unwritten");
    CHECK(jumped.failure().t == Approx(pi / 6).epsilon(1e-4));
    // What it leaves alone is no entry of a state before.
    const auto forgetful = [](double, const Vector2d& y, Vector2d& y_new) { y_new[0] = y[0]; };
    const auto forgotten =
        solve(circle, Dopri5{}, steps, {}, Events{JumpEvent{Level{0.5}, forgetful}}, OnFailure::return_status);
    CHECK(forgotten.status() == Status::not_finite);
    CHECK(forgotten.failure().component == 1);
    CHECK(forgotten.failure().cause == jumped.failure().cause);
  };
  check(FixedSteps{160});
  check(Adaptive{});
}

TEST_CASE("The steps of a solve with jumps are all told", "[events]") {
  const auto solution = solve(circle, Dopri5{}, Adaptive{}, {}, Events{JumpEvent{Level{0.5}, Same{}}});
  const std::vector<double> steps = solution.steps();
  CHECK((steps.front() == 0 && steps.back() == 20));
  CHECK(static_cast<std::int64_t>(steps.size()) == solution.stats().accepted + 1);
  for (const auto& event : solution.events()) CHECK(std::count(steps.begin(), steps.end(), event.t) == 1);
  const auto ended = solve(circle, Dopri5{}, Adaptive{}, {}, Events{Event{Level{0.5}}});
  CHECK(ended.steps().back() == ended.ts().back());
}
