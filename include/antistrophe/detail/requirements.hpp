// SPDX-License-Identifier: MIT
// The sentences for a method, steps or an adjoint that are not what they must be, or not in their places. Entry points
// take them unconstrained: a constraint would speak of candidates, not of what is wrong.
#pragma once

#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <concepts>
#include <type_traits>

namespace antistrophe {

// Steps laid out before the solve.
template <class T>
concept LaidOutSteps = requires(const T& steps, double t) {
  { steps.timeline(t, t) } -> std::same_as<Timeline>;
};

// Steps chosen as the solve goes, by a control of its own (detail/step_control.hpp).
template <class T>
concept ControlledSteps = requires { requires bool(T::chooses_steps); };

template <class T>
concept Steps = LaidOutSteps<T> || ControlledSteps<T>;

namespace detail {

template <class M, class F, class Y>
concept BindsToStepper = requires { typename M::template Stepper<F, Y>; };

// A method may say what states it can hold.
template <class M, class Y>
inline constexpr bool supports_state = [] {
  if constexpr (requires { M::template supports<Y>; })
    return M::template supports<Y>;
  else
    return true;
}();

// True where Save says what to save of a state Y; else a compile error with the reason.
template <class Save, class Y>
consteval bool require_save_at() {
  if constexpr (!std::same_as<Save, SaveAt>) {
    constexpr bool callable = std::invocable<const decltype(Save::function)&, double, const Y&>;
    static_assert(
        callable,
        "antistrophe: a function saved in the place of the state is called as g(t, y) and returns a number or an "
        "Eigen object.");
    return callable;
  } else {
    return true;
  }
}

// A method may say what fields it can step, and what else it needs of them for a gradient: require<F, Y>() and
// require_gradient<F, Y>() of the method, or of a type M::Requirements, assert it, in sentences. Types, not functions, lead to them
// here: each function on the way is three lines more of what a compiler says.
struct NoRequirements {
  template <class F, class Y>
  static consteval bool require() {
    return true;
  }
  template <class F, class Y>
  static consteval bool require_gradient() {
    return true;
  }
  template <class M, class Y>
  static consteval bool require_method() {
    return true;
  }
  static constexpr bool valid = true;
};
template <class M>
struct RequirementsOf {
  using type = M;
};
template <class M>
  requires requires { typename M::Requirements; }
struct RequirementsOf<M> {
  using type = typename M::Requirements;
};
template <class R, class F, class Y>
concept HasRequire = requires { R::template require<F, Y>(); };
template <class R, class F, class Y>
concept HasRequireGradient = requires { R::template require_gradient<F, Y>(); };
template <class F, class Y, class M, class R = typename RequirementsOf<M>::type>
using Require = std::conditional_t<HasRequire<R, F, Y>, R, NoRequirements>;
template <class F, class Y, class M, class R = typename RequirementsOf<M>::type>
using RequireGradient = std::conditional_t<HasRequireGradient<R, F, Y>, R, NoRequirements>;

// A method may say that it is none, M::valid, having said why.
template <class M>
concept SaysWhetherValid = requires { M::valid; };
template <class M>
using ValidityOf = std::conditional_t<SaysWhetherValid<M>, M, NoRequirements>;

// And a field may say what methods it takes, and what it needs of a state: require_method<M, Y>(), of its own or of a type
// F::FieldRequirements (field/detail/requirements.hpp).
template <class R, class M, class Y>
concept HasRequireMethod = requires { R::template require_method<M, Y>(); };
template <class F, class Y, class M, class R = FieldRequirementsOf<F>>
using RequireMethod = std::conditional_t<HasRequireMethod<R, M, Y>, R, NoRequirements>;

// And by what estimates of errors its steps may be chosen: F::require_estimate<order>(), the order in h of the error that is estimated.
template <class F, class S>
consteval bool field_bears_estimate() {
  if constexpr (requires { F::template require_estimate<S::error_order>(); })
    return F::template require_estimate<S::error_order>();
  else
    return true;
}

// True where (F, Y) can be solved by M in such steps; else a compile error with the reason.
template <class F, class Y, class M, class StepsType>
consteval bool require_solve() {
  if constexpr (!Solvable<F, Y>) {
    return require_vector_field<F, Y>();
  } else if constexpr (!ValidityOf<M>::valid) {
    return false;  // it has said why
  } else if constexpr (Steps<M>) {
    static_assert(never<M>,
                  "antistrophe: the second argument is the method and the third the steps: "
                  "solve(problem, Dopri5{}, FixedSteps{100}).");
    return false;
  } else if constexpr (!Require<F, Y, M>::template require<F, Y>()) {
    return false;
  } else if constexpr (!RequireMethod<F, Y, M>::template require_method<M, Y>()) {
    return false;
  } else if constexpr (!BindsToStepper<M, F, Y>) {
    static_assert(never<M>,
                  "antistrophe: the second argument must be a method, such as Dopri5{} or Reversible<Dopri5>{}.");
    return false;
  } else if constexpr (!supports_state<M, Y>) {
    static_assert(
        never<M>,
        "antistrophe: exact arithmetic holds states of double or float; for others give the method Floating, as "
        "in Reversible<Solver, Floating>.");
    return false;
  } else if constexpr (!Steps<StepsType>) {
    static_assert(never<StepsType>,
                  "antistrophe: the third argument must be steps, such as FixedSteps{100}, FixedStep{0.01}, "
                  "StepTo{times} or Adaptive{}.");
    return false;
  } else {
    constexpr bool is_method = Method<M, F, Y>;  // said of a bool, what fails is not told atom by atom
    static_assert(is_method,
                  "antistrophe: the method's Stepper<F, Y> does not satisfy the concept Stepper "
                  "(antistrophe/stepper/stepper.hpp says what it needs), or cannot be made of (method, field, y0).");
    if constexpr (ControlledSteps<StepsType> && Method<M, F, Y>) {
      using S = typename M::template Stepper<F, Y>;
      static_assert(
          AdaptiveStepper<S>,
          "antistrophe: this method estimates no error, so its steps cannot be adaptive: take one that does, such "
          "as Dopri5, Tsit5, Bosh3 or Dop853, or FixedSteps{n}.");
      if constexpr (AdaptiveStepper<S>)
        return field_bears_estimate<F, S>();
      else
        return false;
    } else {
      return Method<M, F, Y>;
    }
  }
}

}  // namespace detail
}  // namespace antistrophe
