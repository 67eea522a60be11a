// SPDX-License-Identifier: MIT
// A solve that takes tangents along, with all its memory, to be run again and again.
#pragma once

#include <antistrophe/adjoint/detail/instability.hpp>
#include <antistrophe/adjoint/detail/tangent_events.hpp>
#include <antistrophe/adjoint/detail/tangent_field.hpp>
#include <antistrophe/adjoint/detail/tangent_stepper.hpp>
#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/problem/events.hpp>
#include <antistrophe/problem/problem.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/problem/solution.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// A stepper that is bound to a type.
template <class M, class Field, class A>
using TangentStepperOf = TangentStepper<typename M::template Stepper<Field, A>, Field>;

template <class S, class F, class Y>
struct TangentTraceOf<S, F, Y, NoRunningCost> {
  using type = NoTrace;
  static NoTrace make(const auto&...) { return {}; }
};

// K tangents, if that is known to the compiler.
template <class F, class Y, class M, int K, class Cost = NoRunningCost, class... E>
class TangentSolve {
 public:
  using Field = TangentField<F, Y, K>;
  using Layout = typename Field::Layout;
  using Large = typename Field::Augmented;
  using Scalar = typename Y::Scalar;
  using S = TangentStepperOf<M, Field, Large>;
  using DetectorOf = TangentDetectorOf<Field, F, Y, E...>;
  using Detector = typename DetectorOf::type;
  using Along = typename Field::Along;
  using Trace = typename TangentTraceOf<S, F, Y, Cost>::type;
  using Observe = typename Saver<Large>::Observe;

  // The field must outlive it. observe, if it is any, is told of saved states and tangents.
  template <class StepsType>
  TangentSolve(const F& field, const Y& y0, double t0, double t1, const M& method, const StepsType& steps,
               const SaveAt& save_at, TangentSeeds<Scalar> seeds, bool in_error_norm, const Events<E...>& events,
               Observe observe, const Cost& cost = {})
      : seeds_(std::move(seeds)),
        y0_(y0),
        t0_(t0),
        t1_(t1),
        in_error_norm_(in_error_norm),
        tangents_(field, Layout(y0.size(), seeds_.t0.size()), seeds_, y0, t1),
        start_(started(y0)),
        plan_(timeline_of(steps, field, t0, t1)),
        forward_(make_forward<S>(
            method, tangents_, start_, t0, t1, steps, plan_, without_path(save_at),
            DetectorOf::make(events, tangents_, start_, y0),
            TangentTraceOf<S, F, Y, Cost>::make(field, tangents_, cost, y0, start_, !LaidOutSteps<StepsType>), observe,
            Saver<Large>::Keep::all)),
        slope_(zeros_like(y0)),
        tape_(make_tape<F, Y>(field, y0)),
        alone_(field, start_, y0) {}
  TangentSolve(const TangentSolve&) = delete;  // its parts refer to each other
  TangentSolve& operator=(const TangentSolve&) = delete;

  template <class StepsType>
  void solve(const StepsType& steps, Throttle& throttle) {
    tangents_.take_up(y0_);
    if constexpr (LaidOutSteps<StepsType>) {
      FixedControl control(plan_, !Detector::none);
      Integration(forward_, control, throttle, t0_, t1_).run(plan_, start_);
      laid_out_ = true;
      alone_.see(forward_.stepper);
      gap_ = gap_of(alone_, forward_.stats);
    } else {
      TangentControl<StepsType, S, F, Y> control(steps, in_error_norm_, tangents_, t0_, t1_, start_, y0_);
      if constexpr (requires { control.land_on_jumps(plan_); }) control.land_on_jumps(plan_);
      Integration(forward_, control, throttle, t0_, t1_).run(plan_, start_);
    }
    take_saved();
    if constexpr (!Detector::none) take_events();
  }
  template <class StepsType>
  void solve_again(const Y& y0, const StepsType& steps, Throttle& throttle) {
    forward_.restart();
    y0_ = y0;
    start_ = started(y0);
    solve(steps, throttle);
  }

