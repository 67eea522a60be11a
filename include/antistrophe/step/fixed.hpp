// SPDX-License-Identifier: MIT
// Steps laid out before the solve: n equal ones, steps of h, or from one given time to the next. The last lands on t1. Where f
// jumps at known times, `jumps` names them, in any order: steps land on them, and f sees nothing there but the side that a step
// is on. In the step that ends at a jump it is given the number before it, in the one that begins there the number after it, in
// the direction of the solve, and never the time itself. Times outside [t0, t1] are ignored.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/resolution.hpp>
#include <antistrophe/step/detail/jumps.hpp>
#include <antistrophe/step/timeline.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

ANTISTROPHE_COLD inline std::string between(double t0, double t1) {
  return "between t0 = " + in_words(t0) + " and t1 = " + in_words(t1);
}

// The same among `steps` steps, 0 where their number is not known: less than half of one, so that no node is taken for
// the next.
inline double time_slack(double t0, double t1, std::int64_t steps) {
  const double slack = time_slack(t0, t1);
  return steps > 0 ? smaller_of(slack, std::fabs(t1 - t0) / (2 * static_cast<double>(steps))) : slack;
}

// Refuses steps of h that vanish beside t: two nodes would be one. Node i is t0 + i h to round-off, of which i h and the sum
// have a share each, so that nodes differ where h is four units in the last place or more; below that they are looked at.
inline Timeline refuse_vanishing_steps(std::string_view argument, auto value, double h, Timeline timeline) {
  constexpr std::int64_t at_most = 1'000'000;  // of shorter steps more would be too many to look at
  const double t0 = timeline.t0(), t1 = timeline.t1();
  using Numbers = std::numeric_limits<double>;
  const double unit = Numbers::epsilon() * larger_of(std::fabs(t0), std::fabs(t1));
  bool distinct = std::fabs(h) >= 4 * larger_of(unit, Numbers::denorm_min());
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

// Whether any of these times is strictly between t0 and t1.
inline bool any_inside(const std::vector<Timeline::Jump>& jumps, double t0, double t1) {
  return std::any_of(jumps.begin(), jumps.end(), [&](const auto& jump) { return jump.t != t0 && jump.t != t1; });
}

// The steps of h from one time to another. A remainder of round-off only belongs to the step before it.
inline std::int64_t steps_of(double h, double from, double to) {
  const double steps = (to - from) / h, whole = std::floor(steps);
  const bool remainder = steps - whole > 1e-9 * larger_of(1.0, smaller_of(steps, 1e6)) && from + whole * h != to;
  return static_cast<std::int64_t>(whole) + (remainder || whole == 0 ? 1 : 0);
}

inline constexpr double most_listed_steps = 2e9;  // 16 GB of times, all of which are kept

// Steps laid out piece by piece, from t0 to the first jump, from there to the next, and to t1: node k of a piece with `steps`
// steps is node(from, to, k, steps).
template <class Node>
ANTISTROPHE_COLD Timeline pieces(double t0, double t1, std::vector<Timeline::Jump> jumps, bool rigid,
                                 const auto& steps_between, const Node& node) {
  std::vector<double> nodes{t0};
  std::int64_t with_t0 = 0, steps = 0;
  const auto go_to = [&](double t) {
    const double from = nodes.back();
    steps = steps_between(from, t);
    nodes.reserve(nodes.size() + static_cast<std::size_t>(steps));
    for (std::int64_t k = 1; k < steps; ++k) nodes.push_back(node(from, t, k, steps));
    nodes.push_back(t);
    if (from == t0) with_t0 = steps;
  };
  for (const Timeline::Jump& jump : jumps)
    if (jump.t != t0 && jump.t != t1) go_to(jump.t);
  go_to(t1);
  return Timeline::listed(std::move(nodes)).moving({with_t0, rigid ? 1 : steps, rigid}).jumping(std::move(jumps));
}

}  // namespace detail

