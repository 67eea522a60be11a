// SPDX-License-Identifier: MIT
// The sentences a user meets when a state or a vector field is not what it must be. One static_assert each, at every
// entry point, and the first that fails is the only one that speaks.
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/copied_cotangents.hpp>

namespace antistrophe::detail {

template <class...>
inline constexpr bool never = false;

// Y with another scalar, to recognise a field written for double that is given a float state, and the reverse.
template <class Y, class Scalar>
struct WithScalar {
  using type = void;
};
template <class S, int R, int C, int O, int MR, int MC, class Scalar>
struct WithScalar<Eigen::Matrix<S, R, C, O, MR, MC>, Scalar> {
  using type = Eigen::Matrix<Scalar, R, C, O, MR, MC>;
};
template <class S, int R, int C, int O, int MR, int MC, class Scalar>
struct WithScalar<Eigen::Array<S, R, C, O, MR, MC>, Scalar> {
  using type = Eigen::Array<Scalar, R, C, O, MR, MC>;
};

template <class F, class Y>
concept CallableIfMutable = requires(F& f, double t, Y& dy) { f(t, std::declval<Y>(), dy); };
template <class F, class Y>
concept CallableInAnotherOrder = requires(const F& f, double t, Y& dy) { f(t, dy, std::declval<Y>()); } ||
                                 requires(const F& f, double t, Y& dy) { f(std::declval<Y>(), t, dy); } ||
                                 requires(const F& f, double t, Y& dy) { f(std::declval<Y>(), dy, t); };
template <class F, class Y>
concept CallableForValue = requires(const F& f, double t) { f(t, std::declval<Y>()); };

template <class F, class Y>
concept HasVjpIfMutable = requires(F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, theta_bar);
} || requires(F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, theta_bar, t_bar);
};

// Whether F has any member called vjp: if so, the name is ambiguous in a class that inherits another one.
struct VjpOfAnother {
  int vjp;
};
template <class F>
struct WithAnotherVjp : F, VjpOfAnother {};
template <class F>
concept NamesVjp = std::is_class_v<F> && !std::is_final_v<F> && !requires { &WithAnotherVjp<F>::vjp; };

struct JvpOfAnother {
  int jvp;
};
template <class F>
struct WithAnotherJvp : F, JvpOfAnother {};
template <class F>
concept NamesJvp = std::is_class_v<F> && !std::is_final_v<F> && !requires { &WithAnotherJvp<F>::jvp; };

template <class F, class Y>
inline constexpr bool parameters_are_flat = [] {
  if constexpr (!HasParameters<F>) {
    return true;
  } else {
    using P = Parameters<F, Y>;
    if constexpr (!is_dense_plain<P>)
      return false;
    else
      return P::ColsAtCompileTime == 1 && std::is_same_v<typename P::Scalar, typename Y::Scalar>;
  }
}();

// Whether (F, Y) can be solved, without a word.
template <class F, class Y>
concept Solvable = VectorField<F, Y> && parameters_are_flat<F, Y>;

template <class F, class Y>
inline constexpr bool field_copies_result = copies_what_it_writes<F, Types<double, Y>, Y>;

