// SPDX-License-Identifier: MIT
// A number that writes down what is done with it, in the Recording that its thread is making; and a function recorded by it.
#pragma once

#include <antistrophe/field/detail/recording.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// A number of a function that is recorded: a constant, or a value of the recording that its thread is making.
class RecordedNumber {
  using Operation = detail::Operation;

 public:
  RecordedNumber() = default;
  // A constant.
  template <class A>
    requires std::is_arithmetic_v<A>
  RecordedNumber(A constant) : value_(static_cast<double>(constant)) {}  // NOLINT: numbers mix

  // The input numbered `place`, and the number that stands in `place` for a recording's output.
  static RecordedNumber input(double value, std::int32_t place) { return {value, place}; }
  std::int32_t place() const { return place_; }
  double value() const { return value_; }

  // What the numbers of this thread are written to, while a function is recorded.
  static detail::Recording*& recording() {
    static thread_local detail::Recording* current = nullptr;
    return current;
  }

  friend RecordedNumber operator+(const RecordedNumber& x) { return x; }
  friend RecordedNumber operator-(const RecordedNumber& x) { return x.unary(-x.value_, Operation::negate); }
  friend RecordedNumber operator+(const RecordedNumber& x, const RecordedNumber& y) {
    const double sum = x.value_ + y.value_;
    if (y.is_constant()) return y.value_ == 0 ? x : x.with(sum, Operation::shift, y.value_);
    if (x.is_constant()) return x.value_ == 0 ? y : y.with(sum, Operation::shift, x.value_);
    return both(sum, Operation::add, x, y);
  }
  friend RecordedNumber operator-(const RecordedNumber& x, const RecordedNumber& y) {
    const double difference = x.value_ - y.value_;
    if (y.is_constant()) return y.value_ == 0 ? x : x.with(difference, Operation::shift, -y.value_);
    if (x.is_constant()) return y.with(difference, Operation::reflect, x.value_);
    return both(difference, Operation::subtract, x, y);
  }
  friend RecordedNumber operator*(const RecordedNumber& x, const RecordedNumber& y) {
    const double product = x.value_ * y.value_;
    if (y.is_constant()) return y.value_ == 1 ? x : x.with(product, Operation::scale, y.value_);
    if (x.is_constant()) return x.value_ == 1 ? y : y.with(product, Operation::scale, x.value_);
    return both(product, Operation::multiply, x, y);
  }
  friend RecordedNumber operator/(const RecordedNumber& x, const RecordedNumber& y) {
    const double quotient = x.value_ / y.value_;
    if (x.is_constant()) return y.with(quotient, Operation::invert, x.value_);
    return both(quotient, Operation::divide, x, y);
  }
  RecordedNumber& operator+=(const RecordedNumber& x) { return *this = *this + x; }
  RecordedNumber& operator-=(const RecordedNumber& x) { return *this = *this - x; }
  RecordedNumber& operator*=(const RecordedNumber& x) { return *this = *this * x; }
  RecordedNumber& operator/=(const RecordedNumber& x) { return *this = *this / x; }

  friend bool operator<(const RecordedNumber& x, const RecordedNumber& y) {
    return compare(x.value_ < y.value_, Operation::is_less, Operation::is_not_less, x, y);
  }
  friend bool operator<=(const RecordedNumber& x, const RecordedNumber& y) {
    return compare(x.value_ <= y.value_, Operation::is_less_or_equal, Operation::is_not_less_or_equal, x, y);
  }
  friend bool operator==(const RecordedNumber& x, const RecordedNumber& y) {
    return compare(x.value_ == y.value_, Operation::is_equal, Operation::is_not_equal, x, y);
  }
  friend bool operator>(const RecordedNumber& x, const RecordedNumber& y) { return y < x; }
  friend bool operator>=(const RecordedNumber& x, const RecordedNumber& y) { return y <= x; }
  friend bool(isnan)(const RecordedNumber& x) { return !(x == x); }
  friend bool(isfinite)(const RecordedNumber& x) { return abs(x) <= std::numeric_limits<double>::max(); }
  friend bool(isinf)(const RecordedNumber& x) { return abs(x) > std::numeric_limits<double>::max(); }

#define ANTISTROPHE_RECORDED_FUNCTION(function, operation)         \
  friend RecordedNumber function(const RecordedNumber& x) {        \
    return x.unary(std::function(x.value_), Operation::operation); \
  }
  ANTISTROPHE_RECORDED_FUNCTION(sqrt, square_root)
  ANTISTROPHE_RECORDED_FUNCTION(exp, exponential)
  ANTISTROPHE_RECORDED_FUNCTION(log, logarithm)
  ANTISTROPHE_RECORDED_FUNCTION(sin, sine)
  ANTISTROPHE_RECORDED_FUNCTION(cos, cosine)
  ANTISTROPHE_RECORDED_FUNCTION(tan, tangent)
  ANTISTROPHE_RECORDED_FUNCTION(asin, arcsine)
  ANTISTROPHE_RECORDED_FUNCTION(acos, arccosine)
  ANTISTROPHE_RECORDED_FUNCTION(atan, arctangent)
  ANTISTROPHE_RECORDED_FUNCTION(sinh, hyperbolic_sine)
  ANTISTROPHE_RECORDED_FUNCTION(cosh, hyperbolic_cosine)
  ANTISTROPHE_RECORDED_FUNCTION(tanh, hyperbolic_tangent)
  ANTISTROPHE_RECORDED_FUNCTION(abs, absolute)
  ANTISTROPHE_RECORDED_FUNCTION(expm1, exponential_minus_1)
  ANTISTROPHE_RECORDED_FUNCTION(log1p, logarithm_of_1_plus)
  ANTISTROPHE_RECORDED_FUNCTION(cbrt, cube_root)
#undef ANTISTROPHE_RECORDED_FUNCTION
  friend RecordedNumber fabs(const RecordedNumber& x) { return abs(x); }
  friend RecordedNumber abs2(const RecordedNumber& x) { return x * x; }

