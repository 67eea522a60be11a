// SPDX-License-Identifier: MIT
// A solve and the way back through it, with all the memory both need, to be run again and again.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/backward_pass.hpp>
#include <antistrophe/adjoint/detail/instability.hpp>
#include <antistrophe/adjoint/detail/mistakes.hpp>
#include <antistrophe/adjoint/detail/repeats.hpp>
#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/detail/subdivided.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/detail/copied_cotangents.hpp>
#include <antistrophe/solve.hpp>

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class Save, class Y>
concept SavedFunctionWithVjp = requires(const Save& save, double t, const Y& y, const SavedType<Save, Y>& w, Y& y_bar,
                                        typename Y::Scalar& t_bar) { save.function.vjp(t, y, w, y_bar, t_bar); };

// True, or a compile error with the reason.
template <class Save, class Y>
consteval bool saved_takes_references() {
  if constexpr (SavedFunctionWithVjp<Save, Y>) {
    using Inputs = Types<double, Y, SavedType<Save, Y>>;
    constexpr bool copied = copies_cotangent<CallVjp, decltype(Save::function), Inputs, Y, typename Y::Scalar>;
    static_assert(
        !copied,
        "antistrophe: the vjp of a function saved in the place of the state takes y_bar or t_bar by value, and what it "
        "adds to a copy is lost: void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& t_bar) const.");
  }
  return true;
}

ANTISTROPHE_COLD [[noreturn]] inline void refuse_length(const char* name, std::size_t length, const char* what,
                                                        std::size_t expected) {
  refuse(std::string("the length of ") + name, length, what + std::to_string(expected));
}

inline void check_length(const char* name, std::size_t length, const char* what, std::size_t expected) {
  if (length != expected) refuse_length(name, length, what, expected);
}

template <class Cotangent>
void check_cotangent(const char* list, std::size_t i, const Cotangent& bar, const Cotangent& of) {
  if constexpr (std::is_arithmetic_v<Cotangent>) {
    if (!std::isfinite(bar)) refuse_entry(list, i, bar, "finite");
  } else {
    if (!same_shape(bar, of)) refuse_entry(std::string("the shape of ") + list, i, shape(bar), shape(of));
    if (const Eigen::Index bad = first_not_finite(bar); bad >= 0)
      refuse_entry(std::string(list) + "[" + std::to_string(i) + "]", static_cast<std::size_t>(bad), bar.data()[bad],
                   "finite");
  }
}

// Throws std::invalid_argument where cotangents do not fit what was saved, or are not finite.
template <class Saved, class Y>
void check_cotangents(const std::vector<Saved>& ys, const std::vector<EventRecord<Y>>& events,
                      const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar,
                      const std::vector<EventCotangent<Y>>& events_bar) {
  if (!ts_bar.empty()) check_length("ts_bar", ts_bar.size(), "0 or that of ts(), ", ys.size());
  for (std::size_t i = 0; i < ts_bar.size(); ++i)
    if (!std::isfinite(ts_bar[i])) refuse_entry("ts_bar", i, ts_bar[i], "finite");
  check_length("ys_bar", ys_bar.size(), "that of ys(), ", ys.size());
  for (std::size_t i = 0; i < ys_bar.size(); ++i) check_cotangent("ys_bar", i, ys_bar[i], ys[i]);
  if (!events_bar.empty()) check_length("events_bar", events_bar.size(), "0 or that of events(), ", events.size());
  for (std::size_t e = 0; e < events_bar.size(); ++e) {
    if (!std::isfinite(events_bar[e].t)) refuse_entry("the time of events_bar", e, events_bar[e].t, "finite");
    check_cotangent("events_bar", e, events_bar[e].y, events[e].y);
  }
}

// What a continuous adjoint keeps of the way forth that has no trace.
struct NothingKept : NoTrace {
  static std::size_t bytes() { return 0; }
  static std::int64_t bits_kept() { return 0; }
};

