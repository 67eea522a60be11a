// SPDX-License-Identifier: MIT
// Explicit Runge–Kutta methods: y1 = y0 + Ψ_h(t0, y0). RungeKutta<Tableau>, with the usual names as aliases.
#pragma once

#include <antistrophe/method/runge_kutta/detail/runge_kutta_stepper.hpp>
#include <antistrophe/method/runge_kutta/tableau/all.hpp>

namespace antistrophe {

// The explicit Runge–Kutta method of a tableau. Not reversible; gradients by DirectAdjoint.
template <class Tableau>
struct RungeKutta {
  static constexpr bool valid = tableau::RequirementsFor<Tableau>::template require<Tableau>();
  using TableauType = Tableau;
  static constexpr int order = [] {
    if constexpr (valid)
      return Tableau::order;
    else
      return 0;
  }();

  template <class F, EigenState Y>
  using Stepper = detail::RungeKuttaStepper<Tableau, F, Y>;
};

using Euler = RungeKutta<tableau::Euler>;
using Midpoint = RungeKutta<tableau::Midpoint>;
using Heun = RungeKutta<tableau::Heun>;
using Ralston = RungeKutta<tableau::Ralston>;
using Ralston3 = RungeKutta<tableau::Ralston3>;
using Bosh3 = RungeKutta<tableau::Bosh3>;
using RK4 = RungeKutta<tableau::RK4>;
using RK38 = RungeKutta<tableau::RK38>;
using Tsit5 = RungeKutta<tableau::Tsit5>;
using Dopri5 = RungeKutta<tableau::Dopri5>;
using Dop853 = RungeKutta<tableau::Dop853>;
using EES25 = RungeKutta<tableau::EES25>;
using EES27 = RungeKutta<tableau::EES27>;

}  // namespace antistrophe
