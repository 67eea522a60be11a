// SPDX-License-Identifier: MIT
// What a pull-back gives: the gradient of a loss with respect to initial state, parameters and, where the field says how
// it depends on time, the two times.
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/problem/detail/print.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <type_traits>

namespace antistrophe {

// In the place of dL/dt0 and dL/dt1 where the field's ∂f/∂t is not known. Reading it as a number does not compile.
struct UnknownTimeGradient {
  template <class T = double>
  operator double() const {
    static_assert(
        detail::never<T>,
        "antistrophe: gradients with respect to t0 and t1 need the field's df/dt: give its vjp a last argument "
        "`auto& t_bar`, or, if f does not depend on t, declare `static constexpr bool autonomous = true`; of complex "
        "states none are given.");
    return 0;
  }
};

template <class F, class Y>
using TimeGradient = std::conditional_t<HasTimeGradient<F, Y>, double, UnknownTimeGradient>;

// What the way back cost and met.
struct BackwardStats {
  std::int64_t evaluations = 0;  // of f
  std::int64_t vjps = 0;
  std::int64_t state_vjps = 0;  // of these, those that were asked for ∂f/∂y alone
  // ‖reconstructed y(t0) − y0‖∞ of a floating reversible sweep, or the largest miss of a state that was solved
  // backwards; 0 where it is exact or not reconstructed.
  double drift = 0;
  // Of CheckpointedAdjoint: steps that were gone forth again, carries that were kept at a time, and the bytes that these and
  // their bookkeeping took, in memory and in a file.
  std::int64_t recomputed = 0;
  std::int64_t checkpoints = 0;
  std::size_t checkpoint_bytes = 0;
  // What this way back held beside what Stats::bytes_kept tells of the way forth: of an adjoint that solves an equation of its own, of its
  // steps at most; of adaptive steps, some tens of states and cotangents, by which the gradient is judged.
  std::size_t bytes = 0;
  // Evaluations, and as many vjps, beside these, that looked at what errors of adaptive steps have made of the gradient
  // (adjoint/detail/accumulated_errors.hpp).
  std::int64_t judged = 0;
  // About how far off these errors have made the gradient, in parts of its size, right to a factor of ten; 0 where that was not looked at.
  double estimated_error = 0;
  // Where errors of steps might have spoilt the gradient, and it was taken again: how tight the tolerances of this one are, in parts of
  // those asked for, and the evaluations, forth and back, of the solves that are not returned.
  double tightened = 1;
  std::int64_t discarded = 0;
  // Of AutomaticAdjoint: what it chose, and why, in words; else empty.
  const char* chosen = "";
  const char* why = "";
};

// One line: "601 evaluations, 400 vjps".
inline std::ostream& operator<<(std::ostream& out, const BackwardStats& stats) {
  detail::print_count(out, stats.evaluations, "evaluation");
  out << ", ";
  detail::print_count(out, stats.vjps, "vjp");
  if (stats.state_vjps > 0) out << " (" << stats.state_vjps << " of the state alone)";
  if (stats.drift > 0) out << ", drift " << stats.drift;
  if (stats.checkpoints > 0) {
    out << ", ";
    detail::print_count(out, stats.recomputed, "step");
    out << " recomputed from ";
    detail::print_count(out, stats.checkpoints, "checkpoint");
  }
  if (stats.tightened < 1) out << ", at " << stats.tightened << " of the tolerance";
  if (stats.discarded > 0) {
    out << ", beside ";
    detail::print_count(out, stats.discarded, "evaluation");
    out << " of solves at other tolerances";
  }
  if (*stats.chosen != 0) out << ", " << stats.chosen << ": " << stats.why;
  return out;
}

// y0 has the shape of the state, theta that of the field's parameters (length zero where it has none).
template <class F, class Y>
struct Gradient {
  Y y0;
  Parameters<F, Y> theta;
  TimeGradient<F, Y> t0{}, t1{};
  BackwardStats stats;
};

// One line; without θ where the field has none, and without t0 and t1 where they are not known.
template <class F, class Y>
std::ostream& operator<<(std::ostream& out, const Gradient<F, Y>& gradient) {
  out << "dL/dy0 = ";
  detail::print_value(out, gradient.y0);
  if (gradient.theta.size() > 0) {
    out << ", dL/dtheta = ";
    detail::print_value(out, gradient.theta);
  }
  if constexpr (HasTimeGradient<F, Y>) out << ", dL/dt0 = " << gradient.t0 << ", dL/dt1 = " << gradient.t1;
  return out << "; " << gradient.stats;
}

}  // namespace antistrophe
