// Explicit Runge–Kutta methods: y1 = y0 + Ψ_h(t0, y0). RungeKutta<Tableau>, with the usual names as aliases.
#pragma once

#include <antistrophe/stepper/increment.hpp>
#include <antistrophe/stepper/stepper.hpp>
#include <antistrophe/tableau/all.hpp>

#include <array>
#include <span>
#include <string>
#include <tuple>

namespace antistrophe {

namespace detail {

// A carry of one array.
template <class Held>
struct Single {
  Held y;
  auto parts() { return std::tie(y); }
  auto parts() const { return std::tie(y); }
};

template <class Tableau, class F, State Y>
class RungeKuttaStepper {
 public:
  using State = Y;
  using Field = typename OverStep<F>::Field;
  using Theta = Parameters<Field, Y>;
  using Carry = Single<Y>;
  using CarryBar = Single<Y>;
  static constexpr Reversibility reversibility = Reversibility::no;
  static constexpr int error_estimates = Tableau::error_estimates;
  static constexpr int evaluations_per_step = tableau::increment_stages<Tableau>;

  template <class Method>
  RungeKuttaStepper(const Method&, const F& field, const Y& y0)
      : field_(field), stages_(field_.empty_tape(y0), y0), bar_(y0), psi_(zeros_like(y0)), y1_(psi_) {}

  Carry make_carry() const { return {zeros_like(y1_)}; }
  CarryBar make_carry_bar() const { return {zeros_like(y1_)}; }

  Outcome start(double, const Y& y0, Carry& carry) {
    forget();
    carry.y = y0;
    return Outcome::ok;
  }
  void read(const Carry& carry, Y& y) const { y = carry.y; }

  // A stage that is known is not evaluated again: the first, if this step is tried anew with another h, or if the step
  // before left its last one (first same as last). A field frozen to a step knows nothing of the step before.
  Outcome attempt(const Step& step, const Carry& carry) {
    const Field& field = field_(step.t0, step.t1);
    stages_.first_is_known = first_known_for_ == step.n && !Freezable<F>;
    calls_.evaluations += evaluations_per_step - (stages_.first_is_known ? 1 : 0);
    evaluate_increment<Tableau>(field, step.t0, step.t1, carry.y, stages_, psi_);
    stages_.first_is_known = false;
    first_known_for_ = step.n;
    last_known_ = false;
    assign(y1_, carry.y + psi_);
    return all_finite(y1_) ? Outcome::ok : Outcome::not_finite;
  }

  void proposal(const Step&, const Carry&, Y& y1) const { y1 = y1_; }

  // The tableau's error estimates h Σ e_i k_i of the attempted step; evaluates the stages that the increment left out.
  void error(const Step& step, const Carry& carry, std::array<Y, static_cast<std::size_t>(error_estimates)>& estimates) {
    const Field& field = field_(step.t0, step.t1);
    evaluate_rest<Tableau>(field, step.t0, step.t1, carry.y, stages_);
    constexpr std::size_t all = Stages<Tableau, Field, Y>::count;
    calls_.evaluations += static_cast<std::int64_t>(all) - evaluations_per_step;
    last_known_ = true;
    using Real = Work<Y>;
    [&]<std::size_t... E>(std::index_sequence<E...>) {
      (weighted_sum<weights_error<Tableau, Real, E>, 0, all, typename Y::Scalar>(
           static_cast<Real>(step.h()), stages_.k, estimates[E]),
       ...);
    }(std::make_index_sequence<static_cast<std::size_t>(error_estimates)>{});
  }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits&) {
    carry.y = y1_;
    if constexpr (Tableau::fsal) {
      if (last_known_ || Stages<Tableau, Field, Y>::used == Stages<Tableau, Field, Y>::count) {
        std::swap(stages_.k.front(), stages_.k.back());
        std::swap(stages_.tape.front(), stages_.tape.back());
        first_known_for_ = step.n + 1;
        return Outcome::ok;
      }
    }
    first_known_for_ = none;
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& carry_bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>>) {
    const Field& field = field_(step.t0, step.t1);
    forget();
    evaluate_increment<Tableau>(field, step.t0, step.t1, before.y, stages_, psi_);
    pull_back_increment<Tableau>(field, step.t0, step.t1, stages_, 1, carry_bar.y, bar_, carry_bar.y, theta_bar, t_bar.t0,
                                 t_bar.t1);
    calls_.evaluations += evaluations_per_step;
    calls_.vjps += evaluations_per_step;
  }

  void finish(double, const Carry&, CarryBar& carry_bar, Y& y0_bar, Theta&, TimeCotangents&) const {
    y0_bar = carry_bar.y;
  }

  void forget() {
    first_known_for_ = none;
    stages_.first_is_known = false;
  }

  Blame blame() const {
    const Eigen::Index i = first_not_finite(y1_);
    return {i, "the step's end is not finite: the field returned NaN or infinity or left an entry of dy unwritten, or the step is too long"};
  }
  Calls calls() const { return calls_; }

 private:
  static constexpr std::int64_t none = -1;

  OverStep<F> field_;
  Stages<Tableau, Field, Y> stages_;
  StageCotangents<Tableau, Field, Y> bar_;
  Y psi_, y1_;
  std::int64_t first_known_for_ = none;
  bool last_known_ = false;
  Calls calls_;
};

}  // namespace detail

// The explicit Runge–Kutta method of a tableau. Not reversible; gradients by DirectAdjoint.
template <class Tableau>
struct RungeKutta {
  static_assert(tableau::require_tableau<Tableau>());
  using TableauType = Tableau;
  static constexpr int order = Tableau::order;

  template <class F, State Y>
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

}  // namespace antistrophe