// n equal steps from t0 to t1. With jumps between t0 and t1, each piece from one to the next (from t0, to t1) has equal steps
// of its own, as few as keep them from being more than a hundredth longer than (t1 − t0)/n: n in all where jumps lie on nodes,
// else at most one more a jump. Throws std::invalid_argument for n < 1.
struct FixedSteps {
  std::int64_t n;
  std::vector<double> jumps = {};

  Timeline timeline(double t0, double t1) const {
    if (n < 1) detail::refuse("FixedSteps::n", n, "at least 1");
    if (t0 == t1) return Timeline::uniform(t0, t1, 0);
    const double h = (t1 - t0) / static_cast<double>(n);
    if (jumps.empty()) return detail::refuse_vanishing_steps("FixedSteps::n", n, h, Timeline::uniform(t0, t1, n));
    return timeline_with_jumps(t0, t1, h);
  }

 private:
  ANTISTROPHE_COLD Timeline timeline_with_jumps(double t0, double t1, double h) const {
    std::vector<Timeline::Jump> all = detail::jumps_between("FixedSteps::jumps", jumps, t0, t1);
    if (!detail::any_inside(all, t0, t1))
      return detail::refuse_vanishing_steps("FixedSteps::n", n, h,
                                            Timeline::uniform(t0, t1, n).jumping(std::move(all)));
    if (static_cast<double>(n) > detail::most_listed_steps)
      detail::refuse("FixedSteps::n", n, "at most 2e9 with jumps, since all times are kept");
    const auto steps_between = [&](double from, double to) {
      return static_cast<std::int64_t>(detail::larger_of(1.0, std::ceil((to - from) / h - 0.01)));
    };
    const auto node = [](double from, double to, std::int64_t k, std::int64_t of) {
      return from + (to - from) * (static_cast<double>(k) / static_cast<double>(of));
    };
    return detail::refuse_vanishing_steps("FixedSteps::n", n, h,
                                          detail::pieces(t0, t1, std::move(all), false, steps_between, node));
  }
};

// Steps of h, negative where t1 < t0; the last is shorter where h does not divide t1 − t0. So is the last before a jump, from
// which steps of h go on. Throws std::invalid_argument where h is 0, not finite, or points away from t1.
struct FixedStep {
  double h;
  std::vector<double> jumps = {};

  Timeline timeline(double t0, double t1) const {
    if (!std::isfinite(h) || h == 0) detail::refuse("FixedStep::h", h, "finite and not 0");
    if (t0 == t1) return Timeline::uniform(t0, t1, 0);
    if ((h > 0) != (t1 > t0))
      detail::refuse("FixedStep::h", h, t1 > t0 ? "positive, since t1 > t0" : "negative, since t1 < t0");
    const double steps = (t1 - t0) / h;
    if (!(steps < 9e15)) detail::refuse("FixedStep::h", h, "large enough for fewer than 9e15 steps");
    std::vector<Timeline::Jump> all = detail::jumps_between("FixedStep::jumps", jumps, t0, t1);
    if (!detail::any_inside(all, t0, t1))
      return detail::refuse_vanishing_steps(
          "FixedStep::h", h, h, Timeline::paced(t0, t1, h, detail::steps_of(h, t0, t1)).jumping(std::move(all)));
    if (steps > detail::most_listed_steps)
      detail::refuse("FixedStep::h", h,
                     "large enough for at most 2e9 steps where there are jumps, since all times are kept");
    const auto steps_between = [&](double from, double to) { return detail::steps_of(h, from, to); };
    const auto node = [&](double from, double, std::int64_t k, std::int64_t) {
      return from + static_cast<double>(k) * h;
    };
    return detail::refuse_vanishing_steps("FixedStep::h", h, h,
                                          detail::pieces(t0, t1, std::move(all), true, steps_between, node));
  }
};

// The units of the numbers in which an exact method held states, and slopes where it holds them too; 0: not exact.
struct Resolutions {
  Resolution state, slope;
};

