// The weights of Adams methods: those of the literature for equal steps, and exact on polynomials for any.
#include <antistrophe/method/adams/detail/adams_weights.hpp>

#include "catch.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <random>
#include <utility>

using namespace antistrophe::detail;

namespace {

// Σ w_j p(s_j), p(s) = s^power.
template <std::size_t M, class Real>
Real sum_of_powers(const std::array<Real, M>& w, const std::array<Real, M>& s, int power) {
  Real sum{0};
  for (std::size_t j = 0; j < M; ++j) sum += w[j] * std::pow(s[j], static_cast<Real>(power));
  return sum;
}
template <class Real>
Real integral_of_power(Real from, Real to, int power) {
  const auto n = static_cast<Real>(power + 1);
  return (std::pow(to, n) - std::pow(from, n)) / n;
}

template <std::size_t N>
void check_fractions(const auto& weights, const std::array<double, N>& numerators, double denominator) {
  REQUIRE(weights.size() == N);
  // Rounded once from long double: half a unit in the last place.
  for (std::size_t j = 0; j < N; ++j) CHECK(weights[j] == numerators[j] / denominator);
}

}  // namespace

TEST_CASE("Adams–Bashforth weights of equal steps are those of Hairer, Nørsett & Wanner I, III.1", "[adams]") {
  check_fractions<1>(equal_steps_weights<1, false, double>.main, {1}, 1);
  check_fractions<2>(equal_steps_weights<2, false, double>.main, {3, -1}, 2);
  check_fractions<3>(equal_steps_weights<3, false, double>.main, {23, -16, 5}, 12);
  check_fractions<4>(equal_steps_weights<4, false, double>.main, {55, -59, 37, -9}, 24);
  check_fractions<5>(equal_steps_weights<5, false, double>.main, {1901, -2774, 2616, -1274, 251}, 720);
  check_fractions<6>(equal_steps_weights<6, false, double>.main, {4277, -7923, 9982, -7298, 2877, -475}, 1440);
  check_fractions<7>(equal_steps_weights<7, false, double>.main,
                     {198721, -447288, 705549, -688256, 407139, -134472, 19087}, 60480);
  check_fractions<8>(equal_steps_weights<8, false, double>.main,
                     {434241, -1152169, 2183877, -2664477, 2102243, -1041723, 295767, -36799}, 120960);
}

TEST_CASE("Adams–Moulton weights of equal steps: the value at the end stands last", "[adams]") {
  check_fractions<2>(equal_steps_weights<1, true, double>.main, {1, 1}, 2);
  check_fractions<3>(equal_steps_weights<2, true, double>.main, {8, -1, 5}, 12);
  check_fractions<4>(equal_steps_weights<3, true, double>.main, {19, -5, 1, 9}, 24);
  check_fractions<5>(equal_steps_weights<4, true, double>.main, {646, -264, 106, -19, 251}, 720);
  check_fractions<6>(equal_steps_weights<5, true, double>.main, {1427, -798, 482, -173, 27, 475}, 1440);
}

