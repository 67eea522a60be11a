// SPDX-License-Identifier: MIT
// A function's operations, in the order in which it did them, and its derivatives backwards along them. Recording is a number
// that writes down what is done with it; a Recording is data: operations on values numbered from 0, the inputs first.
// Comparisons are operations too, with the outcome that they had. A sweep forward stops where one comes out otherwise, for
// from there on the function would have done something else.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// Operations of x (value a) and y (value b); c is a constant (number b of the recording's).
enum class Operation : std::uint8_t {
  add,       // x + y
  subtract,  // x − y
  multiply,  // x y
  divide,    // x / y
  shift,     // x + c
  reflect,   // c − x
  scale,     // c x
  invert,    // c / x
  raise,     // x^c
  negate,    // −x
  constant,  // c, where an operation below has a constant operand
  power,     // x^y
  arctangent2,
  hypotenuse,
  minimum,
  maximum,
  square_root,
  exponential,
  logarithm,
  sine,
  cosine,
  tangent,
  arcsine,
  arccosine,
  arctangent,
  hyperbolic_sine,
  hyperbolic_cosine,
  hyperbolic_tangent,
  absolute,
  exponential_minus_1,
  logarithm_of_1_plus,
  cube_root,
  // Comparisons and their outcomes; they have no value.
  is_less,
  is_not_less,
  is_less_or_equal,
  is_not_less_or_equal,
  is_equal,
  is_not_equal,
};

constexpr bool is_comparison(Operation operation) { return operation >= Operation::is_less; }
constexpr bool has_two_values(Operation operation) {
  return operation <= Operation::divide || (operation >= Operation::power && operation <= Operation::maximum) ||
         is_comparison(operation);
}

struct Recording {
  struct Node {
    Operation operation;
    std::int32_t a, b;
  };
  struct Output {
    std::int32_t value;  // −1: the constant
    double constant;
  };

  std::size_t inputs = 0;
  std::vector<Node> nodes;  // node i makes value inputs + i
  std::vector<double> constants;
  std::vector<Output> outputs;
  std::vector<std::size_t> runs;  // where the operation changes, and the end

  std::size_t values() const { return inputs + nodes.size(); }

  std::int32_t append(Operation operation, std::int32_t a, std::int32_t b = -1) {
    nodes.push_back({operation, a, b});
    return static_cast<std::int32_t>(values()) - 1;
  }
  std::int32_t append_with(Operation operation, std::int32_t a, double c) {
    constants.push_back(c);
    return append(operation, a, static_cast<std::int32_t>(constants.size()) - 1);
  }

