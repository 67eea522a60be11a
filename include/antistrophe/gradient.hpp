// value_and_gradient(problem, method, steps, loss[, save_at][, adjoint]): the value of a loss of the saved states and its
// gradient with respect to y0, θ, t0 and t1. The front door.
#pragma once

#include <antistrophe/adjoint/solve_with_pullback.hpp>
#include <antistrophe/problem/save_at.hpp>

#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// value of the loss; gradient.y0, .theta, .t0, .t1.
template <class F, class Y>
struct [[nodiscard]] ValueAndGradient {
  RealOf<Y> value;
  Gradient<F, Y> gradient;
};

// A loss reads what was saved, states or the values of SaveAt{…}.of(g), and writes their cotangents:
// loss(ys, ys_bar) -> value, ys_bar[i] = ∂L/∂ys[i]; ys_bar comes with the shape of ys and filled with zeros.
// A loss of times too (of events, say) is loss(ts, ys, ts_bar, ys_bar).
template <class L, class Y, class Saved = Y>
concept Loss =
    requires(const L& loss, const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) {
      { loss(ys, ys_bar) } -> std::convertible_to<RealOf<Y>>;
    } || requires(const L& loss, const std::vector<double>& ts, const std::vector<Saved>& ys,
                  std::vector<double>& ts_bar, std::vector<Saved>& ys_bar) {
      { loss(ts, ys, ts_bar, ys_bar) } -> std::convertible_to<RealOf<Y>>;
    };

namespace detail {

template <class L, class Y, class Saved>
consteval bool require_loss() {
  static_assert(Loss<L, Y, Saved>,
                "antistrophe: a loss is called as loss(ys, ys_bar) and returns a number: it reads the saved states "
                "`const std::vector<Y>& ys` and writes their cotangents to `std::vector<Y>& ys_bar`.");
  return Loss<L, Y, Saved>;
}

}  // namespace detail

// Throws as solve does; std::invalid_argument where the loss returns NaN or infinity, in value or cotangents; SolveError
// where the field turns out impure or the cotangents overflow.
template <class F, class Y, class M, class StepsType, class L, class Save = SaveAt,
          class Adjoint = DefaultAdjoint<M, F, Y>, class... E>
ValueAndGradient<F, Y> value_and_gradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                          const L& loss, const Save& save_at = {}, const Adjoint& = {},
                                          const Events<E...>& events = Events<>{}) {
  if constexpr (!detail::require_pullback<F, Y, M, StepsType, Save, Adjoint>()) {
    return {};
  } else if constexpr (!detail::require_loss<L, Y, SavedType<Save, Y>>()) {
    return {};
  } else {
    detail::validate(problem);
    Pass<F, Y, typename M::template Stepper<F, Y>, Adjoint, Save, E...> pass(problem, method, steps, save_at, events,
                                                                             false);
    std::vector<SavedType<Save, Y>> ys_bar;
    ys_bar.reserve(pass.ys().size());
    for (const auto& saved : pass.ys()) ys_bar.push_back(detail::zero_cotangent(saved));
    std::vector<double> ts_bar;
    RealOf<Y> value;
    if constexpr (requires { loss(pass.ys(), ys_bar); }) {
      value = loss(pass.ys(), ys_bar);
    } else {
      ts_bar.assign(ys_bar.size(), 0.0);
      value = loss(pass.ts(), pass.ys(), ts_bar, ys_bar);
    }
    if (!std::isfinite(value)) detail::refuse("the value of the loss", value, "finite");
    return {value, pass.pullback(ys_bar, ts_bar)};
  }
}

}  // namespace antistrophe
