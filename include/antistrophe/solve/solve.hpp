// solve(problem, method, steps[, save_at][, extras…]): the solution of an initial value problem.
#pragma once

#include <antistrophe/solve/events.hpp>
#include <antistrophe/solve/march.hpp>
#include <antistrophe/solve/problem.hpp>
#include <antistrophe/solve/requirements.hpp>
#include <antistrophe/solve/save_at.hpp>
#include <antistrophe/solve/saver.hpp>
#include <antistrophe/solve/solution.hpp>
#include <antistrophe/solve/watching.hpp>
#include <antistrophe/steps/adaptive.hpp>
#include <antistrophe/steps/fixed.hpp>

#include <any>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

template <class StepsType>
Timeline timeline_of(const StepsType& steps, double t0, double t1) {
  if constexpr (std::same_as<StepsType, Adaptive>)
    return Timeline::growing(t0);
  else
    return steps.timeline(t0, t1);
}

// A method for these steps. An exact one that was given no resolution gets one well below the tolerance, where there is one;
// one that holds slopes too, and was given none for them, gets one that over a step is worth that of the state. Where steps
// of a solve are taken again, both are that solve's.
template <class Method, class StepsType, State Y>
Method resolved(const Method& method, const StepsType& steps, const Y& y0, double span, std::int64_t n) {
  Method result = method;
  if constexpr (requires { result.resolution; }) {
    if constexpr (std::same_as<StepsType, Adaptive>) {
      if (result.resolution == 0 && steps.atol.smallest() > 0)
        result.resolution = std::fmin(default_resolution(y0), steps.atol.smallest() / 64);
    } else if constexpr (std::same_as<StepsType, StepTo>) {
      if (result.resolution == 0) result.resolution = steps.times.resolutions.state;
    }
  }
  if constexpr (requires { result.slope_resolution; }) {
    const double h = std::fabs(span) / (n > 0 ? static_cast<double>(n) : 32.0);
    if constexpr (std::same_as<StepsType, StepTo>) {
      if (result.slope_resolution == 0) result.slope_resolution = steps.times.resolutions.slope;
    }
    if (result.slope_resolution == 0 && h > 0)
      result.slope_resolution = (result.resolution > 0 ? result.resolution : default_resolution(y0)) / h;
  }
  return result;
}

// Those of an exact stepper's numbers, 0 of any other's.
template <Stepper S>
Resolutions resolutions_of(const S& stepper) {
  Resolutions resolutions;
  if constexpr (requires { stepper.numbers().resolution(); }) resolutions.state = stepper.numbers().resolution();
  if constexpr (requires { stepper.slope_numbers().resolution(); })
    resolutions.slope = stepper.slope_numbers().resolution();
  return resolutions;
}

// A stepper's forward pass with everything it leaves behind; solve shows the solution, an adjoint goes back from it.
template <Stepper S, class Trace, class WatchType>
struct Forward {
  Timeline plan_of_steps;
  S stepper;
  Trace trace;
  WatchType watch;
  SavePlan plan;
  std::vector<Segment<S>> segments;
  Solution<typename S::State> solution;

