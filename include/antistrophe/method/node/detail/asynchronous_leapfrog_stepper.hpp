// SPDX-License-Identifier: MIT
// The stepper of the asynchronous leapfrog; method/node/asynchronous_leapfrog.hpp has the formulas.
#pragma once

#include <antistrophe/method/detail/growth.hpp>
#include <antistrophe/method/detail/raw_bits.hpp>
#include <antistrophe/method/detail/stored_stepper.hpp>
#include <antistrophe/method/runge_kutta/detail/stages.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <stdexcept>
#include <tuple>

namespace antistrophe::detail {

// |1 − 2η|, by which v0 − u shrinks.
template <class Arithmetic>
double leapfrog_factor(double damping) {
  constexpr const char* name = "AsynchronousLeapfrog::damping";
  if (!(damping > 0 && damping <= 1) || damping == 0.5)
    refuse(name, damping, "in (0, 1] and not 1/2, where a step forgets the slope it came with and cannot be gone back");
  const double factor = std::fabs(1 - 2 * damping);
  if constexpr (std::is_same_v<Arithmetic, Exact>) {
    try {
      (void)ExactFactor(factor);
    } catch (const std::invalid_argument&) {
      refuse(name, damping,
             "such that |1 - 2 damping| is 1 - 2^-m or 2^-q with m, q <= 40, as with 1, 3/4, 7/8 or 1/4 (Floating "
             "takes any "
             "in (0, 1] but 1/2)");
    }
  }
  return factor;
}

template <class Arithmetic, class F, EigenState Y>
class AsynchronousLeapfrogStepper : public StoredStepper<Arithmetic, F, Y> {
  using Common = StoredStepper<Arithmetic, F, Y>;
  using Common::calls_, Common::field_, Common::numbers_, Common::psi_, Common::real_;
  using Common::classify, Common::holds, Common::left_range, Common::product;

 public:
  using typename Common::Field, typename Common::Stored, typename Common::Numbers, typename Common::Theta;
  template <class Array>
  struct StateAndSlope {
    Array y, v;
    auto parts() { return std::tie(y, v); }
    auto parts() const { return std::tie(y, v); }
  };
  using Carry = StateAndSlope<Stored>;
  using CarryBar = StateAndSlope<Y>;
  static constexpr int error_estimates = 1;
  static constexpr int error_order = 2;
  static constexpr int dense_degree = 2;

  template <class Method>
  AsynchronousLeapfrogStepper(const Method& method, const F& field, const Y& y0)
      : Common(field, 1, method_resolution(method), y0),
        damping_(method.damping),
        no_slope_(zeros_like(y0)),
        slopes_(leapfrog_factor<Arithmetic>(method.damping), slope_resolution(method), no_slope_),
        tape_(field_.empty_tape(y0)),
        start_tape_(tape_),
        u_(Y::Constant(y0.rows(), y0.cols(), unwritten<Y>)),
        start_slope_(u_),
        v0_(zeros_like(y0)),
        v1_(v0_),
        u_bar_(v0_),
        y0_bar_(v0_),
        v0_bar_(v0_),
        half_step_(numbers_.zeros(y0)),
        k_(half_step_),
        y1_(half_step_),
        stored_u_(half_step_),
        stored_v0_(half_step_),
        gap_(half_step_),
        shrunk_(half_step_),
        stored_v1_(half_step_) {}

  double bit_rate() const { return slopes_.bit_rate(); }
  Resolutions resolutions() const { return {Common::resolution_of(numbers_), Common::resolution_of(slopes_)}; }

  template <class Method>
  void rescale(const Method& method, const Y& y0) {
    Common::rescale(method, y0);
    slopes_ = Numbers(slopes_.lambda(), slope_resolution(method), no_slope_);
  }

  Carry make_carry() const { return {numbers_.zeros(psi_), numbers_.zeros(psi_)}; }
  CarryBar make_carry_bar() const { return {zeros_like(psi_), zeros_like(psi_)}; }

  Outcome start(double t0, const Y& y0, Carry& carry) {
    if (!numbers_.store(y0, carry.y)) return classify(y0);
    evaluate(field_(t0, t0), t0, carry.y);
    return slopes_.store(u_, carry.v) ? Outcome::ok : classify_slope(u_);
  }

  void read(const Carry& carry, Y& y) { y = numbers_.real(carry.y, real_); }

