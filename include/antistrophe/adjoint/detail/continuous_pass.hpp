// SPDX-License-Identifier: MIT
// The way back of a continuous adjoint: segment by segment, the last first, through the event at the end of each, and from what
// was met in it to what was met before, between which the adjoint solves its equation. Here cotangents of states and times enter
// and leave, and a state that is solved backwards is held against those that were saved.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/adjoint_field.hpp>
#include <antistrophe/adjoint/detail/ways_back.hpp>
#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/integrate.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/step/detail/jumps.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class F, class S, class Trace, class Detector, class Adjoint, class M>
class ContinuousPass {
 public:
  using Y = typename S::State;
  using Equation = typename Adjoint::template Equation<F, Y, M>;

  // `y0` is the first state of each solve, wherever it is moved.
  ContinuousPass(Forward<S, Trace, Detector>& forward, const F& field, const Adjoint& adjoint, const M& method,
                 const Y& y0)
      : forward_(forward),
        field_(field),
        y0_(y0),
        equation_(adjoint, method, field, y0),
        y_(y0),
        lambda_(zeros_like(y0)),
        start_(y0),
        w_(lambda_),
        slope_(lambda_),
        tape_(make_tape<F, Y>(field, y0)),
        theta_bar_(zero_parameters<F, Y>(field)),
        g_{lambda_, theta_bar_} {
    if constexpr (with_cost) {
      cost_.rate = &forward.trace.cost_rate();
      equation_.charge(cost_);
    }
    if constexpr (requires { equation_.reset_every(); }) reset_every_ = equation_.reset_every();
  }

  // The steps of the way forth that is to be taken.
  template <class StepsType>
  void take_up(const StepsType& steps) {
    if constexpr (requires { equation_.take_up(steps); }) equation_.take_up(steps);
  }

  // From the cotangents of what a finished solve from t0 to t1 gave to the gradient. The failure says success, or what made it
  // fail.
  Failure run(const Cotangents<Y>& bar, double t0, double t1, Throttle& throttle, Gradient<F, Y>& gradient) {
    begin(bar, t0, t1, throttle, gradient);
    const std::size_t segments = forward_.segments.size();
    double start_bar = 0;  // dL/dt of the time at which the segment after it begins
    for (number_ = segments; number_-- > 0;) {
      const Segment<S>& segment = this->segment();
      reaches_t1_ = !segment.interruption && forward_.failure.status == Status::success;
      event_bar_ = 0;
      if (Failure failure = enter(number_ + 1 < segments, start_bar); failed(failure)) return failure;
      if (Failure failure = through_segment(); failed(failure)) return failure;
      if constexpr (!Detector::none) add_event_at_start();
      start_bar = event_bar_;
    }
    hand_over(start_bar, gradient);
    return finite_gradient(gradient, forward_.segments.front().timeline);
  }

 private:
  using Kind = typename EventPlace<Y>::Kind;
  static constexpr bool with_times = HasTimeGradient<F, Y>;
  static constexpr bool with_cost = MetersCost<Trace>;

  static bool failed(const Failure& failure) { return failure.status != Status::success; }
  const Segment<S>& segment() const { return forward_.segments[number_]; }
  const Timeline& timeline() const { return segment().timeline; }
  const SavePlan& plan() const { return forward_.saver.plan(); }

  void begin(const Cotangents<Y>& bar, double t0, double t1, Throttle& throttle, Gradient<F, Y>& gradient) {
    bar_ = &bar;
    states_ = &forward_.saver.states();
    t0_ = t0, t1_ = t1;
    sign_ = t1 >= t0 ? 1 : -1;
    slack_ = time_slack(t0, t1);
    throttle_ = &throttle;
    stats_ = &gradient.stats;
    *stats_ = {};
    next_ = plan().size();
    next_event_ = bar.events.empty() ? 0 : forward_.events.size();
    record_ = forward_.events.size();
    times_bar_ = {};
    lambda_.setZero();
    theta_bar_.setZero();
    saves_met_ = 0;
    size_ = largest_entry(y0_);
    set_scale();
    cost_.w = bar.running_cost / scale_;
    if constexpr (requires { equation_.begin(timeline(), forward_.trace); })
      equation_.begin(forward_.segments.front().timeline, forward_.trace);
  }

  // λ is linear in the cotangents, and no tolerance should depend on the units of the loss: the largest of them is taken for a
  // number between 1 and 2, by a power of two.
  void set_scale() {
    double largest = 0;
    for (const Y& w : bar_->ys) largest = larger_of(largest, largest_entry(w));
    for (const EventCotangent<Y>& event : bar_->events) largest = larger_of(largest, largest_entry(event.y));
    constexpr int most = std::numeric_limits<RealOf<Y>>::max_exponent / 2;
    scale_ = largest > 0 ? std::exp2(std::clamp(std::ilogb(largest), -most, most)) : 1;
  }
  typename Y::Scalar unscaled() const { return scalar<Y>(1 / scale_); }

