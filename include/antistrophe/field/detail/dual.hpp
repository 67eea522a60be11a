// SPDX-License-Identifier: MIT
// A number that carries its derivatives in N directions: Eigen's AutoDiffScalar, made safe to hold in an `auto`. Eigen's
// operators return expressions that refer to their operands, some of which are gone by then; Dual's return a Dual.
#pragma once

#include <Eigen/Core>
#if __has_include(<unsupported/Eigen/AutoDiff>)
#include <unsupported/Eigen/AutoDiff>
#else
#error \
    "antistrophe: derivatives of f alone (automatic_vjp, automatic_event) need Eigen's <unsupported/Eigen/AutoDiff>, which is not beside this <Eigen/Core>: install the whole of Eigen's headers"
#endif

#include <array>
#include <cmath>
#include <compare>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace antistrophe {

template <class S, int N>
class Dual {
 public:
  using Derivatives = Eigen::Matrix<S, N, 1>;

  Dual() : Dual(S(0), Derivatives::Zero()) {}
  // A constant.
  template <class A>
    requires std::is_arithmetic_v<A>
  Dual(A constant) : Dual(static_cast<S>(constant), Derivatives::Zero()) {}  // NOLINT: numbers mix with duals
  Dual(const S& constant)
    requires(!std::is_arithmetic_v<S>)
      : Dual(constant, Derivatives::Zero()) {}
  Dual(const S& value, const Derivatives& derivatives) : number_(value, derivatives) {}

  const S& value() const { return number_.value(); }
  const Derivatives& derivatives() const { return number_.derivatives(); }
  Derivatives& derivatives() { return number_.derivatives(); }

  // g(x) of value g and slope g′.
  Dual chain(const S& g, const S& slope) const { return {g, slope * derivatives()}; }

  friend Dual operator+(const Dual& x) { return x; }
  friend Dual operator-(const Dual& x) { return {-x.value(), -x.derivatives()}; }
  friend Dual operator+(const Dual& x, const Dual& y) { return Dual(x.number_ + y.number_); }
  friend Dual operator-(const Dual& x, const Dual& y) { return Dual(x.number_ - y.number_); }
  friend Dual operator*(const Dual& x, const Dual& y) { return Dual(x.number_ * y.number_); }
  friend Dual operator/(const Dual& x, const Dual& y) { return Dual(x.number_ / y.number_); }
  Dual& operator+=(const Dual& x) { return *this = *this + x; }
  Dual& operator-=(const Dual& x) { return *this = *this - x; }
  Dual& operator*=(const Dual& x) { return *this = *this * x; }
  Dual& operator/=(const Dual& x) { return *this = *this / x; }

  // Compared by value.
  friend bool operator==(const Dual& x, const Dual& y) { return x.value() == y.value(); }
  friend auto operator<=>(const Dual& x, const Dual& y) { return x.value() <=> y.value(); }

  friend Dual sqrt(const Dual& x) { return Dual(Eigen::sqrt(x.number_)); }
  friend Dual exp(const Dual& x) { return Dual(Eigen::exp(x.number_)); }
  friend Dual log(const Dual& x) { return Dual(Eigen::log(x.number_)); }
  friend Dual sin(const Dual& x) { return Dual(Eigen::sin(x.number_)); }
  friend Dual cos(const Dual& x) { return Dual(Eigen::cos(x.number_)); }
  friend Dual tan(const Dual& x) { return Dual(Eigen::tan(x.number_)); }
  friend Dual asin(const Dual& x) { return Dual(Eigen::asin(x.number_)); }
  friend Dual acos(const Dual& x) { return Dual(Eigen::acos(x.number_)); }
  friend Dual sinh(const Dual& x) { return Dual(Eigen::sinh(x.number_)); }
  friend Dual cosh(const Dual& x) { return Dual(Eigen::cosh(x.number_)); }
  friend Dual tanh(const Dual& x) {
    using std::tanh;
    const S value = tanh(x.value());
    return x.chain(value, S(1) - value * value);
  }
  friend Dual abs(const Dual& x) { return Dual(Eigen::abs(x.number_)); }
  friend Dual abs2(const Dual& x) { return x * x; }

