// The stepper of an explicit Runge–Kutta method: y1 = y0 + Ψ_h(t0, y0).
#pragma once

#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/method/runge_kutta/tableau/dense.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <span>
#include <string>
#include <tuple>

namespace antistrophe::detail {

// The order in h of the error that a tableau estimates in a step: one above its embedded method's. Of two estimates, of
// orders p > q, Hairer's combination has 2p − q (8 for Dop853). 0 without one.
template <class Tableau>
inline constexpr int error_order_of = [] {
  if constexpr (Tableau::error_estimates == 0)
    return 0;
  else if constexpr (Tableau::error_estimates == 1)
    return Tableau::embedded_order[0] + 1;
  else
    return 2 * (Tableau::embedded_order[0] + 1) - (Tableau::embedded_order[1] + 1);
}();

// A time saved at stays where it is while the step's ends move under it: σ = (t − t0)/h. `slope` is what σ is told.
inline void move_save(double slope, double sigma, double h, TimeCotangents& t_bar) {
  t_bar.t0 -= slope * (1 - sigma) / h;
  t_bar.t1 -= slope * sigma / h;
}

// A carry of one array.
template <class Stored>
struct Single {
  Stored y;
  auto parts() { return std::tie(y); }
  auto parts() const { return std::tie(y); }
};

template <class Base, class F, EigenState Y>
class RungeKuttaStepper {
 protected:
  using Tableau = tableau::Extended<Base>;  // with the stages of its dense output

 public:
  using State = Y;
  using Field = typename OverStep<F>::Field;
  using Theta = Parameters<Field, Y>;
  using Carry = Single<Y>;
  using CarryBar = Single<Y>;
  static constexpr Reversibility reversibility = Reversibility::no;
  static constexpr int error_estimates = Tableau::error_estimates;
  static constexpr int error_order = error_order_of<Tableau>;
  static constexpr int dense_degree = Tableau::dense_degree;
  static constexpr int evaluations_per_step = tableau::increment_stages<Tableau>;

  template <class Method>
  RungeKuttaStepper(const Method&, const F& field, const Y& y0)
      : field_(field), stages_(field_.empty_tape(y0), y0), psi_(zeros_like(y0)), y1_(psi_), bar_(y0) {}

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
    know_first(field, step, carry);
    evaluate_increment<Tableau>(field, step.t0, step.t1, carry.y, stages_, psi_);
    stages_.first_is_known = false;
    first_known_for_ = step.n;
    known_stages_ = StagesOf::used;
    assign(y1_, carry.y + psi_);
    return all_finite(y1_) ? Outcome::ok : Outcome::not_finite;
  }

  void proposal(const Step&, const Carry&, Y& y1) const { y1 = y1_; }

  // The tableau's error estimates h Σ e_i k_i of the attempted step; evaluates the stages that the increment left out.
  void error(const Step& step, const Carry& carry,
             std::array<Y, static_cast<std::size_t>(error_estimates)>& estimates) {
    const Field& field = field_(step.t0, step.t1);
    complete(field, step, carry, static_cast<std::size_t>(Tableau::base_stages));
    estimate_errors(step.h(), stages_, estimates);
  }

  // The continuous extension of the attempted step, before it is committed.
  void extend(const Step& step, const Carry& carry, StepPolynomial<Y, dense_degree>& polynomial) {
    complete(field_(step.t0, step.t1), step, carry, StagesOf::count);
    extend_stages<Tableau>(step.h(), carry.y, stages_, polynomial);
  }

  double stiffness(const Step& step) const { return stiffness_of<Tableau>(step.h(), stages_); }

