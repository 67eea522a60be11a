// SPDX-License-Identifier: MIT
// The way back through a whole solve: segment by segment, the last first, through the event at the end of each and then
// through its steps.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/backward.hpp>
#include <antistrophe/adjoint/detail/ways_back.hpp>
#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/integrate.hpp>
#include <antistrophe/field/detail/requirements.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class F, class S, class Trace, class Detector>
class BackwardPass {
 public:
  using Y = typename S::State;

  BackwardPass(Forward<S, Trace, Detector>& forward, const F& field, const Y& like)
      : forward_(forward),
        field_(field),
        backward_(forward.stepper, forward.trace, field, forward.saver.plan(), forward.places, like),
        carry_(forward.stepper.make_carry()),
        start_bar_(zeros_like(like)),
        w_(start_bar_),
        slopes_{start_bar_, zero_parameters<F, Y>(field)} {}

  // From the cotangents of what a finished solve gave to the gradient. The failure says success, or what made it fail.
  Failure run(const Cotangents<Y>& bar, Throttle& throttle, Gradient<F, Y>& gradient) {
    S& stepper = forward_.stepper;
    const Calls before = stepper.calls();
    const FirstInPlace<Segment<S>>& segments = forward_.segments;
    gradient.stats = {};
    start_bar_.setZero();
    event_ws_.clear();
    backward_.errors.begin(forward_.local_errors);
    backward_.begin(bar, event_ws_, throttle, forward_.stats);
    bar_ = &bar;
    record_ = forward_.events.size();
    TimeCotangents ends_bar;
    if constexpr (!Detector::none) {
      if (Failure failure = meet_record(); failure.status != Status::success) return failure;
    }

    auto way_back = forward_.trace.way_back();
    double event_bar = 0;
    for (std::size_t k = segments.size(); k-- > 0;) {
      const Segment<S>& segment = segments[k];
      carry_ = segment.end;
      backward_.enter(k, segment.timeline, segment.saves_begin,
                      !segment.interruption && forward_.failure.status == Status::success);
      if constexpr (!Detector::none) {
        if (segment.interruption) {
          Failure failure = through_event(segment, k + 1 < segments.size(), event_bar);
          if (failure.status != Status::success) return failure;
        }
      }
      Failure failure = forward_.trace.sweep(stepper, k, segment.timeline, carry_, backward_, way_back, gradient.stats);
      if (failure.status != Status::success) return failure;
      backward_.leave();
      TimeCotangents start_bar;
      stepper.finish(segment.timeline.sees_after(segment.timeline.t0()), carry_, backward_.carry_bar, start_bar_,
                     backward_.theta_bar, start_bar);
      if constexpr (!Detector::none) start_bar.t0 += add_event_at_start(k);
      if (k == 0) ends_bar.t0 += start_bar.t0;
      event_bar = backward_.times_bar.event + start_bar.t0;
    }

    gradient.y0 = start_bar_;
    gradient.theta = backward_.theta_bar;
    if constexpr (HasTimeGradient<F, Y>) {
      ends_bar.t0 += backward_.times_bar.t0;
      ends_bar.t1 += backward_.times_bar.t1;
      if (segments.size() == 1 && !segments[0].interruption && segments[0].timeline.steps() == 0)
        add_instant(bar.ys, ends_bar);
      if constexpr (Backward<S, F, Trace>::Cost::any) add_instant_cost(ends_bar);
      gradient.t0 = ends_bar.t0;
      gradient.t1 = ends_bar.t1;
    }
    gradient.stats.evaluations += stepper.calls().evaluations - before.evaluations;
    gradient.stats.vjps = stepper.calls().vjps - before.vjps;
    gradient.stats.bytes += backward_.errors.bytes();
    return finite_gradient(gradient, segments.front().timeline);
  }

  // Before run, where errors of steps are recorded.
  void watch_errors() { backward_.watch_errors(); }
  // After run: what errors of steps have made of the gradient.
  ANTISTROPHE_COLD GradientError judge(Gradient<F, Y>& gradient, double bearable) {
    return error_of_gradient<S>(backward_.errors, field_, gradient, bearable);
  }
  ANTISTROPHE_COLD double rate_of_cotangents(BackwardStats& stats) {
    return backward_.errors.rate_of_cotangents(field_, stats);
  }

 private:
  Failure move_with_event(std::size_t index, double t, std::int64_t step, const Y& y, const Y& slope, double t_bar,
                          Y& w) {
    return detail::move_with_event(forward_.detector, index, t, step, y, slope, t_bar, w, backward_.theta_bar, slopes_);
  }

