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
//   way_back()                               what a sweep through all segments, the last first, takes along
//   sweep(stepper, segment, timeline, carry, backward, way_back, stats)
//                                            goes from the carry after a segment's last step to the one at its start, and
//                                            pulls back through each step. For i from the last step to the first it calls
//                                            backward.saves_inside(i) for the stepper's pullback or step_back, then
//                                            backward.after_step(i, step_bar) and backward.meet_saves(i, carry); and first
//                                            of all backward.meet_saves(n, carry). Returns what made it fail, if anything.
// A *continuous* adjoint solves an equation of its own backwards instead. It has `static constexpr bool is_continuous = true`,
// a Trace without sweep, and
//   template <class F, class Y>
//   Gradient<F, Y> pull_back(const ForwardSolve<F, Y>& forward, const Cotangents<Y>& cotangents) const;
#pragma once

#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/detail/requirements.hpp>
#include <antistrophe/problem/solution.hpp>

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
// the record. ts and events are empty where nothing depends on them.
template <class Y>
struct Cotangents {
  const std::vector<Y>& ys;
  const std::vector<double>& ts;
  const std::vector<EventCotangent<Y>>& events;
};

// What a continuous adjoint is given of the forward solve: the problem, the saved times and states, and the state at its end,
// at t_end (t1, unless an observer stopped it).
template <class F, class Y>
struct ForwardSolve {
  const F& field;
  const Y& y0;
  double t0, t1;
  const std::vector<double>& ts;
  const std::vector<Y>& ys;
  double t_end;
  const Y& y_end;
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
