// SPDX-License-Identifier: MIT
// When a gradient is taken again at tighter tolerances, and what that tells. What errors of steps make of a gradient can be
// estimated from one solve to a factor of ten or so (accumulated_errors.hpp): enough to know where a second look is due, not
// to call a gradient good or bad. Two gradients know it. With tolerances k times as large, errors are about k times as large, less so
// where the problem is not smooth or stability held the steps; so what the second is off by is taken for
//   |g1 − g2| k^(3/4), k^(1/4) where steps dip,
// and that is held against what is borne. (docs/trust.md has what it was tried on.)
#pragma once

#include <antistrophe/adjoint/detail/accumulated_errors.hpp>
#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/state.hpp>
#include <antistrophe/problem/solution.hpp>
#include <antistrophe/step/timeline.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace antistrophe::detail {

// Whether steps dip somewhere: one is far shorter than one of the three before it, and soon they are half as long as that again. f has a
// kink, a jump or a switch there, or nearly so. Errors of steps are small all the same, but not those of sensitivities,
// which lack derivatives of one order more.
ANTISTROPHE_COLD inline bool steps_dip(const Timeline& timeline) {
  constexpr double far = 8;
  constexpr std::int64_t soon = 24;
  const std::int64_t n = timeline.steps() - 1;  // the last ends where the solve does
  double one = 0, two = 0, three = 0;           // lengths of those before
  for (std::int64_t i = 0; i < n; ++i) {
    const double h = std::fabs(timeline[i + 1] - timeline[i]);
    if (timeline.jump_at(timeline[i]) != nullptr) one = two = three = 0;
    if (timeline.jump_at(timeline[i + 1]) != nullptr) continue;  // cut short
    const double before = std::max({one, two, three});
    if (before > far * h)
      for (std::int64_t k = i + 1; k < std::min(n, i + soon); ++k)
        if (2 * std::fabs(timeline[k + 1] - timeline[k]) > before) return true;
    three = std::exchange(two, std::exchange(one, h));
  }
  return false;
}

// Why a gradient is looked at again, if it may be repeated: it is estimated to be off by more than some part of what is borne, or
// steps dip. If it may not, then where it is to be refused.
struct Doubt {
  bool any, dip;
};
template <class Dip>
Doubt doubt_about(const GradientError& judged, int repeats, const Dip& steps_dip) {
  if (repeats == 0) return {judged.excess() > judged.refused_from, false};
  const bool dip = judged.borne > 0 && steps_dip();
  return {dip || judged.excess() > judged.worth_a_look, dip};
}

// One gradient with its value beside another: its size, by how much they differ, the value, and by how much values differ.
struct ComparedGradients {
  double size, difference, value, value_difference;
};

class Repeats {
 public:
  // rtol: of the steps, which are not made finer than round-off. most: tighter solves beside the first; where there are none, nor is
  // there a looser one.
  // dip: whether steps do.
  ANTISTROPHE_COLD Repeats(const GradientError& judged, double rtol, double round_off, int most, bool dip)
      : excess_(larger_of(judged.excess(), 2 * judged.worth_a_look)),
        good_(judged.worth_a_look),
        finest_(rtol > 0 ? 16 * round_off / rtol : 0),
        power_(dip ? 0.25 : 0.75),
        left_(most),
        may_loosen_(most > 0 && rtol < 0.01 && excess_ <= 1) {}

  // Whether there is to be another, and then of which tolerances, in parts of those asked for. Where the gradient is probably good, one
  // at looser tolerances may show that it is, and costs half as much.
  ANTISTROPHE_COLD bool another() {
    if (!(excess_ > good_)) return false;
    looser_ = std::exchange(may_loosen_, false);
    if (looser_) {
      ratio_ = 1.0 / 16;
      return true;
    }
    if (left_ == 0) return false;
    // An estimate may be too small by a factor of ten, a measured error hardly.
    ratio_ = !measured_ ? std::clamp(0.05 / excess_, 0.005, 0.1) : std::clamp(0.25 / excess_, 0.01, 0.1);
    ratio_ = larger_of(ratio_, finest_ / factor_);
    if (!(ratio_ < 0.3)) return false;
    factor_ *= ratio_;
    --left_;
    return true;
  }
  bool looser() const { return looser_; }
  double factor() const { return looser_ ? 1 / ratio_ : factor_; }

  // What another gradient tells of one, whose tolerances are 1/k times as large or the other way round; the tighter one is good from now on
  // unless excess() is above 1. Where they have little in common, neither need be right. What is borne is beside the other's size then.
  ANTISTROPHE_COLD void compare(const ComparedGradients& both, GradientError& error) {
    error.size = both.size;
    const double beside_value = both.value_difference / (error.allowed() + error.borne * std::fabs(both.value));
    const double difference = larger_of(both.difference / error.allowed(), beside_value),
                 relative = both.difference / larger_of(error.size, error.allowed());
    excess_ = difference * std::pow(ratio_, power_);
    if (!(relative < 0.3)) excess_ = larger_of(excess_, 2);
    good_ = 0.5;
    measured_ = true;
    if (looser_) return;
    if (compared_ && !(difference < difference_ / 2)) left_ = 0;  // shorter steps do not bring them together
    difference_ = difference;
    compared_ = true;
  }
  // Of the tightest so far, beside what is borne: the estimate, or what was measured.
  double excess() const { return excess_; }

 private:
  double excess_, good_, finest_, factor_ = 1, ratio_ = 1, difference_ = 0, power_;
  int left_;
  bool may_loosen_, looser_ = false, measured_ = false, compared_ = false;
};

// `Result`: a value with its gradient.
template <class Result>
ComparedGradients compared(const Result& other, const Result& one) {
  double difference = 0;
  const auto see = [&](const auto& x, const auto& y) {
    using std::abs;  // or that of another scalar
    for (Eigen::Index i = 0; i < x.size(); ++i)
      difference = larger_of(difference, static_cast<double>(abs(x.data()[i] - y.data()[i])));
  };
  see(other.gradient.y0, one.gradient.y0);
  see(other.gradient.theta, one.gradient.theta);
  return {larger_of(largest_entry(other.gradient.y0), largest_entry(other.gradient.theta)), difference,
          static_cast<double>(other.value), std::fabs(static_cast<double>(other.value - one.value))};
}
// Evaluations that went into a gradient.
inline std::int64_t evaluations_in(const Stats& forth, const BackwardStats& back) {
  return forth.evaluations + back.evaluations;
}

}  // namespace antistrophe::detail
