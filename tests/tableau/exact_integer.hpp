// Integers modulo 2^512 in two's complement. Sums and products of integers whose true values stay
// below 2^511 are exact, and so is the comparison of two of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace antistrophe::test {

struct ExactInteger {
  static constexpr std::size_t limbs = 16;  // of 32 bits, the least significant first
  static constexpr int bits = 511;          // of the magnitude that is exact

  std::array<std::uint32_t, limbs> limb{};

  constexpr ExactInteger(std::int64_t x = 0) {
    const auto low = static_cast<std::uint64_t>(x);
    limb.fill(x < 0 ? ~std::uint32_t{0} : 0);
    limb[0] = static_cast<std::uint32_t>(low);
    limb[1] = static_cast<std::uint32_t>(low >> 32);
  }

  friend constexpr bool operator==(const ExactInteger&, const ExactInteger&) = default;

  friend constexpr ExactInteger operator+(const ExactInteger& x, const ExactInteger& y) {
    ExactInteger sum;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < limbs; ++i) {
      carry += std::uint64_t{x.limb[i]} + y.limb[i];
      sum.limb[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    return sum;
  }

  friend constexpr ExactInteger operator*(const ExactInteger& x, const ExactInteger& y) {
    ExactInteger product;
    for (std::size_t i = 0; i < limbs; ++i) {
      std::uint64_t carry = 0;
      for (std::size_t j = 0; i + j < limbs; ++j) {
        carry += std::uint64_t{x.limb[i]} * y.limb[j] + product.limb[i + j];
        product.limb[i + j] = static_cast<std::uint32_t>(carry);
        carry >>= 32;
      }
    }
    return product;
  }
};

}  // namespace antistrophe::test
