// SPDX-License-Identifier: MIT
// What an adjoint is: an aggregate of options that says how cotangents go back through a solve. It is handed to a gradient
// call beside the other extras, value_and_gradient(problem, method, steps, loss, DirectAdjoint{}), and has
//   static constexpr bool is_adjoint = true;
//   template <class S> static consteval bool require();    true where it goes with stepper S; else asserts why not
//   template <class S> class Trace;                        what it keeps of the forward pass, made of the adjoint
// and a Trace, made of the adjoint's options (or of nothing, where it has none),
//   bits                                     takes what exact arithmetic sets aside: NoBits or a BitStack
//   restart()                                forgets the solve before, but keeps its memory
//   begin(stepper, n, carry)                 at the start of each segment; n steps are expected of the solve, 0 if unknown
//   before_step(number, carry)               before each step is committed
//   bytes(), bits_kept()                     what it holds
// It may have
//   take_up(steps, y0)                       the steps and first state of each way forth, before it is taken
//   keep_step(stepper, attempted, carry, sigma)
//                                            told of each step that is about to be committed (sigma is 1; before before_step)
//                                            or cut at sigma
//   set_aside(stepper, number)               after before_step: what only the stepper knows of that step (KeepsStages)
//   end(), evaluations()                     after the way forth; how often it has called f itself
// and has, for the way back,
//   way_back()                               what a sweep through all segments, the last first, takes along
//   sweep(stepper, segment, timeline, carry, backward, way_back, stats)
//                                            goes from the carry after a segment's last step to the one at its start, and
//                                            pulls back through each step. For i from the last step to the first it calls
//                                            backward.saves_inside(i) for the stepper's pullback or step_back, then
//                                            backward.after_step(i, step_bar) and backward.meet_saves(i, carry); and first
//                                            of all backward.meet_saves(n, carry). Returns what made it fail, if anything.
// A *continuous* adjoint solves the equation of the cotangent instead, λ' = −(∂f/∂y)ᵀλ, backwards in steps of its own. The library
// walks through the segments, the last first, and through what was met in them: it adds the cotangents of saved states and of
// events, goes through jumps and gathers the gradients of times. In between it asks the adjoint for one smooth stretch after another.
// Such an adjoint has `static constexpr bool is_continuous = true`, a Trace (without way_back and sweep, but perhaps with
// keep_step(stepper, attempted, carry, sigma), which is told of each step that is about to be committed, or cut at sigma) only if it keeps something
// of the forward pass, and
//   template <class F, class Y, class M> class Equation;   made of (adjoint, method of the way forth, field, y0)
// An Equation has (and includes antistrophe/adjoint/continuous.hpp, as programs that use one then do)
//   static constexpr bool reconstructs       whether it solves the state backwards as well
//   go_back(stretch, y, lambda, theta_bar, stats)
//                                            from stretch.from to stretch.to: y, if it reconstructs, and lambda are changed to
//                                            what they are there, ∫ λᵀ ∂f/∂θ dt is added to theta_bar; counts what it calls.
//                                            Returns what made it fail, if anything
// and may have
//   take_up(steps)                           the steps of each way forth, before it is taken
//   begin(timeline, trace)                   before each way back; its first segment, and what was kept
//   reset_every()                            after so many saves y is reset to the state that was saved; else after each
//   tolerance(size)                          the relative one of y, of states of this size; 0 where it has none
//   take_strayed()                           how far y was from states that its trace had kept, since it was last asked
#pragma once

#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/detail/requirements.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/problem/solution.hpp>
#include <antistrophe/step/timeline.hpp>

#include <cstddef>
#include <vector>

namespace antistrophe {

// The cotangents of the time of an event of the record and of the state there (before the jump, if it has one).
template <class Y>
struct EventCotangent {
  double t = 0;
  Y y;
};

// Cotangents of what a solve gave: ys[i] of its i-th saved state, ts[i] of the time of that, events[k] of the k-th event of
// the record. ts and events are empty where nothing depends on them.  running_cost of a RunningCost, where there is one.
template <class Y>
struct Cotangents {
  const std::vector<Y>& ys;
  const std::vector<double>& ts;
  const std::vector<EventCotangent<Y>>& events;
  double running_cost = 1;
};

// A stretch of the way back, on which nothing is met: from one time of a segment to an earlier one (in the direction of the
// solve). The timeline has the steps of the way forth, and the times at which f jumps.
struct Stretch {
  double from, to;
  std::size_t segment;  // its number
  const Timeline* timeline;
  double t0, t1;  // of the whole solve
  detail::Throttle* throttle;
  const Stats* stats;  // of the way forth

  // Tells of progress.
  void passed(double t) const {
    throttle->tell([&] { return (t1 - t) / (t1 - t0); }, *stats);
  }
};

namespace detail {

template <class Adjoint>
concept ContinuousAdjoint = requires { requires bool(Adjoint::is_continuous); };

template <class Trace, class Adjoint>
Trace make_trace(const Adjoint& adjoint) {
  if constexpr (requires { Trace(adjoint); })
    return Trace(adjoint);
  else
    return Trace();
}

}  // namespace detail
}  // namespace antistrophe
