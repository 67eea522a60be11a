// SPDX-License-Identifier: MIT
// What all sweeps share: cotangents of the carry, parameters and times, gathered step by step from t1 to t0; the
// cotangents of saved states, and of events of the record, enter where these were met.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/accumulated_errors.hpp>
#include <antistrophe/core/detail/died_out.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/integrate.hpp>
#include <antistrophe/detail/saver.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>
#include <antistrophe/stepper/strides.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

namespace antistrophe::detail {

// A running cost on the way back; this is that of a trace that has none, and adjoint/detail/cost_sweep.hpp has the other.
template <class S, class F, class Trace>
class CostSweep {
 public:
  static constexpr bool any = false;
  CostSweep(S&, Trace&, const typename S::State&) {}
};

template <class S, class F, class Trace>
class Backward {
 public:
  using Y = typename S::State;
  static constexpr bool with_times = HasTimeGradient<F, Y>;

  Backward(S& stepper, Trace& trace, const F& field, const SavePlan& plan, const FirstInPlace<EventPlace<Y>>& places,
           const Y& like)
      : cost(stepper, trace, like),
        carry_bar(stepper.make_carry_bar()),
        theta_bar(zero_parameters<F, Y>(field)),
        stepper_(stepper),
        field_(field),
        plan_(plan),
        places_(places),
        no_carry_bar_(carry_bar),
        tape_(make_tape<F, Y>(field, like)),
        y_(zeros_like(like)),
        dy_(y_) {}

  // Before a sweep through all segments. `event_ws` are cotangents of states inside steps where events of the record were
  // met, one for each event, or none at all; `throttle` is notified of every step.
  void begin(const Cotangents<Y>& bar, const std::vector<Y>& event_ws, Throttle& throttle, const Stats& stats) {
    ys_bar_ = &bar.ys;
    ts_bar_ = &bar.ts;
    event_ws_ = &event_ws;
    throttle_ = &throttle;
    stats_ = &stats;
    next_ = plan_.size();
    next_event_ = 0;
    set_zero(theta_bar);
    times_bar = {};
    even_times_ = {};
    steps_ = 0;
    died_out_.begin();
    seeds_are_seen_ = false;
    if constexpr (Cost::any) cost.begin(bar.running_cost, theta_bar);
  }

  // Sums of errors are met too, where they were recorded: who asks for that compiles it.
  void watch_errors() {
    meet_errors_ = [](Backward& self, std::int64_t i, const typename S::Carry& carry) { self.meet_errors(i, carry); };
  }

  // There are cotangents of the first `count` events.
  void begin_events(std::size_t count) { next_event_ = count; }

  // Goes on with a segment, from its end. Where it ends short of t1, no node of it moves with t1 unless its steps were laid out
  // before. No save before entry `saves_begin` belongs to it.
  void enter(std::size_t segment, const Timeline& timeline, std::size_t saves_begin, bool reaches_t1) {
    segment_ = segment;
    timeline_ = &timeline;
    stop_ = saves_begin;
    reaches_t1_ = reaches_t1;
    evenly_ = timeline.moves_evenly() && moves_with_t1();
    carry_bar = no_carry_bar_;
    times_bar.event = 0;
    listen();
  }

  // The cotangents of what was saved at node i, whose carry is given.
  ANTISTROPHE_ALWAYS_INLINE void meet_saves(std::int64_t i, const typename S::Carry& carry) {
    if (i <= heard_) [[unlikely]]
      meet_saves_at(i, carry);
  }
  ANTISTROPHE_OUT_OF_LINE void meet_saves_at(std::int64_t i, const typename S::Carry& carry) {
    for (; next_ > stop_ && plan_.entries[next_ - 1].node == i && plan_.entries[next_ - 1].sigma == 0; --next_) {
      const std::size_t e = next_ - 1;
      const Y& w = (*ys_bar_)[e];
      stepper_.add_to_state(carry_bar, w);
      if (errors.on()) errors.see(w);
      if constexpr (with_times) {
        if (!plan_.entries[e].given) {
          if (!ts_bar_->empty()) move_node(i, (*ts_bar_)[e]);
        } else if (i > 0 && !(reaches_t1_ && i == timeline_->steps()) && timeline_->moves(i)) {
          // A time that was given stays where it is while its node moves: y(t) = y_i + (t − t_i) y'(t_i).
          stepper_.read(carry, y_);
          evaluate<F, Y>(field_, (*timeline_)[i], y_, dy_, tape_);
          move_node(i, -static_cast<double>(dot(w, dy_)));
        }
      }
    }
    if (errors.on()) meet_errors_(*this, i, carry);
    listen();
  }

