// SPDX-License-Identifier: MIT
// Step controls: who proposes steps and judges them. One walks a timeline laid out before; the other chooses its steps to a
// tolerance, lands on the times it was given, keeps steps short for the sensitivities of a state that rests, and gives up
// where a solve is hopeless. The loop calls a control in this order:
//   start(stepper, t, y)              at the start of each segment, unless over()
//   over()                            no step is left
//   target(t)                         where the next step goes
//   exhausted(step, stats)            true to give up before it is tried; why_exhausted(step) then says why
//   judge(stepper, step, carry)       whether the attempted step may be committed: ok, or why not
//   accepted(stepper, step)           it was committed; or
//   rejected(stepper, outcome, step)  it was not: a Failure to give up, nothing to try again
//   resume(t)                         an event has interrupted the last step at t, and the solve goes on from there
// A type of steps names its control: a member template `Control<S>`, made of (steps, t0, t1, y0, differentiated), and
// `static constexpr bool chooses_steps = true`; step/adaptive.hpp is one.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/cost.hpp>
#include <antistrophe/detail/local_errors.hpp>
#include <antistrophe/detail/sensitivity_guard.hpp>
#include <antistrophe/problem/solution.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/detail/controller.hpp>
#include <antistrophe/step/detail/rough_power.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace antistrophe::detail {

inline Status status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::out_of_range:
      return Status::out_of_range;
    case Outcome::not_converged:
      return Status::not_converged;
    default:
      return Status::not_finite;
  }
}

template <class S>
ANTISTROPHE_COLD Failure failed_at(const S& stepper, Outcome outcome, const Step& step) {
  StepFailure step_failure = stepper.step_failure();
  return {status_of(outcome), step.t0, step.n, step_failure.component, std::move(step_failure.cause), step.h()};
}

// Hairer's first step (Solving ODEs I, II.4): from the sizes of y0, of f there, and of f a small Euler step further on,
// which stays inside [t0, t1]. `speed` is the scaled size of f(t0, y0), `not_finite` an entry of it that is NaN or infinite, or -1.
template <Stepper S>
double first_step(S& stepper, Controller& controller, const Adaptive& options, int local_order, double t0, double t1,
                  const typename S::State& y0, double& speed, Eigen::Index& not_finite) {
  using Y = typename S::State;
  const double span = t1 - t0, sign = span > 0 ? 1 : -1;
  const double longest = smaller_of(std::fabs(span), options.dtmax);
  Y f0 = zeros_like(y0);
  fill(f0, scalar<Y>(std::numeric_limits<double>::quiet_NaN()));  // so that what the field leaves unwritten is seen
  Y f1 = f0;
  for (int tries = 0; tries < 2; ++tries) {  // what is not finite once only, trials get over
    stepper.slope(t0, y0, f0);
    not_finite = first_not_finite(f0);
    if (not_finite < 0) break;
  }
  if (not_finite >= 0) return std::copysign(longest, span);
  const double d0 = controller.scaled(y0, y0, y0), d1 = controller.scaled(f0, y0, y0);
  speed = d1;
  double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 * std::fabs(span) : 0.01 * d0 / d1;
  h0 = smaller_of(std::isfinite(h0) ? h0 : 1e-6 * std::fabs(span), longest);
  const double probe = t0 + sign * h0;
  Y y1 = y0;
  add_scaled(y1, scalar<Y>(sign * h0), f0);
  stepper.slope(h0 == std::fabs(span) ? t1 : probe, y1, f1);
  f1 -= f0;
  const double d2 = controller.scaled(f1, y0, y0) / h0;
  const double steepest = larger_of(d1, d2);
  const double h1 = steepest <= 1e-15 ? larger_of(1e-6 * std::fabs(span), 1e-3 * h0)
                                      : rough_power(0.01 / steepest, 1.0 / local_order);
  const double h = smaller_of(100 * h0, std::isfinite(h1) ? h1 : h0);
  return sign * smaller_of(h, longest);
}

inline constexpr const char* stiff =
    "the problem is stiff here: stability, not accuracy, keeps the steps short. Explicit methods are the wrong tool; "
    "try a "
    "looser tolerance, a smaller lambda of a pair, or an implicit solver";

