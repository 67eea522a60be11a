// SPDX-License-Identifier: MIT
// The one way the library calls the functions of an event: with the field's parameters, or the field itself, where they ask
// for them.
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/copied_cotangents.hpp>
#include <antistrophe/field/detail/generic_function.hpp>
#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/problem/events.hpp>

#include <concepts>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// An event's functions, with the field's parameters where they ask for them. Free templates, so that a field without
// parameters is only looked at where it is asked.
template <class G, class F, class Y>
double event_value(const G& g, const F& field, double t, const Y& y) {
  if constexpr (requires { g.of(field, t, y); }) {
    return g.of(field, t, y);
  } else if constexpr (requires { g(t, y); }) {
    return static_cast<double>(g(t, y));
  } else if constexpr (requires { g(t, y, field.parameters()); }) {
    return static_cast<double>(g(t, y, field.parameters()));
  } else {
    return 0;
  }
}

// Calls it once, and throws std::invalid_argument where it reads entries of the field's parameters beyond their end; `name` is told.
// For the first call of many: parameters are copied.
template <class G, class F, class Y>
void try_out_event(const G& g, const F& field, double t, const Y& y, const std::string& name) {
  if constexpr (
      !requires { g.of(field, t, y); } && !requires { g(t, y); } && HasParameters<F>) {
    const GuardedParameters<Parameters<F, Y>> theta(field.parameters());
    if constexpr (requires { g(t, y, theta); }) {
      static_cast<void>(g(t, y, theta));
      theta.refuse_beyond("the field's parameters()", name);
    }
  }
}

template <class G, class F, class Y>
concept CallableAsEvent =
    requires(const G& g, const F& field, const double t, const Y& y) { g.of(field, t, y); } ||
    requires(const G& g, const double t, const Y& y) { g(t, y); } ||
    requires(const G& g, const F& field, const double t, const Y& y) { g(t, y, field.parameters()); };

// As with a field, inputs are passed as temporaries, so that y_new does not stand in the place of one.
template <class Jump, class Y>
concept CallableAsJump = requires(const Jump& jump, const double t, Y& y_new) { jump(t, std::declval<Y>(), y_new); };
template <class Jump, class F, class Y>
concept CallableAsJumpOfTheta = HasParameters<F> && requires(const Jump& jump, const double t, Y& y_new) {
  jump(t, std::declval<Y>(), std::declval<Parameters<F, Y>>(), y_new);
};

// An entry that the jump leaves unwritten is NaN, and so told: y_new is room that held some state before.
template <class Jump, class F, class Y>
void event_jump(const Jump& jump, const F& field, double t, const Y& y, Y& y_new) {
  y_new.fill(typename Y::Scalar(std::numeric_limits<RealOf<Y>>::quiet_NaN()));
  if constexpr (CallableAsJump<Jump, Y>) {
    jump(t, y, y_new);
  } else if constexpr (CallableAsJumpOfTheta<Jump, F, Y>) {
    jump(t, y, field.parameters(), y_new);
  }
}

// As try_out_event does.
template <class Jump, class F, class Y>
void try_out_jump(const Jump& jump, const F& field, double t, const Y& y, const std::string& name) {
  if constexpr (!CallableAsJump<Jump, Y> && HasParameters<F>) {
    const GuardedParameters<Parameters<F, Y>> theta(field.parameters());
    if constexpr (requires(Y& y_new) { jump(t, y, theta, y_new); }) {
      Y y_new = y;
      jump(t, y, theta, y_new);
      theta.refuse_beyond("the field's parameters()", name);
    }
  }
}

template <class Jump, class F, class Y, class Theta>
void event_jump_vjp(const Jump& jump, const F& field, double t, const Y& y, const Y& w, Y& y_bar, Theta& theta_bar,
                    typename Y::Scalar& t_bar) {
  if constexpr (requires { jump.vjp(t, y, w, y_bar, theta_bar, t_bar); })
    jump.vjp(t, y, w, y_bar, theta_bar, t_bar);
  else if constexpr (requires { jump.vjp(t, y, field.parameters(), w, y_bar, theta_bar, t_bar); })
    jump.vjp(t, y, field.parameters(), w, y_bar, theta_bar, t_bar);
}

template <class Jump, class F, class Y>
concept DifferentiableJump =
    requires(const Jump& jump, const F& field, double t, const Y& y, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar,
             typename Y::Scalar& t_bar) { jump.vjp(t, y, w, y_bar, theta_bar, t_bar); } ||
    requires(const Jump& jump, const F& field, double t, const Y& y, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar,
             typename Y::Scalar& t_bar) { jump.vjp(t, y, field.parameters(), w, y_bar, theta_bar, t_bar); };

template <class G, class F, class Y, class Theta>
void event_gradient(const G& g, const F& field, double t, const Y& y, Y& y_bar, Theta& theta_bar,
                    typename Y::Scalar& t_bar) {
  if constexpr (requires { g.gradient_of(field, t, y, y_bar, theta_bar, t_bar); })
    g.gradient_of(field, t, y, y_bar, theta_bar, t_bar);
  else if constexpr (requires { g.gradient(t, y, y_bar, theta_bar, t_bar); })
    g.gradient(t, y, y_bar, theta_bar, t_bar);
  else if constexpr (requires { g.gradient(t, y, field.parameters(), y_bar, theta_bar, t_bar); })
    g.gradient(t, y, field.parameters(), y_bar, theta_bar, t_bar);
}

