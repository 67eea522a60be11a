// What the error estimate of a step does not see: how well the sensitivities of the state are resolved, of which a gradient
// is made. Adaptive steps of a solve that is differentiated are kept short enough for these too.
//
// A tangent δ of the solution obeys δ' = Jδ. With ρ the spectral radius of J, and Δy/h for y', let
//   r = |Δy| / (hρ |y|)
// say how far the state is from where it would rest; where r is not small, y' itself is a tangent that moves as fast as any,
// and what resolves y resolves δ. Where r < 1/20 the state is slow, and
//   (a) steps stay inside the region where every decaying mode decays: hρ at most 0.7 times its edge, for the state's own
//       error says nothing of a mode that the state does not have;
//   (b) the error is judged against how far the state is from rest: y' is a tangent, and its error relative to itself is
//       err / r, so err/(20 r) < 1 is asked for;
//   (c) where the state moves by less than its tolerance, and there is no error to be seen, (hρ)^q <= q! rtol;
//   (d) where a λ near 1 hardly damps the parasite that the cotangents of a coupled method have too, it grows by up to e^{hρ} λ a
//       step while the state is slow: by e^5 in a row, and the solve is given up.
#pragma once

#include <antistrophe/core/detail/splitmix64.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/detail/controller.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstdint>
#include <limits>

namespace antistrophe::detail {

// The part of a stable interval in which every mode is damped well at every step.
inline constexpr double within_edge = 0.7;

// −ln λ < ln 5/4: per step the parasite of a coupled method shrinks by less than a fifth.
inline bool hardly_damps(const Stability& stability) { return stability.parasite_edge < 0.2231; }

// Where the region of hμ in which every decaying mode decays ends, near the negative real axis; of coupled methods, where the
// parasite no longer dies out, unless it hardly ever does.
template <class S>
double stable_edge(const S& stepper) {
  double edge = std::numeric_limits<double>::infinity();
  if constexpr (HasStability<S>) {
    const Stability stability = stepper.stability();
    edge =
        std::fmin(edge, std::fmin(stability.shortest_ray, stability.real_interval));  // of NaN and a number, the number
    if (!hardly_damps(stability)) edge = std::fmin(edge, stability.parasite_edge);
  }
  return edge;
}

// ‖J‖ and the spectral radius ρ of the Jacobian, in the norm of the tolerances, by the power method on differences of f, a
// turn at each look (as Sommeijer, Shampine & Verwer 1998 do).
template <Stepper S>
class SpectralRadius {
 public:
  using Y = typename S::State;

  // `sign` is that of the direction of time, so that a solve towards smaller times is the mirror image of one towards larger.
  SpectralRadius(const Y& like, double sign)
      : sign_(sign), direction_(zeros_like(like)), moved_(direction_), f0_(direction_), f1_(direction_) {}

  // One turn, the first time three; the largest growth of a difference that was seen. Costs an evaluation, and one a turn.
  double look(S& stepper, const Adaptive& options, double t, const Y& y) {
    if (y.size() == 0) return 0;
    stepper.slope(t, y, f0_);
    double steepest = 0;
    for (int turn = started_ ? 2 : 0; turn < 3; ++turn) {
      if (!started_) start(y);
      for (Eigen::Index i = 0; i < y.size(); ++i)
        moved_.data()[i] = y.data()[i] + scalar<Y>(scale(options, y, i)) * direction_.data()[i];
      stepper.slope(t, moved_, f1_);
      double sum = 0;
      for (Eigen::Index i = 0; i < y.size(); ++i) {
        direction_.data()[i] = (f1_.data()[i] - f0_.data()[i]) / scalar<Y>(sign_ * scale(options, y, i));
        sum += static_cast<double>(Eigen::numext::abs2(direction_.data()[i]));
      }
      const double size = std::sqrt(sum / static_cast<double>(y.size()));
      started_ = std::isfinite(size) && size > 0;
      if (!started_) break;
      steepest = std::fmax(steepest, size);
      older_ = newer_;
      newer_ = size;
      for (Eigen::Index i = 0; i < y.size(); ++i) direction_.data()[i] /= scalar<Y>(size);
    }
    return steepest;
  }
  // About ρ, over the last two turns: of a system of second order one may give ‖J‖ and the next 1. 0 where it is not known.
  double value() const { return started_ ? std::sqrt(older_ * newer_) : 0; }