// Times of steps. Those of a solve know more than that, so that taken again they give the same states bit for bit: the
// resolutions of an exact method's numbers, where the steps that events cut were aimed, and where f jumps.
struct StepTimes : std::vector<double> {
  using std::vector<double>::vector;
  StepTimes(std::vector<double> times) : std::vector<double>(std::move(times)) {}
  Resolutions resolutions;
  std::vector<Timeline::Interrupted> interrupted;
  std::vector<Timeline::Jump> jumps;
  bool of_a_solve = false;  // a method that took them takes them again, however few they are
  bool chosen = false;      // as that solve went, by its step control
};

// From each given time to the next, in `each` equal steps. Times run from t0 to t1; either end may be left out. The given times
// stay where they are when t0 and t1 move; nodes in the first and in the last interval move with its end, in proportion. A jump
// between two times counts as one of them. Throws std::invalid_argument where times are not finite, not sorted along the direction, or
// outside [t0, t1].
struct StepTo {
  StepTimes times;
  std::int64_t each = 1;
  std::vector<double> jumps = {};

  // Those of the solve whose steps are taken again.
  Resolutions resolutions() const { return times.resolutions; }
  // Whether a solve has taken these very steps: then they were enough.
  bool taken_again() const { return times.of_a_solve && each == 1; }

  Timeline timeline(double t0, double t1) const {
    if (each < 1) detail::refuse("StepTo::each", each, "at least 1");
    std::vector<Timeline::Jump> all =
        jumps.empty() ? times.jumps : detail::jumps_between("StepTo::jumps", jumps, t0, t1);
    if ((static_cast<double>(times.size() + all.size()) + 1) * static_cast<double>(each) > detail::most_listed_steps)
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
    // The jumps between the times; one that agrees with a time takes its place. Those of a solve are among its steps, which may be
    // short beside t.
    const double units = 2 * std::numeric_limits<double>::epsilon() * detail::larger_of(std::fabs(t0), std::fabs(t1));
    const double near = jumps.empty() ? 0 : times.of_a_solve ? detail::smaller_of(slack, units) : slack;
    auto next = all.begin();
    const auto go_to_jumps_before = [&](double t) {
      for (; next != all.end() && sign * (t - next->t) > near; ++next)
        if (sign * (next->t - nodes.back()) > 0) go_to(next->t);
    };
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double t = times[i];
      const std::string name = "StepTo::times[" + std::to_string(i) + "]";
      if (!std::isfinite(t)) detail::refuse(name, t, "finite");
      if (sign * (t - t0) < -slack || sign * (t - t1) > slack) detail::refuse(name, t, detail::between(t0, t1));
      if (std::fabs(t - t0) <= slack && i == 0) continue;
      if (std::fabs(t - t1) <= slack && i + 1 == times.size()) continue;
      if (!(sign * (t - nodes.back()) > 0)) detail::refuse(name, t, "beyond the time before it, towards t1");
      go_to_jumps_before(t);
      const bool agrees =
          next != all.end() && std::fabs(next->t - t) <= near && next->t != t1 && sign * (next->t - nodes.back()) > 0;
      go_to(agrees ? next->t : t);
    }
    go_to_jumps_before(t1);
    if (t0 != t1) go_to(t1);
    for (std::size_t i = 1; i < nodes.size(); ++i)
      if (nodes[i] == nodes[i - 1]) detail::refuse("StepTo::each", each, "small enough for steps that do not vanish");
    std::vector<Timeline::Interrupted> interrupted;
    if (each == 1) interrupted = interrupted_among(nodes);
    return Timeline::listed(std::move(nodes), std::move(interrupted))
        .moving({each, each, false})
        .jumping(std::move(all))
        .chosen(times.chosen && each == 1);
  }

 private:
  // The numbers of the nodes that times of events have become, with jumps among them.
  std::vector<Timeline::Interrupted> interrupted_among(const std::vector<double>& nodes) const {
    std::vector<Timeline::Interrupted> moved = times.interrupted;
    for (Timeline::Interrupted& cut : moved) {
      if (static_cast<std::size_t>(cut.node) >= times.size()) continue;
      const auto found = std::find(nodes.begin(), nodes.end(), times[static_cast<std::size_t>(cut.node)]);
      if (found != nodes.end()) cut.node = found - nodes.begin();
    }
    return moved;
  }
};

}  // namespace antistrophe
