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
std::complex<double> inner_product(const Y& a, const Y& b) {
  const auto re = [](const auto& x) { return static_cast<double>(Eigen::numext::real(x)); };
  const auto im = [](const auto& x) { return static_cast<double>(Eigen::numext::imag(x)); };
  double real = 0, imaginary = 0;
  for (Eigen::Index i = 0; i < a.size(); ++i) {
    real += re(a.data()[i]) * re(b.data()[i]) + im(a.data()[i]) * im(b.data()[i]);
    imaginary += re(a.data()[i]) * im(b.data()[i]) - im(a.data()[i]) * re(b.data()[i]);
  }
  return {real, imaginary};
}
inline std::complex<double> product(const std::complex<double>& x, const std::complex<double>& y) {
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
  const std::complex<double> alpha = (of.vv * of.ot - product(std::conj(of.vo), of.vt)) / volume,
                             beta = (of.oo * of.vt - product(of.vo, of.ot)) / volume,
                             root = std::sqrt(product(alpha, alpha) + 4.0 * beta);
  const double off = of.tt - (product(std::conj(alpha), of.ot) + product(std::conj(beta), of.vt)).real();
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
  return larger_mode({inner_product(v, once), inner_product(v, twice), inner_product(once, twice),
                      inner_product(v, v).real(), inner_product(once, once).real(),
                      inner_product(twice, twice).real()});
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