 private:
  // Of the size of the tolerance, and enough for a difference to be seen.
  static double scale(const Adaptive& options, const Y& y, Eigen::Index i) {
    using std::abs;
    const double size = static_cast<double>(abs(y.data()[i]));
    const double visible = std::sqrt(static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon()));
    return options.atol(i) + std::fmax(options.rtol, visible) * size;
  }
  // Signs without a pattern that a Jacobian could share.
  void start(const Y& y) {
    for (Eigen::Index i = 0; i < y.size(); ++i)
      direction_.data()[i] = scalar<Y>(splitmix64(static_cast<std::uint64_t>(i)) % 2 == 0 ? 1 : -1);
  }

  double sign_;
  Y direction_, moved_, f0_, f1_;
  double older_ = 0, newer_ = 0;
  bool started_ = false;
};

template <Stepper S>
class SensitivityGuard {
 public:
  using Y = typename S::State;

  SensitivityGuard(const Adaptive& options, const Y& like, double sign)
      : options_(options), radius_(like, sign), moved_(zeros_like(like)) {}

  // What is known of a step from y0 to y1 whose estimated error is of the tolerance's size or below.
  struct Verdict {
    double magnification = 1;                                  // of the error estimate
    double longest = std::numeric_limits<double>::infinity();  // of the next step
    bool unstable = false;
    bool hopeless = false;  // no step is short enough
  };
  Verdict judge(const S& stepper, Controller& controller, const Step& step, const Y& y0, const Y& y1) {
    Verdict verdict;
    growth_ = 0;
    const double rho = radius_.value();
    if (!(rho > 0)) return verdict;
    moved_ = y1 - y0;
    const double moved = controller.scaled(moved_, y0, y1), h_rho = std::fabs(step.h()) * rho;
    const double r = moved * relative_tolerance(y1) / h_rho;
    if (slow * r < 1) {
      const double edge = stable_edge(stepper);
      if (moved >= 1) verdict.magnification = 1 / std::fmax(slow * r, 1e-9);
      verdict.longest = within_edge * edge / rho;
      verdict.unstable = h_rho > edge;
      if constexpr (HasParasite<S>) {
        if (const Stability stability = stepper.stability(); hardly_damps(stability)) {
          growth_ = std::fmax(0, grown_ + h_rho - stability.parasite_edge);
          verdict.hopeless = growth_ > hopeless_growth;
        }
      }
    }
    return verdict;
  }

  // The step that was judged is taken.
  void accepted() { grown_ = growth_; }

  // After a step to (t, y): ρ is looked at now and then, at a price of a few hundredths of the evaluations.
  void look_now_and_then(S& stepper, double t, const Y& y) {
    if (stepper.calls().evaluations - looked_ < seldom) return;
    radius_.look(stepper, options_, t, y);
    looked_ = stepper.calls().evaluations;
  }
  void forget() { looked_ = -seldom; }

  // The longest step at (t, y), where the state rests.
  double longest_at_rest(S& stepper, int local_order, double t, const Y& y) {
    const double steepest = radius_.look(stepper, options_, t, y);
    looked_ = stepper.calls().evaluations;
    double factorial = 1;
    for (int i = 2; i <= local_order; ++i) factorial *= i;
    double allowed = std::pow(factorial * relative_tolerance(y), 1.0 / local_order);
    if constexpr (MultistepStepper<S> && HasStability<S>)
      allowed = std::fmin(allowed, stepper.stability().real_interval / 2);
    allowed = std::fmin(allowed, within_edge * stable_edge(stepper));
    return steepest > 0 ? allowed / steepest : std::numeric_limits<double>::infinity();
  }

 private:
  static constexpr double slow = 20;
  static constexpr std::int64_t seldom = 64;
  static constexpr double hopeless_growth = 5;

  double relative_tolerance(const Y& y) const {
    if (options_.rtol > 0) return options_.rtol;
    const double largest = largest_entry(y);
    return largest > 0 ? std::fmin(1.0, options_.atol.smallest() / largest) : 1e-6;
  }

  const Adaptive& options_;
  SpectralRadius<S> radius_;
  Y moved_;
  std::int64_t looked_ = -seldom;
  double grown_ = 0, growth_ = 0;  // in powers of e, before and after the step that is judged
};

}  // namespace antistrophe::detail
