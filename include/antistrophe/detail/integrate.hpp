// SPDX-License-Identifier: MIT
// The one forward loop. A step control proposes steps, laid out before or chosen to a tolerance, and judges them; the loop
// saves what is asked for, watches for events and tells a trace what it passes. A trace keeps whatever its adjoint will need
// on the way back; a plain solve has the trace that keeps nothing.
#pragma once

#include <antistrophe/core/detail/first_in_place.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/detail/cost.hpp>
#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/detail/local_errors.hpp>
#include <antistrophe/detail/saver.hpp>
#include <antistrophe/detail/step_control.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/problem/solution.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>
#include <antistrophe/stepper/strides.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// What a plain solve keeps for the way back.
struct NoTrace {
  static constexpr bool heeds_steps = false;
  NoBits bits;
  void restart() {}
  template <class S>
  void begin(const S&, std::int64_t, const typename S::Carry&) {}
  template <class Carry>
  void before_step(std::int64_t, const Carry&) {}
};

// An event that interrupts a step, which ends a segment: the step it lies in, which is not committed, where in it, and the
// state and its slope there.
template <class Y>
struct Interruption {
  EventHit hit;
  Step step{};
  double t = 0;
  Y y, slope;
};

// A stretch of a solve from a start to an event or the end: its nodes, its first save in the plan, the carry after its last
// committed step, and the event, if one interrupted it.
template <class S>
struct Segment {
  Timeline timeline;
  std::size_t saves_begin;
  typename S::Carry end;
  std::optional<Interruption<typename S::State>> interruption;
};

// Where an event of the record was met: at the start of the solve, inside a committed step, or at the end of a segment. Its
// step begins at node `node` of segment `segment`; slope is y' there.
template <class Y>
struct EventPlace {
  enum class Kind { at_start, inside, interrupting } kind = Kind::inside;
  std::size_t segment = 0;
  std::int64_t node = 0;
  double sigma = 0;
  Y slope;
};

// What a forward pass works with and leaves behind.
template <class S, class Trace, class Detector>
struct Forward {
  using Y = typename S::State;

  S stepper;
  Trace trace;
  Detector detector;
  Saver<Y> saver;
  AttemptedStep<S> attempted;
  FirstInPlace<Segment<S>> segments;
  std::vector<EventRecord<Y>> events;
  FirstInPlace<EventPlace<Y>> places;  // of events, one each
  Stats stats;
  Failure failure;
  Y start, end;                 // of the segment at hand, of the step at hand
  LocalErrors<Y> local_errors;  // where steps are chosen for a gradient

  // No aggregate, for of one compilers set all memory to zero before they fill it in.
  template <class MakeStepper>
  Forward(const MakeStepper& make_stepper, Trace&& kept, Detector&& watching, const SaveAt& save_at,
          const Timeline& plan, double t0, double t1, const Y& y0, const typename Saver<Y>::Observe& observe,
          typename Saver<Y>::Keep keep)
      : stepper(make_stepper()),
        trace(std::move(kept)),
        detector(std::move(watching)),
        saver(save_at, plan, t0, t1, y0, observe, keep),
        attempted(y0),
        start(y0),
        end(zeros_like(y0)) {}

  // Forgets the solve before, but keeps its memory.
  void restart() {
    trace.restart();
    detector.restart();
    saver.restart();
    events.clear();
    places.shorten(0);
    stats = {};
    failure = {};
  }
};

// Runs a forward pass from y0 at t0 to t1.
template <class S, class Trace, class Detector, class Control>
class Integration {
 public:
  using Y = typename S::State;

  Integration(Forward<S, Trace, Detector>& forward, Control& control, Throttle& throttle, double t0, double t1)
      : f_(forward), control_(control), throttle_(throttle), t0_(t0), t1_(t1) {}

