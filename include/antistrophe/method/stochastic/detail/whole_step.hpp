// SPDX-License-Identifier: MIT
// Schemes for stochastic equations that see more of a step than f + g ΔW/h: each is Euler's method of a field Φ that gives all of its
// step, y1 = y0 + h Φ(t0, y0). So it has the stepper of any Runge–Kutta method, and only Φ and its vjp are its own.
#pragma once

#include <antistrophe/method/runge_kutta/detail/runge_kutta_stepper.hpp>
#include <antistrophe/method/runge_kutta/tableau/euler.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

namespace antistrophe::detail {

// A StochasticField or ItoField F as the field whose step is Step, made of NoisyStep.
template <template <class> class Step, class F>
class WholeStepField {
  using Over = Step<Frozen<F>>;

 public:
  explicit WholeStepField(const F& field) : field_(&field) {}
  const auto& parameters() const
    requires HasParameters<F>
  {
    return field_->parameters();
  }
  Over frozen(double t0, double t1) const {
    Over step(field_->frozen(t0, t1));
    step.see();
    return step;
  }
  void freeze(double t0, double t1, Over& step) const {
    field_->freeze(t0, t1, step.noisy());
    step.see();
  }
  void thaw(Over& step) const {
    field_->thaw(step.noisy());
    step.forget();
  }
  template <class Y>
  auto make_frozen_tape(const Y& like) const {
    return field_->template make_tape_of<Over>(like);
  }

 private:
  const F* field_;
};

template <template <class> class Step, class F>
struct HoldsWholeStepField {
  WholeStepField<Step, F> whole;
};

template <template <class> class Step, class F, EigenState Y>
class WholeStepStepper : HoldsWholeStepField<Step, F>,
                         public RungeKuttaStepper<tableau::Euler, WholeStepField<Step, F>, Y> {
 public:
  template <class Method>
  WholeStepStepper(const Method& method, const F& field, const Y& y0)
      : HoldsWholeStepField<Step, F>{WholeStepField<Step, F>(field)},
        RungeKuttaStepper<tableau::Euler, WholeStepField<Step, F>, Y>(method, this->whole, y0) {}
  WholeStepStepper(const WholeStepStepper&) = delete;  // the base knows where the field is
  WholeStepStepper& operator=(const WholeStepStepper&) = delete;
};

// Milstein's scheme without derivatives (Kloeden & Platen 1992, 11.1.3), of diagonal noise and of one channel:
//   Y = y + f h + g √h,   y1 = y + f h + g ΔW + (g(Y) − g)(ΔW² − h)/(2 √h).
template <class Noisy>
class MilsteinStep : public MoreThanNoisy<Noisy> {
  using Drift = typename Noisy::DriftType;
  using G = typename Noisy::DiffusionType;

 public:
  template <class Y>
  struct Tape {
    Noise<Y> along, across, root;  // what g(y), g(Y) and, for Y, g(y) are multiplied by
    Y support, part;
    antistrophe::Tape<Drift, Y> drift;
    antistrophe::Tape<G, Y> at_y, at_support, to_support;
    mutable Y support_bar, f_bar;
    mutable Parameters<Drift, Y> drift_bar;
    mutable Parameters<G, Y> diffusion_bar;
    mutable typename Y::Scalar t_bar{0};
  };
  using MoreThanNoisy<Noisy>::MoreThanNoisy;
  void see() {}
  void forget() {}

