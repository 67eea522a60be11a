// SPDX-License-Identifier: MIT
// The stepper of reversible Heun; method/node/reversible_heun.hpp has the formulas.
#pragma once

#include <antistrophe/method/detail/growth.hpp>
#include <antistrophe/method/detail/node_cache.hpp>
#include <antistrophe/method/detail/stored_stepper.hpp>
#include <antistrophe/method/runge_kutta/detail/stages.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cmath>
#include <span>
#include <tuple>
#include <utility>

namespace antistrophe::detail {

template <class Arithmetic, class F, EigenState Y>
class ReversibleHeunStepper : public StoredStepper<Arithmetic, F, Y> {
  using Common = StoredStepper<Arithmetic, F, Y>;
  using Common::calls_, Common::field_, Common::numbers_, Common::psi_, Common::real_, Common::product;

 public:
  using typename Common::Field, typename Common::Stored, typename Common::Numbers, typename Common::Theta;
  struct Carry {
    static constexpr bool of_states = true;
    Stored y, y_hat;
    auto parts() { return std::tie(y, y_hat); }
    auto parts() const { return std::tie(y, y_hat); }
  };
  // f belongs to a node, between two steps: its cotangent waits until both have added to it, for one vjp.
  struct CarryBar {
    Y y, y_hat, f;
    auto parts() { return std::tie(y, y_hat, f); }
    auto parts() const { return std::tie(y, y_hat, f); }
  };
  static constexpr int error_estimates = 1;
  static constexpr int error_order = 2;
  static constexpr int dense_degree = 2;

  template <class Method>
  ReversibleHeunStepper(const Method& method, const F& field, const Y& y0)
      : Common(field, 1, method_resolution(method), y0),
        start_{Y::Constant(y0.rows(), y0.cols(), unwritten<Y>), field_.empty_tape(y0)},
        end_(start_),
        k0_(numbers_.zeros(y0)),
        k1_(k0_),
        y1_(k0_),
        y_hat1_(k0_),
        moved_(k0_),
        gap_(k0_),
        f0_bar_(zeros_like(y0)),
        y0_bar_(f0_bar_) {}

  Carry make_carry() const { return {numbers_.zeros(psi_), numbers_.zeros(psi_)}; }
  CarryBar make_carry_bar() const { return {zeros_like(psi_), zeros_like(psi_), zeros_like(psi_)}; }

  Outcome start(double, const Y& y0, Carry& carry) {
    forget();
    if (!numbers_.store(y0, carry.y)) return this->classify(y0);
    carry.y_hat = carry.y;
    return Outcome::ok;
  }

  void read(const Carry& carry, Y& y) { y = numbers_.real(carry.y, real_); }

  Outcome attempt(const Step& step, const Carry& carry) {
    if (!node_.knows(step.n) || !shares_nodes) evaluate_start(step, carry);
    gap_ = carry.y - carry.y_hat;
    return advance(step, carry, false);
  }

  void proposal(const Step&, const Carry&, Y& y1) { y1 = numbers_.real(y1_, real_); }

  void error(const Step& step, const Carry& carry, std::array<Y, 1>& estimates) {
    estimates[0] = scalar<Y>(step.h() / 2) * (end_.f - start_.f);
    // h‖f1 − f0‖/‖ŷ1 − ŷ0‖, a Lipschitz constant times h.
    const double difference = static_cast<double>((end_.f - start_.f).matrix().norm());
    moved_ = y_hat1_ - carry.y_hat;
    const double distance = static_cast<double>(numbers_.real(moved_, real_).matrix().norm());
    stiffness_ = distance > 0 ? std::fabs(step.h()) * difference / distance : 0;
  }
  double stiffness(const Step&) const { return stiffness_; }
  // y − ŷ goes round −1 where a solution goes round 1: nothing damps it, and where solutions come together it grows.
  Stability stability() const {
    Stability stability;
    stability.parasite_edge = 0;
    return stability;
  }
  // Of (y, ŷ) → ((1 + q)y + q²/2 ŷ, 2y + (q − 1)ŷ).
  double growth(const ComplexNumber& q) const { return larger_root(2.0 * q, 1); }
  const Y& parasite() { return numbers_.real(gap_, real_); }
  Outcome complete(const Step&, const Carry&) const { return Outcome::ok; }
  const Y& next_parasite() {
    moved_ = y1_ - y_hat1_;
    return numbers_.real(moved_, real_);
  }

