// SPDX-License-Identifier: MIT
// An observer of the states that a solve saves, as they come.
#pragma once

#include <utility>

namespace antistrophe {

// Called as (t, y) for every state that SaveAt asks for, which is then not stored. It may return bool or nothing; false ends
// the solve there with Status::stopped.
template <class Callable>
struct Observer {
  Callable callable;
};
template <class Callable>
Observer(Callable) -> Observer<Callable>;

namespace detail {

struct NoObserver {};

template <class T>
inline constexpr bool is_observer = false;
template <class Callable>
inline constexpr bool is_observer<Observer<Callable>> = true;

}  // namespace detail
}  // namespace antistrophe