template <class Adjoint, class S>
struct TraceOf {
  using type = NothingKept;
};
template <class Adjoint, class S>
  requires requires { typename Adjoint::template Trace<S>; }
struct TraceOf<Adjoint, S> {
  using type = typename Adjoint::template Trace<S>;
};

// The nodes of a solve, for another to follow.
template <class AnySegment>
Stretches stretches_of(const FirstInPlace<AnySegment>& segments) {
  Stretches all;
  for (const AnySegment& segment : segments) {
    std::vector<double>& nodes = all.emplace_back();
    for (std::int64_t i = 0; i <= segment.timeline.steps(); ++i) nodes.push_back(segment.timeline[i]);
    if (segment.interruption) nodes.push_back(segment.interruption->step.t1);
  }
  return all;
}

// detail/continuous_pass.hpp, which programs without a continuous adjoint do without.
template <class F, class S, class Trace, class Detector, class Adjoint, class M>
class ContinuousPass;

// M: the method, of which S is the stepper.
template <class F, class Y, class M, class S, class Adjoint, class Save, class Cost, class... E>
class DifferentiatedSolve {
  static constexpr bool of_function = !std::is_same_v<Save, SaveAt>;
  static constexpr bool continuous = ContinuousAdjoint<Adjoint>;
  static_assert(!of_function || SavedFunctionWithVjp<Save, Y>,
                "antistrophe: a gradient through a function saved in the place of the state needs its member vjp(t, y, "
                "w, y_bar, t_bar), adding (∂g/∂y)ᵀw and (∂g/∂t)ᵀw.");
  static_assert(((!event_is_callable<E, F, Y> || event_is_differentiable<E, F, Y>)&&...),
                "antistrophe: a gradient through an event needs g.gradient(t, y, y_bar, theta_bar, t_bar), adding "
                "∂g/∂y, ∂g/∂θ and ∂g/∂t (or wrap g in automatic_event).");
  static_assert(((!jump_is_callable<E, F, Y> || jump_is_differentiable<E, F, Y>)&&...),
                "antistrophe: a gradient through a jump needs jump.vjp(t, y, w, y_bar, theta_bar, t_bar), adding "
                "(∂jump/∂y)ᵀw, (∂jump/∂θ)ᵀw and (∂jump/∂t)ᵀw (or wrap it in automatic_jump).");
  static_assert(continuous || !(jumps<E> || ...) || HasTimeGradient<F, Y>,
                "antistrophe: a gradient through a jump needs the field's ∂f/∂t: give its vjp a last argument `auto& "
                "t_bar`, or, if f does not depend on t, declare `static constexpr bool autonomous = true`.");
  static_assert(saved_takes_references<Save, Y>() && events_take_references<F, Y, E...>());

 public:
  using Trace = Metered<typename TraceOf<Adjoint, S>::type, F, S, Cost>;
  using Detector = EventDetector<F, Y, E...>;
  using Saved = SavedType<Save, Y>;

  // The field must outlive it; observer, if any, is called with what is saved.
  template <class StepsType, class O>
  DifferentiatedSolve(const Problem<F, Y>& problem, const F& field, const M& method, const StepsType& steps,
                      const Save& save_at, const Events<E...>& events, const Adjoint& adjoint, const O& observer,
                      const Cost& cost = {})
      : field_(field),
        method_(method),
        observed_(!std::is_same_v<O, NoObserver>),
        save_(save_at),
        y0_(problem.y0),
        t0_(problem.t0),
        t1_(problem.t1),
        plan_(timeline_of(steps, field, t0_, t1_)),
        forward_(make_forward<S>(method, field, y0_, t0_, t1_, steps, plan_, save_plan_of(save_at),
                                 Detector(events, field, y0_),
                                 metered<F, S>(make_trace<typename TraceOf<Adjoint, S>::type>(adjoint), field, cost,
                                               y0_, !LaidOutSteps<StepsType>),
                                 hand_on(observer), Saver<Y>::Keep::all)),
        backward_(way_back(adjoint, method)) {}
  DifferentiatedSolve(const DifferentiatedSolve&) = delete;  // its parts refer to each other
  DifferentiatedSolve& operator=(const DifferentiatedSolve&) = delete;

