// SPDX-License-Identifier: MIT
// What a state is: an Eigen vector, matrix or array that owns its entries.
#pragma once

#include <antistrophe/core/config.hpp>

#include <Eigen/Core>

#include <complex>
#include <concepts>
#include <type_traits>

namespace antistrophe {

namespace detail {

template <class T>
inline constexpr bool is_real_scalar =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, long double>;

template <class T>
inline constexpr bool is_field_scalar = is_real_scalar<T>;
template <class T>
inline constexpr bool is_field_scalar<std::complex<T>> = is_real_scalar<T>;

template <class Y>
inline constexpr bool is_dense_plain = requires {
  typename Y::Scalar;
  typename Y::PlainObject;
} && std::is_base_of_v<Eigen::PlainObjectBase<Y>, Y>;

}  // namespace detail

// A state: an Eigen vector, matrix or array that owns its entries, of fixed or dynamic size, of float or double (long
// double and complex too, with steppers that are not exact). A batch is a matrix, one sample a column.
template <class Y>
concept EigenState = detail::is_dense_plain<Y> && detail::is_field_scalar<typename Y::Scalar>;

namespace detail {

template <class Y>
struct RealTypeOf {
  using type = double;  // of what is no state, about which one sentence is enough
};
template <EigenState Y>
struct RealTypeOf<Y> {
  using type = typename Eigen::NumTraits<typename Y::Scalar>::Real;
};

template <class Y>
struct ScalarTypeOf {
  using type = double;
};
template <EigenState Y>
struct ScalarTypeOf<Y> {
  using type = typename Y::Scalar;
};

}  // namespace detail

// The real type that belongs to a state's scalar: double of double and of std::complex<double>.
template <class Y>
using RealOf = typename detail::RealTypeOf<Y>::type;

}  // namespace antistrophe
