// SPDX-License-Identifier: MIT
// The stepper of two points; method/coupled/two_point.hpp has the formulas.
#pragma once

#include <antistrophe/method/detail/growth.hpp>
#include <antistrophe/method/detail/node_cache.hpp>
#include <antistrophe/method/detail/stored_stepper.hpp>
#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/method/runge_kutta/detail/stability.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>

namespace antistrophe::detail {

// The state at a step's start, and the one before it.
template <class Stored>
struct TwoPoints {
  static constexpr bool of_states = true;
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
        q_(zeros_like(y0)),
        d_bar_(q_),
        first_bar_(q_),
        mirror_first_bar_(q_),
        increment_(numbers_.zeros(y0)),
        mirrored_(increment_),
        next_mirrored_(increment_),
        next_gap_(increment_),
        gap_(increment_),
        shrunk_(increment_),
        y1_(increment_) {
    ahead_.first_is_known = mirror_.first_is_known = shares_first;
  }

  Carry make_carry() const { return {increment_, increment_}; }
  CarryBar make_carry_bar() const { return {zeros_like(q_), zeros_like(q_)}; }

  Outcome start(double, const Y& y0, Carry& carry) {
    forget();
    if (!numbers_.store(y0, carry.y)) return this->classify(y0);
    carry.older = carry.y;
    return Outcome::ok;
  }

  void read(const Carry& carry, Y& y) { y = numbers_.real(carry.y, real_); }

  Outcome attempt(const Step& step, const Carry& carry) {
    completed_ = false;
    if (!increments(step, carry.y, tried_.knows(step.n))) return this->classify();
    tried_.learn(step.n);
    y1_ = carry.y + increment_;
    if (is_first(step)) {
      gap_.setZero();
    } else {
      gap_ = carry.older - carry.y - mirrored_;
      if (!numbers_.gap_in_range(gap_)) return this->left_range(gap_);
      numbers_.shrink(step.n, gap_, shrunk_);
      y1_ += shrunk_;
    }
    return this->holds(y1_) ? Outcome::ok : this->left_range(y1_);
  }

  void proposal(const Step&, const Carry&, Y& y1) { y1 = numbers_.real(y1_, real_); }

  // The error estimates of Ψ_h(t1, y1); evaluates the stages that the increment left out.
  void error(const Step& step, const Carry&, std::array<Y, static_cast<std::size_t>(error_estimates)>& estimates) {
    calls_ += ahead_.complete(this->field_over(step), static_cast<std::size_t>(Tableau::base_stages));
    ahead_.estimate(estimates);
  }

  // The continuous extension y(t1 + σh) = y1 + h Σ ω_i(σ) k_i + σ λ D: y1 at σ = 0, y2 at σ = 1, and between them the base
  // method's.
  void extend(const Step& step, const Carry&, StepPolynomial<Y, dense_degree>& polynomial) {
    calls_ += ahead_.complete(this->field_over(step), ahead_.count);
    ahead_.extend(polynomial);
    if (!is_first(step)) polynomial.coefficients[1] += numbers_.real(shrunk_, real_);
    this->check_inside(polynomial, ahead_);
  }

  double stiffness(const Step&) const { return ahead_.stiffness(); }
  Stability stability() const {
    Stability stability = runge_kutta_stability<Base>();
    stability.parasite_edge = -std::log(numbers_.lambda());
    stability.watches_parasite = true;
    return stability;
  }
  // y2 = (1 + φ(q)) y1 + λ (y0 − (1 + φ(−q)) y1).
  double growth(const ComplexNumber& q) const { return larger_root(both(q), numbers_.lambda()); }
  ComplexNumber multiplier(const ComplexNumber& q) const { return root_near(both(q), numbers_.lambda(), std::exp(q)); }
  // It shows in D.
  const Y& parasite() { return numbers_.real(gap_, real_); }

  // Ψ_{−h}(t2, y2) of the attempted step, which the next one needs, and with it that one's D.
  Outcome complete(const Step& step, const Carry& carry) {
    const Y& at = numbers_.real(y1_, real_);
    if constexpr (shares_first) calls_ += mirror_.evaluate_first(this->field_over(step), step.sees_t1(), at);
    calls_ += mirror_.evaluate(behind(step), step.back(), at, psi_);
    if (!numbers_.store(psi_, next_mirrored_)) return this->classify();
    next_gap_ = carry.y - y1_ - next_mirrored_;
    if (!numbers_.gap_in_range(next_gap_)) return this->left_range(next_gap_);
    completed_ = true;
    return Outcome::ok;
  }
  const Y& next_parasite() { return numbers_.real(next_gap_, real_); }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits& bits) {
    if (!is_first(step)) numbers_.keep(step.n, gap_, bits);
    carry.older.swap(carry.y);
    carry.y = y1_;
    tried_.forget();
    if (completed_) {
      mirrored_.swap(next_mirrored_);
      if constexpr (shares_first) ahead_.k[0] = mirror_.k[0];
      tried_.learn_end(step);
    }
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  // From the carry before the step, whose stages are evaluated again: 2s − 1 evaluations and vjps.
  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    forget();
    attempt(step, before);
    tried_.forget();
    if (!saves.empty()) this->show_inside(*this, step, before);
    pull_back(step, bar, theta_bar, t_bar, saves);
  }