  // Once; `again` once more, from another state or with other parameters.
  template <class StepsType>
  ANTISTROPHE_OUT_OF_LINE void solve(const StepsType& steps, Throttle& throttle) {
    if constexpr (continuous) backward_.take_up(steps);
    if constexpr (requires { forward_.trace.take_up(steps, y0_); }) forward_.trace.take_up(steps, y0_);
    judge_ = nullptr;
    watch_errors(steps);
    run_with_room(forward_, method_, field_, steps, plan_, y0_, t0_, t1_, true, throttle, !observed_,
                  [&] { watch_errors(steps); });
    if constexpr (LaidOutSteps<StepsType>) {
      gap_ = gap_of(forward_.stepper, forward_.stats);
      judge_ = [](DifferentiatedSolve& self, const Cotangents<Y>& bar, Gradient<F, Y>& gradient) {
        return self.judge_laid_out(bar, gradient);
      };
    }
    if (!vjp_tried_ && !failed()) try_the_vjp();
    if constexpr (Detector::any_jumps) {
      if (!failed()) try_the_jumps();
    }
    if constexpr (of_function) {
      const std::vector<Y>& states = forward_.saver.states();
      values_.clear();
      for (std::size_t i = 0; i < states.size(); ++i) values_.push_back(save_.function(ts()[i], states[i]));
    }
  }
  template <class StepsType>
  void solve_again(const Y& y0, const M& method, const StepsType& steps, Throttle& throttle) {
    forward_.restart();
    if constexpr (requires { forward_.stepper.thaw(); }) forward_.stepper.thaw();
    y0_ = y0;
    // The numbers of an exact method depend on the size of its first state.
    if constexpr (requires { forward_.stepper.rescale(method, y0); })
      forward_.stepper.rescale(resolved(method, resolution_wishes(steps), y0, field_, t0_, t1_, plan_.steps()), y0);
    solve(steps, throttle);
  }

  const std::vector<double>& ts() const { return forward_.saver.plan().ts; }
  const std::vector<Saved>& ys() {
    if constexpr (of_function)
      return values_;
    else
      return forward_.saver.states();
  }
  const std::vector<EventRecord<Y>>& events() const { return forward_.events; }
  const Stats& stats() const { return forward_.stats; }
  // Of a RunningCost, so far as the solve got; 0 where there is none.
  double running_cost() const { return running_cost_of(forward_.trace); }
  const Failure& failure() const { return forward_.failure; }
  bool failed() const { return antistrophe::failed(forward_.failure.status); }
  // A copy of what is there, states included.
  ANTISTROPHE_COLD Solution<Y> solution() { return make_solution<true>(forward_); }

  // Its steps in so many parts each, for another solve to follow; `stretches` holds their nodes.
  Subdivided subdivided(const Stretches& stretches, std::int64_t parts) const {
    return {&stretches, parts, resolutions_of(forward_.stepper), plan_.jumps(), plan_.is_chosen()};
  }
  Stretches stretches() const { return stretches_of(forward_.segments); }

