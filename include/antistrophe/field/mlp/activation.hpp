// SPDX-License-Identifier: MIT
// What stands between the layers of a network. An activation gives its value from x, and its slope from that value, so
// that a tape keeps one number for the two. Both work on packs, element by element; a new one is written likewise.
#pragma once

#include <antistrophe/field/mlp/detail/vectorised.hpp>

namespace antistrophe {

// a = tanh x, da/dx = 1 − a².
struct Tanh {
  template <class S>
  static Pack<S> value(const Pack<S>& x) {
    return PackOf<S>::tanh(x);
  }
  template <class S>
  static Pack<S> slope(const Pack<S>& a) {
    return PackOf<S>::fill(S(1)) - a * a;
  }
};

// a = max(x, 0), NaN where x is NaN; at the kink the slope is 0.
struct Relu {
  template <class S>
  static Pack<S> value(const Pack<S>& x) {
    const Pack<S> zero = PackOf<S>::fill(S(0));
    return PackOf<S>::choose(x < zero, zero, x);
  }
  template <class S>
  static Pack<S> slope(const Pack<S>& a) {
    const Pack<S> zero = PackOf<S>::fill(S(0));
    return PackOf<S>::choose(a > zero, PackOf<S>::fill(S(1)), zero);
  }
};

// a = log(1 + eˣ) = max(x, 0) + log1p(e^−|x|), da/dx = 1 − e^−a.
struct Softplus {
  template <class S>
  static Pack<S> value(const Pack<S>& x) {
    const Pack<S> positive = Relu::value<S>(x);
    const Pack<S> magnitude = positive + Relu::value<S>(-x);
    return positive + PackOf<S>::log1p(PackOf<S>::exp(-magnitude));
  }
  template <class S>
  static Pack<S> slope(const Pack<S>& a) {
    return -PackOf<S>::expm1(-a);
  }
};

// a = x: a network that is linear, whatever its depth.
struct Identity {
  template <class S>
  static Pack<S> value(const Pack<S>& x) {
    return x;
  }
  template <class S>
  static Pack<S> slope(const Pack<S>&) {
    return PackOf<S>::fill(S(1));
  }
};

}  // namespace antistrophe