  // The cotangents of what was saved inside step i, and of events of the record that were met there.
  ANTISTROPHE_ALWAYS_INLINE std::span<const SavedInside<Y>> saves_inside(std::int64_t i) {
    if (i > loud_) [[likely]]
      return {};
    return gather_inside(i);
  }
  ANTISTROPHE_OUT_OF_LINE std::span<const SavedInside<Y>> gather_inside(std::int64_t i) {
    inside_.shorten(0);
    for (; next_ > stop_ && plan_.entries[next_ - 1].node == i && plan_.entries[next_ - 1].sigma > 0; --next_)
      inside_.push_back({plan_.entries[next_ - 1].sigma, &(*ys_bar_)[next_ - 1]});
    if (errors.on())
      for (const SavedInside<Y>& save : inside_) errors.see(*save.w);
    add_events(i);
    if constexpr (Cost::any) {
      const double t0 = (*timeline_)[i];
      cost.enter(t0, (*timeline_)[i + 1] - t0, 1, inside_);
    }
    listen();
    return {inside_.data(), inside_.size()};
  }

  // Of the interrupted step, i: the cotangents of the state at the event go to w and t_bar, those of given times inside it are
  // returned, and `at_event` with them.
  std::span<const SavedInside<Y>> saves_of_interrupted(std::int64_t i, [[maybe_unused]] const Step& interrupted,
                                                       const SavedInside<Y>& at_event, Y& w, double& t_bar) {
    inside_.shorten(0);
    for (; next_ > stop_ && plan_.entries[next_ - 1].node == i && plan_.entries[next_ - 1].sigma > 0; --next_) {
      const std::size_t e = next_ - 1;
      if (plan_.entries[e].given) {
        inside_.push_back({plan_.entries[e].sigma, &(*ys_bar_)[e]});
      } else {
        w += (*ys_bar_)[e];
        if (!ts_bar_->empty()) t_bar += (*ts_bar_)[e];
      }
    }
    add_events(i);
    inside_.push_back(SavedInside<Y>(at_event));
    if constexpr (Cost::any) {
      cost.enter(interrupted.t0, interrupted.h(), at_event.sigma, inside_);
      t_bar += cost.end_bar(segment_);
    }
    listen();
    return {inside_.data(), inside_.size()};
  }

  // What flowed to the two ends of step i is passed on to t0 and t1.
  void after_step(std::int64_t i, const TimeCotangents& step_bar) {
    if constexpr (with_times) {
      double start_bar = in_register(step_bar.t0), end_bar = in_register(step_bar.t1);  // written apart just now
      if constexpr (Cost::any) {
        start_bar += cost.ends_bar().start;
        if (i < timeline_->steps()) end_bar += cost.ends_bar().end;  // else an event's
      }
      if (evenly_ && i < timeline_->steps()) [[likely]] {
        move_evenly(i, start_bar, end_bar, step_bar);
      } else {
        move_node(i, start_bar);
        if (i < timeline_->steps() || timeline_->laid_out()) move_node(i + 1, end_bar);
        times_bar.t0 += step_bar.first;
        if (moves_with_t1()) times_bar.t1 += step_bar.last;
        times_bar.event += step_bar.event;
      }
    }
    if (++steps_ % steps_between_drops == 0) [[unlikely]]
      drop_what_died_out();
    throttle_->tell([&] { return static_cast<double>(steps_) / static_cast<double>(stats_->accepted + 1); }, *stats_);
  }

  // The node down to which a stepper may stride from node i: nothing was saved or met from there to here, and nobody is told of
  // steps. i itself where it may not.
  std::int64_t quiet_down_to(std::int64_t i) const {
    if (Cost::any || heard_ >= i || throttle_->anybody_listens() || (with_times && !evenly_)) return i;
    return heard_ + 1;
  }
  // Takes steps back from the node after step i to node `end`, as far as the stepper strides at once, over states or bits of the way
  // forth. False where it took none; else i is the last of them.
  ANTISTROPHE_ALWAYS_INLINE bool stride_back(std::int64_t& i, std::int64_t end, typename S::Carry& carry, auto& past) {
    const std::int64_t count =
        stepper_.stride_back(*timeline_, i + 1, end, carry, carry_bar, theta_bar, even_times_, past);
    steps_ += count;
    if (count == 0) return false;
    drop_what_died_out();
    i += 1 - count;
    return true;
  }

  // Once a segment has been swept.
  void leave() {
    if (!with_times || !evenly_) return;
    const double end_bar = even_times_.by_index / static_cast<double>(timeline_->steps());
    times_bar.t0 += even_times_.all - end_bar;
    times_bar.t1 += end_bar;
    even_times_ = {};
  }

