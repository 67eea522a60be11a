// SPDX-License-Identifier: MIT
// Which states a solve saves: at t0, at t1, after every step, at given times. Without a SaveAt, the last.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

template <class G>
struct SaveFunctionAt;

// times: sorted along the direction of the solve, within [t0, t1]; duplicates give one entry each. A time inside a step is
// read off the method's dense output; one that differs from t0, t1 or a node by a few units in the last place is taken for
// it. (Of the larger of t0 and t1; where steps are chosen as the solve goes, two of the node itself, for they may be that short.)
// steps: after every step; every: after every k-th. A node asked for in two ways is saved once (or as often as times names
// it). dense: the whole path is kept, for solution.evaluate(t) and .derivative(t); it adds no saved state.
struct SaveAt {
  std::vector<double> times = {};
  bool t0 = false;
  bool t1 = false;
  bool steps = false;
  std::int64_t every = 0;
  bool dense = false;

  // g(t, y), a number or an Eigen object, saved instead of y: SaveAt{times}.of(energy). For gradients g has a member
  //   vjp(t, y, w, y_bar, t_bar) that adds (∂g/∂y)ᵀw to y_bar and (∂g/∂t)ᵀw to t_bar,
  // w the cotangent of g(t, y); a loss is then called with the values of g.
  template <class G>
  SaveFunctionAt<G> of(G g) const;
};

// What SaveAt::of makes.
template <class G>
struct SaveFunctionAt {
  SaveAt at;
  G function;
};

template <class G>
SaveFunctionAt<G> SaveAt::of(G g) const {
  return {*this, std::move(g)};
}

namespace detail {

inline const SaveAt& save_plan_of(const SaveAt& save_at) { return save_at; }
template <class G>
const SaveAt& save_plan_of(const SaveFunctionAt<G>& save_at) {
  return save_at.at;
}

// What is saved of a state Y: itself, or the value of a function of it, as an object of its own.
template <class Save, class Y>
struct SavedTypeOf {
  using type = Y;
};
template <class G, class Y>
  requires std::invocable<const G&, double, const Y&>
struct SavedTypeOf<SaveFunctionAt<G>, Y> {
  using Returned = std::remove_cvref_t<std::invoke_result_t<const G&, double, const Y&>>;
  static consteval auto plain() {
    if constexpr (requires { typename Returned::PlainObject; })
      return std::type_identity<typename Returned::PlainObject>{};
    else
      return std::type_identity<Returned>{};
  }
  using type = typename decltype(plain())::type;
};

}  // namespace detail

template <class Save, class Y>
using SavedType = typename detail::SavedTypeOf<Save, Y>::type;

}  // namespace antistrophe
