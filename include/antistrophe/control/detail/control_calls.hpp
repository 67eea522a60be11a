// SPDX-License-Identifier: MIT
// The one way a controlled field calls its vector field: dy = F(t, y) dX, and cotangents back through it, with a tape where F keeps
// one.
#pragma once

#include <antistrophe/core/state.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/detail/copied_cotangents.hpp>

#include <Eigen/Core>

#include <type_traits>
#include <utility>

namespace antistrophe {

// What drives a state of type Y: a vector of channels, or, of a batch, a matrix of channels × samples.
template <class Y>
using ControlOf = Eigen::Matrix<typename Y::Scalar, Eigen::Dynamic, Y::ColsAtCompileTime == 1 ? 1 : Eigen::Dynamic>;

namespace detail {

// As with fields, what is read is passed as a temporary, so that swapped arguments are refused.
template <class F, class Y>
concept ControlCall =
    requires(const F& f, double t, Y& dy) { f(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), dy); };
template <class F, class Y>
concept TapedControlCall = HasTape<F, Y> && requires(const F& f, double t, Y& dy, Tape<F, Y>& tape) {
  f(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), dy, tape);
};

// vjp(t, y, dX[, tape], w, y_bar, …): with theta_bar alone, with dX_bar before it, or with t_bar after it too.
template <class F, class Y>
concept PlainControlVjp = requires(const F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), std::declval<Y>(), y_bar, theta_bar);
  requires !TapedControlCall<F, Y>;
} || requires(const F& f, double t, const Tape<F, Y>& tape, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), tape, std::declval<Y>(), y_bar, theta_bar);
  requires TapedControlCall<F, Y>;
};
template <class F, class Y>
concept ControlVjp =
    requires(const F& f, double t, Y& y_bar, ControlOf<Y>& dX_bar, Parameters<F, Y>& theta_bar) {
      f.vjp(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), std::declval<Y>(), y_bar, dX_bar, theta_bar);
      requires !TapedControlCall<F, Y>;
    } || requires(const F& f, double t, const Tape<F, Y>& tape, Y& y_bar, ControlOf<Y>& dX_bar,
                  Parameters<F, Y>& theta_bar) {
      f.vjp(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), tape, std::declval<Y>(), y_bar, dX_bar, theta_bar);
      requires TapedControlCall<F, Y>;
    };
template <class F, class Y>
concept TimedControlVjp =
    requires(const F& f, double t, const Tape<F, Y>& tape, Y& y_bar, ControlOf<Y>& dX_bar, Parameters<F, Y>& theta_bar,
             typename Y::Scalar& t_bar) {
      f.vjp(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), tape, std::declval<Y>(), y_bar, dX_bar, theta_bar,
            t_bar);
      requires TapedControlCall<F, Y>;
    } ||
    requires(const F& f, double t, Y& y_bar, ControlOf<Y>& dX_bar, Parameters<F, Y>& theta_bar,
             typename Y::Scalar& t_bar) {
      f.vjp(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), std::declval<Y>(), y_bar, dX_bar, theta_bar, t_bar);
      requires !TapedControlCall<F, Y>;
    };

template <class F, class Y, class Theta = Parameters<F, Y>, class Time = typename Y::Scalar, class X = ControlOf<Y>,
          class Inputs = std::conditional_t<TapedControlCall<F, Y>, Types<double, Y, X, const Tape<F, Y>&, Y>,
                                            Types<double, Y, X, Y>>>
inline constexpr bool control_copies_cotangent =
    copies_cotangent<CallVjp, F, Inputs, Y, Theta> || copies_cotangent<CallVjp, F, Inputs, Y, X, Theta> ||
    copies_cotangent<CallVjp, F, Inputs, Y, X, Theta, Time>;

// Of an F that is a matrix.
template <class F, class Y>
inline constexpr bool matrix_copies_cotangent = [] {
  if constexpr (requires { F::template matrix_copies_cotangent<Y>; })
    return F::template matrix_copies_cotangent<Y>;
  else
    return false;
}();

template <class F, class Y>
inline constexpr bool control_copies_result = copies_what_it_writes<F, Types<double, Y, ControlOf<Y>>, Y>;

// Its ∂F/∂t is known, and so is what the vjp says of dX.
template <class F, class Y>
concept ControlKnowsTime =
    is_real_scalar<typename Y::Scalar> && (TimedControlVjp<F, Y> || (ControlVjp<F, Y> && DeclaredAutonomous<F>));
template <class F, class Y>
concept ControlKnowsControl = ControlVjp<F, Y> || TimedControlVjp<F, Y>;

