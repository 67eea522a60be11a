// The one forward loop. A control proposes steps, laid out before or chosen to a tolerance, and judges them; the loop saves what
// is asked for, watches for events and tells a trace what it passes. A trace keeps whatever its adjoint will need on the way
// back; a plain solve has the trace that keeps nothing.
#pragma once

#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/detail/saver.hpp>
#include <antistrophe/detail/step_control.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/problem/solution.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

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

// The event that cuts the last step of a segment: the step it lies in, which is not committed, where in it, and the state
// and its slope there.
template <class Y>
struct Interruption {
  EventHit hit;
  Step step{};
  double t = 0;
  Y y, slope;
};

// A stretch of a solve from a start to an event or the end: its nodes, its saves in the plan, the carry after its last
// committed step, and the event, if one arrested it.
template <Stepper S>
struct Segment {
  Timeline timeline = Timeline::growing(0);
  std::size_t saves_begin = 0, saves_end = 0;
  typename S::Carry end;
  std::optional<Interruption<typename S::State>> interruption;
};

// Solves one segment from y at time t. The timeline grows with the steps, or, where `laid_out`, is complete. The carry is
// left at the end, or before the step that failed or was cut.
template <Stepper S, class StepControl, class Trace, class Detector>
Failure integrate(S& stepper, StepControl& control, bool laid_out, Segment<S>& segment, const typename S::State& y0,
                  Trace& trace, std::int64_t expected_steps, Detector& detector, Saver<typename S::State>& saver,
                  Stats& stats, std::vector<EventRecord<typename S::State>>& events, Throttle& throttle,
                  double whole_t0, double whole_t1) {
  using Y = typename S::State;
  typename S::Carry& carry = segment.end;
  Timeline& timeline = segment.timeline;
  double t = timeline.t0();
  const auto stopped = [&](std::int64_t step) {
    return Failure{Status::stopped, saver.stopped_at(), step, -1, "the observer asked for it"};
  };
  std::optional<std::size_t> over_at_start;
  if constexpr (!Detector::none) over_at_start = detector.over_at_start();
  saver.start(t, y0, control.over() || over_at_start);
  if (!saver.goes_on()) return stopped(timeline.first());
  if (const Outcome outcome = stepper.start(t, y0, carry); outcome != Outcome::ok)
    return failed_at(stepper, outcome, Step{timeline.first(), t, t, &timeline});
  trace.begin(stepper, expected_steps, carry);
  if (over_at_start) {
    events.push_back({*over_at_start, t, y0});
    return {Status::event, t, timeline.first(), -1, "a terminal event at the start"};
  }
  control.start(stepper, t, y0);

  for (std::int64_t i = 0; !control.over();) {
    const double t_next = control.target(t);
    const Step step{timeline.first() + i, t, t_next, &timeline};
    if (std::optional<Failure> failure = control.exhausted(step, stats)) return *std::move(failure);
    ++stats.steps;
    Outcome outcome = stepper.attempt(step, carry);
    bool accepted = outcome == Outcome::ok && control.accepts(stepper, step, carry);
    if (accepted) {
      const auto mark = saver.mark();
      const auto commit = [&] {
        saver.inside(stepper, step, t_next, i, carry);
        saver.keep_path(stepper, step, t_next, carry);
        trace.before_step(step.n, carry);
        return saver.finite() ? stepper.commit(step, carry, trace.bits) : Outcome::not_finite;
      };
      if constexpr (!Detector::none) {
        Y y1 = zeros_like(y0);
        stepper.proposal(step, carry, y1);
        const std::size_t recorded = events.size();
        const auto record = [&](const EventHit& hit, double at, const Y& y) { events.push_back({hit.index, at, y}); };
        const auto event_mark = detector.mark();
        const std::optional<EventHit> hit = detector.look(stepper, step, carry, y1, record);
        if (hit) {
          StepPolynomial<Y, S::dense_degree> polynomial(y0);
          stepper.extend(step, carry, polynomial);
          Interruption<Y> interruption{*hit, step, hit->sigma == 1 ? t_next : t + hit->sigma * step.h(), y0, y0};
          polynomial.value(hit->sigma, interruption.y);
          polynomial.slope(hit->sigma, interruption.slope);
          interruption.slope /= static_cast<typename Y::Scalar>(static_cast<RealOf<Y>>(step.h()));
          saver.inside(stepper, step, interruption.t, i, carry);
          saver.keep_path(stepper, step, interruption.t, carry);
          saver.interruption(interruption.t, hit->sigma, i, detector.ends_solve(hit->index), interruption.y);
          events.push_back({hit->index, interruption.t, interruption.y});
          ++stats.accepted;
          segment.interruption = std::move(interruption);
          if (!saver.goes_on()) return stopped(step.n);
          return {};
        }
        if (const std::optional<std::size_t> again = detector.recurring())
          return {Status::step_size_vanished, t, step.n, -1,
                  "event " + std::to_string(*again) +
                      " fires again and again at this time, infinitely often in finite time, like the bounces of a "
                      "ball that comes to rest; let its jump put the state to rest, or end the solve by another event "
                      "before it"};
        outcome = detector.finite() ? commit() : Outcome::not_finite;
        if (outcome != Outcome::ok) {
          events.resize(recorded);
          detector.rewind(event_mark);
        }
      } else {
        outcome = commit();
      }
      accepted = outcome == Outcome::ok;
      if (!accepted) saver.rewind(mark);
    }
    if (!accepted) {
      ++stats.rejected;
      if (std::optional<Failure> failure = control.rejected(stepper, outcome, step)) return *std::move(failure);
      continue;
    }
    ++stats.accepted;
    if (!laid_out) timeline.append(t_next);
    control.accepted(stepper, step);
    t = t_next;
    ++i;
    saver.after(stepper, t, i, control.over(), carry);
    if (!saver.goes_on()) return stopped(step.n);
    throttle.tell((t - whole_t0) / (whole_t1 - whole_t0), stats);
  }
  trace.end(carry);
  return {};
}

}  // namespace antistrophe::detail
