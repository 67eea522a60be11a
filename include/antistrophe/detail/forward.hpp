// SPDX-License-Identifier: MIT
// A forward pass, prepared and run: a solve shows its solution, an adjoint goes back from it.
#pragma once

#include <antistrophe/detail/integrate.hpp>
#include <antistrophe/detail/requirements.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/split.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/problem/problem.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/fixed.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// A timeline that knows where f jumps, if the steps say so.
template <class StepsType>
Timeline jumps_of([[maybe_unused]] const StepsType& steps, [[maybe_unused]] double t0, [[maybe_unused]] double t1,
                  Timeline timeline) {
  if constexpr (requires { steps.jumps_between(t0, t1); })
    return std::move(timeline).jumping(steps.jumps_between(t0, t1));
  else
    return timeline;
}

// The same steps, which land on these times too, because f jumps there; a user's own steps that know nothing of jumps stay.
template <class StepsType>
StepsType with_jumps(StepsType steps, const std::vector<double>& more) {
  if constexpr (requires { steps.whole.jumps; }) {
    steps.whole = with_jumps(std::move(steps.whole), more);
  } else if constexpr (requires { requires std::is_same_v<decltype(steps.jumps), std::vector<double>>; }) {
    if constexpr (requires { steps.times.jumps; })  // of a solve that is taken again
      if (steps.jumps.empty())
        for (const Timeline::Jump& known : steps.times.jumps) steps.jumps.push_back(known.t);
    steps.jumps.insert(steps.jumps.end(), more.begin(), more.end());
  }
  return steps;
}

template <class StepsType, class F>
Timeline timeline_of(const StepsType& steps, [[maybe_unused]] const F& field, double t0, double t1) {
  const auto of = [&](const StepsType& all) {
    if constexpr (LaidOutSteps<StepsType>)
      return all.timeline(t0, t1);
    else if constexpr (requires { bool(all.chosen); })
      return jumps_of(all, t0, t1, Timeline::growing(t0).chosen(all.chosen));
    else
      return jumps_of(all, t0, t1, Timeline::growing(t0).chosen());
  };
  if constexpr (OffersJumps<F>)
    return of(with_jumps(steps, field.jumps()));
  else
    return of(steps);
}

// What steps say of the numbers of an exact method: a tolerance that they should resolve, or those of the solve that is
// taken again; null or 0 where they say nothing.
struct ResolutionWishes {
  const AbsoluteTolerance* tolerance = nullptr;
  Resolutions taken_again;
  bool coarse = false;  // as the tolerance bears, so that a state has room to grow

  // Of all entries alike, and of entry i where it was given for each of `size`.
  double tolerance_of_all() const { return tolerance ? tolerance->smallest() : 0; }
  bool per_entry(Eigen::Index size) const { return tolerance && tolerance->per_entry() && tolerance->size() == size; }
};

template <class StepsType>
ResolutionWishes resolution_wishes(const StepsType& steps) {
  ResolutionWishes wishes;
  if constexpr (requires { steps.tolerance(); }) wishes.tolerance = steps.tolerance();
  if constexpr (requires { steps.resolutions(); }) wishes.taken_again = steps.resolutions();
  return wishes;
}

// The resolution of an exact method that was given none: one for all entries where that will do, which is found without
// allocating, else one for each.
template <EigenState Y>
class FittingResolution {
 public:
  FittingResolution(const Y& y0, const ResolutionWishes& wishes)
      : y0_(y0),
        tolerances_(wishes.per_entry(y0.size()) ? wishes.tolerance : nullptr),
        scale_(power_above(y0)),
        coarse_(wishes.coarse),
        all_(below(wishes.tolerance_of_all())) {}

  // Whether an entry is small beside the others; then slopes at t0 are asked for.
  bool needs_slope() const {
    for (Eigen::Index i = 0; i < y0_.size(); ++i)
      if (is_small(i)) return true;
    return false;
  }

  Resolution without_slope() const { return tolerances_ ? each(y0_, 0) : Resolution::chosen(all_); }

