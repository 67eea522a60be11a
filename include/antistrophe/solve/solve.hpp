// solve(problem, method, steps[, save_at][, on_failure]): the solution of an initial value problem.
#pragma once

#include <antistrophe/solve/march.hpp>
#include <antistrophe/solve/problem.hpp>
#include <antistrophe/solve/requirements.hpp>
#include <antistrophe/solve/save_at.hpp>
#include <antistrophe/solve/solution.hpp>
#include <antistrophe/steps/fixed.hpp>

#include <any>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

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
      : timeline(steps.timeline(t0, t1)),
        plan(plan_saves(save_at, timeline)),
        stepper(method, field, y0),
        carry(stepper.make_carry()) {
    using Y = typename S::State;
    std::vector<Y> ys(plan.size(), zeros_like(y0));
    std::size_t saved = 0;
    Stats stats;
    Failure failure = march(stepper, timeline, plan, y0, carry, trace, ys, saved, stats.accepted);
    const bool failed = failure.status != Status::success;
    stats.steps = stats.accepted + (failed ? 1 : 0);
    stats.rejected = failed ? 1 : 0;
    stats.evaluations = stepper.calls().evaluations;
    if constexpr (requires { trace.bytes(); }) {
      stats.bytes_kept = trace.bytes() + timeline.bytes();
      stats.bits = trace.bits_kept();
    }
    ys.resize(saved, zeros_like(y0));
    std::vector<double> ts(plan.ts.begin(), plan.ts.begin() + static_cast<std::ptrdiff_t>(saved));
    solution = Solution<Y>(std::move(ts), std::move(ys), std::move(failure), stats);
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
