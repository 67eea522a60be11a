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
  // Of the drift, as of any other method.
  Calls calls() const {
    Calls calls = RungeKuttaStepper<tableau::Euler, WholeStepField<Step, F>, Y>::calls();
    calls.evaluations *= Step<Frozen<F>>::drift_calls;
    calls.vjps *= Step<Frozen<F>>::drift_calls;
    return calls;
  }
  WholeStepStepper(const WholeStepStepper&) = delete;  // the base knows where the field is
  WholeStepStepper& operator=(const WholeStepStepper&) = delete;
};

// What the steps below share: three calls of g, two for the end of the step and one for the support Y, and all that they leave behind
// for the vjp. Self::drift_calls says how often f is called.
template <class Self, class Noisy>
class SupportedStep : public MoreThanNoisy<Self, Noisy> {
  using Inside = MoreThanNoisy<Self, Noisy>;

 protected:
  using typename Inside::Drift, typename Inside::G;

  // g(…) dw, with what of the noise it is.
  template <class Y>
  struct Term {
    Noise<Y> dw;
    antistrophe::Tape<G, Y> inside;
  };

 public:
  template <class Y>
  struct Tape {
    Term<Y> first, last, to_support;
    Y support, part;
    antistrophe::Tape<Drift, Y> at_y;
    mutable Y support_bar, f_bar;
    mutable Parameters<Drift, Y> drift_bar;
    mutable Parameters<G, Y> diffusion_bar;
    mutable typename Y::Scalar t_bar{0};
  };
  using Inside::Inside, Inside::operator();

  template <class Y>
  static Tape<Y> make_tape(const Drift& drift, const G& diffusion, Eigen::Index channels, const Y& like) {
    const Term<Y> term{Noisy::room_for(channels, like), detail::make_tape<G, Y>(diffusion, like)};
    const Y zero = zeros_like(like);
    return {term,
            term,
            term,
            zero,
            zero,
            detail::make_tape<Drift, Y>(drift, like),
            zero,
            zero,
            zero_parameters<Drift, Y>(drift),
            zero_parameters<G, Y>(diffusion)};
  }
  using Inside::make_tape;

 protected:
  using Inside::noisy_;

  template <class Y>
  void shake(double t, const Y& y, Term<Y>& term, Y& to) const {
    evaluate_diffusion<G, Y>(noisy_.diffusion(), t, y, term.dw, to, term.inside);
  }
  template <class Y>
  void shake_back(double t, const Y& y, const Term<Y>& term, const Y& w, Y& y_bar, auto& theta_bar) const {
    pull_back_diffusion<G, Y>(noisy_.diffusion(), t, y, term.dw, term.inside, w, y_bar, theta_bar);
  }
};

// Milstein's scheme without derivatives (Kloeden & Platen 1992, 11.1.3), of diagonal noise and of one channel:
//   Y = y + f h + g √h,   y1 = y + f h + g ΔW + (g(Y) − g)(ΔW² − h)/(2 √h).
// `first` is g(y), `last` g(Y).
template <class Noisy>
class MilsteinStep : public SupportedStep<MilsteinStep<Noisy>, Noisy> {
  using Inside = SupportedStep<MilsteinStep<Noisy>, Noisy>;
  using typename Inside::Drift, typename Inside::G;