  // dy = f(t0, y0); the solve goes over `span`.
  ANTISTROPHE_COLD Resolution each(const Y& dy, double span) const {
    std::vector<double> result(static_cast<std::size_t>(y0_.size()));
    for (Eigen::Index i = 0; i < y0_.size(); ++i) {
      double resolution = shared(i);
      if (is_small(i))
        resolution = resolution_of_small(entry(i), std::fabs(static_cast<double>(dy.data()[i]) * span), resolution,
                                         tolerances_ ? (*tolerances_)(i) : 0);
      result[static_cast<std::size_t>(i)] = std::exp2(std::floor(std::log2(resolution)));
    }
    return Resolution::chosen(std::move(result));
  }

 private:
  double entry(Eigen::Index i) const { return std::fabs(static_cast<double>(y0_.data()[i])); }
  double below(double tolerance) const { return resolution_below(tolerance, scale_, coarse_); }
  // What it would have, were it of the size of the others.
  double shared(Eigen::Index i) const { return tolerances_ ? below((*tolerances_)(i)) : all_; }
  bool is_small(Eigen::Index i) const { return entry(i) > 0 && entry(i) < few_units * shared(i); }

  const Y& y0_;
  const AbsoluteTolerance* tolerances_;  // null where there is one for all
  double scale_;
  bool coarse_;
  double all_;
};

// f(t, y), of a field frozen to no time.
template <class F, EigenState Y>
ANTISTROPHE_COLD Y slope_at(const F& field, double t, const Y& y) {
  OverStep<F> over(field);
  auto tape = over.empty_tape(y);
  Y dy = zeros_like(y);
  evaluate<typename OverStep<F>::Field, Y>(over(t, t), t, y, dy, tape);
  return dy;
}

template <EigenState Y, class F>
Resolution fitting_resolution(const Y& y0, const ResolutionWishes& wishes, const F& field, double t0, double t1) {
  const FittingResolution<Y> fitting(y0, wishes);
  if (!fitting.needs_slope()) return fitting.without_slope();
  return fitting.each(slope_at(field, t0, y0), std::fabs(t1 - t0));
}

// Those of the two halves of a split state.
template <EigenState Y, class F>
std::pair<Resolution, Resolution> fitting_resolutions(const Y& y0, const F& field, double t0, double t1) {
  using Half = HalfOf<Y>;
  const Eigen::Index rows = y0.rows() / 2;
  const Half v = y0.topRows(rows), w = y0.bottomRows(rows);
  const FittingResolution<Half> of_v(v, {}), of_w(w, {});
  if (!of_v.needs_slope() && !of_w.needs_slope()) return {of_v.without_slope(), of_w.without_slope()};
  const Y dy = slope_at(field, t0, y0);
  const double span = std::fabs(t1 - t0);
  return {of_v.each(Half(dy.topRows(rows)), span), of_w.each(Half(dy.bottomRows(rows)), span)};
}

inline bool fits(const Resolution& resolution, Eigen::Index size) {
  return !resolution.per_entry() || resolution.size() == size;
}

// A method for these steps, n of them where that is known. An exact one that was given no resolution gets one that suits the
// tolerance and y0; one that holds slopes too, and was given none for them, gets one that over a step is worth that of the state.
// Where steps of a solve are taken again, both are that solve's.
template <class Method, EigenState Y, class F>
Method resolved(const Method& method, const ResolutionWishes& wishes, const Y& y0, const F& field, double t0, double t1,
                std::int64_t n) {
  Method result = method;
  if constexpr (requires { result.resolution; }) {
    if constexpr (requires { result.resolution_w; }) {
      if (result.resolution.is_default()) {
        auto [of_v, of_w] = fitting_resolutions(y0, field, t0, t1);
        result.resolution = std::move(of_v);
        if (result.resolution_w.is_default()) result.resolution_w = std::move(of_w);
      }
    } else {
      if (result.resolution.is_default() && fits(wishes.taken_again.state, y0.size()))
        result.resolution = wishes.taken_again.state.as_chosen();
      if (result.resolution.is_default()) result.resolution = fitting_resolution(y0, wishes, field, t0, t1);
    }
  }
  if constexpr (requires { result.slope_resolution; }) {
    const double h = std::fabs(t1 - t0) / (n > 0 ? static_cast<double>(n) : 32.0);
    if (result.slope_resolution.is_default() && fits(wishes.taken_again.slope, y0.size()))
      result.slope_resolution = wishes.taken_again.slope.as_chosen();
    if (result.slope_resolution.is_default() && h > 0) result.slope_resolution = result.resolution.over(h);
  }
  return result;
}

