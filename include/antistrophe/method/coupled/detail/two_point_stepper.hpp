// The stepper of two points; method/coupled/two_point.hpp has the formulas.
#pragma once

#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/method/detail/stored_stepper.hpp>
#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/method/runge_kutta/detail/runge_kutta_stepper.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <tuple>

namespace antistrophe::detail {

// The state at a step's start, and the one before it.
template <class Stored>
struct TwoPoints {
  Stored older, y;
  auto parts() { return std::tie(y, older); }
  auto parts() const { return std::tie(y, older); }
};

template <class Base, class Arithmetic, class F, EigenState Y>
class TwoPointStepper : public StoredStepper<Arithmetic, F, Y> {
  using Common = StoredStepper<Arithmetic, F, Y>;
  using Tableau = tableau::Extended<Base>;  // with the stages of its dense output

 public:
  using typename Common::Field, typename Common::Stored, typename Common::Numbers, typename Common::Theta;
  using Carry = TwoPoints<Stored>;
  using CarryBar = TwoPoints<Y>;
  static constexpr int error_estimates = Tableau::error_estimates;
  static constexpr int error_order = error_order_of<Tableau>;
  static constexpr int dense_degree = Tableau::dense_degree;

  template <class Method>
  TwoPointStepper(const Method& method, const F& field, const Y& y0)
      : Common(field, method.lambda, method_resolution(method), y0),
        field_behind_(field),
        ahead_(field_.empty_tape(y0), y0),
        mirror_(ahead_),
        bar_(y0),
        q_(zeros_like(y0)),
        d_bar_(q_),
        first_bar_(q_),
        increment_(numbers_.zeros(y0)),
        mirrored_(increment_),
        gap_(increment_),
        shrunk_(increment_),
        y1_(increment_) {
    ahead_.first_is_known = mirror_.first_is_known = shares_first;
  }

  Carry make_carry() const { return {increment_, increment_}; }
  CarryBar make_carry_bar() const { return {zeros_like(q_), zeros_like(q_)}; }

  Outcome start(double, const Y& y0, Carry& carry) {
    forget();
    psi_ = y0;
    if (!numbers_.store(y0, carry.y)) return this->classify();
    carry.older = carry.y;
    return Outcome::ok;
  }

  void read(const Carry& carry, Y& y) { y = numbers_.real(carry.y, real_); }

  Outcome attempt(const Step& step, const Carry& carry) {
    if (!increments(step, carry.y, tried_ == step.n)) return this->classify();
    tried_ = step.n;
    y1_ = carry.y + increment_;
    if (!is_first(step)) {
      gap_ = carry.older - carry.y - mirrored_;
      if (!numbers_.gap_in_range(gap_)) return this->left_range(gap_);
      numbers_.shrink(step.n, gap_, shrunk_);
      y1_ += shrunk_;
    }
    return this->holds(y1_) ? Outcome::ok : this->left_range(y1_);
  }

  void proposal(const Step&, const Carry&, Y& y1) { y1 = numbers_.real(y1_, real_); }

  // The error estimates of Ψ_h(t1, y1); evaluates the stages that the increment left out.
  void error(const Step& step, const Carry& carry,
             std::array<Y, static_cast<std::size_t>(error_estimates)>& estimates) {
    complete(step, carry.y, static_cast<std::size_t>(Tableau::base_stages));
    estimate_errors(step.h(), ahead_, estimates);
  }

  // The continuous extension y(t1 + σh) = y1 + h Σ ω_i(σ) k_i + σ λ D: y1 at σ = 0, y2 at σ = 1, and between them the base
  // method's.
  void extend(const Step& step, const Carry& carry, StepPolynomial<Y, dense_degree>& polynomial) {
    complete(step, carry.y, StagesOf::count);
    extend_stages<Tableau>(step.h(), numbers_.real(carry.y, real_), ahead_, polynomial);
    if (!is_first(step)) polynomial.coefficients[1] += numbers_.real(shrunk_, real_);
  }

