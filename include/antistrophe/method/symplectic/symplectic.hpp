// SPDX-License-Identifier: MIT
// Symplectic methods of split fields, y = (v, w), v' = velocity(t, w), w' = force(t, v) (field/split.hpp): SemiImplicitEuler of
// order 1, Verlet of order 2, Suzuki4 of order 4 (method/symplectic/splitting.hpp). A step is a row of substeps, each of which moves
// one half by the other, v += [h b velocity(t, w)/r] r: on integers that is undone by subtraction, at no bits, so that the
// backward pass repeats the forward states bit for bit.
// They are symplectic: of a separable Hamiltonian the energy's error stays bounded, of the method's order, for times
// exponentially long in 1/h (Hairer, Lubich & Wanner, Geometric Numerical Integration, IX.8). Steps that adapt would cost
// that; there is no error estimate. Costs, a call of a half counted as one: Verlet 2 a step, Suzuki4 10, SemiImplicitEuler 2.
//
// Dense output is the cubic of Hermite through both ends; it takes two evaluations of the whole field, and two vjps, in steps
// where something is saved or an event lies.
#pragma once

#include <antistrophe/field/split.hpp>
#include <antistrophe/method/symplectic/detail/split_stepper.hpp>
#include <antistrophe/method/symplectic/splitting.hpp>
#include <antistrophe/number/arithmetic.hpp>

namespace antistrophe {

namespace detail {

// What the methods of split fields share. resolution: the unit of the fixed-point numbers of v and w in the state's own
// unit, rounded down to a power of two; 0 for 2^{−42} max(1, ‖·‖∞) of each half, rounded up to one. resolution_w: of w alone.
template <class Scheme, class Arithmetic>
struct SplitMethod;

template <class Scheme>
struct SplitMethod<Scheme, Exact> {
  static constexpr int order = Scheme::order;

  Resolution resolution = 0;
  Resolution resolution_w = 0;

  template <class Y>
  static constexpr bool supports = arithmetic_supports<Exact, Y>;
  using Requirements = SplitFieldRequirements;

  template <class F, antistrophe::EigenState Y>
    requires SplitVectorField<F, Y>
  using Stepper = SplitStepper<Scheme, Exact, F, Y>;
};

template <class Scheme>
struct SplitMethod<Scheme, Floating> {
  static constexpr int order = Scheme::order;

  using Requirements = SplitFieldRequirements;

  template <class F, antistrophe::EigenState Y>
    requires SplitVectorField<F, Y>
  using Stepper = SplitStepper<Scheme, Floating, F, Y>;
};

}  // namespace detail

// Symplectic Euler: v1 = v0 + h velocity(t0, w0),   w1 = w0 + h force(t1, v1).
template <class Arithmetic = Exact>
using SemiImplicitEuler = detail::SplitMethod<tableau::SemiImplicitEuler, Arithmetic>;

// Störmer–Verlet: w½ = w0 + h/2 force(t0, v0),   v1 = v0 + h velocity(t½, w½),   w1 = w½ + h/2 force(t1, v1).
template <class Arithmetic = Exact>
using Verlet = detail::SplitMethod<tableau::Verlet, Arithmetic>;

// Suzuki's composition of five steps of Verlet.
template <class Arithmetic = Exact>
using Suzuki4 = detail::SplitMethod<tableau::Suzuki4, Arithmetic>;

}  // namespace antistrophe
