// SPDX-License-Identifier: MIT
// Elementary functions of contiguous buffers, vectorised through xsimd where ANTISTROPHE_HAS_XSIMD is 1, else by the
// compiler's vector types or, where it has none, as far as Eigen goes. A buffer is worked through in packs; its tail is padded to a pack of its own, never done by a scalar
// function, so that an element's rounding does not depend on where it stands.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/field/mlp/detail/tanh.hpp>

#include <Eigen/Core>

#if defined(ANTISTROPHE_HAS_XSIMD) && ANTISTROPHE_HAS_XSIMD
#include <xsimd/xsimd.hpp>
#endif

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace antistrophe {

namespace detail {

template <class S>
concept SimdScalar = std::is_same_v<S, float> || std::is_same_v<S, double>;

}  // namespace detail

// A pack is as many numbers as are worked on at once; PackOf<S> says how wide it is and what is done with it. There are
// three kinds; of all, lanes(element) makes a pack of element(0), element(1), …, each index an integral constant. A single
// number: long double, complex.
template <class S>
struct PackOf {
  using type = S;
  static constexpr int width = 1;

  static type load(const S* from) { return *from; }
  static void store(S* to, const type& x) { *to = x; }
  static type fill(const S& value) { return value; }
  template <class Element>
  static type lanes(Element&& element) {
    return element(std::integral_constant<int, 0>{});
  }
  static S sum(const type& x) { return x; }
  static type multiply_add(const type& a, const type& b, const type& c) { return a * b + c; }
  static type choose(bool condition, const type& yes, const type& no) { return condition ? yes : no; }
  // clang-format off
  static type tanh(const type& x) { using std::tanh; return tanh(x); }
  static type exp(const type& x) { using std::exp; return exp(x); }
  static type expm1(const type& x) { using std::expm1; return expm1(x); }
  static type log1p(const type& x) { using std::log1p; return log1p(x); }
  // clang-format on
};

#if ANTISTROPHE_HAS_VECTOR_TYPES
namespace detail {

// A register of the compiler's vector types.
template <class S, int W>
struct VectorPack {
  using V [[gnu::vector_size(sizeof(S) * W)]] = S;
  using Bits = typename TanhConstants<S>::Bits;
  using I [[gnu::vector_size(sizeof(S) * W)]] = Bits;
  struct Mask {  // of a comparison
    I all;
  };
  V v;

  ANTISTROPHE_ALWAYS_INLINE S operator[](int lane) const { return v[lane]; }
  friend ANTISTROPHE_ALWAYS_INLINE VectorPack operator+(const VectorPack& a, const VectorPack& b) {
    return {a.v + b.v};
  }
  friend ANTISTROPHE_ALWAYS_INLINE VectorPack operator-(const VectorPack& a, const VectorPack& b) {
    return {a.v - b.v};
  }
  friend ANTISTROPHE_ALWAYS_INLINE VectorPack operator*(const VectorPack& a, const VectorPack& b) {
    return {a.v * b.v};
  }
  friend ANTISTROPHE_ALWAYS_INLINE VectorPack operator/(const VectorPack& a, const VectorPack& b) {
    return {a.v / b.v};
  }
  friend ANTISTROPHE_ALWAYS_INLINE VectorPack operator-(const VectorPack& a) { return {-a.v}; }
  ANTISTROPHE_ALWAYS_INLINE VectorPack& operator+=(const VectorPack& b) { return *this = *this + b; }
  ANTISTROPHE_ALWAYS_INLINE VectorPack& operator-=(const VectorPack& b) { return *this = *this - b; }
  ANTISTROPHE_ALWAYS_INLINE VectorPack& operator*=(const VectorPack& b) { return *this = *this * b; }
  friend ANTISTROPHE_ALWAYS_INLINE Mask operator<(const VectorPack& a, const VectorPack& b) { return {a.v < b.v}; }
  friend ANTISTROPHE_ALWAYS_INLINE Mask operator>(const VectorPack& a, const VectorPack& b) { return {a.v > b.v}; }
  friend ANTISTROPHE_ALWAYS_INLINE Mask operator<=(const VectorPack& a, const VectorPack& b) { return {a.v <= b.v}; }
  friend ANTISTROPHE_ALWAYS_INLINE Mask operator>=(const VectorPack& a, const VectorPack& b) { return {a.v >= b.v}; }

  // Σ of its lanes, by halves.
  ANTISTROPHE_ALWAYS_INLINE S sum() const {
    if constexpr (W == 2) {
      return v[0] + v[1];
    } else {
      using Half = VectorPack<S, W / 2>;
      Half low, high;
      std::memcpy(&low.v, &v, sizeof low.v);
      std::memcpy(&high.v, reinterpret_cast<const char*>(&v) + sizeof low.v, sizeof high.v);
      return (low + high).sum();
    }
  }
};

}  // namespace detail

template <class S>
  requires detail::SimdScalar<S>
struct PackOf<S> {
  static constexpr int width = std::max(EIGEN_MAX_STATIC_ALIGN_BYTES, 16) / int(sizeof(S));
  using type = detail::VectorPack<S, width>;

  static ANTISTROPHE_ALWAYS_INLINE type load(const S* from) {
    type x;
    std::memcpy(&x.v, from, sizeof x.v);
    return x;
  }
  static ANTISTROPHE_ALWAYS_INLINE void store(S* to, const type& x) { std::memcpy(to, &x.v, sizeof x.v); }
  static ANTISTROPHE_ALWAYS_INLINE type fill(const S& value) { return {value - typename type::V{}}; }
  template <class Element>
  static ANTISTROPHE_ALWAYS_INLINE type lanes(Element&& element) {
    return [&]<int... Lane>(std::integer_sequence<int, Lane...>) ANTISTROPHE_INLINE_LAMBDA {
      return type{typename type::V{S(element(std::integral_constant<int, Lane>{}))...}};
    }(std::make_integer_sequence<int, width>{});
  }
  static ANTISTROPHE_ALWAYS_INLINE S sum(const type& x) { return x.sum(); }
  static ANTISTROPHE_ALWAYS_INLINE type multiply_add(const type& a, const type& b, const type& c) {
    return {a.v * b.v + c.v};
  }
  static ANTISTROPHE_ALWAYS_INLINE type choose(const typename type::Mask& condition, const type& yes, const type& no) {
    return {condition.all ? yes.v : no.v};
  }
  static ANTISTROPHE_ALWAYS_INLINE type tanh(const type& x) {
    return {detail::tanh_of_vector<S, typename type::V, typename type::I>(x.v)};
  }
  static type exp(const type& x) {  // Eigen has a vector of it
    Eigen::Array<S, width, 1> array;
    store(array.data(), x);
    array = array.exp().eval();
    return load(array.data());
  }
  static type expm1(const type& x) {
    return by_lanes(x, [](S element) { return std::expm1(element); });
  }
  static type log1p(const type& x) {
    return by_lanes(x, [](S element) { return std::log1p(element); });
  }

 private:
  static type by_lanes(type x, S (*function)(S)) {
    for (int lane = 0; lane < width; ++lane) x.v[lane] = function(x.v[lane]);
    return x;
  }
};
#else
// A small Eigen array, whose whole length Eigen vectorises.
template <class S>
  requires detail::SimdScalar<S>
struct PackOf<S> {
  static constexpr int width = std::max(EIGEN_MAX_STATIC_ALIGN_BYTES, 16) / int(sizeof(S));
  using type = Eigen::Array<S, width, 1>;

  static type load(const S* from) { return Eigen::Map<const type>(from); }
  static void store(S* to, const type& x) { Eigen::Map<type>{to} = x; }
  static type fill(const S& value) { return type::Constant(value); }
  template <class Element>
  static type lanes(Element&& element) {
    type x;
    [&]<int... Lane>(std::integer_sequence<int, Lane...>) {
      ((x[Lane] = element(std::integral_constant<int, Lane>{})), ...);
    }(std::make_integer_sequence<int, width>{});
    return x;
  }
  static S sum(const type& x) { return x.sum(); }
  static type multiply_add(const type& a, const type& b, const type& c) { return a * b + c; }
  static type choose(const auto& condition, const type& yes, const type& no) { return condition.select(yes, no); }
  static type tanh(const type& x) { return x.tanh(); }
  static type exp(const type& x) { return x.exp(); }
  static type expm1(const type& x) {
    return x.unaryExpr([](const S& element) { return std::expm1(element); });
  }
  static type log1p(const type& x) {
    return x.unaryExpr([](const S& element) { return std::log1p(element); });
  }
};
#endif

#if defined(ANTISTROPHE_HAS_XSIMD) && ANTISTROPHE_HAS_XSIMD
// A register of xsimd's.
template <class S>
  requires detail::SimdScalar<S> && xsimd::has_simd_register<S>::value
struct PackOf<S> {
  using type = xsimd::batch<S>;
  static constexpr int width = int(type::size);
#if ANTISTROPHE_HAS_VECTOR_TYPES
  using V [[gnu::vector_size(sizeof(S) * width)]] = S;
#endif

  static type load(const S* from) { return type::load_unaligned(from); }
  static void store(S* to, const type& x) { x.store_unaligned(to); }
  static type fill(const S& value) { return type(value); }
  template <class Element>
  static type lanes(Element&& element) {
    return [&]<int... Lane>(std::integer_sequence<int, Lane...>) ANTISTROPHE_INLINE_LAMBDA {
#if ANTISTROPHE_HAS_VECTOR_TYPES  // xsimd's own way goes through memory, by a function that is not always inlined
      return std::bit_cast<type>(V{S(element(std::integral_constant<int, Lane>{}))...});
#else
      return type{S(element(std::integral_constant<int, Lane>{}))...};
#endif
    }(std::make_integer_sequence<int, width>{});
  }
  static S sum(const type& x) {
    if constexpr (requires { reduce_add(x); })  // its name since xsimd 9
      return reduce_add(x);
    else
      return hadd(x);
  }
  static type multiply_add(const type& a, const type& b, const type& c) { return xsimd::fma(a, b, c); }
  static type choose(const auto& condition, const type& yes, const type& no) {
    return xsimd::select(condition, yes, no);
  }
  static type tanh(const type& x) {
#if ANTISTROPHE_HAS_VECTOR_TYPES
    using I [[gnu::vector_size(sizeof(S) * width)]] = typename detail::TanhConstants<S>::Bits;
    return std::bit_cast<type>(detail::tanh_of_vector<S, V, I>(std::bit_cast<V>(x)));
#else
    return xsimd::tanh(x);
#endif
  }
  static type exp(const type& x) { return xsimd::exp(x); }
  static type expm1(const type& x) { return xsimd::expm1(x); }
  static type log1p(const type& x) { return xsimd::log1p(x); }
};
#endif

template <class S>
using Pack = typename PackOf<S>::type;

// x_i ← function(x_i) for i < n, a pack at a time; `function` maps Pack<S> to Pack<S>, element by element.
template <class S, class Function>
void transform(S* x, Eigen::Index n, Function&& function) {
  using P = PackOf<S>;
  Eigen::Index i = 0;
  for (; i + P::width <= n; i += P::width) P::store(x + i, function(P::load(x + i)));
  if (i < n) {
    S tail[std::size_t(P::width)] = {};
    std::copy(x + i, x + n, tail);
    P::store(tail, function(P::load(tail)));
    std::copy(tail, tail + (n - i), x + i);
  }
}

// x_i ← function(x_i, a_i) for i < n; x and a do not overlap.
template <class S, class Function>
void transform(S* x, const S* a, Eigen::Index n, Function&& function) {
  using P = PackOf<S>;
  Eigen::Index i = 0;
  for (; i + P::width <= n; i += P::width) P::store(x + i, function(P::load(x + i), P::load(a + i)));
  if (i < n) {
    S tail[std::size_t(P::width)] = {};
    S tail_a[std::size_t(P::width)] = {};
    std::copy(x + i, x + n, tail);
    std::copy(a + i, a + n, tail_a);
    P::store(tail, function(P::load(tail), P::load(tail_a)));
    std::copy(tail, tail + (n - i), x + i);
  }
}

// x_i ← tanh x_i for i < n.
template <class S>
void tanh_in_place(S* x, Eigen::Index n) {
  transform(x, n, [](const Pack<S>& pack) { return PackOf<S>::tanh(pack); });
}

}  // namespace antistrophe