  void extend(const Step& step, const Carry& carry, StepPolynomial<Y, dense_degree>& polynomial) {
    polynomial.coefficients[0] = numbers_.real(carry.y, real_);
    polynomial.coefficients[1] = scalar<Y>(step.h()) * start_.f;
    polynomial.coefficients[2] = scalar<Y>(step.h() / 2) * (end_.f - start_.f);
  }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits&) {
    carry.y = y1_;
    carry.y_hat = y_hat1_;
    std::swap(start_, end_);
    node_.learn_end(step);
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    const bool knows_end = turn_back(step);
    evaluate_start(step, before);
    advance(step, before, knows_end);
    pull_back(step, before, bar, theta_bar, t_bar, saves);
  }

  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome == Outcome::ok) pull_back(step, carry, bar, theta_bar, t_bar, saves);
    return outcome;
  }

  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& carry, Cursor&) {
    y_hat1_ = carry.y_hat;
    if (!turn_back(step)) evaluate(step, step.sees_t1(), y_hat1_, end_);
    if (!half_slope(step, end_, k1_)) return this->classify();
    carry.y_hat = 2 * carry.y - y_hat1_ - 2 * k1_;
    if (!this->holds(carry.y_hat)) return this->left_range(carry.y_hat);
    evaluate_start(step, carry);
    if (!half_slope(step, start_, k0_)) return this->classify();
    carry.y = carry.y - k0_ - k1_;
    return this->holds(carry.y) ? Outcome::ok : this->left_range(carry.y);
  }

  // What waits for f(t0, y0) is pulled back; ŷ is y there.
  void finish(double t0, const Carry& carry, CarryBar& bar, Y& y0_bar, Theta& theta_bar, TimeCotangents& t_bar) {
    if constexpr (shares_nodes) {
      if (!node_.knows_one()) evaluate_start(Step{0, t0, t0, nullptr}, carry);
      t_bar.t0 += vjp(field_(t0, t0), t0, carry.y_hat, start_, bar.f, bar.y_hat, theta_bar);
    }
    y0_bar = bar.y + bar.y_hat;
    forget();
  }

  static bool same(const Carry& a, const Carry& b) {
    return Numbers::same(a.y, b.y) && Numbers::same(a.y_hat, b.y_hat);
  }

  void forget() { node_.forget(); }

 private:
  // A field frozen to a step has two values at a node, one for each step; and so has one that jumps there.
  static constexpr bool shares_nodes = !Freezable<F>;

  struct Slope {
    Y f;
    Tape<Field, Y> tape;
  };

  void evaluate(const Step& step, double t, const Stored& y_hat, Slope& slope) {
    node_.forget();
    evaluate_alone<Field, Y>(this->field_over(step), t, numbers_.real(y_hat, real_), slope.f, slope.tape);
    ++calls_.evaluations;
  }
  void evaluate_start(const Step& step, const Carry& carry) {
    evaluate(step, step.sees_t0(), carry.y_hat, start_);
    node_.learn(step.n);
  }

  double vjp(const Field& field, double t, const Stored& y_hat, const Slope& slope, const Y& w, Y& y_bar,
             Theta& theta_bar) {
    return Common::vjp(field, t, numbers_.real(y_hat, real_), slope.tape, w, y_bar, theta_bar);
  }

  // K = [h f / 2r]; one product for each entry, which every compiler rounds alike.
  bool half_slope(const Step& step, const Slope& slope, Stored& k) {
    psi_ = scalar<Y>(step.h() / 2) * slope.f;
    return numbers_.store(psi_, k);
  }

  // From f0 on.
  Outcome advance(const Step& step, const Carry& carry, bool knows_end) {
    if (!half_slope(step, start_, k0_)) return this->classify();
    y_hat1_ = 2 * carry.y - carry.y_hat + 2 * k0_;
    if (!this->holds(y_hat1_)) return this->left_range(y_hat1_);
    if (!knows_end) {
      evaluate(step, step.sees_t1(), y_hat1_, end_);
      node_.learn(step.n);
    }
    if (!half_slope(step, end_, k1_)) return this->classify();
    y1_ = carry.y + k0_ + k1_;
    return this->holds(y1_) ? Outcome::ok : this->left_range(y1_);
  }

  // True where f at the step's end is known on the way back.
  bool turn_back(const Step& step) {
    const bool known = shares_nodes && node_.knows_end(step);
    if (known) std::swap(start_, end_);
    node_.forget();
    return known;
  }

  // f̄1 += h ȳ1/2;   ŷ̄1 += J(ŷ1)ᵀ f̄1;   then ȳ0 = ȳ1 + 2 ŷ̄1,   ŷ̄0 = −ŷ̄1,   f̄0 = h ȳ1/2 + h ŷ̄1;
  // a value saved at σ adds ȳ0 += w,   f̄0 += h (σ − σ²/2) w,   f̄1 += h σ²/2 w.
  void pull_back(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const double h = step.h();
    double h_bar = 0;
    if (!saves.empty()) this->show_inside(*this, step, before);
    y0_bar_ = bar.y;
    f0_bar_ = scalar<Y>(h / 2) * bar.y;
    bar.f += f0_bar_;
    for (const auto& [sigma, w] : saves) {
      const double at_end = sigma * sigma / 2, at_start = sigma - at_end;
      y0_bar_ += *w;
      f0_bar_ += scalar<Y>(h * at_start) * *w;
      bar.f += scalar<Y>(h * at_end) * *w;
      const double along_start = product(*w, start_.f), along_end = product(*w, end_.f);
      h_bar += at_start * along_start + at_end * along_end;
      if constexpr (Common::with_times) move_save(h * ((1 - sigma) * along_start + sigma * along_end), sigma, h, t_bar);
    }
    const Field& field = this->field_over(step);
    t_bar.t1 += vjp(field, step.sees_t1(), y_hat1_, end_, bar.f, bar.y_hat, theta_bar);
    h_bar += (product(bar.y, start_.f) + product(bar.y, end_.f)) / 2 + product(bar.y_hat, start_.f);
    bar.f = f0_bar_ + scalar<Y>(h) * bar.y_hat;
    bar.y = y0_bar_ + bar.y_hat + bar.y_hat;
    bar.y_hat = -bar.y_hat;
    t_bar.t0 -= h_bar;
    t_bar.t1 += h_bar;
    if (!shares_nodes || step.begins_at_jump()) {
      t_bar.t0 += vjp(field, step.sees_t0(), before.y_hat, start_, bar.f, bar.y_hat, theta_bar);
      bar.f.setZero();
    }
  }

  Slope start_, end_;  // f at both ends of the step
  NodeCache node_;     // that of start_
  Stored k0_, k1_, y1_, y_hat1_, moved_, gap_;
  Y f0_bar_, y0_bar_;
  double stiffness_ = 0;
};

}  // namespace antistrophe::detail
