// Recomputes what a tableau claims of itself: explicitness, row sums, first same as last, and the
// order conditions of the method and of each embedded one, exactly where the tableau is rational.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"
#include "exact_integer.hpp"
#include "rooted_trees.hpp"

namespace antistrophe::test {

using tableau::Rational;

// A tableau as values, so that a test may alter it.
template <class Coefficient>
struct Table {
  using Row = std::vector<Coefficient>;

  Row c, b;
  std::vector<Row> a, error;
  int order = 0;
  std::vector<int> embedded_order;
  bool fsal = false;
  int reversible_order = 0;  // of a tableau that is undone by its own step of −h to this order; 0 of others
};

template <class T>
auto table_of() {
  using Coefficient = typename decltype(T::b)::value_type;
  const auto row = [](const auto& x) { return std::vector<Coefficient>(x.begin(), x.end()); };
  Table<Coefficient> table;
  table.c = row(T::c);
  table.b = row(T::b);
  for (const auto& x : T::a) table.a.push_back(row(x));
  for (const auto& x : T::error) table.error.push_back(row(x));
  table.order = T::order;
  table.embedded_order.assign(T::embedded_order.begin(), T::embedded_order.end());
  table.fsal = T::fsal;
  if constexpr (requires { T::reversible_order; }) table.reversible_order = T::reversible_order;
  return table;
}

template <class Row>
Row minus(Row x, const Row& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = x[i] - y[i];
  return x;
}

// (a x)_i = Σ_j a_ij x_j.
template <class Number>
std::vector<Number> times(const std::vector<std::vector<Number>>& a, const std::vector<Number>& x) {
  std::vector<Number> product;
  for (const auto& row : a) {
    Number sum(0);
    for (std::size_t j = 0; j < x.size(); ++j) sum = sum + row[j] * x[j];
    product.push_back(sum);
  }
  return product;
}

// Φ_i(t) = Π over the children u of t of Σ_j a_ij Φ_j(u).
template <class Number>
std::vector<Number> stage_weights(const Tree& t, const std::vector<std::vector<Number>>& a) {
  std::vector<Number> phi(a.size(), Number(1));
  for (const Tree& child : t.children) {
    const auto factor = times(a, stage_weights(child, a));
    for (std::size_t i = 0; i < a.size(); ++i) phi[i] = phi[i] * factor[i];
  }
  return phi;
}

// Σ b_i Φ_i(t).
template <class Number>
Number elementary_weight(const Tree& t, const std::vector<std::vector<Number>>& a, const std::vector<Number>& b) {
  return times({b}, stage_weights(t, a)).front();
}

// Whether γ(t) Σ b_i Φ_i(t) = 1, in integers: with D the common denominator of a and b, D^|t| times
// the left side is γ(t) Σ (D b_i) Φ_i(t; D a).
class ExactConditions {
 public:
  ExactConditions(const std::vector<std::vector<Rational>>& a, const std::vector<Rational>& b) {
    for (const auto& row : a) include(row);
    include(b);
    for (const auto& row : a) a_.push_back(scaled(row));
    b_ = scaled(b);
  }

  bool store(const Tree& t) const {
    check_length(t);
    ExactInteger one = 1;
    for (std::int64_t vertex = 0; vertex < order(t); ++vertex) one = one * denominator_;
    return elementary_weight(t, a_, b_) * density(t) == one;
  }

  // Whether Σ b_i Φ_i(t) = 0.
  bool vanish(const Tree& t) const {
    check_length(t);
    return elementary_weight(t, a_, b_) == ExactInteger(0);
  }

 private:
  void check_length(const Tree& t) const {
    // Each vertex contributes a factor of at most s · max(1, |a|, |b|) · D.
    const long double bits =
        static_cast<long double>(order(t)) *
            std::log2(static_cast<long double>(b_.size()) * largest_ * static_cast<long double>(denominator_)) +
        std::log2(static_cast<long double>(density(t)));
    if (bits >= ExactInteger::bits) throw std::overflow_error("ExactInteger is too short");
  }

  void include(const std::vector<Rational>& row) {
    for (const Rational& x : row) {
      const std::int64_t factor = x.den / std::gcd(denominator_, x.den);
      if (denominator_ > std::numeric_limits<std::int64_t>::max() / factor)
        throw std::overflow_error("the common denominator of a tableau leaves 64 bits");
      denominator_ *= factor;
    }
  }

  std::vector<ExactInteger> scaled(const std::vector<Rational>& row) {
    std::vector<ExactInteger> result;
    for (const Rational& x : row) {
      result.push_back(ExactInteger(x.num) * (denominator_ / x.den));
      largest_ = std::max(largest_, std::abs(x.value<long double>()));
    }
    return result;
  }

  std::int64_t denominator_ = 1;
  long double largest_ = 1;
  std::vector<std::vector<ExactInteger>> a_;
  std::vector<ExactInteger> b_;
};

// The same within the round-off of long double, u = ε/2. Each sum of s products in Σ b_i Φ_i(t), one
// for every vertex of t, is off by at most (s + 4) u times the sum of its magnitudes: s for the sum, one
// for the literals, one for the product with its siblings, two for weights made as b − b̂. To first order
// such an error is multiplied, on its way down to the root, by the weights of the rest of the tree.
class RoundedConditions {
 public:
  RoundedConditions(std::vector<std::vector<long double>> a, std::vector<long double> b)
      : a_(std::move(a)), b_(std::move(b)) {}

  bool store(const Tree& t) const {
    const auto wanted = 1.0L / static_cast<long double>(density(t));
    return std::abs(elementary_weight(t, a_, b_) - wanted) <= tolerance(t);
  }

