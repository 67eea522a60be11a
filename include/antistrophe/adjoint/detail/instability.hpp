// SPDX-License-Identifier: MIT
// Steps laid out before the solve may be too long for it: then what should die out grows, in the state or in the cotangents,
// and the gradient of the steps is exact and of no use. Where that is seen, the gradient is refused. Steps chosen to a tolerance may each be
// as good as was asked for, and make a mode grow all the same, a little by each: then the gradient is in doubt.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/accumulated_errors.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/dominant_mode.hpp>
#include <antistrophe/detail/integrate.hpp>
#include <antistrophe/detail/sensitivity_guard.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/stepper/stability.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace antistrophe::detail {

// By what factors a solve has made the state larger, at least 1, and cotangents.
struct Growth {
  double of_state = 1, of_gradient = 1;

  double larger() const { return larger_of(of_state, of_gradient); }
  bool is_beyond(const Growth& other) const { return of_state > other.of_state || of_gradient > other.of_gradient; }
};
// Growth beyond this is looked into. Alone it proves nothing: solutions may part from each other as fast.
inline constexpr Growth suspicious{.of_state = 100, .of_gradient = 1e4};
// In chosen steps less is looked into, for there nothing is refused by it.
inline constexpr Growth doubtful{.of_state = 10, .of_gradient = 100};

// From y0 to `end`, and back from cotangents of size `injected`, 0 where that is not known, to `gradient`.
template <class Y>
Growth growth_between(const Y& y0, const Y& end, double injected, const Y& gradient) {
  const double before = largest_entry(y0);
  return {before > 0 ? larger_of(before, largest_entry(end)) / before : 1,
          injected > 0 ? largest_entry(gradient) / injected : 1};
}

// A coupled pair that is this far apart, relative to the state's size, says nothing any more. Less may be the error of a method of
// low order.
inline constexpr double gap_of_no_return = 0.5;

template <class AnySegment>
double longest_step(const FirstInPlace<AnySegment>& segments) {
  double longest = 0;
  for (const AnySegment& segment : segments)
    for (std::int64_t i = 0; i < segment.timeline.steps(); ++i)
      longest = larger_of(longest, std::fabs(segment.timeline[i + 1] - segment.timeline[i]));
  return longest;
}

// The spectral radius of the Jacobian at t, to a few tens of per cent, in seven evaluations.
template <class S>
double rate_at(S& stepper, double t, const typename S::State& y, double sign) {
  const Adaptive scales;
  ScaledJacobian<S> jacobian(scales, y, sign);
  jacobian.move_to(stepper, t, y);
  SpectralRadius<S> radius(y);
  for (int look = 0; look < 4; ++look) (void)radius.look(stepper, jacobian);
  return radius.value();
}

ANTISTROPHE_COLD inline Failure too_long_steps(double t, std::int64_t step, double h, double rate, double stable,
                                               const char* seen) {
  return {Status::unstable,
          t,
          step,
          -1,
          "the steps are too long to be stable: solutions near this one move at a rate of about " + roughly(rate) +
              ", and " + seen + "; steps of at most " + roughly(stable) + " are stable, these are of " + roughly(h) +
              "; or let Adaptive choose them",
          h};
}

// The factor by which a step of length h along solutions y' = μy grows beyond e^{h Re μ}, as a power of e; 0 where it does not grow.
template <class S>
ANTISTROPHE_COLD double excess_growth(const S& stepper, double h, const std::complex<double>& mode) {
  const double growth = std::log(stepper.growth(h * mode));
  return growth > 0 ? growth - h * mode.real() : 0;
}

// A mode that steps make grow, of solutions near one state, with the steps beside it.
struct GrowingMode {
  std::complex<double> rate = 0;
  double h = 0, t = 0;
  std::int64_t step = 0;
};