namespace {

template <std::size_t K>
void check_mirror_image() {
  const auto& w = equal_steps_weights<K, false, double>;
  for (std::size_t j = 0; j < K; ++j) CHECK(w.mirror[j] == Approx(w.main[K - 1 - j]).epsilon(1e-15));
  // Main less the method of one order less, which has no value f_{n−K+1}.
  if constexpr (K > 1) {
    const auto& lower = equal_steps_weights<K - 1, false, double>;
    for (std::size_t j = 0; j < K; ++j) {
      const double difference = w.main[j] - (j + 1 < K ? lower.main[j] : 0.0);
      CHECK(w.error[j] == Approx(difference).epsilon(1e-14).margin(1e-14));
    }
  }
  // Adams–Moulton less main.
  const auto& moulton = equal_steps_weights<K, true, double>.main;
  for (std::size_t j = 0; j < K; ++j) CHECK(w.beyond[j] == Approx(moulton[j] - w.main[j]).epsilon(1e-14).margin(1e-14));
  CHECK(w.end == Approx(moulton[K]).epsilon(1e-14));
}

// Steps whose lengths are in ratios of up to 2. Of each weight the rounding is some 10 K operations of eps, amplified by
// what the weights cancel; of a polynomial of degree K − 1 nothing else is left.
template <std::size_t K, bool Corrected>
void check_unequal_steps(unsigned seed) {
  using Weights = AdamsWeights<K, Corrected, double>;
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> exponent(-1, 1);
  std::array<double, K + 1> times{};
  double h = 0.1 * std::exp2(exponent(random));
  const double t1 = 0.7 + h;
  times[0] = 0.7;
  for (std::size_t j = 1; j <= K; ++j) {
    const double length = h * std::exp2(exponent(random));
    times[j] = times[j - 1] - length;
  }
  Weights w;
  weigh_unequal_steps<K, Corrected, double>(times, t1, w);
  std::array<double, K> past{};
  std::array<double, Weights::values> all{};
  for (std::size_t j = 0; j < K; ++j) past[j] = all[j] = (times[j] - times[0]) / h;
  if constexpr (Corrected) all[K] = 1;
  const double oldest = (times[K] - times[0]) / h;
  CAPTURE(K, Corrected, seed);

  const auto close = [](double found, double expected, const auto& weights, const auto& nodes, int power) {
    double size = 0;
    for (std::size_t j = 0; j < weights.size(); ++j) size += std::fabs(weights[j] * std::pow(nodes[j], power));
    return std::fabs(found - expected) <= 1e-14 * static_cast<double>(K) * (size + std::fabs(expected));
  };
  for (int power = 0; power < static_cast<int>(K); ++power) {
    CAPTURE(power);
    CHECK(close(sum_of_powers(w.predict, past, power), integral_of_power(0.0, 1.0, power), w.predict, past, power));
    CHECK(close(sum_of_powers(w.mirror, past, power), integral_of_power(oldest, past[K - 1], power), w.mirror, past,
                power));
    if (power + 1 < static_cast<int>(K)) CHECK(close(sum_of_powers(w.error, all, power), 0, w.error, all, power));
  }
  // With the value at the end, whose node is 1, all is exact to one degree more.
  if constexpr (!Corrected) {
    std::array<double, K> longer = w.main;
    for (std::size_t j = 0; j < K; ++j) longer[j] += w.beyond[j];
    for (int power = 0; power <= static_cast<int>(K); ++power) {
      CAPTURE(power);
      CHECK(close(sum_of_powers(longer, past, power) + w.end, integral_of_power(0.0, 1.0, power), w.main, past, power));
    }
  }
  for (int power = 0; power < static_cast<int>(Weights::values); ++power) {
    CAPTURE(power);
    CHECK(close(sum_of_powers(w.main, all, power), integral_of_power(0.0, 1.0, power), w.main, all, power));
    // Inside the step, of its own polynomial and by quadrature.
    const auto rows = w.all.integral_coefficients();
    for (const double sigma : {0.0, 0.3, 1.0}) {
      std::array<double, Weights::values> inside{};
      for (std::size_t j = 0; j < inside.size(); ++j)
        for (std::size_t p = inside.size(); p-- > 0;) inside[j] = sigma * (inside[j] + rows[j][p]);
      const double expected = integral_of_power(0.0, sigma, power);
      CHECK(close(sum_of_powers(inside, all, power), expected, w.main, all, power));
      CHECK(close(sum_of_powers(w.all.integral(0, sigma), all, power), expected, w.main, all, power));
    }
    const double slope = power == 0 ? 0 : power * std::pow(0.3, power - 1);
    CHECK(close(sum_of_powers(w.all.slope(0.3), all, power), slope, w.all.slope(0.3), all, power));
    CHECK(close(sum_of_powers(w.all.at(1.3), all, power), std::pow(1.3, power), w.all.at(1.3), all, power));
  }
}

template <std::size_t... I>
void check_all(std::index_sequence<I...>) {
  for (unsigned seed = 1; seed <= 5; ++seed) (check_unequal_steps<I + 1, false>(seed), ...);
  for (unsigned seed = 1; seed <= 5; ++seed) (check_unequal_steps<I + 1, true>(seed), ...);
  (check_mirror_image<I + 1>(), ...);
}

}  // namespace

TEST_CASE("The mirror's weights are the main ones turned round; of unequal steps all are exact on polynomials",
          "[adams]") {
  check_all(std::make_index_sequence<8>{});
}

TEST_CASE("The Lagrange basis is 1 at its node and 0 at the others", "[adams]") {
  const LagrangeBasis<4, double> basis(std::array<double, 4>{0, -1, -1.5, 1});
  for (std::size_t i = 0; i < 4; ++i) {
    const auto values = basis.at(basis.node[i]);
    for (std::size_t j = 0; j < 4; ++j) CHECK(values[j] == (i == j ? 1 : 0));
  }
}
