// SPDX-License-Identifier: MIT
// solve(problem, method, steps[, extras…]): the solution of an initial value problem.
#pragma once

#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/detail/extras.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/detail/requirements.hpp>
#include <antistrophe/problem/events.hpp>
#include <antistrophe/problem/observer.hpp>
#include <antistrophe/problem/problem.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/problem/solution.hpp>

#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// Calls an observer, if there is one; false where it asks to stop.
template <class O, class Saved>
bool observe(const O& observer, double t, const Saved& saved) {
  if constexpr (std::is_same_v<O, NoObserver>) {
    return true;
  } else if constexpr (std::is_void_v<decltype(observer.callable(t, saved))>) {
    observer.callable(t, saved);
    return true;
  } else {
    return static_cast<bool>(observer.callable(t, saved));
  }
}

// Keeps what a function makes of the states as they come, in the place of these.
template <class Save, class Y, class O>
struct SavedValues {
  const Save& save;
  const O& observer;
  std::vector<double> ts;
  std::vector<SavedType<Save, Y>> values;

  bool operator()(double t, const Y& y) {
    SavedType<Save, Y> value = save.function(t, y);
    if constexpr (!std::is_same_v<O, NoObserver>) return observe(observer, t, value);
    ts.push_back(t);
    values.push_back(std::move(value));
    return true;
  }
};

template <class SolutionType>
ANTISTROPHE_COLD [[noreturn]] void throw_failed(SolutionType&& solution) {
  const Failure failure = solution.failure();
  throw SolveError(failure, std::forward<SolutionType>(solution));
}

template <class F, class Y, class M, class StepsType, class Save, class EventsType, class O, class Cost>
Solution<Y, SavedType<Save, Y>> solve_once(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                           const Save& save_at, const EventsType& events, const O& observer,
                                           const Cost& cost, const Progress& progress, OnFailure on_failure) {
  using S = typename M::template Stepper<F, Y>;
  validate(problem);
  SavedValues<Save, Y, O> values{save_at, observer, {}, {}};
  typename Saver<Y>::Observe hand_on{};
  if constexpr (!std::is_same_v<Save, SaveAt>)
    hand_on = {nullptr, &values, [](const void*, void* made, double t, const Y& y) {
                 return (*static_cast<SavedValues<Save, Y, O>*>(made))(t, y);
               }};
  else if constexpr (!std::is_same_v<O, NoObserver>)
    hand_on = {&observer, nullptr, [](const void* told, void*, double t, const Y& y) {
                 return observe(*static_cast<const O*>(told), t, y);
               }};
  const Timeline plan = timeline_of(steps, problem.field, problem.t0, problem.t1);
  Throttle throttle(progress);
  auto forward =
      make_forward<S>(method, problem.field, problem.y0, problem.t0, problem.t1, steps, plan, save_plan_of(save_at),
                      EventDetector(events, problem.field, problem.y0),
                      metered<F, S>(NoTrace{}, problem.field, cost, problem.y0, !LaidOutSteps<StepsType>), hand_on);
  constexpr bool nobody_was_told = std::is_same_v<O, NoObserver>;
  run_with_room(forward, method, problem.field, steps, plan, problem.y0, problem.t0, problem.t1, false, throttle,
                nobody_was_told, [&] {
                  values.ts.clear();
                  values.values.clear();
                });
  auto solution = [&] {
    if constexpr (std::is_same_v<Save, SaveAt>)
      return make_solution(forward);
    else
      return make_solution(forward).with_saved(std::move(values.ts), std::move(values.values));
  }();
  if (!solution.failed())
    throttle.finish(solution.stats());
  else if (on_failure == OnFailure::throw_error)
    throw_failed(std::move(solution));
  return solution;
}

}  // namespace detail

// The extras, in any order, each at most once: SaveAt{…} (without it the last state alone is saved), Events{…},
// Observer{…}, RunningCost{…} (running_cost.hpp), Progress{…} or progress_bar(), OnFailure.
// The solution's ys() are states, or, with SaveAt{…}.of(g), what g(t, y) gives.
// Throws std::invalid_argument for bad arguments and SolveError, carrying the solution so far, where the solve cannot go
// on; with OnFailure::return_status the latter is returned as the solution's status instead.
template <class F, class Y, class M, class StepsType, class... Extras>
auto solve(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const Extras&... extras) {
  using Save = detail::Picked<detail::Extra::save_at, SaveAt, Extras...>;
  using Cost = detail::Picked<detail::Extra::running_cost, detail::NoRunningCost, Extras...>;
  if constexpr (!detail::require_solve<F, Y, M, StepsType>() ||
                !detail::require_extras<detail::Call::solve, Extras...>() || !detail::require_save_at<Save, Y>()) {
    return Solution<Y>{};
  } else if constexpr (!detail::CostRequirements<Cost>::template require<F, Y, M>()) {
    return Solution<Y>{};
  } else {
    const SaveAt last_state;
    const Events<> no_events;
    const detail::NoObserver no_observer;
    const detail::NoRunningCost no_cost;
    const Progress no_progress;
    const OnFailure by_default = OnFailure::throw_error;
    return detail::solve_once(problem, method, steps, detail::pick<detail::Extra::save_at>(last_state, extras...),
                              detail::pick<detail::Extra::events>(no_events, extras...),
                              detail::pick<detail::Extra::observer>(no_observer, extras...),
                              detail::pick<detail::Extra::running_cost>(no_cost, extras...),
                              detail::pick<detail::Extra::progress>(no_progress, extras...),
                              detail::pick<detail::Extra::on_failure>(by_default, extras...));
  }
}

// What to save may be written in braces alone: solve(problem, method, steps, {.steps = true}).
template <class F, class Y, class M, class StepsType, class... Extras>
auto solve(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at,
           const Extras&... extras) {
  return solve<F, Y, M, StepsType, SaveAt, Extras...>(problem, method, steps, save_at, extras...);
}
template <class F, class Y, class M, class StepsType, class Time, class... Extras>
auto solve(const Problem<F, Y>&, const M&, const StepsType&, std::initializer_list<Time>, const Extras&...) {
  detail::refuse_bare_times<F>();
  return Solution<Y>{};
}
template <class F, class Y, class... Few>
  requires(sizeof...(Few) < 2)
auto solve(const Problem<F, Y>&, const Few&...) {
  detail::refuse_short_solve<F>();
  return Solution<Y>{};
}

}  // namespace antistrophe
