// What all sweeps share: cotangents of the carry, parameters and times, gathered step by step from t1 to t0; the
// cotangents of saved states enter where those states were saved.
#pragma once

#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/field_access.hpp>
#include <antistrophe/core/state.hpp>
#include <antistrophe/solve/save_at.hpp>
#include <antistrophe/stepper/stepper.hpp>
#include <antistrophe/steps/timeline.hpp>

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

  Backward(S& stepper, const F& field, const Timeline& timeline, const SavePlan& plan, const std::vector<Y>& ys_bar)
      : stepper_(stepper),
        field_(field),
        timeline_(timeline),
        plan_(plan),
        ys_bar_(ys_bar),
        next_(plan.size()),
        carry_bar(stepper.make_carry_bar()),
        theta_bar(zero_parameters<F, Y>(field)),
        y_(zeros_like(ys_bar.empty() ? Y() : ys_bar.front())),
        dy_(y_) {}

  // The cotangents of what was saved at node i, whose carry is given.
  void meet_saves(std::int64_t i, const typename S::Carry& carry) {
    for (; next_ > 0 && plan_.nodes[next_ - 1] == i; --next_) {
      const Y& w = ys_bar_[next_ - 1];
      stepper_.add_to_state(carry_bar, w);
      if constexpr (with_times) {
        // A time that was given stays where it is while its node moves: y(t) = y_i + (t − t_i) y'(t_i).
        if (plan_.given[next_ - 1] && i > 0 && i < timeline_.steps() && timeline_.moves()) {
          auto tape = make_tape<F, Y>(field_, w);
          stepper_.read(carry, y_);
          evaluate<F, Y>(field_, timeline_[i], y_, dy_, tape);
          move_node(i, -static_cast<double>(dot(w, dy_)));
        }
      }
    }
  }

  // What flowed to the two ends of step i is passed on to t0 and t1.
  void chain_times(std::int64_t i, const TimeCotangents& step_bar) {
    if constexpr (with_times) {
      move_node(i, step_bar.t0);
      move_node(i + 1, step_bar.t1);
      times_bar.t0 += step_bar.first;
      times_bar.t1 += step_bar.last;
    }
  }

 private:
  void move_node(std::int64_t i, double node_bar) {
    times_bar.t0 += node_bar * timeline_.dt0(i);
    times_bar.t1 += node_bar * timeline_.dt1(i);
  }

  S& stepper_;
  const F& field_;
  const Timeline& timeline_;
  const SavePlan& plan_;
  const std::vector<Y>& ys_bar_;
  std::size_t next_;

 public:
  typename S::CarryBar carry_bar;
  Parameters<F, Y> theta_bar;
  TimeCotangents times_bar;

 private:
  Y y_, dy_;
};

template <class Parts>
bool parts_finite(const Parts& parts) {
  return std::apply([](const auto&... part) { return (part.allFinite() && ...); }, parts);
}

}  // namespace antistrophe::detail
