// SPDX-License-Identifier: MIT
// GaussLegendreAdjoint: y and λ are solved backwards without θ̄, which is then an integral over what is known,
//   θ̄ = ∫ (∂f/∂θ)ᵀλ dt,
// by Gauss–Legendre quadrature on the dense output of the way back (Norcliffe & Deisenroth, TMLR 2023, "Faster training of neural
// ODEs using Gauß–Legendre quadrature"). Where parameters are many, (∂f/∂θ)ᵀλ is what the way back costs, and few nodes do where
// the solver has many stages. A continuous adjoint.
#pragma once

#include <antistrophe/adjoint/continuous.hpp>
#include <antistrophe/adjoint/detail/adjoint_field.hpp>
#include <antistrophe/adjoint/detail/block_norm.hpp>
#include <antistrophe/adjoint/detail/kept_path.hpp>
#include <antistrophe/adjoint/detail/passed_states.hpp>
#include <antistrophe/adjoint/detail/stretch_solver.hpp>
#include <antistrophe/core/detail/legendre.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace antistrophe {

// method, steps, reset_every: as of BacksolveAdjoint. gtol: the error of the quadrature, relative to the root mean square of θ̄; 0
// for the rtol of the way back, or where its steps are fixed, for as many nodes a step as the order of its method is worth. Nodes are
// doubled until results agree to gtol, at most to 64 a step; of stretches of fewer than four steps the first is looked at and, while
// such nodes as the order is worth are enough, every eighth, and where these are more than enough, down to one a step is taken. A field that offers vjp_state and vjp_parameters, as Mlp does, is asked
// for the one or the other.
template <class Method = ThoseOfTheWayForth, class Steps = ThoseOfTheWayForth>
struct GaussLegendreAdjoint {
  static constexpr bool is_adjoint = true, is_continuous = true;

  Method method = {};
  Steps steps = {};
  double gtol = 0;
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
    Equation(const GaussLegendreAdjoint& adjoint, const M& method_forth, const F& field, const Y& y0)
        : gtol_(adjoint.gtol),
          reset_every_(adjoint.reset_every),
          steps_(adjoint.steps),
          n_(y0.size()),
          watch_(y0),
          field_(field, y0),
          z_(field_.zero()),
          node_(z_),
          coarse_(detail::zero_parameters<F, Y>(field)),
          fine_(coarse_),
          solver_(Chosen::of(adjoint.method, method_forth), field_, z_) {
      if (!(gtol_ >= 0) || !std::isfinite(gtol_))
        detail::refuse("GaussLegendreAdjoint::gtol", gtol_, "at least 0 and finite");
      if (reset_every_ < 1) detail::refuse("GaussLegendreAdjoint::reset_every", reset_every_, "at least 1");
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
      density_ = 2;
      look_next_at(nodes_a_step - 1);
      solver_.begin(steps_, AdjointNorm::seminorm, n_, 2, z_.size(), timeline.jumps());
    }
    std::int64_t reset_every() const { return reset_every_; }
    double take_strayed() { return watch_.take(); }
    double tolerance(double size) const { return steps_.tolerance(size); }

    void charge(const detail::CostTerm<F, Y>& cost) { field_.at().cost = &cost; }
    Failure go_back(const Stretch& stretch, Y& y, Y& lambda, Parameters<F, Y>& theta_bar, BackwardStats& stats) {
      using detail::put_part, detail::get_part;
      put_part(z_, 0, y);
      put_part(z_, n_, lambda);
      path_.clear();
      path_.begin_segment();
      first_ = -1;
      const bool integrates = theta_bar.size() > 0;
      Failure failure =
          solver_.run(steps_, stretch, z_, [&](const Step& step, auto& attempted, auto& stepper, const auto& carry) {
            if (first_ < 0) first_ = step.n;
            if (step.n > first_ && step.timeline->jump_at(step.t0) != nullptr) {  // no rule goes over a jump of the vjp
              integrate(theta_bar);
              path_.clear();
              path_.begin_segment();
              first_ = step.n;
            }
            if (integrates && step.n - first_ == static_cast<std::int64_t>(2 * steps_a_panel)) {
              add_panel(0, steps_a_panel, theta_bar);
              path_.drop_first(steps_a_panel);
              first_ += static_cast<std::int64_t>(steps_a_panel);
            }
            path_.put(static_cast<std::size_t>(step.n - first_), step.t0, step.h(),
                      attempted.polynomial(stepper, carry).coefficients);
            return attempted.finite() ? Outcome::ok : Outcome::not_finite;
          });
      get_part(z_, 0, y);
      get_part(z_, n_, lambda);
      if (failure.status == Status::success) integrate(theta_bar);
      stats.bytes = std::max(stats.bytes, path_.bytes() + solver_.bytes());
      field_.at().tell(stats);
      return failure;
    }