  const Layout& layout() const { return tangents_.layout(); }
  const std::vector<double>& ts() const { return forward_.saver.plan().ts; }
  const std::vector<Y>& states() const { return states_; }
  const Forward<S, Trace, Detector>& forward() const { return forward_; }
  const Timeline& plan() const { return plan_; }
  Solution<Y> solution() const { return solution(forward_.failure); }
  Solution<Y> solution(const Failure& failure) const {
    return Solution<Y>(ts(), states_, all_nodes(forward_.segments), resolutions_of(forward_.stepper), DensePath<Y>{},
                       events_, failure, forward_.stats, running_cost());
  }

  // Tangent j of entry i of saved state e, and of its time: of a time that was given neither that nor the place of its state
  // moves with the steps.
  Scalar tangent(std::size_t e, Eigen::Index i, Eigen::Index j) const { return saved_[e][layout().at(i, j)]; }
  Scalar time_tangent(std::size_t e, Eigen::Index j) const {
    const SavedEntry& entry = forward_.saver.plan().entries[e];
    if (entry.given) return 0;
    return entry.sigma > 0 ? event_motion(segment_of(e), j) : node_motion(segment_of(e), entry.node, j);
  }

  // The events that were met; tangent j of entry i of the state at event e, which moves with its time, and of that.
  const std::vector<EventRecord<Y>>& events() const { return events_; }
  Scalar event_tangent(std::size_t e, Eigen::Index i, Eigen::Index j) const { return met_[e].x[layout().at(i, j)]; }
  Scalar event_time_tangent(std::size_t e, Eigen::Index j) const { return met_[e].motion[j]; }
  // Of the events that interrupted the solve, and, where their record counts, of the others: whether one of them is grazing.
  const Failure& grazing([[maybe_unused]] bool recorded) const {
    if constexpr (!Detector::none) {
      if (const Failure& failure = forward_.detector.grazing(); failure.status != Status::success) return failure;
      if (recorded) return grazing_;
    }
    return success_;
  }

  // Of a RunningCost, so far as the solve got, and its tangents; 0 where there is none.
  double running_cost() const { return running_cost_of(forward_.trace); }
  double cost_tangent([[maybe_unused]] Eigen::Index j) const {
    if constexpr (MetersCost<Trace>) {
      double sum = forward_.trace.tangent(j);
      // ∫ q dt over nothing grows by q with t1.
      if (of_no_length()) sum += forward_.trace.rate(t0_, y0_) * static_cast<double>(seeds_.t1[j] - seeds_.t0[j]);
      return sum;
    } else {
      return 0;
    }
  }

  // Steps laid out before may be too long for the state, or for its cotangents.
  std::optional<Failure> instability(const Y& gradient, double injected) {
    if (!laid_out_ || forward_.failure.status != Status::success) return std::nullopt;
    return find_instability(alone_, forward_.segments, y0_, gradient, injected, gap_, slope_);
  }

  // Of a saved large state: y alone.
  const Y& state_of(const Large& x) {
    layout().take_state(x, slope_);
    return slope_;
  }