  friend RecordedNumber pow(const RecordedNumber& x, const RecordedNumber& p) {
    const double power = std::pow(x.value_, p.value_);
    if (!p.is_constant()) return both(power, Operation::power, x, p);
    if (p.value_ == 2) return x * x;
    return x.with(power, Operation::raise, p.value_);
  }
  friend RecordedNumber atan2(const RecordedNumber& y, const RecordedNumber& x) {
    return both(std::atan2(y.value_, x.value_), Operation::arctangent2, y, x);
  }
  friend RecordedNumber hypot(const RecordedNumber& x, const RecordedNumber& y) {
    return both(std::hypot(x.value_, y.value_), Operation::hypotenuse, x, y);
  }
  friend RecordedNumber(min)(const RecordedNumber& x, const RecordedNumber& y) {
    return both(y.value_ < x.value_ ? y.value_ : x.value_, Operation::minimum, x, y);
  }
  friend RecordedNumber(max)(const RecordedNumber& x, const RecordedNumber& y) {
    return both(x.value_ < y.value_ ? y.value_ : x.value_, Operation::maximum, x, y);
  }

 private:
  RecordedNumber(double value, std::int32_t place) : value_(value), place_(place) {}

  bool is_constant() const { return place_ < 0; }
  // Its place in the recording, where a constant is given one.
  std::int32_t placed() const {
    return is_constant() ? recording()->append_with(Operation::constant, -1, value_) : place_;
  }
  RecordedNumber unary(double value, Operation operation) const {
    if (is_constant()) return {value, -1};
    return {value, recording()->append(operation, place_)};
  }
  RecordedNumber with(double value, Operation operation, double c) const {
    if (is_constant()) return {value, -1};
    return {value, recording()->append_with(operation, place_, c)};
  }
  static RecordedNumber both(double value, Operation operation, const RecordedNumber& x, const RecordedNumber& y) {
    if (x.is_constant() && y.is_constant()) return {value, -1};
    const std::int32_t a = x.placed(), b = y.placed();
    return {value, recording()->append(operation, a, b)};
  }
  static bool compare(bool outcome, Operation yes, Operation no, const RecordedNumber& x, const RecordedNumber& y) {
    if (x.is_constant() && y.is_constant()) return outcome;
    const std::int32_t a = x.placed(), b = y.placed();
    recording()->append(outcome ? yes : no, a, b);
    return outcome;
  }

  double value_ = 0;
  std::int32_t place_ = -1;
};

namespace detail {

// Records what `function(inputs, outputs)` does, at the given inputs.
template <class Function>
Recording record_function(std::span<const double> inputs, std::size_t outputs, const Function& function) {
  Recording made;
  made.inputs = inputs.size();
  std::vector<RecordedNumber> in(inputs.size()), out(outputs);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    in[i] = RecordedNumber::input(inputs[i], static_cast<std::int32_t>(i));
  struct Restore {
    Recording* before;
    ~Restore() { RecordedNumber::recording() = before; }
  };
  {
    const Restore restore{std::exchange(RecordedNumber::recording(), &made)};
    function(in.data(), out.data());
  }
  for (const RecordedNumber& number : out) made.outputs.push_back({number.place(), number.value()});
  made.prune();
  made.find_runs();
  return made;
}

}  // namespace detail

}  // namespace antistrophe

// Eigen's matrices may hold recorded numbers, and mix them with plain ones.
template <>
struct Eigen::NumTraits<antistrophe::RecordedNumber> : Eigen::NumTraits<double> {
  using Real = antistrophe::RecordedNumber;
  using NonInteger = antistrophe::RecordedNumber;
  using Nested = antistrophe::RecordedNumber;
  using Literal = antistrophe::RecordedNumber;
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
template <class Op>
struct Eigen::ScalarBinaryOpTraits<antistrophe::RecordedNumber, double, Op> {
  using ReturnType = antistrophe::RecordedNumber;
};
template <class Op>
struct Eigen::ScalarBinaryOpTraits<double, antistrophe::RecordedNumber, Op> {
  using ReturnType = antistrophe::RecordedNumber;
};