  // Takes up the state at the end of a segment, behind the event that is there.
  Failure enter(bool goes_on, double start_bar) {
    const Segment<S>& here = segment();
    if constexpr (!Detector::none)
      if (here.interruption) return through_event(*here.interruption, goes_on, start_bar);
    t_ = timeline()[timeline().steps()];
    forward_.stepper.read(here.end, y_);
    times_bar_.t1 += rate_of_cost(before(t_), y_);
    size_ = larger_of(size_, largest_entry(y_));
    return {};
  }

  // From the end of the segment to its start.
  Failure through_segment() {
    for (;;) {
      const bool save = next_ > segment().saves_begin && !is_at_start(plan().entries[next_ - 1]);
      const bool event = event_is_next();
      if (!save && !event) break;
      const double save_t = save ? time_of_save() : 0, event_t = event ? forward_.events[next_event_ - 1].t : 0;
      const bool event_first = event && (!save || sign_ * (event_t - save_t) > 0);
      if (Failure failure = event_first ? meet_event(event_t) : meet_save(save_t); failed(failure)) return failure;
    }
    set_start();
    if (Failure failure = go_to(timeline().t0(), timeline().first(), start_); failed(failure)) return failure;
    // Where the segment's start moves, the state there stays what it is, and so does what was saved of it.
    if ((number_ > 0 || with_times) && !is_all_zero(lambda_))
      event_bar_ -= product(lambda_, slope(timeline().sees_after(timeline().t0()), start_));
    event_bar_ -= rate_of_cost(timeline().sees_after(timeline().t0()), start_);
    while (next_ > segment().saves_begin)
      if (Failure failure = meet_save(timeline().t0()); failed(failure)) return failure;
    return {};
  }
  static bool is_at_start(const SavedEntry& entry) { return entry.node == 0 && entry.sigma == 0; }

  // The state at the start of the segment.
  void set_start() {
    if constexpr (!Detector::none) {
      if (number_ > 0) {
        const Interruption<Y>& before = *forward_.segments[number_ - 1].interruption;
        forward_.detector.jump(before.hit.index, before.t, before.y, start_);
        return;
      }
    }
    start_ = y0_;
  }

  // To time t, at which the way forth was at `stored`.
  Failure go_to(double t, std::int64_t step, const Y& stored) {
    const bool idle = !with_cost && is_all_zero(lambda_);
    if (sign_ * (t_ - t) > slack_) {
      if (!idle) {
        Failure failure = equation_.go_back(Stretch{t_, t, number_, &timeline(), t0_, t1_, throttle_, &forward_.stats},
                                            y_, lambda_, theta_bar_, *stats_);
        if (failed(failure)) {
          failure.cause = "on the way back, where the adjoint equation is solved: " + failure.cause;
          return failure;
        }
      }
      t_ = t;
      if constexpr (requires { equation_.take_strayed(); })
        if (Failure failure = bear(step, equation_.take_strayed()); failed(failure)) return failure;
    }
    size_ = larger_of(size_, largest_entry(stored));
    if constexpr (Equation::reconstructs) {
      if (!idle) return compare(step, stored);
      y_ = stored;
    }
    return {};
  }

  static bool is_all_zero(const Y& y) { return (y.array() == typename Y::Scalar{0}).all(); }

  // The state that was solved backwards against the one that was there.
  Failure compare(std::int64_t step, const Y& stored) {
    slope_ = y_ - stored;
    const double miss = largest_entry(slope_);
    return bear(step, std::isnan(miss) ? std::numeric_limits<double>::infinity() : miss);
  }

