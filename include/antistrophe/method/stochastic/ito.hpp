// SPDX-License-Identifier: MIT
// Schemes for stochastic equations in Itô's sense, by ItoField (noise/stochastic_field.hpp), with the strong orders of their solutions:
//   EulerMaruyama   ½; 1 where the noise is additive
//   Milstein        1, of diagonal noise and of one channel
//   SRA1            3/2, of additive noise along a path with .area (Rößler 2010)
// None can go back: gradients by DirectAdjoint, CheckpointedAdjoint or CompressedAdjoint. For reversible methods take
// ItoToStratonovich{field}.
#pragma once

#include <antistrophe/method/stochastic/detail/whole_step.hpp>

namespace antistrophe {

namespace detail {

template <class F>
concept Noisy = requires {
  typename F::DriftType;
  typename F::DiffusionType;
  F::calculus;
};

}  // namespace detail

// y1 = y0 + f h + g ΔW, the tableau Euler of the field frozen to the step.
struct EulerMaruyama {
  static constexpr int order = 1;
  static constexpr bool steps_noise = true;

  template <class F, class Y>
  static consteval bool require() {
    constexpr bool takes = detail::Noisy<F> && requires { requires F::calculus == Calculus::ito || F::additive; };
    static_assert(
        takes,
        "antistrophe: EulerMaruyama converges to the solution in Ito's sense, and takes an ItoField{drift, diffusion, "
        "path}, or one whose diffusion is additive.");
    return takes;
  }
  template <class F, EigenState Y>
  using Stepper = detail::RungeKuttaStepper<tableau::Euler, F, Y>;
};

struct Milstein {
  static constexpr int order = 1;
  static constexpr bool steps_noise = true;

  template <class F, class Y>
  static consteval bool require() {
    constexpr bool takes = detail::Noisy<F> && requires {
      requires F::calculus == Calculus::ito && (detail::is_diagonal<typename F::DiffusionType> ||
                                                detail::is_scalar_noise<typename F::DiffusionType>);
    };
    static_assert(takes,
                  "antistrophe: Milstein takes an ItoField whose diffusion is diagonal or scalar, such as "
                  "DiagonalNoise{sigma} (or says so by `static constexpr bool diagonal = true`).");
    return takes;
  }
  template <class F, EigenState Y>
  using Stepper = detail::WholeStepStepper<detail::MilsteinStep, F, Y>;
};

struct SRA1 {
  static constexpr int order = 2;
  static constexpr bool steps_noise = true;

  template <class F, class Y>
  static consteval bool require() {
    constexpr bool takes = detail::Noisy<F> && requires { requires F::additive; };
    static_assert(takes,
                  "antistrophe: SRA1 takes an ItoField or StochasticField whose diffusion is additive, such as "
                  "AdditiveNoise{G} (or "
                  "says so by `static constexpr bool additive = true`).");
    return takes;
  }
  template <class F, EigenState Y>
  using Stepper = detail::WholeStepStepper<detail::Sra1Step, F, Y>;
};

}  // namespace antistrophe