  // Through all segments. `plan` holds the steps laid out before, or t0 alone; where no event can interrupt them, the one
  // segment has them from the beginning.
  void run(const Timeline& plan, const Y& y0) {
    laid_out_ = Detector::none && plan.steps() > 0;
    expected_steps_ = plan.steps();
    const Calls before = f_.stepper.calls();
    f_.start = y0;
    f_.failure = all_segments(plan);
    if constexpr (requires { control_.guarded(); }) f_.stats.guarded = control_.guarded();
    // Of steps laid out before, those that were taken, fewer where the solve ended early.
    if (f_.segments.size() == 1) f_.segments[0].timeline.shorten(f_.stats.accepted);
    f_.stats.evaluations = f_.stepper.calls().evaluations - before.evaluations;
    if constexpr (!Detector::none) f_.stats.evaluations += f_.detector.evaluations();
    if constexpr (requires { f_.trace.end(); }) {
      f_.trace.end();
      f_.stats.evaluations += f_.trace.evaluations();
    }
    if constexpr (requires { f_.trace.bytes(); }) {
      f_.stats.bytes_kept = f_.trace.bytes() + f_.local_errors.bytes() + (plan.steps() > 0 ? plan.bytes() : 0);
      for (const Segment<S>& segment : f_.segments) f_.stats.bytes_kept += segment.timeline.bytes();
      f_.stats.bits = f_.trace.bits_kept();
    }
  }

 private:
  using Carry = typename S::Carry;
  using Place = EventPlace<Y>;

  Failure all_segments(const Timeline& plan) {
    double t = t0_;
    std::int64_t first = plan.first();
    std::optional<std::size_t> fired;
    for (number_ = 0;; ++number_) {
      if (laid_out_)
        open_segment(plan);
      else
        open_segment(begun(plan, t).numbered_from(first));
      if constexpr (!Detector::none) {
        f_.detector.start(t, f_.start, fired);
        if (const std::optional<std::size_t> again = f_.detector.recurring())
          return endless(*again, Step{first, t, t, &f_.segments[number_].timeline});
      }
      Failure failure = one_segment();
      const Segment<S>& segment = f_.segments[number_];
      if (failure.status != Status::success || !segment.interruption) return failure;
      if constexpr (!Detector::none) {
        const Interruption<Y>& met = *segment.interruption;
        if (f_.detector.ends_solve(met.hit.index))
          return failure_at(Status::event, met.t, met.step.n, -1, "a terminal event");
        first = segment.timeline.first() + segment.timeline.steps();
        t = met.t;
        fired = met.hit.index;
        f_.detector.jump(met.hit.index, t, met.y, f_.start);
        if (const Eigen::Index bad = first_not_finite(f_.start); bad >= 0)
          return bad_jump(t, first, bad, met.hit.index);
        control_.resume(t);
      }
    }
  }

  // The timeline of a segment that begins at t, and grows.
  Timeline begun(const Timeline& plan, double t) const {
    if constexpr (requires { control_.passed(); }) return plan.stretch(t, control_.passed(), number_ > 0);
    return Timeline::growing(t).like(plan).after_event(number_ > 0);
  }

  // A segment of the solve before is used again.
  void open_segment(const Timeline& timeline) {
    const std::size_t saves = f_.saver.mark().saves;
    if (number_ < f_.segments.size()) {
      Segment<S>& segment = f_.segments[number_];
      segment.timeline = timeline;
      segment.saves_begin = saves;
      segment.interruption.reset();
      f_.segments.shorten(number_ + 1);
    } else {
      f_.segments.push_back({timeline, saves, f_.stepper.make_carry(), std::nullopt});
    }
  }