  // A miss that leaves fewer than half of the digits that were asked for leaves no more of the gradient.
  Failure bear(std::int64_t step, double miss) {
    stats_->drift = larger_of(stats_->drift, miss);
    if (!(miss > bearable() * size_)) return {};
    return {Status::drifted, t_, step, -1,
            "the state that was solved backwards misses the one on the way forth by " + roughly(miss) +
                ", where states are of size " + roughly(size_) +
                ": what contracts on the way forth explodes on the way back, and a gradient along it is wrong; take "
                "InterpolatingAdjoint, which keeps the way forth, or DirectAdjoint or ReversibleAdjoint, or save more "
                "states, to which the way back is reset"};
  }
  double bearable() const {
    double tolerance = 0;
    if constexpr (requires { equation_.tolerance(size_); }) tolerance = equation_.tolerance(size_);
    if (!(tolerance > 0)) tolerance = 1e-4;
    const auto epsilon = static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon());
    return smaller_of(0.1, std::sqrt(larger_of(tolerance, 16 * epsilon)));
  }

  // --- Saved states ---

  double time_of_save() const {
    const SavedEntry& entry = plan().entries[next_ - 1];
    if (entry.sigma == 0) return timeline()[entry.node];
    const double t = plan().ts[next_ - 1];
    return sign_ * (t - t_) > 0 ? t_ : t;  // not behind the event that cut its step
  }

  Failure meet_save(double t) {
    const std::size_t e = --next_;
    const SavedEntry& entry = plan().entries[e];
    const Y& stored = (*states_)[e];
    if (Failure failure = go_to(t, timeline().first() + entry.node, stored); failed(failure)) return failure;
    if constexpr (Equation::reconstructs)
      if (++saves_met_ % reset_every_ == 0) y_ = stored;
    w_ = unscaled() * bar_->ys[e];
    lambda_ += w_;
    if constexpr (with_times)
      if (entry.sigma == 0) move_saved_node(e, stored);
    return {};
  }

  // A node moves with the ends of the solve, and a state saved at it along the solution; so does one given by the time of t1. The
  // first node's state is where the segment begins, whenever.
  void move_saved_node(std::size_t e, const Y& stored) {
    const SavedEntry& entry = plan().entries[e];
    const std::int64_t i = entry.node;
    if (entry.given && !(i > 0 && reaches_t1_ && i == timeline().steps())) return;
    double node_bar = !entry.given && !bar_->ts.empty() ? bar_->ts[e] / scale_ : 0;
    if (i > 0 && timeline().moves(i)) {
      const Timeline::Jump* jump = timeline().jump_at(timeline()[i]);
      node_bar += product(w_, slope(jump == nullptr ? timeline()[i] : jump->before, stored));
    }
    move_node(i, node_bar);
  }
  void move_node(std::int64_t i, double node_bar) {
    times_bar_.t0 += node_bar * timeline().dt0(i);
    if (reaches_t1_ || timeline().laid_out()) times_bar_.t1 += node_bar * timeline().dt1(i);
    event_bar_ += node_bar * timeline().dt_event(i);
  }

  const Y& slope(double t, const Y& y) {
    evaluate<F, Y>(field_, t, y, slope_, tape_);
    ++stats_->evaluations;
    return slope_;
  }
  // What f sees of t from the side of smaller times, in the direction of the solve.
  double before(double t) const {
    const Timeline::Jump* jump = timeline().jump_at(t);
    return jump == nullptr ? t : jump->before;
  }
  // By how much a running cost grows with time, in the scale of λ.
  double rate_of_cost([[maybe_unused]] double t, [[maybe_unused]] const Y& y) {
    if constexpr (with_cost)
      return cost_.w * forward_.trace.cost_rate()(t, y);
    else
      return 0;
  }
  static double product(const Y& a, const Y& b) { return static_cast<double>(Eigen::numext::real(dot(a, b))); }

  // --- Events ---

  // Whether an event of the record that interrupted nothing is the next to be met in this segment.
  bool event_is_next() {
    if constexpr (Detector::none) return false;
    while (next_event_ > 0 && forward_.places[next_event_ - 1].kind != Kind::inside) --next_event_;
    return next_event_ > 0 && forward_.places[next_event_ - 1].segment == number_;
  }

  Failure meet_event([[maybe_unused]] double t) {
    if constexpr (!Detector::none) {
      const std::size_t e = --next_event_;
      const EventRecord<Y>& event = forward_.events[e];
      const std::int64_t step = timeline().first() + forward_.places[e].node;
      if (Failure failure = go_to(t, step, event.y); failed(failure)) return failure;
      w_ = unscaled() * bar_->events[e].y;
      if (Failure failure = move(event.index, t, step, event.y, bar_->events[e].t / scale_); failed(failure))
        return failure;
      lambda_ += w_;
    }
    return {};
  }

  // Of w_, a cotangent of the state at an event, and t_bar, of its time, makes the cotangent of the state at that time.
  Failure move(std::size_t index, double t, std::int64_t step, const Y& y, double t_bar) {
    const Y& along = slope(before(t), y);
    return move_with_event(forward_.detector, index, t, step, y, along, t_bar, w_, theta_bar_, g_);
  }

  // The record of the event that interrupted this segment; they are asked for from the last to the first.
  std::size_t record_of_interruption() {
    do --record_;
    while (forward_.places[record_].kind != Kind::interrupting || forward_.places[record_].segment != number_);
    return record_;
  }

  // Back through the event at the end of this segment: from the cotangent of the state after its jump (where it `goes_on`), of
  // what was saved there, of its record and of its time, to that of the state before it.
  Failure through_event(const Interruption<Y>& met, bool goes_on, double start_bar) {
    w_.setZero();
    double time_bar = rate_of_cost(met.t, met.y);
    for (; next_ > segment().saves_begin && is_at_event(plan().entries[next_ - 1]); --next_) {
      w_ += unscaled() * bar_->ys[next_ - 1];
      if (!bar_->ts.empty()) time_bar += bar_->ts[next_ - 1] / scale_;
    }
    if (!bar_->events.empty()) {
      const EventCotangent<Y>& bar = bar_->events[record_of_interruption()];
      w_ += unscaled() * bar.y;
      time_bar += bar.t / scale_;
    }
    if (goes_on) {
      typename Y::Scalar jump_t_bar{0};
      forward_.detector.jump_vjp(met.hit.index, met.t, met.y, lambda_, w_, theta_bar_, jump_t_bar);
      time_bar += start_bar + static_cast<double>(Eigen::numext::real(jump_t_bar));
    }
    if (Failure failure = move(met.hit.index, met.t, met.step.n, met.y, time_bar); failed(failure)) return failure;
    lambda_ = w_;
    y_ = met.y;
    t_ = met.t;
    size_ = larger_of(size_, largest_entry(y_));
    return {};
  }
  bool is_at_event(const SavedEntry& entry) const {
    return !entry.given && entry.sigma > 0 && entry.node == timeline().steps();
  }

  // The event of the record that ended the solve where this segment begins, if there is one.
  void add_event_at_start() {
    if (bar_->events.empty() || forward_.places.back().kind != Kind::at_start ||
        forward_.places.back().segment != number_)
      return;
    lambda_ += unscaled() * bar_->events.back().y;
    event_bar_ += bar_->events.back().t / scale_;
  }

  // --- The end ---

  void hand_over([[maybe_unused]] double start_bar, Gradient<F, Y>& gradient) {
    gradient.y0 = scalar<Y>(scale_) * lambda_;
    gradient.theta = scalar<Y>(scale_) * theta_bar_;
    if constexpr (with_times) {
      times_bar_.t0 += start_bar;
      if (t0_ == t1_) add_instant();
      gradient.t0 = scale_ * times_bar_.t0;
      gradient.t1 = scale_ * times_bar_.t1;
    }
  }

  // t0 == t1: y(t1) moves by f with t1, and by −f with t0.
  void add_instant() {
    const Segment<S>& only = forward_.segments.front();
    times_bar_ = {};
    const double rate = rate_of_cost(only.timeline.t0(), y0_);
    times_bar_.t1 += rate;
    times_bar_.t0 -= rate;
    if (only.interruption || bar_->ys.empty() || !plan().last_is_end || plan().entries.back().given) return;
    w_ = unscaled() * bar_->ys.back();
    const double along = product(w_, slope(only.timeline.t0(), y0_));
    times_bar_.t1 += along;
    times_bar_.t0 -= along;
  }

  Forward<S, Trace, Detector>& forward_;
  const F& field_;
  const Y& y0_;
  Equation equation_;
  std::int64_t reset_every_ = 1, saves_met_ = 0;

  const Cotangents<Y>* bar_ = nullptr;
  const std::vector<Y>* states_ = nullptr;  // that were saved
  Throttle* throttle_ = nullptr;
  BackwardStats* stats_ = nullptr;
  double t0_ = 0, t1_ = 0, sign_ = 1, slack_ = 0, scale_ = 1;
  double size_ = 0;                                     // of the largest state that was met
  std::size_t number_ = 0;                              // of the segment at hand
  std::size_t next_ = 0, next_event_ = 0, record_ = 0;  // what is before these is still to be met
  bool reaches_t1_ = true;
  double event_bar_ = 0;  // dL/dt of the time at which the segment at hand begins
  struct {
    double t0 = 0, t1 = 0;
  } times_bar_;

  double t_ = 0;  // where the way back is
  Y y_, lambda_;
  Y start_, w_, slope_;
  Tape<F, Y> tape_;
  Parameters<F, Y> theta_bar_;
  EventSlopes<Y, Parameters<F, Y>> g_;
  CostTerm<F, Y> cost_{nullptr,
                       [](void* rate, double t, const Y& y, double w, Y& y_bar, Parameters<F, Y>& theta_bar) {
                         if constexpr (with_cost)
                           static_cast<typename Trace::Rate*>(rate)->pull_back(t, y, w, y_bar, theta_bar);
                       },
                       1};
};

}  // namespace antistrophe::detail