  Outcome attempt(const Step& step, const Carry& carry) {
    const bool anew = begins_anew(step);
    if (anew && !evaluate_start(step, carry.y)) return classify_slope(start_slope_);
    const Stored& stored_v0 = anew ? stored_v0_ : carry.v;
    v0_ = slopes_.real(stored_v0, real_);
    if (!half(step, v0_)) return classify();
    k_ = carry.y + half_step_;
    if (!holds(k_)) return left_range(k_);
    evaluate(this->field_over(step), middle(step), k_);
    if (!slopes_.store(u_, stored_u_)) return classify_slope(u_);
    gap_ = stored_v0 - stored_u_;
    if (!slopes_.gap_in_range(gap_)) return left_range_of_slopes(gap_);
    slopes_.shrink(step.n, gap_, shrunk_);
    if (overshoots())
      stored_v1_ = stored_u_ - shrunk_;
    else
      stored_v1_ = stored_u_ + shrunk_;
    if (!slopes_.in_range(stored_v1_)) return left_range_of_slopes(stored_v1_);
    v1_ = slopes_.real(stored_v1_, real_);
    if (!half(step, v1_)) return classify();
    y1_ = k_ + half_step_;
    return holds(y1_) ? Outcome::ok : left_range(y1_);
  }

  void proposal(const Step&, const Carry&, Y& y1) { y1 = numbers_.real(y1_, real_); }

  void error(const Step& step, const Carry&, std::array<Y, 1>& estimates) {
    estimates[0] = scalar<Y>(step.h() * damping_) * (u_ - v0_);
  }
  // h‖u − v0‖/‖k − y0‖, a Lipschitz constant times h.
  double stiffness(const Step&) const {
    const double distance = static_cast<double>(v0_.matrix().norm()) / 2;
    return distance > 0 ? static_cast<double>((u_ - v0_).matrix().norm()) / distance : 0;
  }

  // v goes round −|1 − 2η| where a solution goes round 1: at η = 1 nothing damps that, and where solutions come together it grows.
  Stability stability() const {
    Stability stability;
    stability.parasite_edge = -std::log(slopes_.lambda());
    return stability;
  }

  // Of (y, hv), whose determinant is 1 − 2η.
  double growth(const ComplexNumber& q) const { return larger_root(2.0 - 2 * damping_ * (1.0 - q), 2 * damping_ - 1); }