  // Leaves out what neither an output nor a comparison depends on.
  void prune() {
    std::vector<std::int32_t> place(values(), -1);
    const auto need = [&](std::int32_t value) { place[static_cast<std::size_t>(value)] = 0; };
    for (const Output& output : outputs)
      if (output.value >= 0) need(output.value);
    for (std::size_t i = nodes.size(); i-- > 0;) {
      const Node& node = nodes[i];
      if (is_comparison(node.operation)) place[inputs + i] = 0;
      if (place[inputs + i] < 0 || node.operation == Operation::constant) continue;
      need(node.a);
      if (has_two_values(node.operation)) need(node.b);
    }
    const auto moved = [&](std::int32_t value) { return place[static_cast<std::size_t>(value)]; };
    for (std::size_t i = 0; i < inputs; ++i) place[i] = static_cast<std::int32_t>(i);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (place[inputs + i] < 0) continue;
      Node node = nodes[i];
      if (node.operation != Operation::constant) node.a = moved(node.a);
      if (has_two_values(node.operation)) node.b = moved(node.b);
      place[inputs + i] = static_cast<std::int32_t>(inputs + kept);
      nodes[kept++] = node;
    }
    nodes.resize(kept);
    for (Output& output : outputs)
      if (output.value >= 0) output.value = moved(output.value);
  }

  // Finds the runs of one operation, which sweeps go along without asking which it is.
  void find_runs() {
    runs.clear();
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (i == 0 || nodes[i].operation != nodes[i - 1].operation) runs.push_back(i);
    runs.push_back(nodes.size());
  }

  // Puts like operations beside each other that do not depend on one another, so that runs are long: in the order of how many
  // operations stand between them and the inputs.
  void group() {
    std::vector<std::int32_t> depth(values(), 0);
    std::vector<std::size_t> order(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      order[i] = i;
      const Node& node = nodes[i];
      if (node.operation == Operation::constant) continue;
      std::int32_t deepest = depth[static_cast<std::size_t>(node.a)];
      if (has_two_values(node.operation)) deepest = std::max(deepest, depth[static_cast<std::size_t>(node.b)]);
      depth[inputs + i] = deepest + 1;
    }
    const auto key = [&](std::size_t i) { return std::pair(depth[inputs + i], nodes[i].operation); };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return key(i) < key(j); });
    std::vector<std::int32_t> place(values());
    for (std::size_t i = 0; i < inputs; ++i) place[i] = static_cast<std::int32_t>(i);
    for (std::size_t i = 0; i < order.size(); ++i) place[inputs + order[i]] = static_cast<std::int32_t>(inputs + i);
    const auto moved = [&](std::int32_t value) { return place[static_cast<std::size_t>(value)]; };
    std::vector<Node> grouped;
    for (const std::size_t i : order) {
      Node node = nodes[i];
      if (node.operation != Operation::constant) node.a = moved(node.a);
      if (has_two_values(node.operation)) node.b = moved(node.b);
      grouped.push_back(node);
    }
    nodes = std::move(grouped);
    for (Output& output : outputs)
      if (output.value >= 0) output.value = moved(output.value);
    find_runs();
  }

  // Computes all values from the inputs, which stand first in `value`. False where a comparison comes out otherwise.
  bool forward(std::span<double> value) const;
  // bar += (∂outputs/∂values)ᵀ w, from the values of a sweep forward; the first of them are those of the inputs.
  void reverse(std::span<const double> value, std::span<const double> w, std::span<double> bar) const;

  // The values of the outputs, after a sweep forward.
  void read_outputs(std::span<const double> value, std::span<double> out) const {
    for (std::size_t i = 0; i < outputs.size(); ++i)
      out[i] = outputs[i].value < 0 ? outputs[i].constant : value[static_cast<std::size_t>(outputs[i].value)];
  }
};

}  // namespace detail

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

