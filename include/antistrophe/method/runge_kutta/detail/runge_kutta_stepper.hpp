// SPDX-License-Identifier: MIT
// The stepper of an explicit Runge–Kutta method: y1 = y0 + Ψ_h(t0, y0).
#pragma once

#include <antistrophe/method/detail/field_stepper.hpp>
#include <antistrophe/method/detail/node_cache.hpp>
#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/method/runge_kutta/detail/runge_kutta_stride.hpp>
#include <antistrophe/method/runge_kutta/detail/stability.hpp>
#include <antistrophe/method/runge_kutta/tableau/dense.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

template <class Base, class F, EigenState Y>
class RungeKuttaStepper : public FieldStepper<F, Y> {
  using Common = FieldStepper<F, Y>;

 protected:
  using Tableau = tableau::Extended<Base>;  // with the stages of its dense output

 public:
  using typename Common::Field, typename Common::Theta;
  using Carry = Single<Y>;
  using CarryBar = Single<Y>;
  static constexpr Reversibility reversibility = Reversibility::no;
  static constexpr int error_estimates = Tableau::error_estimates;
  static constexpr int error_order = error_order_of<Tableau>;
  static constexpr int dense_degree = Tableau::dense_degree;
  static constexpr bool within_step = true;
  // Where an increment is so short that what a step does beside it counts.
  static constexpr bool strides_over_states = fits_registers<Y> && std::is_empty_v<Tape<F, Y>> && !Freezable<F> &&
                                              !Base::fsal && tableau::increment_stages<Tableau> <= 4;

