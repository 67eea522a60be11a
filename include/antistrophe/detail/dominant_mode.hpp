// SPDX-License-Identifier: MIT
// The eigenvalue of a Jacobian that is largest in modulus, real or of a pair: solutions near this one move by it, and a method that
// knows what its steps make of y' = μy (KnowsGrowth) says whether they do.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/spectral_radius.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <Eigen/Core>

#include <cmath>
#include <complex>
#include <optional>

namespace antistrophe::detail {

// ⟨a, b⟩, and the product of two numbers. Written out, for those of complex numbers ask, by a call, whether they are NaN.
template <EigenState Y>
ANTISTROPHE_OUT_OF_LINE std::complex<double> hermitian_product(const Y& a, const Y& b) {
  double real = 0, imaginary = 0;
  for (Eigen::Index i = 0; i < a.size(); ++i) {
    if constexpr (Eigen::NumTraits<typename Y::Scalar>::IsComplex) {
      const std::complex<double> x(a.data()[i]), y(b.data()[i]);
      real += x.real() * y.real() + x.imag() * y.imag();
      imaginary += x.real() * y.imag() - x.imag() * y.real();
    } else {
      real += static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]);
    }
  }
  return {real, imaginary};
}
inline std::complex<double> complex_product(const std::complex<double>& x, const std::complex<double>& y) {
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

// ⟨v, Jv⟩ and so on of v, Jv and J²v.
struct KrylovProducts {
  std::complex<double> vo = 0, vt = 0, ot = 0;
  double vv = 0, oo = 0, tt = 0;
};

// Where two modes are left, J²v = αJv + βv (Wilkinson, The Algebraic Eigenvalue Problem, 9.10). Nothing where that is off by a tenth,
// since more than two are.
ANTISTROPHE_COLD inline std::optional<std::complex<double>> larger_mode(const KrylovProducts& of) {
  const double whole = of.vv * of.oo, volume = whole - std::norm(of.vo);
  if (volume <= 1e-6 * whole) return of.vo / of.vv;  // v is an eigenvector
  const std::complex<double> alpha = (of.vv * of.ot - complex_product(std::conj(of.vo), of.vt)) / volume,
                             beta = (of.oo * of.vt - complex_product(of.vo, of.ot)) / volume,
                             root = std::sqrt(complex_product(alpha, alpha) + 4.0 * beta);
  const double off =
      of.tt - (complex_product(std::conj(alpha), of.ot) + complex_product(std::conj(beta), of.vt)).real();
  if (!(off <= 0.01 * of.tt)) return std::nullopt;
  return (std::norm(alpha + root) >= std::norm(alpha - root) ? alpha + root : alpha - root) / 2.0;
}

// By the power method, from any direction, which turns towards that mode; 14 evaluations.
template <class S>
std::optional<std::complex<double>> dominant_mode(S& stepper, ScaledJacobian<S>& jacobian, typename S::State& v) {
  using Y = typename S::State;
  constexpr int turns = 12;
  Y once = zeros_like(v), twice = once;
  for (int turn = 0;; ++turn) {
    jacobian.multiply(stepper, v, once);
    if (turn == turns) break;
    const double size = largest_entry(once);
    if (!(std::isfinite(size) && size > 0)) return std::nullopt;
    for (Eigen::Index i = 0; i < v.size(); ++i) v.data()[i] = once.data()[i] / scalar<Y>(size);
  }
  jacobian.multiply(stepper, once, twice);
  return larger_mode({hermitian_product(v, once), hermitian_product(v, twice), hermitian_product(once, twice),
                      hermitian_product(v, v).real(), hermitian_product(once, once).real(),
                      hermitian_product(twice, twice).real()});
}
// That at (t, y); 15 evaluations.
template <class S>
std::optional<std::complex<double>> dominant_mode(S& stepper, double t, const typename S::State& y, double sign) {
  const Adaptive scales;
  ScaledJacobian<S> jacobian(scales, y, sign);
  jacobian.move_to(stepper, t, y);
  typename S::State direction = zeros_like(y);
  ScaledJacobian<S>::any_direction(direction);
  return dominant_mode(stepper, jacobian, direction);
}

}  // namespace antistrophe::detail
