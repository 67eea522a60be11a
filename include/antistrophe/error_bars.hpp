// SPDX-License-Identifier: MIT
// value_and_gradient(…, ErrorBars{}): value and gradient with an estimate of the error of each entry, and better values of
// all of them.
//
//   auto [value, gradient, error] = value_and_gradient(problem, Dopri5{}, Adaptive{}, loss, ErrorBars{});
//   gradient.theta[0] ± error.theta[0]
//
// The solve is done again with each of its steps cut in two, and pulled back again. With p the order of the method,
//   error = |g_h − g_{h/2}| 2^p / (2^p − 1),   extrapolated = g_{h/2} + (g_{h/2} − g_h) / (2^p − 1)
// (Richardson extrapolation; Hairer, Nørsett & Wanner I, II.4), at the cost of three gradients and the memory of one.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/gradient.hpp>
#include <antistrophe/step/fixed.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe {

// The errors that value and gradient have because steps are finite: in a perfect solve they would be zero. Not those of
// a model, nor those of data.
// rtol, atol: refine until each bar is at most atol + rtol |entry|; neither given: one look, no refinement. An entry counts
// as no smaller than a thousandth of the largest beside it, for some are zero. max_steps: of the longest solve of a refinement.
struct ErrorBars {
  double rtol = 0;
  double atol = 0;
  std::int64_t max_steps = 10'000'000;
};

// One number for each entry of value and gradient: of error bars none is negative.
template <class F, class Y>
struct GradientEstimate {
  RealOf<Y> value{};
  Y y0;
  Parameters<F, Y> theta;
  TimeGradient<F, Y> t0{}, t1{};
};

// value and gradient are those of the very steps asked for, or, refined, of the first that were good enough. May be taken
// apart: auto [value, gradient, error] = value_and_gradient(…, ErrorBars{}).
// A refinement that does not reach what was asked for fails with Status::not_accurate and says what it reached and what stands
// in the way; with OnFailure::return_status, value, gradient and error are then those it reached.
template <class F, class Y>
struct [[nodiscard]] ValueAndGradientWithBars : ValueAndGradient<F, Y> {
  GradientEstimate<F, Y> error, extrapolated;
  std::int64_t solves = 0;       // with their gradients
  std::int64_t evaluations = 0;  // of f, of all of them, there and back

  template <std::size_t I>
  const auto& get() const& {
    if constexpr (I == 2)
      return error;
    else
      return ValueAndGradient<F, Y>::template get<I>();
  }
  template <std::size_t I>
  auto&& get() && {
    if constexpr (I == 2)
      return std::move(error);
    else
      return std::move(*this).ValueAndGradient<F, Y>::template get<I>();
  }
};

namespace detail {

// The order of a method: its error after a given time is of that power of h.
template <class F, class Y, class M>
int order_of(const M& method) {
  using S = typename M::template Stepper<F, Y>;
  if constexpr (requires { method.order(); })
    return method.order();
  else if constexpr (requires { int(M::order); })
    return M::order;
  else if constexpr (AdaptiveStepper<S>)
    return S::error_order - 1;
  else
    static_assert(never<M>,
                  "antistrophe: error bars need the order of the method: give it `static constexpr int order`.");
}

// Steps in so many parts. With jumps each step is cut, so that all pieces between them have as many times more steps; and so are
// few steps of h, where the last that may be shorter counts.
template <class Steps>
struct PartsOfSteps {
  Steps whole;
  std::int64_t parts;