ANTISTROPHE_COLD inline std::string why_so_small(const Adaptive& options, Outcome outcome, double error,
                                                 const StepFailure& step_failure, bool is_stiff) {
  std::ostringstream text;
  text.precision(4);
  if (outcome == Outcome::unstable)
    return "in longer steps what should die out would grow: a mode of the problem that decays, or the parasitic "
           "solution "
           "of a coupled method, which a smaller lambda damps more. Probably " +
           std::string(stiff) + ".";
  text << "the last trial had an error of " << error << " times the tolerance (rtol " << options.rtol << ", atol "
       << options.atol.smallest() << ")";
  if (!std::isfinite(error) && !step_failure.cause.empty()) text << "; " << step_failure.cause;
  text << ". ";
  if (is_stiff)
    text << "Probably " << stiff << ".";
  else
    text << "Is the field discontinuous at a fixed time (then name it in .jumps), the tolerance below what the state's "
            "numbers resolve, or the solution going to infinity?";
  return text.str();
}

ANTISTROPHE_COLD inline Failure exhausted_steps(const Step& step, const Adaptive& options, bool is_stiff,
                                                bool is_hopelessly_stiff) {
  Failure failure{Status::max_steps, step.t0, step.n, -1, {}, step.h()};
  if (is_hopelessly_stiff) {
    failure.cause = std::string(stiff) + " (more than ten million steps of this length are left)";
  } else if (options.max_steps) {
    failure.cause = "all " + std::to_string(*options.max_steps) + " steps of Adaptive::max_steps are used up";
    if (is_stiff) failure.cause += std::string("; ") + stiff;
  } else {
    constexpr double round_off = std::numeric_limits<double>::epsilon();
    const bool asks_too_much = options.rtol < round_off && options.atol.smallest() < round_off;
    failure.cause =
        "more than a thousand million steps of this length are left. Probably " +
        (asks_too_much ? "the tolerance (rtol " + in_words(options.rtol) + ", atol " +
                             in_words(options.atol.smallest()) + ") is below what the state's numbers resolve"
                       : std::string(stiff)) +
        ". To go on all the same, give Adaptive::max_steps";
  }
  return failure;
}

ANTISTROPHE_COLD inline Failure parasite_took_over(const Step& step) {
  return {Status::unstable,
          step.t0,
          step.n,
          -1,
          "the parasitic solution of the method takes over where the problem contracts, as stiff ones do: a lambda "
          "near 1 hardly damps it, and reversible Heun and the asynchronous leapfrog not at all; take a pair in Exact "
          "arithmetic, with lambda = 1/2",
          step.h()};
}

// Steps from node to node of a timeline laid out before; those that events are to cut, to where they were aimed. A step that
// fails ends the solve.
class FixedControl {
 public:
  FixedControl(const Timeline& plan, bool with_events) : plan_(&plan), with_events_(with_events) {}

  bool over() const { return next_ > plan_->steps(); }
  // The node of the plan that has been passed last.
  std::int64_t passed() const { return next_ - 1; }
  double target(double) const { return with_events_ ? plan_->aim(next_) : (*plan_)[next_]; }
  template <Stepper S>
  void start(S&, double, const typename S::State&) {}
  static bool exhausted(const Step&, const Stats&) { return false; }
  static Failure why_exhausted(const Step&) { return {}; }

  template <Stepper S>
  Outcome judge(S&, const Step&, const typename S::Carry&) {
    return Outcome::ok;
  }
  template <Stepper S>
  void accepted(S&, const Step& step) {
    ++next_;
    if (with_events_ && step.t1 != (*plan_)[next_ - 1]) pass(step.t1);  // an event that was to come did not
  }
  // That many steps were gone at once.
  void strode(std::int64_t count) { next_ += count; }
  template <Stepper S>
  std::optional<Failure> rejected(S& stepper, Outcome outcome, const Step& step) {
    return failed_at(stepper, outcome, step);
  }
  // Goes on from an event at time t. Where the plan was cut by one in the step at hand, it is this one, if it comes sooner or later now:
  // the node that is its time there is behind.
  void resume(double t) {
    if (!over() && plan_->aim(next_) != (*plan_)[next_]) ++next_;
    pass(t);
  }

