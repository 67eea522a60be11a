// A forward pass through all segments of a solve, with everything it leaves behind: a solve shows its solution, an adjoint
// goes back from it.
#pragma once

#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/detail/integrate.hpp>
#include <antistrophe/detail/saver.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/problem/solution.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/fixed.hpp>

#include <any>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class StepsType>
Timeline timeline_of(const StepsType& steps, double t0, double t1) {
  if constexpr (std::same_as<StepsType, Adaptive>)
    return Timeline::growing(t0);
  else
    return steps.timeline(t0, t1);
}

// A method for these steps. An exact one that was given no resolution gets one well below the tolerance, where there is one;
// one that holds slopes too, and was given none for them, gets one that over a step is worth that of the state. Where steps
// of a solve are taken again, both are that solve's.
template <class Method, class StepsType, EigenState Y>
Method resolved(const Method& method, const StepsType& steps, const Y& y0, double span, std::int64_t n) {
  Method result = method;
  if constexpr (requires { result.resolution; }) {
    if constexpr (std::same_as<StepsType, Adaptive>) {
      if (result.resolution == 0 && steps.atol.smallest() > 0)
        result.resolution = std::fmin(default_resolution(y0), steps.atol.smallest() / 64);
    } else if constexpr (std::same_as<StepsType, StepTo>) {
      if (result.resolution == 0) result.resolution = steps.times.resolutions.state;
    }
  }
  if constexpr (requires { result.slope_resolution; }) {
    const double h = std::fabs(span) / (n > 0 ? static_cast<double>(n) : 32.0);
    if constexpr (std::same_as<StepsType, StepTo>) {
      if (result.slope_resolution == 0) result.slope_resolution = steps.times.resolutions.slope;
    }
    if (result.slope_resolution == 0 && h > 0)
      result.slope_resolution = (result.resolution > 0 ? result.resolution : default_resolution(y0)) / h;
  }
  return result;
}

// Those of an exact stepper's numbers, 0 of any other's.
template <Stepper S>
Resolutions resolutions_of(const S& stepper) {
  Resolutions resolutions;
  if constexpr (requires { stepper.numbers().resolution(); }) resolutions.state = stepper.numbers().resolution();
  if constexpr (requires { stepper.slope_numbers().resolution(); })
    resolutions.slope = stepper.slope_numbers().resolution();
  return resolutions;
}

// A stepper's forward pass with everything it leaves behind; solve shows the solution, an adjoint goes back from it.
template <Stepper S, class Trace, class Detector>
struct Forward {
  Timeline plan_of_steps;
  S stepper;
  Trace trace;
  Detector detector;
  SavePlan plan;
  std::vector<Segment<S>> segments;
  Solution<typename S::State> solution;

  template <class Method, class F, class StepsType>
  Forward(const Method& method, const F& field, const typename S::State& y0, double t0, double t1,
          const StepsType& steps, const SaveAt& save_at, const Detector& detector_, OnFailure on_failure,
          const Progress& progress = {}, typename Saver<typename S::State>::Observe observer = {})
      : plan_of_steps(timeline_of(steps, t0, t1)),
        stepper(resolved(method, steps, y0, t1 - t0, plan_of_steps.steps()), field, y0),
        detector(detector_) {
    using Y = typename S::State;
    constexpr bool adaptive = std::same_as<StepsType, Adaptive>;
    if constexpr (!adaptive) require_steps(plan_of_steps.steps());
    Saver<Y> saver(save_at, t0, t1, plan_of_steps.steps(), y0, std::move(observer));
    Throttle throttle(progress);
    Stats stats;
    std::vector<EventRecord<Y>> events;
    Failure failure;
    if constexpr (adaptive) {
      validate(steps, y0, t0, t1);
      AdaptiveControl<S> control(steps, t0, t1, y0, !std::same_as<Trace, NoTrace>);
      failure = run(control, false, y0, t0, t1, saver, stats, events, throttle);
      stats.guarded = control.guarded();
    } else {
      FixedControl control(plan_of_steps, !Detector::none);
      failure = run(control, Detector::none, y0, t0, t1, saver, stats, events, throttle);
    }
    // Of steps laid out before, those that were taken, fewer where the solve ended early.
    if (segments.size() == 1) segments[0].timeline.shorten(stats.accepted);
    stats.evaluations = stepper.calls().evaluations;
    if constexpr (!Detector::none) stats.evaluations += detector.evaluations();
    if constexpr (requires { trace.bytes(); }) {
      stats.bytes_kept = trace.bytes();
      for (const Segment<S>& segment : segments) stats.bytes_kept += segment.timeline.bytes();
      stats.bits = trace.bits_kept();
    }
    plan = saver.plan();
    solution = Solution<Y>(plan.ts, saver.take_states(), all_nodes(), resolutions_of(stepper), saver.take_path(),
                           std::move(events), std::move(failure), stats);
    if (!solution.failed()) throttle.finish(1, stats);
    if (solution.failed() && on_failure == OnFailure::throw_error) throw SolveError(solution.failure(), solution);
  }