// Over `steps` of them, from the state where it grows less.
template <class S>
ANTISTROPHE_COLD std::optional<Failure> find_growing_mode(const S& stepper, const GrowingMode& mode, double steps,
                                                          double observed) {
  const double grown = steps * excess_growth(stepper, mode.h, mode.rate);
  if (!(grown > observed / 2)) return std::nullopt;
  double stable = mode.h / 2, many = 2 * steps;
  while (many < 1e12 && many * excess_growth(stepper, stable, mode.rate) > 0.1) stable /= 2, many *= 2;
  return too_long_steps(mode.t, mode.step, mode.h, std::abs(mode.rate), stable, "the steps made them grow");
}

// After a solve: how far the halves of a coupled pair are apart.
template <class S>
double gap_of(S& stepper, const Stats& stats) {
  if constexpr (HasParasite<S>)
    return stats.accepted > 0 ? largest_entry(stepper.parasite()) : 0;
  else
    return 0;
}

// The size of what goes back; 0 where it is not known, for the times of events pass it on to the state in sizes of their own.
template <class Y>
double injected(const Cotangents<Y>& bar) {
  for (const double t_bar : bar.ts)
    if (t_bar != 0) return 0;
  double size = 0;
  for (const Y& y_bar : bar.ys) size += largest_entry(y_bar);
  for (const EventCotangent<Y>& event : bar.events) {
    if (event.t != 0) return 0;
    size += largest_entry(event.y);
  }
  return size;
}

// What chosen steps make of solutions y' = μy.
class StepsOfMode {
 public:
  explicit StepsOfMode(const std::complex<double>& mode) : mode_(mode) {}

  // Those of a timeline; or every so many of them, for the others.
  template <class S>
  void add(const S& stepper, const Timeline& timeline, std::int64_t every) {
    for (std::int64_t i = 0; i < timeline.steps(); i += every) {
      const std::int64_t end = std::min(i + every, timeline.steps());
      const double many = static_cast<double>(end - i), all = std::fabs(timeline[end] - timeline[i]), h = all / many;
      if (h != h_) look(stepper, h);
      excess_ += many * step_excess_, exact_ += all * mode_, off_ += many * step_off_;
    }
  }

  // By how much more than solutions themselves they make them grow, as a power of e; of those that decay, beyond their size.
  double excess() const { return excess_; }
  // What they end with beside what they should, in parts of the larger of that and of what they began with.
  double error() const {
    const std::complex<double> exact = exact_ - larger_of(exact_.real(), 0), made = exact + off_;
    if (std::fabs(off_.imag()) > 1) return smaller_of(1, std::exp(larger_of(exact.real(), made.real())));
    return smaller_of(1, std::abs(std::exp(made) - std::exp(exact)));
  }
  // How many times as large a gradient should be as they let it be: they damp the state, which a loss may square, and its cotangents.
  double lost() const { return std::exp(std::clamp(-2 * off_.real(), 0.0, 300.0)); }

 private:
  template <class S>
  void look(const S& stepper, double h) {
    h_ = h;
    const std::complex<double> q = h * mode_;
    if constexpr (KnowsGrowth<S>) step_excess_ = std::log(stepper.growth(q)) - larger_of(q.real(), 0);
    if constexpr (KnowsMultiplier<S>) step_off_ = std::log(stepper.multiplier(q) * std::exp(-q));
  }

  std::complex<double> mode_, exact_ = 0, off_ = 0, step_off_ = 0;
  double h_ = 0, excess_ = 0, step_excess_ = 0;
};

// In solves of so many chosen steps, what they make of the fastest mode is worth 15 evaluations, and a look at a few of them; and what it
// may be off by.
inline constexpr std::int64_t worth_a_mode = 200, few_looks = 16;
inline bool is_worth_a_mode(double growth, std::int64_t steps) { return growth > 0 || steps >= worth_a_mode; }

// The factor by which the state or cotangents have grown in chosen steps, where that is worth a look; else 0.
inline double doubtful_growth(const Growth& growth) { return growth.is_beyond(doubtful) ? growth.larger() : 0; }