  // Cotangents of ys(), ts() and events(), of their lengths, the last two possibly empty.
  Failure pull_back(const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar,
                    const std::vector<EventCotangent<Y>>& events_bar, Throttle& throttle, Gradient<F, Y>& gradient,
                    double running_cost_bar = 1) {
    if constexpr (of_function) {
      // From cotangents of g to those of the states and times it was taken of.
      const std::vector<Y>& states = forward_.saver.states();
      states_bar_.assign(states.size(), zeros_like(y0_));
      times_bar_ = ts_bar;
      times_bar_.resize(states.size(), 0.0);
      for (std::size_t i = 0; i < states.size(); ++i) {
        typename Y::Scalar t_bar{0};
        save_.function.vjp(ts()[i], states[i], ys_bar[i], states_bar_[i], t_bar);
        times_bar_[i] += static_cast<double>(Eigen::numext::real(t_bar));
      }
      return through({states_bar_, times_bar_, events_bar, running_cost_bar}, throttle, gradient);
    } else {
      return through({ys_bar, ts_bar, events_bar, running_cost_bar}, throttle, gradient);
    }
  }

  // Of the last gradient, what errors of steps have made of it, so far as that is estimated.
  const GradientError& judged() const { return judged_; }
  ANTISTROPHE_COLD bool steps_dip() const {
    for (const Segment<S>& segment : forward_.segments)
      if (detail::steps_dip(segment.timeline)) return true;
    return false;
  }
  ANTISTROPHE_COLD Failure magnified_errors(const GradientError& error) const {
    return detail::magnified_errors(forward_.segments.back().timeline.t1(), forward_.stats.accepted, error);
  }
  // Not again, where the solve is repeated.
  void tell_observer(bool tells) { forward_.saver.tell_observer(tells); }

  void check(const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar,
             const std::vector<EventCotangent<Y>>& events_bar) {
    check_cotangents(ys(), events(), ys_bar, ts_bar, events_bar);
  }

  Gradient<F, Y> zero_gradient() const { return {zeros_like(y0_), zero_parameters<F, Y>(field_), {}, {}, {}}; }

 private:
  template <class O>
  typename Saver<Y>::Observe hand_on(const O& observer) {
    if constexpr (std::is_same_v<O, NoObserver>)
      return {};
    else if constexpr (of_function)
      return {&observer, this, [](const void* told, void* self, double t, const Y& y) {
                return observe(*static_cast<const O*>(told), t,
                               static_cast<DifferentiatedSolve*>(self)->save_.function(t, y));
              }};
    else
      return {&observer, nullptr, [](const void* told, void*, double t, const Y& y) {
                return observe(*static_cast<const O*>(told), t, y);
              }};
  }

  // Where steps are chosen to a tolerance, the way back sees what their errors make of the gradient.
  template <class StepsType>
  void watch_errors([[maybe_unused]] const StepsType& steps) {
    if constexpr (!continuous && has_judged_errors<F, Y> &&
                  requires { forward_.local_errors.begin(y0_.size(), steps); }) {
      gradient_rtol_ = steps.gradient_rtol;
      forward_.local_errors.begin(y0_.size(), steps);
      backward_.watch_errors();
      judge_ = [](DifferentiatedSolve& self, const Cotangents<Y>& bar, Gradient<F, Y>& gradient) {
        return self.judge_chosen(bar, gradient);
      };
    }
  }

  // Once, at the turn, before any gradient is given.
  void try_the_vjp() {
    const Segment<S>& last = forward_.segments.back();
    const std::int64_t n = last.timeline.steps();
    Y end = y0_;
    forward_.stepper.read(last.end, end);
    if constexpr (continuous)
      try_vjp<F, Y>(field_, last.timeline[n], end);
    else
      try_vjps_of<S>(field_, last.timeline[n > 0 ? n - 1 : 0], last.timeline[n], end);
    vjp_tried_ = true;
  }

  // That of each jump once, where it was met first.
  void try_the_jumps() {
    for (const Segment<S>& segment : forward_.segments) {
      if (!segment.interruption) continue;
      const std::size_t index = segment.interruption->hit.index;
      if (jumps_tried_[index]) continue;
      try_jump_vjp(forward_.detector, index, segment.interruption->t, segment.interruption->y,
                   zero_parameters<F, Y>(field_));
      jumps_tried_[index] = true;
    }
  }

