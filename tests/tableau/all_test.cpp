// One battery for every tableau.
#include "antistrophe/method/runge_kutta/tableau/all.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "antistrophe/method/runge_kutta/tableau/tableau.hpp"
#include "order_conditions.hpp"
#include "support/catch.hpp"

using namespace antistrophe::tableau;
using namespace antistrophe::test;

namespace {

using AllTableaux =
    std::tuple<Euler, Midpoint, Heun, Ralston, Ralston3, Bosh3, RK4, RK38, Tsit5, Dopri5, Dop853, EES25, EES27>;

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// u' = 2t u v, v' = −2t log u from (1, 1): u = exp(sin t²), v = cos t². Coupled, nonlinear and not
// autonomous, so that no order condition is met by accident of the problem.
using State = std::array<long double, 2>;
State field(long double t, const State& y) { return {2 * t * y[0] * y[1], -2 * t * std::log(y[0])}; }
State exact(long double t) { return {std::exp(std::sin(t * t)), std::cos(t * t)}; }

template <std::size_t stages>
State plus(State y, long double h, const std::array<long double, stages>& weights, const std::array<State, stages>& k) {
  for (std::size_t i = 0; i < stages; ++i)
    for (std::size_t d = 0; d < y.size(); ++d) y[d] += h * weights[i] * k[i][d];
  return y;
}

template <std::size_t n, class Row>
std::array<long double, n> in_long_double(const Row& row) {
  std::array<long double, n> result{};
  for (std::size_t i = 0; i < n; ++i) result[i] = coefficient<long double>(row[i]);
  return result;
}

template <class T>
auto stages_of_step(long double t, long double h, const State& y) {
  constexpr std::size_t s = T::stages;
  std::array<State, s> k{};
  for (std::size_t i = 0; i < s; ++i)
    k[i] = field(t + coefficient<long double>(T::c[i]) * h, plus(y, h, in_long_double<s>(T::a[i]), k));
  return k;
}

long double distance(const State& x, const State& y) { return std::hypot(x[0] - y[0], x[1] - y[1]); }

template <class T>
long double global_error(int n) {
  const long double t0 = 0.25L, t1 = 1.25L, h = (t1 - t0) / n;
  State y = exact(t0);
  for (int i = 0; i < n; ++i) y = plus(y, h, in_long_double<T::stages>(T::b), stages_of_step<T>(t0 + i * h, h, y));
  return distance(y, exact(t1));
}

template <class T>
long double estimate(std::size_t row, long double h) {
  const long double t0 = 0.25L;
  const auto k = stages_of_step<T>(t0, h, exact(t0));
  return distance(plus(State{}, h, in_long_double<T::stages>(T::error[row]), k), State{});
}

// One unit in a late digit: the numerator's last, or the twelfth decimal.
Rational altered(const Rational& x) { return Rational(x.num + 1, x.den); }
long double altered(long double x) { return x * (1 + 1e-12L); }

}  // namespace

TEMPLATE_LIST_TEST_CASE("a tableau meets its order conditions, and none of a higher order", "[tableau]", AllTableaux) {
  STATIC_REQUIRE(TableauRequirements::require<TestType>());
  const auto found = faults(table_of<TestType>());
  INFO(TestType::name << "\n" << joined(found));
  CHECK(found.empty());
}

TEMPLATE_LIST_TEST_CASE("a tableau converges with its order", "[tableau]", AllTableaux) {
  // Between n and 2n steps the observed order differs from p by O(1/n). n is the largest that leaves
  // the error at 2n steps well above the round-off, 2n ε; a quarter tells p from its neighbours.
  const int n = TestType::order <= 4 ? 512 : TestType::order == 5 ? 256 : 32;
  const long double observed = std::log2(global_error<TestType>(n) / global_error<TestType>(2 * n));
  INFO(TestType::name << " converges with order " << observed);
  CHECK(std::abs(observed - TestType::order) < 0.25L);
}

TEMPLATE_LIST_TEST_CASE("an error estimate shrinks with its own order", "[tableau]", AllTableaux) {
  // h Σ e_i k_i = O(h^{q+1}), q the embedded order; the observed order differs from it by O(h).
  for (std::size_t row = 0; row < TestType::error.size(); ++row) {
    const long double h = 1.0L / 64;
    const long double observed = std::log2(estimate<TestType>(row, h) / estimate<TestType>(row, h / 2));
    INFO(TestType::name << ", estimate " << row << " is of order " << observed);
    CHECK(std::abs(observed - (TestType::embedded_order[row] + 1)) < 0.1L);
  }
}

TEMPLATE_LIST_TEST_CASE("one altered digit anywhere in a tableau is caught", "[tableau]", AllTableaux) {
  const auto original = table_of<TestType>();
  const auto is_caught = [&](const std::string& what, std::size_t i, auto alter) {
    auto table = original;
    if (!alter(table)) return;
    INFO(TestType::name << ": " << what << " in row " << i + 1);
    CHECK_FALSE(faults(table).empty());
  };
  const auto change = [](auto& x) {
    if (!nonzero(x)) return false;
    x = altered(x);
    return true;
  };
  for (std::size_t i = 0; i < original.b.size(); ++i) {
    is_caught("b", i, [&](auto& table) { return change(table.b[i]); });
    is_caught("c", i, [&](auto& table) { return change(table.c[i]); });
    for (std::size_t j = 0; j < i; ++j) {
      is_caught("a", i, [&](auto& table) { return change(table.a[i][j]); });
      // An error that the row sum does not show is left to the order conditions.
      is_caught("a and its neighbour", i, [&](auto& table) {
        if (j == 0) return false;
        const auto before = table.a[i][j];
        if (!change(table.a[i][j])) return false;
        table.a[i][j - 1] = table.a[i][j - 1] + (before - table.a[i][j]);
        return true;
      });
    }
    for (std::size_t row = 0; row < original.error.size(); ++row)
      is_caught("error", i, [&](auto& table) { return change(table.error[row][i]); });
  }
}

TEMPLATE_LIST_TEST_CASE("an order understated or overstated is caught", "[tableau]", AllTableaux) {
  for (const int step : {-1, 1}) {
    auto table = table_of<TestType>();
    table.order += step;
    if (table.order >= 1 && table.order <= 8) CHECK_FALSE(faults(table).empty());
    for (std::size_t row = 0; row < table.error.size(); ++row) {
      table = table_of<TestType>();
      table.embedded_order[row] += step;
      CHECK_FALSE(faults(table).empty());
    }
  }
}
