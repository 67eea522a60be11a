// SPDX-License-Identifier: MIT
// A function's operations, in the order in which it did them, and its derivatives backwards along them. A Recording is data:
// operations on values numbered from 0, the inputs first. RecordedNumber (recorded_number.hpp) writes it down.
// Comparisons are operations too, with the outcome that they had. A sweep forward stops where one comes out otherwise, for
// from there on the function would have done something else.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
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

}  // namespace detail

}  // namespace antistrophe
