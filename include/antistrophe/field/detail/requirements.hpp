// SPDX-License-Identifier: MIT
// The sentences a user meets when a state or a vector field is not what it must be. One static_assert each, at every
// entry point, and the first that fails is the only one that speaks.
#pragma once

#include <antistrophe/field/concepts.hpp>

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

// No argument by value can be made of one.
struct Unmovable {
  Unmovable(const Unmovable&) = delete;
};
// A T can be made of one.
template <class T>
struct MadeInto {
  operator T() const;
};
// A cotangent that a vjp takes by value, or as a constant T, binds to a temporary, and to what is made into one; so does `auto&&`, which takes
// what cannot be copied, too. (`const Eigen::MatrixBase<D>&`, from which Eigen's users cast the constness away, takes matrices alone.)
// Time: the type of t_bar, where the vjp takes that, too.
template <class F, class Y, class... Time>
concept CopiesStateCotangent = requires(const F& f, double t, Parameters<F, Y>& theta_bar, Time&... t_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), std::declval<Y>(), theta_bar, t_bar...);
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), std::declval<MadeInto<Y>>(), theta_bar, t_bar...);
} && !requires(const F& f, double t, Parameters<F, Y>& theta_bar, Time&... t_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), std::declval<Unmovable>(), theta_bar, t_bar...);
};
template <class F, class Y, class... Time>
concept CopiesParameterCotangent = HasParameters<F> && requires(const F& f, double t, Y& y_bar, Time&... t_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, std::declval<Parameters<F, Y>>(), t_bar...);
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, std::declval<MadeInto<Parameters<F, Y>>>(), t_bar...);
} && !requires(const F& f, double t, Y& y_bar, Time&... t_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, std::declval<Unmovable>(), t_bar...);
};
template <class F, class Y, class Time>
concept CopiesTimeCotangent = requires(const F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, theta_bar, std::declval<Time>());
} && !requires(const F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, theta_bar, std::declval<Unmovable>());
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

// True where (F, Y) can be solved; else a compile error with the reason.
template <class F, class Y>
consteval bool require_vector_field() {
  using G = Frozen<F>;
  if constexpr (!is_dense_plain<Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the state y0 must be an Eigen vector, matrix or array that owns its entries, "
                  "such as Eigen::Vector2d, Eigen::VectorXd or Eigen::MatrixXd.");
  } else if constexpr (!EigenState<Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the state y0 must have entries of type double or float, not of an integer type: "
                  "write Eigen::Vector2d{1.0, 2.0}.");
  } else if constexpr (VectorField<F, Y>) {
    static_assert(parameters_are_flat<F, Y>,
                  "antistrophe: the field's parameters() must return one flat Eigen column vector with the state's "
                  "scalar, such as Eigen::VectorXd for a double state.");
  } else if constexpr (CallableIfMutable<G, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field's call operator must be const: "
                  "void operator()(double t, const auto& y, auto& dy) const.");
  } else if constexpr (CallableInAnotherOrder<G, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field's arguments are in another order than (t, y, dy): "
                  "void operator()(double t, const auto& y, auto& dy) const reads y and writes dy.");
  } else if constexpr (CallableForValue<G, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field returns its value, but must write it to its third argument: "
                  "void operator()(double t, const auto& y, auto& dy) const.");
  } else if constexpr (VectorField<F, typename WithScalar<Y, double>::type> ||
                       VectorField<F, typename WithScalar<Y, float>::type>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field is written for a state of another scalar type (float against double): "
                  "give y0 the field's scalar, or make the field generic with `const auto& y, auto& dy`.");
  } else {
    static_assert(never<F, Y>,
                  "antistrophe: the field cannot be called with this state; it needs "
                  "void operator()(double t, const auto& y, auto& dy) const, with y and dy of the type of y0.");
  }
  return Solvable<F, Y>;
}

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
                  "antistrophe: the field's vjp must be const: void vjp(double t, const auto& y, const auto& w, "
                  "auto& y_bar, auto& theta_bar) const.");
    static_assert(HasVjpIfMutable<G, Y> || !NamesVjp<G>,
                  "antistrophe: the field's vjp cannot be called; it needs void vjp(double t, const auto& y, "
                  "const auto& w, auto& y_bar, auto& theta_bar[, auto& t_bar]) const, with w and y_bar of the type of "
                  "y0 and theta_bar of that of parameters().");
    static_assert(HasVjpIfMutable<G, Y> || NamesVjp<G>,
                  "antistrophe: a gradient needs the field's vjp: void vjp(double t, const auto& y, const auto& w, "
                  "auto& y_bar, auto& theta_bar) const, adding w^T df/dy to y_bar and w^T df/dtheta to theta_bar "
                  "(or wrap the field in automatic_vjp).");
  } else {
    using Time = typename Y::Scalar;
    static_assert(!(HasPlainVjp<G, Y> && (CopiesStateCotangent<G, Y> || CopiesParameterCotangent<G, Y>)),
                  "antistrophe: the field's vjp takes y_bar or theta_bar by value, and what it adds to a copy is lost: "
                  "void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const.");
    static_assert(
        !(HasTimedVjp<G, Y> && (CopiesStateCotangent<G, Y, Time> || CopiesParameterCotangent<G, Y, Time> ||
                                CopiesTimeCotangent<G, Y, Time>)),
        "antistrophe: the field's vjp takes y_bar, theta_bar or t_bar by value, and what it adds to a copy is "
        "lost: void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) "
        "const.");
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
