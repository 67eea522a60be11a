// SPDX-License-Identifier: MIT
// Moving the parameters of a copy of a field, for finite differences.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/concepts.hpp>

#include <Eigen/Core>

#include <cmath>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// Not so where parameters() returns a vector by value, to which one might write as well.
template <class F>
concept WritableParameters = requires(F& field) { field.parameters()[0] = field.parameters()[0]; } &&
                             (std::is_lvalue_reference_v<decltype(std::declval<F&>().parameters())> ||
                              !std::is_base_of_v<Eigen::PlainObjectBase<decltype(std::declval<F&>().parameters())>,
                                                 decltype(std::declval<F&>().parameters())>);

// Whether parameters(), which cannot be written, refers to numbers of a field.
template <class F>
inline constexpr bool refers_to_parameters =
    !WritableParameters<F> && std::is_lvalue_reference_v<decltype(std::declval<const F&>().parameters())> &&
    requires(std::remove_cvref_t<decltype(std::declval<const F&>().parameters())>& theta) { theta[0] = theta[0]; };

// Calls move(theta) with the parameters of `copy`, a copy of `field`, to be written; returns false where that cannot be. Many
// fields have a parameters() const alone, for no optimiser steps them: then the numbers that it refers to are moved, if they are
// the copy's own and f(t, y) changes with them (it does not where they were put together from those of other fields).
template <class F, class Y, class Move>
bool with_movable_parameters(F& copy, const F& field, double t, const Y& y, const Move& move) {
  if constexpr (WritableParameters<F>) {
    move(copy.parameters());
    return true;
  } else if constexpr (refers_to_parameters<F> && requires(Y& dy) { std::as_const(copy)(t, y, dy); }) {
    using Theta = std::remove_cvref_t<decltype(field.parameters())>;
    Theta& theta = const_cast<Theta&>(std::as_const(copy).parameters());
    if (theta.data() == field.parameters().data()) return false;
    Y before = zeros_like(y), after = before;
    std::as_const(copy)(t, y, before);
    const Theta kept = theta;
    for (Eigen::Index i = 0; i < theta.size(); ++i) theta[i] += larger_of(1, std::fabs(theta[i])) / 64;
    std::as_const(copy)(t, y, after);
    theta = kept;
    if ((before.array() == after.array()).all()) return false;
    move(theta);
    return true;
  } else {
    return false;
  }
}

}  // namespace antistrophe::detail
