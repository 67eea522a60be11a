// SPDX-License-Identifier: MIT
// Small helpers on states: zeros of a given shape, the first entry that is not finite.
#pragma once

#include <antistrophe/core/errors.hpp>
#include <antistrophe/core/state.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace antistrophe::detail {

// visit(e) for every entry of a state that fits registers, not a loop in the machine code. Written out: a pack of indices would be a
// function more to compile for each visit.
template <class Y, class Visit>
ANTISTROPHE_ALWAYS_INLINE void for_entries(const Visit& visit) {
  constexpr Eigen::Index n = Y::SizeAtCompileTime;
  static_assert(n >= 0 && n <= 4);
  if constexpr (n > 0) visit(Eigen::Index{0});
  if constexpr (n > 1) visit(Eigen::Index{1});
  if constexpr (n > 2) visit(Eigen::Index{2});
  if constexpr (n > 3) visit(Eigen::Index{3});
}

// y := x throughout, := 0, and states that are so. Eigen's constants are expressions, each of a type that every program would
// compile anew.
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void fill(Y& y, const typename Y::Scalar& x) {
  typename Y::Scalar* const to = y.data();
  if constexpr (Y::SizeAtCompileTime != Eigen::Dynamic && Y::SizeAtCompileTime <= 4)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to[e] = x; });
  else
    for (Eigen::Index i = 0, size = y.size(); i < size; ++i) to[i] = x;
}
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void set_zero(Y& y) {
  fill(y, typename Y::Scalar(0));
}
template <class Y>
Y filled(Eigen::Index rows, Eigen::Index columns, const typename Y::Scalar& x) {
  Y y;
  y.resize(rows, columns);
  fill(y, x);
  return y;
}
template <class Y>
Y zeros_like(const Y& y) {
  return filled<Y>(y.rows(), y.cols(), typename Y::Scalar(0));
}

// The real number x as a scalar of Y, rounded once, from no less precision than it has.
template <class Y, class Real>
constexpr typename Y::Scalar scalar(Real x) {
  return static_cast<typename Y::Scalar>(static_cast<typename Eigen::NumTraits<typename Y::Scalar>::Real>(x));
}

template <class Scalar>
bool is_finite(const Scalar& x) {
  return (Eigen::numext::isfinite)(x);
}

// Numbers of which a few live in registers: an ensemble's packs, which have a hold_in_register, are among them.
template <class Scalar>
inline constexpr bool is_register_scalar = std::is_floating_point_v<Scalar>;

// See core/config.hpp.
template <class Scalar>
ANTISTROPHE_ALWAYS_INLINE Scalar in_register(Scalar x) {
  if constexpr (std::is_same_v<Scalar, double> || std::is_same_v<Scalar, float>)
    ANTISTROPHE_IN_FLOAT_REGISTER(x);
  else if constexpr (std::is_integral_v<Scalar>)
    ANTISTROPHE_IN_INTEGER_REGISTER(x);
  else if constexpr (is_register_scalar<Scalar> && !std::is_floating_point_v<Scalar>)
    hold_in_register(x);
  return x;
}

template <EigenState Y>
ANTISTROPHE_OUT_OF_LINE bool all_finite_in_one_pass(const Y& y) {
  return (y.array() - y.array()).sum() == typename Y::Scalar{0};  // 0, or NaN from the first NaN or infinity on
}

// One pass without branches; an empty state is finite.
template <EigenState Y>
ANTISTROPHE_ALWAYS_INLINE bool all_finite(const Y& y) {
  if constexpr (is_real_scalar<typename Y::Scalar>) {
    if constexpr (Y::SizeAtCompileTime != Eigen::Dynamic && Y::SizeAtCompileTime <= 4)
      return [&]<std::size_t... E>(std::index_sequence<E...>) ANTISTROPHE_INLINE_LAMBDA {
        const auto no_difference = [](typename Y::Scalar x) ANTISTROPHE_INLINE_LAMBDA {
          const typename Y::Scalar apart = in_register(x);
          return apart - apart;
        };
        return (typename Y::Scalar{0} + ... + no_difference(y.coeff(Eigen::Index{E}))) == 0;
      }(std::make_index_sequence<static_cast<std::size_t>(Y::SizeAtCompileTime)>{});
    else
      return all_finite_in_one_pass(y);
  } else {
    return y.allFinite();
  }
}

// Index in storage order of the first entry that is NaN or infinite, -1 if there is none.
template <class Y>
Eigen::Index first_not_finite(const Y& y) {
  for (Eigen::Index i = 0; i < y.size(); ++i)
    if (!is_finite(y.data()[i])) return i;
  return -1;
}

// Of the sizes of its entries the largest, NaN if one is; 0 of none.
template <class Y>
double largest_entry(const Y& y) {
  using std::abs;
  double largest = 0;
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    const auto size = static_cast<double>(abs(y.data()[i]));
    if (!(size <= largest)) largest = size;
    if (std::isnan(largest)) break;
  }
  return largest;
}

// The index of the first of its largest entries; 0 of none.
template <class Y>
Eigen::Index index_of_largest(const Y& y) {
  using std::abs;
  Eigen::Index largest = 0;
  for (Eigen::Index i = 1; i < y.size(); ++i)
    if (abs(y.data()[i]) > abs(y.data()[largest])) largest = i;
  return largest;
}