  Failure through(const Cotangents<Y>& bar, Throttle& throttle, Gradient<F, Y>& gradient) {
    Failure failure = pass_back(bar, throttle, gradient);
    judged_ = {};
    if (judge_ == nullptr || failure.status != Status::success) return failure;
    return judge_(*this, bar, gradient);
  }

  // Whether steps laid out before were too long for the gradient to be of use.
  ANTISTROPHE_COLD Failure judge_laid_out(const Cotangents<Y>& bar, const Gradient<F, Y>& gradient) {
    if (forward_.failure.status != Status::success) return {};
    return find_instability(forward_.stepper, forward_.segments, y0_, gradient.y0, injected_by(bar), gap_, scratch_)
        .value_or(Failure{});
  }
  // What the errors of chosen steps make of the gradient.
  ANTISTROPHE_COLD Failure judge_chosen(const Cotangents<Y>& bar, Gradient<F, Y>& gradient) {
    judged_ = backward_.judge(gradient, gradient_rtol_);
    const std::int64_t evaluations = forward_.stepper.calls().evaluations;
    if (judged_.borne > 0 && judged_.error < 1) note_mode(gradient, bar);
    gradient.stats.judged += forward_.stepper.calls().evaluations - evaluations;
    gradient.stats.estimated_error = judged_.error;
    return judged_.excess() > judged_.refused_from ? magnified_errors(judged_) : Failure{};
  }
  void note_mode(Gradient<F, Y>& gradient, const Cotangents<Y>& bar) {
    const auto& segments = forward_.segments;
    forward_.stepper.read(segments.back().end, scratch_);
    const double growth = doubtful_growth(growth_between(y0_, scratch_, injected_by(bar), gradient.y0));
    note_error_of_mode(
        judged_, forward_.stepper, t0_, y0_, segments.back().timeline.t1(), scratch_, growth, forward_.stats.accepted,
        [&](const auto& see) {
          for (const Segment<S>& segment : segments) see(segment.timeline);
        },
        [&] { return backward_.rate_of_cotangents(gradient.stats); });
  }
  // A running cost injects more than these.
  static double injected_by(const Cotangents<Y>& bar) { return MetersCost<Trace> ? 0 : injected(bar); }
  Failure pass_back(const Cotangents<Y>& bar, Throttle& throttle, Gradient<F, Y>& gradient) {
    if constexpr (continuous)
      return backward_.run(bar, t0_, t1_, throttle, gradient);
    else
      return backward_.run(bar, throttle, gradient);
  }

  using WayBack =
      typename std::conditional_t<continuous, std::type_identity<ContinuousPass<F, S, Trace, Detector, Adjoint, M>>,
                                  std::type_identity<BackwardPass<F, S, Trace, Detector>>>::type;
  WayBack way_back([[maybe_unused]] const Adjoint& adjoint, [[maybe_unused]] const M& method) {
    if constexpr (continuous)
      return WayBack(forward_, field_, adjoint, method, y0_);
    else
      return WayBack(forward_, field_, y0_);
  }

  const F& field_;
  M method_;
  bool observed_;
  Save save_;
  Y y0_;
  double t0_, t1_;
  Timeline plan_;
  bool vjp_tried_ = false;
  std::array<bool, sizeof...(E)> jumps_tried_{};
  Forward<S, Trace, Detector> forward_;
  WayBack backward_;
  std::vector<std::conditional_t<of_function, Saved, char>> values_;
  std::vector<Y> states_bar_;
  std::vector<double> times_bar_;
  Y scratch_ = y0_;
  double gradient_rtol_ = 0;
  // Who judges a gradient: of steps laid out before and of chosen ones each compiled only where there are any.
  Failure (*judge_)(DifferentiatedSolve&, const Cotangents<Y>&, Gradient<F, Y>&) = nullptr;
  GradientError judged_;
  double gap_ = 0;  // of a coupled pair, at the end of steps laid out before
};

}  // namespace antistrophe::detail
