// SPDX-License-Identifier: MIT
// What a forward pass in adaptive steps leaves for the way back: the estimated error of each accepted step, a vector, so that the
// sweep can tell what these errors make of the gradient (adjoint/detail/accumulated_errors.hpp).
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/growing_rows.hpp>
#include <antistrophe/core/state.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace antistrophe::detail {

// How many times larger than what errors of steps make of a gradient is what their estimates would: those of formulas of a lower order.
// Measured on the suite of docs/trust.md.
template <class S>
double exaggeration(double tolerance) {
  if constexpr (SeesEnd<S>) {
    return 1;  // its estimates are those of the very step
  } else {
    constexpr int q = S::error_order;
    constexpr double c = MultistepStepper<S> ? 1.2 : q <= 2 ? 16 : q == 3 || q > 6 ? 1.1 : 0.67;
    return c * std::pow(tolerance, -1.0 / q);
  }
}

// Sums of the errors of `stride` steps in a row, of one where there is room. Memory is bounded: where it is full, every two sums
// become one. States of more than 1024 entries are not looked at, for there it would count.
template <EigenState Y>
class LocalErrors {
 public:
  using Scalar = typename Y::Scalar;

  // Before each solve in steps that are chosen to tolerances; of absolute ones the smallest counts.
  template <class StepsType>
  void begin(Eigen::Index size, const StepsType& steps)
    requires requires { steps.gradient_rtol + steps.tolerance()->smallest(); }
  {
    size_ = size;
    if (sums_.width() != static_cast<std::size_t>(size)) sums_.lay_out(0, static_cast<std::size_t>(size));
    most_ = most();
    count_ = 0;
    stride_ = 1;
    rtol_ = steps.rtol;
    atol_ = steps.tolerance()->smallest();
    on_ = steps.sensitivity_guard && std::isfinite(steps.gradient_rtol) && size > 0 && size <= largest;
  }
  bool on() const { return on_; }

  // `factor` times `error` is that of step `number`, which is the one after the step before.
  ANTISTROPHE_ALWAYS_INLINE void add(std::int64_t number, const Y& error, double factor) {
    add(number, factor, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA { return error.data()[i]; });
  }
  // The same of entries that are asked for.
  template <class Entry>
  ANTISTROPHE_ALWAYS_INLINE void add(std::int64_t number, double factor, const Entry& error) {
    const auto weight = static_cast<RealOf<Y>>(factor);
    const bool begins = (count_ == 0 || number >= end_of(count_ - 1)) && begin_sum(number);
    Eigen::Index size = size_;
    if constexpr (Y::SizeAtCompileTime != Eigen::Dynamic) size = Y::SizeAtCompileTime;
    Scalar* const sum = sums_.row(count_ - 1, static_cast<std::size_t>(size));
    if (begins) [[likely]]
      for (Eigen::Index i = 0; i < size; ++i) sum[i] = Scalar{0} + weight * error(i);
    else
      for (Eigen::Index i = 0; i < size; ++i) sum[i] += weight * error(i);
  }

  std::size_t count() const { return count_; }
  // The number of the first step of an entry.
  std::int64_t begin_of(std::size_t entry) const { return first_ + static_cast<std::int64_t>(entry) * stride_; }
  std::int64_t end_of(std::size_t entry) const { return begin_of(entry + 1); }
  const Scalar* sum(std::size_t entry) const { return sums_.row(entry); }
  double rtol() const { return rtol_; }
  double atol() const { return atol_; }
  std::size_t bytes() const { return sums_.bytes(); }

 private:
  static constexpr Eigen::Index largest = 1024, budget = 1 << 13;  // entries of a state, and numbers that are kept

  std::size_t most() const {
    return 2 *
           static_cast<std::size_t>(std::clamp<Eigen::Index>(budget / std::max<Eigen::Index>(size_, 1), 64, 4096) / 2);
  }

  // False where the step belongs to the last sum, else there is another, which is to be written.
  ANTISTROPHE_ALWAYS_INLINE bool begin_sum(std::int64_t number) {
    if (count_ == 0) first_ = number;
    if (count_ == most_ || count_ == sums_.rows()) [[unlikely]]
      if (!make_room(number)) return false;
    ++count_;
    return true;
  }
  ANTISTROPHE_OUT_OF_LINE bool make_room(std::int64_t number) {
    if (count_ == most_) merge();
    if (count_ > 0 && number < end_of(count_ - 1)) return false;
    if (count_ == sums_.rows()) sums_.grow();
    return true;
  }

  void merge() {
    const auto size = static_cast<std::size_t>(size_);
    for (std::size_t k = 0; 2 * k < count_; ++k) {
      Scalar *to = sums_.row(k), *first = sums_.row(2 * k), *second = sums_.row(2 * k + 1);
      for (std::size_t i = 0; i < size; ++i) to[i] = first[i] + second[i];
    }
    count_ /= 2;
    stride_ *= 2;
  }

  bool on_ = false;
  Eigen::Index size_ = 0;
  std::int64_t first_ = 0, stride_ = 1;
  std::size_t count_ = 0, most_ = 0;
  double rtol_ = 0, atol_ = 0;
  GrowingRows<Scalar> sums_;
};

}  // namespace antistrophe::detail
