// SPDX-License-Identifier: MIT
// Numbers of a carry as whole numbers of 64 bits.
#pragma once

#include <Eigen/Core>

#include <bit>
#include <cstdint>
#include <limits>
#include <tuple>
#include <type_traits>

namespace antistrophe::detail {

// The bits of a floating-point number as a whole number, in the order of the numbers.
template <class Real>
std::int64_t ordered_bits(Real x) {
  using Bits = std::conditional_t<sizeof(Real) == 8, std::int64_t, std::int32_t>;
  const Bits bits = std::bit_cast<Bits>(x);
  return bits < 0 ? static_cast<std::int64_t>(bits ^ std::numeric_limits<Bits>::max()) : bits;
}
template <class Real>
Real of_ordered_bits(std::int64_t ordered) {
  using Bits = std::conditional_t<sizeof(Real) == 8, std::int64_t, std::int32_t>;
  const auto bits = static_cast<Bits>(ordered);
  return std::bit_cast<Real>(bits < 0 ? static_cast<Bits>(bits ^ std::numeric_limits<Bits>::max()) : bits);
}

template <class Scalar>
using RealPart = typename Eigen::NumTraits<Scalar>::Real;

template <class Scalar>
inline constexpr bool is_compressible =
    std::is_same_v<Scalar, std::int64_t> || std::is_same_v<RealPart<Scalar>, double> ||
    std::is_same_v<RealPart<Scalar>, float>;

template <class... Parts>
consteval bool are_compressible(const std::tuple<Parts...>*) {
  return (is_compressible<typename std::remove_cvref_t<Parts>::Scalar> && ...);
}

}  // namespace antistrophe::detail
