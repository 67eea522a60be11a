// SPDX-License-Identifier: MIT
// W numbers side by side, that go through a solve as one: the scalar of the states of W problems. Each operation is done in all
// lanes, in the compiler's vector types; functions of <cmath> lane by lane. Where lanes do not agree on a comparison, or are taken
// for one number, it is noted (`parting`), for then a field cannot serve them together.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/state.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstddef>
#include <limits>
#include <ostream>
#include <type_traits>

namespace antistrophe::detail {

// Whether lanes have parted on this thread since it was last set to false.
inline constinit thread_local bool parting = false;

#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

// W numbers in the machine's vectors. Of more than fit one there are two halves: compilers put a longer vector into memory.
template <class T, int W, bool fits = sizeof(T) * W <= vector_bytes>
struct LaneVector {
  static_assert(W >= 2);
  LaneVector<T, W / 2> low, high;

  static ANTISTROPHE_ALWAYS_INLINE LaneVector of(T x) {
    return {LaneVector<T, W / 2>::of(x), LaneVector<T, W / 2>::of(x)};
  }
  ANTISTROPHE_ALWAYS_INLINE T operator[](int l) const { return l < W / 2 ? low[l] : high[l - W / 2]; }
  ANTISTROPHE_ALWAYS_INLINE void set(int l, T x) {
    if (l < W / 2)
      low.set(l, x);
    else
      high.set(l - W / 2, x);
  }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator+(const LaneVector& o) const { return {low + o.low, high + o.high}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator-(const LaneVector& o) const { return {low - o.low, high - o.high}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator*(const LaneVector& o) const { return {low * o.low, high * o.high}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator/(const LaneVector& o) const { return {low / o.low, high / o.high}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator-() const { return {-low, -high}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector size() const { return {low.size(), high.size()}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector or_if_larger(const LaneVector& o) const {
    return {low.or_if_larger(o.low), high.or_if_larger(o.high)};
  }
  ANTISTROPHE_ALWAYS_INLINE LaneVector where_below(const LaneVector& a, const LaneVector& b) const {
    return {low.where_below(a.low, b.low), high.where_below(a.high, b.high)};
  }
  ANTISTROPHE_ALWAYS_INLINE LaneVector or_where_below(const LaneVector& a, const LaneVector& b,
                                                      const LaneVector& o) const {
    return {low.or_where_below(a.low, b.low, o.low), high.or_where_below(a.high, b.high, o.high)};
  }
  ANTISTROPHE_ALWAYS_INLINE void hold_in_register() {
    low.hold_in_register();
    high.hold_in_register();
  }
};

#if defined(__GNUC__)
template <class T, int W>
struct LaneVector<T, W, true> {
  // No stricter than Eigen is with a matrix of them.
  static constexpr std::size_t alignment =
      std::min(sizeof(T) * W, std::max<std::size_t>(alignof(T), EIGEN_MAX_STATIC_ALIGN_BYTES));
  using Vector [[gnu::vector_size(sizeof(T) * W), gnu::aligned(alignment)]] = T;
  Vector v;

  static ANTISTROPHE_ALWAYS_INLINE LaneVector of(T x) { return {x - Vector{}}; }
  ANTISTROPHE_ALWAYS_INLINE T operator[](int l) const { return v[l]; }
  ANTISTROPHE_ALWAYS_INLINE void set(int l, T x) { v[l] = x; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator+(const LaneVector& o) const { return {v + o.v}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator-(const LaneVector& o) const { return {v - o.v}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator*(const LaneVector& o) const { return {v * o.v}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator/(const LaneVector& o) const { return {v / o.v}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector operator-() const { return {-v}; }
  // |v|, but for the sign of 0; and of each lane the other's number where that is larger, as std::max has it.
  ANTISTROPHE_ALWAYS_INLINE LaneVector size() const { return {v < 0 ? -v : v}; }
  ANTISTROPHE_ALWAYS_INLINE LaneVector or_if_larger(const LaneVector& o) const { return {v < o.v ? o.v : v}; }
  // This where a < b, else 0.
  ANTISTROPHE_ALWAYS_INLINE LaneVector where_below(const LaneVector& a, const LaneVector& b) const {
    return {a.v < b.v ? v : Vector{}};
  }
  // This, or the other where a < b.
  ANTISTROPHE_ALWAYS_INLINE LaneVector or_where_below(const LaneVector& a, const LaneVector& b,
                                                      const LaneVector& o) const {
    return {a.v < b.v ? o.v : v};
  }
  ANTISTROPHE_ALWAYS_INLINE void hold_in_register() { ANTISTROPHE_IN_FLOAT_REGISTER(v); }
};
#endif

// One number, where there are no vectors.
template <class T, bool fits>
struct LaneVector<T, 1, fits> {
  T x;
  static LaneVector of(T x) { return {x}; }
  T operator[](int) const { return x; }
  void set(int, T y) { x = y; }
  LaneVector operator+(const LaneVector& o) const { return {x + o.x}; }
  LaneVector operator-(const LaneVector& o) const { return {x - o.x}; }
  LaneVector operator*(const LaneVector& o) const { return {x * o.x}; }
  LaneVector operator/(const LaneVector& o) const { return {x / o.x}; }
  LaneVector operator-() const { return {-x}; }
  LaneVector size() const { return {x < 0 ? -x : x}; }
  LaneVector or_if_larger(const LaneVector& o) const { return {x < o.x ? o.x : x}; }
  LaneVector where_below(const LaneVector& a, const LaneVector& b) const { return {a.x < b.x ? x : T(0)}; }
  LaneVector or_where_below(const LaneVector& a, const LaneVector& b, const LaneVector& o) const {
    return {a.x < b.x ? o.x : x};
  }
  void hold_in_register() {}
};

template <class T, int W>
struct LanePack {
  using Lanes = LaneVector<T, W>;
  Lanes lane;

  LanePack() = default;
  ANTISTROPHE_ALWAYS_INLINE LanePack(T x)  // NOLINT(google-explicit-constructor): every number is W equal ones
      : lane(Lanes::of(x)) {}
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, T>)
  ANTISTROPHE_ALWAYS_INLINE LanePack(Number x) : LanePack(static_cast<T>(x)) {}
  // Lane by lane, rounded.
  template <class Number>
    requires(!std::is_same_v<Number, T>)
  explicit LanePack(const LanePack<Number, W>& x) {
    for (int l = 0; l < W; ++l) lane.set(l, static_cast<T>(x.lane[l]));
  }
  static ANTISTROPHE_ALWAYS_INLINE LanePack of(const Lanes& lanes) {
    LanePack result;
    result.lane = lanes;
    return result;
  }
  friend ANTISTROPHE_ALWAYS_INLINE void hold_in_register(LanePack& x) { x.lane.hold_in_register(); }

  template <class Function>
  static LanePack by_lanes(const LanePack& a, const Function& function) {
    LanePack result;
    for (int l = 0; l < W; ++l) result.lane.set(l, function(a.lane[l]));
    return result;
  }
  template <class Function>
  static LanePack by_lanes(const LanePack& a, const LanePack& b, const Function& function) {
    LanePack result;
    for (int l = 0; l < W; ++l) result.lane.set(l, function(a.lane[l], b.lane[l]));
    return result;
  }
  template <class Compare>
  static bool agree(const LanePack& a, const LanePack& b, const Compare& compare) {
    const bool first = compare(a.lane[0], b.lane[0]);
    for (int l = 1; l < W; ++l)
      if (compare(a.lane[l], b.lane[l]) != first) parting = true;
    return first;
  }

  friend ANTISTROPHE_ALWAYS_INLINE LanePack operator+(const LanePack& a, const LanePack& b) {
    return of(a.lane + b.lane);
  }
  friend ANTISTROPHE_ALWAYS_INLINE LanePack operator-(const LanePack& a, const LanePack& b) {
    return of(a.lane - b.lane);
  }
  friend ANTISTROPHE_ALWAYS_INLINE LanePack operator*(const LanePack& a, const LanePack& b) {
    return of(a.lane * b.lane);
  }
  friend ANTISTROPHE_ALWAYS_INLINE LanePack operator/(const LanePack& a, const LanePack& b) {
    return of(a.lane / b.lane);
  }
  friend ANTISTROPHE_ALWAYS_INLINE LanePack operator-(const LanePack& a) { return of(-a.lane); }
  friend LanePack operator+(const LanePack& a) { return a; }
  ANTISTROPHE_ALWAYS_INLINE LanePack& operator+=(const LanePack& other) { return *this = *this + other; }
  ANTISTROPHE_ALWAYS_INLINE LanePack& operator-=(const LanePack& other) { return *this = *this - other; }
  ANTISTROPHE_ALWAYS_INLINE LanePack& operator*=(const LanePack& other) { return *this = *this * other; }
  ANTISTROPHE_ALWAYS_INLINE LanePack& operator/=(const LanePack& other) { return *this = *this / other; }

  friend bool operator<(const LanePack& a, const LanePack& b) {
    return agree(a, b, [](T x, T y) { return x < y; });
  }
  friend bool operator>(const LanePack& a, const LanePack& b) { return b < a; }
  friend bool operator<=(const LanePack& a, const LanePack& b) {
    return agree(a, b, [](T x, T y) { return x <= y; });
  }
  friend bool operator>=(const LanePack& a, const LanePack& b) { return b <= a; }
  friend std::partial_ordering operator<=>(const LanePack& a,
                                           const LanePack& b) {  // of what holds one, such as a dual number
    for (int l = 1; l < W; ++l)
      if ((a.lane[l] <=> b.lane[l]) != (a.lane[0] <=> b.lane[0])) parting = true;
    return a.lane[0] <=> b.lane[0];
  }
  friend bool operator==(const LanePack& a, const LanePack& b) {
    return agree(a, b, [](T x, T y) { return x == y; });
  }

  // The largest in size, NaN if one is: what a bound on one number would be asked of. A field that takes lanes for one number parts
  // them.
  template <class Number>
    requires std::is_arithmetic_v<Number>
  explicit operator Number() const {
    T largest = lane[0];
    for (int l = 1; l < W; ++l) {
      if (!(lane[l] == lane[0])) parting = true;
      if (!(std::fabs(lane[l]) <= std::fabs(largest))) largest = lane[l];
      if (std::isnan(largest)) break;
    }
    return static_cast<Number>(largest);
  }

  friend bool isfinite(const LanePack& a) {
    for (int l = 0; l < W; ++l)
      if (!std::isfinite(a.lane[l])) return false;
    return true;
  }
  friend bool isnan(const LanePack& a) {
    for (int l = 0; l < W; ++l)
      if (std::isnan(a.lane[l])) return true;
    return false;
  }
  friend bool isinf(const LanePack& a) {
    for (int l = 0; l < W; ++l)
      if (std::isinf(a.lane[l])) return true;
    return false;
  }
  friend std::ostream& operator<<(std::ostream& out, const LanePack& a) {
    for (int l = 0; l < W; ++l) out << (l == 0 ? "(" : ", ") << a.lane[l];
    return out << ')';
  }

#define ANTISTROPHE_OF_ONE(name)                                          \
  friend LanePack name(const LanePack& a) {                               \
    return by_lanes(a, [](T x) { return static_cast<T>(std::name(x)); }); \
  }
  ANTISTROPHE_OF_ONE(abs)
  ANTISTROPHE_OF_ONE(fabs)
  ANTISTROPHE_OF_ONE(sqrt)
  ANTISTROPHE_OF_ONE(cbrt)
  ANTISTROPHE_OF_ONE(exp)
  ANTISTROPHE_OF_ONE(exp2)
  ANTISTROPHE_OF_ONE(expm1)
  ANTISTROPHE_OF_ONE(log)
  ANTISTROPHE_OF_ONE(log1p)
  ANTISTROPHE_OF_ONE(log2)
  ANTISTROPHE_OF_ONE(log10)
  ANTISTROPHE_OF_ONE(sin)
  ANTISTROPHE_OF_ONE(cos)
  ANTISTROPHE_OF_ONE(tan)
  ANTISTROPHE_OF_ONE(asin)
  ANTISTROPHE_OF_ONE(acos)
  ANTISTROPHE_OF_ONE(atan)
  ANTISTROPHE_OF_ONE(sinh)
  ANTISTROPHE_OF_ONE(cosh)
  ANTISTROPHE_OF_ONE(tanh)
  ANTISTROPHE_OF_ONE(erf)
#undef ANTISTROPHE_OF_ONE
#define ANTISTROPHE_OF_TWO(name)                                                     \
  friend LanePack name(const LanePack& a, const LanePack& b) {                       \
    return by_lanes(a, b, [](T x, T y) { return static_cast<T>(std::name(x, y)); }); \
  }
  ANTISTROPHE_OF_TWO(pow)
  ANTISTROPHE_OF_TWO(atan2)
  ANTISTROPHE_OF_TWO(hypot)
  ANTISTROPHE_OF_TWO(fmin)
  ANTISTROPHE_OF_TWO(fmax)
#undef ANTISTROPHE_OF_TWO
};

template <class T, int W>
inline constexpr bool is_real_scalar<LanePack<T, W>> = true;
template <class T, int W>
inline constexpr bool is_register_scalar<LanePack<T, W>> = true;

// A matrix of packs in the place of one of numbers.
template <class Matrix, class S>
using WithPacks = Eigen::Matrix<S, Matrix::RowsAtCompileTime, Matrix::ColsAtCompileTime, Matrix::Options,
                                Matrix::MaxRowsAtCompileTime, Matrix::MaxColsAtCompileTime>;

// Lane l of a matrix of packs.
template <class Packed, class Matrix>
void take_lane(const Packed& packed, std::size_t l, Matrix& matrix) {
  matrix.resize(packed.rows(), packed.cols());
  visit_entries(packed, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
    matrix.data()[i] = packed.data()[i].lane[static_cast<int>(l)];
  });
}
template <class Matrix, class Packed>
void put_lane(const Matrix& matrix, std::size_t l, Packed& packed) {
  packed.resize(matrix.rows(), matrix.cols());
  visit_entries(packed, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
    packed.data()[i].lane.set(static_cast<int>(l), matrix.data()[i]);
  });
}

}  // namespace antistrophe::detail

template <class T, int W>
struct std::numeric_limits<antistrophe::detail::LanePack<T, W>> : std::numeric_limits<T> {};

template <class T, int W>
struct Eigen::NumTraits<antistrophe::detail::LanePack<T, W>> : Eigen::NumTraits<T> {
  using Real = antistrophe::detail::LanePack<T, W>;
  using NonInteger = Real;
  using Nested = Real;
  using Literal = Real;
  enum { AddCost = 2, MulCost = 2, ReadCost = 2 };
};
