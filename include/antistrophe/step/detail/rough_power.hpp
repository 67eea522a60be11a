// SPDX-License-Identifier: MIT
// x^p to 1e-5 of itself, which is all that the length of a step asks for, in two thirds of the time that pow takes: adaptive steps wait
// for it. Of additions and multiplications of IEEE numbers and their bits alone, so that no library of mathematics decides where a
// step ends.
//   x = 2^e (1 + m),   log₂ x = e + m L(m),   p log₂ x = n + f,   x^p = 2^n (1 + f R(f)),   m and f in [0, 1]
// L and R are interpolated at Chebyshev nodes, and at 1, where one power of 2 meets the next: x^p is continuous and monotonic.
#pragma once

#include <antistrophe/core/config.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace antistrophe::detail {

inline double rough_power(double x, double p);

// Of 0, infinity, NaN, numbers below 0, of which there is none, and such as are not normal.
ANTISTROPHE_COLD inline double rough_power_of_extreme(double x, double p) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (std::isnan(p) || !(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0) return 1;
  if (x == 0) return p < 0 ? infinity : 0;
  if (x == infinity) return p < 0 ? 0 : infinity;
  return rough_power(x * 0x1p54, p) * rough_power(0x1p-54, p);
}

inline double rough_power(double x, double p) {
  using Limits = std::numeric_limits<double>;
  if (!(x >= Limits::min() && x <= Limits::max())) [[unlikely]]
    return rough_power_of_extreme(x, p);
  // Integers below 2^52 as doubles: with the exponent of 2^52 before them, and then less it.
  constexpr double exponent_of_1 = 0x1p52 + 1023, whole = 0x1.8p52;
  constexpr std::uint64_t fraction = 0xfffffffffffff;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const double e = std::bit_cast<double>((bits >> 52) | std::bit_cast<std::uint64_t>(0x1p52)) - exponent_of_1;
  const double m = std::bit_cast<double>((bits & fraction) | std::bit_cast<std::uint64_t>(1.0)) - 1;
  // Each product goes into one sum: so there is one way to fuse the two, and one result.
  const double m2 = m * m;
  const double L01 = 1.4425144566941914 - 0.7177289649740376 * m;
  const double L23 = 0.4556918530033884 - 0.2742756760972077 * m;
  const double L45 = 0.11857042051253344 - 0.02477208913886782 * m;
  const double L25 = L23 + m2 * L45;
  const double L = L01 + m2 * L25;
  const double log = e + m * L;
  const double exponent = p * log;
  if (!(std::fabs(exponent) < 1000)) [[unlikely]]
    return exponent > 0 ? Limits::infinity() : exponent < 0 ? 0 : exponent;
  const double rounded = (exponent - 0.5) + whole;
  const double f = exponent - (rounded - whole);
  const double R01 = 0.6930089686050054 + 0.24152035757208729 * f;
  const double R23 = 0.05179314501822321 + 0.013677528804684171 * f;
  const double R = R01 + (f * f) * R23;
  const double power = 1 + f * R;
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(power) + (std::bit_cast<std::uint64_t>(rounded) << 52));
}

}  // namespace antistrophe::detail
