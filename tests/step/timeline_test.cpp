#include <antistrophe/step/timeline.hpp>

#include <antistrophe/step/fixed.hpp>

#include "catch.hpp"

#include <cstdint>
#include <utility>
#include <vector>

using namespace antistrophe;

TEST_CASE("A uniform timeline begins at t0, ends exactly at t1 and is monotone", "[timeline]") {
  for (const auto& [t0, t1] :
       std::vector<std::pair<double, double>>{{0, 1}, {0.1, 0.7}, {1, -2}, {1e6, 1e6 + 1}, {-3, 1e-11}}) {
    for (const std::int64_t n : {1, 3, 7, 10, 1000, 49'999}) {
      const Timeline timeline = Timeline::uniform(t0, t1, n);
      CAPTURE(t0, t1, n);
      CHECK(timeline.steps() == n);
      CHECK(timeline[0] == t0);
      CHECK(timeline[n] == t1);
      bool monotone = true;
      for (std::int64_t i = 0; i < n; ++i)
        monotone = monotone && (t1 > t0 ? timeline[i] < timeline[i + 1] : timeline[i] > timeline[i + 1]);
      CHECK(monotone);
    }
  }
}

TEST_CASE("How nodes move with the ends agrees with moving the ends", "[timeline]") {
  constexpr std::int64_t n = 8;
  constexpr double d = 1.0 / 64;  // all numbers here are exact in binary
  for (std::int64_t i = 0; i <= n; ++i) {
    const Timeline uniform = Timeline::uniform(0, 2, n);
    CHECK((Timeline::uniform(d, 2, n)[i] - uniform[i]) / d == uniform.dt0(i));
    CHECK((Timeline::uniform(0, 2 + d, n)[i] - uniform[i]) / d == uniform.dt1(i));
    const Timeline paced = Timeline::paced(0, 2, 0.265625, n);
    CHECK((Timeline::paced(d, 2, 0.265625, n)[i] - paced[i]) / d == paced.dt0(i));
    CHECK((Timeline::paced(0, 2 + d, 0.265625, n)[i] - paced[i]) / d == paced.dt1(i));
    const std::vector<double> times{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2};
    auto moved_start = times, moved_end = times;
    moved_start.front() += d, moved_end.back() += d;
    const Timeline listed = Timeline::listed(times);
    CHECK((Timeline::listed(moved_start)[i] - listed[i]) / d == listed.dt0(i));
    CHECK((Timeline::listed(moved_end)[i] - listed[i]) / d == listed.dt1(i));
  }
  CHECK(Timeline::uniform(0, 1, 2).moves(1));
  CHECK_FALSE(Timeline::listed({0, 1, 2}).moves(1));
}

TEST_CASE("Nodes laid out between given times move with the end of their interval", "[timeline]") {
  constexpr double d = 1.0 / 64;
  const auto check = [&](const auto& layout, std::int64_t steps) {
    const Timeline timeline = layout(0.0, 2.0), later_start = layout(d, 2.0), later_end = layout(0.0, 2 + d);
    REQUIRE(timeline.steps() == steps);
    for (std::int64_t i = 0; i <= steps; ++i) {
      CAPTURE(i);
      CHECK((later_start[i] - timeline[i]) / d == timeline.dt0(i));
      CHECK((later_end[i] - timeline[i]) / d == timeline.dt1(i));
      CHECK(timeline.moves(i) == (later_start[i] != timeline[i] || later_end[i] != timeline[i]));
    }
  };
  check([](double t0, double t1) { return StepTo{{0.5, 1.5}, 4}.timeline(t0, t1); }, 12);
  check([](double t0, double t1) { return StepTo{{1.0}, 4}.timeline(t0, t1); }, 8);
  check([](double t0, double t1) { return StepTo{{}, 8}.timeline(t0, t1); }, 8);
  check([](double t0, double t1) { return StepTo{{0.5, 1.5}}.timeline(t0, t1); }, 3);
}

TEST_CASE("A stretch of a timeline moves as the whole does, but for the event at which it begins", "[timeline]") {
  const Timeline whole = StepTo{{0.5, 1.5}, 4}.timeline(0, 2);
  // Nodes 2, 3, … come after the event.
  Timeline stretch = whole.stretch(0.2, 1, true);
  for (std::int64_t i = 2; i <= 12; ++i) stretch.append(whole[i]);
  CHECK((stretch.dt_event(0) == 1 && stretch.dt0(0) == 0 && stretch.dt1(0) == 0));
  for (std::int64_t i = 1; i <= stretch.steps(); ++i)
    CHECK((stretch[i] == whole[i + 1] && stretch.dt0(i) == whole.dt0(i + 1) && stretch.dt1(i) == whole.dt1(i + 1) &&
           stretch.dt_event(i) == 0));
  Timeline first = whole;
  first.shorten(3);
  for (std::int64_t i = 0; i <= 3; ++i) CHECK((first.dt0(i) == whole.dt0(i) && first.dt1(i) == whole.dt1(i)));
}

TEST_CASE("Steps are numbered in 64 bits and derived from stored or computed nodes", "[timeline]") {
  const std::int64_t first = (std::int64_t{1} << 31) - 2;
  const Timeline timeline = Timeline::uniform(0.1, 1.3, 7).numbered_from(first);
  for (std::int64_t i = 0; i < 7; ++i) {
    const Step step = step_at(timeline, i);
    CHECK(step.n == first + i);
    CHECK(step.t0 == timeline[i]);
    CHECK(step.t1 == timeline[i + 1]);
    CHECK(step.h() == timeline[i + 1] - timeline[i]);
    for (std::int64_t back = 0; back <= i; ++back) CHECK(step.earlier(back) == timeline[i - back]);
  }
  CHECK(Timeline::uniform(0, 1, 5).first() == 0);
}

TEST_CASE("Only listed times are stored", "[timeline]") {
  CHECK(Timeline::uniform(0, 1, 1'000'000).bytes() == 0);
  CHECK(Timeline::paced(0, 1, 1e-6, 1'000'000).bytes() == 0);
  CHECK(Timeline::listed(std::vector<double>(11, 0.5)).bytes() >= 11 * sizeof(double));
}

TEST_CASE("A timeline is shortened to its first steps, whose nodes and numbers stay", "[timeline]") {
  for (Timeline whole : {Timeline::uniform(0.1, 1.7, 7).numbered_from(40), Timeline::paced(0.1, 1.7, 0.25, 7),
                         Timeline::listed({0.1, 0.2, 0.4, 0.5, 0.9, 1.1, 1.6, 1.7})}) {
    Timeline first = whole;
    first.shorten(3);
    REQUIRE(first.steps() == 3);
    for (std::int64_t i = 0; i <= 3; ++i) CHECK(first[i] == whole[i]);
    CHECK((first.t0() == whole.t0() && first.t1() == whole[3] && first.first() == whole.first()));
    first.shorten(5);  // nothing to take away
    CHECK(first.steps() == 3);
    first.shorten(0);
    CHECK((first.steps() == 0 && first.t1() == whole.t0()));
  }
}