  Timeline timeline(double t0, double t1) const {
    constexpr std::int64_t few = 64;
    if constexpr (std::is_same_v<Steps, FixedSteps>)
      if (whole.jumps.empty()) return FixedSteps{whole.n * parts}.timeline(t0, t1);
    const Timeline steps = whole.timeline(t0, t1);
    if constexpr (std::is_same_v<Steps, FixedStep>)
      if (whole.jumps.empty() && steps.steps() > few)
        return FixedStep{whole.h / static_cast<double>(parts)}.timeline(t0, t1);
    StepTo each{{}, parts, whole.jumps};
    for (std::int64_t i = 1; i < steps.steps(); ++i) each.times.push_back(steps[i]);
    return each.timeline(t0, t1);
  }
};

// Steps laid out before, each in so many parts. An overload for what a user's own steps are: those of the solve.
inline PartsOfSteps<FixedSteps> in_parts(FixedSteps steps, const Subdivided& taken) {
  return {std::move(steps), taken.parts};
}
inline PartsOfSteps<FixedStep> in_parts(FixedStep steps, const Subdivided& taken) {
  return {std::move(steps), taken.parts};
}
template <class StepsType>
Subdivided in_parts(const StepsType&, Subdivided taken) {
  return taken;
}

// The same saves where there are so many times more steps.
inline SaveAt in_parts(SaveAt save_at, std::int64_t parts) {
  if (save_at.steps) save_at.every = 1;
  save_at.steps = false;
  save_at.every *= parts;
  return save_at;
}
template <class G>
SaveFunctionAt<G> in_parts(SaveFunctionAt<G> save, std::int64_t parts) {
  save.at = in_parts(std::move(save.at), parts);
  return save;
}

// Where bars are widest beside what was asked for.
struct WidestBar {
  double excess = 0;  // the bar over what is allowed; above 1: too wide
  double bar = 0, allowed = 0, entry = 0;
  const char* of = "";
  std::ptrdiff_t index = -1;

  ANTISTROPHE_COLD std::string name() const {
    return index < 0 ? std::string(of) : std::string(of) + "[" + std::to_string(index) + "]";
  }
};

// Bars and better values from two gradients, the second with steps half as long.
template <class F, class Y>
class Comparison {
 public:
  Comparison(const ErrorBars& options, int order) : options_(options), ratio_(std::exp2(order)) {}

  // grain: of the state's numbers, relative to y0.
  WidestBar compare(const ValueAndGradient<F, Y>& coarse, const ValueAndGradient<F, Y>& fine, double grain, const Y& y0,
                    GradientEstimate<F, Y>& error, GradientEstimate<F, Y>& extrapolated) {
    widest_ = {};
    round_off_ = grain * std::sqrt(static_cast<double>(fine.stats.accepted));
    const double moved_by_y0 = largest_entry(y0) * largest_entry(fine.gradient.y0);
    number("the value", coarse.value, fine.value, moved_by_y0, error.value, extrapolated.value);
    entries("dL/dy0", coarse.gradient.y0, fine.gradient.y0, error.y0, extrapolated.y0);
    entries("dL/dtheta", coarse.gradient.theta, fine.gradient.theta, error.theta, extrapolated.theta);
    if constexpr (HasTimeGradient<F, Y>) {
      number("dL/dt0", coarse.gradient.t0, fine.gradient.t0, 0, error.t0, extrapolated.t0);
      number("dL/dt1", coarse.gradient.t1, fine.gradient.t1, 0, error.t1, extrapolated.t1);
    }
    return widest_;
  }

