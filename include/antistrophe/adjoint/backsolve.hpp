// SPDX-License-Identifier: MIT
// BacksolveAdjoint: y, λ and θ̄ are solved backwards together, from t1 to t0, by a method and to a tolerance of their own; of
// the way forth what was saved is kept and a few states to compare with (Chen, Rubanova, Bettencourt & Duvenaud, NeurIPS 2018, "Neural ordinary differential
// equations"). A continuous adjoint: the gradient is that of the equation, to the tolerance, and not that of the steps taken.
#pragma once

#include <antistrophe/adjoint/continuous.hpp>
#include <antistrophe/adjoint/detail/adjoint_field.hpp>
#include <antistrophe/adjoint/detail/block_norm.hpp>
#include <antistrophe/adjoint/detail/passed_states.hpp>
#include <antistrophe/adjoint/detail/stretch_solver.hpp>

#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace antistrophe {

// method: a plain one; by default that of the way forth, or Dopri5 where that is reversible. steps: Adaptive{…}, or FixedSteps{n}
// for the whole way back; by default those of the way forth. λ is scaled so that the largest cotangent of a saved state is about
// 1: that is what atol is compared with. norm: which errors choose the steps.
// reset_every: at every so-manieth saved state the state that is solved backwards is reset to the saved one.
// (clang before 17 deduces the types from arguments in their order only: BacksolveAdjoint{Dopri5{}, Adaptive{…}}.)
template <class Method = ThoseOfTheWayForth, class Steps = ThoseOfTheWayForth>
struct BacksolveAdjoint {
  static constexpr bool is_adjoint = true, is_continuous = true;

  Method method = {};
  Steps steps = {};
  AdjointNorm norm = AdjointNorm::full;
  std::int64_t reset_every = 1;

  template <class S>
  static consteval bool require() {
    return detail::require_way_back<Method, Steps, typename S::State>();
  }

  template <class S>
  using Trace = detail::PassedStates<S>;

  template <class F, class Y, class M>
  class Equation {
   public:
    static constexpr bool reconstructs = true;

    // Throws std::invalid_argument for bad options.
    Equation(const BacksolveAdjoint& adjoint, const M& method_forth, const F& field, const Y& y0)
        : norm_(adjoint.norm),
          reset_every_(adjoint.reset_every),
          steps_(adjoint.steps),
          n_(y0.size()),
          watch_(y0),
          field_(field, y0),
          z_(field_.zero()),
          solver_(Chosen::of(adjoint.method, method_forth), field_, z_) {
      if (reset_every_ < 1) detail::refuse("BacksolveAdjoint::reset_every", reset_every_, "at least 1");
      steps_.check(y0);
    }
    Equation(const Equation&) = delete;  // the solver refers to the field
    Equation& operator=(const Equation&) = delete;

    template <class StepsType>
    void take_up(const StepsType& steps_forth) {
      Solver::template require_steps<StepsType>();
      steps_.take_up(steps_forth);
    }
    template <class Kept>
    void begin(const Timeline& timeline, const Kept& trace) {
      watch_.begin(trace.states());
      solver_.begin(steps_, norm_, n_, 2, z_.size(), timeline.jumps());
    }
    std::int64_t reset_every() const { return reset_every_; }
    double take_strayed() { return watch_.take(); }
    double tolerance(double size) const { return steps_.tolerance(size); }

    void charge(const detail::CostTerm<F, Y>& cost) { field_.at().cost = &cost; }
    Failure go_back(const Stretch& stretch, Y& y, Y& lambda, Parameters<F, Y>& theta_bar, BackwardStats& stats) {
      using detail::put_part, detail::get_part;
      put_part(z_, 0, y);
      put_part(z_, n_, lambda);
      put_part(z_, 2 * n_, theta_bar);
      Failure failure =
          solver_.run(steps_, stretch, z_, [&](const Step&, auto& attempted, auto& stepper, const auto& carry) {
            watch_.look(stretch, attempted, stepper, carry);
            return attempted.finite() ? Outcome::ok : Outcome::not_finite;
          });
      stats.bytes = std::max(stats.bytes, solver_.bytes());
      field_.at().tell(stats);
      get_part(z_, 0, y);
      get_part(z_, n_, lambda);
      get_part(z_, 2 * n_, theta_bar);
      return failure;
    }

   private:
    using Chosen = detail::MethodBackOf<Method, M, F, Y>;
    using Field = detail::StateAndAdjointField<F, Y>;
    using Solver = detail::StretchSolver<typename Chosen::type, Field, typename Field::Z, Steps>;

    AdjointNorm norm_;
    std::int64_t reset_every_;
    detail::StepsBack steps_;
    Eigen::Index n_;
    detail::StrayWatch<Y> watch_;
    Field field_;
    typename Field::Z z_;
    Solver solver_;
  };
};
BacksolveAdjoint() -> BacksolveAdjoint<>;
template <detail::AdjointOption Option, class... Rest>
BacksolveAdjoint(Option, Rest...) -> BacksolveAdjoint<>;
template <detail::AdjointSteps Steps, class... Rest>
BacksolveAdjoint(Steps, Rest...) -> BacksolveAdjoint<ThoseOfTheWayForth, Steps>;
template <detail::MethodBack Method>
BacksolveAdjoint(Method) -> BacksolveAdjoint<Method>;
template <detail::MethodBack Method, detail::AdjointOption Option, class... Rest>
BacksolveAdjoint(Method, Option, Rest...) -> BacksolveAdjoint<Method>;
template <detail::MethodBack Method, detail::AdjointSteps Steps, class... Rest>
BacksolveAdjoint(Method, Steps, Rest...) -> BacksolveAdjoint<Method, Steps>;

}  // namespace antistrophe
