// SPDX-License-Identifier: MIT
// AsynchronousLeapfrog (ALF; MALI of Zhuang, Dvornek, Tatikonda & Duncan, arXiv 2102.04668, eq. 2 and appendix A.5): state (y, v),
// v(t0) = f(t0, y0), damping η,
//   k = y0 + h/2 v0,   u = f(t0 + h/2, k),   v1 = v0 + 2η (u − v0),   y1 = k + h/2 v1;
// back   k = y1 − h/2 v1,   v0 = u + (v1 − u)/(1 − 2η),   y0 = k − h/2 v0,   which η = 1/2 rules out.
// One evaluation a step; order 2 at η = 1 and 1 else. Error estimate h η (u − v0), the distance from Euler's step.
// In Exact arithmetic y and v are integers, in units of r and r_v: v1 = u ∓ |1 − 2η| (v0 − u) on integers keeps bits for v
// as a coupled pair does for y (number/exact_factor.hpp), none at η = 1.
//
// Dense output y0 + h (σ v0 + σ² (v1 − v0)/2), the cubic of Hermite with slopes v. At η = 1 it is stable on the imaginary segment
// h μ ∈ [−i, i] alone, and an error in v changes its sign at every step and never dies out: where f jumps, v keeps the jump;
// where solutions decay or part from each other, it grows, and adaptive steps, whose estimate sees it, shrink in vain. There
// damp, η = 7/8 say, at the price of order 1, or take a coupled pair.
#pragma once

#include <antistrophe/method/node/detail/asynchronous_leapfrog_stepper.hpp>
#include <antistrophe/number/arithmetic.hpp>

namespace antistrophe {

// damping η: |1 − 2η| is 1 − 2^{−m} or 2^{−q}; keeps 2(1 − |1 − 2η|), or q, bits a component a step, none at 1.
// resolution and slope_resolution: the units of the fixed-point numbers of y and of v, rounded down to powers of two. 0 asks
// for 2^{−42} max(1, ‖y0‖∞), rounded up to one, and for that over the length of a step (as far as it is known before: a 32nd
// of the whole time where steps are adaptive).
template <class Arithmetic = Exact>
struct AsynchronousLeapfrog {
  double damping = 1;
  Resolution resolution = 0;
  Resolution slope_resolution = 0;

  static constexpr bool carries_slope = true;  // of the step before, which a noise has nothing to do with
  int order() const { return damping == 1 ? 2 : 1; }

  template <class Y>
  static constexpr bool supports = detail::arithmetic_supports<Exact, Y>;

  template <class F, EigenState Y>
  using Stepper = detail::AsynchronousLeapfrogStepper<Exact, F, Y>;
};

// damping in (0, 1] but 1/2; on the way back round-off grows like |1 − 2η|^{−n}.
template <>
struct AsynchronousLeapfrog<Floating> {
  double damping = 1;

  static constexpr bool carries_slope = true;  // of the step before, which a noise has nothing to do with
  int order() const { return damping == 1 ? 2 : 1; }

  template <class F, EigenState Y>
  using Stepper = detail::AsynchronousLeapfrogStepper<Floating, F, Y>;
};

}  // namespace antistrophe