  void extend(const Step& step, const Carry& carry, StepPolynomial<Y, dense_degree>& polynomial) {
    polynomial.coefficients[0] = numbers_.real(carry.y, real_);
    polynomial.coefficients[1] = scalar<Y>(step.h()) * v0_;
    polynomial.coefficients[2] = scalar<Y>(step.h() / 2) * (v1_ - v0_);
  }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits& bits) {
    if (begins_anew(step)) push_raw(carry.v, bits);
    slopes_.keep(step.n, gap_, bits);
    carry.y = y1_;
    carry.v = stored_v1_;
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    attempt(step, before);
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
  Outcome reconstruct(const Step& step, Carry& carry, Cursor& bits) {
    v1_ = slopes_.real(carry.v, real_);
    if (!half(step, v1_)) return classify();
    k_ = carry.y - half_step_;
    if (!holds(k_)) return left_range(k_);
    evaluate(this->field_over(step), middle(step), k_);
    if (!slopes_.store(u_, stored_u_)) return classify_slope(u_);
    if (overshoots())
      gap_ = stored_u_ - carry.v;
    else
      gap_ = carry.v - stored_u_;
    slopes_.grow(step.n, gap_, bits);
    if (!slopes_.gap_in_range(gap_)) return left_range_of_slopes(gap_);
    carry.v = stored_u_ + gap_;
    if (!slopes_.in_range(carry.v)) return left_range_of_slopes(carry.v);
    v0_ = slopes_.real(carry.v, real_);
    if (!half(step, v0_)) return classify();
    carry.y = k_ - half_step_;
    if (!holds(carry.y)) return left_range(carry.y);
    if (!begins_anew(step)) return Outcome::ok;
    // The slope is that of f on this side of a jump; the one that the step before came with was set aside.
    if (!evaluate_start(step, carry.y)) return classify_slope(start_slope_);
    if constexpr (Numbers::exact)
      if (!Numbers::same(carry.v, stored_v0_)) return left_range_of_slopes(carry.v);
    pop_raw(carry.v, bits);
    return slopes_.in_range(carry.v) ? Outcome::ok : left_range_of_slopes(carry.v);
  }

  // v(t0) = f(t0, y0).
  void finish(double t0, const Carry& carry, CarryBar& bar, Y& y0_bar, Theta& theta_bar, TimeCotangents& t_bar) {
    const Field& field = field_(t0, t0);
    if constexpr (uses_tape<Field, Y>) evaluate(field, t0, carry.y);
    y0_bar = bar.y;
    t_bar.t0 += vjp(field, t0, carry.y, bar.v, y0_bar, theta_bar);
  }

  static bool same(const Carry& a, const Carry& b) { return Numbers::same(a.y, b.y) && Numbers::same(a.v, b.v); }

  void forget() {}

 private:
  template <class Method>
  static Resolution slope_resolution(const Method& method) {
    if constexpr (requires { method.slope_resolution; })
      return second_resolution(method, "slope_resolution", method.slope_resolution);
    else
      return {};
  }

  static double middle(const Step& step) {
    const double from = step.sees_t0(), to = step.sees_t1();
    return std::clamp(step.t0 + step.h() / 2, std::min(from, to), std::max(from, to));
  }
  // Where f jumps, the slope that a step ends with is none to begin the next one with: that is f itself, as at the first step.
  static bool begins_anew(const Step& step) { return step.begins_at_jump() && step.n != step.timeline->first(); }
  bool evaluate_start(const Step& step, const Stored& y) {
    evaluate_alone<Field, Y>(this->field_over(step), step.sees_t0(), numbers_.real(y, real_), start_slope_,
                             start_tape_);
    ++calls_.evaluations;
    return slopes_.store(start_slope_, stored_v0_);
  }
  // v1 lies beyond u, seen from v0.
  bool overshoots() const { return damping_ > 0.5; }

  // half_step_ = [h/2 v]; one product for each entry, which every compiler rounds alike.
  bool half(const Step& step, const Y& v) {
    psi_ = scalar<Y>(step.h() / 2) * v;
    return numbers_.store(psi_, half_step_);
  }

  void evaluate(const Field& field, double t, const Stored& x) {
    evaluate_alone<Field, Y>(field, t, numbers_.real(x, real_), u_, tape_);
    ++calls_.evaluations;
  }

  // At the point evaluated last, if the field keeps a tape.
  double vjp(const Field& field, double t, const Stored& x, const Y& w, Y& x_bar, Theta& theta_bar) {
    return Common::vjp(field, t, numbers_.real(x, real_), tape_, w, x_bar, theta_bar);
  }

  // v̄1 += h/2 ȳ1;   ū = 2η v̄1;   k̄ = ȳ1 + J(k)ᵀ ū;   ȳ0 = k̄,   v̄0 = (1 − 2η) v̄1 + h/2 k̄;
  // a value saved at σ adds ȳ0 += w,   v̄0 += h (σ − σ²/2) w,   v̄1 += h σ²/2 w.
  void pull_back(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const double h = step.h();
    if (!saves.empty()) this->show_inside(*this, step, before);
    double h_bar = product(bar.y, v1_) / 2;
    bar.v += scalar<Y>(h / 2) * bar.y;
    y0_bar_.setZero();
    v0_bar_.setZero();
    for (const auto& [sigma, w] : saves) {
      const double at_end = sigma * sigma / 2, at_start = sigma - at_end;
      y0_bar_ += *w;
      v0_bar_ += scalar<Y>(h * at_start) * *w;
      bar.v += scalar<Y>(h * at_end) * *w;
      const double along_start = product(*w, v0_), along_end = product(*w, v1_);
      h_bar += at_start * along_start + at_end * along_end;
      if constexpr (Common::with_times) move_save(h * ((1 - sigma) * along_start + sigma * along_end), sigma, h, t_bar);
    }
    u_bar_ = scalar<Y>(2 * damping_) * bar.v;
    const double middle_bar = vjp(this->field_over(step), middle(step), k_, u_bar_, bar.y, theta_bar);
    h_bar += product(bar.y, v0_) / 2;
    bar.v = scalar<Y>(1 - 2 * damping_) * bar.v + scalar<Y>(h / 2) * bar.y + v0_bar_;
    bar.y += y0_bar_;
    t_bar.t0 += middle_bar / 2 - h_bar;
    t_bar.t1 += middle_bar / 2 + h_bar;
    if (!begins_anew(step)) return;
    t_bar.t0 += Common::vjp(this->field_over(step), step.sees_t0(), numbers_.real(before.y, real_), start_tape_, bar.v,
                            bar.y, theta_bar);
    bar.v.setZero();
  }

  Outcome classify_slope(const Y& slope) {
    const Outcome outcome = classify(slopes_, slope, ".slope_resolution");
    if (outcome == Outcome::not_finite)
      this->failure_.cause =
          "a slope is not finite: the field returned NaN or infinity or left an entry of dy unwritten, or the step is "
          "too long";
    return outcome;
  }
  Outcome left_range_of_slopes(const Stored& sum) { return left_range(slopes_, sum, ".slope_resolution"); }

  double damping_;
  Y no_slope_;
  Numbers slopes_;
  Tape<Field, Y> tape_, start_tape_;
  Y u_, start_slope_, v0_, v1_;
  Y u_bar_, y0_bar_, v0_bar_;
  Stored half_step_, k_, y1_, stored_u_, stored_v0_, gap_, shrunk_, stored_v1_;
};

}  // namespace antistrophe::detail
