// SPDX-License-Identifier: MIT
// Dense output as data of a tableau: y(t0 + σh) ≈ y0 + h Σ ω_i(σ) k_i, linear in the stages, 0 ≤ σ ≤ 1.
// All are the cubic Hermite interpolant and a term that vanishes to second order at both ends:
//   ω_i = b_i (3σ² − 2σ³) + δ_i1 (σ³ − 2σ² + σ) + δ_ie (σ³ − σ²) + Σ_m d_mi ψ_m,   k_e = f(t1, y1),
//   ψ_0 = σ²(1−σ)², ψ_1 = ψ_0 σ, ψ_2 = ψ_1 (1−σ), ψ_3 = ψ_2 σ, …
// (Hairer, Nørsett & Wanner I, section II.6, and contd5, contd8 of their codes), so that solutions are C¹.
//
// A tableau that brings its own writes down
//   dense_order;                        // what it is worth, see Extended
//   dense                               // the rows d_m
//   dense_c, dense_a                    // the stages after f(t1, y1), if it takes any
// in rows of length Extended<T>::stages. With nothing written down, the cubic is what there is.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"
#include "antistrophe/method/runge_kutta/tableau/tableau.hpp"

namespace antistrophe::tableau {

namespace detail {

template <class T>
concept HasDenseRows = requires { T::dense; };

template <class T>
concept HasDenseStages = requires { T::dense_a; };

template <class T>
consteval int dense_rows() {
  if constexpr (HasDenseRows<T>)
    return static_cast<int>(T::dense.size());
  else
    return 0;
}

template <class T>
consteval int stages_after_end() {
  if constexpr (HasDenseStages<T>)
    return static_cast<int>(T::dense_a.size());
  else
    return 0;
}

// k_e = f(t1, y1), counted from 0: the last stage if it is the next step's first, else one that is added.
template <class T>
inline constexpr int end_stage = T::fsal ? T::stages - 1 : T::stages;

template <class T>
inline constexpr int extended_stages = end_stage<T> + 1 + stages_after_end<T>();

template <class T>
using ExtendedRow = Row<T, extended_stages<T>>;

template <class T, int n>
using ExtendedRows = std::array<ExtendedRow<T>, static_cast<std::size_t>(n)>;

template <class T>
concept HasDenseOutput = requires {
  { T::dense_order } -> Constant<int>;
  { T::dense } -> Constant<ExtendedRows<T, dense_rows<T>()>>;
} && (!HasDenseStages<T> || requires {
                           { T::dense_c } -> Constant<Row<T, stages_after_end<T>()>>;
                           { T::dense_a } -> Constant<ExtendedRows<T, stages_after_end<T>()>>;
                         });

template <class T, std::size_t length>
consteval ExtendedRow<T> padded(const std::array<coefficient_t<T>, length>& row) {
  ExtendedRow<T> result{};
  for (std::size_t i = 0; i < length; ++i) result[i] = row[i];
  return result;
}

template <class T, std::size_t length, std::size_t n>
consteval ExtendedRows<T, static_cast<int>(n)> padded(const std::array<std::array<coefficient_t<T>, length>, n>& rows) {
  ExtendedRows<T, static_cast<int>(n)> result{};
  for (std::size_t i = 0; i < n; ++i) result[i] = padded<T>(rows[i]);
  return result;
}

template <class T>
consteval ExtendedRow<T> extended_c() {
  ExtendedRow<T> c = padded<T>(T::c);
  auto i = static_cast<std::size_t>(end_stage<T>);
  c[i] = 1;
  if constexpr (HasDenseStages<T>)
    for (const auto& x : T::dense_c) c[++i] = x;
  return c;
}

template <class T>
consteval auto extended_a() {
  ExtendedRows<T, extended_stages<T>> a{};
  for (std::size_t i = 0; i < T::a.size(); ++i) a[i] = padded<T>(T::a[i]);
  auto i = static_cast<std::size_t>(end_stage<T>);
  a[i] = padded<T>(T::b);
  if constexpr (HasDenseStages<T>)
    for (const auto& row : T::dense_a) a[++i] = row;
  return a;
}

template <class T>
consteval int dense_order() {
  if constexpr (HasDenseRows<T>)
    return T::dense_order;
  else
    return T::order < 3 ? T::order : 3;
}

template <class T>
consteval ExtendedRows<T, dense_rows<T>()> dense_data() {
  if constexpr (HasDenseRows<T>)
    return T::dense;
  else
    return {};
}

// The coefficients of σ¹, σ², …
template <int degree>
using Powers = std::array<int, static_cast<std::size_t>(degree)>;

template <std::size_t degree>
consteval std::array<int, degree> times_sigma(const std::array<int, degree>& x) {
  std::array<int, degree> product{};
  for (std::size_t p = 1; p < degree; ++p) product[p] = x[p - 1];
  return product;
}

template <std::size_t degree>
consteval std::array<int, degree> times_one_minus_sigma(const std::array<int, degree>& x) {
  std::array<int, degree> product = x;
  for (std::size_t p = 1; p < degree; ++p) product[p] -= x[p - 1];
  return product;
}

// ω_i as polynomials: [i][p] multiplies σ^{p+1}.
template <class T>
consteval auto expanded_weights() {
  using Number = coefficient_t<T>;
  constexpr int degree = 3 + dense_rows<T>();
  std::array<std::array<Number, static_cast<std::size_t>(degree)>, static_cast<std::size_t>(extended_stages<T>)> w{};
  const auto add = [&w](std::size_t i, const Number& x, const Powers<degree>& polynomial) {
    for (std::size_t p = 0; p < polynomial.size(); ++p) w[i][p] = w[i][p] + x * Number(polynomial[p]);
  };

  for (std::size_t i = 0; i < T::b.size(); ++i) add(i, T::b[i], {0, 3, -2});
  add(0, 1, {1, -2, 1});
  add(static_cast<std::size_t>(end_stage<T>), 1, {0, -1, 1});
  if constexpr (HasDenseRows<T>) {
    Powers<degree> psi{0, 1, -2, 1};
    for (std::size_t m = 0; m < T::dense.size(); ++m) {
      for (std::size_t i = 0; i < w.size(); ++i) add(i, T::dense[m][i], psi);
      psi = m % 2 == 0 ? times_sigma(psi) : times_one_minus_sigma(psi);
    }
  }
  return w;
}

}  // namespace detail

// Says in one sentence what is amiss with a tableau's dense output. A type, as TableauRequirements is: each function on the way is three
// lines more of what a compiler says.
struct DenseOutputRequirements {
  template <Tableau T>
  static consteval bool require() {
    constexpr bool says_for_what = !detail::HasDenseStages<T> || detail::HasDenseRows<T>;
    constexpr bool whole = !detail::HasDenseRows<T> || detail::HasDenseOutput<T>;
    static_assert(says_for_what,
                  "antistrophe: a tableau with stages dense_a for dense output says what they are for in `dense`.");
    static_assert(
        whole,
        "antistrophe: a tableau's dense output is dense_order (int), `dense`, and, if it takes stages after f(t1, y1), "
        "dense_c and dense_a with as many rows; the rows of `dense` and dense_a are as long as the stages of the "
        "tableau "
        "(with f(t1, y1), unless it is fsal) and those of dense_a together.");
    return says_for_what && whole;
  }
};
template <class T>
using RequirementsFor = std::conditional_t<Tableau<T>, DenseOutputRequirements, TableauRequirements>;

// A tableau with the stages that its dense output takes, after those that its increment and its error
// estimates need, which it shares with T. It is a tableau itself; rows are padded by zeros.
//
// dense_order q: the interpolant satisfies the order conditions Σ ω_i(σ) Φ_i(t) = σ^|t|/γ(t) of all trees t of
// at most q vertices, so that a step adds O(h^{q+1}) to the error inside it, and the values of a solution of
// order p are of order min(p, q + 1), their derivatives of order min(p, q). For the cubic q = min(p, 3).
template <Tableau T>
struct Extended {
  static_assert(DenseOutputRequirements::require<T>() || true);  // one sentence is enough

