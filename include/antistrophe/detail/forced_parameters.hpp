// SPDX-License-Identifier: MIT
// Parameters may force a state with a strength of 0, as a control does from which an optimisation starts: y' = −y + θ sin 5t at θ = 0.
// The state, at rest or on its way there, then says nothing of how long a step may be; ∂f/∂θ does.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/spectral_radius.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <cmath>

namespace antistrophe::detail {

template <class S>
concept SeesParameters =
    requires(S s, typename S::State y, typename S::Theta theta_bar) { s.parameter_slope(0.0, y, y, y, theta_bar); };

// Of a stepper whose field has no parameters, or no vjp.
template <class S>
class ForcedParameters {
 public:
  ForcedParameters(const typename S::State&, double) {}
  static double error(S&, const Step&, const typename S::State&, double, int) { return 0; }
  static bool depends_on_time() { return false; }
  static void forget() {}
};

// How well steps resolve (∂f/∂θ)ᵀw as a function of time, for one w and the state held.
template <SeesParameters S>
class ForcedParameters<S> {
 public:
  using Y = typename S::State;
  using Theta = typename S::Theta;

  // `t1` is the end of the solve.
  ForcedParameters(const Y& like, double t1) : t1_(t1), w_(zeros_like(like)), y_bar_(w_) {
    ScaledJacobian<S>::any_direction(w_);
  }

  // The error that a step makes in ∫ ∂f/∂θ dt, relative to what it is over `memory`, the time in which the state forgets. A
  // method of order p resolves a frequency ω to (hω)^p / p!, a multistep method to (hω)^p; what is not resolved at all is
  // wrong by what the forcing itself is off the straight line. Three evaluations and vjps where the step is longer than that looked at last, or `seldom`
  // steps later; before the first, at most three to find out whether θ enters with time at all.
  double error(S& stepper, const Step& step, const Y& y, double memory, int seldom) {
    if (known_ == Forced::unknown) known_ = enters_with_time(stepper, step, y) ? Forced::yes : Forced::no;
    if (known_ == Forced::no) return 0;
    const double h = std::fabs(step.h());
    if (h > 1.2 * looked_at_ || ++unseen_ > seldom) look(stepper, step, y);
    constexpr int p = S::error_order;
    double resolved = 1;
    for (int i = 1; i <= p; ++i) resolved *= h * frequency_ / (MultistepStepper<S> ? 1 : i);
    return h / memory * smaller_of(bend_, resolved);
  }
  bool depends_on_time() const { return known_ == Forced::yes; }
  void forget() { looked_at_ = frequency_ = 0; }

 private:
  enum class Forced { unknown, no, yes };
  static constexpr double inside = 0.38;  // of the step, so that no forcing repeats itself at all three places

  const Theta& at(S& stepper, double t, const Y& y, Theta& g) {
    stepper.parameter_slope(t, y, w_, y_bar_, g);
    largest_ = larger_of(largest_, largest_entry(g));
    return g;
  }
  // At places of the rest of the solve that no period shares.
  bool enters_with_time(S& stepper, const Step& step, const Y& y) {
    at(stepper, step.sees_t0(), y, start_);
    for (const double share : {0.2360679, 0.6180339})
      if (differs_from_start(at(stepper, step.t0 + share * (t1_ - step.t0), y, end_))) return true;
    return false;
  }
  bool differs_from_start(const Theta& g) const { return !std::equal(g.data(), g.data() + g.size(), start_.data()); }
  void look(S& stepper, const Step& step, const Y& y) {
    at(stepper, step.sees_t0(), y, start_);
    at(stepper, step.t0 + inside * step.h(), y, inside_);
    at(stepper, step.sees_t1(), y, end_);
    for (Eigen::Index i = 0; i < inside_.size(); ++i)
      inside_.data()[i] -= scalar<Y>(1 - inside) * start_.data()[i] + scalar<Y>(inside) * end_.data()[i];
    bend_ = largest_ > 0 ? largest_entry(inside_) / largest_ : 0;
    looked_at_ = std::fabs(step.h());
    // Where it is straight for a moment it need not stay so.
    frequency_ = larger_of(0.9 * frequency_, std::sqrt(2 * bend_ / (inside * (1 - inside))) / looked_at_);
    unseen_ = 0;
  }

  double t1_;
  Y w_, y_bar_;
  Theta start_, inside_, end_;
  Forced known_ = Forced::unknown;
  double largest_ = 0;                               // entry of ∂f/∂θ that was seen
  double looked_at_ = 0, bend_ = 0, frequency_ = 0;  // of the step looked at last
  int unseen_ = 0;
};

}  // namespace antistrophe::detail
