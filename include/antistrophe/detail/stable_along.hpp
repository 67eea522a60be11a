// SPDX-License-Identifier: MIT
// How far steps may go along one direction in the plane of numbers hμ before they make y' = μy grow. What steps do at a number is some hundred
// operations, more of a multistep method, and is asked again at the next step: so it is kept.
#pragma once

#include <antistrophe/stepper/stability.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstddef>
#include <limits>

namespace antistrophe::detail {

// As a power of e, over the steps of a solve.
inline constexpr double allowed_growth = 0.5;

// Packs of lanes are looked into one by one.
template <class S>
inline constexpr bool judges_growth =
    JudgesGrowth<S> && std::constructible_from<std::complex<double>, typename S::State::Scalar>;

// Whether so many steps make a mode grow by more than is allowed.
template <class S>
bool grows([[maybe_unused]] const S& stepper, [[maybe_unused]] const std::complex<double>& q,
           [[maybe_unused]] double steps) {
  if constexpr (!judges_growth<S>)
    return false;
  else if constexpr (KnowsGrowth<S>)
    return std::log(stepper.growth(q)) * steps > allowed_growth;
  else
    return stepper.outgrows(q, std::exp(allowed_growth / steps));
}

// Of a size and a number of steps, whether it was the last that was asked for: equal steps need not ask again.
class LastAsked {
 public:
  bool is(double size, double steps) {
    const auto as_before = [](double x, double before) { return std::fabs(x - before) <= 1e-9 * before; };
    if (as_before(size, size_) && as_before(steps, steps_)) return true;
    size_ = size, steps_ = steps;
    return false;
  }
  void forget() { size_ = -1; }

 private:
  double size_ = -1, steps_ = -1;
};

// Of the stepper that it is asked with first.
template <class S>
class StableAlong {
 public:
  // The size of hμ, at most `most`, up to which so many steps do not let the mode grow, looked for in tenths. (Far out there may be others that
  // do not.)
  double operator()(const S& stepper, const std::complex<double>& direction, double most, double steps) {
    if (direction != direction_) {
      direction_ = direction;
      known_ = 0;
      last_.forget();
    }
    if (!last_.is(most, steps)) {
      found_ = first;
      const double factor = std::exp(allowed_growth / steps);
      for (std::size_t k = 0; 1.1 * found_ < most && !grows_at(stepper, k, 1.1 * found_, steps, factor); ++k)
        found_ *= 1.1;
      reaches_ = !(1.1 * found_ < most || grows(stepper, most * direction, steps));
    }
    return reaches_ ? most : found_;
  }

 private:
  static constexpr double first = 0.01;
  static constexpr std::size_t kept = 96;  // up to 85

  // Of one that knows growth, its logarithm, else between which factors it lies.
  struct Growth {
    double above, below;
  };

  bool grows_at(const S& stepper, std::size_t k, double size, double steps, [[maybe_unused]] double factor) {
    const std::complex<double> q = size * direction_;
    if (k >= kept) return grows(stepper, q, steps);
    if constexpr (!judges_growth<S>) {
      return false;
    } else if constexpr (KnowsGrowth<S>) {
      if (k == known_) {
        known_ = k + 1;
        growth_[k].above = std::log(stepper.growth(q));
      }
      return growth_[k].above * steps > allowed_growth;
    } else {
      Growth& growth = growth_[k];
      if (k == known_) {
        known_ = k + 1;
        growth = {0, std::numeric_limits<double>::infinity()};
      }
      if (factor > growth.above && factor < growth.below)
        (stepper.outgrows(q, factor) ? growth.above : growth.below) = factor;
      return factor <= growth.above;
    }
  }

  std::complex<double> direction_ = 0;
  LastAsked last_;
  double found_ = 0;
  bool reaches_ = false;
  std::size_t known_ = 0;  // of the first sizes
  std::array<Growth, judges_growth<S> ? kept : 0> growth_;
};

}  // namespace antistrophe::detail