  using Cost = CostSweep<S, F, Trace>;
  [[no_unique_address]] Cost cost;
  typename S::CarryBar carry_bar;
  Parameters<F, Y> theta_bar;
  TimeCotangents times_bar;  // dL/dt0, dL/dt1, and dL/dt of the event at which the segment begins
  AccumulatedErrors<Y> errors;

 private:
  // Sees where something was last saved or met before here: nothing was at the nodes, and in the steps from the nodes, beyond.
  void listen() {
    constexpr std::int64_t everywhere = std::numeric_limits<std::int64_t>::max();
    if (Cost::any || next_event_ > 0)
      loud_ = everywhere;
    else
      loud_ = next_ > stop_ ? plan_.entries[next_ - 1].node : -1;
    hear();
  }
  // The nodes that are met are these, and those where errors of steps are summed.
  void hear() {
    heard_ = loud_;
    if (errors.on()) heard_ = std::max(heard_, errors.wanted() - timeline_->first());
  }

  // At the node after an event the cotangents are not those of the step before it.
  void meet_errors(std::int64_t i, const typename S::Carry& carry) {
    const std::int64_t number = timeline_->first() + i;
    if (number > errors.wanted() || (i == 0 && segment_ > 0)) return;
    const double t = (*timeline_)[i];
    errors.meet(i < timeline_->steps() ? timeline_->sees_after(t) : t, carry_bar, y_,
                [&](Y& y) { stepper_.read(carry, y); });
  }

  ANTISTROPHE_OUT_OF_LINE void drop_what_died_out() {
    if (!seeds_are_seen_)
      for (const Y& w : *ys_bar_) died_out_.see(w.data(), w.size());
    seeds_are_seen_ = true;
    std::apply([&](auto&... part) { (this->drop_from(part), ...); }, carry_bar.parts());
  }
  template <class Part>
  void drop_from([[maybe_unused]] Part& part) {
    if constexpr (std::is_same_v<typename Part::Scalar, typename Y::Scalar>) died_out_.drop(part.data(), part.size());
  }

  void add_events(std::int64_t i) {
    for (; next_event_ > 0; --next_event_) {
      const EventPlace<Y>& place = places_[next_event_ - 1];
      if (place.kind != EventPlace<Y>::Kind::inside) continue;
      if (place.segment != segment_ || place.node != i) return;
      inside_.push_back({place.sigma, &(*event_ws_)[next_event_ - 1]});
    }
  }

  void move_node(std::int64_t i, double node_bar) {
    times_bar.t0 += node_bar * timeline_->dt0(i);
    if (moves_with_t1()) times_bar.t1 += node_bar * timeline_->dt1(i);
    if (i == 0) times_bar.event += node_bar * timeline_->dt_event(i);  // no other node moves with it
  }
  // The same of all that flows to the times of step i, where nodes move evenly; leave() makes times of it.
  ANTISTROPHE_ALWAYS_INLINE void move_evenly(std::int64_t i, double start_bar, double end_bar,
                                             const TimeCotangents& step_bar) {
    even_times_.add(i, start_bar, end_bar);
    times_bar.t0 += in_register(step_bar.first);
    times_bar.t1 += in_register(step_bar.last);
    times_bar.event += step_bar.event;
  }
  bool moves_with_t1() const { return reaches_t1_ || timeline_->laid_out(); }

  S& stepper_;
  const F& field_;
  const SavePlan& plan_;
  const FirstInPlace<EventPlace<Y>>& places_;
  void (*meet_errors_)(Backward&, std::int64_t, const typename S::Carry&) = nullptr;
  typename S::CarryBar no_carry_bar_;
  const std::vector<Y>* ys_bar_ = nullptr;
  const std::vector<double>* ts_bar_ = nullptr;
  const std::vector<Y>* event_ws_ = nullptr;
  Throttle* throttle_ = nullptr;
  const Stats* stats_ = nullptr;
  const Timeline* timeline_ = nullptr;
  std::int64_t loud_ = std::numeric_limits<std::int64_t>::max(), heard_ = loud_;
  std::size_t segment_ = 0, next_ = 0, next_event_ = 0, stop_ = 0;
  bool reaches_t1_ = true, evenly_ = false;
  EvenTimes even_times_;
  std::int64_t steps_ = 0;
  DiedOut<typename Y::Scalar> died_out_;
  bool seeds_are_seen_ = false;
  FirstInPlace<SavedInside<Y>> inside_;
  Tape<F, Y> tape_;
  Y y_, dy_;
};

}  // namespace antistrophe::detail
