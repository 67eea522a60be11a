// SPDX-License-Identifier: MIT
// What the error estimate of a step does not see: how well the sensitivities of the state are resolved, of which a gradient
// is made. Adaptive steps of a solve that is differentiated are kept short enough for these too.
//
// A tangent δ of the solution obeys δ' = Jδ. With ρ the spectral radius of J, and Δy/h for y', let
//   r = |Δy| / (hρ |y|)
// say how far the state is from where it would rest; where r is not small, y' itself is a tangent that moves as fast as any,
// and what resolves y resolves δ. Where r < 1/20 the state is slow, and
//   (a) steps stay inside the region where every decaying mode decays: hρ at most 0.7 times its edge, for the state's own
//       error says nothing of a mode that the state does not have. For modes near the negative real axis the edge is the same; that
//       of an oscillation, which most methods let grow a little in much shorter steps, is found where steps are so long that it might matter;
//   (b) the error is judged against how far the state is from rest: y' is a tangent, and its error relative to itself is
//       err / r, so err/(20 r) < 1 is asked for;
//   (c) there may be sensitivities that move while the state does not: a tangent δ that began with every mode alike is carried along
//       while the state is slow. A method of order p makes an error of h^(p+1) ‖J^(p+1) δ‖ / (p + 1)! a step, which over
//       a time 1/ρ may be four tolerances, and 200 of them over the solve, but need not be less than 1/(p + 1); of a multistep
//       method, whose error constants are larger, it may be that. Modes that die out lose their say, and once stability alone
//       holds the steps, the tangent is let go;
//   (d) where a λ near 1 hardly damps the parasite that the cotangents of a coupled method have too, it grows by up to e^{hρ} λ a
//       step while the state is slow: by e^5 in a row, and the solve is given up;
// Where the state is not slow, it may still lack the fastest mode (it is on an eigenvector, say, beside one that decays ten times as
// fast), of which the cotangents are then made: steps so long that this mode would grow are not taken. And parameters may force any state
// with a strength of 0 (detail/forced_parameters.hpp).
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/dominant_mode.hpp>
#include <antistrophe/detail/forced_parameters.hpp>
#include <antistrophe/detail/resting_tangent.hpp>
#include <antistrophe/detail/spectral_radius.hpp>
#include <antistrophe/detail/stable_along.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/detail/controller.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

namespace antistrophe::detail {

// The part of a stable interval in which every mode is damped well at every step.
inline constexpr double within_edge = 0.7;

// −ln λ < ln 5/4: per step the parasite of a coupled method shrinks by less than a fifth.
inline bool hardly_damps(const Stability& stability) { return stability.parasite_edge < 0.2231; }

// What a stepper says of it; one that says nothing has no edge.
template <class S>
Stability stability_of([[maybe_unused]] const S& stepper) {
  if constexpr (HasStability<S>)
    return stepper.stability();
  else
    return {};
}

// Where the region of hμ in which every decaying mode decays ends, near the negative real axis; of coupled methods, where the
// parasite no longer dies out, unless it hardly ever does.
template <class S>
double stable_edge(const S& stepper) {
  const Stability stability = stability_of(stepper);
  // Of NaN and a number, the number.
  const double edge =
      smaller_of(std::numeric_limits<double>::infinity(), smaller_of(stability.shortest_ray, stability.real_interval));
  return hardly_damps(stability) ? edge : smaller_of(edge, stability.parasite_edge);
}

// A stepper that may have found the norms of its error estimate and of y1 − y0, scaled as Controller scales them, with others' at
// once (ensemble/detail/lane_stepper.hpp).
template <class S>
concept KnowsScaledNorms = requires(const S stepper) {
  { stepper.knows_norms() } -> std::same_as<bool>;
  { stepper.scaled_error() } -> std::same_as<double>;
  { stepper.scaled_move() } -> std::same_as<double>;
};

template <Stepper S>
class SensitivityGuard {
 public:
  using Y = typename S::State;

  SensitivityGuard(const Adaptive& options, const Y& like, double t0, double t1)
      : options_(options),
        jacobian_(options, like, t1 >= t0 ? 1.0 : -1.0),
        radius_(like),
        tangent_(like),
        mirrored_(like),
        forced_(like, t1),
        moved_(zeros_like(like)),
        span_(std::fabs(t1 - t0)) {}

