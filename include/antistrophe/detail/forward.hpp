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

#include <cmath>
#include <cstdint>
#include <string>
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

template <class StepsType>
Timeline timeline_of(const StepsType& steps, double t0, double t1) {
  if constexpr (LaidOutSteps<StepsType>)
    return steps.timeline(t0, t1);
  else
    return jumps_of(steps, t0, t1, Timeline::growing(t0));
}

// What steps say of the numbers of an exact method: a tolerance that they should resolve, or those of the solve that is
// taken again; null or 0 where they say nothing.
struct ResolutionWishes {
  const AbsoluteTolerance* tolerance = nullptr;
  Resolutions taken_again;

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
// allocating, else one for each. slope() is f(t0, y0), asked for only where an entry is small; the solve goes over `span`.
template <EigenState Y, class Slope>
Resolution fitting_resolution(const Y& y0, const ResolutionWishes& wishes, double span, const Slope& slope) {
  const Eigen::Index size = y0.size();
  const bool tolerances = wishes.per_entry(size);
  const double scale = power_above(y0);
  const double all = resolution_below(wishes.tolerance_of_all(), scale);
  const auto entry = [&](Eigen::Index i) { return std::fabs(static_cast<double>(y0.data()[i])); };
  const auto shared = [&](Eigen::Index i) {
    return tolerances ? resolution_below((*wishes.tolerance)(i), scale) : all;
  };
  const auto is_small = [&](Eigen::Index i) { return entry(i) > 0 && entry(i) < few_units * shared(i); };
  bool any_small = false;
  for (Eigen::Index i = 0; i < size; ++i) any_small |= is_small(i);
  if (!any_small && !tolerances) return Resolution::chosen(all);
  std::vector<double> each(static_cast<std::size_t>(size));
  Y dy = y0;
  if (any_small) slope(dy);
  for (Eigen::Index i = 0; i < size; ++i) {
    double& resolution = each[static_cast<std::size_t>(i)];
    resolution = shared(i);
    if (is_small(i))
      resolution = resolution_of_small(entry(i), std::fabs(static_cast<double>(dy.data()[i]) * span), resolution,
                                       tolerances ? (*wishes.tolerance)(i) : 0);
    resolution = std::exp2(std::floor(std::log2(resolution)));
  }
  return Resolution::chosen(std::move(each));
}

template <class Resolution>
bool fits(const Resolution& resolution, Eigen::Index size) {
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
    const auto slope = [&](Y& dy) {
      OverStep<F> over(field);
      auto tape = over.empty_tape(y0);
      evaluate<typename OverStep<F>::Field, Y>(over(t0, t0), t0, y0, dy, tape);
    };
    const double span = std::fabs(t1 - t0);
    if constexpr (requires { result.resolution_w; }) {
      using Half = HalfOf<Y>;
      const Eigen::Index rows = y0.rows() / 2;
      const auto of_half = [&](const auto& rows_of) {
        return fitting_resolution(Half(rows_of(y0)), {}, span, [&](Half& half) {
          Y dy = y0;
          slope(dy);
          half = rows_of(dy);
        });
      };
      const bool given = !result.resolution.is_default();
      if (!given) result.resolution = of_half([&](const Y& y) -> Half { return y.topRows(rows); });
      if (!given && result.resolution_w.is_default())
        result.resolution_w = of_half([&](const Y& y) -> Half { return y.bottomRows(rows); });
    } else {
      if (result.resolution.is_default() && fits(wishes.taken_again.state, y0.size()))
        result.resolution = wishes.taken_again.state;
      if (result.resolution.is_default()) result.resolution = fitting_resolution(y0, wishes, span, slope);
    }
  }
  if constexpr (requires { result.slope_resolution; }) {
    const double h = std::fabs(t1 - t0) / (n > 0 ? static_cast<double>(n) : 32.0);
    if (result.slope_resolution.is_default() && fits(wishes.taken_again.slope, y0.size()))
      result.slope_resolution = wishes.taken_again.slope;
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
                                         Detector&& detector, Trace&& trace, typename Saver<Y>::Observe observe = {},
                                         typename Saver<Y>::Keep keep = Saver<Y>::Keep::unobserved) {
  if constexpr (LaidOutSteps<StepsType>) require_minimum_steps<S>(steps, plan.steps());
  return {S(resolved(method, resolution_wishes(steps), y0, field, t0, t1, plan.steps()), field, y0),
          std::forward<Trace>(trace),
          std::forward<Detector>(detector),
          Saver<Y>(save_at, t0, t1, plan.steps(), y0, observe, keep),
          AttemptedStep<S>(y0),
          {},
          {},
          {},
          {},
          {},
          y0,
          zeros_like(y0)};
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
    Integration(forward, control, throttle, t0, t1).run(plan, y0);
  }
}

// The nodes of all segments, and the events that interrupted them.
template <class S>
Timeline all_nodes(const std::vector<Segment<S>>& segments) {
  if (segments.size() == 1 && !segments[0].interruption) return segments[0].timeline;
  std::vector<double> nodes{segments[0].timeline.t0()};
  std::vector<Timeline::Interrupted> interrupted;
  for (const Segment<S>& segment : segments) {
    for (std::int64_t i = 1; i <= segment.timeline.steps(); ++i) nodes.push_back(segment.timeline[i]);
    if (!segment.interruption) continue;
    nodes.push_back(segment.interruption->t);
    interrupted.push_back({static_cast<std::int64_t>(nodes.size()) - 1, segment.interruption->step.t1});
  }
  return Timeline::listed(std::move(nodes), std::move(interrupted)).jumping_as(segments[0].timeline);
}

// The solution, of which `forward` keeps what the way back needs; its saved states move, or, where `keep`, are copied.
template <class S, class Trace, class Detector>
Solution<typename S::State> make_solution(Forward<S, Trace, Detector>& forward, bool keep = false) {
  using Y = typename S::State;
  std::vector<Y> states = keep ? forward.saver.states() : forward.saver.take_states();
  return Solution<Y>(forward.saver.plan().ts, std::move(states), all_nodes(forward.segments),
                     resolutions_of(forward.stepper), forward.saver.take_path(), forward.events, forward.failure,
                     forward.stats);
}

}  // namespace antistrophe::detail
