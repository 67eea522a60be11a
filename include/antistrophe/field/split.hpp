// SPDX-License-Identifier: MIT
// Split fields: the state is two halves, its upper rows v and its lower rows w, and each moves by the other alone,
//   v' = velocity(t, w),   w' = force(t, v),
// as position and momentum do where H(v, w) = T(w) + V(v). Symplectic methods step one half after the other. Each half is
// a plain State (HalfOf<Y>); the members of a split field, beside parameters() and those of any field, are
//   void velocity(double t, const auto& w, auto& dv) const;      writes v'
//   void force(double t, const auto& v, auto& dw) const;         writes w'
// and for gradients, adding as every vjp does ([, t_bar] for ∂/∂t, as of a field),
//   void velocity_vjp(double t, const auto& w, const auto& dv_bar, auto& w_bar, auto& theta_bar[, auto& t_bar]) const;
//   void force_vjp(double t, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar[, auto& t_bar]) const;
// SplitField{halves} (field/split_field.hpp) makes a whole field of the halves; a field may also be written with both.
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/requirements.hpp>

namespace antistrophe {

namespace detail {

template <class Y>
struct HalfOfState {
  static constexpr bool exists = false;
  using type = Y;
};
template <class S, int R, int C, int O, int MR, int MC>
struct HalfOfState<Eigen::Matrix<S, R, C, O, MR, MC>> {
  static constexpr bool exists = R == Eigen::Dynamic || R % 2 == 0;
  using type = Eigen::Matrix<S, R == Eigen::Dynamic ? R : R / 2, C>;
};
template <class S, int R, int C, int O, int MR, int MC>
struct HalfOfState<Eigen::Array<S, R, C, O, MR, MC>> {
  static constexpr bool exists = R == Eigen::Dynamic || R % 2 == 0;
  using type = Eigen::Array<S, R == Eigen::Dynamic ? R : R / 2, C>;
};

}  // namespace detail

// Half the rows of a state: of Vector4d a Vector2d, of MatrixXd a MatrixXd.
template <class Y>
using HalfOf = typename detail::HalfOfState<Y>::type;

namespace detail {

// What is read is passed as a temporary, so that swapped arguments are refused (field/concepts.hpp).
template <class F, class Y>
concept HasHalves = EigenState<Y> && HalfOfState<Y>::exists && requires(const F& f, double t, HalfOf<Y>& dx) {
  f.velocity(t, std::declval<HalfOf<Y>>(), dx);
  f.force(t, std::declval<HalfOf<Y>>(), dx);
};

template <class F, class Y, class X = HalfOf<Y>>
inline constexpr bool halves_copy_output =
    copies_cotangent<CallVelocity, F, Types<double, X>, X> || copies_cotangent<CallForce, F, Types<double, X>, X>;

template <class F, class Y>
concept HasHalfVjps = requires(const F& f, double t, HalfOf<Y>& x_bar, Parameters<F, Y>& theta_bar) {
  f.velocity_vjp(t, std::declval<HalfOf<Y>>(), std::declval<HalfOf<Y>>(), x_bar, theta_bar);
  f.force_vjp(t, std::declval<HalfOf<Y>>(), std::declval<HalfOf<Y>>(), x_bar, theta_bar);
};
template <class F, class Y>
concept HasTimedHalfVjps =
    requires(const F& f, double t, HalfOf<Y>& x_bar, Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
      f.velocity_vjp(t, std::declval<HalfOf<Y>>(), std::declval<HalfOf<Y>>(), x_bar, theta_bar, t_bar);
      f.force_vjp(t, std::declval<HalfOf<Y>>(), std::declval<HalfOf<Y>>(), x_bar, theta_bar, t_bar);
    };

}  // namespace detail

// A field that is whole and split too.
template <class F, class Y>
concept SplitVectorField = VectorField<F, Y> && detail::HasHalves<detail::Frozen<F>, Y>;

// Its halves have vjps, and these know ∂/∂t where the whole field's vjp does.
template <class F, class Y>
concept DifferentiableSplitField =
    SplitVectorField<F, Y> && (detail::HasTimedHalfVjps<detail::Frozen<F>, Y> ||
                               (detail::HasHalfVjps<detail::Frozen<F>, Y> &&
                                (!TimeDifferentiable<F, Y> || detail::DeclaredAutonomous<detail::Frozen<F>>)));

namespace detail {

// What a method of split fields requires of (F, Y), and for gradients: true where it is met, else a compile error with the reason.
struct SplitFieldRequirements {
  template <class F, class Y>
  static consteval bool require();
  // Of what has halves: they write to what they are given.
  template <class F, class Y>
  static consteval bool require_references();
  template <class F, class Y>
  static consteval bool require_gradient();
};

template <class F, class Y>
consteval bool SplitFieldRequirements::require() {
  constexpr bool is_split = SplitVectorField<F, Y>;  // said of a bool, what fails is not told atom by atom
  static_assert(
      HalfOfState<Y>::exists,
      "antistrophe: a split state is two halves, its upper and its lower rows: y0 must have an even number of rows.");
  if constexpr (HalfOfState<Y>::exists)
    static_assert(
        is_split,
        "antistrophe: SemiImplicitEuler, Verlet and Suzuki4 need a split field, v' = velocity(t, w), w' = force(t, v): "
        "wrap its halves in SplitField{halves}, with void velocity(double t, const auto& w, auto& dv) const and void "
        "force(double t, const auto& v, auto& dw) const; other fields go with other methods.");
  return is_split && require_references<F, Y>();
}

template <class F, class Y>
consteval bool SplitFieldRequirements::require_references() {
  constexpr bool copied = [] {
    if constexpr (HasHalves<Frozen<F>, Y>)
      return halves_copy_output<Frozen<F>, Y>;
    else
      return false;
  }();
  static_assert(!copied,
                "antistrophe: the velocity or the force of a split field takes its result by value, and what it writes "
                "to a copy is lost: void velocity(double t, const auto& w, auto& dv) const and void force(double t, "
                "const auto& v, auto& dw) const.");
  return !copied;
}

template <class F, class Y>
consteval bool SplitFieldRequirements::require_gradient() {
  constexpr bool differentiable = DifferentiableSplitField<F, Y>;
  static_assert(differentiable,
                "antistrophe: a gradient through a split field needs the vjps of its halves: void velocity_vjp(double "
                "t, const auto& w, const auto& dv_bar, auto& w_bar, auto& theta_bar[, auto& t_bar]) const, and "
                "force_vjp likewise of (t, v, dw_bar, v_bar, theta_bar[, t_bar]).");
  if constexpr (differentiable) {
    using G = Frozen<F>;
    using X = HalfOf<Y>;
    using Inputs = Types<double, X, X>;
    using Theta = Parameters<F, Y>;
    using Time = typename Y::Scalar;
    constexpr bool copied = copies_cotangent<CallVelocityVjp, G, Inputs, X, Theta> ||
                            copies_cotangent<CallVelocityVjp, G, Inputs, X, Theta, Time> ||
                            copies_cotangent<CallForceVjp, G, Inputs, X, Theta> ||
                            copies_cotangent<CallForceVjp, G, Inputs, X, Theta, Time>;
    static_assert(!copied,
                  "antistrophe: the velocity_vjp or the force_vjp of a split field takes a cotangent by value, and "
                  "what it adds to a copy is lost: void velocity_vjp(double t, const auto& w, const auto& dv_bar, "
                  "auto& w_bar, auto& theta_bar[, auto& t_bar]) const, and force_vjp likewise.");
  }
  return differentiable;
}

}  // namespace detail
}  // namespace antistrophe