// Those of an exact stepper's numbers, 0 of any other's.
template <Stepper S>
Resolutions resolutions_of(const S& stepper) {
  if constexpr (requires { stepper.resolutions(); })
    return stepper.resolutions();
  else
    return {};
}

// A multistep method asks for as many steps as it has states, where they are laid out before and no solve has taken them.
template <class S, class StepsType>
void require_minimum_steps(const StepsType& steps, std::int64_t n) {
  if constexpr (MultistepStepper<S>) {
    constexpr std::int64_t minimum = S::multistep.minimum_steps;
    if constexpr (requires { steps.taken_again(); }) {
      if (steps.taken_again()) return;
    }
    if (n > 0 && n < minimum)
      refuse("the number of steps", n,
             "at least " + std::to_string(minimum) + ", the order of the multistep method, or 0");
  }
}

// A forward pass that has not begun. Throws std::invalid_argument for bad arguments.
template <class S, class Detector, class Trace, class Method, class F, class Y, class StepsType>
Forward<S, Trace, Detector> make_forward(const Method& method, const F& field, const Y& y0, double t0, double t1,
                                         const StepsType& steps, const Timeline& plan, const SaveAt& save_at,
                                         Detector&& detector, Trace&& trace,
                                         const typename Saver<Y>::Observe& observe = {},
                                         typename Saver<Y>::Keep keep = Saver<Y>::Keep::unobserved) {
  if constexpr (LaidOutSteps<StepsType>) require_minimum_steps<S>(steps, plan.steps());
  const auto make_stepper = [&] {
    return S(resolved(method, resolution_wishes(steps), y0, field, t0, t1, plan.steps()), field, y0);
  };
  return {
      make_stepper, std::forward<Trace>(trace), std::forward<Detector>(detector), save_at, plan, t0, t1, y0, observe,
      keep};
}

// `differentiated`: a gradient will be asked for.
template <class S, class Trace, class Detector, class StepsType>
void run_forward(Forward<S, Trace, Detector>& forward, const StepsType& steps, const Timeline& plan,
                 const typename S::State& y0, double t0, double t1, bool differentiated, Throttle& throttle) {
  if constexpr (LaidOutSteps<StepsType>) {
    FixedControl control(plan, !Detector::none);
    Integration(forward, control, throttle, t0, t1).run(plan, y0);
  } else {
    typename StepsType::template Control<S> control(steps, t0, t1, y0, differentiated);
    if constexpr (requires { control.land_on_jumps(plan); }) control.land_on_jumps(plan);
    if constexpr (requires { control.record(forward.local_errors); }) control.record(forward.local_errors);
    Integration(forward, control, throttle, t0, t1).run(plan, y0);
  }
}

// Whether the state has left the range of an exact method's numbers, which were the library's choice, and the coarsest that the
// tolerance bears have more room; then these are taken up.
template <class S, class Trace, class Detector, class Method, class F, class StepsType>
ANTISTROPHE_COLD bool takes_coarser_numbers(Forward<S, Trace, Detector>& forward, const Method& method, const F& field,
                                            const StepsType& steps, const typename S::State& y0, double t0, double t1) {
  if (!method.resolution.is_default()) return false;
  ResolutionWishes wishes = resolution_wishes(steps);
  wishes.coarse = true;
  const Method coarser = resolved(method, wishes, y0, field, t0, t1, 0);
  const Eigen::Index entry = std::max<Eigen::Index>(forward.failure.component, 0);
  if (!(coarser.resolution(entry) >= 2 * resolutions_of(forward.stepper).state(entry))) return false;
  forward.stepper.rescale(coarser, y0);
  return true;
}