 private:
  static SaveAt without_path(SaveAt save_at) {
    save_at.dense = false;
    return save_at;
  }
  // What tangent j moves a node of a segment by, once the solve is over, and the event that ended one. Where a segment ends short
  // of t1, no node of it moves with t1 unless its steps were laid out before.
  Scalar node_motion(std::size_t segment, std::int64_t i, Eigen::Index j) const {
    const Timeline& timeline = forward_.segments[segment].timeline;
    Scalar motion = static_cast<Scalar>(timeline.dt0(i)) * seeds_.t0[j];
    if (reaches_t1(segment) || timeline.laid_out()) motion += static_cast<Scalar>(timeline.dt1(i)) * seeds_.t1[j];
    if (segment > 0 && timeline.dt_event(i) != 0) motion += event_motion(segment - 1, j);
    return motion;
  }
  Scalar event_motion([[maybe_unused]] std::size_t segment, [[maybe_unused]] Eigen::Index j) const {
    if constexpr (Detector::none)
      return 0;
    else
      return forward_.detector.motion_at_end(segment)[j];
  }
  bool reaches_t1(std::size_t segment) const {
    return !forward_.segments[segment].interruption && forward_.failure.status == Status::success;
  }
  bool of_no_length() const {
    const Segment<S>& only = forward_.segments.front();
    return forward_.segments.size() == 1 && !only.interruption && only.timeline.steps() == 0;
  }
  std::size_t segment_of(std::size_t entry) const {
    std::size_t segment = forward_.segments.size() - 1;
    while (forward_.segments[segment].saves_begin > entry) --segment;
    return segment;
  }

  Large started(const Y& y0) const {
    const Layout& layout = tangents_.layout();
    Large x = Large::Zero(layout.size());
    for (Eigen::Index i = 0; i < layout.n(); ++i) {
      x[i] = y0.data()[i];
      for (Eigen::Index j = 0; j < layout.k(); ++j) x[layout.at(i, j)] = seeds_.y0(i, j);
    }
    return x;
  }

  // States apart from their tangents; and these where times move while what was saved stays, or stay while an event moves.
  void take_saved() {
    saved_ = forward_.saver.states();
    states_.assign(saved_.size(), y0_);
    for (std::size_t e = 0; e < saved_.size(); ++e) layout().take_state(saved_[e], states_[e]);
    if (failed(forward_.failure.status)) return;
    const SavePlan& plan = forward_.saver.plan();
    for (std::size_t e = 0; e < saved_.size(); ++e) {
      const SavedEntry& entry = plan.entries[e];
      const std::size_t segment = segment_of(e);
      if (!entry.given && entry.sigma > 0) {
        move_with_event(saved_[e], segment);
      } else if (Field::with_times && seeds_.times_move()) {
        if (of_no_length()) {
          if (e + 1 == saved_.size() && plan.last_is_end && !entry.given) move_instant(e);
        } else if (entry.given && entry.sigma == 0) {
          move_given(e, segment, entry.node);
        }
      }
    }
  }
  void find_slope(std::size_t e, double t) { evaluate<F, Y>(tangents_.primal(), t, states_[e], slope_, tape_); }
  // A time that was given stays where it is while its node moves: y(t) = y_i + (t − t_i) y'(t_i).
  void move_given(std::size_t e, std::size_t segment, std::int64_t node) {
    const Timeline& timeline = forward_.segments[segment].timeline;
    if (node == 0 || (reaches_t1(segment) && node == timeline.steps()) || !timeline.moves(node)) return;
    find_slope(e, timeline[node]);
    for (Eigen::Index j = 0; j < layout().k(); ++j) {
      const Scalar motion = node_motion(segment, node, j);
      for (Eigen::Index i = 0; i < layout().n(); ++i) saved_[e][layout().at(i, j)] -= slope_.data()[i] * motion;
    }
  }
  // The state at the event that ended a segment moves with its time.
  void move_with_event(Large& x, std::size_t segment) {
    const Large& dx = forward_.segments[segment].interruption->slope;
    for (Eigen::Index j = 0; j < layout().k(); ++j)
      for (Eigen::Index i = 0; i < layout().n(); ++i) x[layout().at(i, j)] += dx[i] * event_motion(segment, j);
  }

