// Observers and progress: what is handed on is what would have been saved, to the bit, and a solve stops where it is told to.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#if defined(__unix__)
#include <fcntl.h>
#include <unistd.h>
#endif

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using Methods = std::tuple<Dopri5, Reversible<Dopri5>, Reversible<Dop853, Floating>>;

const Problem forth{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 12.0};
const Problem back{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 12.0, 0.5};
const Adaptive hasty{.rtol = 1e-4, .atol = 1e-4, .first_step = 4};

struct Seen {
  std::vector<double> ts;
  std::vector<Vector2d> ys;
};

void check_same(const Seen& seen, const auto& solution) {
  REQUIRE(seen.ts == solution.ts());
  for (std::size_t i = 0; i < seen.ys.size(); ++i) CHECK(battery::same_bits(seen.ys[i], solution.ys()[i]));
}

// A field that fails once, at its k-th call from now.
struct FailsOnce {
  std::int64_t* left;
  void operator()(double, const Vector2d& y, Vector2d& dy) const {
    dy << y[1], -y[0];
    if (--*left == 0) dy[0] = std::numeric_limits<double>::quiet_NaN();
  }
};

#if defined(__unix__)
// Standard error led elsewhere while it lives.
class StandardError {
 public:
  explicit StandardError(int file) : before_(dup(STDERR_FILENO)) {
    std::fflush(stderr);
    led_ = dup2(file, STDERR_FILENO) == STDERR_FILENO;
  }
  ~StandardError() {
    std::fflush(stderr);
    dup2(before_, STDERR_FILENO);
    close(before_);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;
  bool led() const { return led_; }

 private:
  int before_;
  bool led_ = false;
};
#endif

}  // namespace

TEMPLATE_LIST_TEST_CASE("An observer is handed the very states that would have been saved, and none is stored",
                        "[watching]", Methods) {
  const auto check = [](const auto& problem, const auto& steps, const SaveAt& save_at) {
    const auto saved = solve(problem, TestType{}, steps, save_at);
    Seen seen;
    const auto watched = solve(problem, TestType{}, steps, save_at, Observer{[&](double t, const Vector2d& y) {
                                 seen.ts.push_back(t);
                                 seen.ys.push_back(y);
                               }});
    CHECK(seen.ts.size() > 1);
    check_same(seen, saved);
    CHECK((watched.ys().empty() && watched.ts().empty()));
    CHECK(watched.steps() == saved.steps());
    CHECK(watched.stats().evaluations == saved.stats().evaluations);
  };
  const std::vector<double> times{0.5, 0.5, 0.7, 2.5, 2.5, 7.75, 7.76, 12, 12};
  std::vector<double> reversed(times.rbegin(), times.rend());
  for (const auto& steps :
       {SaveAt{.times = times, .t0 = true}, SaveAt{.times = times, .steps = true}, SaveAt{.t1 = true, .every = 3}}) {
    check(forth, hasty, steps);
    check(forth, FixedSteps{100}, steps);
    SaveAt mirrored = steps;
    if (!mirrored.times.empty()) mirrored.times = reversed;
    Adaptive backwards = hasty;
    backwards.first_step = -4;
    check(back, backwards, mirrored);
    check(back, FixedSteps{100}, mirrored);
  }
}

TEST_CASE("A trial that fails as a pair commits it hands nothing on", "[watching]") {
  const std::vector<double> times{0.1, 0.2, 0.5, 0.9, 1.3, 1.9};
  std::int64_t left = 0;
  const Problem problem{FailsOnce{&left}, Vector2d(0, 1), 0.0, 2.0};
  bool rejected = false;
  for (std::int64_t k = 3; k < 120; ++k) {
    CAPTURE(k);
    left = k;
    const auto saved = solve(problem, Reversible<Dopri5>{}, Adaptive{}, SaveAt{.times = times});
    rejected = rejected || saved.stats().rejected > 0;
    left = k;
    Seen seen;
    (void)solve(problem, Reversible<Dopri5>{}, Adaptive{}, SaveAt{.times = times},
                Observer{[&](double t, const Vector2d& y) {
                  seen.ts.push_back(t);
                  seen.ys.push_back(y);
                }});
    check_same(seen, saved);
    // In fixed steps it is the end, and the observer has seen what was saved before.
    left = k;
    const auto prefix =
        solve(problem, Reversible<Dopri5>{}, FixedSteps{8}, SaveAt{.times = times}, OnFailure::return_status);
    left = k;
    seen = {};
    (void)solve(problem, Reversible<Dopri5>{}, FixedSteps{8}, SaveAt{.times = times}, OnFailure::return_status,
                Observer{[&](double t, const Vector2d& y) {
                  seen.ts.push_back(t);
                  seen.ys.push_back(y);
                }});
    check_same(seen, prefix);
  }
  CHECK(rejected);
}