inline bool Recording::forward(std::span<double> value) const {
  const double* const c = constants.data();
  double* const v = value.data();
  for (std::size_t run = 0; run + 1 < runs.size(); ++run) {
    const std::size_t begin = runs[run], end = runs[run + 1];
    const auto each = [&](const auto& of) {
      for (std::size_t i = begin; i < end; ++i) v[inputs + i] = of(v[nodes[i].a], nodes[i].b);
    };
    // Whether every comparison of the run comes out as before.
    const auto all = [&](const auto& holds) {
      bool result = true;
      for (std::size_t i = begin; i < end; ++i) result = result && holds(v[nodes[i].a], v[nodes[i].b]);
      return result;
    };
    switch (nodes[begin].operation) {
      case Operation::add:
        each([&](double x, std::int32_t b) { return x + v[b]; });
        break;
      case Operation::subtract:
        each([&](double x, std::int32_t b) { return x - v[b]; });
        break;
      case Operation::multiply:
        each([&](double x, std::int32_t b) { return x * v[b]; });
        break;
      case Operation::divide:
        each([&](double x, std::int32_t b) { return x / v[b]; });
        break;
      case Operation::shift:
        each([&](double x, std::int32_t b) { return x + c[b]; });
        break;
      case Operation::reflect:
        each([&](double x, std::int32_t b) { return c[b] - x; });
        break;
      case Operation::scale:
        each([&](double x, std::int32_t b) { return x * c[b]; });
        break;
      case Operation::invert:
        each([&](double x, std::int32_t b) { return c[b] / x; });
        break;
      case Operation::raise:
        each([&](double x, std::int32_t b) { return std::pow(x, c[b]); });
        break;
      case Operation::negate:
        each([&](double x, std::int32_t) { return -x; });
        break;
      case Operation::constant:
        for (std::size_t i = begin; i < end; ++i) v[inputs + i] = c[nodes[i].b];
        break;
      case Operation::power:
        each([&](double x, std::int32_t b) { return std::pow(x, v[b]); });
        break;
      case Operation::arctangent2:
        each([&](double x, std::int32_t b) { return std::atan2(x, v[b]); });
        break;
      case Operation::hypotenuse:
        each([&](double x, std::int32_t b) { return std::hypot(x, v[b]); });
        break;
      case Operation::minimum:
        each([&](double x, std::int32_t b) { return v[b] < x ? v[b] : x; });
        break;
      case Operation::maximum:
        each([&](double x, std::int32_t b) { return x < v[b] ? v[b] : x; });
        break;
      case Operation::square_root:
        each([&](double x, std::int32_t) { return std::sqrt(x); });
        break;
      case Operation::exponential:
        each([&](double x, std::int32_t) { return std::exp(x); });
        break;
      case Operation::logarithm:
        each([&](double x, std::int32_t) { return std::log(x); });
        break;
      case Operation::sine:
        each([&](double x, std::int32_t) { return std::sin(x); });
        break;
      case Operation::cosine:
        each([&](double x, std::int32_t) { return std::cos(x); });
        break;
      case Operation::tangent:
        each([&](double x, std::int32_t) { return std::tan(x); });
        break;
      case Operation::arcsine:
        each([&](double x, std::int32_t) { return std::asin(x); });
        break;
      case Operation::arccosine:
        each([&](double x, std::int32_t) { return std::acos(x); });
        break;
      case Operation::arctangent:
        each([&](double x, std::int32_t) { return std::atan(x); });
        break;
      case Operation::hyperbolic_sine:
        each([&](double x, std::int32_t) { return std::sinh(x); });
        break;
      case Operation::hyperbolic_cosine:
        each([&](double x, std::int32_t) { return std::cosh(x); });
        break;
      case Operation::hyperbolic_tangent:
        each([&](double x, std::int32_t) { return std::tanh(x); });
        break;
      case Operation::absolute:
        each([&](double x, std::int32_t) { return std::fabs(x); });
        break;
      case Operation::exponential_minus_1:
        each([&](double x, std::int32_t) { return std::expm1(x); });
        break;
      case Operation::logarithm_of_1_plus:
        each([&](double x, std::int32_t) { return std::log1p(x); });
        break;
      case Operation::cube_root:
        each([&](double x, std::int32_t) { return std::cbrt(x); });
        break;
      case Operation::is_less:
        if (!all([](double x, double y) { return x < y; })) return false;
        break;
      case Operation::is_not_less:
        if (!all([](double x, double y) { return !(x < y); })) return false;
        break;
      case Operation::is_less_or_equal:
        if (!all([](double x, double y) { return x <= y; })) return false;
        break;
      case Operation::is_not_less_or_equal:
        if (!all([](double x, double y) { return !(x <= y); })) return false;
        break;
      case Operation::is_equal:
        if (!all([](double x, double y) { return x == y; })) return false;
        break;
      case Operation::is_not_equal:
        if (!all([](double x, double y) { return !(x == y); })) return false;
        break;
    }
  }
  return true;
}

