// SPDX-License-Identifier: MIT
// The extras of a call for an ensemble: its own, and those that each of its solves is given.
#pragma once

#include <antistrophe/detail/extras.hpp>
#include <antistrophe/ensemble/ensemble.hpp>

#include <cstddef>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

template <class T>
concept EnsembleExtra = requires { requires bool(T::is_ensemble_extra); } || std::is_same_v<T, std::stop_token>;
// Progress and OnFailure are asked of the whole, not of each solve.
template <class T>
inline constexpr bool for_the_ensemble =
    EnsembleExtra<T> || std::is_same_v<T, Progress> || std::is_same_v<T, OnFailure>;

template <class T>
inline constexpr bool is_each_events = false;
template <class Make>
inline constexpr bool is_each_events<EachEvents<Make>> = true;
template <class T>
inline constexpr int lanes_of = 0;
template <int W>
inline constexpr int lanes_of<Lanes<W>> = W == 2 || W == 8 ? W : 4;  // of another W, Lanes says what is wrong
template <class... Extras>
inline constexpr bool in_lanes = ((lanes_of<Extras> > 0) || ... || false);
// Ranks of a distributed program say that they are (ensemble/mpi.hpp).
template <class T>
concept IsRanks = requires { requires bool(T::is_ranks); };

// The extra of type T, or the fallback.
template <class T>
const T& own(const T& fallback) {
  return fallback;
}
template <class T, class First, class... Rest>
const T& own(const T& fallback, const First& first, const Rest&... rest) {
  if constexpr (std::is_same_v<T, First>)
    return first;
  else
    return own<T>(fallback, rest...);
}

template <class T>
auto passed_on(const T& extra) {
  if constexpr (for_the_ensemble<T>)
    return std::tuple<>{};
  else
    return std::tuple<const T&>(extra);
}

// Calls function(extras for each solve…).
template <class Function, class... Extras>
decltype(auto) with_passed_on(const Function& function, const Extras&... extras) {
  return std::apply(function, std::tuple_cat(passed_on(extras)...));
}

template <class... Extras>
consteval bool require_ensemble_extras() {
  constexpr bool unobserved = count_of_extra<Extra::observer, Extras...> == 0;
  static_assert(
      unobserved,
      "antistrophe: the problems of an ensemble are solved side by side, so an ensemble takes no Observer; it "
      "takes Progress{…}, which is told how many are done.");
  constexpr bool single = (0 + ... + (std::is_same_v<Extras, Threads> ? 1 : 0)) <= 1 &&
                          (0 + ... + (std::is_same_v<Extras, std::stop_token> ? 1 : 0)) <= 1 &&
                          (0 + ... + (std::is_same_v<Extras, EachTheta> ? 1 : 0)) <= 1 &&
                          (0 + ... + (is_each_events<Extras> ? 1 : 0)) + (0 + ... + (is_events<Extras> ? 1 : 0)) <= 1 &&
                          (0 + ... + (IsRanks<Extras> ? 1 : 0)) <= 1 &&
                          (0 + ... + (lanes_of<Extras> > 0 ? 1 : 0)) <= 1 &&
                          (0 + ... + (std::is_same_v<Extras, Progress> ? 1 : 0)) <= 1 &&
                          (0 + ... + (std::is_same_v<Extras, OnFailure> ? 1 : 0)) <= 1;
  static_assert(
      single,
      "antistrophe: two extra arguments are of one kind; give an ensemble each of Threads, Lanes, EachTheta, Events or "
      "EachEvents, Ranks, a std::stop_token, Progress and OnFailure at most once.");
  return unobserved && single;
}

// The events of problem i, where they differ, or nothing.
template <class... Extras>
inline constexpr bool events_differ = (is_each_events<Extras> || ... || false);
template <class First, class... Rest>
auto events_of(std::size_t i, const First& first, const Rest&... rest) {
  if constexpr (is_each_events<First>)
    return first.make(i);
  else
    return events_of(i, rest...);
}

// Calls function(extras…), those that the solve of problem i is given: with events of its own where they differ.
template <class Function, class... Extras>
decltype(auto) with_extras_of([[maybe_unused]] std::size_t i, const Function& function, const Extras&... extras) {
  return with_passed_on(
      [&](const auto&... kept) -> decltype(auto) {
        if constexpr (events_differ<Extras...>)
          return function(kept..., events_of(i, extras...));
        else
          return function(kept...);
      },
      extras...);
}

// Throws EnsembleError with the result, where problems failed and nothing else was asked for.
template <class Result, class... Extras>
void throw_if_failed(Result& result, std::size_t count, const Extras&... extras) {
  if (result.failures.empty() || own(OnFailure::throw_error, extras...) != OnFailure::throw_error) return;
  auto failures = result.failures;
  throw EnsembleError(std::move(failures), count, std::move(result));
}

}  // namespace antistrophe::detail