  template <class Method, class F, class StepsType>
  Forward(const Method& method, const F& field, const typename S::State& y0, double t0, double t1,
          const StepsType& steps, const SaveAt& save_at, const WatchType& watch_for, OnFailure on_failure,
          const Progress& progress = {}, typename Saver<typename S::State>::Observe observer = {})
      : plan_of_steps(timeline_of(steps, t0, t1)),
        stepper(resolved(method, steps, y0, t1 - t0, plan_of_steps.steps()), field, y0),
        watch(watch_for) {
    using Y = typename S::State;
    constexpr bool adaptive = std::same_as<StepsType, Adaptive>;
    if constexpr (!adaptive) require_steps(plan_of_steps.steps());
    Saver<Y> saver(save_at, t0, t1, plan_of_steps.steps(), y0, std::move(observer));
    Throttle throttle(progress);
    Stats stats;
    std::vector<EventRecord<Y>> events;
    Failure failure;
    if constexpr (adaptive) {
      validate(steps, y0, t0, t1);
      AdaptivePace<S> pace(steps, t0, t1, y0, !std::same_as<Trace, NoTrace>);
      failure = run(pace, false, y0, t0, t1, saver, stats, events, throttle);
      stats.guarded = pace.guarded();
    } else {
      FixedPace pace(plan_of_steps, !WatchType::none);
      failure = run(pace, WatchType::none, y0, t0, t1, saver, stats, events, throttle);
    }
    // Of steps laid out before, those that were taken, fewer where the solve ended early.
    if (segments.size() == 1) segments[0].timeline.shorten(stats.accepted);
    stats.evaluations = stepper.calls().evaluations;
    if constexpr (!WatchType::none) stats.evaluations += watch.evaluations();
    if constexpr (requires { trace.bytes(); }) {
      stats.bytes_kept = trace.bytes();
      for (const Segment<S>& segment : segments) stats.bytes_kept += segment.timeline.bytes();
      stats.bits = trace.bits_kept();
    }
    plan = saver.plan();
    solution = Solution<Y>(plan.ts, saver.take_states(), all_nodes(), resolutions_of(stepper), saver.take_path(),
                           std::move(events), std::move(failure), stats);
    if (!solution.failed()) throttle.finish(1, stats);
    if (solution.failed() && on_failure == OnFailure::throw_error) throw SolveError(solution.failure(), solution);
  }

 private:
  // A multistep method asks for as many steps as it has states, where they are laid out before.
  static void require_steps(std::int64_t steps) {
    if constexpr (requires { S::least_steps; }) {
      if (steps > 0 && steps < S::least_steps)
        refuse("the number of steps", steps,
               "at least " + std::to_string(S::least_steps) + ", the order of the multistep method, or 0");
    }
  }

  // The nodes of all segments, and the events that cut them.
  Timeline all_nodes() const {
    if (segments.size() == 1 && !segments[0].arrest) return segments[0].timeline;
    std::vector<double> nodes{segments[0].timeline.t0()};
    std::vector<Timeline::Cut> cuts;
    for (const Segment<S>& segment : segments) {
      for (std::int64_t i = 1; i <= segment.timeline.steps(); ++i) nodes.push_back(segment.timeline[i]);
      if (!segment.arrest) continue;
      nodes.push_back(segment.arrest->t);
      cuts.push_back({static_cast<std::int64_t>(nodes.size()) - 1, segment.arrest->step.t1});
    }
    return Timeline::listed(std::move(nodes), std::move(cuts));
  }

  template <class Pace, class Y>
  Failure run(Pace& pace, bool laid_out, const Y& y0, double t0, double t1, Saver<Y>& saver, Stats& stats,
              std::vector<EventRecord<Y>>& events, Throttle& throttle) {
    Y y = y0;
    double t = t0;
    std::int64_t first = plan_of_steps.first();
    std::optional<std::size_t> fired;
    const std::int64_t expected = plan_of_steps.steps();
    for (;;) {
      segments.push_back({laid_out ? plan_of_steps : Timeline::growing(t).numbered_from(first), saver.mark().saves,
                          saver.mark().saves, stepper.make_carry(), std::nullopt});
      Segment<S>& segment = segments.back();
      if constexpr (!WatchType::none) watch.start(t, y, fired);
      Failure failure =
          march(stepper, pace, laid_out, segment, y, trace, expected, watch, saver, stats, events, throttle, t0, t1);
      segment.saves_end = saver.mark().saves;
      if (failure.status != Status::success || !segment.arrest) return failure;
      if constexpr (!WatchType::none) {
        const Arrest<Y>& arrest = *segment.arrest;
        if (watch.ends_solve(arrest.hit.index)) return {Status::event, arrest.t, arrest.step.n, -1, "a terminal event"};
        first = segment.timeline.first() + segment.timeline.steps();
        t = arrest.t;
        fired = arrest.hit.index;
        watch.jump(arrest.hit.index, t, arrest.y, y);
        if (const Eigen::Index bad = first_not_finite(y); bad >= 0)
          return {Status::not_finite, t, first, bad,
                  "the jump of event " + std::to_string(arrest.hit.index) + " is not finite"};
        pace.resume(t);
      }
    }
  }
};

}  // namespace detail

