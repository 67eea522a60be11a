// Where reversible Adams methods are stable. On y' = μy, with q = hμ, a step is a linear map of the last K + 1 states; the
// method is stable where no eigenvalue of it is larger than 1 in modulus. From q = 0 outwards, along each ray into the left
// half plane, the first q at which one is: that is the boundary pictured, for K = 1, …, 8 and several λ of both signs.
//
// It prints the stable part of the negative real axis and of the ray at 135°, and the error constant over that of Adams and
// Bashforth, from which the library's default λ was chosen.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"

#include <antistrophe/antistrophe.hpp>

#include <Eigen/Eigenvalues>

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using Complex = std::complex<double>;

constexpr std::array lambdas{0.0, 0.125, 0.25, 0.5, 0.75, 0.9375, -0.125, -0.25, -0.5, -0.75};

// The method of order K: its weights with equal steps. `end` is that of the value at the predicted end, if it has a corrector.
struct Formula {
  int K;
  bool corrected;
  std::vector<double> main, predict, mirror;
  double end = 0;
  detail::AdamsChoice choice;
};

template <std::size_t K, bool Corrected>
Formula formula_of() {
  const auto& w = detail::equal_steps_weights<K, Corrected, double>;
  Formula formula{static_cast<int>(K),
                  Corrected,
                  {w.main.begin(), w.main.begin() + K},
                  {w.predict.begin(), w.predict.end()},
                  {w.mirror.begin(), w.mirror.end()},
                  0,
                  detail::adams_choice<static_cast<int>(K), Corrected>};
  if constexpr (Corrected) formula.end = w.main[K];
  return formula;
}

// The largest modulus of an eigenvalue of (x_{n+1}, …, x_{n−K+1}) as a function of (x_n, …, x_{n−K}).
double spectral_radius(const Formula& formula, Complex q, double lambda) {
  const Eigen::Index size = formula.K + 1;
  Eigen::RowVectorXcd next = Eigen::RowVectorXcd::Unit(size, 0), predicted = next,
                      gap = Eigen::RowVectorXcd::Unit(size, size - 1) - Eigen::RowVectorXcd::Unit(size, size - 2);
  for (Eigen::Index j = 0; j < formula.K; ++j) {
    const auto at = static_cast<std::size_t>(j);
    next[j] += q * formula.main[at];
    predicted[j] += q * formula.predict[at];
    gap[j] += q * formula.mirror[at];
  }
  Eigen::MatrixXcd step = Eigen::MatrixXcd::Zero(size, size);
  step.row(0) = next + q * formula.end * predicted + lambda * gap;
  for (Eigen::Index j = 1; j < size; ++j) step(j, j - 1) = 1;
  return Eigen::ComplexEigenSolver<Eigen::MatrixXcd>(step, false).eigenvalues().cwiseAbs().maxCoeff();
}

// How far the method is stable along a ray. Near 0 the principal eigenvalue is e^q to order K + 1: allow it that.
double stable_length(const Formula& formula, double angle, double lambda) {
  const Complex direction = std::polar(1.0, angle);
  const auto stable = [&](double r) { return spectral_radius(formula, r * direction, lambda) <= 1 + 1e-7; };
  const double stride = 0.04 * std::pow(formula.corrected ? 0.75 : 0.5, formula.K - 1), longest = 200 * stride;
  double inside = 0, outside = stride / 20;
  if (!stable(outside)) return 0;
  while (outside < longest && stable(outside)) inside = outside, outside += stride;
  if (outside >= longest) return longest;
  for (int i = 0; i < 30; ++i) {
    const double middle = (inside + outside) / 2;
    (stable(middle) ? inside : outside) = middle;
  }
  return inside;
}

// The global error is that of Adams and Bashforth times this, to leading order (docs/equations.md); with a corrector, whose own
// error is an order smaller, what the mirror adds is all.
double relative_error_constant(const Formula& formula, double lambda) {
  const double mirror = lambda * (formula.K % 2 == 0 ? 1 : -1);
  return (formula.corrected ? mirror : 1 + mirror) / (1 + lambda) + 0.0;  // not −0
}

void study(const Formula& formula, const std::string& name, support::Expectations& result) {
  support::Csv csv(name + std::to_string(formula.K) + ".csv", {"lambda", "re", "im"});
  for (const double lambda : lambdas) {
    const double real = stable_length(formula, std::numbers::pi, lambda);
    std::printf("  K = %d  %8.4g: %.3f %.3f %5.2f%s\n", formula.K, lambda, real,
                stable_length(formula, 0.75 * std::numbers::pi, lambda), relative_error_constant(formula, lambda),
                lambda == formula.choice.lambda ? "  default" : "");
    if (lambda == formula.choice.lambda)
      result.expect(std::fabs(real / formula.choice.stable_interval - 1) < 0.02,
                    "the stable interval of K = " + std::to_string(formula.K) + " is another");
    constexpr int rays = 45;
    for (int i = 0; i <= rays; ++i) {
      const double angle = std::numbers::pi * (0.5 + 0.5 * i / rays);
      const Complex q = std::polar(stable_length(formula, angle, lambda), angle);
      csv.row({lambda, std::round(q.real() * 1e4) / 1e4, std::round(q.imag() * 1e4) / 1e4});
    }
  }
}

int main() try {
  support::Expectations result;
  std::printf(
      "lambda: stable part of the negative real axis, of the ray at 135 degrees; error constant over "
      "Adams–Bashforth's\n");
  const auto all = [&]<std::size_t... I>(std::index_sequence<I...>) {
    std::printf("ReversibleAdams\n");
    (study(formula_of<I + 1, false>(), "adams_stability_", result), ...);
    std::printf("ReversibleAdamsPece\n");
    (study(formula_of<I + 1, true>(), "adams_stability_pece_", result), ...);
  };
  all(std::make_index_sequence<8>{});
  support::draw("adams_stability", 1080, 520);
  support::draw("adams_stability_pece", 1080, 520, "adams_stability");

  // By hand: an eigenvalue of K = 2 at λ = 1/4 is −1 at q = −5/3.
  result.expect(std::fabs(spectral_radius(formula_of<2, false>(), -5.0 / 3, 0.25) - 1) < 1e-6,
                "K = 2 at λ = 1/4 is stable to −5/3");
  result.expect(std::fabs(stable_length(formula_of<4, false>(), std::numbers::pi, 0) - 0.3) < 1e-3,
                "Adams–Bashforth of order 4 is stable to −3/10");
  result.expect(stable_length(formula_of<1, false>(), std::numbers::pi / 2, 1) > 0.99, "leapfrog is stable on (−i, i)");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
