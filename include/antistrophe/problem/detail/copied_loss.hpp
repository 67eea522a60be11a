// SPDX-License-Identifier: MIT
// Whether a loss takes the cotangents that it writes by value, its & forgotten. Unlike a vjp (field/detail/copied_cotangents.hpp) it mostly is a
// lambda whose type of result is found by compiling its body, so that it cannot be tried with other types: its own are read.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// The number `from` and further ones of the arguments of a member function: whether one is no reference.
template <std::size_t from, class Member>
inline constexpr bool takes_values = false;
template <std::size_t from, class... A>
inline constexpr bool any_value = [] {
  std::size_t i = 0;
  return ((i++ >= from && !std::is_reference_v<A>) || ...);
}();
template <std::size_t from, class R, class C, class... A>
inline constexpr bool takes_values<from, R (C::*)(A...) const> = any_value<from, A...>;
template <std::size_t from, class R, class C, class... A>
inline constexpr bool takes_values<from, R (C::*)(A...) const noexcept> = any_value<from, A...>;

// Of a call operator that is no template, or one of the types T.
template <class L, std::size_t from, class... T>
consteval bool operator_takes_values() {
  if constexpr (requires { &L::operator(); })
    return takes_values<from, decltype(&L::operator())>;
  else if constexpr (requires { &L::template operator()<T...>; })
    return takes_values<from, decltype(&L::template operator()<T...>)>;
  else
    return false;
}

// Whether loss(of, bar) takes bar by value. What cannot be called with a temporary in its place does not.
template <class L, class Of>
consteval bool loss_copies_bar() {
  if constexpr (requires(const L& loss, const Of& of) { loss(of, std::declval<Of>()); })
    return operator_takes_values<L, 1, Of, Of>() || operator_takes_values<L, 1, Of>();
  else
    return false;
}

}  // namespace antistrophe::detail