  // What is known of a step from y0 to y1 whose estimated error is of the tolerance's size or below.
  struct Verdict {
    double magnification = 1;                                  // of the error estimate
    double forced_error = 0;                                   // of parameters that force a slow state, in tolerances
    double longest = std::numeric_limits<double>::infinity();  // of the next step
    bool unstable = false;
    bool hopeless = false;  // no step is short enough
  };
  Verdict judge(S& stepper, Controller& controller, const Step& step, const Y& y0, const Y& y1) {
    Verdict verdict;
    if (looked_ < 0)
      look(stepper, step.sees_t0(), y0);  // a first step may be far too long for modes that the state does not have
    const double rho = radius_.value(), tolerance = relative_tolerance(options_, y1);
    const double moved = scaled_move(stepper, controller, y0, y1), h_rho = std::fabs(step.h()) * rho;
    const double r = moved * tolerance / h_rho;
    const bool rests = moved < 1;
    slow_ = rests || (rho > 0 && slow * r < 1);
    if (!slow_) {
      if (h_rho > harmless_) [[unlikely]]
        judge_long(stepper, step, y0, verdict);
      if (!verdict.unstable)
        verdict.forced_error =
            forced_error(stepper, step, y0, 16) / std::clamp(0.01, allowed_tolerances * tolerance, 64 * tolerance);
      return verdict;
    }
    if (rho > 0) {
      watch_turn(stepper, step, y0);
      const double edge = smaller_of(stable_edge(stepper), stable_turn_);
      if (!rests) verdict.magnification = 1 / larger_of(slow * r, 1e-9);
      verdict.longest = within_edge * edge / rho;
      verdict.unstable = h_rho > edge;
      verdict.hopeless = grown_ > hopeless_growth;
    }
    if (!verdict.unstable && !verdict.hopeless)
      verdict.forced_error = forced_error(stepper, step, y0, 4) / (allowed_tolerances * tolerance);
    return verdict;
  }

  // The step that was judged is taken.
  void accepted(const S& stepper) {
    if (slow_ && watches_parasite(stepper)) damped_ += stability_of(stepper).parasite_edge;
  }

  // After a step to (t, y): ρ is looked at now and then, at a price of a few hundredths of the evaluations.
  void look_now_and_then(S& stepper, double t, const Y& y) {
    if (stepper.calls().evaluations - looked_ < seldom) return;
    const double before = rate_;
    look(stepper, t, y);
    if (rate_ > 1.5 * before) forget_rest();  // what had died out may come back to life
  }
  void forget() {
    looked_ = -seldom;
    sought_ = -patience_;
    harmless_ = calm_;
    forget_rest();
    forced_.forget();
  }

  // For what judges steps in its place as long as none is slow (ensemble/detail/calm_lanes.hpp).
  double rho() const { return radius_.value(); }
  double harmless() const { return harmless_; }
  // After how many steps, of so many evaluations each, a look is due.
  std::int64_t steps_to_look(const S& stepper, std::int64_t evaluations) const {
    if (forced_.depends_on_time()) return 0;
    return (seldom + looked_ - stepper.calls().evaluations + evaluations - 1) / evaluations;
  }
  void went_on_calmly() {
    slow_ = false;
    forget_rest();
  }

  // The longest step from (t, y), to which a step of length h led.
  double longest(S& stepper, double t, const Y& y, double h) {
    if (slow_) return longest_while_slow(stepper, t, y, h);
    forget_rest();  // when the state comes to rest again, its tangents are others
    return std::numeric_limits<double>::infinity();
  }
  // The same where the state is slow.
  double longest_while_slow(S& stepper, double t, const Y& y, double h) {
    if (rest_ == Rest::none) {
      if (looked_ != stepper.calls().evaluations) look(stepper, t, y);
      tangent_.start(jacobian_);
      mirrored_.start(jacobian_);
      grown_ = damped_ = 0;
      rest_ = Rest::lively;
      waiting_ = 0;
      lively_ = std::pow(rate_, p + 1);  // all modes are
    } else if (rest_ == Rest::lively) {
      waiting_ += std::fabs(h);
      if (waiting_ * rate_ < 1.25) return longest_;
      lively_ = advance(stepper, t, y);
    }
    if (!(rate_ > 0)) return longest_ = std::numeric_limits<double>::infinity();
    longest_ = longest_stable(stepper) / rate_;
    if (rest_ == Rest::settled) return longest_;
    // h^p ‖J^(p + 1)δ‖ is to be below what is allowed, over a time 1/ρ.
    const double resolved = std::pow(allowed_error(y) * rate_ / lively_, 1.0 / p);
    if (resolved > 2 * longest_ && !watches_parasite(stepper)) rest_ = Rest::settled;
    longest_ = smaller_of(longest_, resolved);
    return longest_;
  }