  // The carry after the step becomes the carry before it, cotangents go with it.
  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome != Outcome::ok) return outcome;
    if (!saves.empty()) this->show_inside(*this, step, carry);
    pull_back(step, bar, theta_bar, t_bar, saves);
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

  void forget() { tried_.forget(); }
  void thaw() {
    Common::thaw();
    field_behind_.thaw();
  }

 private:
  using Common::calls_, Common::field_, Common::numbers_, Common::psi_, Common::real_;
  // A field frozen to a step is another one in the step before: there the two first stages differ. So they do where f jumps.
  static constexpr bool shares_first = !Freezable<F>;

  ComplexNumber both(const ComplexNumber& q) const {
    const IncrementPolynomial<Base>& phi = increment_polynomial<Base>();
    return 1.0 + phi(q) - numbers_.lambda() * (1.0 + phi(-q));
  }

  static bool is_first(const Step& step) { return step.n == step.timeline->first(); }
  const Field& behind(const Step& step) { return field_behind_(step.t0, step.t1); }

  // Ψ_h and Ψ_{−h0}, both from y at step.t0. Tried again with another h, a step keeps its first stage and Ψ_{−h0}.
  bool increments(const Step& step, const Stored& y, bool again) {
    const Y& at = numbers_.real(y, real_);
    const Field& field = this->field_over(step);
    if (shares_first && !again) {
      tried_.forget();
      calls_ += ahead_.evaluate_first(field, step.sees_t0(), at);
    }
    calls_ += ahead_.evaluate(field, step.forth(), at, psi_);
    if (!numbers_.store(psi_, increment_)) return false;
    if (again || is_first(step)) return true;
    const Step before = step.step_before();
    if constexpr (shares_first) {
      if (step.begins_at_jump())
        calls_ += mirror_.evaluate_first(behind(before), before.sees_t1(), at);
      else
        mirror_.k[0] = ahead_.k[0];
    }
    calls_ += mirror_.evaluate(behind(before), before.back(), at, psi_);
    return numbers_.store(psi_, mirrored_);
  }

  // With (p, q) the cotangents of (y1, y2) and D̄ = λ q:
  //   ȳ0 = D̄,   ȳ1 = p + q − D̄ + J[Ψ_h]ᵀ q − J[Ψ_{−h0}]ᵀ D̄,
  // the two k̄_1 added before their one vjp; a value saved inside the step adds κ_i += hω_i(σ) w, ȳ1 += w, D̄ += σλ w.
  void pull_back(const Step& step, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const auto lambda = scalar<Y>(numbers_.lambda());
    const bool first = is_first(step);
    const Field& field = this->field_over(step);
    assign(q_, bar.y);
    assign(d_bar_, lambda * bar.y);
    assign(bar.y, bar.y + bar.older);
    assign(first_bar_, Y::Zero(q_.rows(), q_.cols()));
    if constexpr (shares_first)
      calls_ += ahead_.pull_back_to_first(field, q_, {bar.y, theta_bar, t_bar.t0, t_bar.t1}, first_bar_, saves);
    else
      calls_ += ahead_.pull_back(field, q_, {bar.y, theta_bar, t_bar.t0, t_bar.t1}, saves);
    for (const auto& [sigma, w] : saves) {
      bar.y += *w;
      if (!first) d_bar_ += scalar<Y>(sigma) * lambda * *w;
      if constexpr (Common::with_times) {
        double slope = ahead_.slope_along(*w, sigma);
        if (!first) slope += static_cast<double>(dot(*w, numbers_.real(shrunk_, real_)));
        move_save(slope, sigma, step.h(), t_bar);
      }
    }
    if (first)
      assign(bar.older, Y::Zero(q_.rows(), q_.cols()));
    else
      pull_back_mirror(step, bar, theta_bar, t_bar);
    if constexpr (shares_first)
      calls_ += ahead_.pull_back_first(field, step.sees_t0(), ahead_, first_bar_, bar.y, theta_bar, t_bar.t0);
  }

  // Through D.
  void pull_back_mirror(const Step& step, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar) {
    const Step before = step.step_before();
    const Field& field = behind(before);
    double before_bar = 0;
    assign(bar.older, d_bar_);
    assign(bar.y, bar.y - d_bar_);
    const IncrementBar<Field, Y> increment_bar{bar.y, theta_bar, t_bar.t0, before_bar};
    if constexpr (shares_first) {
      const bool shares = !step.begins_at_jump();
      Y& to_first = shares ? first_bar_ : mirror_first_bar_;
      if (!shares) assign(to_first, Y::Zero(q_.rows(), q_.cols()));
      calls_ += ahead_.pull_back_to_first(field, mirror_, -1, d_bar_, increment_bar, to_first);
      if (!shares)
        calls_ += ahead_.pull_back_first(field, before.sees_t1(), mirror_, to_first, bar.y, theta_bar, t_bar.t0);
    } else
      calls_ += ahead_.pull_back(field, mirror_, -1, d_bar_, increment_bar);
    pull_back_earlier(step, 1, before_bar, t_bar);
  }

  OverStep<F> field_behind_;            // the field of the step before
  Increment<Tableau, Field, Y> ahead_;  // Ψ_h
  Stages<Tableau, Field, Y> mirror_;    // of Ψ_{−h0}
  Y q_, d_bar_, first_bar_, mirror_first_bar_;
  Stored increment_, mirrored_, next_mirrored_, next_gap_, gap_, shrunk_, y1_;
  bool completed_ = false;  // next_… are those of the attempted step
  NodeCache tried_;  // where ahead_ holds the first stage, and mirrored_ is Ψ_{−h0}, of a step that is tried again
};

}  // namespace antistrophe::detail
