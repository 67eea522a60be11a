// SPDX-License-Identifier: MIT
// solve_with_pullback(problem, method, steps[, extras…]): a solve, and the pull-back of cotangents of what it saved to those
// of y0, θ, t0 and t1. The primitive under value_and_gradient.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/differentiated_solve.hpp>
#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/core/detail/owned.hpp>
#include <antistrophe/solve.hpp>

#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

template <class M, class F, class Y>
struct DefaultAdjointOf {
  using type = DirectAdjoint;
};
template <class M, class F, class Y>
  requires Solvable<F, Y> && BindsToStepper<M, F, Y> && supports_state<M, Y> &&
           ReversibleStepper<typename M::template Stepper<F, Y>>
struct DefaultAdjointOf<M, F, Y> {
  using type = ReversibleAdjoint;
};

// True where an adjoint can go back through such a solve; else a compile error with the reason.
template <class F, class Y, class M, class StepsType, class Save, class Adjoint, class Cost = NoRunningCost>
consteval bool require_pullback() {
  if constexpr (!require_solve<F, Y, M, StepsType>()) {
    return false;
  } else if constexpr (!require_save_at<Save, Y>()) {
    return false;
  } else if constexpr (!CostRequirements<Cost>::template require<F, Y, M>()) {
    return false;
  } else if constexpr (requires { Adjoint::template require_field<F, Y>(); }) {  // one that pulls nothing back
    if constexpr (Adjoint::template require_field<F, Y>())
      return Adjoint::template require<typename M::template Stepper<F, Y>>();
    else
      return false;
  } else if constexpr (!RequireGradient<F, Y, M>::template require_gradient<F, Y>()) {
    return false;
  } else if constexpr (!require_differentiable<F, Y>()) {
    return false;
  } else if constexpr (!CostRequirements<Cost>::template require_gradient<F, Y>()) {
    return false;
  } else if constexpr (ContinuousAdjoint<Adjoint> && Freezable<F>) {
    static_assert(
        !Freezable<F>,
        "antistrophe: a field that is frozen to steps is another one in every step, and has no equation that a "
        "continuous adjoint could solve backwards; take DirectAdjoint or ReversibleAdjoint.");
    return false;
  } else {
    return Adjoint::template require<typename M::template Stepper<F, Y>>();
  }
}

// A pass for the extras of a call.
template <class F, class Y, class M, class Adjoint, class Save, class Cost, class EventsType>
struct DifferentiatedSolveOf;
template <class F, class Y, class M, class Adjoint, class Save, class Cost, class... E>
struct DifferentiatedSolveOf<F, Y, M, Adjoint, Save, Cost, Events<E...>> {
  using type = DifferentiatedSolve<F, Y, M, typename M::template Stepper<F, Y>, Adjoint, Save, Cost, E...>;
};

}  // namespace detail

// Given no adjoint, a reversible method gets ReversibleAdjoint, any other DirectAdjoint.
template <class M, class F, class Y>
using DefaultAdjoint = typename detail::DefaultAdjointOf<M, F, Y>::type;

namespace detail {
// The solve of a gradient call with these extras.
template <class F, class Y, class M, class... Extras>
using DifferentiatedSolveFor = typename DifferentiatedSolveOf<
    F, Y, M, Picked<Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>, Picked<Extra::save_at, SaveAt, Extras...>,
    Picked<Extra::running_cost, NoRunningCost, Extras...>, Picked<Extra::events, Events<>, Extras...>>::type;
}  // namespace detail

// A finished solve; pullback may be called repeatedly. It owns a copy of the field: parameters changed afterwards do not
// touch it. Not for use by two threads at once.
template <class F, class Y, class Differentiated>
class [[nodiscard]] Pass {
 public:
  using Saved = typename Differentiated::Saved;

  // References while the pass lives; of a temporary, copies.
  const std::vector<double>& ts() const& { return parts_->solve.ts(); }
  std::vector<double> ts() && { return parts_->solve.ts(); }
  // What was saved: states, or, with SaveAt{…}.of(g), what g gave.
  const std::vector<Saved>& ys() const& { return parts_->solve.ys(); }
  std::vector<Saved> ys() && { return parts_->solve.ys(); }
  const std::vector<EventRecord<Y>>& events() const& { return parts_->solve.events(); }
  std::vector<EventRecord<Y>> events() && { return parts_->solve.events(); }
  const Stats& stats() const& { return parts_->solve.stats(); }
  Stats stats() && { return parts_->solve.stats(); }
  // ∫ q dt, of a RunningCost among the extras; else 0.
  double running_cost() const { return parts_->solve.running_cost(); }
  const Solution<Y>& solution() const& {
    if (!parts_->solution) parts_->solution.emplace(parts_->solve.solution());
    return *parts_->solution;
  }
  Solution<Y> solution() && { return parts_->solve.solution(); }

