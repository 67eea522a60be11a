// SPDX-License-Identifier: MIT
// What an explicit Runge–Kutta tableau is: k_i = f(t + c_i h, y + h Σ_{j<i} a_ij k_j),
// Ψ = h Σ b_i k_i, and for each error estimate a row of weights e with the estimate h Σ e_i k_i.
// A tableau is a type with static data only; dopri5.hpp is a good one to copy.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

// Either kind of number; one tableau uses one kind throughout.
template <class C>
concept Coefficient = std::same_as<C, Rational> || std::same_as<C, long double>;

namespace detail {

template <class X, class T>
concept Constant = std::same_as<std::remove_cvref_t<X>, T>;

template <class T>
using coefficient_t = typename std::remove_cvref_t<decltype(T::b)>::value_type;

template <class T, int n>
using Row = std::array<coefficient_t<T>, static_cast<std::size_t>(n)>;

template <class T, int n>
using Rows = std::array<Row<T, T::stages>, static_cast<std::size_t>(n)>;

}  // namespace detail

template <class T>
concept SaysWhatItIs = requires {
  { T::name } -> detail::Constant<std::string_view>;
  { T::order } -> detail::Constant<int>;
  { T::stages } -> detail::Constant<int>;
  { T::fsal } -> detail::Constant<bool>;
};

template <class T>
concept HasWeights = SaysWhatItIs<T> && Coefficient<detail::coefficient_t<T>> && requires {
  { T::c } -> detail::Constant<detail::Row<T, T::stages>>;
  { T::a } -> detail::Constant<detail::Rows<T, T::stages>>;
  { T::b } -> detail::Constant<detail::Row<T, T::stages>>;
};

template <class T>
concept HasErrorEstimates = HasWeights<T> && requires {
  { T::error_estimates } -> detail::Constant<int>;
  { T::error } -> detail::Constant<detail::Rows<T, T::error_estimates>>;
  { T::embedded_order } -> detail::Constant<std::array<int, static_cast<std::size_t>(T::error_estimates)>>;
};

// Stage i needs only the stages before it.
template <HasWeights T>
consteval bool is_explicit() {
  for (std::size_t i = 0; i < T::a.size(); ++i)
    for (std::size_t j = i; j < T::a.size(); ++j)
      if (nonzero(T::a[i][j])) return false;
  return !nonzero(T::c[0]);
}

// First same as last: the last stage, at t + h and y + Ψ, is the next step's first.
template <HasWeights T>
consteval bool says_fsal_rightly() {
  return T::fsal == (T::c.back() == 1 && T::a.back() == T::b);
}

template <class T>
concept Tableau = HasErrorEstimates<T> && is_explicit<T>() && says_fsal_rightly<T>();

// Says in one sentence why a type is not a tableau.
struct TableauRequirements {
  template <class T>
  static consteval bool require() {
    constexpr bool says_what_it_is = SaysWhatItIs<T>;  // said of a bool, what fails is not told atom by atom
    static_assert(says_what_it_is,
                  "antistrophe: a tableau says what it is: static constexpr name (std::string_view), order and "
                  "stages (int), fsal (bool).");
    constexpr bool has_weights = HasWeights<T>;
    if constexpr (SaysWhatItIs<T>)
      static_assert(has_weights,
                    "antistrophe: a tableau holds c, a and b: std::array of Rational or of long double, c and b of "
                    "length `stages`, a of `stages` rows of that length.");
    if constexpr (HasWeights<T>) {
      constexpr bool has_error_estimates = HasErrorEstimates<T>;
      static_assert(has_error_estimates,
                    "antistrophe: a tableau says how many error_estimates it has (0 is allowed), and holds as many "
                    "rows in `error` and integers in `embedded_order`.");
      static_assert(is_explicit<T>(), "antistrophe: a tableau is explicit here: c_1 = 0 and a_ij = 0 where j >= i.");
      static_assert(says_fsal_rightly<T>(),
                    "antistrophe: a tableau's fsal is true exactly if the last row of a equals b and the last c "
                    "is 1.");
    }
    return Tableau<T>;
  }
};

// The stages that the increment needs: 1 + the largest i with b_i ≠ 0. Stages after these serve the
// error estimate alone (Dopri5: 6 of 7).
template <HasWeights T>
inline constexpr int increment_stages = [] {
  int last = T::stages;
  while (last > 0 && !nonzero(T::b[static_cast<std::size_t>(last - 1)])) --last;
  return last;
}();

}  // namespace antistrophe::tableau
