// solve_with_pullback(problem, method, steps[, save_at][, adjoint]): a solve, and the pull-back of cotangents of its
// saved states to those of y0, θ, t0 and t1. The primitive under value_and_gradient.
#pragma once

#include <antistrophe/adjoint/detail/backward.hpp>
#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/solve.hpp>

#include <cmath>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

template <class M, class F, class Y>
struct DefaultAdjointOf {
  using type = DirectAdjoint;
};
template <class M, class F, class Y>
  requires Solvable<F, Y> && BindsToStepper<M, F, Y> && supports_state<M, Y> &&
           ReversibleStepper<typename M::template Stepper<F, Y>>
struct DefaultAdjointOf<M, F, Y> {
  using type = ReversibleAdjoint;
};

// The cotangent of a saved number or Eigen object, 0 of its shape.
template <class Saved>
Saved zero_cotangent(const Saved& saved) {
  if constexpr (std::is_arithmetic_v<Saved>)
    return Saved{0};
  else
    return zeros_like(saved);
}

// True where an adjoint can go back through such a solve; else a compile error with the reason.
template <class F, class Y, class M, class StepsType, class Save, class Adjoint>
consteval bool require_pullback() {
  if constexpr (!require_solve<F, Y, M, StepsType>()) {
    return false;
  } else if constexpr (!require_save_at<Save, Y>()) {
    return false;
  } else if constexpr (!method_differentiates<F, Y, M>()) {
    return false;
  } else if constexpr (!require_differentiable<F, Y>()) {
    return false;
  } else if constexpr (!requires { typename Adjoint::template Trace<typename M::template Stepper<F, Y>>; }) {
    static_assert(never<Adjoint>,
                  "antistrophe: the last argument must be an adjoint, such as ReversibleAdjoint{} or DirectAdjoint{}.");
    return false;
  } else {
    return Adjoint::template require<typename M::template Stepper<F, Y>>();
  }
}

template <class Save, class Y>
concept SavedFunctionWithVjp = requires(const Save& save, double t, const Y& y, const SavedType<Save, Y>& w, Y& y_bar,
                                        typename Y::Scalar& t_bar) { save.function.vjp(t, y, w, y_bar, t_bar); };

}  // namespace detail

// Given no adjoint, a reversible method gets ReversibleAdjoint, any other DirectAdjoint.
template <class M, class F, class Y>
using DefaultAdjoint = typename detail::DefaultAdjointOf<M, F, Y>::type;

// A finished solve that can be gone back through, as often as one likes. It owns a copy of the field: parameters changed
// afterwards do not touch it. Not for use by two threads at once.
template <class F, class Y, class S, class Adjoint, class Save, class... E>
class [[nodiscard]] Pass {
  using Detector = detail::EventDetector<F, Y, E...>;
  static constexpr bool of_function = !std::is_same_v<Save, SaveAt>;

 public:
  using Trace = typename Adjoint::template Trace<S>;
  using Saved = SavedType<Save, Y>;

  const std::vector<double>& ts() const { return forward_.solution.ts(); }
  // What was saved: states, or, with SaveAt{…}.of(g), what g gave.
  const std::vector<Saved>& ys() const {
    if constexpr (of_function)
      return values_;
    else
      return forward_.solution.ys();
  }
  const Stats& stats() const { return forward_.solution.stats(); }
  const Solution<Y>& solution() const { return forward_.solution; }

  // ys_bar[i] is the cotangent of ys()[i], of the same shape; ts_bar[i], if given, that of ts()[i], of which only times of
  // events and nodes can move. Throws std::invalid_argument where they do not fit or are not finite; SolveError where the
  // field turns out impure or the cotangents overflow.
  Gradient<F, Y> pullback(const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar = {}) {
    check(ys_bar, ts_bar);
    if constexpr (of_function) {
      // From cotangents of g to those of the states and times it was taken of.
      const std::vector<Y>& states = forward_.solution.ys();
      std::vector<Y> states_bar(states.size(), detail::zeros_like(y0_));
      std::vector<double> times_bar = ts_bar;
      times_bar.resize(states.size(), 0.0);
      for (std::size_t i = 0; i < states.size(); ++i) {
        typename Y::Scalar t_bar{0};
        save_.function.vjp(ts()[i], states[i], ys_bar[i], states_bar[i], t_bar);
        times_bar[i] += static_cast<double>(Eigen::numext::real(t_bar));
      }
      return pull_back_states(states_bar, times_bar);
    } else {
      return pull_back_states(ys_bar, ts_bar);
    }
  }