  // The cotangents of events of the record that did not interrupt a step: from each time and state to the state at a fixed
  // time inside the step.
  Failure meet_record() {
    if (bar_->events.empty()) return {};
    using Kind = typename EventPlace<Y>::Kind;
    for (std::size_t e = 0; e < forward_.events.size(); ++e) {
      const EventRecord<Y>& event = forward_.events[e];
      const EventPlace<Y>& place = forward_.places[e];
      event_ws_.push_back(bar_->events[e].y);
      if (place.kind != Kind::inside) continue;
      const Timeline& timeline = forward_.segments[place.segment].timeline;
      Failure failure = move_with_event(event.index, event.t, timeline.first() + place.node, event.y, place.slope,
                                        bar_->events[e].t, event_ws_.back());
      if (failure.status != Status::success) return failure;
    }
    backward_.begin_events(event_ws_.size());
    return {};
  }

  // Of the event of the record that ended the solve where segment k begins, if there is one: adds the cotangent of the state there,
  // returns that of the time.
  double add_event_at_start(std::size_t k) {
    if (event_ws_.empty() || forward_.places.back().kind != EventPlace<Y>::Kind::at_start ||
        forward_.places.back().segment != k)
      return 0;
    start_bar_ += event_ws_.back();
    return bar_->events.back().t;
  }

  // The event of the record that interrupted a segment. They stand in the order of segments, which are asked for from the
  // last to the first: each is found before the one asked for last.
  std::size_t record_of(std::size_t segment) {
    do --record_;
    while (forward_.places[record_].kind != EventPlace<Y>::Kind::interrupting ||
           forward_.places[record_].segment != segment);
    return record_;
  }

  // Back through the event at the end of a segment: from the cotangent of the state after its jump (where it `goes_on`), of
  // what was saved there, of its record and of its time, to that of the step it interrupted.
  Failure through_event(const Segment<S>& segment, bool goes_on, double t_after_bar) {
    using Scalar = typename Y::Scalar;
    const Interruption<Y>& met = *segment.interruption;
    Step step = met.step;
    step.timeline = &segment.timeline;
    const std::size_t index = met.hit.index;
    w_.setZero();
    double time_bar = 0;
    auto saves = backward_.saves_of_interrupted(segment.timeline.steps(), step, {met.hit.sigma, &w_}, w_, time_bar);
    if (!bar_->events.empty()) {
      const EventCotangent<Y>& bar =
          bar_->events[record_of(static_cast<std::size_t>(&segment - forward_.segments.data()))];
      w_ += bar.y;
      time_bar += bar.t;
    }
    if (goes_on) {
      Scalar jump_t_bar{0};
      forward_.detector.jump_vjp(index, met.t, met.y, start_bar_, w_, backward_.theta_bar, jump_t_bar);
      time_bar += t_after_bar + static_cast<double>(Eigen::numext::real(jump_t_bar));
    }
    Failure failure = move_with_event(index, met.t, step.n, met.y, met.slope, time_bar, w_);
    if (failure.status != Status::success) return failure;
    TimeCotangents step_bar;
    forward_.stepper.pullback(step, carry_, backward_.carry_bar, backward_.theta_bar, step_bar, saves);
    backward_.after_step(segment.timeline.steps(), step_bar);
    return {};
  }

  // t0 == t1: no step was taken, and y(t1) moves by f with t1 and by −f with t0.
  void add_instant(const std::vector<Y>& ys_bar, TimeCotangents& times_bar) const {
    const SavePlan& plan = forward_.saver.plan();
    if (ys_bar.empty() || !plan.last_is_end || plan.entries.back().given) return;
    const double slope = slope_along(field_, forward_.segments.front().timeline.t0(), forward_.start, ys_bar.back());
    times_bar.t1 += slope;
    times_bar.t0 -= slope;
  }

  // The same of a cost: ∫ q dt over nothing grows by q with t1.
  void add_instant_cost(TimeCotangents& times_bar) {
    const Segment<S>& only = forward_.segments.front();
    if (forward_.segments.size() > 1 || only.interruption || only.timeline.steps() > 0) return;
    const double rate = backward_.cost.rate(only.timeline.t0(), forward_.start);
    times_bar.t1 += rate;
    times_bar.t0 -= rate;
  }

  Forward<S, Trace, Detector>& forward_;
  const F& field_;
  Backward<S, F, Trace> backward_;
  typename S::Carry carry_;
  const Cotangents<Y>* bar_ = nullptr;
  std::size_t record_ = 0;  // the event of the record that was met last
  std::vector<Y> event_ws_;
  Y start_bar_, w_;
  EventSlopes<Y, Parameters<F, Y>> slopes_;
};

}  // namespace antistrophe::detail