TEMPLATE_LIST_TEST_CASE("The solve stops where the observer says so, and asks it no more", "[watching]", Methods) {
  const auto check = [](const auto& steps, const SaveAt& save_at, std::size_t stop_after) {
    CAPTURE(stop_after);
    const auto saved = solve(forth, TestType{}, steps, save_at);
    REQUIRE(saved.ts().size() >= stop_after);
    Seen seen;
    const auto stopped = solve(forth, TestType{}, steps, save_at, Observer{[&](double t, const Vector2d& y) {
                                 seen.ts.push_back(t);
                                 seen.ys.push_back(y);
                                 return seen.ts.size() < stop_after;
                               }});
    CHECK(stopped.status() == Status::stopped);
    CHECK_FALSE(stopped.success());
    REQUIRE(seen.ts.size() == stop_after);
    for (std::size_t i = 0; i < stop_after; ++i) CHECK(battery::same_bits(seen.ys[i], saved.ys()[i]));
    // It ends at that state, in the step in which it lies; at t0, before the first.
    const double last = seen.ts.back();
    const std::vector<double> taken = stopped.steps();
    CHECK(stopped.failure().t == last);
    CHECK(static_cast<std::int64_t>(taken.size()) == stopped.stats().accepted + 1);
    CHECK(last <= taken.back());
    if (taken.size() > 1) CHECK(last > taken[taken.size() - 2]);
    if (last == forth.t0) CHECK(stopped.stats().steps == 0);
  };
  const SaveAt nodes{.t0 = true, .steps = true}, inside{.times = {0.5, 0.7, 2.5, 2.51, 2.51, 7.75, 12}};
  for (const std::size_t stop_after : {1U, 2U, 4U, 7U}) {
    check(hasty, nodes, stop_after);
    check(hasty, inside, stop_after);
    check(FixedSteps{100}, nodes, stop_after);
    check(FixedSteps{10}, inside, stop_after);
  }
}

TEMPLATE_LIST_TEST_CASE("Progress is told in fractions that grow to 1, which is told once", "[watching]", Methods) {
  const auto check = [](const auto& problem, const auto& steps, auto... extras) {
    std::vector<double> fractions;
    std::vector<std::int64_t> accepted;
    const auto solution = solve(problem, TestType{}, steps, SaveAt{},
                                Progress{[&](double fraction, const Stats& stats) {
                                           fractions.push_back(fraction);
                                           accepted.push_back(stats.accepted);
                                         },
                                         0},
                                extras...);
    REQUIRE(fractions.size() >= 2);
    CHECK(fractions.front() > 0);
    for (std::size_t i = 1; i < fractions.size(); ++i) {
      CHECK(fractions[i] > fractions[i - 1]);
      CHECK(accepted[i] >= accepted[i - 1]);
    }
    CHECK(fractions.back() == 1);
    CHECK(accepted.back() == solution.stats().accepted);
  };
  const Adaptive fine{.rtol = 1e-8, .atol = 1e-8};
  for (const auto& problem : {forth, back}) {
    check(problem, fine);
    for (const std::int64_t n : {64, 100, 160})
      check(problem, FixedSteps{n});  // looked at now and then, at the last step or not
    check(problem, fine, Observer{[](double, const Vector2d&) {}});
  }
}

TEST_CASE("Progress is told at most once in its time, and in the end anyway", "[watching]") {
  int told = 0;
  const auto count = [&](double fraction, const Stats&) {
    ++told;
    CHECK(fraction == 1);
  };
  (void)solve(forth, Dopri5{}, FixedSteps{1000}, {}, Progress{count, 3600});
  CHECK(told == 1);
  // Where nothing is to be done, too; and a solve that fails has no end.
  Problem instant = forth;
  instant.t1 = instant.t0;
  (void)solve(instant, Dopri5{}, FixedSteps{10}, {}, Progress{count, 0});
  CHECK(told == 2);
  std::int64_t left = 20;
  (void)solve(Problem{FailsOnce{&left}, Vector2d(0, 1), 0.0, 2.0}, Dopri5{}, FixedSteps{10}, {}, Progress{count, 3600},
              OnFailure::return_status);
  CHECK(told == 2);
}

#if defined(__unix__)
TEST_CASE("A progress bar is drawn on a terminal, and nowhere else", "[watching]") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  {
    const StandardError to_pipe(ends[1]);
    REQUIRE(to_pipe.led());
    CHECK(!progress_bar("fit").callable);
    (void)solve(forth, Dopri5{}, FixedSteps{100}, {}, progress_bar("fit"));
  }
  close(ends[1]);
  char byte = 0;
  CHECK(read(ends[0], &byte, 1) == 0);
  close(ends[0]);

  const int here = posix_openpt(O_RDWR | O_NOCTTY);
  if (here < 0 || grantpt(here) != 0 || unlockpt(here) != 0) {
    WARN("no terminal can be made here");
    return;
  }
  const int there = open(ptsname(here), O_RDWR | O_NOCTTY);
  REQUIRE(there >= 0);
  std::int64_t steps = 0;
  {
    const StandardError to_terminal(there);
    REQUIRE(to_terminal.led());
    Progress bar = progress_bar("fit");
    REQUIRE(bar.callable);
    CHECK(bar.seconds == 0.1);
    Stats stats;
    stats.accepted = 7;
    bar.callable(0.25, stats);
    steps = solve(forth, Dopri5{}, FixedSteps{32}, {}, progress_bar()).stats().accepted;
  }
  close(there);
  std::string drawn;
  char piece[256];
  for (ssize_t length = 0; (length = read(here, piece, sizeof piece)) > 0;)
    drawn.append(piece, static_cast<std::size_t>(length));
  close(here);
  // One of forty is 2.5 %; the terminal turns the end of a line into two characters.
  const std::string first = "\rfit [" + std::string(10, '#') + std::string(30, ' ') + "] 25 %, 7 steps";
  const std::string last = "\r[" + std::string(40, '#') + "] 100 %, " + std::to_string(steps) + " steps\r\n";
  CHECK(drawn == first + last);
}
#endif