  template <class Y>
  static Tape<Y> make_tape(const Drift& drift, const G& diffusion, Eigen::Index channels, const Y& like) {
    const auto noise = Noisy::room_for(channels, like);
    const Y zero = zeros_like(like);
    const auto of_g = detail::make_tape<G, Y>(diffusion, like);
    return {noise,
            noise,
            noise,
            zero,
            zero,
            detail::make_tape<Drift, Y>(drift, like),
            of_g,
            of_g,
            of_g,
            zero,
            zero,
            zero_parameters<Drift, Y>(drift),
            zero_parameters<G, Y>(diffusion)};
  }
  template <class Y>
  Tape<Y> make_tape(const Y& like) const {
    return make_tape(noisy_.drift(), noisy_.diffusion(), noisy_.channels(), like);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    using Scalar = typename Y::Scalar;
    if constexpr (Noisy::template require_parts<Y>()) {
      noisy_.take_parameters();
      noisy_.rate(tape.along);
      const double h = noisy_.h(), root = std::sqrt(h);
      const Scalar one_over_h = h > 0 ? scalar<Y>(1 / h) : Scalar(0);
      tape.across.array() = scalar<Y>(root / 2) * (tape.along.array() * tape.along.array() - one_over_h);
      tape.root.setConstant(scalar<Y>(root));
      tape.along -= tape.across;
      evaluate<Drift, Y>(noisy_.drift(), t, y, dy, tape.drift);
      evaluate_diffusion<G, Y>(noisy_.diffusion(), t, y, tape.root, tape.part, tape.to_support);
      tape.support = y + scalar<Y>(h) * dy + tape.part;
      evaluate_diffusion<G, Y>(noisy_.diffusion(), t, y, tape.along, tape.part, tape.at_y);
      dy += tape.part;
      evaluate_diffusion<G, Y>(noisy_.diffusion(), t, tape.support, tape.across, tape.part, tape.at_support);
      dy += tape.part;
    }
  }
  template <class Y>
    requires(HasVjp<Drift, Y> && HasDiffusionVjp<G, Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Parameters<Noisy, Y>& theta_bar) const {
    tape.support_bar.setZero();
    Noisy::template to_diffusion<Y>(tape, theta_bar, [&](auto& bar) {
      const G& g = noisy_.diffusion();
      pull_back_diffusion<G, Y>(g, t, tape.support, tape.across, tape.at_support, w, tape.support_bar, bar);
      pull_back_diffusion<G, Y>(g, t, y, tape.along, tape.at_y, w, y_bar, bar);
      pull_back_diffusion<G, Y>(g, t, y, tape.root, tape.to_support, tape.support_bar, y_bar, bar);
    });
    tape.f_bar = w + scalar<Y>(noisy_.h()) * tape.support_bar;
    Noisy::template to_drift<Y>(tape, theta_bar, [&](auto& bar) {
      pull_back<Drift, Y>(noisy_.drift(), t, y, tape.drift, tape.f_bar, y_bar, bar, tape.t_bar);
    });
    y_bar += tape.support_bar;
  }

 private:
  using MoreThanNoisy<Noisy>::noisy_;
};

// Rößler's SRA1 (SIAM J. Numer. Anal. 48, 2010), of additive noise; U = ∫ (W(s) − W(t0)) ds = h (ΔW/2 + H):
//   Y = y + ¾ f(t0, y) h + (3/2) g(t1) U/h,   y1 = y + h (f(t0, y) + 2 f(t0 + ¾ h, Y))/3 + g(t1)(ΔW − U/h) + g(t0) U/h.
template <class Noisy>
class Sra1Step : public MoreThanNoisy<Noisy> {
  using Drift = typename Noisy::DriftType;
  using G = typename Noisy::DiffusionType;

 public:
  template <class Y>
  struct Tape {
    Noise<Y> first, last, to_support;  // what g(t0), g(t1) and, for Y, g(t1) are multiplied by
    Y support, f, part;
    antistrophe::Tape<Drift, Y> at_y, at_support;
    antistrophe::Tape<G, Y> g_first, g_last, g_support;
    mutable Y support_bar, f_bar;
    mutable Parameters<Drift, Y> drift_bar;
    mutable Parameters<G, Y> diffusion_bar;
    mutable typename Y::Scalar t_bar{0};
  };
  using MoreThanNoisy<Noisy>::MoreThanNoisy;

  // H of the step.
  void see() {
    if (noisy_.t0() == t0_ && noisy_.t1() == t1_) return;
    t0_ = noisy_.t0();
    t1_ = noisy_.t1();
    if (t0_ == t1_)
      area_.setZero(noisy_.channels(), noisy_.walk().path().samples);
    else
      noisy_.walk().levy_area(t0_, t1_, area_);
  }
  void forget() { t0_ = t1_ = std::nan(""); }