  // ys_bar[i] is the cotangent of ys()[i], of the same shape; ts_bar[i], if given, that of ts()[i], of which only times of
  // events and nodes can move; events_bar[k], if given, that of events()[k]; running_cost_bar that of running_cost(). Throws std::invalid_argument where they do not
  // fit or are not finite; SolveError where the field turns out impure, the cotangents overflow, or the solve had failed.
  Gradient<F, Y> pullback(const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar = {},
                          const std::vector<EventCotangent<Y>>& events_bar = {}, double running_cost_bar = 1) {
    Differentiated& solve = parts_->solve;
    if (solve.failed()) throw SolveError(solve.failure(), solution());
    solve.check(ys_bar, ts_bar, events_bar);
    Gradient<F, Y> gradient = solve.zero_gradient();
    const Progress no_progress;
    detail::Throttle throttle(no_progress);
    const Failure failure = solve.pull_back(ys_bar, ts_bar, events_bar, throttle, gradient, running_cost_bar);
    if (failure.status != Status::success) throw SolveError(failure, solution());
    return gradient;
  }

  template <class M, class StepsType, class EventsType, class Save, class Adjoint, class O, class Cost>
  Pass(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const Save& save_at,
       const EventsType& events, const Adjoint& adjoint, const O& observer, const Cost& cost, const Progress& progress,
       OnFailure on_failure)
      : parts_(new Parts(problem, method, steps, save_at, events, adjoint, observer, cost)) {
    detail::Throttle throttle(progress);
    parts_->solve.solve(steps, throttle);
    if (!parts_->solve.failed()) throttle.finish(stats());
    if (parts_->solve.failed() && on_failure == OnFailure::throw_error)
      throw SolveError(parts_->solve.failure(), solution());
  }

 private:
  // Steppers and detectors refer to the field, so all stays where it is when the pass moves.
  struct Parts {
    F field;
    Differentiated solve;
    std::optional<Solution<Y>> solution;  // made when it is first asked for

    template <class... Rest>
    explicit Parts(const Problem<F, Y>& problem, const Rest&... rest)
        : field(problem.field), solve(problem, field, rest...) {}
  };
  detail::Owned<Parts> parts_;
};

// The solve and its pull-back. The extras, in any order, each at most once: SaveAt{…}, an adjoint, Events{…}, RunningCost{…}, Observer{…} (called
// with states that are kept all the same), Progress{…}, CheckFirst{} (check/check_first.hpp), OnFailure (a solve that failed
// and was returned has no pull-back). Errors as of solve, and std::invalid_argument for a vjp that assigns or takes w for y; a
// method that cannot go with the adjoint does not compile.
template <class F, class Y, class M, class StepsType, class... Extras>
auto solve_with_pullback(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                         const Extras&... extras) {
  using Save = detail::Picked<detail::Extra::save_at, SaveAt, Extras...>;
  using Adjoint = detail::Picked<detail::Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>;
  using Cost = detail::Picked<detail::Extra::running_cost, detail::NoRunningCost, Extras...>;
  if constexpr (detail::require_extras<detail::Call::gradient, Extras...>()) {
    if constexpr (detail::require_pullback<F, Y, M, StepsType, Save, Adjoint, Cost>()) {
      detail::validate(problem);
      detail::check_first(problem, extras...);
      return Pass<F, Y, detail::DifferentiatedSolveFor<F, Y, M, Extras...>>(
          problem, method, steps, detail::pick<detail::Extra::save_at>(SaveAt{}, extras...),
          detail::pick<detail::Extra::events>(Events<>{}, extras...),
          detail::pick<detail::Extra::adjoint>(Adjoint{}, extras...),
          detail::pick<detail::Extra::observer>(detail::NoObserver{}, extras...),
          detail::pick<detail::Extra::running_cost>(detail::NoRunningCost{}, extras...),
          detail::pick<detail::Extra::progress>(Progress{}, extras...),
          detail::pick<detail::Extra::on_failure>(OnFailure::throw_error, extras...));
    }
  }
}

// What to save may be written in braces alone, as of solve.
template <class F, class Y, class M, class StepsType, class... Extras>
auto solve_with_pullback(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at,
                         const Extras&... extras) {
  return solve_with_pullback<F, Y, M, StepsType, SaveAt, Extras...>(problem, method, steps, save_at, extras...);
}
template <class F, class Y, class M, class StepsType, class Time, class... Extras>
void solve_with_pullback(const Problem<F, Y>&, const M&, const StepsType&, std::initializer_list<Time>,
                         const Extras&...) {
  detail::refuse_bare_times<F>();
}
template <class F, class Y, class... Few>
  requires(sizeof...(Few) < 2)
void solve_with_pullback(const Problem<F, Y>&, const Few&...) {
  detail::refuse_short_solve<F>();
}

}  // namespace antistrophe
