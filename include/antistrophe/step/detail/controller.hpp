// SPDX-License-Identifier: MIT
// The controller of adaptive steps: what it refuses, the times it lands on, and the size of the next step.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/detail/rough_power.hpp>
#include <antistrophe/step/fixed.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// Throws std::invalid_argument naming the option at fault.
ANTISTROPHE_COLD inline void validate(const Adaptive& options, Eigen::Index size, double t0, double t1) {
  if (!(options.rtol >= 0) || !std::isfinite(options.rtol))
    refuse("Adaptive::rtol", options.rtol, "at least 0 and finite");
  if (options.atol.per_entry() && options.atol.size() != size)
    refuse("the size of Adaptive::atol", options.atol.size(), "1 or that of the state, " + std::to_string(size));
  for (Eigen::Index i = 0; i < (options.atol.per_entry() ? options.atol.size() : 1); ++i) {
    if (!(options.atol(i) >= 0) || !std::isfinite(options.atol(i)))
      refuse("Adaptive::atol", options.atol(i), "at least 0 and finite");
    if (options.rtol == 0 && options.atol(i) == 0) refuse("Adaptive::rtol", 0, "positive where atol is 0");
  }
  if (!(options.dtmin >= 0)) refuse("Adaptive::dtmin", options.dtmin, "at least 0");
  if (!(options.dtmax > 0)) refuse("Adaptive::dtmax", options.dtmax, "positive");
  if (options.dtmin > options.dtmax)
    refuse("Adaptive::dtmin", options.dtmin, "at most dtmax = " + in_words(options.dtmax));
  if (!std::isfinite(options.first_step)) refuse("Adaptive::first_step", options.first_step, "finite");
  if (options.first_step != 0 && t0 != t1 && (options.first_step > 0) != (t1 > t0))
    refuse("Adaptive::first_step", options.first_step, t1 > t0 ? "positive, since t1 > t0" : "negative, since t1 < t0");
  if (options.max_steps && *options.max_steps < 1)
    refuse("Adaptive::max_steps", *options.max_steps, "at least 1, or not given");
  if (!(options.gradient_rtol >= 0)) refuse("Adaptive::gradient_rtol", options.gradient_rtol, "at least 0");
  if (options.repeats < 0) refuse("Adaptive::repeats", options.repeats, "at least 0");
  if (!std::isfinite(options.P)) refuse("Adaptive::P", options.P, "finite");
  if (!std::isfinite(options.I)) refuse("Adaptive::I", options.I, "finite");
  if (!std::isfinite(options.D)) refuse("Adaptive::D", options.D, "finite");
  if (!(options.safety > 0 && options.safety <= 1)) refuse("Adaptive::safety", options.safety, "in (0, 1]");
  if (!(options.lowest_factor > 0 && options.lowest_factor < 1))
    refuse("Adaptive::lowest_factor", options.lowest_factor, "in (0, 1)");
  if (!(options.highest_factor > 1)) refuse("Adaptive::highest_factor", options.highest_factor, "above 1");
}

// The times between t0 and t1 on which steps must land, along the direction; the last is t1. A jump that agrees with a time to
// land on takes its place.
struct Landings {
  // A time to land on; one that is no jump is seen as it is from both sides.
  using Landing = Timeline::Jump;
  std::vector<Landing> all;
  double sees_end;  // what f is given at t1

  static bool is_jump(const Landing& landing) { return landing.before != landing.after; }

  Landings(const Adaptive& options, double t0, double t1) : Landings(options, options.jumps_between(t0, t1), t0, t1) {}
  // The jumps are sorted.
  ANTISTROPHE_COLD Landings(const Adaptive& options, const std::vector<Timeline::Jump>& jumps, double t0, double t1)
      : sees_end(t1) {
    const double sign = t1 >= t0 ? 1 : -1, slack = time_slack(t0, t1);
    std::vector<double> plain;
    for (std::size_t i = 0; i < options.step_to.size(); ++i) {
      const double t = options.step_to[i];
      if (!std::isfinite(t)) refuse_entry("Adaptive::step_to", i, t, "finite");
      if (sign * (t - t0) > slack && sign * (t1 - t) > slack) plain.push_back(t);
    }
    sort_along(sign, plain);
    std::size_t next = 0;
    const auto land_before = [&](double t) {
      for (; next < plain.size() && sign * plain[next] < sign * t; ++next) land(slack, {plain[next], 0, 0});
    };
    for (const Timeline::Jump& given : jumps) {
      if (given.t == t1) {
        sees_end = given.before;
      } else if (given.t != t0) {
        land_before(given.t);
        land(slack, given);
      }
    }
    land_before(std::copysign(std::numeric_limits<double>::infinity(), sign));
    all.push_back({t1, 0, 0});
  }

 private:
  void land(double slack, const Landing& landing) {
    if (all.empty() || !(std::fabs(landing.t - all.back().t) <= slack))
      all.push_back(landing);
    else if (is_jump(landing))
      all.back() = landing;
  }
};