 private:
  // largest: of what round-off touches and it is a sum of.
  template <class Real>
  void number(const char* of, const Real& coarse, const Real& fine, double largest, Real& error, Real& better) {
    const double size = std::fabs(static_cast<double>(coarse));
    error = static_cast<Real>(bar(coarse, fine, larger_of(size, largest)));
    better = extrapolate(coarse, fine);
    judge(of, -1, static_cast<double>(error), size, 0);
  }
  // Where the errors of two solves happen to agree in an entry, their difference says nothing of it: no bar is taken for
  // narrower, beside its entry, than a tenth of the widest beside the largest.
  template <class Entries>
  void entries(const char* of, const Entries& coarse, const Entries& fine, Entries& error, Entries& better) {
    error = better = fine;
    const double largest = larger_of(largest_entry(coarse), largest_entry(fine));
    double widest = 0;
    for (Eigen::Index i = 0; i < fine.size(); ++i)
      widest = larger_of(widest, bar(coarse.data()[i], fine.data()[i], largest));
    const double least = largest > 0 ? 0.1 * widest / largest : 0;
    for (Eigen::Index i = 0; i < fine.size(); ++i) {
      const double size = static_cast<double>(std::abs(coarse.data()[i]));
      const double width = larger_of(bar(coarse.data()[i], fine.data()[i], largest), least * size);
      error.data()[i] = static_cast<RealOf<Y>>(width);
      better.data()[i] = extrapolate(coarse.data()[i], fine.data()[i]);
      judge(of, i, width, size, largest);
    }
  }
  template <class Scalar>
  double bar(const Scalar& coarse, const Scalar& fine, double largest) const {
    return static_cast<double>(std::abs(coarse - fine)) * ratio_ / (ratio_ - 1) + round_off_ * largest;
  }
  template <class Scalar>
  Scalar extrapolate(const Scalar& coarse, const Scalar& fine) const {
    return fine + (fine - coarse) / static_cast<Scalar>(ratio_ - 1);
  }

  void judge(const char* of, std::ptrdiff_t index, double bar, double entry, double largest) {
    const double allowed = options_.atol + options_.rtol * larger_of(entry, 1e-3 * largest);
    const double excess = bar == 0 ? 0 : bar / allowed;
    if (excess > widest_.excess || std::isnan(excess))
      widest_ = {std::isnan(excess) ? std::numeric_limits<double>::infinity() : excess, bar, allowed, entry, of, index};
  }

  ErrorBars options_;
  double ratio_, round_off_ = 0;
  WidestBar widest_;
};

// The solves behind one call with ErrorBars, each with its gradient.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
class BarredGradient {
  using Save = Picked<Extra::save_at, SaveAt, Extras...>;
  using Adjoint = Picked<Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>;
  using Differentiated = DifferentiatedSolveFor<F, Y, M, Extras...>;
  using One = ValueAndGradient<F, Y>;
  static constexpr bool may_tighten = requires(const StepsType& steps) { double(steps.tightened(0.5).rtol); };
  // Far from what is asked for, the next steps are so many times shorter and no more: bars are then no good guide.
  static constexpr double most_at_once = 8;

 public:
  using Result = ValueAndGradientWithBars<F, Y>;

  BarredGradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const L& loss,
                 const Extras&... extras)
      : problem_(problem),
        method_(method),
        steps_(steps),
        loss_(loss),
        extras_(extras...),
        options_(extra<Extra::error_bars>(ErrorBars{})),
        order_(order_of<F, Y>(method)),
        comparison_(options_, order_) {
    // Bars say how good a gradient is; none is refused before they are known.
    if constexpr (requires { steps_.gradient_rtol; }) steps_.gradient_rtol = std::numeric_limits<double>::infinity();
  }

  Result operator()() {
    static constexpr OnFailure by_default = OnFailure::throw_error;
    refuse_options();
    Result result = refined();
    if (!result.success() && extra<Extra::on_failure>(by_default) == OnFailure::throw_error)
      throw SolveError(result.failure, solve_->solution());
    return result;
  }

 private:
  bool refines() const { return options_.rtol > 0 || options_.atol > 0; }

  void refuse_options() const {
    if (!(options_.rtol >= 0) || !std::isfinite(options_.rtol))
      refuse("ErrorBars::rtol", options_.rtol, "finite and not negative");
    if (!(options_.atol >= 0) || !std::isfinite(options_.atol))
      refuse("ErrorBars::atol", options_.atol, "finite and not negative");
    if (options_.max_steps < 1) refuse("ErrorBars::max_steps", options_.max_steps, "at least 1");
  }