  // From f_.start to an event or the end. The carry is left at the end, or before the step that failed or was interrupted.
  Failure one_segment() {
    Segment<S>& segment = f_.segments[number_];
    S& stepper = f_.stepper;
    Saver<Y>& saver = f_.saver;
    Carry& carry = segment.end;
    Timeline& timeline = segment.timeline;
    double t = timeline.t0();
    std::optional<std::size_t> over_at_start;
    if constexpr (!Detector::none) over_at_start = f_.detector.over_at_start();
    saver.start(t, f_.start, control_.over() || over_at_start);
    if (!saver.goes_on()) return stopped(timeline.first());
    const double sees = timeline.sees_after(t);
    if (const Outcome outcome = stepper.start(sees, f_.start, carry); outcome != Outcome::ok)
      return failed_at(stepper, outcome, Step{timeline.first(), t, t, &timeline});
    f_.trace.begin(stepper, expected_steps_, carry);
    if constexpr (!Detector::none) {
      if (over_at_start) {
        f_.events.push_back({*over_at_start, t, f_.start});
        f_.places.push_back({Place::Kind::at_start, number_, 0, 0, f_.start});
        return failure_at(Status::event, t, timeline.first(), -1, "a terminal event at the start");
      }
    }
    control_.start(stepper, sees, f_.start);

    for (std::int64_t i = 0; !control_.over();) {
      if constexpr (may_stride) {
        if (const std::int64_t count = stride(timeline, i, carry); count > 0) {
          i += count;
          t = timeline[i];
          continue;
        }
      }
      const double t_next = control_.target(t);
      const Step& step = f_.attempted.begin(timeline.first() + i, t, t_next, &timeline);
      if (control_.exhausted(step, f_.stats)) return control_.why_exhausted(step);
      ++f_.stats.steps;
      Outcome outcome = stepper.attempt(step, carry);
      if (outcome == Outcome::ok) outcome = control_.judge(stepper, step, carry);
      if constexpr (with_cost)
        if (outcome == Outcome::ok) outcome = judge_cost(carry);
      bool accepted = outcome == Outcome::ok;
      if (accepted) {
        const bool may_save = saver.looks_inside();  // else there is nothing to take back
        const auto mark = may_save ? saver.mark() : typename Saver<Y>::Mark{};
        if constexpr (!Detector::none) {
          const std::size_t recorded = f_.events.size();
          const auto event_mark = f_.detector.mark();
          if (meets_event(segment, i)) {
            if (!saver.goes_on()) return stopped(step.n);
            return {};
          }
          if (const std::optional<std::size_t> again = f_.detector.recurring()) return endless(*again, step);
          outcome = commit(step, i, carry, may_save);
          if (outcome != Outcome::ok) {
            f_.events.resize(recorded);
            f_.places.shorten(recorded);
            f_.detector.rewind(event_mark);
          }
        } else {
          outcome = commit(step, i, carry, may_save);
        }
        accepted = outcome == Outcome::ok;
        if (!accepted && may_save) saver.rewind(mark);
      }
      if (!accepted) {
        ++f_.stats.rejected;
        if (std::optional<Failure> failure = control_.rejected(stepper, outcome, step))
          return explained(*std::move(failure));
        continue;
      }
      ++f_.stats.accepted;
      if constexpr (with_cost) f_.trace.step_stands();
      if (!laid_out_) timeline.append(t_next);
      control_.accepted(stepper, step);
      t = t_next;
      ++i;
      saver.after(stepper, t, i, control_.over(), carry);
      if (!saver.goes_on()) return stopped(step.n);
      throttle_.tell([&] { return (t - t0_) / (t1_ - t0_); }, f_.stats);
    }
    return {};
  }

  // Where nobody looks at steps and a stepper can go many at once, it does; the last is taken by itself.
  static constexpr bool may_stride = Strides<S> && Detector::none && !MetersCost<Trace> && requires(Control& control) {
    control.strode(1);
    requires !Trace::heeds_steps;
  };
  std::int64_t stride(const Timeline& timeline, std::int64_t i, Carry& carry) {
    if (!laid_out_ || !f_.saver.waits_for_end() || throttle_.anybody_listens()) return 0;
    const std::int64_t end = timeline.steps() - 1;
    std::int64_t count = 0;
    if constexpr (requires { f_.trace.offers_states(); }) {
      if (!f_.trace.offers_states()) return 0;
      auto states = f_.trace.states(timeline, end, carry);
      count = f_.stepper.stride(timeline, i, end, carry, states);
    } else {
      count = f_.stepper.stride(timeline, i, end, carry, f_.trace.bits);
    }
    f_.stats.steps += count;
    f_.stats.accepted += count;
    control_.strode(count);
    return count;
  }

  // The step stands once this is ok. What is asked for inside it is read off it before its carry is gone.
  ANTISTROPHE_ALWAYS_INLINE Outcome commit(const Step& step, std::int64_t node, Carry& carry, bool may_save) {
    if (may_save) [[unlikely]] {
      f_.saver.inside(f_.stepper, f_.attempted, step.t1, node, carry);
      f_.saver.keep_path(f_.stepper, f_.attempted, step.t1, carry);
    }
    keep_step(carry, 1);
    if (!f_.attempted.finite() || !cost_is_finite()) return Outcome::not_finite;
    f_.trace.before_step(step.n, carry);
    if constexpr (requires { f_.trace.set_aside(f_.stepper, step.n); }) f_.trace.set_aside(f_.stepper, step.n);
    return f_.stepper.commit(step, carry, f_.trace.bits);
  }