  template <class Method>
  RungeKuttaStepper(const Method&, const F& field, const Y& y0)
      : Common(field), increment_(field_.empty_tape(y0), y0), psi_(zeros_like(y0)), y1_(psi_) {}

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
    if constexpr (strides_over_states)
      if (failed_.knows(step.n)) [[unlikely]]
        return failed_in_stride();
    increment_.first_is_known = first_stage_.knows(step.n) && !Freezable<F>;
    advance(step, carry);
    first_stage_.learn(step.n);
    return finite_end();
  }

  void proposal(const Step&, const Carry&, Y& y1) const { copy(y1_, y1); }

  // The tableau's error estimates h Σ e_i k_i of the attempted step; evaluates the stages that the increment left out.
  void error(const Step& step, const Carry&, std::array<Y, static_cast<std::size_t>(error_estimates)>& estimates) {
    complete(step, static_cast<std::size_t>(Tableau::base_stages));
    increment_.estimate(estimates);
  }

  // The continuous extension of the attempted step, before it is committed.
  void extend(const Step& step, const Carry&, StepPolynomial<Y, dense_degree>& polynomial) {
    complete(step, StagesOf::count);
    increment_.extend(polynomial);
    this->check_inside(polynomial, increment_);
  }

  double stiffness(const Step&) const { return increment_.stiffness(); }
  Stability stability() const { return runge_kutta_stability<Base>(); }
  ComplexNumber multiplier(const ComplexNumber& q) const { return 1.0 + increment_polynomial<Base>()(q); }
  double growth(const ComplexNumber& q) const { return std::abs(multiplier(q)); }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits&) {
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      carry.y.swap(y1_);  // of which nothing is asked any more
    else
      copy(y1_, carry.y);
    end_.learn(step.n + 1);
    first_stage_.forget();
    if constexpr (Base::fsal) {
      if (increment_.known() > last) {
        increment_.end_becomes_first(last);
        first_stage_.learn_end(step);
      }
    }
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  // --- Stages kept for the way back: KeepsStages ---

  using Kept = KeptStages<Tableau, Field, Y>;
  static constexpr bool keeps_stages = tape_is_kept<Tape<Field, Y>>;
  // Whether they are worth it where nobody said so: a field that keeps a tape is dear to evaluate.
  static constexpr bool worth_keeping = keeps_stages && !std::is_empty_v<Tape<Field, Y>>;

  Kept make_kept() const { return {field_.empty_tape(y1_), y1_}; }
  // Those of the step that is about to be committed, which still has what the next step takes of them.
  void set_aside(Kept& kept) { increment_.set_aside(kept, y1_); }
  // The step that is pulled back next takes them in the place of its own.
  void take_up(Kept& kept) { kept_ = &kept; }

  // The first stage is evaluated anew: on the way back no step knows another's, so that all cost the same. Of stages that were
  // kept none is, unless more are asked for than a step without saves has.
  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    forget();
    Kept* const kept = saves.empty() ? std::exchange(kept_, nullptr) : nullptr;
    if (kept != nullptr)
      increment_.exchange(*kept, before.y);
    else
      advance(step, before);
    if (!saves.empty()) {
      complete(step, StagesOf::count);
      this->show_inside(*this, step, before);
    }
    calls_ += increment_.pull_back(this->field_over(step), bar.y, {bar.y, theta_bar, t_bar.t0, t_bar.t1}, saves);
    if (kept != nullptr) increment_.exchange(*kept, before.y);
    kept_ = nullptr;
    for (const auto& [sigma, w] : saves) {
      bar.y += *w;
      if constexpr (Common::with_times) move_save(increment_.slope_along(*w, sigma), sigma, step.h(), t_bar);
    }
  }

  // See stepper/strides.hpp.
  template <class States>
  std::int64_t stride(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, States& states)
    requires strides_over_states
  {
    if (i >= end || timeline.has_jumps() || failed_.knows(timeline.first() + i)) return 0;
    forget();
    RungeKuttaStride<Tableau, Field, Y> row(field_(0, 0), increment_);
    const std::int64_t count = row.forth(timeline, i, end, carry.y, y1_, states);
    calls_.evaluations += used * count;
    if (i + count < end) failed_.learn(timeline.first() + i + count);
    return count;
  }
  template <class States>
  std::int64_t stride_back(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, CarryBar& bar,
                           Theta& theta_bar, EvenTimes& t_bar, States& states)
    requires strides_over_states
  {
    if (i <= end || timeline.has_jumps()) return 0;
    forget();
    RungeKuttaStride<Tableau, Field, Y> row(field_(0, 0), increment_);
    row.back(timeline, i, end, carry.y, bar.y, theta_bar, t_bar, states);
    calls_ += {used * (i - end), used * (i - end)};
    return i - end;
  }

  void finish(double, const Carry&, CarryBar& carry_bar, Y& y0_bar, Theta&, TimeCotangents&) const {
    y0_bar = carry_bar.y;
  }

  void forget() {
    failed_.forget();
    first_stage_.forget();
    end_.forget();
    increment_.first_is_known = false;
  }
  // Bytes that another stepper like this one would take of the heap.
  std::size_t workspace() const {
    std::size_t sum = 0;
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      sum += (4 * StagesOf::count + 3) * static_cast<std::size_t>(y1_.size()) * sizeof(typename Y::Scalar);
    if constexpr (requires { increment_.tape[0].bytes(); }) sum += StagesOf::count * increment_.tape[0].bytes();
    return sum;
  }
  // Whether the first stage of a step is known before it is attempted.
  bool knows_first_stage(const Step& step) const { return first_stage_.knows(step.n) && !Freezable<F>; }

 protected:
  using StagesOf = Stages<Tableau, Field, Y>;
  using Common::calls_, Common::failure_, Common::field_;

  Outcome finite_end() { return all_finite(y1_) ? Outcome::ok : end_is_not_finite(); }
  ANTISTROPHE_COLD Outcome end_is_not_finite() {
    failure_ = {first_not_finite(y1_), not_finite_end};
    return Outcome::not_finite;
  }

  // What f gave is not asked of it again.
  ANTISTROPHE_COLD Outcome failed_in_stride() {
    failed_.forget();
    calls_.evaluations += used;
    return end_is_not_finite();
  }

  Increment<Tableau, Field, Y> increment_;
  Y psi_;
  // What fits registers is in one line of the cache, so that a store is not waited for.
  alignas(fits_registers<Y> ? std::max<std::size_t>(32, alignof(Y)) : alignof(Y)) Y y1_;

 private:
  static constexpr auto used = static_cast<std::int64_t>(tableau::increment_stages<Tableau>);
  static constexpr auto last = static_cast<std::size_t>(Base::stages) - 1;  // the next step's first, of an fsal method

  // y1 and the stages that it takes; the first of a method whose steps share stages is evaluated by itself.
  void advance(const Step& step, const Carry& carry) {
    const Field& field = this->field_over(step);
    if constexpr (Base::fsal) {
      if (!increment_.first_is_known) calls_ += increment_.evaluate_first(field, step.sees_t0(), carry.y);
    }
    // The end of the step before is the carry, and nearer by a store and a load, on which the whole step waits.
    const bool from_end = fits_registers<Y> && end_.knows(step.n);
    end_.forget();
    calls_ += increment_.evaluate_end(field, step.forth(), from_end ? y1_ : carry.y, y1_);
    increment_.first_is_known = false;
  }

  // Evaluates what stages of the attempted step are missing, up to the first `needed`.
  void complete(const Step& step, std::size_t needed) {
    const Field& field = this->field_over(step);
    if (Base::fsal && increment_.known() == last && needed > last) calls_ += increment_.complete_end(field, y1_, last);
    calls_ += increment_.complete(field, needed);
  }

  NodeCache failed_;  // where the step begins whose end a stride found not finite
  NodeCache first_stage_;
  NodeCache end_;  // the node of which y1_ is the carry
  Kept* kept_ = nullptr;
};

}  // namespace antistrophe::detail
