// SPDX-License-Identifier: MIT
// z = W x + b and its pull-back for one sample and a layer of a few units, sizes fixed at compile time: everything in
// packs, unrolled. W is Out × In, row by row.
#pragma once

#include <antistrophe/field/mlp/detail/vectorised.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// visit(0), …, visit(Count − 1), each an integral constant.
template <int Count, class Visit>
ANTISTROPHE_ALWAYS_INLINE void unroll(Visit&& visit) {
  [&]<int... I>(std::integer_sequence<int, I...>) ANTISTROPHE_INLINE_LAMBDA {
    (visit(std::integral_constant<int, I>{}), ...);
  }(std::make_integer_sequence<int, Count>{});
}

template <class S>
constexpr int packs_for(int count) {
  return (count + PackOf<S>::width - 1) / PackOf<S>::width;
}

// Count numbers in packs, the last padded with zeros.
template <class S, int Count>
struct Packed {
  using P = PackOf<S>;
  static constexpr int packs = packs_for<S>(Count);
  static constexpr int in_pack(int p) { return std::min(P::width, Count - p * P::width); }

  Pack<S> pack[static_cast<std::size_t>(packs)];

  // The numbers from[0], from[Stride], …
  template <int Stride = 1>
  ANTISTROPHE_ALWAYS_INLINE static Packed load(const S* from) {
    Packed x;
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA {
      if constexpr (Stride == 1 && in_pack(p) == P::width)
        x.pack[p] = P::load(from + p * P::width);
      else
        x.pack[p] = P::lanes([&](auto lane) ANTISTROPHE_INLINE_LAMBDA {
          return lane < in_pack(p) ? from[(p * P::width + lane) * Stride] : S(0);
        });
    });
    return x;
  }
  // From a buffer that is padded to packs.
  ANTISTROPHE_ALWAYS_INLINE static Packed load_padded(const S* from) {
    Packed x;
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { x.pack[p] = P::load(from + p * P::width); });
    return x;
  }
  ANTISTROPHE_ALWAYS_INLINE static Packed zero() {
    Packed x;
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { x.pack[p] = P::fill(S(0)); });
    return x;
  }
  // element(0), element(1), …
  template <class Element>
  ANTISTROPHE_ALWAYS_INLINE static Packed lanes(Element&& element) {
    Packed x;
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA {
      x.pack[p] = P::lanes([&](auto lane) ANTISTROPHE_INLINE_LAMBDA {
        constexpr int i = p * P::width + lane;
        if constexpr (i < Count)
          return element(std::integral_constant<int, i>{});
        else
          return S(0);
      });
    });
    return x;
  }

  ANTISTROPHE_ALWAYS_INLINE void store_padded(S* to) const {
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { P::store(to + p * P::width, pack[p]); });
  }
  ANTISTROPHE_ALWAYS_INLINE void store(S* to) const {
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA {
      S* const here = to + p * P::width;
      if constexpr (in_pack(p) == P::width) {
        P::store(here, pack[p]);
      } else {
        S tail[static_cast<std::size_t>(P::width)];
        P::store(tail, pack[p]);
        std::copy(tail, tail + in_pack(p), here);
      }
    });
  }
  ANTISTROPHE_ALWAYS_INLINE void add_to(S* to) const {
    Packed sum = load(to);
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { sum.pack[p] += pack[p]; });
    sum.store(to);
  }
  // Each pack p of this becomes function(p).
  template <class Function>
  ANTISTROPHE_ALWAYS_INLINE void apply(Function&& function) {
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { pack[p] = function(pack[p]); });
  }
  // Each pack p of this becomes function(p, q), q the like pack of the other.
  template <class Function>
  ANTISTROPHE_ALWAYS_INLINE void apply(const Packed& other, Function&& function) {
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { pack[p] = function(pack[p], other.pack[p]); });
  }
  // to += factor · this.
  ANTISTROPHE_ALWAYS_INLINE void add_product_to(S* to, const S& factor) const {
    Packed sum = load(to);
    sum.add_product(*this, factor);
    sum.store(to);
  }

  // this += a b.
  ANTISTROPHE_ALWAYS_INLINE void add_product(const Packed& a, const S& b) {
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { pack[p] = P::multiply_add(a.pack[p], P::fill(b), pack[p]); });
  }
  // this += a b, element by element.
  ANTISTROPHE_ALWAYS_INLINE void add_products(const Packed& a, const Packed& b) {
    unroll<packs>([&](auto p) ANTISTROPHE_INLINE_LAMBDA { pack[p] = P::multiply_add(a.pack[p], b.pack[p], pack[p]); });
  }
  ANTISTROPHE_ALWAYS_INLINE S dot(const Packed& other) const {
    Pack<S> total = pack[0] * other.pack[0];
    unroll<packs - 1>(
        [&](auto p) ANTISTROPHE_INLINE_LAMBDA { total = P::multiply_add(pack[p + 1], other.pack[p + 1], total); });
    return P::sum(total);
  }
};