namespace detail {

// The first of `extras` that is what `Is` says, or the fallback.
template <class Is, class Fallback>
const Fallback& pick(Is, const Fallback& fallback) {
  return fallback;
}
template <class Is, class Fallback, class First, class... Rest>
const auto& pick(Is is, const Fallback& fallback, const First& first, const Rest&... rest) {
  if constexpr (Is::template of<First>)
    return first;
  else
    return pick(is, fallback, rest...);
}

struct IsEvents {
  template <class T>
  static constexpr bool of = is_events<T>;
};
struct IsObserver {
  template <class T>
  static constexpr bool of = is_observer<T>;
};
template <class What>
struct Is {
  template <class T>
  static constexpr bool of = std::is_same_v<T, What>;
};

template <class T>
inline constexpr bool is_extra_of_solve =
    is_events<T> || is_observer<T> || std::is_same_v<T, Progress> || std::is_same_v<T, OnFailure>;

}  // namespace detail

// The extras, in any order: Events{…}, Observer{…}, Progress{…} or progress_bar(), OnFailure.
// The solution's ys() are states, or, where save_at is SaveAt{…}.of(g), what g(t, y) gives.
// Throws std::invalid_argument for bad arguments and SolveError, carrying the solution so far, where the solve cannot go
// on; with OnFailure::return_status the latter is returned as the solution's status instead.
template <class F, class Y, class M, class StepsType, class Save = SaveAt, class... Extras>
Solution<Y, SavedType<Save, Y>> solve(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                      const Save& save_at = {}, const Extras&... extras) {
  static_assert(
      (detail::is_extra_of_solve<Extras> && ...),
      "antistrophe: after save_at, solve takes Events{…}, Observer{…}, Progress{…} and OnFailure, nothing else.");
  if constexpr (detail::require_solve<F, Y, M, StepsType>() && detail::require_save_at<Save, Y>() &&
                (detail::is_extra_of_solve<Extras> && ...)) {
    detail::validate(problem);
    const Events<> no_events;
    const Observer<std::nullptr_t> no_observer{nullptr};
    const Progress no_progress;
    const OnFailure by_default = OnFailure::throw_error;
    const auto& events = detail::pick(detail::IsEvents{}, no_events, extras...);
    const auto& observer = detail::pick(detail::IsObserver{}, no_observer, extras...);
    const OnFailure on_failure = detail::pick(detail::Is<OnFailure>{}, by_default, extras...);
    constexpr bool observed = !std::is_same_v<std::remove_cvref_t<decltype(observer)>, Observer<std::nullptr_t>>;
    const auto hand_to_observer = [&]([[maybe_unused]] double t, [[maybe_unused]] const auto& saved) {
      if constexpr (!observed) {
        return true;
      } else if constexpr (std::is_void_v<decltype(observer.callable(t, saved))>) {
        observer.callable(t, saved);
        return true;
      } else {
        return static_cast<bool>(observer.callable(t, saved));
      }
    };
    constexpr bool of_function = !std::is_same_v<Save, SaveAt>;
    std::vector<double> ts;
    std::vector<SavedType<Save, Y>> saved;
    typename detail::Saver<Y>::Observe observe;
    if constexpr (of_function) {
      // The states are passed on as they come, and what is made of them is kept in their place.
      observe = [&](double t, const Y& y) {
        SavedType<Save, Y> value = save_at.function(t, y);
        if constexpr (observed) return hand_to_observer(t, value);
        ts.push_back(t);
        saved.push_back(std::move(value));
        return true;
      };
    } else if constexpr (observed) {
      observe = hand_to_observer;
    }
    using S = typename M::template Stepper<F, Y>;
    const detail::Watch watch(events, problem.field, std::type_identity<Y>{});
    detail::Forward<S, detail::NoTrace, std::remove_cv_t<decltype(watch)>> forward(
        method, problem.field, problem.y0, problem.t0, problem.t1, steps, detail::save_plan_of(save_at), watch,
        of_function ? OnFailure::return_status : on_failure,
        detail::pick(detail::Is<Progress>{}, no_progress, extras...), observe);
    if constexpr (of_function) {
      auto solution = std::move(forward.solution).with_saved(std::move(ts), std::move(saved));
      if (solution.failed() && on_failure == OnFailure::throw_error) throw SolveError(solution.failure(), solution);
      return solution;
    } else {
      return std::move(forward.solution);
    }
  } else {
    return {};
  }
}

}  // namespace antistrophe