  bool vanish(const Tree& t) const { return std::abs(elementary_weight(t, a_, b_)) <= tolerance(t); }

  long double tolerance(const Tree& t) const {
    const long double unit = std::numeric_limits<long double>::epsilon() / 2;
    return static_cast<long double>(b_.size() + 4) * unit * magnitude(t, {b_}, {1});
  }

 private:
  // Σ |w_i a_ij Φ_j(t)|, and the same for every sum above, w being the weights of what lies below.
  long double magnitude(const Tree& t, const std::vector<std::vector<long double>>& a,
                        const std::vector<long double>& w) const {
    const auto phi = stage_weights(t, a_);
    std::vector<long double> below(phi.size());  // (wᵀ a)_j
    long double total = 0;
    for (std::size_t i = 0; i < w.size(); ++i)
      for (std::size_t j = 0; j < phi.size(); ++j) {
        below[j] += w[i] * a[i][j];
        total += std::abs(w[i] * a[i][j] * phi[j]);
      }
    for (std::size_t k = 0; k < t.children.size(); ++k) {
      Tree siblings = t;
      siblings.children.erase(siblings.children.begin() + static_cast<std::ptrdiff_t>(k));
      auto with_siblings = stage_weights(siblings, a_);
      for (std::size_t j = 0; j < phi.size(); ++j) with_siblings[j] *= below[j];
      total += magnitude(t.children[k], a_, with_siblings);
    }
    return total;
  }

  std::vector<std::vector<long double>> a_;
  std::vector<long double> b_;
};

inline ExactConditions conditions(const std::vector<std::vector<Rational>>& a, const std::vector<Rational>& b) {
  return {a, b};
}
inline RoundedConditions conditions(const std::vector<std::vector<long double>>& a, const std::vector<long double>& b) {
  return {a, b};
}

// The first tree of `order` whose condition fails, or an empty string.
template <class Conditions>
std::string failure_at(const Conditions& conditions, int order) {
  static const auto trees = rooted_trees(9);
  for (const Tree& t : trees.at(static_cast<std::size_t>(order)))
    if (!conditions.store(t)) return to_string(t);
  return {};
}

// A step of h and then one of −h, as one method of twice as many stages.
template <class Coefficient>
auto there_and_back(const Table<Coefficient>& table) {
  const std::size_t s = table.b.size();
  const Coefficient zero(0);
  std::vector<std::vector<Coefficient>> a(2 * s, std::vector<Coefficient>(2 * s, zero));
  std::vector<Coefficient> b(2 * s, zero);
  for (std::size_t i = 0; i < s; ++i) {
    for (std::size_t j = 0; j < s; ++j) {
      a[i][j] = table.a[i][j];
      a[s + i][j] = table.b[j];
      a[s + i][s + j] = zero - table.a[i][j];
    }
    b[i] = table.b[i];
    b[s + i] = zero - table.b[i];
  }
  return conditions(a, b);
}

// Whether c_i = Σ_j a_ij: exactly, or within the round-off of the sum and its literals.
inline bool is_sum_of(const std::vector<Rational>& row, const Rational& c) {
  return std::accumulate(row.begin(), row.end(), Rational(0)) == c;
}
inline bool is_sum_of(const std::vector<long double>& row, long double c) {
  const long double unit = std::numeric_limits<long double>::epsilon() / 2;
  long double sum = 0, magnitude = std::abs(c);
  for (const long double x : row) {
    sum += x;
    magnitude += std::abs(x);
  }
  return std::abs(sum - c) <= static_cast<long double>(row.size() + 1) * unit * magnitude;
}

// Everything that is wrong with a tableau, in words; empty if it is what it says it is.
template <class Coefficient>
std::vector<std::string> faults(const Table<Coefficient>& table) {
  std::vector<std::string> found;
  const auto& a = table.a;

  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = i; j < a.size(); ++j)
      if (tableau::nonzero(a[i][j])) found.push_back("a is not explicit in row " + std::to_string(i + 1));
    if (!is_sum_of(a[i], table.c[i])) found.push_back("c is not the sum of row " + std::to_string(i + 1));
  }

  if (table.fsal != (a.back() == table.b && table.c.back() == Coefficient(1)))
    found.emplace_back("fsal does not say whether the last row of a is b and the last c is 1");

  const auto check_order = [&](const std::vector<Coefficient>& weights, int p, const std::string& which) {
    const auto method = conditions(a, weights);
    const auto is_not = "the " + which + " is not of order " + std::to_string(p) + ": ";
    for (int n = 1; n <= p; ++n)
      if (const auto tree = failure_at(method, n); !tree.empty()) found.push_back(is_not + tree);
    if (failure_at(method, p + 1).empty())
      found.push_back("the " + which + " is of a higher order than " + std::to_string(p));
  };
  check_order(table.b, table.order, "method");
  if (table.error.size() != table.embedded_order.size()) found.emplace_back("an embedded order is missing");
  for (std::size_t k = 0; k < table.error.size() && k < table.embedded_order.size(); ++k)
    check_order(minus(table.b, table.error[k]), table.embedded_order[k], "embedded method");

  if (table.reversible_order > 0) {
    const auto trip = there_and_back(table);
    for (int n = 1; n <= table.reversible_order + 1; ++n) {
      const auto trees = rooted_trees(9).at(static_cast<std::size_t>(n));
      const bool all = std::all_of(trees.begin(), trees.end(), [&](const Tree& t) { return trip.vanish(t); });
      if (all != (n <= table.reversible_order))
        found.push_back("there and back is not the identity to order " + std::to_string(table.reversible_order) +
                        " and no further");
    }
  }
  return found;
}

}  // namespace antistrophe::test