// The inputs of a small layer: time first, if it is one, then x[0], x[1], …; or hidden units in a padded buffer.
template <class S, int In, bool WithTime, bool IsPadded>
struct SmallInputs {
  S t;
  const S* x;

  ANTISTROPHE_ALWAYS_INLINE S operator[](int j) const {
    if constexpr (WithTime)
      return j == 0 ? t : x[j - 1];
    else
      return x[j];
  }
  ANTISTROPHE_ALWAYS_INLINE Packed<S, In> packs() const {
    if constexpr (WithTime)
      return Packed<S, In>::lanes([&](auto j) ANTISTROPHE_INLINE_LAMBDA { return (*this)[j]; });
    else if constexpr (IsPadded)
      return Packed<S, In>::load_padded(x);
    else
      return Packed<S, In>::load(x);
  }
  // Adds their cotangents to those of time and state.
  ANTISTROPHE_ALWAYS_INLINE static void add_to(const Packed<S, In>& bar, S& t_bar, S* x_bar) {
    if constexpr (WithTime) {
      S elements[static_cast<std::size_t>(In)];
      bar.store(elements);
      t_bar += elements[0];
      for (int j = 1; j < In; ++j) x_bar[j - 1] += elements[j];
    } else {
      bar.add_to(x_bar);
    }
  }
};

// z_bar points to the elements of z̄; outputs_bar is the same in packs.
template <class S, int In, int Out>
struct SmallLayer {
  static constexpr bool applies = In > 0 && Out > 0 && In <= 32 && Out <= 32 && In* Out <= 512;
  // W is gone through by columns where it is narrow, by rows elsewhere.
  static constexpr bool by_columns = In <= 4 && In <= Out;

  using Inputs = Packed<S, In>;
  using Outputs = Packed<S, Out>;

  // W x + b.
  template <class X>
  ANTISTROPHE_ALWAYS_INLINE static Outputs affine(const S* w, const S* b, const X& x) {
    if constexpr (by_columns) {
      Outputs z = Outputs::load(b);
      unroll<In>([&](auto j) ANTISTROPHE_INLINE_LAMBDA { z.add_product(Outputs::template load<In>(w + j), x[j]); });
      return z;
    } else {
      const Inputs inputs = x.packs();
      return Outputs::lanes([&](auto i)
                                ANTISTROPHE_INLINE_LAMBDA { return b[i] + Inputs::load(w + i * In).dot(inputs); });
    }
  }

  // Wᵀ z̄.
  ANTISTROPHE_ALWAYS_INLINE static Inputs transposed(const S* w, const S* z_bar, const Outputs& outputs_bar) {
    if constexpr (by_columns) {
      return Inputs::lanes(
          [&](auto j) ANTISTROPHE_INLINE_LAMBDA { return Outputs::template load<In>(w + j).dot(outputs_bar); });
    } else {
      Inputs x_bar = Inputs::zero();
      unroll<Out>([&](auto i) ANTISTROPHE_INLINE_LAMBDA { x_bar.add_product(Inputs::load(w + i * In), z_bar[i]); });
      return x_bar;
    }
  }

  // W̄ += z̄ xᵀ, b̄ += z̄.
  template <class X>
  ANTISTROPHE_ALWAYS_INLINE static void add_outer(S* w_bar, S* b_bar, const S* z_bar, const Outputs& outputs_bar,
                                                  const X& x) {
    outputs_bar.add_to(b_bar);
    if constexpr (In == 1) {
      outputs_bar.add_product_to(w_bar, x[0]);
    } else if constexpr (by_columns) {
      // Its entries stand in a row: those of z̄ each In times, those of x over and over.
      using Entries = Packed<S, In * Out>;
      Entries sum = Entries::load(w_bar);
      sum.add_products(Entries::lanes([&](auto n) ANTISTROPHE_INLINE_LAMBDA { return z_bar[n / In]; }),
                       Entries::lanes([&](auto n) ANTISTROPHE_INLINE_LAMBDA { return x[n % In]; }));
      sum.store(w_bar);
    } else {
      const Inputs inputs = x.packs();
      unroll<Out>([&](auto i) ANTISTROPHE_INLINE_LAMBDA { inputs.add_product_to(w_bar + i * In, z_bar[i]); });
    }
  }
};

}  // namespace antistrophe::detail