  // Borrows the field where own_field is false: it must then outlive the pass, unchanged.
  template <class M, class StepsType>
  Pass(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const Save& save_at,
       const Events<E...>& events, bool own_field)
      : owned_(own_field ? std::make_unique<const F>(problem.field) : nullptr),
        field_(own_field ? owned_.get() : &problem.field),
        save_(save_at),
        y0_(problem.y0),
        forward_(method, *field_, problem.y0, problem.t0, problem.t1, steps, detail::save_plan_of(save_),
                 Detector(events, *field_), OnFailure::throw_error) {
    if constexpr (of_function) {
      static_assert(detail::SavedFunctionWithVjp<Save, Y>,
                    "antistrophe: a gradient through a function saved in the place of the state needs its member "
                    "vjp(t, y, w, y_bar, t_bar), adding (∂g/∂y)ᵀw and (∂g/∂t)ᵀw.");
      values_.reserve(ts().size());
      for (std::size_t i = 0; i < ts().size(); ++i)
        values_.push_back(save_.function(ts()[i], forward_.solution.ys()[i]));
    }
  }

 private:
  Gradient<F, Y> pull_back_states(const std::vector<Y>& ys_bar, const std::vector<double>& ts_bar) {
    const F& field = *field_;
    S& stepper = forward_.stepper;
    const Calls before = stepper.calls();
    const std::vector<detail::Segment<S>>& segments = forward_.segments;
    const double t0 = segments.front().timeline.t0();

    detail::Backward<S, F> backward(stepper, field, forward_.plan, ys_bar, ts_bar, y0_);
    Gradient<F, Y> gradient{detail::zeros_like(y0_), {}, {}, {}, {}};
    auto way_back = forward_.trace.way_back();
    double t_start_bar = 0;
    for (std::size_t k = segments.size(); k-- > 0;) {
      const detail::Segment<S>& segment = segments[k];
      typename S::Carry carry = segment.end;
      backward.stop_at(segment.saves_begin);
      backward.enter(segment.timeline, !segment.interruption && forward_.solution.status() == Status::success);
      if constexpr (!Detector::none) {
        if (segment.interruption)
          through_event(segment, k + 1 < segments.size(), gradient.y0, t_start_bar, backward, carry);
      }
      const Failure failure =
          forward_.trace.sweep(stepper, k, segment.timeline, carry, backward, way_back, gradient.stats);
      if (failure.status != Status::success) throw SolveError(failure, forward_.solution);
      TimeCotangents start_bar;
      stepper.finish(segment.timeline.t0(), carry, backward.carry_bar, gradient.y0, backward.theta_bar, start_bar);
      t_start_bar = backward.times_bar.t0 + start_bar.t0;
    }

    gradient.theta = std::move(backward.theta_bar);
    if constexpr (TimeDifferentiable<F, Y>) {
      TimeCotangents times_bar{t_start_bar, backward.times_bar.t1};
      if (segments.size() == 1 && !segments[0].interruption && segments[0].timeline.steps() == 0)
        add_instant(ys_bar, times_bar);
      gradient.t0 = times_bar.t0;
      gradient.t1 = times_bar.t1;
    }
    gradient.stats.evaluations = stepper.calls().evaluations - before.evaluations;
    gradient.stats.vjps = stepper.calls().vjps - before.vjps;
    if (!gradient.y0.allFinite() || !gradient.theta.allFinite())
      throw SolveError(
          {Status::gradient_not_finite, t0, segments.front().timeline.first(), -1,
           "the cotangents overflowed on the way back, or the vjp returned NaN: a chaotic solution over so "
           "long a time has no gradient that numbers can hold"},
          forward_.solution);
    return gradient;
  }