   private:
    using Theta = Parameters<F, Y>;
    using Chosen = detail::MethodBackOf<Method, M, F, Y>;
    using Field = detail::StateAndCotangentField<F, Y>;
    using Z = typename Field::Z;
    using Solver = detail::StretchSolver<typename Chosen::type, Field, Z, Steps>;
    static constexpr bool extensible =
        Extensible<typename Solver::S>;  // said of a bool, what fails is not told atom by atom
    static_assert(
        extensible,
        "antistrophe: GaussLegendreAdjoint reads the dense output of the way back, and this method has none; take "
        "one that does, such as Dopri5.");

    // So many nodes a step are as good as a method of this order.
    static constexpr int order = [] {
      if constexpr (requires { int(Chosen::type::order); })
        return int(Chosen::type::order);
      else
        return 4;
    }();
    static constexpr int nodes_a_step = std::max(2, (order + 2) / 2);
    static constexpr int most_a_step = 64;
    static constexpr std::size_t steps_a_panel = detail::KeptPath<Z>::in_chunk;

    double gtol() const {
      if (gtol_ > 0 || !steps_.adaptive()) return gtol_;
      return steps_.adaptive()->rtol > 0 ? steps_.adaptive()->rtol : steps_.adaptive()->atol.smallest();
    }

    // What is left of a stretch, panel by panel of some steps each, so that nodes are close where steps are short.
    void integrate(Theta& theta_bar) {
      const std::size_t taken = path_.pieces(0);
      if (theta_bar.size() == 0) return;
      const std::size_t panels = (taken + steps_a_panel - 1) / steps_a_panel;
      for (std::size_t p = 0; p < panels; ++p) add_panel(p * taken / panels, (p + 1) * taken / panels, theta_bar);
    }

    // A panel of some steps by one rule over all of it and one of twice as many nodes (where that is one too, of two), from about as few as
    // were enough for the panel before to two a step; where these do not agree, and of a few steps, step by step.
    void add_panel(std::size_t begin, std::size_t end, Theta& theta_bar) {
      const double tolerance = gtol(), length = static_cast<double>(end - begin);
      const bool is_short = length < 4;
      if (!(tolerance > 0)) return add_steps(nodes_a_step, begin, end, theta_bar);
      if (is_short && unseen_ > 0) {
        --unseen_;
        if (mean_step(begin, end) <= few_up_to_) return add_steps(few_, begin, end, theta_bar);
        if (2 * few_ + 1 > nodes_a_step) return add_steps(nodes_a_step, begin, end, theta_bar);
      }
      if (is_short) {
        // To look at each would cost more than it is worth: where one is as it should be, so are those that follow it.
        add_steps(few_, begin, end, set_zero(coarse_));
      } else {
        const auto nodes = [&](double density) { return std::max(1, static_cast<int>(std::ceil(density * length))); };
        int taken = nodes(density_ / 2);
        add_rule(taken, begin, end, set_zero(coarse_));
        for (;; density_ *= 2) {
          taken = std::max(nodes(density_), taken + 1);  // of a few steps both may be one
          add_rule(taken, begin, end, set_zero(fine_));
          if (agree(tolerance, theta_bar)) {
            if (error_ <= tolerance * tolerance) density_ = std::max(density_ / 2, 0.125);
            return;
          }
          if (density_ >= 2) break;
        }
      }
      if (is_short && few_ + 1 < nodes_a_step) {
        add_steps(few_ + 1, begin, end, set_zero(fine_));
        if (agree(tolerance, theta_bar)) return judge_few(tolerance, mean_step(begin, end));
        look_next_at(nodes_a_step - 1);
      }
      for (int n = nodes_a_step; n <= most_a_step; n *= 2) {
        add_steps(n, begin, end, set_zero(fine_));
        if (agree(tolerance, theta_bar)) {
          if (is_short && n == nodes_a_step) judge_few(tolerance, mean_step(begin, end));
          return;
        }
      }
      theta_bar += coarse_;
    }

