// SPDX-License-Identifier: MIT
// What the library's steppers have in common: the field, frozen to a step where it can be, the counts of its calls, and what to
// say of a step that fails.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <optional>
#include <tuple>

namespace antistrophe::detail {

inline constexpr const char* not_finite_end =
    "the step's end is not finite: the field returned NaN or infinity or left an entry of dy unwritten, or the step is "
    "too "
    "long";

// A time saved at stays where it is while the step's ends move under it: σ = (t − t0)/h. `slope` is the cotangent of σ.
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

template <class F, EigenState Y>
class FieldStepper {
 public:
  using State = Y;
  using Field = typename OverStep<F>::Field;
  using Theta = Parameters<Field, Y>;
  static constexpr bool frozen_to_steps = Freezable<F>;  // f is another one in every step

  StepFailure step_failure() const { return failure_; }
  Calls calls() const { return calls_; }

  // Before it solves once more: the field may have been given other parameters.
  void thaw() { field_.thaw(); }

  void show_inside_to(InsideView* view) { view_ = view; }

  // f(t, y), of a field frozen to no time.
  void slope(double t, const Y& y, Y& dy) {
    slope_aside(t, y, dy);
    ++calls_.evaluations;
  }
  // The same, not among calls(), by which the steps of a solve may go: who asks counts it, and changes nothing.
  void slope_aside(double t, const Y& y, Y& dy) {
    if (!slope_tape_) slope_tape_.emplace(field_.empty_tape(y));
    evaluate<Field, Y>(field_(t, t), t, y, dy, *slope_tape_);
  }

  // theta_bar ← (∂f/∂θ)ᵀw at (t, y); y_bar is written over, too. Of fields whose parameters may enter with time.
  void parameter_slope(double t, const Y& y, const Y& w, Y& y_bar, Theta& theta_bar)
    requires(HasParameters<F> && !Freezable<F> && DifferentiableVectorField<F, Y>)
  {
    slope(t, y, y_bar);
    const Field& field = field_(t, t);
    theta_bar.resize(field.parameters().size());
    set_zero(theta_bar);
    vjp(field, t, y, *slope_tape_, w, y_bar, theta_bar);
  }

 protected:
  static constexpr bool with_times = HasTimeGradient<F, Y>;

  explicit FieldStepper(const F& field) : field_(field) {}

  // The field, frozen to a step where it can be: from node to node, so that what it takes of steps side by side adds up, even
  // where f jumps and is evaluated beside a node.
  const Field& field_over(const Step& step) { return field_(step.t0, step.t1); }

  // aᵀb where gradients with respect to the times are offered; else 0, and nothing is computed.
  template <class V>
  static double product(const V& a, const V& b) {
    if constexpr (with_times)
      return static_cast<double>(dot(a, b));
    else
      return 0;
  }
  static double in_time(const typename Y::Scalar& t_bar) {
    if constexpr (with_times)
      return static_cast<double>(t_bar);
    else
      return 0;
  }

  // Adds what of w, a cotangent of f(t, y), flows to y and to θ; returns what flows to the time.
  double vjp(const Field& field, double t, const Y& y, const Tape<Field, Y>& tape, const Y& w, Y& y_bar,
             Theta& theta_bar) {
    typename Y::Scalar t_bar{0};
    pull_back<Field, Y>(field, t, y, tape, w, y_bar, theta_bar, t_bar);
    ++calls_.vjps;
    return in_time(t_bar);
  }

  bool shows_inside() const { return view_ != nullptr; }
  // On the way back, of `self`, which is this stepper: lets a view see the step from `before`, once what extend takes is known.
  template <class Self>
  void show_inside(Self& self, const Step& step, const typename Self::Carry& before) {
    if (view_ == nullptr) return;
    self.extend(step, before, *static_cast<StepPolynomial<Y, Self::dense_degree>*>(view_->polynomial));
    view_->look(view_->context);
  }

  // Why dense output is not finite where it has stages of its own, those of `stages`.
  template <class Polynomial, class StagesType>
  void check_inside(const Polynomial& polynomial, const StagesType& stages) {
    if (!polynomial.finite()) failure_ = stages.failure_inside();
  }

  OverStep<F> field_;
  StepFailure failure_;
  Calls calls_;

 private:
  InsideView* view_ = nullptr;
  std::optional<Tape<Field, Y>> slope_tape_;  // made when it is first asked for
};

}  // namespace antistrophe::detail