 private:
  // A step that ends just before f jumps must still land there, and so must one to a node that was chosen after this very event.
  void pass(double t) {
    const bool chosen = plan_->is_chosen();
    const double sign = plan_->t1() >= plan_->t0() ? 1 : -1;
    const double slack = time_slack(plan_->t0(), plan_->t1(), chosen ? 0 : plan_->steps());
    const auto passed_by = [&](double node) {
      return sign * (node - t) <= ((chosen || plan_->jump_at(node) != nullptr) && node != plan_->t1() ? 0 : slack);
    };
    while (!over() && passed_by((*plan_)[next_])) ++next_;
  }

  const Timeline* plan_;
  bool with_events_;
  std::int64_t next_ = 1;
};

// What the next step of a control depends on: its length, where it lands, where the solve ends, the spectral radius, and up to which hρ no
// mode grows.
struct CalmStretch {
  double h, landing, end, rho, harmless;
};

// Steps of accepted error. Rejected trials leave no trace. `differentiated`: a gradient will be asked for.
template <class S>
class AdaptiveControl {
  static_assert(AdaptiveStepper<S>);

 public:
  using Y = typename S::State;

  AdaptiveControl(const Adaptive& options, double t0, double t1, const Y& y0, bool differentiated)
      : options_(options),
        landings_(options, t0, t1),
        controller_(options, S::error_order),
        t1_(t1),
        t0_(t0),
        before_(y0),
        after_(y0),
        estimates_(make_estimates<S>(y0)) {
    validate(options, y0.size(), t0, t1);
    if (differentiated && options.sensitivity_guard) guard_.emplace(options_, y0, t0, t1);
  }

  // Those of the options, and those that the field knows of itself.
  void land_on_jumps(const Timeline& plan) {
    if (plan.has_jumps()) landings_ = Landings(options_, plan.jumps(), t0_, t1_);
  }

  // Where errors of steps are wanted, those of accepted steps go there.
  void record(LocalErrors<Y>& errors) {
    errors_ = errors.on() ? &errors : nullptr;
    if constexpr (ForeseesParasite<S>)
      exaggeration_ = exaggeration<S>(smaller_of(1, relative_tolerance(options_, before_)));
  }

  bool over() const { return t0_ == t1_ || landing_ == landings_.all.size(); }

  void start(S& stepper, double t, const Y& y) {
    if (over()) return;
    if (options_.first_step != 0) {
      h_ = options_.first_step;
      return;
    }
    double speed = 0;
    h_ = first_step(stepper, controller_, options_, S::error_order, t, landings_.sees_end, y, speed, not_finite_);
    if (guard_ && std::fabs(h_) * speed < 1) {
      longest_ = guard_->longest_while_slow(stepper, t, y, 0);
      h_ = bounded(h_);
    }
  }

  static constexpr double far_too_many = 1e9;

  double target(double t) {
    const double landing = landings_.all[landing_].t;
    // Never less than t resolves: t + h == t would stand still for ever.
    wished_ = std::copysign(larger(smaller(std::fabs(h_), options_.dtmax), shortest(t)), landing - t);
    const double next = t + wished_;
    // A step that would leave less than a hundredth of itself lands, as does one that times round to the landing.
    lands_ = std::fabs(wished_) * 1.01 >= std::fabs(landing - t) || next == landing;
    return lands_ ? landing : next;
  }

  bool exhausted(const Step& step, const Stats& stats) const {
    return (options_.max_steps && stats.steps >= *options_.max_steps) || is_hopelessly_stiff(step) ||
           (!options_.max_steps && far_in_a_row_ >= very_persistent) || not_finite_ >= 0;
  }
  ANTISTROPHE_COLD Failure why_exhausted(const Step& step) const {
    if (not_finite_ >= 0)
      return failure_at(Status::not_finite, step.t0, step.n, not_finite_,
                        "f(t, y) is not finite here, where a step is to begin: the field returned NaN or infinity or "
                        "left an entry of "
                        "dy unwritten");
    return exhausted_steps(step, options_, stiff_in_a_row_ >= persistent, is_hopelessly_stiff(step));
  }