  Result refined() {
    Result result;
    One coarse = afresh(), fine;
    if (coarse.success()) fine = again();
    for (double before = std::numeric_limits<double>::infinity(); coarse.success() && fine.success();) {
      const WidestBar widest =
          comparison_.compare(coarse, fine, grain(), problem_.y0, result.error, result.extrapolated);
      static_cast<One&>(result) = coarse;
      if (!refines() || widest.excess <= 1) return finished(result);
      stuck_ = widest.excess > before / 1.5 ? stuck_ + 1 : 0;
      if (stuck_ == 3) return given_up(result, widest, what_stands_in_the_way(widest, fine));
      const double finer =
          smaller_of(most_at_once, 1.05 * std::pow(widest.excess, 1.0 / observed_order(before, widest.excess)));
      before = widest.excess;
      const bool anew = cheaper_anew(finer);
      const double steps_ahead =
          anew ? 2 * finer * static_cast<double>(coarse.stats.accepted) : 2 * static_cast<double>(fine.stats.accepted);
      if (!(steps_ahead <= static_cast<double>(options_.max_steps)))
        return given_up(result, widest,
                        "the next refinement would take about " + roughly(steps_ahead) +
                            " steps, more than ErrorBars::max_steps = " + std::to_string(options_.max_steps));
      halved_ = !anew;
      if (anew) {
        coarse = afresh(finer);
        if (coarse.success()) fine = again();
      } else {
        coarse = std::move(fine);
        parts_ *= 2;
        fine = again();
      }
    }
    One& failed = coarse.success() ? fine : coarse;
    set_all_unknown(result, failed);
    result.failure = std::move(failed.failure);
    return finished(result);
  }

  // The steps asked for; then, where they choose themselves, some that are `finer` times finer.
  One afresh(double finer = 1) {
    const double parts = finer * static_cast<double>(parts_);
    if constexpr (may_tighten) {
      if (parts > 1) steps_ = steps_.tightened(std::pow(parts, -order_));
      parts_ = 1;
    } else if (parts > 1) {
      parts_ = static_cast<std::int64_t>(std::ceil(parts));
      return in_parts_of_first(parts_);
    }
    static constexpr NoObserver no_observer;
    const bool first = solves_ == 0;
    One result =
        first ? run(steps_, save_at(), extra<Extra::observer>(no_observer)) : run(steps_, save_at(), no_observer);
    if constexpr (std::is_same_v<decltype(in_parts(steps_, taken_)), Subdivided>) stretches_ = solve_->stretches();
    taken_ = solve_->subdivided(stretches_, 1);
    return result;
  }
  // Its steps once more, each cut in two.
  One again() { return in_parts_of_first(2 * parts_); }

  One in_parts_of_first(std::int64_t parts) {
    taken_.parts = parts;
    return run(in_parts(steps_, taken_), in_parts(save_at(), parts), NoObserver{});
  }

  template <class Steps, class O>
  One run(const Steps& steps, const Save& save, const O& observer) {
    static const Progress no_progress;
    const Progress& progress = extra<Extra::progress>(no_progress);
    // Of an unknown whole, each solve fills a part of what is left.
    const double begin = done_, middle = solves_ == 0 ? 1.0 / 6 : begin + (1 - begin) / (refines() ? 4 : 2);
    done_ = solves_ == 0 ? 1.0 / 3 : refines() ? begin + (1 - begin) / 2 : 1;
    Throttle forth(progress, begin, middle), back(progress, middle, done_);
    solve_.reset();  // one at a time
    solve_.emplace(problem_, problem_.field, method_, steps, save, extra<Extra::events>(Events<>{}),
                   extra<Extra::adjoint>(Adjoint{}), observer);
    solve_->solve(steps, forth);
    One result{{}, solve_->zero_gradient(), {}, {}, {}};
    if (solve_->ys().size() == saved_ || solves_ == 0 || solve_->failed())
      one_gradient(back, result);
    else
      result.failure = other_saves();
    if (solves_++ == 0) saved_ = solve_->ys().size();
    evaluations_ += result.stats.evaluations + result.gradient.stats.evaluations;
    return result;
  }

