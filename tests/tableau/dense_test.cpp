#include "antistrophe/method/runge_kutta/tableau/dense.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "antistrophe/method/runge_kutta/tableau/all.hpp"
#include "order_conditions.hpp"
#include "support/catch.hpp"

using namespace antistrophe::tableau;
using namespace antistrophe::test;

namespace {

using AllTableaux =
    std::tuple<Euler, Midpoint, Heun, Ralston, Ralston3, Bosh3, RK4, RK38, Tsit5, Dopri5, Dop853, EES25, EES27>;

constexpr long double unit = std::numeric_limits<long double>::epsilon() / 2;

// The stages and weights of a dense output as values, so that a test may alter them.
template <class Number>
struct DenseTable {
  std::vector<Number> b, c;
  std::vector<std::vector<Number>> a, powers;  // powers[p][i] multiplies σ^{p+1} k_i
  std::size_t end_stage = 0;
  int order = 0;
};

template <class T>
auto dense_table_of() {
  using E = Extended<T>;
  const auto base = table_of<E>();
  DenseTable<typename decltype(E::b)::value_type> table{base.b, base.c, base.a, {}, E::end_stage, E::dense_order};
  for (std::size_t p = 0; p < E::dense_degree; ++p) {
    table.powers.emplace_back();
    for (const auto& w : E::dense_weights) table.powers.back().push_back(w[p]);
  }
  return table;
}

template <class Number>
std::vector<Number> plus(std::vector<Number> x, const std::vector<Number>& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = x[i] + y[i];
  return x;
}

// Whether Σ_i ω_i(σ) Φ_i(t) = σ^|t|/γ(t) for all σ, power by power. Where the sum must vanish, b is added to the
// weights, whose own sum is 1/γ(t).
template <class Number>
bool holds_identically(const DenseTable<Number>& table, const Tree& t) {
  for (std::size_t p = 0; p < table.powers.size(); ++p) {
    const bool is_order = static_cast<std::int64_t>(p) + 1 == order(t);
    if (!conditions(table.a, is_order ? table.powers[p] : plus(table.powers[p], table.b)).store(t)) return false;
  }
  return true;
}

template <class Number>
bool holds_identically(const DenseTable<Number>& table, int order) {
  static const auto trees = rooted_trees(9);
  const auto& of_order = trees.at(static_cast<std::size_t>(order));
  return std::all_of(of_order.begin(), of_order.end(), [&](const Tree& t) { return holds_identically(table, t); });
}

// Exactly, or within the round-off of a sum: each term is rounded twice when it is made of b and d_m, and once as
// it is added.
bool is_sum(const std::vector<Rational>& terms, const Rational& wanted) { return is_sum_of(terms, wanted); }
bool is_sum(const std::vector<long double>& terms, long double wanted) {
  long double sum = -wanted, magnitude = std::abs(wanted);
  for (const long double x : terms) {
    sum += x;
    magnitude += std::abs(x);
  }
  return std::abs(sum) <= static_cast<long double>(terms.size() + 2) * unit * magnitude;
}

// Everything that is wrong with a dense output, in words.
template <class Number>
std::string dense_faults(const DenseTable<Number>& table) {
  std::string found;
  for (std::size_t i = 0; i < table.b.size(); ++i) {
    std::vector<Number> at_1, slope_at_1;
    for (std::size_t p = 0; p < table.powers.size(); ++p) {
      at_1.push_back(table.powers[p][i]);
      slope_at_1.push_back(Number(static_cast<int>(p + 1)) * table.powers[p][i]);
    }
    const auto stage = " of stage " + std::to_string(i + 1) + "\n";
    if (!is_sum(at_1, table.b[i])) found += "at 1 the weight is not b" + stage;
    if (table.powers[0][i] != Number(i == 0 ? 1 : 0)) found += "at 0 the slope is not k_1: weight" + stage;
    if (!is_sum(slope_at_1, Number(i == table.end_stage ? 1 : 0))) found += "at 1 the slope is not f: weight" + stage;
    if (!is_sum_of(table.a[i], table.c[i])) found += "c is not the sum of the row" + stage;
  }
  if (table.a[table.end_stage] != table.b || table.c[table.end_stage] != Number(1))
    found += "the stage at the end is not f(t1, y1)\n";
  for (int n = 1; n <= table.order; ++n)
    if (!holds_identically(table, n)) found += "a condition of order " + std::to_string(n) + " fails\n";
  if (holds_identically(table, table.order + 1)) found += "the order is understated\n";
  return found;
}

// (cos φ, sin φ) with φ = t + t²/2: coupled, nonlinear and not autonomous.
using State = std::array<long double, 2>;
State field(long double t, const State& y) {
  const long double speed = (1 + t) * (y[0] * y[0] + y[1] * y[1]);
  return {-speed * y[1], speed * y[0]};
}
State exact(long double t) { return {std::cos(t + t * t / 2), std::sin(t + t * t / 2)}; }

long double distance(const State& x, const State& y) { return std::hypot(x[0] - y[0], x[1] - y[1]); }

template <class Weights, class Stages>
State combination(const State& y, long double h, const Weights& weights, const Stages& k) {
  State sum = y;
  for (std::size_t i = 0; i < k.size(); ++i)
    for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += h * coefficient<long double>(weights[i]) * k[i][d];
  return sum;
}

template <class E>
auto stages_of_step(long double t, long double h, const State& y) {
  std::array<State, E::stages> k{};
  for (std::size_t i = 0; i < k.size(); ++i)
    k[i] = field(t + coefficient<long double>(E::c[i]) * h, combination(y, h, E::a[i], k));
  return k;
}

struct InnerErrors {
  long double value = 0, slope = 0;
};

// The largest errors inside the last of n steps of length h from t0.
template <class T>
InnerErrors errors_inside(int n, long double h) {
  using E = Extended<T>;
  const long double t0 = 0.25L;
  State y = exact(t0);
  for (int i = 0; i + 1 < n; ++i) y = combination(y, h, E::b, stages_of_step<E>(t0 + i * h, h, y));
  const long double t = t0 + (n - 1) * h;
  const auto k = stages_of_step<E>(t, h, y);
  InnerErrors largest;
  for (const double sigma : {0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875}) {
    const long double at = t + static_cast<long double>(sigma) * h;
    const auto value = combination(y, h, dense_weights_at<long double, T>(sigma), k);
    const auto slope = combination(State{}, 1, dense_derivative_weights_at<long double, T>(sigma), k);
    largest.value = std::max(largest.value, distance(value, exact(at)));
    largest.slope = std::max(largest.slope, distance(slope, field(at, exact(at))));
  }
  return largest;
}

// One unit in a late digit: the numerator's last, or the twelfth decimal.
Rational altered(const Rational& x) { return Rational(x.num + 1, x.den); }
long double altered(long double x) { return x * (1 + 1e-12L); }

template <class T>
constexpr bool shares_its_stages() {
  using E = Extended<T>;
  for (std::size_t i = 0; i < T::a.size(); ++i) {
    if (E::c[i] != T::c[i] || E::b[i] != T::b[i]) return false;
    for (std::size_t j = 0; j < T::a.size(); ++j)
      if (E::a[i][j] != T::a[i][j]) return false;
  }
  return true;
}

// Hermite's cubic alone, of a method that could do better.
struct Cubic {
  static constexpr std::string_view name = "Dopri5 with a cubic";
  static constexpr int order = 5, stages = 7;
  static constexpr bool fsal = true;
  static constexpr auto c = Dopri5::c;
  static constexpr auto a = Dopri5::a;
  static constexpr auto b = Dopri5::b;
  static constexpr int error_estimates = 1;
  static constexpr auto embedded_order = Dopri5::embedded_order;
  static constexpr auto error = Dopri5::error;
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("an extended tableau is the tableau with stages for dense output after it", "[dense]",
                        AllTableaux) {
  using T = TestType;
  using E = Extended<T>;
  STATIC_REQUIRE(TableauRequirements::require<E>());
  STATIC_REQUIRE(increment_stages<E> == increment_stages<T>);
  STATIC_REQUIRE(E::base_stages == T::stages);
  STATIC_REQUIRE(shares_its_stages<T>());
  STATIC_REQUIRE(E::dense_weights.size() == E::stages);
  STATIC_REQUIRE(E::dense_weights[0].size() == E::dense_degree);
  STATIC_REQUIRE(E::name == T::name);
  STATIC_REQUIRE(E::stages == (std::is_same_v<T, Dop853> ? 16 : T::fsal ? T::stages : T::stages + 1));
  std::string all;
  for (const auto& fault : faults(table_of<E>())) all += fault + "\n";
  INFO(T::name << "\n" << all);
  CHECK(all.empty());
}

TEST_CASE("orders and degrees of dense output", "[dense]") {
  STATIC_REQUIRE(Extended<Euler>::dense_order == 1);
  STATIC_REQUIRE(Extended<Midpoint>::dense_order == 2);
  STATIC_REQUIRE(Extended<Bosh3>::dense_order == 3);
  STATIC_REQUIRE(Extended<RK4>::dense_order == 3);
  STATIC_REQUIRE(Extended<Tsit5>::dense_order == 4);
  STATIC_REQUIRE(Extended<Dopri5>::dense_order == 4);
  STATIC_REQUIRE(Extended<Dop853>::dense_order == 7);
  STATIC_REQUIRE(Extended<RK4>::dense_degree == 3);
  STATIC_REQUIRE(Extended<Dopri5>::dense_degree == 4);
  STATIC_REQUIRE(Extended<Dop853>::dense_degree == 7);
  STATIC_REQUIRE(Extended<Dopri5>::end_stage == 6);
  STATIC_REQUIRE(Extended<Dop853>::end_stage == 12);
}

TEMPLATE_LIST_TEST_CASE("dense output is C¹ and meets its order conditions, and none of a higher order", "[dense]",
                        AllTableaux) {
  const auto found = dense_faults(dense_table_of<TestType>());
  INFO(TestType::name << "\n" << found);
  CHECK(found.empty());
}

TEST_CASE("a tableau that says nothing of dense output has the cubic", "[dense]") {
  STATIC_REQUIRE(Extended<Cubic>::dense_order == 3);
  STATIC_REQUIRE(Extended<Cubic>::stages == 7);
  CHECK(dense_faults(dense_table_of<Cubic>()).empty());
}

TEMPLATE_LIST_TEST_CASE("one altered digit anywhere in a dense output is caught", "[dense]", AllTableaux) {
  const auto original = dense_table_of<TestType>();
  const auto is_caught = [&](const auto& table, const char* what, std::size_t i, std::size_t j) {
    INFO(TestType::name << ": " << what << " " << i + 1 << ", " << j + 1);
    CHECK_FALSE(dense_faults(table).empty());
  };
  for (std::size_t p = 0; p < original.powers.size(); ++p)
    for (std::size_t i = 0; i < original.b.size(); ++i) {
      if (!nonzero(original.powers[p][i])) continue;
      auto table = original;
      table.powers[p][i] = altered(table.powers[p][i]);
      is_caught(table, "power and stage", p, i);
    }
  for (std::size_t i = TestType::stages; i < original.a.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      if (!nonzero(original.a[i][j])) continue;
      auto table = original;
      table.a[i][j] = altered(table.a[i][j]);
      is_caught(table, "row and column of a", i, j);
    }
  for (const int step : {-1, 1}) {
    auto table = original;
    table.order += step;
    if (table.order >= 1) CHECK_FALSE(dense_faults(table).empty());
  }
}

// An error in d leaves the ends as they are: the order conditions must see it.
TEMPLATE_TEST_CASE("one altered digit of d_m is caught", "[dense]", Tsit5, Dopri5, Dop853) {
  using E = Extended<TestType>;
  constexpr std::array<std::array<int, 7>, 4> psi{
      {{0, 1, -2, 1}, {0, 0, 1, -2, 1}, {0, 0, 1, -3, 3, -1}, {0, 0, 0, 1, -3, 3, -1}}};
  for (std::size_t m = 0; m < E::dense.size(); ++m)
    for (std::size_t i = 0; i < E::stages; ++i) {
      const auto d = E::dense[m][i];
      if (!nonzero(d)) continue;
      auto table = dense_table_of<TestType>();
      for (std::size_t p = 0; p < table.powers.size(); ++p)
        table.powers[p][i] = table.powers[p][i] + (altered(d) - d) * std::decay_t<decltype(d)>(psi[m][p]);
      INFO(TestType::name << ": row " << m << ", stage " << i + 1);
      CHECK_FALSE(dense_faults(table).empty());
    }
}

TEMPLATE_LIST_TEST_CASE("values and slopes inside a step converge as stated", "[dense]", AllTableaux) {
  using T = TestType;
  constexpr int p = T::order, q = Extended<T>::dense_order;
  const auto order_of = [](long double coarse, long double fine) { return std::log2(coarse / fine); };

  // One step from the exact solution; the observed order differs from the true one by O(h), and a quarter tells it
  // from its neighbours. The steps leave the errors well above the round-off, some 10 u; Dop853's bounds h below.
  const long double h = p <= 5 ? 1.0L / 64 : 1.0L / 16;
  const auto coarse = errors_inside<T>(1, h), fine = errors_inside<T>(1, h / 2);
  INFO(T::name << ": one step, value of order " << order_of(coarse.value, fine.value) << ", slope of order "
               << order_of(coarse.slope, fine.slope));
  CHECK(fine.value > 1000 * unit);
  CHECK(std::abs(order_of(coarse.value, fine.value) - (q + 1)) < 0.25L);
  CHECK(std::abs(order_of(coarse.slope, fine.slope) - q) < 0.25L);

  // n steps over a unit of time. The error inside the last step is that of its start, of order p, and its own, of
  // order q + 1; their sum is of the lesser order, up to O(1/n).
  const int n = p <= 5 ? 256 : 32;
  const auto many = errors_inside<T>(n, 1.0L / n), more = errors_inside<T>(2 * n, 0.5L / n);
  INFO("many steps, value of order " << order_of(many.value, more.value) << ", slope of order "
                                     << order_of(many.slope, more.slope));
  CHECK(std::abs(order_of(many.value, more.value) - std::min(p, q + 1)) < 0.25L);
  CHECK(std::abs(order_of(many.slope, more.slope) - std::min(p, q)) < 0.25L);
}

TEMPLATE_LIST_TEST_CASE("weights at a point are the polynomials' values and slopes", "[dense]", AllTableaux) {
  using E = Extended<TestType>;
  for (const double sigma : {0.0, 0.0625, 0.3, 0.5, 0.7, 0.9990234375, 1.0}) {
    const auto s = static_cast<long double>(sigma);
    const auto value = dense_weights_at<long double, TestType>(sigma);
    const auto slope = dense_derivative_weights_at<long double, E>(sigma);
    const auto in_double = dense_weights_at<double, TestType>(sigma);
    STATIC_REQUIRE(value.size() == E::stages);
    for (std::size_t i = 0; i < E::stages; ++i) {
      long double w = 0, w_prime = 0, magnitude = 0, slope_magnitude = 0;
      for (std::size_t p = E::dense_degree; p-- > 0;) {
        const auto x = coefficient<long double>(E::dense_weights[i][p]);
        w = (w + x) * s;
        w_prime = w_prime * s + static_cast<long double>(p + 1) * x;
        magnitude += std::abs(x);
        slope_magnitude += static_cast<long double>(p + 1) * std::abs(x);
      }
      INFO(TestType::name << ": stage " << i + 1 << " at " << sigma);
      // Horner's rule rounds twice a power; each way the data is rounded when made: 32 u covers both.
      CHECK(std::abs(value[i] - w) <= 32 * unit * magnitude);
      CHECK(std::abs(slope[i] - w_prime) <= 32 * unit * slope_magnitude);
      CHECK(std::abs(static_cast<long double>(in_double[i]) - value[i]) <= 32 * 0x1p-53L * magnitude);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("at the ends of a step the weights are exact", "[dense]", AllTableaux) {
  using E = Extended<TestType>;
  const auto is_exact = [](auto scalar) {
    using Scalar = decltype(scalar);
    const auto at_0 = dense_weights_at<Scalar, TestType>(0), at_1 = dense_weights_at<Scalar, TestType>(1);
    const auto slope_0 = dense_derivative_weights_at<Scalar, TestType>(0);
    const auto slope_1 = dense_derivative_weights_at<Scalar, TestType>(1);
    for (std::size_t i = 0; i < E::stages; ++i) {
      CHECK(at_0[i] == Scalar(0));
      CHECK(at_1[i] == coefficient<Scalar>(E::b[i]));
      CHECK(slope_0[i] == Scalar(i == 0 ? 1 : 0));
      CHECK(slope_1[i] == Scalar(i == E::end_stage ? 1 : 0));
    }
  };
  is_exact(0.0f);
  is_exact(0.0);
  is_exact(0.0L);
  is_exact(std::complex<double>{});
}

TEST_CASE("weights can be had while compiling", "[dense]") {
  constexpr auto w = dense_weights_at<double, RK4>(0.5);
  STATIC_REQUIRE(w[0] == 0.5 / 6 + 0.125);
  STATIC_REQUIRE(w[4] == -0.125);
}

// L. F. Shampine, as scipy's RK45 prints the expanded quartic.
TEST_CASE("Dopri5's quartic is Shampine's", "[dense]") {
  constexpr std::array<std::array<Rational, 4>, 7> published{{
      {{1, {-8048581381, 2820520608}, {8663915743, 2820520608}, {-12715105075, 11282082432}}},
      {},
      {{0, {131558114200, 32700410799}, {-68118460800, 10900136933}, {87487479700, 32700410799}}},
      {{0, {-1754552775, 470086768}, {14199869525, 1410260304}, {-10690763975, 1880347072}}},
      {{0, {127303824393, 49829197408}, {-318862633887, 49829197408}, {701980252875, 199316789632}}},
      {{0, {-282668133, 205662961}, {2019193451, 616988883}, {-1453857185, 822651844}}},
      {{0, {40617522, 29380423}, {-110615467, 29380423}, {69997945, 29380423}}},
  }};
  STATIC_REQUIRE(Extended<Dopri5>::dense_weights == published);
}

// Tsitouras 2011, section 3, in the paper's factors.
TEST_CASE("Tsit5's quartic is the published one to its digits", "[dense]") {
  for (const double sigma : {0.1, 0.4, 0.7, 0.95}) {
    const auto s = static_cast<long double>(sigma), s2 = s * s;
    const std::array<long double, 7> published{
        {-1.0530884977290216L * s * (s - 1.3299890189751412L) * (s2 - 1.4364028541716351L * s + 0.7139816917074209L),
         0.1017L * s2 * (s2 - 2.1966568338249754L * s + 1.2949852507374631L),
         2.490627285651252793L * s2 * (s2 - 2.38535645472061657L * s + 1.57803468208092486L),
         -16.54810288924490272L * (s - 1.21712927295533244L) * (s - 0.61620406037800089L) * s2,
         47.37952196281928122L * (s - 1.203071208372362603L) * (s - 0.658047292653547382L) * s2,
         -34.87065786149660974L * (s - 1.2L) * (s - 0.666666666666666667L) * s2, 2.5L * (s - 1) * (s - 0.6L) * s2}};
    const auto w = dense_weights_at<long double, Tsit5>(sigma);
    for (std::size_t i = 0; i < w.size(); ++i) {
      INFO("stage " << i + 1 << " at " << sigma);
      CHECK(std::abs(w[i] - published[i]) <= 2e-16L);  // four factors with half a unit in the 16th decimal each
    }
  }
}

// contd8 of dop853.f, as it nests the terms, on one weight at a time: k is a unit vector.
TEST_CASE("Dop853's polynomials are those of contd8", "[dense]") {
  using E = Extended<Dop853>;
  for (const double sigma : {0.2, 0.5, 0.9}) {
    const auto s = static_cast<long double>(sigma), r = 1 - s;
    const auto w = dense_weights_at<long double, Dop853>(sigma);
    for (std::size_t i = 0; i < E::stages; ++i) {
      const long double k_1 = i == 0 ? 1 : 0, k_e = i == 12 ? 1 : 0, y_diff = E::b[i], bspl = k_1 - y_diff;
      const auto& d = E::dense;
      const long double conpar = d[0][i] + s * (d[1][i] + r * (d[2][i] + s * d[3][i]));
      const long double contd8 = s * (y_diff + r * (bspl + s * (y_diff - k_e - bspl + r * conpar)));
      INFO("stage " << i + 1 << " at " << sigma);
      CHECK(std::abs(w[i] - contd8) <= 32 * unit * 500);  // the largest d is 528
    }
  }
}
