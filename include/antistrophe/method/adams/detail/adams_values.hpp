// SPDX-License-Identifier: MIT
// The last K values of f with their tapes: what an Adams method keeps to save work. Known is an unbroken row of nodes, which
// moves along with the solve, forth or back, by one evaluation a step.
#pragma once

#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/method/adams/detail/adams_carry.hpp>
#include <antistrophe/method/runge_kutta/detail/stages.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace antistrophe::detail {

template <class F, EigenState Y>
struct ValueOfField {
  Y f;
  Tape<F, Y> tape;
};

template <std::size_t K, class F, EigenState Y>
class AdamsValues {
 public:
  using Value = ValueOfField<F, Y>;

  AdamsValues(const F& field, const Y& like)
      : values_(array_of<K>(Value{Y::Constant(like.rows(), like.cols(), unwritten<Y>), make_tape<F, Y>(field, like)})) {
  }

  const Value& operator[](std::size_t slot) const { return values_[slot]; }

  // For those who evaluate themselves, and then say what is known: nothing until then.
  Value& at(std::size_t slot) { return values_[slot]; }
  void learn(std::int64_t first, std::int64_t last) {
    first_ = first;
    last_ = last;
  }

  void forget() {
    first_ = nothing;
    last_ = nothing - 1;
  }

  // Sees to it that f is known from node `first` to `last`, fewer than K apart; evaluate(n, value) is called for what is
  // missing. A throw leaves what is known known.
  template <class Evaluate>
  void know(std::int64_t first, std::int64_t last, const Evaluate& evaluate) {
    if (first_ <= first && last_ >= last) return;
    if (first_ > last || last_ < first) {
      first_ = last;
      last_ = last - 1;
    }
    constexpr auto size = static_cast<std::int64_t>(K);
    while (last_ < last) {
      first_ = std::max(first_, last_ + 2 - size);  // whose slot is taken now
      evaluate(last_ + 1, values_[ring_slot<K>(last_ + 1)]);
      ++last_;
    }
    while (first_ > first) {
      last_ = std::min(last_, first_ - 2 + size);
      evaluate(first_ - 1, values_[ring_slot<K>(first_ - 1)]);
      --first_;
    }
  }

  // Takes up the value at node n, the one after the last that is known, and leaves another in its place.
  void adopt(std::int64_t n, Value& value) {
    if (last_ != n - 1) return;
    first_ = std::max(first_, n + 1 - static_cast<std::int64_t>(K));
    std::swap(values_[ring_slot<K>(n)], value);
    last_ = n;
  }

 private:
  static constexpr std::int64_t nothing = std::numeric_limits<std::int64_t>::max();

  std::array<Value, K> values_;  // number n in slot n mod K
  std::int64_t first_ = nothing, last_ = nothing - 1;
};

}  // namespace antistrophe::detail
