// SPDX-License-Identifier: MIT
// Reversible<Solver, Arithmetic>: the λ-coupled pair (y, z) of McCallum & Foster (arXiv 2410.11648, eq. 2–3),
//   y1 = z0 + λ (y0 − z0) + Ψ_h(t0, z0),   z1 = z0 − Ψ_{−h}(t1, y1),   z(t0) = y(t0),
// and its way back,
//   z0 = z1 + Ψ_{−h}(t1, y1),   y0 = z0 + (y1 − z0 − Ψ_h(t0, z0)) / λ.
// In Exact arithmetic (the default) the pair is held as integers and every line is a bijection: the way back meets every
// state bit for bit, at any λ and for any number of steps. In Floating arithmetic it is the published method, whose
// round-off grows like λ^{−n} on the way back.
//
// Each increment that the way back needs is also the primal of a pull-back: it is evaluated once and pulled back through
// while its stages last. A step costs 2s evaluations forth; 2s evaluations and 2s vjps back.
#pragma once

#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/method/coupled/detail/pair_stepper.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/number/arithmetic.hpp>

namespace antistrophe {

// The λ-coupled pair of a Runge–Kutta method, reversible bit for bit (Exact, the default) or to round-off (Floating).
template <class Solver, class Arithmetic = Exact>
struct Reversible {
  static constexpr bool valid = false;
  static_assert(
      detail::never<Solver>,
      "antistrophe: Reversible<Solver, Arithmetic> takes a RungeKutta<Tableau> such as Dopri5, and Exact or Floating.");
};

// lambda: 1 − 2^{−m} or 2^{−q}; keeps 2(1−λ), or q, bits a component a step. Smaller is more stable: the parasitic
// solution dies out where h|Re μ| < −ln λ. resolution: the unit of the fixed-point numbers in the state's own unit,
// rounded down to a power of two; 0 for 2^{−42} max(1, ‖y0‖∞), rounded up to one.
template <class Tableau>
struct Reversible<RungeKutta<Tableau>, Exact> {
  static constexpr int order = RungeKutta<Tableau>::order;

  double lambda = 0.5;
  Resolution resolution = 0;

  template <class Y>
  static constexpr bool supports = detail::arithmetic_supports<Exact, Y>;

  template <class F, EigenState Y>
  using Stepper = detail::PairStepper<Tableau, Exact, F, Y>;
};

// lambda in (0, 1]; the published method has 0.999.
template <class Tableau>
struct Reversible<RungeKutta<Tableau>, Floating> {
  static constexpr int order = RungeKutta<Tableau>::order;

  double lambda = 0.999;

  template <class F, EigenState Y>
  using Stepper = detail::PairStepper<Tableau, Floating, F, Y>;
};

}  // namespace antistrophe