 public:
  static constexpr int drift_calls = 1;
  template <class Y>
  using Tape = typename Inside::template Tape<Y>;
  using Inside::Inside, Inside::operator();
  void see() {}
  void forget() {}

  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    using Scalar = typename Y::Scalar;
    if constexpr (Noisy::template require_parts<Y>()) {
      noisy_.take_parameters();
      Noise<Y>&along = tape.first.dw, &across = tape.last.dw;
      noisy_.rate(along);
      const double h = noisy_.h(), root = std::sqrt(h);
      const Scalar one_over_h = h > 0 ? scalar<Y>(1 / h) : Scalar(0);
      across.array() = scalar<Y>(root / 2) * (along.array() * along.array() - one_over_h);
      tape.to_support.dw.setConstant(scalar<Y>(root));
      along -= across;
      evaluate<Drift, Y>(noisy_.drift(), t, y, dy, tape.at_y);
      this->shake(t, y, tape.to_support, tape.part);
      tape.support = y + scalar<Y>(h) * dy + tape.part;
      this->shake(t, y, tape.first, tape.part);
      dy += tape.part;
      this->shake(t, tape.support, tape.last, tape.part);
      dy += tape.part;
    }
  }
  template <class Y>
    requires(HasVjp<Drift, Y> && HasDiffusionVjp<G, Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Parameters<Noisy, Y>& theta_bar) const {
    tape.support_bar.setZero();
    Noisy::template to_diffusion<Y>(tape, theta_bar, [&](auto& bar) {
      this->shake_back(t, tape.support, tape.last, w, tape.support_bar, bar);
      this->shake_back(t, y, tape.first, w, y_bar, bar);
      this->shake_back(t, y, tape.to_support, tape.support_bar, y_bar, bar);
    });
    tape.f_bar = w + scalar<Y>(noisy_.h()) * tape.support_bar;
    Noisy::template to_drift<Y>(tape, theta_bar, [&](auto& bar) {
      pull_back<Drift, Y>(noisy_.drift(), t, y, tape.at_y, tape.f_bar, y_bar, bar, tape.t_bar);
    });
    y_bar += tape.support_bar;
  }

 private:
  using Inside::noisy_;
};

// Rößler's SRA1 (SIAM J. Numer. Anal. 48, 2010), of additive noise; U = ∫ (W(s) − W(t0)) ds = h (ΔW/2 + H):
//   Y = y + ¾ f(t0, y) h + (3/2) g(t1) U/h,   y1 = y + h (f(t0, y) + 2 f(t0 + ¾ h, Y))/3 + g(t1)(ΔW − U/h) + g(t0) U/h.
// `first` is g(t0), `last` g(t1).
template <class Noisy>
class Sra1Step : public SupportedStep<Sra1Step<Noisy>, Noisy> {
  using Inside = SupportedStep<Sra1Step<Noisy>, Noisy>;
  using typename Inside::Drift, typename Inside::G;

 public:
  static constexpr int drift_calls = 2;
  template <class Y>
  struct Tape : Inside::template Tape<Y> {
    Y f;
    antistrophe::Tape<Drift, Y> at_support;
  };
  using Inside::Inside, Inside::make_tape, Inside::operator();

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
    return {Inside::make_tape(drift, diffusion, channels, like), zeros_like(like),
            detail::make_tape<Drift, Y>(drift, like)};
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    if constexpr (Noisy::template require_parts<Y>()) {
      noisy_.take_parameters();
      const double h = noisy_.h();
      Noise<Y>&of_first = tape.first.dw, &of_last = tape.last.dw;
      noisy_.rate(of_last);
      of_first = area_.template cast<typename Y::Scalar>();
      if (h != 0) of_first /= scalar<Y>(h);
      of_first += of_last / typename Y::Scalar(2);
      of_last -= of_first;
      tape.to_support.dw = scalar<Y>(1.5 * h) * of_first;
      const Drift& drift = noisy_.drift();
      evaluate<Drift, Y>(drift, t, y, dy, tape.at_y);
      this->shake(noisy_.t1(), y, tape.to_support, tape.part);
      tape.support = y + scalar<Y>(0.75 * h) * dy + tape.part;
      evaluate<Drift, Y>(drift, t + 0.75 * h, tape.support, tape.f, tape.at_support);
      dy = (dy + typename Y::Scalar(2) * tape.f) / typename Y::Scalar(3);
      this->shake(t, y, tape.first, tape.part);
      dy += tape.part;
      this->shake(noisy_.t1(), y, tape.last, tape.part);
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
      this->shake_back(t, y, tape.first, w, y_bar, bar);
      this->shake_back(t1, y, tape.last, w, y_bar, bar);
      this->shake_back(t1, y, tape.to_support, tape.support_bar, y_bar, bar);
    });
    y_bar += tape.support_bar;
  }

 private:
  using Inside::noisy_;
  double t0_ = std::nan(""), t1_ = t0_;
  Eigen::MatrixXd area_;
};

}  // namespace antistrophe::detail
