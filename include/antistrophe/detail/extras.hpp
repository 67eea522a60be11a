// SPDX-License-Identifier: MIT
// The extras of a call: what may follow its required arguments, in any order, recognised by type. A duplicate, something
// unknown, or an extra that the call cannot take meets one sentence.
#pragma once

#include <antistrophe/detail/cost.hpp>
#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/problem/events.hpp>
#include <antistrophe/problem/observer.hpp>
#include <antistrophe/problem/progress.hpp>
#include <antistrophe/problem/running_cost.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/problem/solution.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>

namespace antistrophe {

// Of check_gradient; check/check_gradient.hpp.
struct GradientCheckOptions;
// Of value_and_gradient; error_bars.hpp.
struct ErrorBars;
// Of calls for gradients; check/check_first.hpp.
struct CheckFirst;

namespace detail {

enum class Extra {
  save_at,
  adjoint,
  events,
  observer,
  progress,
  on_failure,
  check_first,
  check_options,
  error_bars,
  running_cost,
  unknown
};

template <class T>
inline constexpr bool is_save_at = false;
template <>
inline constexpr bool is_save_at<SaveAt> = true;
template <class G>
inline constexpr bool is_save_at<SaveFunctionAt<G>> = true;

template <class T>
inline constexpr bool is_running_cost = false;
template <class Q>
inline constexpr bool is_running_cost<RunningCost<Q>> = true;

// An adjoint says that it is one: `static constexpr bool is_adjoint = true` (adjoint/adjoint.hpp).
template <class T>
concept IsAdjoint = requires { requires bool(T::is_adjoint); };

template <class T>
inline constexpr Extra extra_kind = [] {
  if constexpr (is_save_at<T>)
    return Extra::save_at;
  else if constexpr (IsAdjoint<T>)
    return Extra::adjoint;
  else if constexpr (is_events<T>)
    return Extra::events;
  else if constexpr (is_observer<T>)
    return Extra::observer;
  else if constexpr (std::is_same_v<T, Progress>)
    return Extra::progress;
  else if constexpr (std::is_same_v<T, OnFailure>)
    return Extra::on_failure;
  else if constexpr (std::is_same_v<T, CheckFirst>)
    return Extra::check_first;
  else if constexpr (std::is_same_v<T, GradientCheckOptions>)
    return Extra::check_options;
  else if constexpr (std::is_same_v<T, ErrorBars>)
    return Extra::error_bars;
  else if constexpr (is_running_cost<T>)
    return Extra::running_cost;
  else
    return Extra::unknown;
}();

template <Extra K, class... Extras>
inline constexpr int count_of_extra = (0 + ... + (extra_kind<Extras> == K ? 1 : 0));

// The number of the first extra of kind K; that of all extras where there is none.
template <Extra K, class... Extras>
consteval std::size_t place_of_extra() {
  std::size_t place = 0;
  (void)((extra_kind<std::remove_cvref_t<Extras>> == K || (++place, false)) || ...);
  return place;
}

template <Extra K, class Fallback, class... Extras>
struct PickedOf {
  using type = Fallback;
};
template <Extra K, class Fallback, class First, class... Rest>
struct PickedOf<K, Fallback, First, Rest...>
    : std::conditional_t<extra_kind<First> == K, std::type_identity<First>, PickedOf<K, Fallback, Rest...>> {};
// The type of the extra of kind K, or of the fallback.
template <Extra K, class Fallback, class... Extras>
using Picked = typename PickedOf<K, Fallback, Extras...>::type;

// That extra, or the fallback.
template <Extra K, class Fallback, class... Extras>
const Picked<K, Fallback, Extras...>& pick([[maybe_unused]] const Fallback& fallback,
                                           [[maybe_unused]] const Extras&... extras) {
  constexpr std::size_t place = place_of_extra<K, Extras...>();
  if constexpr (place < sizeof...(Extras)) {
    const void* const all[] = {static_cast<const void*>(&extras)...};
    return *static_cast<const Picked<K, Fallback, Extras...>*>(all[place]);
  } else {
    return fallback;
  }
}
// The same of extras that are kept in a tuple: compiled once for all calls with these extras.
template <Extra K, class Fallback, class... Extras>
const auto& pick_from([[maybe_unused]] const std::tuple<Extras...>& extras, [[maybe_unused]] const Fallback& fallback) {
  constexpr std::size_t place = place_of_extra<K, Extras...>();
  if constexpr (place < sizeof...(Extras))
    return std::get<place>(extras);
  else
    return fallback;
}

enum class Call { solve, gradient, gradient_with_bars, check_gradient, round_trip };

consteval bool is_gradient(Call call) { return call == Call::gradient || call == Call::gradient_with_bars; }

template <Call C>
consteval bool takes(Extra kind) {
  switch (kind) {
    case Extra::save_at:
    case Extra::running_cost:
      return C != Call::round_trip;
    case Extra::adjoint:
    case Extra::check_first:
      return is_gradient(C) || C == Call::check_gradient;
    case Extra::events:
      return true;
    case Extra::observer:
    case Extra::progress:
    case Extra::on_failure:
      return C == Call::solve || is_gradient(C);
    case Extra::check_options:
      return C == Call::check_gradient;
    case Extra::error_bars:
      return C == Call::gradient_with_bars;
    case Extra::unknown:
      return false;
  }
  return false;
}

template <class... Extras>
consteval bool extras_are_single() {
  return count_of_extra<Extra::save_at, Extras...> <= 1 && count_of_extra<Extra::adjoint, Extras...> <= 1 &&
         count_of_extra<Extra::events, Extras...> <= 1 && count_of_extra<Extra::observer, Extras...> <= 1 &&
         count_of_extra<Extra::progress, Extras...> <= 1 && count_of_extra<Extra::on_failure, Extras...> <= 1 &&
         count_of_extra<Extra::check_first, Extras...> <= 1 && count_of_extra<Extra::check_options, Extras...> <= 1 &&
         count_of_extra<Extra::error_bars, Extras...> <= 1 && count_of_extra<Extra::running_cost, Extras...> <= 1;
}

// True where the call C can take these extras; else a compile error with the reason.
template <Call C, class... Extras>
consteval bool require_extras() {
  constexpr bool known = count_of_extra<Extra::unknown, Extras...> == 0;
  constexpr bool fit = (takes<C>(extra_kind<Extras>) && ...);
  constexpr bool single = extras_are_single<Extras...>();
  constexpr bool metered = ((!is_running_cost<Extras> || can_meter<Extras>)&&...);
  if constexpr (!known) {
    static_assert(C != Call::solve || known,
                  "antistrophe: an extra argument of solve is unknown; after the steps it takes, in any order, "
                  "SaveAt{…}, Events{…}, Observer{…}, RunningCost{…}, Progress{…} and OnFailure.");
    static_assert(
        !is_gradient(C) || known,
        "antistrophe: an extra argument of a gradient call is unknown; after its required arguments it takes, "
        "in any order, SaveAt{…}, an adjoint such as DirectAdjoint{}, Events{…}, RunningCost{…}, Observer{…}, "
        "Progress{…}, OnFailure, CheckFirst{} and, of value_and_gradient, ErrorBars{…}.");
    static_assert(C != Call::check_gradient || known,
                  "antistrophe: an extra argument of check_gradient is unknown; after the loss it takes, in any order, "
                  "SaveAt{…}, an adjoint, Events{…}, RunningCost{…}, CheckFirst{} and GradientCheckOptions{…}.");
    static_assert(
        C != Call::round_trip || known,
        "antistrophe: an extra argument of assert_reversible is unknown; after the steps it takes Events{…}.");
  } else if constexpr (!fit) {
    static_assert(C != Call::solve || count_of_extra<Extra::adjoint, Extras...> == 0,
                  "antistrophe: solve takes no adjoint, for it computes no gradient; give it to value_and_gradient or "
                  "solve_with_pullback.");
    static_assert(C != Call::solve || count_of_extra<Extra::check_first, Extras...> == 0,
                  "antistrophe: solve takes no CheckFirst, for it asks for no vjp; give it to value_and_gradient, "
                  "solve_with_pullback, Objective or check_gradient.");
    static_assert(C == Call::check_gradient || count_of_extra<Extra::check_options, Extras...> == 0,
                  "antistrophe: GradientCheckOptions{…} are for check_gradient alone.");
    static_assert(C == Call::gradient_with_bars || count_of_extra<Extra::error_bars, Extras...> == 0,
                  "antistrophe: ErrorBars{…} are for value_and_gradient alone, which solves again with shorter steps.");
    static_assert(C != Call::check_gradient || fit || count_of_extra<Extra::error_bars, Extras...> > 0,
                  "antistrophe: check_gradient solves many times over; it takes SaveAt{…}, an adjoint, Events{…} and "
                  "GradientCheckOptions{…}, but no Observer, Progress or OnFailure.");
    static_assert(C != Call::round_trip || fit || count_of_extra<Extra::error_bars, Extras...> > 0,
                  "antistrophe: assert_reversible goes back by ReversibleAdjoint and saves nothing; after the steps it "
                  "takes Events{…} alone.");
  } else if constexpr (!metered) {
    static_assert(metered, "antistrophe: a RunningCost needs #include <antistrophe/running_cost.hpp>.");
  } else {
    static_assert(
        single,
        "antistrophe: two extra arguments are of one kind; give each of SaveAt, adjoint, Events, RunningCost, "
        "Observer, Progress, OnFailure and CheckFirst at most once (several events go into one Events{…, …}).");
  }
  return known && fit && single && metered;
}

// What CheckFirst asks for, where it is given.
template <class ProblemType, class... Extras>
void check_first(const ProblemType& problem, const Extras&... extras) {
  using F = std::remove_cvref_t<decltype(problem.field)>;
  using Y = std::remove_cvref_t<decltype(problem.y0)>;
  // A vjp that writes to parameters which the field does not have is refused where it is first compiled: let that be near the call.
  if constexpr (HasPlainVjp<F, Y> && !HasParameters<F>) {
    Parameters<F, Y> none;
    if (Y y_bar; false) problem.field.vjp(problem.t0, problem.y0, problem.y0, y_bar, none);
  }
  if constexpr (count_of_extra<Extra::check_first, Extras...> > 0) pick<Extra::check_first>(0, extras...)(problem);
}

// Times in braces, where a SaveAt is meant.
template <class T>
consteval void refuse_bare_times() {
  static_assert(
      never<T>,
      "antistrophe: times to save at are given as SaveAt{{0.5, 1.0}}, with the name and two pairs of braces.");
}

// Fewer arguments than are required.
template <class T>
consteval void refuse_short_solve() {
  static_assert(never<T>,
                "antistrophe: solve and solve_with_pullback require a problem, a method and steps, in this order: "
                "solve(problem, Dopri5{}, FixedSteps{100}).");
}
template <class T>
consteval void refuse_short_gradient() {
  static_assert(never<T>,
                "antistrophe: a gradient call requires a problem, a method, steps and a loss, in this order: "
                "value_and_gradient(problem, Dopri5{}, FixedSteps{100}, loss).");
}

}  // namespace detail
}  // namespace antistrophe