// True where (F, Y) can be solved; else a compile error with the reason.
template <class F, class Y>
consteval bool require_vector_field() {
  using G = Frozen<F>;
  if constexpr (!is_dense_plain<Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the state y0 must be an Eigen vector, matrix or array that owns its entries, such as "
                  "Eigen::Vector2d, Eigen::VectorXd or Eigen::MatrixXd.");
  } else if constexpr (!EigenState<Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the state y0 must have entries of type double or float, not of an integer type: write "
                  "Eigen::Vector2d{1.0, 2.0}.");
  } else if constexpr (VectorField<F, Y>) {
    static_assert(parameters_are_flat<F, Y>,
                  "antistrophe: the field's parameters() must return one flat Eigen column vector with the state's "
                  "scalar, such as Eigen::VectorXd for a double state.");
    constexpr bool copied = field_copies_result<G, Y>;
    static_assert(!copied,
                  "antistrophe: the field takes dy, or its tape, by value, and what it writes to a copy is lost: void "
                  "operator()(double t, const auto& y, auto& dy[, auto& tape]) const.");
    return Solvable<F, Y> && !copied;
  } else if constexpr (CallableIfMutable<G, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field's call operator must be const: void operator()(double t, const auto& y, "
                  "auto& dy) const.");
  } else if constexpr (CallableInAnotherOrder<G, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field's arguments are in another order than (t, y, dy): void operator()(double t, "
                  "const auto& y, auto& dy) const reads y and writes dy.");
  } else if constexpr (CallableForValue<G, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field returns its value, but must write it to its third argument: void "
                  "operator()(double t, const auto& y, auto& dy) const.");
  } else if constexpr (VectorField<F, typename WithScalar<Y, double>::type> ||
                       VectorField<F, typename WithScalar<Y, float>::type>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field is written for a state of another scalar type (float against double): give "
                  "y0 the field's scalar, or make the field generic with `const auto& y, auto& dy`.");
  } else {
    static_assert(never<F, Y>,
                  "antistrophe: the field cannot be called with this state; it needs void operator()(double t, const "
                  "auto& y, auto& dy) const, with y and dy of the type of y0.");
  }
  return Solvable<F, Y>;
}

// A field may say what its parts need, in sentences: require_method<M, Y>() for a solve, require_vjp<Y>() or require_gradient<F, Y>() for a
// gradient, its own or those of a type F::FieldRequirements.
template <class F>
struct FieldRequirementsFor {
  using type = F;
};
template <class F>
  requires requires { typename F::FieldRequirements; }
struct FieldRequirementsFor<F> {
  using type = typename F::FieldRequirements;
};
template <class F>
using FieldRequirementsOf = typename FieldRequirementsFor<F>::type;

template <class F, class Y, class Theta = Parameters<F, Y>>
inline constexpr bool jvp_copies_output =
    copies_cotangent<CallJvp, F, Types<double, Y, Y, Theta>, Y> ||
    copies_cotangent<CallJvp, F, Types<double, Y, Y, Theta, typename ScalarTypeOf<Y>::type>, Y>;

template <class G, class Y, class Theta = Parameters<G, Y>,
          class Inputs = std::conditional_t<HasTapeVjp<G, Y> || HasTimedTapeVjp<G, Y>,
                                            Types<double, Y, const Tape<G, Y>&, Y>, Types<double, Y, Y>>>
inline constexpr bool vjp_copies_cotangent = copies_cotangent<CallVjp, G, Inputs, Y, Theta> ||
                                             copies_cotangent<CallVjp, G, Inputs, Y, Theta, typename Y::Scalar>;

