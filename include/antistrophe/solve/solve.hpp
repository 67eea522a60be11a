// solve(problem, method, steps[, save_at][, on_failure]): the solution of an initial value problem.
#pragma once

#include <antistrophe/solve/march.hpp>
#include <antistrophe/solve/problem.hpp>
#include <antistrophe/solve/requirements.hpp>
#include <antistrophe/solve/save_at.hpp>
#include <antistrophe/solve/saver.hpp>
#include <antistrophe/solve/solution.hpp>
#include <antistrophe/steps/adaptive.hpp>
#include <antistrophe/steps/fixed.hpp>

#include <any>
#include <cmath>
#include <concepts>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

template <class StepsType>
Timeline timeline_of(const StepsType& steps, double t0, double t1) {
  if constexpr (std::same_as<StepsType, Adaptive>)
    return Timeline::growing(t0);
  else
    return steps.timeline(t0, t1);
}

// A method for steps chosen to a tolerance: an exact one that was given no resolution gets one well below it.
template <class Method, class StepsType, State Y>
Method resolved(const Method& method, const StepsType& steps, const Y& y0) {
  Method result = method;
  if constexpr (std::same_as<StepsType, Adaptive> && requires { result.resolution; }) {
    if (result.resolution == 0 && steps.atol.smallest() > 0)
      result.resolution = std::fmin(default_resolution(y0), steps.atol.smallest() / 64);
  }
  return result;
}

// A stepper's forward pass with everything it leaves behind; solve shows the solution, an adjoint goes back from it.
template <Stepper S, class Trace>
struct Forward {
  Timeline timeline;
  SavePlan plan;
  S stepper;
  typename S::Carry carry;
  Trace trace;
  Solution<typename S::State> solution;

  template <class Method, class F, class StepsType>
  Forward(const Method& method, const F& field, const typename S::State& y0, double t0, double t1, const StepsType& steps,
          const SaveAt& save_at, OnFailure on_failure)
      : timeline(timeline_of(steps, t0, t1)), stepper(resolved(method, steps, y0), field, y0), carry(stepper.make_carry()) {
    using Y = typename S::State;
    Saver<Y> saver(save_at, t0, t1, timeline.steps(), y0);
    Stats stats;
    Failure failure;
    if constexpr (std::same_as<StepsType, Adaptive>) {
      validate(steps, y0, t0, t1);
      failure = march(stepper, steps, t1, timeline, y0, carry, trace, saver, stats);
    } else {
      failure = march(stepper, timeline, y0, carry, trace, saver, stats);
    }
    const bool failed = failure.status != Status::success;
    stats.evaluations = stepper.calls().evaluations;
    if constexpr (requires { trace.bytes(); }) {
      stats.bytes_kept = trace.bytes() + timeline.bytes();
      stats.bits = trace.bits_kept();
    }
    plan = saver.plan();
    solution = Solution<Y>(plan.ts, saver.take_states(), timeline, std::move(failure), stats);
    if (failed && on_failure == OnFailure::throw_error) throw SolveError(solution.failure(), solution);
  }
};

}  // namespace detail

// Throws std::invalid_argument for bad arguments and SolveError, carrying the solution so far, where the solve cannot go
// on; with OnFailure::return_status the latter is returned as the solution's status instead.
template <class F, class Y, class M, class StepsType>
Solution<Y> solve(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at = {},
                  OnFailure on_failure = OnFailure::throw_error) {
  if constexpr (detail::require_solve<F, Y, M, StepsType>()) {
    detail::validate(problem);
    using S = typename M::template Stepper<F, Y>;
    detail::Forward<S, detail::NoTrace> forward(method, problem.field, problem.y0, problem.t0, problem.t1, steps,
                                                save_at, on_failure);
    return std::move(forward.solution);
  } else {
    return {};
  }
}

}  // namespace antistrophe