template <class Y>
void refuse_not_finite(const char* name, const Y& y) {
  if (const Eigen::Index i = first_not_finite(y); i >= 0)
    refuse(std::string(name) + "[" + std::to_string(i) + "]", y.data()[i], "finite");
}

template <class Y>
bool same_shape(const Y& a, const Y& b) {
  return a.rows() == b.rows() && a.cols() == b.cols();
}

template <class Y>
std::string shape(const Y& y) {
  return std::to_string(y.rows()) + "x" + std::to_string(y.cols());
}

// A state so small that a step over it lives in registers. It is then worked on entry by entry, in local copies: fields
// write entries one at a time, and a packet loaded from memory just written so must wait for the stores.
template <class Y>
inline constexpr bool fits_registers =
    Y::SizeAtCompileTime != Eigen::Dynamic && Y::SizeAtCompileTime <= 4 && is_register_scalar<typename Y::Scalar>;

// The same of arrays of integers: few enough to be worked on one by one.
template <class Y>
inline constexpr bool has_few_entries =
    Y::SizeAtCompileTime != Eigen::Dynamic && Y::SizeAtCompileTime <= 4 &&
    (std::is_arithmetic_v<typename Y::Scalar> || is_register_scalar<typename Y::Scalar>);

// visit(i) for every entry of y in storage order, or from the last to the first.
template <class Y, class Visit>
ANTISTROPHE_ALWAYS_INLINE void visit_entries(const Y& y, const Visit& visit) {
  if constexpr (has_few_entries<Y>)
    for_entries<Y>(visit);
  else
    for (Eigen::Index i = 0, size = y.size(); i < size; ++i) visit(i);
}
template <class Y, class Visit>
ANTISTROPHE_ALWAYS_INLINE void visit_entries_backwards(const Y& y, const Visit& visit) {
  if constexpr (has_few_entries<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { visit(Y::SizeAtCompileTime - 1 - e); });
  else
    for (Eigen::Index i = y.size(); i-- > 0;) visit(i);
}

// Entry i, and i := x, of what has few entries one by one.
template <class Y>
ANTISTROPHE_ALWAYS_INLINE typename Y::Scalar entry(const Y& y, Eigen::Index i) {
  if constexpr (has_few_entries<Y>)
    return in_register(y.data()[i]);
  else
    return y.data()[i];
}

// Few entries stay apart. Compilers gather what lies side by side into packets, which in the chain of operations that a step is
// only adds shuffles to it.
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void keep_apart(Y& y) {
  if constexpr (has_few_entries<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { y.coeffRef(e) = in_register(y.coeff(e)); });
}

// Few entries as a local copy, loaded one by one; else y itself.
template <class Y>
ANTISTROPHE_ALWAYS_INLINE decltype(auto) loaded(const Y& y) {
  if constexpr (has_few_entries<Y>) {
    Y local;
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { local.coeffRef(e) = in_register(y.coeff(e)); });
    return local;
  } else {
    return (y);
  }
}

// to = from, of which the one or the other was written entry by entry just now.
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void copy(const Y& from, Y& to) {
  if constexpr (has_few_entries<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to.coeffRef(e) = in_register(from.coeff(e)); });
  else
    to = from;
}

template <class Y, class Expression>
ANTISTROPHE_ALWAYS_INLINE void assign(Y& to, const Expression& expression) {
  if constexpr (fits_registers<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to.coeffRef(e) = expression.coeff(e); });
  else
    to = expression;
}

// to := a x, to += a x, to := a to + x: few entries one by one, which spares expressions of a type of their own.
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void set_scaled(Y& to, typename Y::Scalar a, const Y& x) {
  if constexpr (fits_registers<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to.coeffRef(e) = a * x.coeff(e); });
  else
    to = a * x;
}
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void add_scaled(Y& to, typename Y::Scalar a, const Y& x) {
  if constexpr (fits_registers<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to.coeffRef(e) += a * x.coeff(e); });
  else
    to += a * x;
}
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void scale_and_add(Y& to, typename Y::Scalar a, const Y& x) {
  if constexpr (fits_registers<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to.coeffRef(e) = a * to.coeff(e) + x.coeff(e); });
  else
    to = a * to + x;
}

// to := a - b, and the Euclidean length of that.
template <class Y>
ANTISTROPHE_ALWAYS_INLINE void set_difference(Y& to, const Y& a, const Y& b) {
  if constexpr (has_few_entries<Y>)
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to.coeffRef(e) = a.coeff(e) - b.coeff(e); });
  else
    to = a - b;
}
template <class Y>
double norm_of_difference(const Y& a, const Y& b) {
  if constexpr (has_few_entries<Y>) {
    Y difference;
    set_difference(difference, a, b);
    return static_cast<double>(difference.matrix().norm());
  } else {
    return static_cast<double>((a - b).matrix().norm());
  }
}

// aᵀb over all entries, without conjugation.
template <EigenState Y>
ANTISTROPHE_ALWAYS_INLINE typename Y::Scalar dot(const Y& a, const Y& b) {
  if constexpr (fits_registers<Y>) {
    typename Y::Scalar sum{0};
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { sum += a.coeff(e) * b.coeff(e); });
    return sum;
  } else {
    return (a.array() * b.array()).sum();
  }
}

}  // namespace antistrophe::detail
