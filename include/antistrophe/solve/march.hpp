// The one forward loop: steps along a timeline, saves what is asked for, and tells a trace what it passes. A trace keeps
// whatever its adjoint will need on the way back; a plain solve has the trace that keeps nothing.
#pragma once

#include <antistrophe/exact/bit_stack.hpp>
#include <antistrophe/solve/save_at.hpp>
#include <antistrophe/solve/solution.hpp>
#include <antistrophe/steps/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <cstdint>
#include <vector>

namespace antistrophe::detail {

struct NoTrace {
  NoBits bits;
  template <class S>
  void begin(const S&, std::int64_t, const typename S::Carry&) {}
  template <class Carry>
  void before_step(std::int64_t, const Carry&) {}
  template <class Carry>
  void end(const Carry&) {}
};

template <class S>
Failure failed_at(const S& stepper, Outcome outcome, const Step& step) {
  Blame blame = stepper.blame();
  return {outcome == Outcome::out_of_range ? Status::out_of_range : Status::not_finite, step.t0, step.n, blame.component,
          std::move(blame.cause)};
}

// Solves from y0 along the timeline. `ys` has room for every save of the plan; `saved` counts those made. The carry is
// left at the end, or before the step that failed.
template <Stepper S, class Trace>
Failure march(S& stepper, const Timeline& timeline, const SavePlan& plan, const typename S::State& y0,
              typename S::Carry& carry, Trace& trace, std::vector<typename S::State>& ys, std::size_t& saved,
              std::int64_t& accepted) {
  const std::int64_t n = timeline.steps();
  if (const Outcome outcome = stepper.start(timeline.t0(), y0, carry); outcome != Outcome::ok)
    return failed_at(stepper, outcome, Step{timeline.first(), timeline.t0(), timeline.t0(), &timeline});
  trace.begin(stepper, n, carry);
  for (; saved < plan.size() && plan.nodes[saved] == 0; ++saved) ys[saved] = y0;
  double t = timeline.t0();
  for (std::int64_t i = 0; i < n; ++i) {
    const double t_next = timeline[i + 1];
    const Step step{timeline.first() + i, t, t_next, &timeline};
    t = t_next;
    trace.before_step(i, carry);
    Outcome outcome = stepper.attempt(step, carry);
    if (outcome == Outcome::ok) outcome = stepper.commit(step, carry, trace.bits);
    if (outcome != Outcome::ok) return failed_at(stepper, outcome, step);
    ++accepted;
    for (; saved < plan.size() && plan.nodes[saved] == i + 1; ++saved) stepper.read(carry, ys[saved]);
  }
  trace.end(carry);
  return {};
}

}  // namespace antistrophe::detail
