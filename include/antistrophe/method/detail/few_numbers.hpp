// SPDX-License-Identifier: MIT
// The numbers of an exact method over a state of a few entries, as strides hold them: in registers, by a factor that sets aside
// as many bits in each step, and looked at for their range all at once.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/number/exact_factor.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace antistrophe::detail {

template <EigenState Y>
class FewNumbers {
 public:
  using Numbers = FixedPoint<Y>;
  using Stored = typename Numbers::Stored;

  // Where a factor takes few bits a step, and always as many.
  static bool suits(const ExactFactor& factor) { return factor.halvings() >= 0 && factor.halvings() * entries <= 63; }

 protected:
  static constexpr auto entries = static_cast<int>(Y::SizeAtCompileTime);

  explicit FewNumbers(const Numbers& numbers)
      : halvings_(numbers.factor().halvings()), low_((std::uint64_t{1} << halvings_) - 1) {
    for (int e = 0; e < entries; ++e) {
      resolution_[static_cast<std::size_t>(e)] = numbers.resolution_of_few(e);
      inverse_[static_cast<std::size_t>(e)] = numbers.inverse_of_few(e);
    }
  }

  // Whether the increments and the new states of a step leave so much room that nothing of it can be out of range, if the states
  // before it have; false of NaN.
  struct Room {
    double sum = 0;
    std::uint64_t beyond = 0;
    ANTISTROPHE_ALWAYS_INLINE void look(std::int64_t number) {
      beyond |= static_cast<std::uint64_t>(number) + (std::uint64_t{1} << 59);
    }
    ANTISTROPHE_ALWAYS_INLINE bool is_ample() const { return sum < 0x1p58 && (beyond >> 60) == 0; }
  };

  ANTISTROPHE_ALWAYS_INLINE std::int64_t hold(const Y& value, Eigen::Index e, Room& room) const {
    const double units = in_register(static_cast<double>(value[e]) * inverse_[static_cast<std::size_t>(e)]);
    room.sum += std::fabs(units);
    return nearest(units);
  }
  ANTISTROPHE_ALWAYS_INLINE void real(const Stored& stored, Y& value) const {
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
      value[e] =
          in_register(scalar<Y>(static_cast<double>(entry(stored, e)) * resolution_[static_cast<std::size_t>(e)]));
    });
  }

  const int halvings_;       // |λ| = 2^−halvings
  const std::uint64_t low_;  // the bits that are lost
  std::array<double, static_cast<std::size_t>(entries)> resolution_, inverse_;
};

}  // namespace antistrophe::detail