  Outcome judge(S& stepper, const Step& step, const typename S::Carry& carry) {
    stepper.error(step, carry, estimates_);
    stepper.read(carry, before_);
    stepper.proposal(step, carry, after_);
    error_ = scaled_error(stepper);
    longest_ = unbounded;
    surprised_ = false;
    double magnification = 1;
    if (!std::isfinite(error_)) return Outcome::inaccurate;
    if (guard_) {
      const auto verdict = guard_->judge(stepper, controller_, step, before_, after_);
      magnification = verdict.magnification;
      error_ = larger_of(error_ * magnification, verdict.forced_error);
      longest_ = verdict.longest;
      hopeless_ = verdict.hopeless;
      if (verdict.unstable || hopeless_) return Outcome::unstable;
    }
    if (!(error_ < 1)) return Outcome::inaccurate;
    if constexpr (SeesEnd<S>)
      if (const Outcome outcome = judge_end(stepper, step, carry, magnification); outcome != Outcome::ok)
        return outcome;
    if constexpr (ForeseesParasite<S>)
      if (const Outcome outcome = judge_parasite(stepper, step, carry); outcome != Outcome::ok) return outcome;
    watch_stiffness(stepper, step);
    return Outcome::ok;
  }

  // The same of a running cost, whose own tolerance is that of a state of its size.
  Outcome judge_cost(const CostEstimate& cost) {
    const double size = larger_of(std::fabs(cost.before), std::fabs(cost.before + cost.increment));
    const double error = cost.error / (options_.atol.smallest() + options_.rtol * size);
    if (std::isnan(error)) return Outcome::not_finite;
    error_ = larger_of(error_, error);
    return error_ < 1 ? Outcome::ok : Outcome::inaccurate;
  }

  void accepted(S& stepper, const Step& step) {
    if (errors_ != nullptr) record_error(step);
    double growth = 1;
    if constexpr (MultistepStepper<S>) {
      const double most = stepper.maximum_growth(step);
      if (most > 1)
        growth = controller_.accept(error_);
      else
        controller_.keep(error_);  // no need of a root
      growth = growth < S::multistep.worthwhile_growth ? 1 : smaller_of(growth, most);
    } else {
      growth = controller_.accept(error_);
    }
    double next = step.h() * growth;
    tried_gap_ = unbounded;
    bounded_by_guard_ = false;
    far_in_a_row_ = std::fabs(t1_ - step.t1) > far_too_many * std::fabs(step.h()) ? far_in_a_row_ + 1 : 0;
    if (guard_) {
      guard_->accepted(stepper);
      const double sees = step.timeline->sees_after(step.t1);
      guard_->look_now_and_then(stepper, sees, after_);
      longest_ = smaller_of(longest_, guard_->longest(stepper, sees, after_, step.h()));
    }
    next = bounded(next);
    h_ = lands_ ? std::copysign(larger(std::fabs(next), std::fabs(wished_)), wished_) : next;
    error_ = unknown;
    if (!lands_) return;
    if (Landings::is_jump(landings_.all[landing_])) {
      controller_.forget();
      if (guard_) guard_->forget();
    }
    ++landing_;
  }

  std::optional<Failure> rejected(S& stepper, Outcome outcome, const Step& step) {
    // The error of a step over a jump or a kink goes like h or h², whatever the order.
    if (std::exchange(surprised_, false)) error_ = rough_power(error_, S::error_order / 2.0);
    if (hopeless_) return parasite_took_over(step);
    const bool judged = outcome == Outcome::inaccurate || outcome == Outcome::unstable;
    const double error = judged ? error_ : unknown;
    error_ = unknown;
    h_ = step.h() * (outcome == Outcome::unstable ? 1 : controller_.reject(error));
    if (judged) h_ = std::copysign(smaller_of(std::fabs(h_), longest_), h_);
    if (is_long_enough(step.t0, h_)) return std::nullopt;
    if (outcome == Outcome::out_of_range) return failed_at(stepper, outcome, step);
    return vanished(stepper, outcome, step, judged, error);
  }