// Whether f(t, y + d) − f(t, y) is the same at both ends of a solve and between them, for a short step d: so it is where the equation is
// linear, or all but that. Where its Jacobian turns with the state, the eigenvalues of that say nothing of what solutions do. (A state that
// comes back to where it began is taken for one that never left.)
template <class S>
ANTISTROPHE_COLD bool is_linear_between(S& stepper, double t0, const typename S::State& y0, double t1,
                                        const typename S::State& end) {
  using Y = typename S::State;
  const double part = 0.382;  // of the way
  const double far = 16 * std::sqrt(static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon()));
  Y step = zeros_like(y0), at = y0, f = y0, moved = y0, first = y0;
  ScaledJacobian<S>::any_direction(step);
  double size = larger_of(largest_entry(y0), largest_entry(end));
  if (!(size > 0)) size = 1;
  std::vector<double> scale(static_cast<std::size_t>(y0.size()));
  for (Eigen::Index i = 0; i < y0.size(); ++i) {
    using std::abs;
    double& of_entry = scale[static_cast<std::size_t>(i)];
    of_entry = larger_of(static_cast<double>(abs(y0.data()[i])), static_cast<double>(abs(end.data()[i])));
    if (!(of_entry > 0)) of_entry = size;
    step.data()[i] *= scalar<Y>(far * of_entry);
  }
  for (const double place : {0.0, part, 1.0}) {
    for (Eigen::Index i = 0; i < y0.size(); ++i)
      at.data()[i] = scalar<Y>(1 - place) * y0.data()[i] + scalar<Y>(place) * end.data()[i];
    const double t = t0 + place * (t1 - t0);
    stepper.slope(t, at, f);
    at += step;
    stepper.slope(t, at, moved);
    moved -= f;
    if (place == 0.0) {
      first = moved;
      continue;
    }
    double largest = 0, off = 0;
    for (Eigen::Index i = 0; i < y0.size(); ++i) {
      using std::abs;
      const double in_scale = 1 / scale[static_cast<std::size_t>(i)];
      largest = larger_of(largest, in_scale * static_cast<double>(abs(first.data()[i])));
      off = larger_of(off, in_scale * static_cast<double>(abs(moved.data()[i] - first.data()[i])));
    }
    if (!(off <= 1e-3 * largest)) return false;
  }
  return true;
}

// What chosen steps have made of the fastest mode: it is off by all of its size where they made it grow by more than the root of such growth as
// was seen; and where the equation is linear, by what they turn, damp or pump it, as far as cotangents that move at rate() are of it, and if that is
// more than a quarter of what is borne. Of the modes at both ends, that of which it is less. visit(see) calls see(timeline) for all
// `steps` of them.
template <class S, class Visit, class Rate>
ANTISTROPHE_COLD void note_error_of_mode(GradientError& judged, S& stepper, double t0, const typename S::State& y0,
                                         double t1, const typename S::State& end, double growth, std::int64_t steps,
                                         const Visit& visit, const Rate& rate) {
  if (!is_worth_a_mode(growth, steps)) return;
  if constexpr ((KnowsGrowth<S> ||
                 KnowsMultiplier<S>)&&std::constructible_from<std::complex<double>, typename S::State::Scalar>) {
    const double sign = t1 >= t0 ? 1 : -1;
    const std::int64_t every = growth > 0 ? 1 : (steps + few_looks - 1) / few_looks;
    std::optional<double> moving;  // at this rate; 0 where nothing is known of modes
    struct Off {
      double by = 0, times = 1;
    };
    const double much = judged.borne / 4;
    const auto at = [&](double t, const typename S::State& y) -> Off {
      const auto mode = dominant_mode(stepper, t, y, sign);
      if (!mode) return {};
      StepsOfMode made(*mode);
      visit([&](const Timeline& timeline) { made.add(stepper, timeline, every); });
      if (growth > 0 && made.excess() > std::log(growth) / 2) return {1, 1};
      if (!(made.error() > much)) return {};
      if (!moving) moving = is_linear_between(stepper, t0, y0, t1, end) ? rate() : 0;
      const double by = made.error() * smaller_of(1, *moving * *moving / std::norm(*mode));
      return by > much ? Off{by, made.lost()} : Off{};
    };
    const Off one = at(t1, end);
    if (!(one.by > 0)) return;
    const Off other = at(t0, y0), less = other.by * other.times < one.by * one.times ? other : one;
    judged.is_off(less.by, less.times);
  }
}

