// assert_reversible(problem, method, steps): there and back, for a vector field one does not trust. In exact arithmetic
// the way back must end at the initial state bit for bit; in floating arithmetic the drift is measured.
#pragma once

#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/solve.hpp>

#include <cstdint>

namespace antistrophe {

// The initial state as the way back found it; its largest distance from the one set out from (0 in exact arithmetic);
// the state at t1; and the bits that were set aside.
template <class Y>
struct RoundTrip {
  Y y0;
  Y y1;
  double drift = 0;
  std::int64_t bits = 0;
  std::int64_t steps = 0;
};

namespace detail {

template <class F, class Y, class M, class StepsType>
consteval bool require_round_trip() {
  if constexpr (!require_solve<F, Y, M, StepsType>())
    return false;
  else
    return ReversibleAdjoint::require<typename M::template Stepper<F, Y>>();
}

}  // namespace detail

// Needs no vjp. Throws SolveError with Status::impure_field where an exact method does not return to its initial state,
// and as solve does.
template <class F, class Y, class M, class StepsType>
RoundTrip<Y> assert_reversible(const Problem<F, Y>& problem, const M& method, const StepsType& steps) {
  if constexpr (!detail::require_round_trip<F, Y, M, StepsType>()) {
    return {};
  } else {
    using S = typename M::template Stepper<F, Y>;
    using Trace = typename ReversibleAdjoint::Trace<S>;
    detail::validate(problem);
    using NoEvents = detail::EventDetector<F, Y>;
    detail::Forward<S, Trace, NoEvents> forward(method, problem.field, problem.y0, problem.t0, problem.t1, steps, {},
                                                NoEvents(Events<>{}, problem.field), OnFailure::throw_error);
    detail::Segment<S>& segment = forward.segments.front();
    BackwardStats stats;
    RoundTrip<Y> trip{problem.y0, forward.solution.ys().back(), 0, forward.trace.bits_kept(), segment.timeline.steps()};
    auto way_back = forward.trace.way_back();
    const Failure failure =
        forward.trace.reconstruct(forward.stepper, 0, segment.timeline, segment.end, way_back, stats);
    if (failure.status != Status::success) throw SolveError(failure, forward.solution);
    forward.stepper.read(segment.end, trip.y0);
    trip.drift = stats.drift;
    return trip;
  }
}

}  // namespace antistrophe