  // A trace may keep the attempted step's dense output.
  void keep_step(const Carry& carry, double sigma) {
    if constexpr (requires { f_.trace.keep_step(f_.stepper, f_.attempted, carry, sigma); })
      f_.trace.keep_step(f_.stepper, f_.attempted, carry, sigma);
  }

  // --- A running cost, which the trace adds up ---

  static constexpr bool with_cost = MetersCost<Trace>;

  bool cost_is_finite() const {
    if constexpr (with_cost) return f_.trace.cost_is_finite();
    return true;
  }
  // A control that chooses steps hears of the integral's error.
  Outcome judge_cost(const Carry& carry) {
    if constexpr (requires(CostEstimate cost) { control_.judge_cost(cost); })
      return control_.judge_cost(f_.trace.estimate_cost(f_.stepper, f_.attempted, carry));
    else
      return Outcome::ok;
  }
  Failure explained(Failure failure) const {
    if constexpr (with_cost) {
      if (cost_is_finite()) return failure;
      return {
          Status::not_finite,
          failure.t,
          failure.step,
          -1,
          "the q of the RunningCost is not finite at t = " + in_words(f_.trace.cost_not_finite_at(f_.attempted.step())),
          failure.h};
    }
    return failure;
  }

  // Looks for events in the attempted step from node `node`. True where one interrupts it: then the segment is over.
  bool meets_event(Segment<S>& segment, std::int64_t node) {
    S& stepper = f_.stepper;
    const Step& step = f_.attempted.step();
    stepper.proposal(step, segment.end, f_.end);
    const auto record = [&](const EventHit& hit, double t, const Y& y, const auto& polynomial) {
      f_.events.push_back({hit.index, t, y});
      f_.places.push_back({Place::Kind::inside, number_, node, hit.sigma, y});
      slope(polynomial, hit.sigma, step, f_.places.back().slope);
    };
    const std::optional<EventHit> hit = f_.detector.look(stepper, f_.attempted, segment.end, f_.end, record);
    if (!hit) return false;
    const auto& polynomial = f_.attempted.polynomial(stepper, segment.end);
    Interruption<Y> met{*hit, step, hit->sigma == 1 ? step.t1 : step.t0 + hit->sigma * step.h(), f_.start, f_.start};
    polynomial.value(hit->sigma, met.y);
    slope(polynomial, hit->sigma, step, met.slope);
    f_.saver.inside(stepper, f_.attempted, met.t, node, segment.end);
    f_.saver.keep_path(stepper, f_.attempted, met.t, segment.end);
    keep_step(segment.end, hit->sigma);
    if constexpr (with_cost) {
      f_.trace.step_stands();
      if constexpr (requires { f_.trace.way_back(); })
        f_.trace.cut(stepper, f_.attempted, segment.end, hit->sigma, number_);
    }
    f_.saver.interruption(met.t, hit->sigma, node, f_.detector.ends_solve(hit->index), met.y);
    f_.events.push_back({hit->index, met.t, met.y});
    f_.places.push_back({Place::Kind::interrupting, number_, node, hit->sigma, met.slope});
    ++f_.stats.accepted;
    segment.interruption = std::move(met);
    return true;
  }

  static void slope(const auto& polynomial, double sigma, const Step& step, Y& slope) {
    polynomial.slope(sigma, slope);
    slope /= scalar<Y>(step.h());
  }

  Failure stopped(std::int64_t step) const {
    return failure_at(Status::stopped, f_.saver.stopped_at(), step, -1, "the observer asked for it");
  }
  ANTISTROPHE_COLD static Failure bad_jump(double t, std::int64_t step, Eigen::Index component, std::size_t event) {
    return {Status::not_finite, t, step, component,
            "the jump of event " + std::to_string(event) + " is not finite, or left an entry of y_new unwritten"};
  }
  ANTISTROPHE_COLD static Failure endless(std::size_t event, const Step& step) {
    return {Status::step_size_vanished, step.t0, step.n, -1,
            "event " + std::to_string(event) +
                " fires again and again at this time, infinitely often in finite time, like the bounces of a ball that "
                "comes to rest; let its jump put the state to rest, or end the solve by another event before it"};
  }

  Forward<S, Trace, Detector>& f_;
  Control& control_;
  Throttle& throttle_;
  double t0_, t1_;
  bool laid_out_ = false;
  std::int64_t expected_steps_ = 0;
  std::size_t number_ = 0;  // of the segment at hand
};

}  // namespace antistrophe::detail