  void resume(double t) {
    const double sign = t1_ >= t0_ ? 1 : -1;
    const double slack = time_slack(t0_, t1_);
    const auto passed = [&](const Landings::Landing& landing) {
      return sign * (landing.t - t) <= (Landings::is_jump(landing) ? 0 : slack);
    };
    while (!over() && passed(landings_.all[landing_])) ++landing_;
    controller_.forget();
    if (guard_) guard_->forget();
  }

  // Steps of several lanes are judged at once as long as nothing happens (ensemble/detail/calm_lanes.hpp). After how many trials, of so
  // many evaluations each, this control is to be asked again; 0 where something is the matter. In between it is asked
  // for the length of each next step, and takes up the thread with went_on_calmly after steps that stand.
  static constexpr bool may_be_calm = !MultistepStepper<S> && !HasParasite<S> && !SeesEnd<S> && !ForeseesParasite<S>;
  std::int64_t calm_trials(const S& stepper, const Stats& stats, std::int64_t evaluations) const {
    if (over() || bounded_by_guard_ || stiff_in_a_row_ > 0 || far_in_a_row_ > 0 || !(options_.rtol > 0)) return 0;
    std::int64_t trials = std::numeric_limits<std::int64_t>::max();
    if (options_.max_steps) trials = *options_.max_steps - stats.steps;
    if (guard_) trials = std::min(trials, guard_->steps_to_look(stepper, evaluations));
    return std::max<std::int64_t>(trials, 0);
  }
  CalmStretch calm_stretch() const {
    return {h_, landings_.all[landing_].t, t1_, guard_ ? guard_->rho() : 0, guard_ ? guard_->harmless() : unbounded};
  }
  ANTISTROPHE_ALWAYS_INLINE double calm_growth(double error) { return controller_.accept(error); }
  double calm_shrinking(double error) const { return controller_.reject(error); }
  bool is_long_enough(double t, double h) const { return std::fabs(h) >= larger_of(shortest(t), options_.dtmin); }
  void went_on_calmly(double h) {
    h_ = h;
    tried_gap_ = longest_ = unbounded;
    if (guard_) guard_->went_on_calmly();
  }
  void shrank_calmly(double h) { h_ = h; }
  // After a step to (t, y), the last that went on so.
  void look_now_and_then(S& stepper, double t, const Y& y) {
    if (guard_) guard_->look_now_and_then(stepper, t, y);
  }

  // The length of the step to come, or, at the end, of one that was not cut short to land there.
  double next_step() const { return h_; }
  // Steps that were kept short for the sensitivities' sake.
  std::int64_t guarded() const { return guarded_; }

 private:
  // A stepper that is one lane of several may know it already.
  ANTISTROPHE_ALWAYS_INLINE double scaled_error([[maybe_unused]] S& stepper) {
    if constexpr (KnowsScaledNorms<S>)
      if (stepper.knows_norms()) return stepper.scaled_error();
    return controller_.error(estimates_, before_, after_);
  }

  // fmin and fmax where `b` is a number, each one instruction.
  static double smaller(double a, double b) { return a < b ? a : b; }
  static double larger(double a, double b) { return a > b ? a : b; }

  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  static constexpr double unbounded = std::numeric_limits<double>::infinity();
  static constexpr int persistent = 64;
  static constexpr double too_many = 1e7;
  // Whatever keeps the steps short: a parasite that no estimate sees, too.
  static constexpr int very_persistent = 1000;

  bool is_hopelessly_stiff(const Step& step) const {
    return stiff_in_a_row_ >= persistent && std::fabs((t1_ - step.t0) / wished_) > too_many;
  }

  // Below a few units in the last place of t a shorter step is no longer another one.
  static double shortest(double t) {
    return 4 * std::numeric_limits<double>::epsilon() * std::fabs(t) + std::numeric_limits<double>::min();
  }