  // Back through the event at the end of a segment: from the cotangent of the state after its jump (`goes_on`), of what was
  // saved there and of its time, to that of the step it cut. The event's time moves with the state so that g stays 0:
  //   w ← w − ∂g/∂y (wᵀẎ + L_t) / (∂g/∂t + ∂g/∂y·Ẏ),   θ̄ −= ∂g/∂θ (the same factor).
  template <class Backward>
  void through_event(const detail::Segment<S>& segment, bool goes_on, const Y& after_bar, double t_after_bar,
                     Backward& backward, typename S::Carry& carry) {
    using Scalar = typename Y::Scalar;
    const detail::Interruption<Y>& interruption = *segment.interruption;
    Step step = interruption.step;
    step.timeline = &segment.timeline;
    const std::size_t index = interruption.hit.index;
    Y w = detail::zeros_like(y0_), g_y = w;
    double time_bar = 0;
    auto saves = backward.saves_of_cut(segment.timeline.steps(), {interruption.hit.sigma, &w}, w, time_bar);
    if (goes_on) {
      static_assert((!detail::jumps<E> && ...) || TimeDifferentiable<F, Y>,
                    "antistrophe: a gradient through a jump needs the field's ∂f/∂t: give its vjp a last argument "
                    "`auto& t_bar`, or, if f does not depend on t, declare `static constexpr bool autonomous = true`.");
      Scalar jump_t_bar{0};
      forward_.detector.jump_vjp(index, interruption.t, interruption.y, after_bar, w, backward.theta_bar, jump_t_bar);
      time_bar += t_after_bar + static_cast<double>(Eigen::numext::real(jump_t_bar));
    }
    auto g_theta = detail::zero_parameters<F, Y>(*field_);
    Scalar g_t{0};
    forward_.detector.gradient(index, interruption.t, interruption.y, g_y, g_theta, g_t);
    const Scalar rate = g_t + detail::dot(g_y, interruption.slope);
    const Scalar factor =
        (detail::dot(w, interruption.slope) + static_cast<Scalar>(static_cast<RealOf<Y>>(time_bar))) / rate;
    if (!detail::is_finite(factor))
      throw SolveError({Status::gradient_not_finite, interruption.t, step.n, -1,
                        "event " + std::to_string(index) +
                            " is grazing: dg/dt is 0 along the solution, so its time has no derivative"},
                       forward_.solution);
    w -= factor * g_y;
    backward.theta_bar -= factor * g_theta;
    TimeCotangents step_bar;
    forward_.stepper.pullback(step, carry, backward.carry_bar, backward.theta_bar, step_bar, saves);
    backward.chain_times(segment.timeline.steps(), step_bar);
  }

  void check(const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar) const {
    if (!ts_bar.empty() && ts_bar.size() != ys().size())
      detail::refuse("the length of ts_bar", ts_bar.size(), "0 or that of ts(), " + std::to_string(ys().size()));
    for (std::size_t i = 0; i < ts_bar.size(); ++i)
      if (!std::isfinite(ts_bar[i])) detail::refuse("ts_bar[" + std::to_string(i) + "]", ts_bar[i], "finite");
    if (ys_bar.size() != ys().size())
      detail::refuse("the length of ys_bar", ys_bar.size(), "that of ys(), " + std::to_string(ys().size()));
    for (std::size_t i = 0; i < ys_bar.size(); ++i) {
      const std::string name = "ys_bar[" + std::to_string(i) + "]";
      if constexpr (std::is_arithmetic_v<Saved>) {
        if (!std::isfinite(ys_bar[i])) detail::refuse(name, ys_bar[i], "finite");
      } else {
        if (!detail::same_shape(ys_bar[i], ys()[i]))
          detail::refuse("the shape of " + name, detail::shape(ys_bar[i]), detail::shape(ys()[i]));
        detail::refuse_not_finite(name, ys_bar[i]);
      }
    }
  }

  // t0 == t1: no step was taken, and y(t1) moves by f with t1 and by −f with t0.
  void add_instant(const std::vector<Y>& ys_bar, TimeCotangents& times_bar) const {
    if (ys_bar.empty() || !forward_.plan.last_is_end || forward_.plan.given.back()) return;
    auto tape = detail::make_tape<F, Y>(*field_, y0_);
    Y dy = detail::zeros_like(y0_);
    detail::evaluate<F, Y>(*field_, forward_.segments.front().timeline.t0(), y0_, dy, tape);
    const double slope = static_cast<double>(detail::dot(ys_bar.back(), dy));
    times_bar.t1 += slope;
    times_bar.t0 -= slope;
  }

  std::unique_ptr<const F> owned_;
  const F* field_;
  Save save_;
  Y y0_;
  detail::Forward<S, Trace, Detector> forward_;
  std::vector<std::conditional_t<of_function, Saved, char>> values_;
};

// The solve and its pull-back. Errors as of solve; a method that cannot go with the adjoint does not compile.
template <class F, class Y, class M, class StepsType, class Save = SaveAt, class Adjoint = DefaultAdjoint<M, F, Y>,
          class... E>
auto solve_with_pullback(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                         const Save& save_at = {}, const Adjoint& = {}, const Events<E...>& events = Events<>{}) {
  if constexpr (detail::require_pullback<F, Y, M, StepsType, Save, Adjoint>()) {
    detail::validate(problem);
    return Pass<F, Y, typename M::template Stepper<F, Y>, Adjoint, Save, E...>(problem, method, steps, save_at, events,
                                                                               true);
  }
}

}  // namespace antistrophe