template <class G, class F, class Y>
concept DifferentiableEvent =
    requires(const G& g, const F& field, double t, const Y& y, Y& y_bar, Parameters<F, Y>& theta_bar,
             typename Y::Scalar& t_bar) { g.gradient_of(field, t, y, y_bar, theta_bar, t_bar); } ||
    requires(const G& g, double t, const Y& y, Y& y_bar, Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
      g.gradient(t, y, y_bar, theta_bar, t_bar);
    } ||
    requires(const G& g, const F& field, double t, const Y& y, Y& y_bar, Parameters<F, Y>& theta_bar,
             typename Y::Scalar& t_bar) { g.gradient(t, y, field.parameters(), y_bar, theta_bar, t_bar); };

// What the classes at the door assert of an event E, in a sentence: what calls its functions lies deep inside, and is silent.
// Variables, for what fails of a concept is told atom by atom.
template <class E, class F, class Y>
inline constexpr bool event_is_callable = CallableAsEvent<decltype(E::g), F, Y>;
// A condition in the place of a number that crosses zero.
template <class E, class F, class Y>
inline constexpr bool event_is_condition =
    requires(const decltype(E::g)& g, const F& field, const double t, const Y& y) {
      { g(t, y) } -> std::same_as<bool>;
    } || requires(const decltype(E::g)& g, const F& field, const double t, const Y& y) {
      { g(t, y, field.parameters()) } -> std::same_as<bool>;
    };
template <class E, class F, class Y>
inline constexpr bool event_is_differentiable = DifferentiableEvent<decltype(E::g), F, Y>;

template <class E, class F, class Y>
inline constexpr bool jump_is_callable = true;
template <class G, class Jump, class F, class Y>
inline constexpr bool jump_is_callable<JumpEvent<G, Jump>, F, Y> =
    CallableAsJump<Jump, Y> || CallableAsJumpOfTheta<Jump, F, Y>;
template <class E, class F, class Y>
inline constexpr bool jump_is_differentiable = true;
template <class G, class Jump, class F, class Y>
inline constexpr bool jump_is_differentiable<JumpEvent<G, Jump>, F, Y> = DifferentiableJump<Jump, F, Y>;

// Its jump, or the function that automatic_jump made it of, takes y_new by value.
template <class Jump>
struct FunctionOfJump {
  using type = Jump;
};
template <class Jump>
  requires requires { typename Jump::Function; }
struct FunctionOfJump<Jump> {
  using type = typename Jump::Function;
};
template <class E, class F, class Y>
inline constexpr bool jump_copies_result = false;
template <class G, class Jump, class F, class Y>
inline constexpr bool jump_copies_result<JumpEvent<G, Jump>, F, Y> =
    copies_result<typename FunctionOfJump<Jump>::type, Types<double, Y>, Y> ||
    copies_result<typename FunctionOfJump<Jump>::type, Types<double, Y, Parameters<F, Y>>, Y>;
// Its jvp takes y_new_dot by value.
template <class E, class F, class Y>
inline constexpr bool jump_copies_tangent = false;
template <class G, class Jump, class F, class Y>
inline constexpr bool jump_copies_tangent<JumpEvent<G, Jump>, F, Y> =
    copies_cotangent<CallJvp, Jump, Types<double, Y, Y, Parameters<F, Y>, typename Y::Scalar>, Y> ||
    copies_cotangent<CallJvp, Jump, Types<double, Y, Parameters<F, Y>, Y, Parameters<F, Y>, typename Y::Scalar>, Y>;

template <class E, class F, class Y>
inline constexpr bool jump_copies_cotangent = false;
template <class G, class Jump, class F, class Y>
inline constexpr bool jump_copies_cotangent<JumpEvent<G, Jump>, F, Y> =
    copies_cotangent<CallVjp, Jump, Types<double, Y, Y>, Y, Parameters<F, Y>, typename Y::Scalar> ||
    copies_cotangent<CallVjp, Jump, Types<double, Y, Parameters<F, Y>, Y>, Y, Parameters<F, Y>, typename Y::Scalar>;
template <class G, class F, class Y, class Theta = Parameters<F, Y>, class Time = typename Y::Scalar>
inline constexpr bool gradient_copies_cotangent =
    copies_cotangent<CallGradient, G, Types<double, Y>, Y, Theta, Time> ||
    copies_cotangent<CallGradient, G, Types<double, Y, Theta>, Y, Theta, Time>;

// True, or a compile error with the reason.
template <class F, class Y, class... E>
consteval bool events_take_references() {
  static_assert(
      !(gradient_copies_cotangent<decltype(E::g), F, Y> || ...),
      "antistrophe: the gradient of an event takes y_bar, theta_bar or t_bar by value, and what it adds to a copy is "
      "lost: void gradient(double t, const auto& y, auto& y_bar, auto& theta_bar, auto& t_bar) const.");
  static_assert(
      !(jump_copies_cotangent<E, F, Y> || ...),
      "antistrophe: the vjp of a jump takes y_bar, theta_bar or t_bar by value, and what it adds to a copy is lost: "
      "void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const.");
  return true;
}

template <class G>
inline constexpr bool looks_at_field = std::is_same_v<G, SteadyState>;

}  // namespace antistrophe::detail
