// Steps laid out before the solve: n equal ones, steps of h, or from one given time to the next. The last lands on t1.
#pragma once

#include <antistrophe/step/timeline.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// Where times agree to a few units in the last place they are the same time.
inline double time_slack(double t0, double t1) {
  return 8 * std::numeric_limits<double>::epsilon() * std::fmax(std::fabs(t0), std::fabs(t1));
}

ANTISTROPHE_COLD inline std::string between(double t0, double t1) {
  return "between t0 = " + in_words(t0) + " and t1 = " + in_words(t1);
}

// The same among `steps` steps, 0 where their number is not known: less than half of one, so that no node is taken for
// the next.
inline double time_slack(double t0, double t1, std::int64_t steps) {
  const double slack = time_slack(t0, t1);
  return steps > 0 ? std::fmin(slack, std::fabs(t1 - t0) / (2 * static_cast<double>(steps))) : slack;
}

// Refuses steps of h that vanish beside t: two nodes would be one. Node i is t0 + i h to round-off, of which i h and the sum
// have a share each, so that nodes differ where h is four units in the last place or more; below that they are looked at.
inline Timeline refuse_vanishing_steps(std::string_view argument, auto value, double h, Timeline timeline) {
  constexpr std::int64_t at_most = 1'000'000;  // of shorter steps more would be too many to look at
  const double t0 = timeline.t0(), t1 = timeline.t1();
  bool distinct = std::fabs(h) >= 4 * std::numeric_limits<double>::epsilon() * std::fmax(std::fabs(t0), std::fabs(t1));
  if (!distinct && timeline.steps() <= at_most) {
    distinct = true;
    for (std::int64_t i = 0; distinct && i < timeline.steps(); ++i)
      distinct = t1 > t0 ? timeline[i + 1] > timeline[i] : timeline[i + 1] < timeline[i];
  }
  if (distinct) return timeline;
  refuse(argument, value,
         "such that t + h differs from t by more than round-off (a step of " + in_words(h) + " vanishes " +
             between(t0, t1) + ")");
}

}  // namespace detail

// n equal steps from t0 to t1. Throws std::invalid_argument for n < 1.
struct FixedSteps {
  std::int64_t n;

  Timeline timeline(double t0, double t1) const {
    if (n < 1) detail::refuse("FixedSteps::n", n, "at least 1");
    if (t0 == t1) return Timeline::uniform(t0, t1, 0);
    const double h = (t1 - t0) / static_cast<double>(n);
    return detail::refuse_vanishing_steps("FixedSteps::n", n, h, Timeline::uniform(t0, t1, n));
  }
};

// Steps of h, negative where t1 < t0; the last is shorter where h does not divide t1 − t0.
// Throws std::invalid_argument where h is 0, not finite, or points away from t1.
struct FixedStep {
  double h;

  Timeline timeline(double t0, double t1) const {
    if (!std::isfinite(h) || h == 0) detail::refuse("FixedStep::h", h, "finite and not 0");
    if (t0 == t1) return Timeline::uniform(t0, t1, 0);
    if ((h > 0) != (t1 > t0))
      detail::refuse("FixedStep::h", h, t1 > t0 ? "positive, since t1 > t0" : "negative, since t1 < t0");
    const double steps = (t1 - t0) / h;
    if (!(steps < 9e15)) detail::refuse("FixedStep::h", h, "large enough for fewer than 9e15 steps");
    // A remainder of round-off only belongs to the step before it.
    const double whole = std::floor(steps);
    const bool remainder = steps - whole > 1e-9 * std::fmax(1.0, std::fmin(steps, 1e6)) && t0 + whole * h != t1;
    const std::int64_t n = static_cast<std::int64_t>(whole) + (remainder || whole == 0 ? 1 : 0);
    return detail::refuse_vanishing_steps("FixedStep::h", h, h, Timeline::paced(t0, t1, h, n));
  }
};

// The units of the numbers in which an exact method held states, and slopes where it holds them too; 0: not exact.
struct Resolutions {
  double state = 0, slope = 0;
};

// Times of steps. Those of a solve know more than that, so that taken again they give the same states bit for bit: the
// resolutions of an exact method's numbers, and where the steps that events cut were aimed.
struct StepTimes : std::vector<double> {
  using std::vector<double>::vector;
  StepTimes(std::vector<double> times) : std::vector<double>(std::move(times)) {}
  Resolutions resolutions;
  std::vector<Timeline::Interrupted> interrupted;
  bool of_a_solve = false;  // a method that took them takes them again, however few they are
};

// From each given time to the next, in `each` equal steps. Times run from t0 to t1; either end may be left out. The given times
// stay where they are when t0 and t1 move; nodes in the first and in the last interval move with its end, in proportion.
// Throws std::invalid_argument where they are not finite, not sorted along the direction, or outside [t0, t1].
struct StepTo {
  StepTimes times;
  std::int64_t each = 1;

  // Those of the solve whose steps are taken again.
  Resolutions resolutions() const { return times.resolutions; }
  // Whether a solve has taken these very steps: then they were enough.
  bool taken_again() const { return times.of_a_solve && each == 1; }

  Timeline timeline(double t0, double t1) const {
    if (each < 1) detail::refuse("StepTo::each", each, "at least 1");
    constexpr double at_most = 2e9;  // 16 GB of times, all of which are kept
    if ((static_cast<double>(times.size()) + 1) * static_cast<double>(each) > at_most)
      detail::refuse("StepTo::each", each, "small enough for fewer than 2e9 steps in all, whose times are kept");
    const double slack = detail::time_slack(t0, t1, static_cast<std::int64_t>(times.size()));
    const double sign = t1 >= t0 ? 1 : -1;
    std::vector<double> nodes{t0};
    nodes.reserve((times.size() + 1) * static_cast<std::size_t>(each) + 1);
    const auto go_to = [&](double t) {
      const double from = nodes.back();
      for (std::int64_t k = 1; k < each; ++k)
        nodes.push_back(from + (t - from) * (static_cast<double>(k) / static_cast<double>(each)));
      nodes.push_back(t);
    };
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double t = times[i];
      const std::string name = "StepTo::times[" + std::to_string(i) + "]";
      if (!std::isfinite(t)) detail::refuse(name, t, "finite");
      if (sign * (t - t0) < -slack || sign * (t - t1) > slack) detail::refuse(name, t, detail::between(t0, t1));
      if (std::fabs(t - t0) <= slack && i == 0) continue;
      if (std::fabs(t - t1) <= slack && i + 1 == times.size()) continue;
      if (!(sign * (t - nodes.back()) > 0)) detail::refuse(name, t, "beyond the time before it, towards t1");
      go_to(t);
    }
    if (t0 != t1) go_to(t1);
    for (std::size_t i = 1; i < nodes.size(); ++i)
      if (nodes[i] == nodes[i - 1]) detail::refuse("StepTo::each", each, "small enough for steps that do not vanish");
    return Timeline::listed(std::move(nodes), each == 1 ? times.interrupted : std::vector<Timeline::Interrupted>{})
        .moving({each, each, false});
  }
};

}  // namespace antistrophe