  void slope(double t, const Y& y, Y& dy) {
    const Field& field = field_(t, t);
    auto tape = field_.empty_tape(y);
    evaluate<Field, Y>(field, t, y, dy, tape);
    ++calls_.evaluations;
  }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits&) {
    carry.y = y1_;
    if constexpr (Base::fsal) {
      constexpr auto last = static_cast<std::size_t>(Base::stages) - 1;
      if (known_stages_ > last) {
        std::swap(stages_.k.front(), stages_.k[last]);
        std::swap(stages_.tape.front(), stages_.tape[last]);
        first_known_for_ = step.n + 1;
        return Outcome::ok;
      }
    }
    first_known_for_ = none;
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& carry_bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    const Field& field = field_(step.t0, step.t1);
    forget();
    know_first(field, step, before);
    evaluate_increment<Tableau>(field, step.t0, step.t1, before.y, stages_, psi_);
    stages_.first_is_known = false;
    assign(y1_, before.y + psi_);
    known_stages_ = StagesOf::used;
    calls_.evaluations += evaluations_per_step;
    calls_.vjps += evaluations_per_step;
    if (saves.empty()) {
      pull_back_increment<Tableau>(field, step.t0, step.t1, stages_, 1, carry_bar.y, bar_, carry_bar.y, theta_bar,
                                   t_bar.t0, t_bar.t1);
      return;
    }
    calls_.vjps += static_cast<std::int64_t>(StagesOf::count - StagesOf::used);
    complete(field, step, before, StagesOf::count);
    gather_saves<Tableau>(step.h(), saves, bar_);
    pull_back_increment<Tableau, true>(field, step.t0, step.t1, stages_, 1, carry_bar.y, bar_, carry_bar.y, theta_bar,
                                       t_bar.t0, t_bar.t1);
    for (const SavedInside<Y>& save : saves) {
      carry_bar.y += *save.w;
      if constexpr (TimeDifferentiable<F, Y> && is_real_scalar<typename Y::Scalar>)
        move_save(slope_of_save<Tableau>(step.h(), save.sigma, *save.w, stages_), save.sigma, step.h(), t_bar);
    }
  }

  void finish(double, const Carry&, CarryBar& carry_bar, Y& y0_bar, Theta&, TimeCotangents&) const {
    y0_bar = carry_bar.y;
  }

  void forget() {
    first_known_for_ = none;
    stages_.first_is_known = false;
  }

  StepFailure step_failure() const {
    const Eigen::Index i = first_not_finite(y1_);
    if (i < 0) return failure_inside(stages_);
    return {i,
            "the step's end is not finite: the field returned NaN or infinity or left an entry of dy unwritten, or the "
            "step is too long"};
  }
  Calls calls() const { return calls_; }

 private:
  using StagesOf = Stages<Tableau, Field, Y>;
  static constexpr std::int64_t none = -1;

  // The first stage of a method whose steps share stages.
  void know_first(const Field& field, const Step& step, const Carry& carry) {
    if constexpr (Base::fsal) {
      if (stages_.first_is_known) return;
      evaluate_alone<Field, Y>(field, step.t0, carry.y, stages_.k[0], stages_.tape[0]);
      stages_.first_is_known = true;
    }
  }

  // Evaluates what stages of the attempted step are missing, up to the first `needed`.
  void complete(const Field& field, const Step& step, const Carry& carry, std::size_t needed) {
    if (known_stages_ >= needed) return;
    constexpr auto last = static_cast<std::size_t>(Base::stages) - 1;
    if (Base::fsal && known_stages_ == last && needed > last) {
      assign(stages_.x[last], y1_);
      evaluate_alone<Field, Y>(field, step.t1, y1_, stages_.k[last], stages_.tape[last]);
      ++known_stages_, ++calls_.evaluations;
      if (known_stages_ >= needed) return;
    }
    evaluate_rest<Tableau>(field, step.t0, step.t1, carry.y, stages_, known_stages_, needed);
    calls_.evaluations += static_cast<std::int64_t>(needed - known_stages_);
    known_stages_ = needed;
  }

 protected:
  OverStep<F> field_;
  StagesOf stages_;
  Y psi_, y1_;
  Calls calls_;

 private:
  StageCotangents<Tableau, Field, Y> bar_;
  std::int64_t first_known_for_ = none;
  std::size_t known_stages_ = StagesOf::used;
};

}  // namespace antistrophe::detail