    // Up to which length of steps `few_` nodes a step will do, by their difference from one more over steps of length h: the error grows
    // by the power 2 few_. Where that is far beyond h, one node fewer is looked at next, and where it is far below, one more.
    void judge_few(double tolerance, double h) {
      const double reach = std::pow(tolerance * size_of(fine_) / size_of(coarse_), 0.5 / few_);
      few_up_to_ = reach > 0 ? 0.8 * std::min(reach, 5.0) * h : 0;
      unseen_ = 7;
      if (reach > 4 && few_ > 1)
        look_next_at(few_ - 1);
      else if (!(reach > 0.25) && few_ < nodes_a_step - 1)
        look_next_at(few_ + 1);
    }
    void look_next_at(int few) {
      few_ = few;
      few_up_to_ = 0;
      unseen_ = 0;
    }
    double mean_step(std::size_t begin, std::size_t end) const {
      const auto& last = path_.piece(0, end - 1);
      return std::fabs(last.t0 + last.h - path_.piece(0, begin).t0) / static_cast<double>(end - begin);
    }

    // Whether the finer of two results is good enough; it is then added, and else becomes the coarser of the next two. Their difference
    // is the coarser one's error, of which a rule of twice as many nodes leaves the square where the integrand is smooth.
    bool agree(double tolerance, Theta& theta_bar) {
      coarse_ -= fine_;
      const double size = std::max(size_of(fine_), size_of(theta_bar));
      error_ = size > 0 ? std::pow(size_of(coarse_) / size, 1.5) : 0;
      if (!(error_ <= tolerance)) {
        std::swap(coarse_, fine_);
        return false;
      }
      theta_bar += fine_;
      return true;
    }

    void add_steps(int n, std::size_t begin, std::size_t end, Theta& theta) {
      for (std::size_t i = begin; i < end; ++i) add_rule(n, i, i + 1, theta);
    }
    static Theta& set_zero(Theta& theta) {
      theta.setZero();
      return theta;
    }
    static double size_of(const Theta& theta) {
      return static_cast<double>(theta.norm()) / std::sqrt(static_cast<double>(theta.size()));
    }

    // Adds the integral over the steps from begin to end, against their direction, by n nodes.
    void add_rule(int n, std::size_t begin, std::size_t end, Theta& theta) {
      const detail::LegendreRule& rule = rules_(n);
      const double from = path_.piece(0, begin).t0;
      const double length = path_.piece(0, end - 1).t0 + path_.piece(0, end - 1).h - from;
      std::size_t piece = begin;
      for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
        const double t = from + rule.nodes[i] * length;
        piece = path_.find(0, t, piece);
        path_.value(0, piece, t, node_);
        field_.take(node_);
        field_.at().lambda *= detail::scalar<Y>(-length * rule.weights[i]);
        field_.at().scale = -length * rule.weights[i];
        field_.at().add_parameters(t, theta);
      }
    }

    double gtol_;
    std::int64_t reset_every_;
    detail::StepsBack steps_;
    Eigen::Index n_;
    detail::StrayWatch<Y> watch_;
    Field field_;
    Z z_, node_;
    Theta coarse_, fine_;
    double density_ = 2, error_ = 0;  // nodes a step; of the last rule
    int unseen_ = 0;                  // short panels to come that are not looked at
    int few_ = nodes_a_step - 1;      // nodes a step that do for short panels whose steps are no longer than few_up_to_
    double few_up_to_ = 0;
    detail::KeptPath<Z> path_;
    detail::LegendreRules rules_;
    std::int64_t first_ = -1;
    Solver solver_;
  };
};
GaussLegendreAdjoint() -> GaussLegendreAdjoint<>;
template <detail::AdjointOption Option, class... Rest>
GaussLegendreAdjoint(Option, Rest...) -> GaussLegendreAdjoint<>;
template <detail::AdjointSteps Steps, class... Rest>
GaussLegendreAdjoint(Steps, Rest...) -> GaussLegendreAdjoint<ThoseOfTheWayForth, Steps>;
template <detail::MethodBack Method>
GaussLegendreAdjoint(Method) -> GaussLegendreAdjoint<Method>;
template <detail::MethodBack Method, detail::AdjointOption Option, class... Rest>
GaussLegendreAdjoint(Method, Option, Rest...) -> GaussLegendreAdjoint<Method>;
template <detail::MethodBack Method, detail::AdjointSteps Steps, class... Rest>
GaussLegendreAdjoint(Method, Steps, Rest...) -> GaussLegendreAdjoint<Method, Steps>;

}  // namespace antistrophe