// Of a finished solve in steps laid out before, at whose end the gap was `gap`, and of the gradient that came of cotangents of
// size `injected`. `end`: a state for use. Costs evaluations only where something has grown.
template <class S, class AnySegment>
ANTISTROPHE_COLD std::optional<Failure> find_instability(S& stepper, const FirstInPlace<AnySegment>& segments,
                                                         const typename S::State& y0, const typename S::State& gradient,
                                                         double injected, double gap, typename S::State& end) {
  const Timeline& first = segments.front().timeline;
  const AnySegment& last = segments.back();
  stepper.read(last.end, end);
  const double size = larger_of(largest_entry(y0), largest_entry(end));
  const bool apart = gap > gap_of_no_return * size;
  const Growth growth = growth_between(y0, end, injected, gradient);
  if (!apart && !growth.is_beyond(suspicious)) return std::nullopt;
  const double h = longest_step(segments);
  if constexpr (requires { stepper.slope(0.0, y0, end); }) {
    // Each rate with the steps near it: given steps may be a thousand times longer elsewhere.
    const double edge = stable_edge(stepper), sign = last.timeline.t1() >= first.t0() ? 1 : -1;
    const auto too_long = [&](double t, std::int64_t step, double beside, const auto& y) -> std::optional<Failure> {
      const double rate = rate_at(stepper, t, y, sign);
      if (!(std::fabs(beside) * rate > 1.1 * edge)) return std::nullopt;
      return too_long_steps(t, step, std::fabs(beside), rate, 0.9 * edge / rate, "what should die out grew");
    };
    const Timeline& end_of = last.timeline;
    const std::int64_t n = end_of.steps();
    // The last one may be what equal steps left over.
    double near_end = 0;
    for (std::int64_t i = n; i > 0 && i > n - 2; --i)
      near_end = larger_of(near_end, std::fabs(end_of[i] - end_of[i - 1]));
    if (n > 0)
      if (auto failure = too_long(end_of.t1(), end_of.first() + n, near_end, end)) return failure;
    if (first.steps() > 0)
      if (auto failure = too_long(first.t0(), first.first(), first[1] - first[0], y0)) return failure;
    // What turns may grow by steps that let all die out that should; so may the parasite of a coupled method. (Packs of lanes are looked
    // into one by one.)
    if constexpr (KnowsGrowth<S> && std::constructible_from<std::complex<double>, typename S::State::Scalar>)
      if (!apart && n > 0 && first.steps() > 0) {
        const auto mode = [&](double t, std::int64_t step, double beside, const auto& y) {
          return GrowingMode{dominant_mode(stepper, t, y, sign).value_or(0.0), std::fabs(beside), t, step};
        };
        GrowingMode found = mode(end_of.t1(), end_of.first() + n, near_end, end);
        const GrowingMode begin = mode(first.t0(), first.first(), first[1] - first[0], y0);
        if (excess_growth(stepper, begin.h, begin.rate) < excess_growth(stepper, found.h, found.rate)) found = begin;
        double steps = 0;
        for (const AnySegment& segment : segments) steps += static_cast<double>(segment.timeline.steps());
        if (auto failure = find_growing_mode(stepper, found, steps, std::log(growth.larger()))) return failure;
      }
  }
  if (!apart) return std::nullopt;
  return Failure{Status::unstable,
                 last.timeline.t1(),
                 last.timeline.first() + last.timeline.steps(),
                 -1,
                 "the two halves of the coupled method have come apart, by " + in_words(gap) +
                     " where the state is of size " + in_words(size) +
                     ": take shorter steps, a smaller lambda, or let Adaptive choose steps",
                 h};
}

}  // namespace antistrophe::detail
