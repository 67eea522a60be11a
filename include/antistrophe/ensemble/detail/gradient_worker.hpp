// SPDX-License-Identifier: MIT
// What solves the problems of an ensemble one after the other, and adds up their values and gradients: of each thread one.
#pragma once

#include <antistrophe/ensemble/detail/adaptive_lanes.hpp>
#include <antistrophe/ensemble/detail/lanes.hpp>
#include <antistrophe/ensemble/detail/run.hpp>
#include <antistrophe/ensemble/ensemble.hpp>
#include <antistrophe/objective.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe {

// Of ensemble_value_and_gradient; ensemble/ensemble_gradient.hpp.
template <class F, class Y>
struct EnsembleValueAndGradient;

namespace detail {

// The loss of one problem: of all the same, or of its number. It refers to both.
template <class L>
struct LossOfProblem {
  const L* loss;
  const std::size_t* i;

  template <class... Arguments>
    requires(std::is_invocable_v<const L&, Arguments...> || std::is_invocable_v<const L&, std::size_t, Arguments...>)
  auto operator()(Arguments&&... arguments) const {
    if constexpr (std::is_invocable_v<const L&, Arguments...>)
      return (*loss)(std::forward<Arguments>(arguments)...);
    else
      return (*loss)(*i, std::forward<Arguments>(arguments)...);
  }
};

// What is summed over problems.
template <class F, class Y>
struct GradientSum {
  RealOf<Y> value{};
  Parameters<F, Y> theta;
  Stats stats;
  BackwardStats backward;

  void add(const GradientSum& other) {
    value += other.value;
    theta += other.theta;
    add_stats(stats, other.stats);
    add_backward(other.backward);
  }
  void add_backward(const BackwardStats& other) {
    backward.evaluations += other.evaluations;
    backward.vjps += other.vjps;
    backward.state_vjps += other.state_vjps;
    backward.drift = std::max(backward.drift, other.drift);
    backward.recomputed += other.recomputed;
    backward.checkpoints = std::max(backward.checkpoints, other.checkpoints);
    backward.checkpoint_bytes = std::max(backward.checkpoint_bytes, other.checkpoint_bytes);
    backward.bytes = std::max(backward.bytes, other.bytes);
    backward.judged += other.judged;
    backward.estimated_error = std::max(backward.estimated_error, other.estimated_error);
    backward.tightened = std::min(backward.tightened, other.tightened);
    backward.discarded += other.discarded;
  }
};

// The objective of a problem, number i of its ensemble, from now on.
template <class P, class M, class StepsType, class L, class... Extras>
auto objective_of(const P& problem, const std::size_t& i, const M& method, const StepsType& steps, const L& loss,
                  const Extras&... extras) {
  return with_extras_of(
      i,
      [&](const auto&... its) {
        return Objective(problem, method, steps, LossOfProblem<L>{&loss, &i}, OnFailure::return_status, its...);
      },
      extras...);
}

template <class E, class M, class StepsType, class L, class Save, class None, int W>
struct LanesFor {
  using type = GradientsInLanes<E, M, StepsType, L, W, Save>;
};
template <class E, class M, class L, class Save, class None, int W>
struct LanesFor<E, M, Adaptive, L, Save, None, W> {
  using type = GradientsInAdaptiveLanes<E, M, L, W>;
};
template <class E, class M, class StepsType, class L, class Save, class None>
struct LanesFor<E, M, StepsType, L, Save, None, 0> {
  using type = None;
};
template <class E, class M, class L, class Save, class None>
struct LanesFor<E, M, Adaptive, L, Save, None, 0> {
  using type = None;
};

// Solves one problem after the other, with the memory of the first where events are the same for all.
template <class E, class M, class StepsType, class L, class... Extras>
class GradientWorker {
  using P = ProblemOf<E>;
  using F = typename P::Field;
  using Y = typename P::State;
  using O = decltype(objective_of(std::declval<const P&>(), std::declval<const std::size_t&>(),
                                  std::declval<const M&>(), std::declval<const StepsType&>(), std::declval<const L&>(),
                                  std::declval<const Extras&>()...));

 public:
  using Sum = GradientSum<F, Y>;
  using Result = EnsembleValueAndGradient<F, Y>;

  GradientWorker(const E& ensemble, const M& method, const StepsType& steps, const L& loss, Result& result,
                 const Extras&... extras)
      : ensemble_(ensemble),
        method_(method),
        steps_(steps),
        loss_(loss),
        result_(result),
        extras_(extras...),
        lanes_(ensemble, method, steps, loss, pick<Extra::save_at>(last_state, extras...)) {}
  // The loss refers to i_: a worker stays where it was made.
  GradientWorker(const GradientWorker&) = delete;
  GradientWorker& operator=(const GradientWorker&) = delete;

  void operator()(std::size_t i, std::size_t end, Sum& sum, Failure& failure) {
    if constexpr (width_of<Extras...> > 0) {
      if (lanes_.solve(i, end, of_lane_)) return enter(i, of_lane_, sum, failure);
    }
    enter(i, solve_alone(i), sum, failure);
  }

 private:
  const ValueAndGradient<F, Y>& solve_alone(std::size_t i) {
    i_ = i;
    const P problem = ensemble_[i];
    if (events_differ<Extras...>) objective_.reset();
    return objective_ ? (*objective_)(problem) : first_objective(problem)();
  }
  void enter(std::size_t i, const ValueAndGradient<F, Y>& solved, Sum& sum, Failure& failure) {
    const std::size_t at = i - result_.first;
    result_.values[at] = solved.value;
    result_.gradient.y0[at] = solved.gradient.y0;
    result_.gradient.t0[at] = solved.gradient.t0;
    result_.gradient.t1[at] = solved.gradient.t1;
    if (!result_.gradient.each_theta.empty()) result_.gradient.each_theta[at] = solved.gradient.theta;
    add_stats(sum.stats, solved.stats);
    sum.add_backward(solved.gradient.stats);
    failure = solved.failure;
    if (failed(failure.status)) return;
    if (solved.gradient.theta.size() != sum.theta.size())
      refuse("the length of parameters()", solved.gradient.theta.size(),
             std::to_string(sum.theta.size()) +
                 ", that of the first problem, for gradients with respect to them are added up");
    sum.value += solved.value;
    sum.theta += solved.gradient.theta;
  }

  O& first_objective(const P& problem) {
    return std::apply(
        [&](const Extras&... extras) -> O& {
          return objective_.emplace(objective_of(problem, i_, method_, steps_, loss_, extras...));
        },
        extras_);
  }

  const E& ensemble_;
  const M& method_;
  const StepsType& steps_;
  const L& loss_;
  Result& result_;
  std::size_t i_ = 0;
  std::tuple<const Extras&...> extras_;
  std::optional<O> objective_;

  struct NoLanes {
    template <class... Unused>
    explicit NoLanes(const Unused&...) {}
  };
  static inline const SaveAt last_state;
  typename LanesFor<E, M, StepsType, L, Picked<Extra::save_at, SaveAt, Extras...>, NoLanes, width_of<Extras...>>::type
      lanes_;
  ValueAndGradient<F, Y> of_lane_;
};

}  // namespace detail

}  // namespace antistrophe
