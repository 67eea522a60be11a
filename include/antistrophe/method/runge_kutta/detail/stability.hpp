// SPDX-License-Identifier: MIT
// The stability of a Runge–Kutta method on y' = μy, q = hμ, from its increment's polynomial φ: y1 = (1 + φ(q)) y0
// (Hairer & Wanner, Solving ODEs II, IV.2). Both are found when they are first asked for, once a program.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/method/detail/growth.hpp>
#include <antistrophe/method/runge_kutta/tableau/rational.hpp>
#include <antistrophe/method/runge_kutta/tableau/tableau.hpp>
#include <antistrophe/stepper/stability.hpp>

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>

namespace antistrophe::detail {

// φ by its coefficients of q, q², …, which are c_m = bᵀ A^{m−1} 1.
template <class Tableau>
class IncrementPolynomial {
 public:
  IncrementPolynomial() {
    std::array<double, n> power{}, next{};
    power.fill(1);
    for (double& coefficient : coefficients_) {
      for (std::size_t i = 0; i < n; ++i) coefficient += tableau::coefficient<double>(Tableau::b[i]) * power[i];
      for (std::size_t i = 0; i < n; ++i) {
        next[i] = 0;
        for (std::size_t j = 0; j < i; ++j) next[i] += tableau::coefficient<double>(Tableau::a[i][j]) * power[j];
      }
      power = next;
    }
  }
  // Written out, for a product of complex numbers asks whether they are NaN.
  ComplexNumber operator()(const ComplexNumber& q) const {
    double real = 0, imaginary = 0;
    for (std::size_t m = n; m-- > 0;) {
      const double sum = real + coefficients_[m];
      real = sum * q.real() - imaginary * q.imag();
      imaginary = sum * q.imag() + imaginary * q.real();
    }
    return {real, imaginary};
  }

 private:
  static constexpr auto n = static_cast<std::size_t>(tableau::increment_stages<Tableau>);
  std::array<double, n> coefficients_{};
};

template <class Tableau>
const IncrementPolynomial<Tableau>& increment_polynomial() {
  static const IncrementPolynomial<Tableau> phi;
  return phi;
}

// How far a ray from 0, `angle` away from the negative real axis, stays where growth(q), the factor of a step, is at most 1.
template <class Growth>
double stable_ray(const Growth& growth, double angle) {
  constexpr double step = 1.0 / 64, longest = 64, rounding = 1e-12;
  const ComplexNumber direction(-std::cos(angle), std::sin(angle));
  const auto stable = [&](double r) { return growth(r * direction) <= 1 + rounding; };
  double inside = 0;
  while (inside < longest && stable(inside + step)) inside += step;
  double outside = inside + step;
  for (int i = 0; i < 40; ++i) {
    const double middle = (inside + outside) / 2;
    (stable(middle) ? inside : outside) = middle;
  }
  return inside;
}

template <class Tableau>
Stability measured_stability() {
  constexpr int rays = 32;
  const IncrementPolynomial<Tableau>& phi = increment_polynomial<Tableau>();
  const auto growth = [&](const ComplexNumber& q) { return std::abs(1.0 + phi(q)); };
  Stability stability;
  stability.real_interval = stable_ray(growth, 0);
  stability.shortest_ray = stability.real_interval;
  for (int i = 1; i <= rays; ++i)
    stability.shortest_ray = smaller_of(stability.shortest_ray, stable_ray(growth, 0.75 * i / rays));
  return stability;
}

template <class Tableau>
const Stability& runge_kutta_stability() {
  static const Stability stability = measured_stability<Tableau>();
  return stability;
}

}  // namespace antistrophe::detail