 private:
  // Of a step; relative. What was seen holds for so many steps.
  double forced_error(S& stepper, const Step& step, const Y& y, int after) {
    return forced_.error(stepper, step, y, smaller_of(span_, 1 / radius_.value()), after);
  }
  // The scaled norm of y1 − y0.
  ANTISTROPHE_ALWAYS_INLINE double scaled_move([[maybe_unused]] S& stepper, Controller& controller, const Y& y0,
                                               const Y& y1) {
    if constexpr (KnowsScaledNorms<S>)
      if (stepper.knows_norms()) return stepper.scaled_move();
    set_difference(moved_, y1, y0);
    return controller.scaled(moved_, y0, y1);
  }

  static constexpr int p = S::error_order;
  static constexpr double slow = 20;
  static constexpr double allowed_tolerances = 4;
  static constexpr std::int64_t seldom = 64;
  static constexpr double hopeless_growth = 5;
  static constexpr double many_steps = 200;  // over no more is growth judged where the state is not slow
  static constexpr std::int64_t impatient = 512;

  enum class Rest { none, lively, settled };

  void look(S& stepper, double t, const Y& y) {
    jacobian_.move_to(stepper, t, y);
    (void)radius_.look(stepper, jacobian_);
    rate_ = radius_.value();
    looked_ = stepper.calls().evaluations;
    if (looked_ - sought_ >= patience_) harmless_ = calm_;  // the fastest mode may be of another kind by now
  }
  // Carries the tangent to (t, y), over the time it waits for. ‖J^(p + 1)δ‖, before the last part of it.
  double advance(S& stepper, double t, const Y& y) {
    jacobian_.move_to(stepper, t, y);
    const int parts = static_cast<int>(smaller_of(16, std::ceil(waiting_ * rate_ / 1.5)));
    const double part = std::exchange(waiting_, 0.0) / parts;
    double lively = 0;
    for (int i = 0; i < parts; ++i) lively = tangent_.advance(stepper, jacobian_, part, p + 1);
    if (watches_parasite(stepper)) {
      for (int i = 0; i < parts; ++i) (void)mirrored_.advance(stepper, jacobian_, -part, 1);
      // What grows itself hides a parasite that grows no faster.
      grown_ = std::log(mirrored_.growth()) - larger_of(0, std::log(tangent_.growth())) - damped_;
    }
    return lively;
  }

  // The parasite of a method that hardly damps it moves like the mirror image of a solution: δ' = −Jδ. It grows where solutions
  // come together, and stays where they turn round each other.
  static bool watches_parasite(const S& stepper) { return hardly_damps(stability_of(stepper)); }