  void one_gradient(Throttle& back, One& result) {
    take_gradient(*solve_, loss_, bar_, back, result);
    end_gradient(*solve_, OnFailure::return_status, back, result);
  }

  ANTISTROPHE_COLD Failure other_saves() {
    return {Status::not_accurate, problem_.t1, 0, -1,
            "with steps half as long " + std::to_string(solve_->ys().size()) + " states were saved, and " +
                std::to_string(saved_) + " before, for events cut steps: error bars need saves at times, not at steps"};
  }

  // Of the state's numbers, relative to y0.
  double grain() const {
    const Resolution& resolution = taken_.taken.state;
    const Y& y0 = problem_.y0;
    const double size = largest_entry(y0);
    double of_exact = size > 0 ? resolution.smallest() / size : resolution.smallest();
    for (Eigen::Index i = 0; resolution.per_entry() && i < y0.size(); ++i)
      if (y0.data()[i] != RealOf<Y>(0))
        of_exact = larger_of(of_exact, resolution(i) / static_cast<double>(std::abs(y0.data()[i])));
    return larger_of(static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon()), of_exact);
  }

  // Whether it is cheaper to begin again with steps so many times shorter than to halve those at hand again and again. Halving
  // reuses the finer of two solves; but a loss of what is saved at steps cannot be held against other steps.
  bool cheaper_anew(double finer) const {
    if constexpr (may_tighten) {
      const SaveAt& plan = save_plan_of(save_at());
      if (plan.steps || plan.every > 0) return false;
      const double tighter = steps_.rtol * std::pow(finer * static_cast<double>(parts_), -order_);
      if (steps_.rtol > 0 && tighter < 4 * static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon())) return false;
      if (stuck_ > 0) return halved_;  // the other way
    } else if (stuck_ > 0) {
      return false;
    }
    double halving = 0, parts = 4 * static_cast<double>(parts_);
    for (double reached = static_cast<double>(parts_); reached < finer * static_cast<double>(parts_); reached *= 2) {
      halving += parts;
      parts *= 2;
    }
    return 3 * std::ceil(finer * static_cast<double>(parts_)) < halving;
  }

  // What halving showed, if it did, for the order of a method is that of smooth problems.
  double observed_order(double before, double now) const {
    if (!halved_ || !std::isfinite(before)) return order_;
    return std::clamp(std::log2(before / now), 0.5, static_cast<double>(order_));
  }

  ANTISTROPHE_COLD std::string what_stands_in_the_way(const WidestBar& widest, const One& fine) const {
    const double relative = widest.bar / larger_of(widest.entry, std::numeric_limits<double>::min());
    const bool fine_enough = relative < 1e4 * grain() * std::sqrt(static_cast<double>(fine.stats.accepted));
    const double unit = taken_.taken.state.smallest();
    if (unit > 0 && fine_enough)
      return "shorter steps no longer narrow them, for the numbers of the exact method have a grain of " +
             roughly(unit) + "; give the method a finer resolution, or take Floating";
    if (fine_enough) return "shorter steps no longer narrow them, for round-off of the state's numbers is as large";
    return "shorter steps do not narrow them: neighbouring solutions part from each other too fast to be followed for "
           "so long "
           "(chaos), or f or the loss has kinks or noise";
  }

  ANTISTROPHE_COLD Result& given_up(Result& result, const WidestBar& widest, const std::string& why) {
    const std::int64_t steps = result.stats.accepted;
    result.failure = {Status::not_accurate, problem_.t1, steps, widest.index,
                      "the error bar of " + widest.name() + " came down to " + roughly(widest.bar) + ", where " +
                          roughly(widest.allowed) + " is asked for; " + why};
    return finished(result);
  }

  Result& finished(Result& result) {
    result.solves = solves_;
    result.evaluations = evaluations_;
    return result;
  }

  void set_all_unknown(Result& result, const One& failed) {
    constexpr auto unknown = std::numeric_limits<RealOf<Y>>::quiet_NaN();
    static_cast<One&>(result) = failed;
    result.value = unknown;
    set_unknown<F, Y>(result.gradient);
    result.error = {unknown, result.gradient.y0, result.gradient.theta, result.gradient.t0, result.gradient.t1};
    result.extrapolated = result.error;
  }

  const Save& save_at() const {
    static const SaveAt last_alone;
    return extra<Extra::save_at>(last_alone);
  }
  template <Extra K, class Fallback>
  const auto& extra(const Fallback& fallback) const {
    return pick_from<K>(extras_, fallback);
  }

  const Problem<F, Y>& problem_;
  const M& method_;
  StepsType steps_;  // of the solve whose steps are cut in parts
  const L& loss_;
  std::tuple<const Extras&...> extras_;
  ErrorBars options_;
  int order_;
  Comparison<F, Y> comparison_;

  Owned<Differentiated> solve_;
  LossCotangents<Y, SavedType<Save, Y>> bar_;
  Stretches stretches_;
  Subdivided taken_{};
  std::int64_t parts_ = 1;  // that the first of two solves cuts the steps in, the other in twice as many
  bool halved_ = true;      // the last refinement
  int stuck_ = 0;           // refinements in a row that narrowed nothing
  std::size_t saved_ = 0;
  std::int64_t solves_ = 0, evaluations_ = 0;
  double done_ = 0;
};