// True where gradients can be pulled back through (F, Y); else a compile error with the reason.
template <class F, class Y>
consteval bool require_differentiable() {
  using G = Frozen<F>;
  if constexpr (!Solvable<F, Y>) {
    return require_vector_field<F, Y>();
  } else if constexpr (!std::is_same_v<Parameters<F, Y>, Parameters<G, Y>>) {
    static_assert(never<F, Y>,
                  "antistrophe: what the field's frozen(t0, t1) returns must have the same parameters() as the field.");
  } else if constexpr (!HasVjp<G, Y>) {
    static_assert(!HasVjpIfMutable<G, Y>,
                  "antistrophe: the field's vjp must be const: void vjp(double t, const auto& y, const auto& w, auto& "
                  "y_bar, auto& theta_bar) const.");
    static_assert(HasVjpIfMutable<G, Y> || !NamesVjp<G>,
                  "antistrophe: the field's vjp cannot be called; it needs void vjp(double t, const auto& y, const "
                  "auto& w, auto& y_bar, auto& theta_bar[, auto& t_bar]) const, with w and y_bar of the type of y0 and "
                  "theta_bar of that of parameters().");
    static_assert(HasVjpIfMutable<G, Y> || NamesVjp<G>,
                  "antistrophe: a gradient needs the field's vjp: void vjp(double t, const auto& y, const auto& w, "
                  "auto& y_bar, auto& theta_bar) const, adding w^T df/dy to y_bar and w^T df/dtheta to theta_bar (or "
                  "wrap the field in automatic_vjp).");
  } else {
    using Theta = Parameters<G, Y>;
    using Time = typename Y::Scalar;
    using Kept = const Tape<G, Y>&;
    constexpr bool by_tape = HasTapeVjp<G, Y> || HasTimedTapeVjp<G, Y>;  // which is the one that is called then
    constexpr bool copied = !by_tape && copies_cotangent<CallVjp, G, Types<double, Y, Y>, Y, Theta>;
    static_assert(!copied,
                  "antistrophe: the field's vjp takes y_bar or theta_bar by value, and what it adds to a copy is lost: "
                  "void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const.");
    constexpr bool timed = !by_tape && copies_cotangent<CallVjp, G, Types<double, Y, Y>, Y, Theta, Time>;
    static_assert(!timed,
                  "antistrophe: the field's vjp takes y_bar, theta_bar or t_bar by value, and what it adds to a copy "
                  "is lost: void "
                  "vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const.");
    constexpr bool taped = by_tape && (copies_cotangent<CallVjp, G, Types<double, Y, Kept, Y>, Y, Theta> ||
                                       copies_cotangent<CallVjp, G, Types<double, Y, Kept, Y>, Y, Theta, Time>);
    static_assert(!taped,
                  "antistrophe: the field's vjp that is given a tape takes a cotangent by value, and what it adds to a "
                  "copy is lost: void vjp(double t, const auto& y, const auto& tape, const auto& w, auto& y_bar, auto& "
                  "theta_bar[, auto& t_bar]) const.");
    using Asked = std::conditional_t<by_tape, Types<double, Y, Kept, Y>, Types<double, Y, Y>>;
    constexpr bool half =
        copies_cotangent<CallVjpState, G, Asked, Y> || copies_cotangent<CallVjpParameters, G, Asked, Theta>;
    static_assert(!half,
                  "antistrophe: the field's vjp_state or vjp_parameters takes its cotangent by value, and what it adds "
                  "to a copy is lost: it is an auto& y_bar, or an auto& theta_bar.");
    constexpr bool pushed = jvp_copies_output<G, Y>;
    static_assert(!pushed,
                  "antistrophe: the field's jvp takes dy_dot by value, and what it writes to a copy is lost: void "
                  "jvp(double t, const auto& y, "
                  "const auto& y_dot, const auto& theta_dot[, const auto& t_dot], auto& dy_dot) const.");
    using Parts = FieldRequirementsOf<F>;
    if constexpr (requires { Parts::template require_vjp<Y>(); })
      return DifferentiableVectorField<F, Y> && Parts::template require_vjp<Y>();
    else if constexpr (requires { Parts::template require_gradient<F, Y>(); })
      return DifferentiableVectorField<F, Y> && Parts::template require_gradient<F, Y>();
  }
  return Solvable<F, Y> && DifferentiableVectorField<F, Y>;
}

// True unless F has a jvp that cannot be called; else a compile error with the reason.
template <class F, class Y>
consteval bool require_jvp() {
  constexpr bool callable = !NamesJvp<F> || HasJvp<F, Y>;
  static_assert(callable,
                "antistrophe: the field's jvp cannot be called; it needs void jvp(double t, const auto& y, const auto& "
                "y_dot, const auto& theta_dot[, const auto& t_dot], auto& dy_dot) const, with y_dot and dy_dot of the "
                "type of y0 and theta_dot of that of parameters().");
  return callable;
}

}  // namespace antistrophe::detail
