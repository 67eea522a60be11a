// SPDX-License-Identifier: MIT
// ReversibleHeun (Kidger, Foster, Li & Lyons, arXiv 2105.13493, algorithm 1): state (y, ŷ), f_n = f(t_n, ŷ_n),
//   ŷ1 = 2 y0 − ŷ0 + h f0,   f1 = f(t1, ŷ1),   y1 = y0 + h (f0 + f1)/2,   ŷ(t0) = y(t0),
// and back by the same formulas with h < 0. Order 2, one evaluation a step, error estimate h (f1 − f0)/2 of order 2. In Exact
// arithmetic, with K = [h f / 2r],
//   Ŷ1 = 2 Y0 − Ŷ0 + 2 K0,   Y1 = Y0 + K0 + K1;   back Ŷ0 = 2 Y1 − Ŷ1 − 2 K1,   Y0 = Y1 − K0 − K1,
// which needs no bits. Stable on the imaginary segment h μ ∈ [−i, i] alone: where solutions decay or
// part from each other, y − ŷ grows, and adaptive steps, whose estimate sees it, shrink in vain; there take a coupled pair.
//
// Dense output y0 + h (σ f0 + σ² (f1 − f0)/2), the cubic of Hermite through both ends, which here is of degree 2.
#pragma once

#include <antistrophe/method/node/detail/reversible_heun_stepper.hpp>
#include <antistrophe/number/arithmetic.hpp>

namespace antistrophe {

// resolution: the unit of the fixed-point numbers in the state's own unit, rounded down to a power of two; 0 for
// 2^{−42} max(1, ‖y0‖∞), rounded up to one. A field frozen to steps costs two evaluations and two vjps a step.
template <class Arithmetic = Exact>
struct ReversibleHeun {
  static constexpr int order = 2;

  Resolution resolution = 0;

  template <class Y>
  static constexpr bool supports = detail::arithmetic_supports<Exact, Y>;

  template <class F, EigenState Y>
  using Stepper = detail::ReversibleHeunStepper<Exact, F, Y>;
};

// In the state's own numbers, reversible to round-off.
template <>
struct ReversibleHeun<Floating> {
  static constexpr int order = 2;

  template <class F, EigenState Y>
  using Stepper = detail::ReversibleHeunStepper<Floating, F, Y>;
};

}  // namespace antistrophe