// Halves of the vjp apart, for those who ask for one of them alone.
template <class F, class Y>
concept ControlInHalves = TapedControlCall<F, Y> && requires(const F& f, double t, const Tape<F, Y>& tape, Y& y_bar,
                                                             Parameters<F, Y>& theta_bar) {
  f.vjp_state(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), tape, std::declval<Y>(), y_bar);
  f.vjp_parameters(t, std::declval<Y>(), std::declval<ControlOf<Y>>(), tape, std::declval<Y>(), theta_bar);
};

// What a controlled field of F requires: true where F can be called, and has a vjp; else a compile error with the reason.
template <class F>
struct ControlRequirements {
  template <class M, class Y>
  static consteval bool require_method() {
    constexpr bool callable = ControlCall<F, Y> || TapedControlCall<F, Y>;
    static_assert(
        callable,
        "antistrophe: the F of a controlled field needs void operator()(double t, const auto& y, const auto& dX, auto& "
        "dy) const, which writes F(t, y) dX to dy; wrap a function that writes the matrix F(t, y) in MatrixField.");
    constexpr bool copied = control_copies_result<F, Y>;
    static_assert(!copied,
                  "antistrophe: the F of a controlled field takes dy, or its tape, by value, and what it writes to a "
                  "copy is lost: void operator()(double t, const auto& y, const auto& dX, auto& dy[, auto& tape]) "
                  "const.");
    if constexpr (requires { F::template require_state<Y>(); })
      return callable && !copied && F::template require_state<Y>();
    else
      return callable && !copied;
  }
  template <class Y>
  static consteval bool require_vjp() {
    constexpr bool known = PlainControlVjp<F, Y> || ControlKnowsControl<F, Y>;
    static_assert(known,
                  "antistrophe: a gradient through a controlled field needs the vjp of its F: void vjp(double t, const "
                  "auto& y, const auto& dX, const auto& w, auto& y_bar, auto& theta_bar) const, adding the cotangents "
                  "of F(t, y) dX, or the same with auto& dX_bar before theta_bar, adding F(t, y)^T w to it.");
    constexpr bool copied = control_copies_cotangent<F, Y>;
    static_assert(!copied,
                  "antistrophe: the vjp of a controlled field's F takes a cotangent by value, and what it adds to a "
                  "copy is lost: void vjp(double t, const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& "
                  "theta_bar) const, or with auto& dX_bar before theta_bar, and auto& t_bar after it.");
    constexpr bool matrix_copied = matrix_copies_cotangent<F, Y>;
    static_assert(!matrix_copied,
                  "antistrophe: the matrix_vjp of a MatrixField takes y_bar or theta_bar by value, and what it adds to "
                  "a copy is lost: void matrix_vjp(double t, const auto& y, const auto& A_bar, auto& y_bar, auto& "
                  "theta_bar) const.");
    return known && !copied && !matrix_copied;
  }
};

template <class F, class Y>
void evaluate_control(const F& f, double t, const Y& y, const ControlOf<Y>& dX, Y& dy, Tape<F, Y>& tape) {
  static_assert(ControlRequirements<F>::template require_method<void, Y>() || true);  // one sentence is enough
  if constexpr (TapedControlCall<F, Y>)
    f(t, y, dX, dy, tape);
  else if constexpr (ControlCall<F, Y>)
    f(t, y, dX, dy);
}

// Calls F's vjp in the form that it has.
template <class F, class Y>
void pull_back_control(const F& f, double t, const Y& y, const ControlOf<Y>& dX, const Tape<F, Y>& tape, const Y& w,
                       Y& y_bar, ControlOf<Y>& dX_bar, Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
  static_assert(ControlRequirements<F>::template require_vjp<Y>() || true);
  if constexpr (PlainControlVjp<F, Y> || ControlKnowsControl<F, Y>) {
    const auto call = [&](auto&... bars) {
      if constexpr (TapedControlCall<F, Y>)
        f.vjp(t, y, dX, tape, w, bars...);
      else
        f.vjp(t, y, dX, w, bars...);
    };
    if constexpr (TimedControlVjp<F, Y>)
      call(y_bar, dX_bar, theta_bar, t_bar);
    else if constexpr (ControlVjp<F, Y>)
      call(y_bar, dX_bar, theta_bar);
    else
      call(y_bar, theta_bar);
  }
}

// Σ of products entry by entry.
template <class A>
typename A::Scalar inner_product(const A& a, const A& b) {
  typename A::Scalar sum(0);
  for (Eigen::Index i = 0; i < a.size(); ++i) sum += a.data()[i] * b.data()[i];
  return sum;
}

}  // namespace detail
}  // namespace antistrophe