// True unless shorter steps say nothing of the error: a field frozen to steps is another one in shorter steps, and along a noise
// errors of single paths have no power of h that Richardson's formula could take away; an adjoint may have errors of its own.
template <class F, class Adjoint>
consteval bool require_error_of_steps() {
  static_assert(
      !Freezable<F>,
      "antistrophe: ErrorBars compare gradients of shorter and shorter steps by Richardson's formula, and a field "
      "that is frozen to steps (noise) has no power of h that it could go by: solve twice, with FixedSteps{n} and "
      "{2 n} along the same path.");
  static_assert(
      !ContinuousAdjoint<Adjoint>,
      "antistrophe: ErrorBars compare gradients of shorter and shorter steps, and a continuous adjoint has an "
      "error of its own; take DirectAdjoint or ReversibleAdjoint, or tighten the tolerance of the way back.");
  return !ContinuousAdjoint<Adjoint> && !Freezable<F>;
}

}  // namespace detail

// Throws as value_and_gradient does without ErrorBars, and SolveError with Status::not_accurate.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
  requires(detail::count_of_extra<detail::Extra::error_bars, Extras...> > 0)
ValueAndGradientWithBars<F, Y> value_and_gradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                                  const L& loss, const Extras&... extras) {
  if constexpr (!detail::require_gradient<detail::Call::gradient_with_bars, F, Y, M, StepsType, L, Extras...>()) {
    return {};
  } else if constexpr (!detail::require_error_of_steps<
                           F, detail::Picked<detail::Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>>()) {
    return {};
  } else {
    detail::validate(problem);
    detail::check_first(problem, extras...);
    return detail::BarredGradient<F, Y, M, StepsType, L, Extras...>(problem, method, steps, loss, extras...)();
  }
}

}  // namespace antistrophe

// value, gradient and error, for structured bindings.
template <class F, class Y>
struct std::tuple_size<antistrophe::ValueAndGradientWithBars<F, Y>> : std::integral_constant<std::size_t, 3> {};
template <class F, class Y>
struct std::tuple_element<0, antistrophe::ValueAndGradientWithBars<F, Y>> {
  using type = antistrophe::RealOf<Y>;
};
template <class F, class Y>
struct std::tuple_element<1, antistrophe::ValueAndGradientWithBars<F, Y>> {
  using type = antistrophe::Gradient<F, Y>;
};
template <class F, class Y>
struct std::tuple_element<2, antistrophe::ValueAndGradientWithBars<F, Y>> {
  using type = antistrophe::GradientEstimate<F, Y>;
};
