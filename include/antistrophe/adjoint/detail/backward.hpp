// What all sweeps share: cotangents of the carry, parameters and times, gathered step by step from t1 to t0; the
// cotangents of saved states enter where those states were saved.
#pragma once

#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/saver.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace antistrophe::detail {

template <class S, class F>
class Backward {
 public:
  using Y = typename S::State;
  static constexpr bool with_times = TimeDifferentiable<F, Y>;

  Backward(S& stepper, const F& field, const SavePlan& plan, const std::vector<Y>& ys_bar,
           const std::vector<double>& ts_bar, const Y& like)
      : stepper_(stepper),
        field_(field),
        plan_(plan),
        ys_bar_(ys_bar),
        ts_bar_(ts_bar),
        next_(plan.size()),
        carry_bar(stepper.make_carry_bar()),
        theta_bar(zero_parameters<F, Y>(field)),
        y_(zeros_like(like)),
        dy_(y_) {}

  // Goes on with a segment, from its end. Where it ends short of t1, no node of it moves with t1.
  void enter(const Timeline& timeline, bool reaches_t1) {
    timeline_ = &timeline;
    reaches_t1_ = reaches_t1;
    carry_bar = stepper_.make_carry_bar();
    times_bar.t0 = 0;
  }

  // The cotangents of what was saved at node i, whose carry is given.
  void meet_saves(std::int64_t i, const typename S::Carry& carry) {
    for (; next_ > 0 && plan_.nodes[next_ - 1] == i && plan_.sigmas[next_ - 1] == 0 && next_ > stop_; --next_) {
      const std::size_t e = next_ - 1;
      const Y& w = ys_bar_[e];
      stepper_.add_to_state(carry_bar, w);
      if constexpr (with_times) {
        if (!plan_.given[e]) {
          if (!ts_bar_.empty()) move_node(i, ts_bar_[e]);
        } else if (i > 0 && i < timeline_->steps() && timeline_->moves()) {
          // A time that was given stays where it is while its node moves: y(t) = y_i + (t − t_i) y'(t_i).
          auto tape = make_tape<F, Y>(field_, w);
          stepper_.read(carry, y_);
          evaluate<F, Y>(field_, (*timeline_)[i], y_, dy_, tape);
          move_node(i, -static_cast<double>(dot(w, dy_)));
        }
      }
    }
  }

  // The cotangents of what was saved inside step i.
  std::span<const SavedInside<Y>> saves_inside(std::int64_t i) {
    inside_.clear();
    for (; next_ > stop_ && plan_.nodes[next_ - 1] == i && plan_.sigmas[next_ - 1] > 0; --next_)
      inside_.push_back({plan_.sigmas[next_ - 1], &ys_bar_[next_ - 1]});
    return inside_;
  }

  // Of the cut step, i: the cotangents of the state at the event go to w and t_bar, those of given times inside it are
  // returned, and `at_event` with them.
  std::span<const SavedInside<Y>> saves_of_cut(std::int64_t i, const SavedInside<Y>& at_event, Y& w, double& t_bar) {
    inside_.clear();
    for (; next_ > stop_ && plan_.nodes[next_ - 1] == i && plan_.sigmas[next_ - 1] > 0; --next_) {
      const std::size_t e = next_ - 1;
      if (plan_.given[e]) {
        inside_.push_back({plan_.sigmas[e], &ys_bar_[e]});
      } else {
        w += ys_bar_[e];
        if (!ts_bar_.empty()) t_bar += ts_bar_[e];
      }
    }
    inside_.push_back(at_event);
    return inside_;
  }

  // No save before entry `begin` belongs to the segment.
  void stop_at(std::size_t begin) { stop_ = begin; }

  // What flowed to the two ends of step i is passed on to t0 and t1.
  void chain_times(std::int64_t i, const TimeCotangents& step_bar) {
    if constexpr (with_times) {
      move_node(i, step_bar.t0);
      if (i < timeline_->steps()) move_node(i + 1, step_bar.t1);
      times_bar.t0 += step_bar.first;
      if (reaches_t1_) times_bar.t1 += step_bar.last;
    }
  }

 private:
  void move_node(std::int64_t i, double node_bar) {
    times_bar.t0 += node_bar * timeline_->dt0(i);
    if (reaches_t1_) times_bar.t1 += node_bar * timeline_->dt1(i);
  }

  S& stepper_;
  const F& field_;
  const Timeline* timeline_ = nullptr;
  bool reaches_t1_ = true;
  const SavePlan& plan_;
  const std::vector<Y>& ys_bar_;
  const std::vector<double>& ts_bar_;
  std::size_t next_, stop_ = 0;
  std::vector<SavedInside<Y>> inside_;

 public:
  typename S::CarryBar carry_bar;
  Parameters<F, Y> theta_bar;
  TimeCotangents times_bar;  // dL/dt of the start of the segment, and dL/dt1

 private:
  Y y_, dy_;
};

}  // namespace antistrophe::detail