  template <class Y>
  static Tape<Y> make_tape(const Drift& drift, const G& diffusion, Eigen::Index channels, const Y& like) {
    const auto noise = Noisy::room_for(channels, like);
    const Y zero = zeros_like(like);
    const auto of_f = detail::make_tape<Drift, Y>(drift, like);
    const auto of_g = detail::make_tape<G, Y>(diffusion, like);
    return {noise,
            noise,
            noise,
            zero,
            zero,
            zero,
            of_f,
            of_f,
            of_g,
            of_g,
            of_g,
            zero,
            zero,
            zero_parameters<Drift, Y>(drift),
            zero_parameters<G, Y>(diffusion)};
  }
  template <class Y>
  Tape<Y> make_tape(const Y& like) const {
    return make_tape(noisy_.drift(), noisy_.diffusion(), noisy_.channels(), like);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    if constexpr (Noisy::template require_parts<Y>()) {
      noisy_.take_parameters();
      const double h = noisy_.h();
      noisy_.rate(tape.last);
      tape.first = area_.template cast<typename Y::Scalar>();
      if (h != 0) tape.first /= scalar<Y>(h);
      tape.first += tape.last / typename Y::Scalar(2);
      tape.last -= tape.first;
      tape.to_support = scalar<Y>(1.5 * h) * tape.first;
      const Drift& drift = noisy_.drift();
      const G& g = noisy_.diffusion();
      evaluate<Drift, Y>(drift, t, y, dy, tape.at_y);
      evaluate_diffusion<G, Y>(g, noisy_.t1(), y, tape.to_support, tape.part, tape.g_support);
      tape.support = y + scalar<Y>(0.75 * h) * dy + tape.part;
      evaluate<Drift, Y>(drift, t + 0.75 * h, tape.support, tape.f, tape.at_support);
      dy = (dy + typename Y::Scalar(2) * tape.f) / typename Y::Scalar(3);
      evaluate_diffusion<G, Y>(g, t, y, tape.first, tape.part, tape.g_first);
      dy += tape.part;
      evaluate_diffusion<G, Y>(g, noisy_.t1(), y, tape.last, tape.part, tape.g_last);
      dy += tape.part;
    }
  }
  template <class Y>
    requires(HasVjp<Drift, Y> && HasDiffusionVjp<G, Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Parameters<Noisy, Y>& theta_bar) const {
    const double h = noisy_.h(), t1 = noisy_.t1();
    tape.support_bar.setZero();
    Noisy::template to_drift<Y>(tape, theta_bar, [&](auto& bar) {
      const Drift& drift = noisy_.drift();
      tape.f_bar = w * (typename Y::Scalar(2) / typename Y::Scalar(3));
      pull_back<Drift, Y>(drift, t + 0.75 * h, tape.support, tape.at_support, tape.f_bar, tape.support_bar, bar,
                          tape.t_bar);
      tape.f_bar = w / typename Y::Scalar(3) + scalar<Y>(0.75 * h) * tape.support_bar;
      pull_back<Drift, Y>(drift, t, y, tape.at_y, tape.f_bar, y_bar, bar, tape.t_bar);
    });
    Noisy::template to_diffusion<Y>(tape, theta_bar, [&](auto& bar) {
      const G& g = noisy_.diffusion();
      pull_back_diffusion<G, Y>(g, t, y, tape.first, tape.g_first, w, y_bar, bar);
      pull_back_diffusion<G, Y>(g, t1, y, tape.last, tape.g_last, w, y_bar, bar);
      pull_back_diffusion<G, Y>(g, t1, y, tape.to_support, tape.g_support, tape.support_bar, y_bar, bar);
    });
    y_bar += tape.support_bar;
  }

 private:
  using MoreThanNoisy<Noisy>::noisy_;
  double t0_ = std::nan(""), t1_ = t0_;
  Eigen::MatrixXd area_;
};

}  // namespace antistrophe::detail
