// SPDX-License-Identifier: MIT
// NearlyReversible<Solver>: a Runge–Kutta method whose step is undone by the step of −h up to O(h^{p+1}), as of the tableaux
// EES25 (p = 5) and EES27 (p = 7). No state is coupled and no bit is kept; the way back is
//   y0 ≈ y1 + Ψ_{−h}(t1, y1),
// and cotangents are pulled back through Ψ_h(t0, ·) at the point so reached. So the gradient is that of the discrete solve at
// states that are slightly off, by O(h^p) at the end: stats.drift says how far the initial state was missed. Where that does
// not do, take the same Solver with DirectAdjoint, or in a Reversible pair.
// A step costs s evaluations forth; 2s evaluations and s vjps back.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <span>

namespace antistrophe {

namespace detail {

template <class Base, class F, EigenState Y>
class NearlyReversibleStepper : public RungeKuttaStepper<Base, F, Y> {
  using Plain = RungeKuttaStepper<Base, F, Y>;

 public:
  using typename Plain::Carry, typename Plain::CarryBar, typename Plain::Theta;
  static constexpr Reversibility reversibility = Reversibility::to_order;
  static constexpr int reversible_order = Base::reversible_order;
  using Plain::Plain;

  static double bit_rate() { return 0; }
  static bool same(const Carry& a, const Carry& b) { return a.y == b.y; }

  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome == Outcome::ok) this->pullback(step, carry, bar, theta_bar, t_bar, saves);
    return outcome;
  }

  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& carry, Cursor&) {
    this->forget();
    this->calls_ += this->increment_.evaluate(this->field_over(step), step.back(), carry.y, this->psi_);
    carry.y += this->psi_;
    this->y1_ = carry.y;
    return this->finite_end();
  }
};

}  // namespace detail

template <class Solver>
struct NearlyReversible {
  static constexpr bool valid = false;
  static_assert(detail::never<Solver>,
                "antistrophe: NearlyReversible<Solver> takes a RungeKutta<Tableau> whose tableau says its "
                "reversible_order, such as "
                "EES25 or EES27.");
};

template <class Tableau>
  requires requires { Tableau::reversible_order; }
struct NearlyReversible<RungeKutta<Tableau>> {
  static constexpr int order = Tableau::order;

  template <class F, EigenState Y>
  using Stepper = detail::NearlyReversibleStepper<Tableau, F, Y>;
};

}  // namespace antistrophe
