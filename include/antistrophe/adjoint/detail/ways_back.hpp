// SPDX-License-Identifier: MIT
// What every way back has in common, be it through the steps or by an equation of its own: how the time of an event moves, and
// what is said of a gradient that is not finite.
#pragma once

#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/step/timeline.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

namespace antistrophe::detail {

// Room for ∂g/∂y and ∂g/∂θ.
template <class Y, class Theta>
struct EventSlopes {
  Y y;
  Theta theta;
};

ANTISTROPHE_COLD inline Failure grazes(std::size_t event, double t, std::int64_t step) {
  return {
      Status::gradient_not_finite, t, step, -1,
      "event " + std::to_string(event) + " is grazing: dg/dt is 0 along the solution, so its time has no derivative"};
}

// An event's time moves with the state so that g stays 0. From w, the cotangent of the state there, and that of the time:
//   w ← w − ∂g/∂y (wᵀẎ + t̄) / (∂g/∂t + ∂g/∂y·Ẏ),   θ̄ −= ∂g/∂θ (the same factor).
// `slope` is Ẏ; `step` is for the sentence.
template <class Detector, class Y, class Theta>
Failure move_with_event(const Detector& detector, std::size_t index, double t, std::int64_t step, const Y& y,
                        const Y& slope, double t_bar, Y& w, Theta& theta_bar, EventSlopes<Y, Theta>& g) {
  using Scalar = typename Y::Scalar;
  set_zero(g.y);
  set_zero(g.theta);
  Scalar g_t{0};
  detector.gradient(index, t, y, g.y, g.theta, g_t);
  const Scalar rate = g_t + dot(g.y, slope);
  const Scalar factor = (dot(w, slope) + scalar<Y>(t_bar)) / rate;
  if (!is_finite(factor)) return grazes(index, t, step);
  add_scaled(w, -factor, g.y);
  add_scaled(theta_bar, -factor, g.theta);
  return {};
}

// wᵀ f(t, y), where a time moves with the solution.
template <class F, class Y>
double slope_along(const F& field, double t, const Y& y, const Y& w) {
  auto tape = make_tape<F, Y>(field, y);
  Y dy = zeros_like(y);
  evaluate<F, Y>(field, t, y, dy, tape);
  return static_cast<double>(Eigen::numext::real(dot(w, dy)));
}

// Success, or what is not finite of a gradient; `timeline` is that of the first segment.
template <class F, class Y>
Failure finite_gradient(const Gradient<F, Y>& gradient, const Timeline& timeline) {
  if (first_not_finite(gradient.y0) >= 0 || first_not_finite(gradient.theta) >= 0)
    return failure_at(
        Status::gradient_not_finite, timeline.t0(), timeline.first(), -1,
        "the cotangents overflowed on the way back, or the vjp returned NaN: steps that are too long to be stable make "
        "them grow, and a chaotic solution over so long a time has no gradient that numbers can hold");
  if constexpr (HasTimeGradient<F, Y>) {
    if (!std::isfinite(gradient.t0) || !std::isfinite(gradient.t1))
      return failure_at(
          Status::gradient_not_finite, timeline.t0(), timeline.first(), -1,
          "the field, or its derivative with respect to t, is not finite at t0 or t1, or where a time was saved");
  }
  return {};
}

}  // namespace antistrophe::detail