// The same, once more from the beginning where a state outgrows numbers that can make room, if it `may_begin_again`. `begin_again`: called
// before, for those who keep what a solve gave.
template <class S, class Trace, class Detector, class Method, class F, class StepsType, class BeginAgain>
void run_with_room(Forward<S, Trace, Detector>& forward, const Method& method, const F& field, const StepsType& steps,
                   const Timeline& plan, const typename S::State& y0, double t0, double t1, bool differentiated,
                   Throttle& throttle, [[maybe_unused]] bool may_begin_again, const BeginAgain& begin_again) {
  if constexpr (requires {
                  forward.stepper.rescale(method, y0);
                  method.resolution.is_default();
                  steps.tolerance()->smallest();
                }) {
    std::int64_t spent = 0;
    while (true) {
      run_forward(forward, steps, plan, y0, t0, t1, differentiated, throttle);
      forward.stats.evaluations += spent;
      if (forward.failure.status != Status::out_of_range || !may_begin_again) [[likely]]
        return;
      may_begin_again = false;
      if (!takes_coarser_numbers(forward, method, field, steps, y0, t0, t1)) return;
      spent = forward.stats.evaluations;
      forward.restart();
      begin_again();
    }
  } else {
    run_forward(forward, steps, plan, y0, t0, t1, differentiated, throttle);
  }
}

// The segments of a solve as they are whatever its stepper, for what need not be compiled for each.
class AnySegments {
 public:
  struct View {
    const Timeline& timeline;
    bool interrupted;
    double t, aimed_at;  // of the interruption; where its step was to end
  };

  template <class AnySegment>
  AnySegments(const FirstInPlace<AnySegment>& segments)
      : segments_(segments.data()), size_(segments.size()), view_([](const void* all, std::size_t i) -> View {
          const AnySegment& segment = static_cast<const AnySegment*>(all)[i];
          if (!segment.interruption) return {segment.timeline, false, 0, 0};
          return {segment.timeline, true, segment.interruption->t, segment.interruption->step.t1};
        }) {}

  std::size_t size() const { return size_; }
  View operator[](std::size_t i) const { return view_(segments_, i); }

 private:
  const void* segments_;
  std::size_t size_;
  View (*view_)(const void*, std::size_t);
};

// The nodes of all segments, and the events that interrupted them.
ANTISTROPHE_COLD inline Timeline all_nodes(const AnySegments& segments) {
  const AnySegments::View first = segments[0];
  if (segments.size() == 1 && !first.interrupted) return first.timeline;
  std::vector<double> nodes{first.timeline.t0()};
  std::vector<Timeline::Interrupted> interrupted;
  for (std::size_t k = 0; k < segments.size(); ++k) {
    const AnySegments::View segment = segments[k];
    for (std::int64_t i = 1; i <= segment.timeline.steps(); ++i) nodes.push_back(segment.timeline[i]);
    if (!segment.interrupted) continue;
    nodes.push_back(segment.t);
    interrupted.push_back({static_cast<std::int64_t>(nodes.size()) - 1, segment.aimed_at});
  }
  return Timeline::listed(std::move(nodes), std::move(interrupted)).like(first.timeline);
}

// That of a trace which meters one.
template <class Trace>
double running_cost_of([[maybe_unused]] const Trace& trace) {
  if constexpr (MetersCost<Trace>)
    return trace.running_cost();
  else
    return 0;
}

// Of parts that no stepper is needed for, so that it is compiled once for a state: they are moved, or, where `keep`, copied.
template <bool keep, class Y>
ANTISTROPHE_OUT_OF_LINE Solution<Y> assembled_solution(Saver<Y>& saver, Timeline&& nodes, Resolutions&& resolutions,
                                                       std::vector<EventRecord<Y>>& events, Failure& failure,
                                                       const Stats& stats, double running_cost) {
  if constexpr (keep) {
    return Solution<Y>(saver.plan().ts, saver.states(), std::move(nodes), std::move(resolutions), saver.take_path(),
                       events, failure, stats, running_cost);
  } else {
    std::vector<Y> states = saver.take_states();
    return Solution<Y>(saver.take_times(), std::move(states), std::move(nodes), std::move(resolutions),
                       saver.take_path(), std::move(events), std::move(failure), stats, running_cost);
  }
}

// The solution. What it is made of is moved out of `forward`, but for what a way back needs, or, where `keep`, copied.
template <bool keep = false, class S, class Trace, class Detector>
Solution<typename S::State> make_solution(Forward<S, Trace, Detector>& forward) {
  const bool one = !keep && forward.segments.size() == 1 && !forward.segments[0].interruption;
  return assembled_solution<keep>(
      forward.saver, one ? std::move(forward.segments[0].timeline) : all_nodes(forward.segments),
      resolutions_of(forward.stepper), forward.events, forward.failure, forward.stats, running_cost_of(forward.trace));
}

}  // namespace antistrophe::detail
