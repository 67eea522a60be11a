// SPDX-License-Identifier: MIT
// D ↦ λD on integers, made a bijection by the bits it sets aside (after Maclaurin, Duvenaud & Adams 2015). Two forms:
//   λ = 1 − 2^{−m}:  D' = D − ⌊D/2^m⌋ meets itself only where (2^m − 1) | D'; there alone one bit is kept;
//   λ = 2^{−q}:      D' = ⌊D/2^q⌋, and the q low bits are kept.
// A dither ρ, hashed from the number of the step, makes the rounding unbiased and the number of bits independent of the
// solution: 2(1−λ), or q, a component a step. Without it a resting solution would keep one at every step.
#pragma once

#include <antistrophe/core/detail/splitmix64.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/number/bit_stack.hpp>

#include <cmath>
#include <cstdint>

namespace antistrophe {

// The factor λ of an exact coupling, 1 − 2^{−m} (1 <= m <= 40) or 2^{−q} (0 <= q <= 40; q = 0 is λ = 1).
class ExactFactor {
 public:
  // Throws std::invalid_argument unless lambda is of one of the two forms.
  explicit ExactFactor(double lambda) {
    if (is_halving(lambda)) {
      halving_ = true;
      bits_ = exponent_of(lambda);
    } else if (is_complement(lambda)) {
      halving_ = false;
      bits_ = exponent_of(1 - lambda);
    } else {
      detail::refuse(
          "lambda of an exact coupling", lambda,
          "1 - 2^-m or 2^-q with m, q <= 40, such as 1/2, 3/4, 1/4 or 1023/1024 (Floating takes any in (0, 1])");
    }
    modulus_ = std::int64_t{1} << bits_;
    lambda_ = lambda;
  }

  // True of the two forms.
  static bool represents(double lambda) { return is_halving(lambda) || is_complement(lambda); }

  double value() const { return lambda_; }

  // q of a factor 2^{−q}, −1 of another.
  int halvings() const { return halving_ ? bits_ : -1; }
  // The dither of component i under the mask of 2^m − 1.
  static std::int64_t dither(std::uint64_t seed, std::int64_t i, std::uint64_t mask) {
    return static_cast<std::int64_t>((seed + detail::golden_increment * static_cast<std::uint64_t>(i)) & mask);
  }

  // Bits a component a step, expected for any solution.
  double bit_rate() const { return halving_ ? bits_ : 2 * (1 - lambda_); }

  // The dither of step n, of which component i takes (seed + b i) mod 2^m.
  static std::uint64_t seed(std::int64_t n) { return detail::splitmix64(static_cast<std::uint64_t>(n)); }

  // λD rounded.
  std::int64_t shrink(std::int64_t d, std::uint64_t seed, std::int64_t i) const {
    const std::int64_t rho = dither(seed, i);
    const std::int64_t shifted = d + rho;
    return halving_ ? shifted >> bits_ : shifted - (shifted >> bits_) - rho;
  }

  // The same for loops over many components, without a branch: before AVX-512 vectors of 64-bit integers have logical shifts only.
  ANTISTROPHE_ALWAYS_INLINE std::int64_t shrink_of_many(std::int64_t d, std::uint64_t seed, std::int64_t i) const {
    const auto shifted = static_cast<std::uint64_t>(d) + static_cast<std::uint64_t>(dither(seed, i));
#if defined(__AVX512F__)
    const std::int64_t quotient = static_cast<std::int64_t>(shifted) >> bits_;
#else
    constexpr std::uint64_t sign = std::uint64_t{1} << 63;
    const auto quotient = static_cast<std::int64_t>(((shifted + sign) >> bits_) - (sign >> bits_));
#endif
    const std::int64_t complement = halving_ ? 0 : -1;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(d & complement) +
                                     static_cast<std::uint64_t>(quotient ^ complement) -
                                     static_cast<std::uint64_t>(complement));  // quotient, or d − quotient
  }

  // Pushes what shrink(d, seed, i) lost.
  template <class Bits>
  void keep(std::int64_t d, std::uint64_t seed, std::int64_t i, Bits& bits) const {
    const std::int64_t low = (d + dither(seed, i)) & (modulus_ - 1);
    if (halving_)
      bits.push(static_cast<std::uint64_t>(low), bits_);
    else if (low == 0 || low == modulus_ - 1)
      bits.push(low != 0 ? 1 : 0, 1);
  }

  // keep() of components 0 to size − 1 in this order, d(i) that of component i: the same bits, fewer pushes.
  template <class Difference, class Bits>
  void keep_all(const Difference& d, std::int64_t size, std::uint64_t seed, Bits& bits) const {
    GatheredBits<Bits> gathered(bits);
    for (std::int64_t i = 0; i < size; ++i) keep(d(i), seed, i, gathered);
    gathered.flush();
  }

  // The d of which `shrunk` was made; pops what was pushed for it.
  template <class Cursor>
  std::int64_t grow(std::int64_t shrunk, std::uint64_t seed, std::int64_t i, Cursor& bits) const {
    const std::int64_t rho = dither(seed, i);
    if (halving_)
      return static_cast<std::int64_t>((static_cast<std::uint64_t>(shrunk) << bits_) | bits.pop(bits_)) - rho;
    const std::int64_t kept = shrunk + rho;
    const std::int64_t divisor = modulus_ - 1;
    std::int64_t quotient = kept / divisor;
    const std::int64_t remainder = kept % divisor;
    if (remainder < 0) --quotient;
    std::int64_t d = kept + quotient;
    if (remainder == 0) d -= static_cast<std::int64_t>(bits.pop(1));
    return d - rho;
  }

 private:
  // x = 2^−exponent for a power of two.
  static int exponent_of(double x) {
    int exponent = 0;
    std::frexp(x, &exponent);
    return 1 - exponent;
  }
  static bool is_small_power_of_two(double x) {
    int exponent = 0;
    return std::frexp(x, &exponent) == 0.5 && 1 - exponent <= 40;
  }
  static bool is_halving(double lambda) { return lambda > 0 && lambda <= 1 && is_small_power_of_two(lambda); }
  static bool is_complement(double lambda) { return lambda > 0.5 && lambda < 1 && is_small_power_of_two(1 - lambda); }

  std::int64_t dither(std::uint64_t seed, std::int64_t i) const {
    return dither(seed, i, static_cast<std::uint64_t>(modulus_ - 1));
  }

  double lambda_;
  std::int64_t modulus_ = 1;
  int bits_ = 0;
  bool halving_ = true;
};

}  // namespace antistrophe