  // Whether a mode might grow that does not by itself.
  bool might_grow(const S& stepper, double h_rho, double steps) {
    if constexpr (judges_growth<S>) {
      if (!last_asked_.is(h_rho, steps))
        might_grow_ = h_rho > stable_edge(stepper) || grows(stepper, {0, h_rho}, steps);
      return might_grow_;
    } else {
      return false;
    }
  }
  // The direction of its rate in the plane of numbers, sought once in many evaluations; 0 where it is not known or grows.
  ANTISTROPHE_COLD std::complex<double> fastest_mode(S& stepper, double t, const Y& y) {
    if (stepper.calls().evaluations - sought_ < patience_) return fastest_;
    jacobian_.move_to(stepper, t, y);
    const std::complex<double> before = std::exchange(fastest_, 0.0),
                               mode = dominant_mode(stepper, jacobian_, radius_.direction()).value_or(0.0);
    if (const double size = std::abs(mode); size > 0) {
      radius_.learn(size);
      rate_ = size;
      if (mode.real() <= 0.05 * size) fastest_ = {smaller_of(mode.real(), 0) / size, mode.imag() / size};
    }
    patience_ = std::abs(fastest_ - before) < 0.1 ? std::min(2 * patience_, 32 * impatient) : impatient;
    sought_ = stepper.calls().evaluations;
    return fastest_;
  }
  // Of a state that is not slow.
  ANTISTROPHE_COLD void judge_long(S& stepper, const Step& step, const Y& y, Verdict& verdict) {
    const double h = std::fabs(step.h()), h_rho = h * radius_.value(), steps = smaller_of(span_ / h, many_steps);
    harmless_ = h_rho;
    if (!might_grow(stepper, h_rho, steps)) {
      // Nor would any in somewhat longer ones: which is not asked again.
      while (harmless_ < 8 * h_rho && !might_grow(stepper, 1.25 * harmless_, many_steps)) calm_ = harmless_ *= 1.25;
      return;
    }
    const std::complex<double> mode = fastest_mode(stepper, step.sees_t0(), y);
    const double stable = mode == 0.0 ? h : stable_along_(stepper, mode, h_rho, steps) / radius_.value();
    if (mode == 0.0 || stable < h) harmless_ = calm_;
    if (!(stable < h)) return;
    verdict.unstable = true;
    verdict.longest = 0.9 * stable;  // the last step before a landing may be a hundredth longer
  }
  // Of a slow one: nothing is sought while steps are so short that not even a mode without damping would grow.
  void watch_turn(S& stepper, const Step& step, const Y& y) {
    const double h = std::fabs(step.h()), steps = span_ / h;
    if (knows_turn_ || !might_grow(stepper, h * radius_.value(), steps)) return;
    knows_turn_ = true;
    const std::complex<double> mode = fastest_mode(stepper, step.sees_t0(), y);
    if (mode.imag() != 0) stable_turn_ = stable_along_(stepper, mode, stable_edge(stepper), steps);
  }
  void forget_rest() {
    rest_ = Rest::none;
    knows_turn_ = false;
    stable_turn_ = std::numeric_limits<double>::infinity();
  }

  double longest_stable(const S& stepper) const {
    double edge = within_edge * smaller_of(stable_edge(stepper), stable_turn_);
    if (watches_parasite(stepper)) edge = smaller_of(edge, 1);  // in longer steps a parasite is no mirror image
    if constexpr (MultistepStepper<S> && HasStability<S>)
      return smaller_of(edge, stepper.stability().real_interval / 2);
    else
      return edge;
  }
  // What h^p ‖J^(p + 1)δ‖ / ρ may be. Over a solve of many times 1/ρ an undamped tangent's errors add up.
  double allowed_error(const Y& y) const {
    double factorial = 1;
    for (int i = 2; i <= p; ++i) factorial *= i;
    const double tolerances =
        MultistepStepper<S> ? 1 : larger_of(1, (p + 1) * smaller_of(allowed_tolerances, 200 / (rate_ * span_)));
    return tolerances * factorial * relative_tolerance(options_, y);
  }
  const Adaptive& options_;
  ScaledJacobian<S> jacobian_;
  SpectralRadius<S> radius_;
  RestingTangent<S> tangent_, mirrored_;
  ForcedParameters<S> forced_;
  Y moved_;
  double span_;
  bool slow_ = false;  // the state, in the step that was judged
  bool knows_turn_ = false;
  double stable_turn_ =
      std::numeric_limits<double>::infinity();  // the edge of hρ for the fastest mode, where that oscillates
  double harmless_ = 0, calm_ = 0;    // hρ up to which no step makes the fastest mode grow, nor any that decays
  std::complex<double> fastest_ = 0;  // see fastest_mode
  StableAlong<S> stable_along_;
  LastAsked last_asked_;
  bool might_grow_ = false;
  std::int64_t patience_ = impatient, sought_ = -impatient;
  Rest rest_ = Rest::none;
  double lively_ = 0;   // ‖J^(p + 1)δ‖
  double rate_ = 0;     // ρ, when it was last looked at
  double waiting_ = 0;  // for how long the tangent has not been carried along
  double longest_ = 0;  // step, when it was last carried along
  std::int64_t looked_ = -seldom;
  double grown_ = 0, damped_ = 0;  // the parasite beside solutions, in powers of e; what its damping took of that
};

}  // namespace antistrophe::detail
