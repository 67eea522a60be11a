// SPDX-License-Identifier: MIT
// A number of another library's reverse differentiation, with the functions and the conversions that automatic_vjp's number has:
// so that what was written for one is taken by the other, and Eigen's traits for the library's own type are left to it.
// Library names the native type, and has each function as Library::function(x).
#pragma once

#include <Eigen/Core>

#include <limits>
#include <type_traits>
#include <utility>

namespace antistrophe {

template <class Library>
class ActiveNumber {
 public:
  using Native = typename Library::Native;

  ActiveNumber() : native_(0.0) {}
  // A constant.
  template <class A>
    requires std::is_arithmetic_v<A>
  ActiveNumber(A constant) : native_(static_cast<double>(constant)) {}  // NOLINT: numbers mix
  explicit ActiveNumber(Native native) : native_(std::move(native)) {}

  const Native& native() const { return native_; }
  Native& native() { return native_; }

  friend ActiveNumber operator+(const ActiveNumber& x) { return x; }
  friend ActiveNumber operator-(const ActiveNumber& x) { return of(-x.native_); }
  friend ActiveNumber operator+(const ActiveNumber& x, const ActiveNumber& y) { return of(x.native_ + y.native_); }
  friend ActiveNumber operator-(const ActiveNumber& x, const ActiveNumber& y) { return of(x.native_ - y.native_); }
  friend ActiveNumber operator*(const ActiveNumber& x, const ActiveNumber& y) { return of(x.native_ * y.native_); }
  friend ActiveNumber operator/(const ActiveNumber& x, const ActiveNumber& y) { return of(x.native_ / y.native_); }
  ActiveNumber& operator+=(const ActiveNumber& x) { return *this = *this + x; }
  ActiveNumber& operator-=(const ActiveNumber& x) { return *this = *this - x; }
  ActiveNumber& operator*=(const ActiveNumber& x) { return *this = *this * x; }
  ActiveNumber& operator/=(const ActiveNumber& x) { return *this = *this / x; }

  // By the library's own comparisons, which it may record.
  friend bool operator<(const ActiveNumber& x, const ActiveNumber& y) { return x.native_ < y.native_; }
  friend bool operator<=(const ActiveNumber& x, const ActiveNumber& y) { return x.native_ <= y.native_; }
  friend bool operator>(const ActiveNumber& x, const ActiveNumber& y) { return x.native_ > y.native_; }
  friend bool operator>=(const ActiveNumber& x, const ActiveNumber& y) { return x.native_ >= y.native_; }
  friend bool operator==(const ActiveNumber& x, const ActiveNumber& y) { return x.native_ == y.native_; }
  friend bool(isnan)(const ActiveNumber& x) { return !(x == x); }
  friend bool(isfinite)(const ActiveNumber& x) { return abs(x) <= ActiveNumber(std::numeric_limits<double>::max()); }
  friend bool(isinf)(const ActiveNumber& x) { return abs(x) > ActiveNumber(std::numeric_limits<double>::max()); }

#define ANTISTROPHE_ACTIVE_FUNCTION(function) \
  friend ActiveNumber function(const ActiveNumber& x) { return of(Library::function(x.native_)); }
  ANTISTROPHE_ACTIVE_FUNCTION(sqrt)
  ANTISTROPHE_ACTIVE_FUNCTION(exp)
  ANTISTROPHE_ACTIVE_FUNCTION(log)
  ANTISTROPHE_ACTIVE_FUNCTION(sin)
  ANTISTROPHE_ACTIVE_FUNCTION(cos)
  ANTISTROPHE_ACTIVE_FUNCTION(tan)
  ANTISTROPHE_ACTIVE_FUNCTION(asin)
  ANTISTROPHE_ACTIVE_FUNCTION(acos)
  ANTISTROPHE_ACTIVE_FUNCTION(atan)
  ANTISTROPHE_ACTIVE_FUNCTION(sinh)
  ANTISTROPHE_ACTIVE_FUNCTION(cosh)
  ANTISTROPHE_ACTIVE_FUNCTION(tanh)
  ANTISTROPHE_ACTIVE_FUNCTION(abs)
  ANTISTROPHE_ACTIVE_FUNCTION(expm1)
  ANTISTROPHE_ACTIVE_FUNCTION(log1p)
  ANTISTROPHE_ACTIVE_FUNCTION(cbrt)
#undef ANTISTROPHE_ACTIVE_FUNCTION
  friend ActiveNumber fabs(const ActiveNumber& x) { return abs(x); }
  friend ActiveNumber abs2(const ActiveNumber& x) { return x * x; }

#define ANTISTROPHE_ACTIVE_FUNCTION(function)                                   \
  friend ActiveNumber(function)(const ActiveNumber& x, const ActiveNumber& y) { \
    return of((Library::function)(x.native_, y.native_));                       \
  }
  ANTISTROPHE_ACTIVE_FUNCTION(atan2)
  ANTISTROPHE_ACTIVE_FUNCTION(hypot)
  ANTISTROPHE_ACTIVE_FUNCTION(min)
  ANTISTROPHE_ACTIVE_FUNCTION(max)
  ANTISTROPHE_ACTIVE_FUNCTION(pow)
#undef ANTISTROPHE_ACTIVE_FUNCTION
  // A constant exponent, so that 0^p has its slope and not the NaN of 0 log 0.
  template <class A>
    requires std::is_arithmetic_v<A>
  friend ActiveNumber pow(const ActiveNumber& x, A exponent) {
    const double p = static_cast<double>(exponent);
    if (p == 0) return ActiveNumber(1);
    if (p == 1) return x;
    if (p == 2) return x * x;
    return of(Library::pow(x.native_, p));
  }

 private:
  // The library may return an expression, or a place on its tape.
  template <class Expression>
  static ActiveNumber of(Expression&& x) {
    return ActiveNumber(Native(std::forward<Expression>(x)));
  }

  Native native_;
};

}  // namespace antistrophe

// Eigen's matrices may hold these numbers, and mix them with plain ones.
template <class Library>
struct Eigen::NumTraits<antistrophe::ActiveNumber<Library>> : Eigen::NumTraits<double> {
  using Real = antistrophe::ActiveNumber<Library>;
  using NonInteger = antistrophe::ActiveNumber<Library>;
  using Nested = antistrophe::ActiveNumber<Library>;
  using Literal = antistrophe::ActiveNumber<Library>;
  enum {
    IsComplex = 0,
    IsInteger = 0,
    IsSigned = 1,
    RequireInitialization = 1,
    ReadCost = 1,
    AddCost = 8,
    MulCost = 8
  };
};
template <class Library, class Operation>
struct Eigen::ScalarBinaryOpTraits<antistrophe::ActiveNumber<Library>, double, Operation> {
  using ReturnType = antistrophe::ActiveNumber<Library>;
};
template <class Library, class Operation>
struct Eigen::ScalarBinaryOpTraits<double, antistrophe::ActiveNumber<Library>, Operation> {
  using ReturnType = antistrophe::ActiveNumber<Library>;
};
