// SPDX-License-Identifier: MIT
// ReversibleAdams<K, Arithmetic>: a multistep method of order K whose step is a bijection of its last K + 1 states,
//   x_{n+1} = x_n + h Σ b_j f_{n−j} + λ D,   D = x_{n−K} − P,   P = x_{n−K+1} − h Σ c_j f_{n−j},   j = 0, …, K−1,
// b the Adams–Bashforth weights of order K, c their mirror image: the integrals of the same interpolant over the oldest
// step. P predicts the oldest state from the newer ones at no evaluation of its own; what it misses, D = O(h^{K+1}), is
// carried on with weight λ. On the way back all but x_{n−K} is known, and
//   D = (x_{n+1} − x_n − h Σ b_j f_{n−j}) / λ,   x_{n−K} = P + D.
// In Exact arithmetic (the default) states are integers and λD is rounded by a bijection that sets bits aside, so the way
// back meets every state bit for bit. K = 1 with λ = 1 is the leapfrog midpoint rule.
//
// ReversibleAdamsPece<K, Arithmetic>: the same with a corrector. The Adams–Bashforth formula predicts, f is evaluated at
// its end, and the Adams–Moulton formula of order K + 1 makes the step: twice the evaluations, wider stability.
//
// One evaluation a step forth; one evaluation and one vjp back (two of each with a corrector), at any order. The first K
// steps are Runge–Kutta steps, whose few states stay in the ring. Where a step is far from its neighbour in length (an
// interpolant would be carried far beyond its nodes) the method starts anew in the same way, and the ring that is given up
// goes onto the stack of bits.
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/method/adams/detail/adams_choice.hpp>
#include <antistrophe/method/adams/detail/adams_stepper.hpp>
#include <antistrophe/number/arithmetic.hpp>

#include <type_traits>

namespace antistrophe {

namespace detail {

template <class Arithmetic>
inline constexpr bool is_arithmetic = std::is_same_v<Arithmetic, Exact> || std::is_same_v<Arithmetic, Floating>;

// Says what orders and arithmetics there are.
template <int K, bool Corrected, class Arithmetic>
consteval bool require_adams() {
  constexpr bool has_order = K >= 1 && K <= 8;
  static_assert(Corrected || has_order, "antistrophe: the order K of ReversibleAdams<K> must be from 1 to 8.");
  static_assert(!Corrected || has_order, "antistrophe: the order K of ReversibleAdamsPece<K> must be from 1 to 8.");
  static_assert(Corrected || is_arithmetic<Arithmetic>,
                "antistrophe: the second argument of ReversibleAdams<K, Arithmetic> must be Exact or Floating.");
  static_assert(!Corrected || is_arithmetic<Arithmetic>,
                "antistrophe: the second argument of ReversibleAdamsPece<K, Arithmetic> must be Exact or Floating.");
  return true;
}

// An Adams method takes values of f from several steps.
template <class F>
consteval bool require_one_field() {
  static_assert(!Freezable<F>,
                "antistrophe: an Adams method takes values of f from several steps, so a field frozen to one step by "
                "frozen(t0, t1) cannot go with it; Reversible<Solver> takes such fields.");
  return !Freezable<F>;
}

// lambda: ±(1 − 2^{−m}) or ±2^{−q}; keeps 2(1 − |λ|), or q, bits a component a step. The right sign is positive for even K,
// negative for odd K, the other one with a corrector; the default is the largest that leaves about the best stability.
// resolution: the unit of the fixed-point numbers in the state's own unit, rounded down to a power of two; 0 for
// 2^{−42} max(1, ‖y0‖∞), rounded up to one. A solve in steps laid out before takes K of them at least.
template <int K, bool Corrected, class Arithmetic>
struct AdamsMethod {
  static_assert(require_adams<K, Corrected, Arithmetic>());
  static constexpr bool valid = K >= 1 && K <= 8 && is_arithmetic<Arithmetic>;
  static constexpr int order = K;

  double lambda = adams_choice<K, Corrected>.lambda;
  Resolution resolution = 0;

  template <class Y>
  static constexpr bool supports = arithmetic_supports<Exact, Y>;

  template <class F, class Y>
  static consteval bool require() {
    return require_one_field<F>();
  }

  template <class F, EigenState Y>
  using Stepper = AdamsStepper<K, Corrected, Exact, F, Y>;
};

// In floating arithmetic round-off grows like |λ|^{−n/K} on the way back. Where a third of the digits would be lost, after
// 12 K / −ln |λ| steps of doubles (sooner for K > 4), the ring is kept, 64 (K + 1) bits a component, and the way back goes on
// from there: at the default λ that is the better bargain. With |λ| near 1 less is kept, but parasites hardly die out, forth or
// back: steps are not bounded by that, and an answer may be wrong. lambda: in [−1, 1], but not 0.
template <int K, bool Corrected>
struct AdamsMethod<K, Corrected, Floating> {
  static_assert(require_adams<K, Corrected, Floating>());
  static constexpr bool valid = K >= 1 && K <= 8;
  static constexpr int order = K;

  double lambda = adams_choice<K, Corrected>.lambda;

  template <class F, class Y>
  static consteval bool require() {
    return require_one_field<F>();
  }

  template <class F, EigenState Y>
  using Stepper = AdamsStepper<K, Corrected, Floating, F, Y>;
};

}  // namespace detail

template <int K, class Arithmetic = Exact>
using ReversibleAdams = detail::AdamsMethod<K, false, Arithmetic>;

// With a corrector: two evaluations a step, for larger steps where stability holds them.
template <int K, class Arithmetic = Exact>
using ReversibleAdamsPece = detail::AdamsMethod<K, true, Arithmetic>;

}  // namespace antistrophe
