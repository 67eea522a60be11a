// solve(problem, method, steps[, save_at][, extras…]): the solution of an initial value problem.
#pragma once

#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/detail/requirements.hpp>
#include <antistrophe/problem/events.hpp>
#include <antistrophe/problem/observer.hpp>
#include <antistrophe/problem/problem.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/problem/solution.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

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
    const detail::EventDetector detector(events, problem.field, std::type_identity<Y>{});
    detail::Forward<S, detail::NoTrace, std::remove_cv_t<decltype(detector)>> forward(
        method, problem.field, problem.y0, problem.t0, problem.t1, steps, detail::save_plan_of(save_at), detector,
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
