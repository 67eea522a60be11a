// SPDX-License-Identifier: MIT
// The numbers a tableau is written in: exact fractions where its source is rational, long double
// literals where the source prints decimals. coefficient<Scalar>(x) turns either into the scalar of
// a state.
#pragma once

#include <array>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace antistrophe::tableau {

namespace detail {

__extension__ typedef __int128 Wide;  // holds any product of two 64-bit integers

constexpr Wide greatest_common_divisor(Wide x, Wide y) {
  while (y != 0) {
    const Wide remainder = x % y;
    x = y;
    y = remainder;
  }
  return x < 0 ? -x : x;
}

constexpr std::int64_t narrow(Wide x) {
  if (x < std::numeric_limits<std::int64_t>::min() || x > std::numeric_limits<std::int64_t>::max())
    throw std::overflow_error("antistrophe: a rational number leaves the range of 64-bit integers");
  return static_cast<std::int64_t>(x);
}

template <class Scalar>
struct RealOf {
  using type = Scalar;
};
template <class Real>
struct RealOf<std::complex<Real>> {
  using type = Real;
};

// A quotient in float goes through double, so that numerators beyond 2^24 are not rounded first;
// scalars that are not floating-point (dual numbers and the like) are made from a double.
template <class Real>
struct Working {
  using type = double;
};
template <std::floating_point Real>
struct Working<Real> {
  using type = std::common_type_t<Real, double>;
};
template <class Scalar>
using working_t = typename Working<typename RealOf<Scalar>::type>::type;

template <class Scalar, class Real>
constexpr Scalar to_scalar(Real x) {
  return static_cast<Scalar>(static_cast<typename RealOf<Scalar>::type>(x));
}

}  // namespace detail

// An exact fraction in lowest terms, den > 0. Arithmetic is exact; a result that does not fit 64 bits
// throws std::overflow_error, which inside a constant expression is a compile error.
struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;

  constexpr Rational() = default;

  template <std::integral Integer>
  constexpr Rational(Integer n) : Rational(reduced(n, 1)) {}

  constexpr Rational(std::int64_t n, std::int64_t d) : Rational(reduced(n, d)) {}

  // The nearest Scalar (for double: one correctly rounded division, as in `1.0 / 3.0`, when both
  // terms lie below 2^53).
  template <class Scalar>
  constexpr Scalar value() const {
    using Real = detail::working_t<Scalar>;
    return detail::to_scalar<Scalar>(static_cast<Real>(num) / static_cast<Real>(den));
  }

  friend constexpr bool operator==(const Rational&, const Rational&) = default;

  friend constexpr Rational operator-(const Rational& x) { return reduced(-wide(x.num), x.den); }

  friend constexpr Rational operator+(const Rational& x, const Rational& y) {
    const auto divisor = detail::greatest_common_divisor(x.den, y.den);
    return reduced(x.num * (y.den / divisor) + y.num * (x.den / divisor), x.den * (y.den / divisor));
  }

  friend constexpr Rational operator-(const Rational& x, const Rational& y) { return x + (-y); }

  friend constexpr Rational operator*(const Rational& x, const Rational& y) {
    return reduced(wide(x.num) * y.num, wide(x.den) * y.den);
  }

  friend constexpr Rational operator/(const Rational& x, const Rational& y) {
    return reduced(wide(x.num) * y.den, wide(x.den) * y.num);
  }

 private:
  static constexpr detail::Wide wide(std::int64_t x) { return x; }

  static constexpr Rational reduced(detail::Wide n, detail::Wide d) {
    if (d == 0) throw std::domain_error("antistrophe: a rational number has denominator zero");
    const detail::Wide divisor = detail::greatest_common_divisor(n, d) * (d < 0 ? -1 : 1);
    Rational result;
    result.num = detail::narrow(n / divisor);
    result.den = detail::narrow(d / divisor);
    return result;
  }
};

// A tableau's number as the scalar of a state: float, double, long double, complex of these, or any
// type that can be made from a double.
template <class Scalar>
constexpr Scalar coefficient(const Rational& x) {
  return x.template value<Scalar>();
}

template <class Scalar>
constexpr Scalar coefficient(long double x) {
  return detail::to_scalar<Scalar>(static_cast<detail::working_t<Scalar>>(x));
}

constexpr bool nonzero(const Rational& x) { return x.num != 0; }
constexpr bool nonzero(long double x) { return x != 0.0L; }

// b − b̂: the weights of an error estimate, from those of a method and of its embedded one.
template <class Coefficient, std::size_t stages>
constexpr std::array<Coefficient, stages> difference(std::array<Coefficient, stages> b,
                                                     const std::array<Coefficient, stages>& b_hat) {
  for (std::size_t i = 0; i < stages; ++i) b[i] = b[i] - b_hat[i];
  return b;
}

}  // namespace antistrophe::tableau