inline void Recording::reverse(std::span<const double> value, std::span<const double> w, std::span<double> bar) const {
  const double* const c = constants.data();
  const double* const v = value.data();
  double* const bars = bar.data();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].value >= 0) bars[outputs[i].value] += w[i];
  for (std::size_t run = runs.size() - 1; run-- > 0;) {
    const std::size_t begin = runs[run], end = runs[run + 1];
    // of(g, f, x, node): the cotangent of a value, the value, its first operand. Where the cotangent is 0 a slope that is infinite
    // does no harm.
    const auto each = [&](const auto& of) {
      for (std::size_t i = end; i-- > begin;) {
        const Node node = nodes[i];
        const double g = bars[inputs + i];
        if (g != 0) of(g, v[inputs + i], v[node.a], node);
      }
    };
    switch (nodes[begin].operation) {
      case Operation::add:
        each([&](double g, double, double, const Node& node) {
          bars[node.a] += g;
          bars[node.b] += g;
        });
        break;
      case Operation::subtract:
        each([&](double g, double, double, const Node& node) {
          bars[node.a] += g;
          bars[node.b] -= g;
        });
        break;
      case Operation::multiply:
        each([&](double g, double, double x, const Node& node) {
          bars[node.a] += g * v[node.b];
          bars[node.b] += g * x;
        });
        break;
      case Operation::divide:
        each([&](double g, double f, double, const Node& node) {
          bars[node.a] += g / v[node.b];
          bars[node.b] -= g * f / v[node.b];
        });
        break;
      case Operation::shift:
        each([&](double g, double, double, const Node& node) { bars[node.a] += g; });
        break;
      case Operation::reflect:
      case Operation::negate:
        each([&](double g, double, double, const Node& node) { bars[node.a] -= g; });
        break;
      case Operation::scale:
        each([&](double g, double, double, const Node& node) { bars[node.a] += g * c[node.b]; });
        break;
      case Operation::invert:
        each([&](double g, double f, double x, const Node& node) { bars[node.a] -= g * f / x; });
        break;
      case Operation::raise:
        each([&](double g, double, double x, const Node& node) {
          if (c[node.b] != 0) bars[node.a] += g * c[node.b] * std::pow(x, c[node.b] - 1);
        });
        break;
      case Operation::power:
        each([&](double g, double f, double x, const Node& node) {
          const double p = v[node.b];
          if (p != 0) bars[node.a] += g * p * std::pow(x, p - 1);
          if (f != 0) bars[node.b] += g * f * std::log(x);
        });
        break;
      case Operation::arctangent2:
        each([&](double g, double, double x, const Node& node) {
          const double y = v[node.b], square = x * x + y * y;
          bars[node.a] += g * y / square;
          bars[node.b] -= g * x / square;
        });
        break;
      case Operation::hypotenuse:
        each([&](double g, double f, double x, const Node& node) {
          bars[node.a] += g * (x / f);
          bars[node.b] += g * (v[node.b] / f);
        });
        break;
      case Operation::minimum:
        each([&](double g, double, double x, const Node& node) { bars[v[node.b] < x ? node.b : node.a] += g; });
        break;
      case Operation::maximum:
        each([&](double g, double, double x, const Node& node) { bars[x < v[node.b] ? node.b : node.a] += g; });
        break;
      case Operation::square_root:
        each([&](double g, double f, double, const Node& node) { bars[node.a] += g * 0.5 / f; });
        break;
      case Operation::exponential:
        each([&](double g, double f, double, const Node& node) { bars[node.a] += g * f; });
        break;
      case Operation::logarithm:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += g / x; });
        break;
      case Operation::sine:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += g * std::cos(x); });
        break;
      case Operation::cosine:
        each([&](double g, double, double x, const Node& node) { bars[node.a] -= g * std::sin(x); });
        break;
      case Operation::tangent:
        each([&](double g, double f, double, const Node& node) { bars[node.a] += g * (1 + f * f); });
        break;
      case Operation::arcsine:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += g / std::sqrt(1 - x * x); });
        break;
      case Operation::arccosine:
        each([&](double g, double, double x, const Node& node) { bars[node.a] -= g / std::sqrt(1 - x * x); });
        break;
      case Operation::arctangent:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += g / (1 + x * x); });
        break;
      case Operation::hyperbolic_sine:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += g * std::cosh(x); });
        break;
      case Operation::hyperbolic_cosine:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += g * std::sinh(x); });
        break;
      case Operation::hyperbolic_tangent:
        each([&](double g, double f, double, const Node& node) { bars[node.a] += g * (1 - f * f); });
        break;
      case Operation::absolute:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += x < 0 ? -g : g; });
        break;
      case Operation::exponential_minus_1:
        each([&](double g, double f, double, const Node& node) { bars[node.a] += g * (f + 1); });
        break;
      case Operation::logarithm_of_1_plus:
        each([&](double g, double, double x, const Node& node) { bars[node.a] += g / (1 + x); });
        break;
      case Operation::cube_root:
        each([&](double g, double f, double, const Node& node) { bars[node.a] += g / (3 * f * f); });
        break;
      case Operation::constant:
      case Operation::is_less:
      case Operation::is_not_less:
      case Operation::is_less_or_equal:
      case Operation::is_not_less_or_equal:
      case Operation::is_equal:
      case Operation::is_not_equal:
        break;
    }
  }
}

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