// Of a state of this size; where that is 0 and there is none, a usual one.
template <EigenState Y>
double relative_tolerance(const Adaptive& options, const Y& y) {
  if (options.rtol > 0) return options.rtol;
  const double largest = largest_entry(y);
  return largest > 0 ? smaller_of(1.0, options.atol.smallest() / largest) : 1e-6;
}

// The controller of one solve: what it has seen, and the size of the next step (never differentiated).
class Controller {
 public:
  Controller(const Adaptive& options, int local_order)
      : options_(options),
        b1_((options.P + options.I + options.D) / local_order),
        b2_(-(options.P + 2 * options.D) / local_order),
        b3_(options.D / local_order),
        keeps_length_(b1_ > 0.001 && b2_ == 0 && b3_ == 0 ? std::pow(1.0001 * options.safety, 1 / b1_)
                                                          : std::numeric_limits<double>::infinity()) {}

  // The scaled norm of the estimates of a step from y0 to y1. Two estimates (e5, e3 of Dop853) are combined by Hairer's
  // e5²/√(e5² + 0.01 e3²).
  template <EigenState Y, std::size_t E>
  double error(const std::array<Y, E>& estimates, const Y& y0, const Y& y1) {
    const double first = scaled(estimates[0], y0, y1);
    if constexpr (E == 1)
      return first;
    else
      return combined(first, scaled(estimates[1], y0, y1));
  }
  // Of the scaled norms of two estimates.
  static double combined(double first, double second) {
    const double denominator = std::sqrt(first * first + 0.01 * second * second);
    return denominator > 0 ? first * first / denominator : (std::isnan(denominator) ? denominator : 0.0);
  }

  template <EigenState Y>
  double scaled(const Y& value, const Y& y0, const Y& y1) {
    const Eigen::Index n = value.size();
    if (n == 0) return 0;
    if (options_.norm) [[unlikely]]
      return by_norm(value, y0, y1);
    double sum = 0;
    const auto add = [&](Eigen::Index i, double atol) ANTISTROPHE_INLINE_LAMBDA {
      const double e = scaled_entry(value, y0, y1, i, atol);
      sum += e * e;
    };
    if (options_.atol.per_entry()) {
      for (Eigen::Index i = 0; i < n; ++i) add(i, options_.atol(i));
    } else {
      const double atol = options_.atol(0);
      visit_entries(value, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA { add(i, atol); });
    }
    return std::sqrt(sum / static_cast<double>(n));
  }

  // The factor for the next step after an accepted one of error e.
  double accept(double e) {
    double factor = 1;
    if (!(e > keeps_length_)) {
      factor = raw(e);
      factor = factor > 1 ? factor : 1;
      factor = factor < options_.highest_factor ? factor : options_.highest_factor;
    }
    keep(e);
    return factor;
  }
  // The same where the next step will be as long, whatever the factor.
  void keep(double e) {
    before_last_ = last_;
    last_ = e;
  }
  // The factor for another trial after a rejected one; a step that was not finite is halved and leaves no trace.
  double reject(double e) const {
    if (!std::isfinite(e)) return 0.5;
    return std::clamp(raw(e), options_.lowest_factor, 0.9);
  }
  void forget() { last_ = before_last_ = 1; }

 private:
  template <EigenState Y>
  ANTISTROPHE_OUT_OF_LINE double by_norm(const Y& value, const Y& y0, const Y& y1) {
    scaled_.clear();
    for (Eigen::Index i = 0; i < value.size(); ++i) scaled_.push_back(scaled_entry(value, y0, y1, i, options_.atol(i)));
    return options_.norm(scaled_.data(), value.size());
  }

  template <EigenState Y>
  ANTISTROPHE_ALWAYS_INLINE double scaled_entry(const Y& value, const Y& y0, const Y& y1, Eigen::Index i,
                                                double atol) const {
    using std::abs;
    const double size = std::max(static_cast<double>(abs(entry(y0, i))), static_cast<double>(abs(entry(y1, i))));
    const double allowed = atol + options_.rtol * size;
    const double error = static_cast<double>(abs(entry(value, i)));
    return error == 0 ? 0.0 : error / allowed;  // 0/0 where the state and its error are both 0
  }

  double raw(double e) const {
    const double floor = 1e-10;  // an error of 0 asks for the longest step
    double factor = rough_power(std::max(e, floor), -b1_);
    if (b2_ != 0) factor *= rough_power(std::max(last_, floor), -b2_);
    if (b3_ != 0) factor *= rough_power(std::max(before_last_, floor), -b3_);
    return options_.safety * factor;
  }

  const Adaptive& options_;
  double b1_, b2_, b3_;
  double keeps_length_;  // an error above which raw is below 1 for certain, and the next step as long as this one
  double last_ = 1, before_last_ = 1;
  std::vector<double> scaled_;
};

}  // namespace antistrophe::detail
