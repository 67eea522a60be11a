// SPDX-License-Identifier: MIT
// Sums of values of f, as steps of an Adams method take them.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/state.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// a b + c, rounded once where the machine does so in one instruction, which is said here: then no compiler decides it, and the sums
// below have the same bits wherever they are inlined.
template <class Scalar>
ANTISTROPHE_ALWAYS_INLINE Scalar times_plus(Scalar a, Scalar b, Scalar c) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

// Whether sums over values of Y are these operations, and no matter of compilers: there are few entries, and the machine is known.
template <class Y>
inline constexpr bool sums_are_exact_operations =
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))
    has_few_entries<Y> && (std::is_same_v<typename Y::Scalar, double> || std::is_same_v<typename Y::Scalar, float>);
#else
    false;
#endif

// Σ (h w_j) v_j of few entries, the last two first.
template <class Y, std::size_t N, class Real>
ANTISTROPHE_ALWAYS_INLINE void combine_few(Real h, const std::array<Real, N>& w, const std::array<const Y*, N>& v,
                                           Y& sum) {
  for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
    constexpr std::size_t first = N > 1 ? N - 2 : 0;
    auto total = scalar<Y>(h * w[first]) * entry(*v[first], e);
    if constexpr (N > 1) total = times_plus(scalar<Y>(h * w[N - 1]), entry(*v[N - 1], e), total);
    [&]<std::size_t... J>(std::index_sequence<J...>) ANTISTROPHE_INLINE_LAMBDA {
      ((total = times_plus(scalar<Y>(h * w[first - 1 - J]), entry(*v[first - 1 - J], e), total)), ...);
    }(std::make_index_sequence<first>{});
    sum[e] = in_register(total);
  });
}

// The same of any. The backward pass must repeat the forward pass bit for bit, so this is one function in the machine code.
template <EigenState Y, std::size_t N, class Real>
ANTISTROPHE_ONE_INSTANCE void combine(Real h, const std::array<Real, N>& w, const std::array<const Y*, N>& v, Y& sum) {
  if constexpr (sums_are_exact_operations<Y>)
    combine_few(h, w, v, sum);
  else
    [&]<std::size_t... J>(std::index_sequence<J...>) ANTISTROPHE_INLINE_LAMBDA {
      assign(sum, ((scalar<Y>(h * w[J]) * *v[J]) + ...));
    }(std::make_index_sequence<N>{});
}

// Two such sums over the same values.
template <EigenState Y, std::size_t N, class Real>
ANTISTROPHE_ONE_INSTANCE void combine(Real h, const std::array<Real, N>& w, const std::array<Real, N>& w_other,
                                      const std::array<const Y*, N>& v, Y& sum, Y& other) {
  if constexpr (sums_are_exact_operations<Y>) {
    combine_few(h, w, v, sum);
    combine_few(h, w_other, v, other);
  } else {
    [&]<std::size_t... J>(std::index_sequence<J...>) ANTISTROPHE_INLINE_LAMBDA {
      assign(sum, ((scalar<Y>(h * w[J]) * *v[J]) + ...));
      assign(other, ((scalar<Y>(h * w_other[J]) * *v[J]) + ...));
    }(std::make_index_sequence<N>{});
  }
}

// The same over a stretch of n entries of large states. Both passes go through a state in the same stretches: what is computed of one
// is used while it is near.
inline constexpr Eigen::Index stretch_of_sums = 256;
template <class Scalar, std::size_t N, class Real>
ANTISTROPHE_ONE_INSTANCE void combine_stretch(Real h, const std::array<Real, N>& w, const std::array<Real, N>& w_other,
                                              const std::array<const Scalar*, N>& v, Eigen::Index n, Scalar* sum,
                                              Scalar* other) {
  using Entries = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
  [&]<std::size_t... J>(std::index_sequence<J...>) ANTISTROPHE_INLINE_LAMBDA {
    Eigen::Map<Entries>(sum, n) = ((static_cast<Scalar>(h * w[J]) * Eigen::Map<const Entries>(v[J], n)) + ...);
    Eigen::Map<Entries>(other, n) = ((static_cast<Scalar>(h * w_other[J]) * Eigen::Map<const Entries>(v[J], n)) + ...);
  }(std::make_index_sequence<N>{});
}

}  // namespace antistrophe::detail