  static constexpr std::string_view name = T::name;
  static constexpr int order = T::order;
  static constexpr int stages = detail::extended_stages<T>;
  static constexpr int base_stages = T::stages;
  static constexpr int end_stage = detail::end_stage<T>;  // k[end_stage] = f(t1, y1)
  static constexpr bool fsal = end_stage == stages - 1;   // of these stages: true of the cubic
  static constexpr detail::ExtendedRow<T> c = detail::extended_c<T>();
  static constexpr detail::ExtendedRows<T, stages> a = detail::extended_a<T>();
  static constexpr detail::ExtendedRow<T> b = detail::padded<T>(T::b);
  static constexpr int error_estimates = T::error_estimates;
  static constexpr std::array<int, static_cast<std::size_t>(error_estimates)> embedded_order = T::embedded_order;
  static constexpr detail::ExtendedRows<T, error_estimates> error = detail::padded<T>(T::error);

  static constexpr int dense_order = detail::dense_order<T>();
  static constexpr int dense_degree = 3 + detail::dense_rows<T>();
  static constexpr detail::ExtendedRows<T, dense_degree - 3> dense = detail::dense_data<T>();
  static constexpr auto dense_weights = detail::expanded_weights<T>();  // [i][p] multiplies σ^{p+1}
};

namespace detail {

template <class T>
struct ExtensionOf {
  using type = Extended<T>;
};
template <class T>
struct ExtensionOf<Extended<T>> {
  using type = Extended<T>;
};

// The data of an extended tableau as Real.
template <class E, class Real>
inline constexpr auto dense_b = [] {
  std::array<Real, E::b.size()> row{};
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = coefficient<Real>(E::b[i]);
  return row;
}();
template <class E, class Real>
inline constexpr auto dense_d = [] {
  std::array<std::array<Real, E::b.size()>, E::dense.size()> rows{};
  for (std::size_t m = 0; m < rows.size(); ++m)
    for (std::size_t i = 0; i < E::b.size(); ++i) rows[m][i] = coefficient<Real>(E::dense[m][i]);
  return rows;
}();

// What multiplies b, k_1, k_e and the rows d_m, at one σ.
template <class E, class Real>
struct DenseBasis {
  Real step, first, end;
  std::array<Real, E::dense.size()> psi;
};

// Products of σ and 1 − σ lose nothing near either end, as powers of σ do near 1.
template <class E, class Real>
constexpr DenseBasis<E, Real> dense_basis(Real s) {
  const Real r = 1 - s;
  DenseBasis<E, Real> basis{s * s * (3 - 2 * s), s * r * r, -s * s * r, {}};
  Real psi = s * s * r * r;
  for (std::size_t m = 0; m < basis.psi.size(); ++m) {
    basis.psi[m] = psi;
    psi *= m % 2 == 0 ? s : r;
  }
  return basis;
}

template <class E, class Real>
constexpr DenseBasis<E, Real> dense_basis_derivative(Real s) {
  const Real r = 1 - s;
  DenseBasis<E, Real> basis{6 * s * r, r * (r - 2 * s), s * (s - 2 * r), {}};
  Real psi = s * s * r * r, slope = 2 * s * r * (r - s);
  for (std::size_t m = 0; m < basis.psi.size(); ++m) {
    basis.psi[m] = slope;
    slope = m % 2 == 0 ? slope * s + psi : slope * r - psi;
    psi *= m % 2 == 0 ? s : r;
  }
  return basis;
}

template <class Scalar, class E, class Real>
constexpr auto combined(const DenseBasis<E, Real>& basis) {
  std::array<Scalar, E::b.size()> weights{};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    Real sum = basis.step * dense_b<E, Real>[i];
    if (i == 0) sum += basis.first;
    if (i == static_cast<std::size_t>(E::end_stage)) sum += basis.end;
    for (std::size_t m = 0; m < basis.psi.size(); ++m) sum += basis.psi[m] * dense_d<E, Real>[m][i];
    weights[i] = to_scalar<Scalar>(sum);
  }
  return weights;
}

}  // namespace detail

// ω_i(σ) for the stages of Extended<T>; T may be a tableau or its extension. At σ = 0 they are 0 and at σ = 1
// they are b, to the bit.
template <class Scalar, class T>
constexpr auto dense_weights_at(double sigma) {
  using E = typename detail::ExtensionOf<T>::type;
  using Real = detail::working_t<Scalar>;
  return detail::combined<Scalar>(detail::dense_basis<E>(static_cast<Real>(sigma)));
}

// ω_i'(σ): y'(t0 + σh) ≈ Σ ω_i'(σ) k_i. At σ = 0 this is k_1 and at σ = 1 it is f(t1, y1), to the bit.
template <class Scalar, class T>
constexpr auto dense_derivative_weights_at(double sigma) {
  using E = typename detail::ExtensionOf<T>::type;
  using Real = detail::working_t<Scalar>;
  return detail::combined<Scalar>(detail::dense_basis_derivative<E>(static_cast<Real>(sigma)));
}

}  // namespace antistrophe::tableau