  // Of a step that was judged: NaN in a stage that the error estimate alone takes.
  ANTISTROPHE_COLD StepFailure failure_of_estimate() const {
    for (const Y& estimate : estimates_)
      if (const Eigen::Index bad = first_not_finite(estimate); bad >= 0)
        return {
            bad,
            "the error estimate is not finite: the field returned NaN or infinity or left an entry of dy unwritten, "
            "or the step is too long"};
    return {};
  }

  // A step that would have to be shorter than can be.
  ANTISTROPHE_COLD Failure vanished(S& stepper, Outcome outcome, const Step& step, bool judged, double error) {
    const StepFailure step_failure = judged ? failure_of_estimate() : stepper.step_failure();
    Failure failure{Status::step_size_vanished,
                    step.t0,
                    step.n,
                    step_failure.component,
                    why_so_small(options_, outcome, error, step_failure, stiff_in_a_row_ >= persistent),
                    step.h()};
    if (failure.component < 0 && before_.size() > 0) {
      failure.component = index_of_largest(estimates_[0]);
    }
    if (failure.component >= 0) {
      failure.value = static_cast<double>(Eigen::numext::real(before_.data()[failure.component]));
      failure.error_estimate = static_cast<double>(Eigen::numext::real(estimates_[0].data()[failure.component]));
    }
    return failure;
  }

  // A step is held by stability where h times a Lipschitz constant is near the edge of the stable region although the state
  // hardly moves: an oscillation that needs such steps for accuracy moves the state by as much.
  void watch_stiffness(S& stepper, const Step& step) {
    const double step_lipschitz = stepper.stiffness(step);
    // Beyond its edge a parasite grows, which no error estimate sees, and the state moves at random.
    double near_edge = 0.3;
    bool watches_parasite = false;
    if constexpr (HasParasite<S>) {
      const Stability stability = stepper.stability();
      watches_parasite = stability.watches_parasite;
      if (watches_parasite) near_edge = smaller_of(near_edge, 0.4 * stability.parasite_edge);
    }
    const auto parasitic = [&] {
      if constexpr (HasParasite<S>)
        return watches_parasite && controller_.scaled(stepper.parasite(), before_, after_) > 1000;
      else
        return false;
    };
    const auto hardly_moves = [&] {
      const double moved = norm_of_difference(after_, before_);
      return step_lipschitz * static_cast<double>(after_.matrix().norm()) > 1000 * moved;
    };
    // Steps kept short for the sensitivities of a state that rests count too: ten million of them are as hopeless.
    const bool stiff_now = bounded_by_guard_ || (step_lipschitz > near_edge && (hardly_moves() || parasitic()));
    stiff_in_a_row_ = stiff_now ? stiff_in_a_row_ + 1 : 0;
  }

