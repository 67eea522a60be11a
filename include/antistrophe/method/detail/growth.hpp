// SPDX-License-Identifier: MIT
// What a step of two coupled parts makes of y' = μy.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>

namespace antistrophe::detail {

using ComplexNumber = std::complex<double>;

// |x| of the larger root of x² = px + q.
inline double larger_root(const ComplexNumber& p, const ComplexNumber& q) {
  const ComplexNumber root = std::sqrt(p * p + 4.0 * q);
  return std::sqrt(larger_of(std::norm(p + root), std::norm(p - root))) / 2;
}

// That of x² = px + q which is nearer to a number.
inline ComplexNumber root_near(const ComplexNumber& p, const ComplexNumber& q, const ComplexNumber& near) {
  const ComplexNumber root = std::sqrt(p * p + 4.0 * q), one = (p + root) / 2.0, other = (p - root) / 2.0;
  return std::abs(one - near) < std::abs(other - near) ? one : other;
}
// That of a_0 + a_1 x + … + a_n x^n to which Newton's method leads from there.
template <std::size_t N>
ComplexNumber root_near(const std::array<ComplexNumber, N>& a, ComplexNumber x) {
  for (int turn = 0; turn < 8; ++turn) {
    ComplexNumber value = 0, slope = 0;
    for (std::size_t k = N; k-- > 0;) {
      slope = slope * x + value;
      value = value * x + a[k];
    }
    const ComplexNumber move = value / slope;
    if (!(std::abs(move) < 1)) break;
    x -= move;
    if (std::abs(move) < 1e-14) break;
  }
  return x;
}

// Whether a_0 + a_1 x + … + a_n x^n has a root of |x| >= radius (the test of Schur and Cohn; Marden, Geometry of Polynomials, 1966, 42).
template <std::size_t N>
bool has_root_beyond(std::array<ComplexNumber, N> a, double radius) {
  double power = 1;
  for (ComplexNumber& coefficient : a) coefficient *= power, power *= radius;
  for (std::size_t n = N - 1; n > 0; --n) {
    if (!(std::abs(a[0]) < std::abs(a[n]))) return true;
    std::array<ComplexNumber, N> next{};
    for (std::size_t k = 0; k < n; ++k) next[k] = std::conj(a[n]) * a[k + 1] - a[0] * std::conj(a[n - 1 - k]);
    a = next;
  }
  return false;
}

}  // namespace antistrophe::detail