 private:
  // A multistep method asks for as many steps as it has states, where they are laid out before.
  static void require_steps(std::int64_t steps) {
    if constexpr (requires { S::least_steps; }) {
      if (steps > 0 && steps < S::least_steps)
        refuse("the number of steps", steps,
               "at least " + std::to_string(S::least_steps) + ", the order of the multistep method, or 0");
    }
  }

  // The nodes of all segments, and the events that cut them.
  Timeline all_nodes() const {
    if (segments.size() == 1 && !segments[0].interruption) return segments[0].timeline;
    std::vector<double> nodes{segments[0].timeline.t0()};
    std::vector<Timeline::Interrupted> interrupted;
    for (const Segment<S>& segment : segments) {
      for (std::int64_t i = 1; i <= segment.timeline.steps(); ++i) nodes.push_back(segment.timeline[i]);
      if (!segment.interruption) continue;
      nodes.push_back(segment.interruption->t);
      interrupted.push_back({static_cast<std::int64_t>(nodes.size()) - 1, segment.interruption->step.t1});
    }
    return Timeline::listed(std::move(nodes), std::move(interrupted));
  }

  template <class StepControl, class Y>
  Failure run(StepControl& control, bool laid_out, const Y& y0, double t0, double t1, Saver<Y>& saver, Stats& stats,
              std::vector<EventRecord<Y>>& events, Throttle& throttle) {
    Y y = y0;
    double t = t0;
    std::int64_t first = plan_of_steps.first();
    std::optional<std::size_t> fired;
    const std::int64_t expected = plan_of_steps.steps();
    for (;;) {
      segments.push_back({laid_out ? plan_of_steps : Timeline::growing(t).numbered_from(first), saver.mark().saves,
                          saver.mark().saves, stepper.make_carry(), std::nullopt});
      Segment<S>& segment = segments.back();
      if constexpr (!Detector::none) detector.start(t, y, fired);
      Failure failure = integrate(stepper, control, laid_out, segment, y, trace, expected, detector, saver, stats,
                                  events, throttle, t0, t1);
      segment.saves_end = saver.mark().saves;
      if (failure.status != Status::success || !segment.interruption) return failure;
      if constexpr (!Detector::none) {
        const Interruption<Y>& interruption = *segment.interruption;
        if (detector.ends_solve(interruption.hit.index))
          return {Status::event, interruption.t, interruption.step.n, -1, "a terminal event"};
        first = segment.timeline.first() + segment.timeline.steps();
        t = interruption.t;
        fired = interruption.hit.index;
        detector.jump(interruption.hit.index, t, interruption.y, y);
        if (const Eigen::Index bad = first_not_finite(y); bad >= 0)
          return {Status::not_finite, t, first, bad,
                  "the jump of event " + std::to_string(interruption.hit.index) + " is not finite"};
        control.resume(t);
      }
    }
  }
};

}  // namespace antistrophe::detail