  // Those that Eigen has not; of a Dual of Duals, its value's are found by its type.
  friend Dual atan(const Dual& x) {
    using std::atan;
    return x.chain(atan(x.value()), S(1) / (S(1) + x.value() * x.value()));
  }
  friend Dual expm1(const Dual& x) {
    using std::exp, std::expm1;
    return x.chain(expm1(x.value()), exp(x.value()));
  }
  friend Dual log1p(const Dual& x) {
    using std::log1p;
    return x.chain(log1p(x.value()), S(1) / (S(1) + x.value()));
  }
  friend Dual cbrt(const Dual& x) {
    using std::cbrt;
    const S root = cbrt(x.value());
    return x.chain(root, S(1) / (S(3) * root * root));
  }
  friend Dual fabs(const Dual& x) { return abs(x); }
  friend Dual atan2(const Dual& y, const Dual& x) {
    using std::atan2;
    const S square = x.value() * x.value() + y.value() * y.value();
    return {atan2(y.value(), x.value()),
            (x.value() / square) * y.derivatives() - (y.value() / square) * x.derivatives()};
  }
  friend Dual hypot(const Dual& x, const Dual& y) {
    using std::hypot;
    const S length = hypot(x.value(), y.value());
    return {length, (x.value() / length) * x.derivatives() + (y.value() / length) * y.derivatives()};
  }
  // A constant exponent, so that 0^p has its slope and not the NaN of 0 log 0.
  template <class A>
    requires std::is_arithmetic_v<A>
  friend Dual pow(const Dual& x, A exponent) {
    using std::pow;
    using Exponent = std::conditional_t<std::is_arithmetic_v<S>, S, A>;  // a constant for the value's pow too
    const auto p = static_cast<Exponent>(exponent);
    return x.chain(pow(x.value(), p), p == Exponent(0) ? S(0) : S(p) * pow(x.value(), p - Exponent(1)));
  }
  friend Dual pow(const Dual& x, const Dual& p) {
    using std::log, std::pow;
    const S power = pow(x.value(), p.value());
    const S slope = p.value() == S(0) ? S(0) : p.value() * pow(x.value(), p.value() - S(1));
    const S in_exponent = power == S(0) ? S(0) : power * log(x.value());
    return {power, slope * x.derivatives() + in_exponent * p.derivatives()};
  }
  friend Dual(min)(const Dual& x, const Dual& y) { return y < x ? y : x; }
  friend Dual(max)(const Dual& x, const Dual& y) { return x < y ? y : x; }
  friend bool(isfinite)(const Dual& x) {
    using std::isfinite;
    return isfinite(x.value());
  }
  friend bool(isnan)(const Dual& x) {
    using std::isnan;
    return isnan(x.value());
  }

 private:
  template <class Expression>
  explicit Dual(const Eigen::AutoDiffScalar<Expression>& number) : number_(number) {}

  Eigen::AutoDiffScalar<Derivatives> number_;
};

namespace detail {

// (0, …, 1, …, 0), 1 in place k, by one load: a lone 1, just written, would be waited for by the packet that is loaded over it.
template <class S, int N>
inline constexpr auto unit_window = [] {
  std::array<S, std::size_t{2 * N - 1}> window{};
  window[std::size_t{N - 1}] = S(1);
  return window;
}();
template <class S, int N>
Eigen::Map<const Eigen::Matrix<S, N, 1>> unit_vector(Eigen::Index k) {
  return Eigen::Map<const Eigen::Matrix<S, N, 1>>(unit_window<S, N>.data() + N - 1 - k);
}

}  // namespace detail
}  // namespace antistrophe

// Eigen's matrices may hold duals, and mix them with plain numbers.
template <class S, int N>
struct Eigen::NumTraits<antistrophe::Dual<S, N>> : Eigen::NumTraits<S> {
  using Real = antistrophe::Dual<S, N>;
  using NonInteger = antistrophe::Dual<S, N>;
  using Nested = antistrophe::Dual<S, N>;
  using Literal = antistrophe::Dual<S, N>;
  enum {
    IsComplex = 0,
    IsInteger = 0,
    IsSigned = 1,
    RequireInitialization = 1,
    ReadCost = 1,
    AddCost = N,
    MulCost = 2 * N
  };
};
template <class S, int N, class Operation>
struct Eigen::ScalarBinaryOpTraits<antistrophe::Dual<S, N>, S, Operation> {
  using ReturnType = antistrophe::Dual<S, N>;
};
template <class S, int N, class Operation>
struct Eigen::ScalarBinaryOpTraits<S, antistrophe::Dual<S, N>, Operation> {
  using ReturnType = antistrophe::Dual<S, N>;
};
