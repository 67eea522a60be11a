// SPDX-License-Identifier: MIT
// Sums of vectors weighted by a tableau's coefficients times h, as single expressions: zero weights vanish at compile time.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/method/runge_kutta/tableau/rational.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// The real type in which coefficients are multiplied by h: at least double.
template <EigenState Y>
using Work = std::conditional_t<std::is_same_v<RealOf<Y>, long double>, long double, double>;

// A tableau's weights, converted at compile time.
template <class Tableau, class Real, std::size_t I>
inline constexpr auto row_of_a = [] {
  std::array<Real, static_cast<std::size_t>(Tableau::stages)> row{};
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = tableau::coefficient<Real>(Tableau::a[I][j]);
  return row;
}();
template <class Tableau, class Real>
inline constexpr auto weights_b = [] {
  std::array<Real, static_cast<std::size_t>(Tableau::stages)> row{};
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = tableau::coefficient<Real>(Tableau::b[j]);
  return row;
}();
template <class Tableau, class Real, std::size_t E>
inline constexpr auto weights_error = [] {
  std::array<Real, static_cast<std::size_t>(Tableau::stages)> row{};
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = tableau::coefficient<Real>(Tableau::error[E][j]);
  return row;
}();

// The weights by which the arguments of later stages depend on stage I.
template <class Tableau, class Real, std::size_t I>
inline constexpr auto column_of_a = [] {
  std::array<Real, static_cast<std::size_t>(Tableau::stages)> column{};
  for (std::size_t j = 0; j < column.size(); ++j) column[j] = tableau::coefficient<Real>(Tableau::a[j][I]);
  return column;
}();

// All of them, and the nodes c, for loops over stages.
template <class Tableau, class Real>
inline constexpr auto all_of_a = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array{row_of_a<Tableau, Real, I>...};
}(std::make_index_sequence<static_cast<std::size_t>(Tableau::stages)>{});
template <class Tableau>
inline constexpr auto all_of_c = [] {
  std::array<double, static_cast<std::size_t>(Tableau::stages)> nodes{};
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i] = tableau::coefficient<double>(Tableau::c[i]);
  return nodes;
}();

// base(e) + Σ_{Begin<=j<End} (h w_j) v_j, entry by entry in the order of j: of a state that fits registers, sums need no type
// of expression each, which would be most of what a method of many stages costs to compile.
template <const auto& Weights, std::size_t Begin, std::size_t End, class Real, class Vectors, class Y>
ANTISTROPHE_ALWAYS_INLINE void sum_entries(Y& sum, const auto& base, Real h, const Vectors& v) {
  using Scalar = typename Y::Scalar;
  [&]<std::size_t... J>(std::index_sequence<J...>) ANTISTROPHE_INLINE_LAMBDA {
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
      Scalar x = base(e);
      ((Weights[Begin + J] != 0 ? void(x += scalar<Y>(h * Weights[Begin + J]) * v[Begin + J].coeff(e)) : void()), ...);
      sum.coeffRef(e) = x;
    });
  }(std::make_index_sequence<End - Begin>{});
}

// base + Σ_{j<End} (h w_j) v_j as one lazy expression.
template <const auto& Weights, std::size_t J, std::size_t End, class Y, class Real, class Vectors, class Expression>
ANTISTROPHE_ALWAYS_INLINE auto plus_weighted(const Expression& base, Real h, const Vectors& v) {
  if constexpr (J == End) {
    return base;
  } else if constexpr (Weights[J] == 0) {
    return plus_weighted<Weights, J + 1, End, Y>(base, h, v);
  } else {
    const auto factor = scalar<Y>(h * Weights[J]);
    return plus_weighted<Weights, J + 1, End, Y>(base + factor * v[J], h, v);
  }
}

// Σ_{j<End} (h w_j) v_j, written to `sum`.
template <const auto& Weights, std::size_t J, std::size_t End, class Real, class Vectors, class Y>
ANTISTROPHE_ALWAYS_INLINE void weighted_sum(Real h, const Vectors& v, Y& sum) {
  if constexpr (J == End) {
    sum.setZero();
  } else if constexpr (Weights[J] == 0) {
    weighted_sum<Weights, J + 1, End>(h, v, sum);
  } else {
    const auto factor = scalar<Y>(h * Weights[J]);
    if constexpr (fits_registers<Y>)
      sum_entries<Weights, J + 1, End>(
          sum, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { return factor * v[J].coeff(e); }, h, v);
    else
      assign(sum, plus_weighted<Weights, J + 1, End, Y>(factor * v[J], h, v));
  }
}

// base + Σ_{j<End} (h w_j) v_j in one pass, the sum without base first: with the bits of weighted_sum and then an addition.
template <const auto& Weights, std::size_t J, std::size_t End, class Real, class Vectors, class Y>
ANTISTROPHE_ALWAYS_INLINE void base_and_weighted_sum(const Y& base, Real h, const Vectors& v, Y& sum) {
  if constexpr (J == End) {
    sum = base;
  } else if constexpr (Weights[J] == 0) {
    base_and_weighted_sum<Weights, J + 1, End>(base, h, v, sum);
  } else {
    const auto factor = scalar<Y>(h * Weights[J]);
    sum = base + plus_weighted<Weights, J + 1, End, Y>(factor * v[J], h, v);
  }
}

// base + Σ_{j=J}^{End−1} (h a_jI) v_j, down a column of a.
template <class Tableau, std::size_t I, std::size_t J, std::size_t End, class Y, class Real, class Vectors,
          class Expression>
ANTISTROPHE_ALWAYS_INLINE auto plus_column(const Expression& base, Real h, const Vectors& v) {
  if constexpr (J == End) {
    return base;
  } else if constexpr (row_of_a<Tableau, Real, J>[I] == 0) {
    return plus_column<Tableau, I, J + 1, End, Y>(base, h, v);
  } else {
    const auto factor = scalar<Y>(h * row_of_a<Tableau, Real, J>[I]);
    return plus_column<Tableau, I, J + 1, End, Y>(base + factor * v[J], h, v);
  }
}

// The time of stage I of a step from `from` to `to`: its ends are the stored times, and no stage leaves the step.
ANTISTROPHE_ALWAYS_INLINE double stage_time(double c, double from, double to) {
  if (c == 0) return from;
  if (c == 1) return to;
  return std::clamp(from + c * (to - from), std::min(from, to), std::max(from, to));
}
template <class Tableau, std::size_t I>
ANTISTROPHE_ALWAYS_INLINE double stage_time(double from, double to) {
  constexpr double c = tableau::coefficient<double>(Tableau::c[I]);
  return stage_time(c, from, to);
}

}  // namespace antistrophe::detail
