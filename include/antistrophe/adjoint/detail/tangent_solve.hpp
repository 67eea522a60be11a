// SPDX-License-Identifier: MIT
// A solve that takes tangents along, with all its memory, to be run again and again.
#pragma once

#include <antistrophe/adjoint/detail/instability.hpp>
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
template <class F, class Y, class M, int K, class Cost = NoRunningCost>
class TangentSolve {
 public:
  using Field = TangentField<F, Y, K>;
  using Layout = typename Field::Layout;
  using Large = typename Field::Augmented;
  using Scalar = typename Y::Scalar;
  using S = TangentStepperOf<M, Field, Large>;
  using Detector = EventDetector<Field, Large>;
  using Trace = typename TangentTraceOf<S, F, Y, Cost>::type;
  using Observe = typename Saver<Large>::Observe;

  // The field must outlive it. observe, if it is any, is told of saved states and tangents.
  template <class StepsType>
  TangentSolve(const F& field, const Y& y0, double t0, double t1, const M& method, const StepsType& steps,
               const SaveAt& save_at, TangentSeeds<Scalar> seeds, bool in_error_norm, Observe observe,
               const Cost& cost = {})
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
            Detector(Events<>{}, tangents_, start_),
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
      FixedControl control(plan_, false);
      Integration(forward_, control, throttle, t0_, t1_).run(plan_, start_);
      laid_out_ = true;
      alone_.see(forward_.stepper);
      gap_ = gap_of(alone_, forward_.stats);
    } else {
      TangentControl<StepsType, S, F, Y> control(steps, in_error_norm_, tangents_, t0_, t1_, start_, y0_);
      Integration(forward_, control, throttle, t0_, t1_).run(plan_, start_);
    }
    take_saved();
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
  Solution<Y> solution() const {
    return Solution<Y>(ts(), states_, all_nodes(forward_.segments), resolutions_of(forward_.stepper), DensePath<Y>{},
                       {}, forward_.failure, forward_.stats, running_cost());
  }

  // Tangent j of entry i of saved state e, and of its time: of a time that was given neither that nor the place of its state
  // moves with the steps.
  Scalar tangent(std::size_t e, Eigen::Index i, Eigen::Index j) const { return saved_[e][layout().at(i, j)]; }
  Scalar time_tangent(std::size_t e, Eigen::Index j) const {
    const SavedEntry& entry = forward_.saver.plan().entries[e];
    if (entry.given) return 0;
    return node_motion(entry.node, j);
  }

  // Of a RunningCost, so far as the solve got, and its tangents; 0 where there is none.
  double running_cost() const { return running_cost_of(forward_.trace); }
  double cost_tangent([[maybe_unused]] Eigen::Index j) const {
    if constexpr (MetersCost<Trace>)
      return forward_.trace.tangent(j, [&](std::int64_t i) { return node_motion(i, j); });
    else
      return 0;
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
  // What tangent j moves node i by, once the solve is over.
  Scalar node_motion(std::int64_t i, Eigen::Index j) const {
    return static_cast<Scalar>(timeline().dt0(i)) * seeds_.t0[j] +
           static_cast<Scalar>(timeline().dt1(i)) * seeds_.t1[j];
  }
  const Timeline& timeline() const { return forward_.segments.front().timeline; }

  Large started(const Y& y0) const {
    const Layout& layout = tangents_.layout();
    Large x = Large::Zero(layout.size());
    for (Eigen::Index i = 0; i < layout.n(); ++i) {
      x[i] = y0.data()[i];
      for (Eigen::Index j = 0; j < layout.k(); ++j) x[layout.at(i, j)] = seeds_.y0(i, j);
    }
    return x;
  }

  // States apart from their tangents; and these where times move while what was saved stays.
  void take_saved() {
    saved_ = forward_.saver.states();
    states_.assign(saved_.size(), y0_);
    for (std::size_t e = 0; e < saved_.size(); ++e) layout().take_state(saved_[e], states_[e]);
    if constexpr (Field::with_times) {
      if (!seeds_.times_move() || failed(forward_.failure.status)) return;
      const SavePlan& plan = forward_.saver.plan();
      const std::int64_t n = timeline().steps();
      for (std::size_t e = 0; e < saved_.size(); ++e) {
        const SavedEntry& entry = plan.entries[e];
        if (n == 0) {
          if (e + 1 == saved_.size() && plan.last_is_end && !entry.given) move_instant(e);
        } else if (entry.given && entry.sigma == 0 && entry.node > 0 && entry.node < n &&
                   timeline().moves(entry.node)) {
          move_given(e, entry.node);
        }
      }
    }
  }
  void find_slope(std::size_t e, double t) { evaluate<F, Y>(tangents_.primal(), t, states_[e], slope_, tape_); }
  // A time that was given stays where it is while its node moves: y(t) = y_i + (t − t_i) y'(t_i).
  void move_given(std::size_t e, std::int64_t node) {
    find_slope(e, timeline()[node]);
    for (Eigen::Index j = 0; j < layout().k(); ++j) {
      const Scalar motion = node_motion(node, j);
      for (Eigen::Index i = 0; i < layout().n(); ++i) saved_[e][layout().at(i, j)] -= slope_.data()[i] * motion;
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
  std::vector<Large> saved_;
  std::vector<Y> states_;
  Y slope_;
  Tape<F, Y> tape_;
  JudgedStepper<Judged::state, S, F, Y> alone_;
  bool laid_out_ = false;
  double gap_ = 0;  // of a coupled pair, at the end of steps laid out before
};

}  // namespace antistrophe::detail