  // The record of events, and what moves with each.
  void take_events() {
    using Kind = typename EventPlace<Large>::Kind;
    events_.clear();
    met_.clear();
    grazing_ = {};
    for (std::size_t e = 0; e < forward_.events.size(); ++e) {
      const EventRecord<Large>& record = forward_.events[e];
      const EventPlace<Large>& place = forward_.places[e];
      events_.push_back({record.index, record.t, y0_});
      layout().take_state(record.y, events_.back().y);
      MetEvent& met = met_.emplace_back(MetEvent{record.y, Along::Zero(layout().room())});
      if (place.kind == Kind::at_start) {
        for (Eigen::Index j = 0; j < layout().k(); ++j) met.motion[j] = node_motion(place.segment, 0, j);
        continue;
      }
      if (place.kind == Kind::interrupting) {
        met.motion = forward_.detector.motion_at_end(place.segment);
      } else {
        const std::int64_t step = forward_.segments[place.segment].timeline.first() + place.node;
        Failure failure = forward_.detector.motion(record.index, record.t, step, record.y, place.slope, met.motion);
        if (grazing_.status == Status::success) grazing_ = std::move(failure);
      }
      for (Eigen::Index j = 0; j < layout().k(); ++j)
        for (Eigen::Index i = 0; i < layout().n(); ++i) met.x[layout().at(i, j)] += place.slope[i] * met.motion[j];
    }
  }
  // t0 == t1: no step was taken, and y(t1) moves by f with t1 and by −f with t0.
  void move_instant(std::size_t e) {
    find_slope(e, t0_);
    for (Eigen::Index j = 0; j < layout().k(); ++j)
      for (Eigen::Index i = 0; i < layout().n(); ++i)
        saved_[e][layout().at(i, j)] += slope_.data()[i] * (seeds_.t1[j] - seeds_.t0[j]);
  }

  TangentSeeds<Scalar> seeds_;
  Y y0_;
  double t0_, t1_;
  bool in_error_norm_;
  Field tangents_;
  Large start_;
  Timeline plan_;
  Forward<S, Trace, Detector> forward_;
  struct MetEvent {
    Large x;
    Along motion;
  };
  std::vector<Large> saved_;
  std::vector<Y> states_;
  std::vector<EventRecord<Y>> events_;
  std::vector<MetEvent> met_;  // of events_, one each
  Failure grazing_, success_;
  Y slope_;
  Tape<F, Y> tape_;
  JudgedStepper<Judged::state, S, F, Y> alone_;
  bool laid_out_ = false;
  double gap_ = 0;  // of a coupled pair, at the end of steps laid out before

  // Last: clang leaves out of a class what comes after one that fails.
  static constexpr bool any_jumps = (jumps<E> || ...);
  static_assert(events_take_references<F, Y, E...>());
  static_assert((!jump_copies_tangent<E, F, Y> && ...),
                "antistrophe: the jvp of a jump takes y_new_dot by value, and what it writes to a copy is lost: void "
                "jvp(double t, const auto& y, const auto& y_dot, const auto& theta_dot, const auto& t_dot, auto& "
                "y_new_dot) const.");
  static_assert(((!event_is_callable<E, F, Y> || event_is_differentiable<E, F, Y>)&&...),
                "antistrophe: tangents go through an event by g.gradient(t, y, y_bar, theta_bar, t_bar), adding ∂g/∂y, "
                "∂g/∂θ and ∂g/∂t (or wrap g in automatic_event).");
  static_assert(
      ((!jump_is_callable<E, F, Y> || jump_goes_forward<E, F, Y>)&&...),
      "antistrophe: tangents go through a jump by jump.jvp(t, y, y_dot, theta_dot, t_dot, y_new_dot), writing "
      "∂jump/∂y ẏ + ∂jump/∂θ θ̇ + ∂jump/∂t ṫ, or by jump.vjp(t, y, w, y_bar, theta_bar, t_bar) (or wrap it in "
      "automatic_jump).");
  static_assert(
      !any_jumps || pushes_times<F, Y>,
      "antistrophe: tangents go through a jump, whose time moves, by the field's df/dt too: give its jvp "
      "t_dot before dy_dot, or, if f does not depend on t, declare `static constexpr bool autonomous = true`.");
};

}  // namespace antistrophe::detail
