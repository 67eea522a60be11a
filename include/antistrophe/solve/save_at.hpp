// Which states a solve saves: at t0, at t1, after every step, at given times. Without a SaveAt, the last.
#pragma once

#include <antistrophe/core/errors.hpp>
#include <antistrophe/steps/fixed.hpp>
#include <antistrophe/steps/timeline.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe {

// times: sorted along the direction of the solve, within [t0, t1], each a node of the steps; duplicates give one entry
// each. A time that differs from t0, t1 or a node by a few units in the last place is taken for it.
// steps: after every step. A node asked for in two ways is saved once (or as often as times names it).
struct SaveAt {
  std::vector<double> times = {};
  bool t0 = false;
  bool t1 = false;
  bool steps = false;
};

namespace detail {

// The saves of one solve: entry e is the state at node nodes[e], reported as time ts[e].
struct SavePlan {
  std::vector<std::int64_t> nodes;
  std::vector<double> ts;
  std::vector<bool> given;  // asked for by time, which stays where it is when t0 and t1 move

  std::size_t size() const { return nodes.size(); }
};

// The node nearest to time t, found by bisection (nodes are monotone).
inline std::int64_t nearest_node(const Timeline& timeline, double t) {
  const double sign = timeline.t1() >= timeline.t0() ? 1 : -1;
  std::int64_t low = 0, high = timeline.steps();
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (sign * (timeline[middle] - t) <= 0 ? low : high) = middle;
  }
  return std::fabs(timeline[low] - t) <= std::fabs(timeline[high] - t) ? low : high;
}

// Throws std::invalid_argument where a time is not finite, not sorted, outside [t0, t1] or not a node.
inline SavePlan plan_saves(const SaveAt& save_at, const Timeline& timeline) {
  const double t0 = timeline.t0(), t1 = timeline.t1();
  const double slack = time_slack(t0, t1);
  const double sign = t1 >= t0 ? 1 : -1;
  const std::int64_t n = timeline.steps();

  std::vector<std::int64_t> named;
  named.reserve(save_at.times.size());
  for (std::size_t i = 0; i < save_at.times.size(); ++i) {
    const double t = save_at.times[i];
    const std::string name = "SaveAt::times[" + std::to_string(i) + "]";
    if (!std::isfinite(t)) refuse(name, t, "finite");
    if (sign * (t - t0) < -slack || sign * (t - t1) > slack)
      refuse(name, t, between(t0, t1));
    if (i > 0 && sign * (t - save_at.times[i - 1]) < 0) refuse(name, t, "sorted along the direction from t0 to t1");
    const std::int64_t node = nearest_node(timeline, t);
    // Node i·h is off by the rounding of h, i times.
    if (std::fabs(timeline[node] - t) > slack + 1e-12 * std::fabs(t1 - t0))
      refuse(name, t, "a node of the steps (use StepTo{times, each} to step to given times)");
    named.push_back(node);
  }

  const bool only_last = named.empty() && !save_at.t0 && !save_at.t1 && !save_at.steps;
  SavePlan plan;
  const auto add = [&](std::int64_t node, double t, bool given) {
    plan.nodes.push_back(node);
    plan.ts.push_back(t);
    plan.given.push_back(given);
  };
  std::size_t next = 0;
  const auto visit = [&](std::int64_t node, bool wanted) {
    if (next < named.size() && named[next] == node)
      for (; next < named.size() && named[next] == node; ++next) add(node, save_at.times[next], true);
    else if (wanted)
      add(node, timeline[node], false);
  };
  const auto flagged = [&](std::int64_t node) {
    return (node == 0 && save_at.t0) || (node == n && (save_at.t1 || only_last)) || (node > 0 && save_at.steps);
  };
  if (save_at.steps) {
    const auto all = static_cast<std::size_t>(n + 1) + named.size();
    plan.nodes.reserve(all), plan.ts.reserve(all), plan.given.reserve(all);
    for (std::int64_t node = 0; node <= n; ++node) visit(node, flagged(node));
  } else {
    visit(0, flagged(0));
    while (next < named.size() && named[next] < n) visit(named[next], false);
    if (n > 0) visit(n, flagged(n));
  }
  return plan;
}

}  // namespace detail
}  // namespace antistrophe
