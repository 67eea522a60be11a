// SPDX-License-Identifier: MIT
// assert_reversible(problem, method, steps[, events]): there and back, for a vector field one does not trust. In exact arithmetic
// the way back must end at the initial state bit for bit; in floating arithmetic the drift is measured.
#pragma once

#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/detail/extras.hpp>
#include <antistrophe/detail/forward.hpp>
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

template <class F, class Y, class M, class StepsType, class... E>
RoundTrip<Y> round_trip(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                        const Events<E...>& events) {
  using S = typename M::template Stepper<F, Y>;
  validate(problem);
  const Timeline plan = timeline_of(steps, problem.field, problem.t0, problem.t1);
  const Progress no_progress;
  Throttle throttle(no_progress);
  auto forward = make_forward<S>(method, problem.field, problem.y0, problem.t0, problem.t1, steps, plan, SaveAt{},
                                 EventDetector(events, problem.field, problem.y0),
                                 typename ReversibleAdjoint::template Trace<S>{});
  run_with_room(forward, method, problem.field, steps, plan, problem.y0, problem.t0, problem.t1, false, throttle, true,
                [] {});
  const auto check = [&](const Failure& failure) {
    if (!succeeded(failure.status)) throw SolveError(failure, make_solution<true>(forward));
  };
  check(forward.failure);
  RoundTrip<Y> trip{problem.y0, forward.saver.states().back(), 0, forward.trace.bits_kept(), forward.stats.accepted};
  auto way_back = forward.trace.way_back();
  BackwardStats stats;
  for (std::size_t k = forward.segments.size(); k-- > 0;) {
    Segment<S>& segment = forward.segments[k];
    check(forward.trace.reconstruct(forward.stepper, k, segment.timeline, segment.end, way_back, stats));
  }
  forward.stepper.read(forward.segments.front().end, trip.y0);
  trip.drift = stats.drift;
  return trip;
}

}  // namespace detail

// Needs no vjp. Through Events{…}, if given, each stretch between them is gone back. Throws SolveError with
// Status::impure_field where an exact method does not return to its initial state, and as solve does.
template <class F, class Y, class M, class StepsType, class... Extras>
RoundTrip<Y> assert_reversible(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                               const Extras&... extras) {
  if constexpr (detail::require_extras<detail::Call::round_trip, Extras...>()) {
    if constexpr (detail::require_round_trip<F, Y, M, StepsType>())
      return detail::round_trip(problem, method, steps, detail::pick<detail::Extra::events>(Events<>{}, extras...));
  }
  return {};
}

}  // namespace antistrophe
