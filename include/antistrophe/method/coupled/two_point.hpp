// SPDX-License-Identifier: MIT
// TwoPoint<Solver, Arithmetic>: a Runge–Kutta method made reversible by the point before it. From y0 and y1 at neighbouring
// times t0, t1 = t0 + h0 to y2 at t1 + h:
//   y2 = y1 + Ψ_h(t1, y1) + λ D,   D = y0 − y1 − Ψ_{−h0}(t1, y1);   at first y1 = y0 + Ψ_h(t0, y0);
// and back, with all but y0 known,
//   D = (y2 − y1 − Ψ_h(t1, y1)) / λ,   y0 = y1 + Ψ_{−h0}(t1, y1) + D.
// D is what the mirrored step misses y0 by, of the size of the method's local error. Both increments start at (t1, y1) and
// share their first stage, its evaluation and its vjp: a step costs 2s − 1 evaluations forth, and as many and 2s − 1 vjps
// back. Stability, bits and arithmetics are those of the coupled pair (reversible.hpp).
//
// LeapfrogMidpoint is TwoPoint<Euler> at λ = 1: y2 = y0 + (h0 + h) f(t1, y1), which needs no bits.
#pragma once

#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/method/coupled/detail/two_point_stepper.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/number/arithmetic.hpp>

namespace antistrophe {

// The two-point coupling of a Runge–Kutta method, reversible bit for bit (Exact, the default) or to round-off (Floating).
template <class Solver, class Arithmetic = Exact>
struct TwoPoint {
  static constexpr bool valid = false;
  static_assert(
      detail::never<Solver>,
      "antistrophe: TwoPoint<Solver, Arithmetic> takes a RungeKutta<Tableau> such as Dopri5, and Exact or Floating.");
};

// lambda: 1 − 2^{−m} or 2^{−q}; keeps 2(1−λ), or q, bits a component a step. resolution: the unit of the fixed-point
// numbers in the state's own unit, rounded down to a power of two; 0 for 2^{−42} max(1, ‖y0‖∞), rounded up to one.
template <class Tableau>
struct TwoPoint<RungeKutta<Tableau>, Exact> {
  static constexpr int order = Tableau::order;
  double lambda = 0.5;
  Resolution resolution = 0;

  template <class Y>
  static constexpr bool supports = detail::arithmetic_supports<Exact, Y>;

  template <class F, EigenState Y>
  using Stepper = detail::TwoPointStepper<Tableau, Exact, F, Y>;
};

// lambda in (0, 1].
template <class Tableau>
struct TwoPoint<RungeKutta<Tableau>, Floating> {
  static constexpr int order = Tableau::order;
  double lambda = 0.999;

  template <class F, EigenState Y>
  using Stepper = detail::TwoPointStepper<Tableau, Floating, F, Y>;
};

// The explicit midpoint rule over two steps, y2 = y0 + (h0 + h) f(t1, y1), after a first step of Euler: of order 2 where steps
// are equal (or vary smoothly), reversible without bits. Weakly unstable where solutions decay: for oscillations of h|μ| < 1.
// It has no error estimate.
template <class Arithmetic = Exact>
struct LeapfrogMidpoint {
  static constexpr int order = 2;
  static constexpr double lambda = 1;
  Resolution resolution = 0;

  template <class Y>
  static constexpr bool supports = detail::arithmetic_supports<Exact, Y>;

  template <class F, EigenState Y>
  using Stepper = detail::TwoPointStepper<tableau::Euler, Exact, F, Y>;
};

template <>
struct LeapfrogMidpoint<Floating> {
  static constexpr int order = 2;
  static constexpr double lambda = 1;

  template <class F, EigenState Y>
  using Stepper = detail::TwoPointStepper<tableau::Euler, Floating, F, Y>;
};

}  // namespace antistrophe