  double stiffness(const Step& step) const { return stiffness_of<Tableau>(step.h(), ahead_); }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits& bits) {
    if (!is_first(step)) numbers_.keep(step.n, gap_, bits);
    carry.older.swap(carry.y);
    carry.y = y1_;
    tried_ = none;
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  // From the carry before the step, whose stages are evaluated again: 2s − 1 evaluations and vjps.
  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    forget();
    attempt(step, before);
    tried_ = none;
    pull_back(step, before.y, bar, theta_bar, t_bar, saves);
  }

  // The carry after the step becomes the carry before it, cotangents go with it.
  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome == Outcome::ok) pull_back(step, carry.y, bar, theta_bar, t_bar, saves);
    return outcome;
  }

  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& carry, Cursor& bits) {
    forget();
    if (!increments(step, carry.older, false)) return this->classify();
    shrunk_ = carry.y - carry.older - increment_;
    carry.y = carry.older;
    if (is_first(step)) {
      // Nothing is left over, in exact arithmetic, unless the field has changed: then the start is missed.
      if constexpr (Numbers::exact) carry.y += shrunk_;
      return Outcome::ok;
    }
    gap_ = shrunk_;
    numbers_.grow(step.n, gap_, bits);
    if (!numbers_.gap_in_range(gap_)) return this->left_range(gap_);
    carry.older += mirrored_ + gap_;
    return this->holds(carry.older) ? Outcome::ok : this->left_range(carry.older);
  }

  // Before the first step both points are y0.
  void finish(double, const Carry&, CarryBar& bar, Y& y0_bar, Theta&, TimeCotangents&) const {
    y0_bar = bar.y + bar.older;
  }

  static bool same(const Carry& a, const Carry& b) {
    return Numbers::same(a.y, b.y) && Numbers::same(a.older, b.older);
  }

  void forget() { tried_ = none; }

 private:
  using StagesOf = Stages<Tableau, Field, Y>;
  using Common::calls_, Common::field_, Common::numbers_, Common::psi_, Common::real_;
  // A field frozen to a step is another one in the step before: there the two first stages differ.
  static constexpr bool shares_first = !Freezable<F>;
  static constexpr int evaluations_per_increment = tableau::increment_stages<Tableau>;
  static constexpr std::int64_t none = -1;

  static bool is_first(const Step& step) { return step.n == step.timeline->first(); }

  // Ψ_h and Ψ_{−h0}, both from y at step.t0. Tried again with another h, a step keeps its first stage and Ψ_{−h0}.
  bool increments(const Step& step, const Stored& y, bool again) {
    const Y& at = numbers_.real(y, real_);
    const Field& field = field_(step.t0, step.t1);
    if (shares_first && !again) {
      tried_ = none;
      evaluate_alone<Field, Y>(field, step.t0, at, ahead_.k[0], ahead_.tape[0]);
      ++calls_.evaluations;
    }
    constexpr int each = evaluations_per_increment - (shares_first ? 1 : 0);
    evaluate_increment<Tableau>(field, step.t0, step.t1, at, ahead_, psi_);
    calls_.evaluations += each;
    known_stages_ = StagesOf::used;
    if (!numbers_.store(psi_, increment_)) return false;
    if (again || is_first(step)) return true;
    const double before = step.earlier(1);
    if constexpr (shares_first) mirror_.k[0] = ahead_.k[0];
    evaluate_increment<Tableau>(field_behind_(before, step.t0), step.t0, before, at, mirror_, psi_);
    calls_.evaluations += each;
    return numbers_.store(psi_, mirrored_);
  }

  // Evaluates what stages of Ψ_h are missing, up to the first `needed`.
  void complete(const Step& step, const Stored& y, std::size_t needed) {
    if (known_stages_ >= needed) return;
    evaluate_rest<Tableau>(field_(step.t0, step.t1), step.t0, step.t1, numbers_.real(y, real_), ahead_, known_stages_,
                           needed);
    calls_.evaluations += static_cast<std::int64_t>(needed - known_stages_);
    known_stages_ = needed;
  }

  // With (p, q) the cotangents of (y1, y2) and D̄ = λ q:
  //   ȳ0 = D̄,   ȳ1 = p + q − D̄ + J[Ψ_h]ᵀ q − J[Ψ_{−h0}]ᵀ D̄,
  // the two k̄_1 added before their one vjp; a value saved inside the step adds κ_i += hω_i(σ) w, ȳ1 += w, D̄ += σλ w.
  void pull_back(const Step& step, const Stored& y, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const auto lambda = scalar<Y>(numbers_.lambda());
    const bool first = is_first(step);
    const Field& field = field_(step.t0, step.t1);
    assign(q_, bar.y);
    assign(d_bar_, lambda * bar.y);
    assign(bar.y, bar.y + bar.older);
    assign(first_bar_, Y::Zero(q_.rows(), q_.cols()));
    calls_.vjps += evaluations_per_increment;
    if (saves.empty()) {
      through<false>(field, step, step.t1, ahead_, 1, q_, bar.y, theta_bar, t_bar.t0, t_bar.t1);
    } else {
      calls_.vjps += static_cast<std::int64_t>(StagesOf::count - StagesOf::used);
      complete(step, y, StagesOf::count);
      gather_saves<Tableau>(step.h(), saves, bar_);
      through<true>(field, step, step.t1, ahead_, 1, q_, bar.y, theta_bar, t_bar.t0, t_bar.t1);
      for (const auto& [sigma, w] : saves) {
        bar.y += *w;
        if (!first) d_bar_ += scalar<Y>(sigma) * lambda * *w;
        if constexpr (TimeDifferentiable<F, Y> && is_real_scalar<typename Y::Scalar>) {
          double slope = slope_of_save<Tableau>(step.h(), sigma, *w, ahead_);
          if (!first) slope += static_cast<double>(dot(*w, numbers_.real(shrunk_, real_)));
          move_save(slope, sigma, step.h(), t_bar);
        }
      }
    }
    if (first) {
      assign(bar.older, Y::Zero(q_.rows(), q_.cols()));
    } else {
      const double before = step.earlier(1);
      double before_bar = 0;
      assign(bar.older, d_bar_);
      assign(bar.y, bar.y - d_bar_);
      calls_.vjps += evaluations_per_increment - (shares_first ? 1 : 0);
      through<false>(field_behind_(before, step.t0), step, before, mirror_, -1, d_bar_, bar.y, theta_bar, t_bar.t0,
                     before_bar);
      pull_back_earlier(step, 1, before_bar, t_bar);
    }
    if constexpr (shares_first)
      pull_back_first<Tableau>(field, step.t0, ahead_, first_bar_, bar.y, theta_bar, t_bar.t0);
  }

  // Through an increment from step.t0 to `to`, all of it or short of the first stage.
  template <bool WithKappa>
  void through(const Field& field, const Step& step, double to, const StagesOf& stages, int sign, const Y& w, Y& y_bar,
               Theta& theta_bar, double& from_bar, double& to_bar) {
    if constexpr (shares_first)
      pull_back_to_first<Tableau, WithKappa>(field, step.t0, to, stages, sign, w, bar_, y_bar, first_bar_, theta_bar,
                                             from_bar, to_bar);
    else
      pull_back_increment<Tableau, WithKappa>(field, step.t0, to, stages, sign, w, bar_, y_bar, theta_bar, from_bar,
                                              to_bar);
  }

  OverStep<F> field_behind_;  // the field of the step before
  StagesOf ahead_, mirror_;   // of Ψ_h and of Ψ_{−h0}
  StageCotangents<Tableau, Field, Y> bar_;
  Y q_, d_bar_, first_bar_;
  Stored increment_, mirrored_, gap_, shrunk_, y1_;
  std::size_t known_stages_ = StagesOf::used;
  std::int64_t tried_ = none;
};

}  // namespace antistrophe::detail
