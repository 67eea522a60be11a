// The sentences a user meets when a state or a vector field is not what it must be. One static_assert each, at every
// entry point, and the first that fails is the only one that speaks.
#pragma once

#include <antistrophe/core/concepts.hpp>

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
concept CallableIfMutable = requires(F& f, double t, Y& dy) { f(t, std::declval<const Y>(), dy); };
template <class F, class Y>
concept CallableIfSwapped = requires(const F& f, double t, Y& dy) { f(t, dy, std::declval<const Y>()); };
template <class F, class Y>
concept CallableTimeSecond = requires(const F& f, double t, Y& dy) { f(std::declval<const Y>(), t, dy); };

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

// True where (F, Y) can be solved; else a compile error with the reason.
template <class F, class Y>
consteval bool require_vector_field() {
  if constexpr (!is_dense_plain<Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the state y0 must be an Eigen vector, matrix or array that owns its entries, "
                  "such as Eigen::Vector2d, Eigen::VectorXd or Eigen::MatrixXd.");
    return false;
  } else if constexpr (!State<Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the state y0 must have entries of type double or float, not of an integer type: "
                  "write Eigen::Vector2d{1.0, 2.0}.");
    return false;
  } else if constexpr (VectorField<F, Y>) {
    if constexpr (!parameters_are_flat<F, Y>) {
      static_assert(never<F, Y>,
                    "antistrophe: the field's parameters() must return one flat Eigen column vector with the state's "
                    "scalar, such as Eigen::VectorXd for a double state.");
      return false;
    } else {
      return true;
    }
  } else if constexpr (CallableIfMutable<F, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field's call operator must be const: "
                  "void operator()(double t, const auto& y, auto& dy) const.");
    return false;
  } else if constexpr (CallableIfSwapped<F, Y> || CallableTimeSecond<F, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field's arguments are in another order than (t, y, dy): "
                  "void operator()(double t, const auto& y, auto& dy) const reads y and writes dy.");
    return false;
  } else if constexpr (VectorField<F, typename WithScalar<Y, double>::type> ||
                       VectorField<F, typename WithScalar<Y, float>::type>) {
    static_assert(never<F, Y>,
                  "antistrophe: the field is written for a state of another scalar type (float against double): "
                  "give y0 the field's scalar, or make the field generic with `const auto& y, auto& dy`.");
    return false;
  } else {
    static_assert(never<F, Y>,
                  "antistrophe: the field cannot be called with this state; it needs "
                  "void operator()(double t, const auto& y, auto& dy) const, with y and dy of the type of y0.");
    return false;
  }
}

// True where gradients can be pulled back through (F, Y); else a compile error with the reason.
template <class F, class Y>
consteval bool require_differentiable() {
  if constexpr (!VectorField<F, Y> || !parameters_are_flat<F, Y>) {
    return require_vector_field<F, Y>();
  } else if constexpr (!DifferentiableVectorField<F, Y>) {
    static_assert(never<F, Y>,
                  "antistrophe: a gradient needs the field's vjp: void vjp(double t, const auto& y, const auto& w, "
                  "auto& y_bar, auto& theta_bar) const, adding J_yᵀw to y_bar and J_θᵀw to theta_bar "
                  "(or wrap the field in automatic_vjp).");
    return false;
  } else {
    return true;
  }
}

}  // namespace antistrophe::detail