  // Of two estimates, the first in the size of what both make together.
  void record_error(const Step& step) {
    double factor = 1;
    if constexpr (S::error_estimates > 1) {
      const double first = controller_.scaled(estimates_[0], before_, after_);
      if (first > 0) factor = controller_.error(estimates_, before_, after_) / first;
    }
    if constexpr (ForeseesParasite<S>) {
      // What the two solutions of a coupled method differ by is an error that no estimate sees, and no exaggerated one.
      const auto of_estimate = static_cast<RealOf<Y>>(factor), of_parasite = static_cast<RealOf<Y>>(exaggeration_);
      errors_->add(step.n, 1, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
        return of_estimate * estimates_[0].data()[i] + of_parasite * parasite_.data()[i];
      });
    } else {
      errors_->add(step.n, estimates_[0], factor);
    }
  }

  // A step of length h, or the longest that sensitivities and parasite allow.
  double bounded(double h) {
    bounded_by_guard_ = longest_ < std::fabs(h);
    if (!bounded_by_guard_) return h;
    ++guarded_;
    return std::copysign(longest_, h);
  }

  // What the error estimate made of values before the step could not see: a kink or a jump inside it.
  Outcome judge_end(S& stepper, const Step& step, const typename S::Carry& carry, double magnification) {
    if (const Outcome outcome = stepper.complete(step, carry); outcome != Outcome::ok) return outcome;
    if (!stepper.end_error(step, estimates_)) return Outcome::ok;
    error_ = larger_of(error_, magnification * controller_.error(estimates_, before_, after_));
    surprised_ = !(error_ < 1);
    return surprised_ ? Outcome::inaccurate : Outcome::ok;
  }

  // The estimate of a coupled step sees a deviation of its second solution only through a high power of h: the parasite is
  // looked at itself. It may be up to ten tolerances, or what it was; where it grows, the next step is so short that it would
  // shrink to four fifths: per step it grows like λ times what depends on hμ, taken as a power of h. A λ near 1 damps it too
  // little for that to help: it may reach a thousand tolerances, or a tenth of the state, and then ends the solve; entry by entry ten
  // thousand, for an entry that passes 0 has a small tolerance there. What a shorter step does not make smaller is no parasite, but
  // round-off, and so it is in steps of a few thousand units in the last place of t.
  Outcome judge_parasite(S& stepper, const Step& step, const typename S::Carry& carry) {
    if (const Outcome outcome = stepper.complete(step, carry); outcome != Outcome::ok) return outcome;
    const double old_gap = controller_.scaled(stepper.parasite(), before_, after_);
    const Y& parasite = stepper.next_parasite();
    const double gap = controller_.scaled(parasite, before_, after_);
    if (errors_ != nullptr) parasite_ = parasite;
    if (std::fabs(step.h()) < 1000 * shortest(step.t0)) return Outcome::ok;
    const double tried = std::exchange(tried_gap_, gap);
    if (hardly_damps(stepper.stability())) {
      const double beyond = beyond_bearing(gap, stepper.next_parasite());
      hopeless_ = beyond > 1 && beyond_bearing(old_gap, stepper.parasite()) > 0.1;
      if (!(beyond > 1)) return Outcome::ok;
      longest_ = std::fabs(step.h()) / 2;
      return Outcome::unstable;
    }
    if (gap > 1 && gap > 0.8 * old_gap) {
      const double edge = stepper.stability().parasite_edge, growth = std::log(smaller_of(gap / old_gap, 1e6));
      longest_ = smaller_of(longest_, std::fabs(step.h()) * larger_of(0.3, (std::log(0.8) + edge) / (growth + edge)));
    }
    return gap > larger_of(10, old_gap) && !(gap > 0.9 * tried) ? Outcome::unstable : Outcome::ok;
  }

  // Above 1 where a parasite that hardly dies out is too large; `gap` is its scaled norm.
  double beyond_bearing(double gap, const auto& parasite) const {
    const double tenth = 0.1 / options_.rtol, size = larger_of(largest_entry(before_), largest_entry(after_));
    const double of_all = largest_entry(parasite) / (options_.atol.smallest() + options_.rtol * size);
    return larger_of(gap / smaller_of(1e4, tenth), of_all / smaller_of(1e3, tenth));
  }

  const Adaptive& options_;
  Landings landings_;
  Controller controller_;
  double t1_, t0_;
  double h_ = 0, wished_ = 0, error_ = unknown;
  double longest_ = unbounded;  // of the step to come
  bool lands_ = false;
  bool surprised_ = false;  // by f at the step's end
  int stiff_in_a_row_ = 0, far_in_a_row_ = 0;
  std::size_t landing_ = 0;
  Eigen::Index not_finite_ = -1;  // of f where the segment began
  std::optional<SensitivityGuard<S>> guard_;
  LocalErrors<Y>* errors_ = nullptr;
  std::int64_t guarded_ = 0;
  bool bounded_by_guard_ = false;  // the step to come
  bool hopeless_ = false;          // the parasite has taken over
  double exaggeration_ = 1;        // of error estimates
  double tried_gap_ = unbounded;   // of the trial before, of the same step
  Y before_, after_;
  struct NoParasite {};
  [[no_unique_address]] std::conditional_t<ForeseesParasite<S>, Y, NoParasite> parasite_;
  std::array<Y, static_cast<std::size_t>(S::error_estimates)> estimates_;
};

}  // namespace antistrophe::detail
