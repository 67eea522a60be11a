// SPDX-License-Identifier: MIT
// Times at which f jumps, as steps take them up: those between t0 and t1 and at these, sorted along the direction.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/step/timeline.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace antistrophe::detail {

// Where times agree to a few units in the last place they are the same time.
inline double time_slack(double t0, double t1) {
  return 8 * std::numeric_limits<double>::epsilon() * larger_of(std::fabs(t0), std::fabs(t1));
}

// Sorts times along a direction of that sign; half as much to compile as std::sort.
ANTISTROPHE_COLD inline void sort_along(double sign, std::vector<double>& times) {
  const auto earlier = [&](double a, double b) { return sign * a < sign * b; };
  std::make_heap(times.begin(), times.end(), earlier);
  std::sort_heap(times.begin(), times.end(), earlier);
}

// In any order, repeated or not. One that agrees with t0 or t1 to a few units in the last place is at that end, where only the
// side within [t0, t1] is seen; those outside are ignored. Throws std::invalid_argument where one is not finite.
ANTISTROPHE_COLD inline std::vector<Timeline::Jump> jumps_between(std::string_view name,
                                                                  const std::vector<double>& given, double t0,
                                                                  double t1) {
  const double sign = t1 >= t0 ? 1 : -1, slack = time_slack(t0, t1);
  std::vector<double> inside;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!std::isfinite(given[i])) refuse_entry(name, i, given[i], "finite");
    if (sign * (given[i] - t0) >= 0 && sign * (t1 - given[i]) >= 0) inside.push_back(given[i]);
  }
  sort_along(sign, inside);
  std::vector<Timeline::Jump> jumps;
  for (const double t : inside) {
    const double before = std::nextafter(t, t0), after = std::nextafter(t, t1);
    if (!jumps.empty() && std::fabs(t - jumps.back().t) <= slack) {
      jumps.back().after = after;
      if (sign * (t1 - t) <= slack && jumps.back().t != t0) jumps.back().t = t1;
      continue;
    }
    jumps.push_back({sign * (t - t0) <= slack ? t0 : sign * (t1 - t) <= slack ? t1 : t, before, after});
  }
  return jumps;
}

}  // namespace antistrophe::detail
