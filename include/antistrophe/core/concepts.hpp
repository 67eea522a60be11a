// What a state and a vector field are. A field f(t, y; θ) writes dy; a differentiable one also pulls cotangents back:
// y_bar += (∂f/∂y)ᵀ w, theta_bar += (∂f/∂θ)ᵀ w. Each requirement has a sentence for the user who does not meet it
// (core/requirements.hpp).
#pragma once

#include <antistrophe/core/config.hpp>

#include <Eigen/Core>

#include <complex>
#include <concepts>
#include <type_traits>
#include <utility>

namespace antistrophe {

namespace detail {

template <class T>
inline constexpr bool is_real_scalar = std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, long double>;

template <class T>
inline constexpr bool is_field_scalar = is_real_scalar<T>;
template <class T>
inline constexpr bool is_field_scalar<std::complex<T>> = is_real_scalar<T>;

template <class Y>
inline constexpr bool is_dense_plain =
    requires { typename Y::Scalar; typename Y::PlainObject; } && std::is_base_of_v<Eigen::PlainObjectBase<Y>, Y>;

}  // namespace detail

// A state: an Eigen vector, matrix or array that owns its entries, of fixed or dynamic size, of float or double (long
// double and complex too, with steppers that are not exact). A batch is a matrix, one sample a column.
template <class Y>
concept State = detail::is_dense_plain<Y> && detail::is_field_scalar<typename Y::Scalar>;

// The real type that belongs to a state's scalar: double of double and of std::complex<double>.
template <State Y>
using RealOf = typename Eigen::NumTraits<typename Y::Scalar>::Real;

// A callable (t, y, dy) that writes f(t, y) to dy. The library passes `double`, `const Y&` and `Y&`, plain distinct
// objects all; y is passed here as an rvalue, so that a field with swapped arguments is not taken for one.
template <class F, class Y>
concept VectorField = State<Y> && requires(const F& f, const double t, Y& dy) { f(t, std::declval<const Y>(), dy); };

namespace detail {

template <class F>
concept HasParameters = requires(const F& f) { f.parameters(); };

template <class F, class Y>
struct ParametersOf {
  using type = Eigen::Matrix<typename Y::Scalar, 0, 1>;
};
template <HasParameters F, class Y>
struct ParametersOf<F, Y> {
  using Returned = std::remove_cvref_t<decltype(std::declval<const F&>().parameters())>;
  static auto plain() {
    if constexpr (requires { typename Returned::PlainObject; })
      return std::type_identity<typename Returned::PlainObject>{};
    else
      return std::type_identity<Returned>{};
  }
  using type = typename decltype(plain())::type;
};

// A tape is what a field keeps of one evaluation for its vjp: a member type Tape, or a member template Tape<Y>.
struct NoTape {};

template <class F, class Y>
struct TapeOf {
  using type = NoTape;
};
template <class F, class Y>
  requires requires { typename F::template Tape<Y>; }
struct TapeOf<F, Y> {
  using type = typename F::template Tape<Y>;
};
template <class F, class Y>
  requires requires { typename F::Tape; }
struct TapeOf<F, Y> {
  using type = typename F::Tape;
};

}  // namespace detail

// The flat vector type of a field's parameters, of length zero where it has none.
template <class F, class Y>
using Parameters = typename detail::ParametersOf<F, Y>::type;

template <class F, class Y>
using Tape = typename detail::TapeOf<F, Y>::type;

namespace detail {

template <class F, class Y>
concept HasTape = !std::is_same_v<Tape<F, Y>, NoTape>;

template <class F, class Y>
concept KeepsTape =
    HasTape<F, Y> && requires(const F& f, double t, const Y& y, Y& dy, Tape<F, Y>& tape) { f(t, y, dy, tape); };

template <class F, class Y>
concept HasPlainVjp = requires(const F& f, double t, const Y& y, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp(t, y, w, y_bar, theta_bar);
};
template <class F, class Y>
concept HasTimedVjp = requires(const F& f, double t, const Y& y, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar,
                               typename Y::Scalar& t_bar) { f.vjp(t, y, w, y_bar, theta_bar, t_bar); };
template <class F, class Y>
concept HasTapeVjp =
    KeepsTape<F, Y> && requires(const F& f, double t, const Y& y, const Tape<F, Y>& tape, const Y& w, Y& y_bar,
                                Parameters<F, Y>& theta_bar) { f.vjp(t, y, tape, w, y_bar, theta_bar); };
template <class F, class Y>
concept HasTimedTapeVjp =
    KeepsTape<F, Y> && requires(const F& f, double t, const Y& y, const Tape<F, Y>& tape, const Y& w, Y& y_bar,
                                Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
      f.vjp(t, y, tape, w, y_bar, theta_bar, t_bar);
    };

template <class F>
concept DeclaredAutonomous = requires { requires bool(F::autonomous); };

template <class F>
concept Freezable = requires(const F& f, double t) { f.over(t, t); };

}  // namespace detail

// A field with a vjp in one of four forms (t, y[, tape], w, y_bar, theta_bar[, t_bar]); parameters, if any, are a flat
// Eigen vector of the state's scalar.
template <class F, class Y>
concept DifferentiableVectorField =
    VectorField<F, Y> && (detail::HasPlainVjp<F, Y> || detail::HasTimedVjp<F, Y> || detail::HasTapeVjp<F, Y> ||
                          detail::HasTimedTapeVjp<F, Y>);

// A field whose ∂f/∂t is known: its vjp adds to t_bar, or it says `static constexpr bool autonomous = true`. Only then
// are gradients with respect to t0 and t1 offered.
template <class F, class Y>
concept TimeDifferentiable = DifferentiableVectorField<F, Y> && (detail::HasTimedVjp<F, Y> || detail::HasTimedTapeVjp<F, Y> ||
                                                                 detail::DeclaredAutonomous<F>);

}  // namespace antistrophe
