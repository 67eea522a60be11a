// SPDX-License-Identifier: MIT
// What a vector field is: f(t, y; θ) writes dy; a differentiable one also pulls cotangents back:
// y_bar += (∂f/∂y)ᵀ w, theta_bar += (∂f/∂θ)ᵀ w. Each requirement has a sentence for the user who does not meet it
// (field/detail/requirements.hpp).
#pragma once

#include <antistrophe/core/state.hpp>

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

template <class F>
concept Freezable = requires(const F& f, double t) { f.frozen(t, t); };

// A field that knows the times at which it jumps, as one does that is driven by data.
template <class F>
concept OffersJumps = requires(const F& f) {
  { f.jumps() } -> std::convertible_to<std::vector<double>>;
};

template <class F>
struct FrozenOf {
  using type = F;
};
template <Freezable F>
struct FrozenOf<F> {
  using type = std::remove_cvref_t<decltype(std::declval<const F&>().frozen(0.0, 0.0))>;
};

// What a step calls: field.frozen(t0, t1) of a field that can be frozen to one step, any other field itself.
template <class F>
using Frozen = typename FrozenOf<F>::type;

// y is passed as a temporary first: `auto& dy` in its place would bind a constant, but no temporary, and so swapped
// arguments are refused before the compiler looks into the field's body.
template <class F, class Y>
concept CallableAsField = requires(const F& f, const double t, Y& dy) { f(t, std::declval<Y>(), dy); } &&
                          requires(const F& f, const double t, const Y& y, Y& dy) { f(t, y, dy); };

}  // namespace detail

// A callable (t, y, dy) that writes f(t, y) to dy. The library passes `double`, `const Y&` and `Y&`, plain distinct
// objects all. Instead, a field may have a member frozen(t0, t1) that returns such a callable, frozen to one step. It may say
// at what times it is discontinuous, std::vector<double> jumps() const; these join the `.jumps` of the steps.
template <class F, class Y>
concept VectorField = EigenState<Y> && detail::CallableAsField<detail::Frozen<F>, Y>;

namespace detail {

template <class F>
concept HasParameters = requires(const F& f) { f.parameters(); };

// The parameters of a field that has none, and their cotangent: of length zero, with no entry to read or write.
template <class Scalar>
struct NoParameters : Eigen::Matrix<Scalar, 0, 1> {
  using Eigen::Matrix<Scalar, 0, 1>::Matrix;
  using Eigen::Matrix<Scalar, 0, 1>::operator=;

  template <class Index>
  Scalar& operator[](const Index&) {
    static_assert(
        !std::is_same_v<Index, Index>,
        "antistrophe: the field's vjp writes an entry of theta_bar, but the field has no parameters(): give it "
        "`const auto& parameters() const`, which returns them as one Eigen vector, or leave theta_bar alone.");
    return *this->data();
  }
  template <class Index>
  Scalar& operator()(const Index& index) {
    return (*this)[index];
  }
};

template <class F, class Y>
struct ParametersOf {
  using type = NoParameters<typename ScalarTypeOf<Y>::type>;
};
template <HasParameters F, class Y>
struct ParametersOf<F, Y> {
  using Returned = std::remove_cvref_t<decltype(std::declval<const F&>().parameters())>;
  static consteval auto plain() {
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

// As with a call, y and w are passed as temporaries, so that a cotangent that is written does not stand in their place.
template <class F, class Y>
concept HasPlainVjp = requires(const F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, theta_bar);
};
template <class F, class Y>
concept HasTimedVjp = requires(const F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
  f.vjp(t, std::declval<Y>(), std::declval<Y>(), y_bar, theta_bar, t_bar);
};
template <class F, class Y>
concept HasTapeVjp =
    KeepsTape<F, Y> && requires(const F& f, double t, const Tape<F, Y>& tape, Y& y_bar, Parameters<F, Y>& theta_bar) {
      f.vjp(t, std::declval<Y>(), tape, std::declval<Y>(), y_bar, theta_bar);
    };
template <class F, class Y>
concept HasTimedTapeVjp = KeepsTape<F, Y> && requires(const F& f, double t, const Tape<F, Y>& tape, Y& y_bar,
                                                      Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
  f.vjp(t, std::declval<Y>(), tape, std::declval<Y>(), y_bar, theta_bar, t_bar);
};

template <class F, class Y>
concept HasVjp = HasPlainVjp<F, Y> || HasTimedVjp<F, Y> || HasTapeVjp<F, Y> || HasTimedTapeVjp<F, Y>;

// A jvp, of the same style: inputs first, y_dot and theta_dot as temporaries, and the output last.
template <class F, class Y>
concept HasPlainJvp = requires(const F& f, double t, Y& dy_dot) {
  f.jvp(t, std::declval<Y>(), std::declval<Y>(), std::declval<Parameters<F, Y>>(), dy_dot);
};
template <class F, class Y>
concept HasTimedJvp = requires(const F& f, double t, Y& dy_dot) {
  f.jvp(t, std::declval<Y>(), std::declval<Y>(), std::declval<Parameters<F, Y>>(), std::declval<typename Y::Scalar>(),
        dy_dot);
};

template <class F>
concept DeclaredAutonomous = requires { requires bool(F::autonomous); };

}  // namespace detail

// A field with a vjp in one of four forms (t, y[, tape], w, y_bar, theta_bar[, t_bar]); parameters, if any, are a flat
// Eigen vector of the state's scalar. A field frozen to a step has the parameters of the field it was made of.
template <class F, class Y>
concept DifferentiableVectorField = VectorField<F, Y> && detail::HasVjp<detail::Frozen<F>, Y> &&
                                    std::same_as<Parameters<F, Y>, Parameters<detail::Frozen<F>, Y>>;

// A field that also pushes tangents forward. Its jvp, in one form or both, writes, as f writes dy:
//   jvp(t, y, y_dot, theta_dot, dy_dot)          dy_dot = (∂f/∂y) y_dot + (∂f/∂θ) theta_dot
//   jvp(t, y, y_dot, theta_dot, t_dot, dy_dot)   the same + (∂f/∂t) t_dot
// theta_dot is of the type of Parameters, of length zero where the field has none. It is optional: ForwardMode
// (adjoint/forward_mode.hpp) pushes tangents by it, and check_vjp holds it against the vjp.
template <class F, class Y>
concept HasJvp = VectorField<F, Y> && (detail::HasPlainJvp<F, Y> || detail::HasTimedJvp<F, Y>);

// A field whose ∂f/∂t is known: its vjp adds to t_bar, or it says `static constexpr bool autonomous = true`. Only then
// are gradients with respect to t0 and t1 offered; and not where a field is frozen, for frozen(t0, t1) may depend on both.
template <class F, class Y>
concept TimeDifferentiable =
    DifferentiableVectorField<F, Y> && !detail::Freezable<F> &&
    (detail::HasTimedVjp<F, Y> || detail::HasTimedTapeVjp<F, Y> || detail::DeclaredAutonomous<F>);

// The same over real states: a gradient with respect to the times is a real number, and is computed for these alone.
template <class F, class Y>
concept HasTimeGradient = TimeDifferentiable<F, Y> && detail::is_real_scalar<typename Y::Scalar>;

}  // namespace antistrophe
