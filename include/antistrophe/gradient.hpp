// SPDX-License-Identifier: MIT
// value_and_gradient(problem, method, steps, loss[, extras…]): the value of a loss of what a solve saved and its gradient
// with respect to y0, θ, t0 and t1. The front door.
#pragma once

#include <antistrophe/adjoint/detail/repeats.hpp>
#include <antistrophe/adjoint/solve_with_pullback.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/problem/losses.hpp>
#include <antistrophe/problem/save_at.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <exception>
#include <initializer_list>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// value of the loss; gradient.y0, .theta, .t0, .t1. May be taken apart: auto [value, gradient] = value_and_gradient(…).
// With OnFailure::return_status, a solve that failed gives its failure, and NaN for value and gradient; what is refused as not
// accurate is there.
template <class F, class Y>
struct [[nodiscard]] ValueAndGradient {
  RealOf<Y> value{};
  Gradient<F, Y> gradient{};
  Failure failure{};      // status success where there is none
  Stats stats{};          // of the forward pass; gradient.stats has those of the backward pass
  double running_cost{};  // what of the value is ∫ q dt, of a RunningCost

  Status status() const { return failure.status; }
  bool success() const { return succeeded(failure.status); }

  template <std::size_t I>
  const auto& get() const& {
    if constexpr (I == 0)
      return value;
    else
      return gradient;
  }
  template <std::size_t I>
  auto&& get() && {
    if constexpr (I == 0)
      return std::move(value);
    else
      return std::move(gradient);
  }
};

// A loss reads what was saved, states or the values of SaveAt{…}.of(g), and writes the cotangents of what it reads:
//   loss(ys, ys_bar) -> value                                      ys_bar[i] = ∂L/∂ys[i]
//   loss(ts, ys, ts_bar, ys_bar) -> value                          also of the times ts[i] of what was saved
//   loss(ts, ys, events, ts_bar, ys_bar, events_bar) -> value      also of the events of the record:
//                                                                  events_bar[k].t = ∂L/∂events[k].t, and .y likewise
// All cotangents come with the shape of what they belong to and filled with zeros. Of times, those of events move with
// the solution, and those of nodes with t0 and t1; times that SaveAt gives stay where they are.
template <class L, class Y, class Saved = Y>
concept LossOfStates = requires(const L& loss, const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) {
  { loss(ys, ys_bar) } -> std::convertible_to<RealOf<Y>>;
};
template <class L, class Y, class Saved = Y>
concept LossOfTimes = requires(const L& loss, const std::vector<double>& ts, const std::vector<Saved>& ys,
                               std::vector<double>& ts_bar, std::vector<Saved>& ys_bar) {
  { loss(ts, ys, ts_bar, ys_bar) } -> std::convertible_to<RealOf<Y>>;
};
template <class L, class Y, class Saved = Y>
concept LossOfEvents = requires(const L& loss, const std::vector<double>& ts, const std::vector<Saved>& ys,
                                const std::vector<EventRecord<Y>>& events, std::vector<double>& ts_bar,
                                std::vector<Saved>& ys_bar, std::vector<EventCotangent<Y>>& events_bar) {
  { loss(ts, ys, events, ts_bar, ys_bar, events_bar) } -> std::convertible_to<RealOf<Y>>;
};
template <class L, class Y, class Saved = Y>
concept Loss = LossOfStates<L, Y, Saved> || LossOfTimes<L, Y, Saved> || LossOfEvents<L, Y, Saved>;

namespace detail {

// A value that has lost its fraction.
template <class L, class Y, class Saved>
inline constexpr bool loss_counts =
    requires(const L& loss, const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) {
      { loss(ys, ys_bar) } -> std::integral;
    } ||
    requires(const L& loss, const std::vector<double>& ts, const std::vector<Saved>& ys, std::vector<double>& ts_bar,
             std::vector<Saved>& ys_bar) {
      { loss(ts, ys, ts_bar, ys_bar) } -> std::integral;
    } ||
    requires(const L& loss, const std::vector<double>& ts, const std::vector<Saved>& ys,
             const std::vector<EventRecord<Y>>& events, std::vector<double>& ts_bar, std::vector<Saved>& ys_bar,
             std::vector<EventCotangent<Y>>& events_bar) {
      { loss(ts, ys, events, ts_bar, ys_bar, events_bar) } -> std::integral;
    };

template <class L, class Y, class Saved>
consteval bool require_loss() {
  // The first form written out: where the body of a loss does not compile, each concept on the way to it is six lines of what clang says.
  constexpr bool of_states = requires(const L& loss, const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) {
    { loss(ys, ys_bar) } -> std::convertible_to<RealOf<Y>>;
  };
  constexpr bool is_loss = of_states || LossOfTimes<L, Y, Saved> || LossOfEvents<L, Y, Saved>;
  static_assert(
      is_loss,
      "antistrophe: a loss is called as loss(ys, ys_bar) and returns a number: it reads the saved states "
      "`const std::vector<Y>& ys` and writes their cotangents to `std::vector<Y>& ys_bar`; one of the last state "
      "alone, loss(y, y_bar), is wrapped in TerminalLoss{loss}.");
  constexpr bool counts = loss_counts<L, Y, Saved>;
  static_assert(!counts, "antistrophe: the loss returns an integer, which has lost its fraction: return a double.");
  if constexpr (!is_loss || counts)
    return false;
  else if constexpr (requires { L::template require<Saved>(); })
    return L::template require<Saved>();
  else
    return loss_takes_references<L, Saved>();
}

// True where the call C for the gradient of a loss can be made; else a compile error with the reason.
template <Call C, class F, class Y, class M, class StepsType, class L, class... Extras>
consteval bool require_gradient() {
  using Save = Picked<Extra::save_at, SaveAt, Extras...>;
  using Adjoint = Picked<Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>;
  using Cost = Picked<Extra::running_cost, NoRunningCost, Extras...>;
  if constexpr (!require_extras<C, Extras...>())
    return false;
  else if constexpr (!require_solve<F, Y, M, StepsType>())  // here too, to be told of closer to the call
    return false;
  else if constexpr (!require_pullback<F, Y, M, StepsType, Save, Adjoint, Cost>())
    return false;
  else
    return require_loss<L, Y, SavedType<Save, Y>>();
}

// The cotangents that a loss writes; its memory is used again.
template <class Y, class Saved>
struct LossCotangents {
  std::vector<Saved> ys;
  std::vector<double> ts;
  std::vector<EventCotangent<Y>> events;

  bool silent() const {
    for (const EventCotangent<Y>& event : events)
      if (event.t != 0 || !is_all_zero(event.y)) return false;
    return all_zero(ys) && all_zero(ts);
  }

  void set_zero(const std::vector<Saved>& like) {
    while (ys.size() > like.size()) ys.pop_back();
    for (std::size_t i = 0; i < like.size(); ++i) {
      if (i == ys.size()) ys.push_back(like[i]);
      if constexpr (std::is_arithmetic_v<Saved>) {
        ys[i] = 0;
      } else {
        ys[i] = like[i];  // not a new one, whose memory would be set aside in every call
        detail::set_zero(ys[i]);
      }
    }
  }
};

// The value of a loss of what a solve gave, and its cotangents.
template <class L, class Y, class Saved>
RealOf<Y> evaluate_loss(const L& loss, const std::vector<double>& ts, const std::vector<Saved>& ys,
                        const std::vector<EventRecord<Y>>& events, LossCotangents<Y, Saved>& bar) {
  bar.set_zero(ys);
  if constexpr (LossOfStates<L, Y, Saved>) {
    return static_cast<RealOf<Y>>(loss(ys, bar.ys));
  } else {
    bar.ts.assign(ys.size(), 0.0);
    if constexpr (LossOfTimes<L, Y, Saved>) {
      return static_cast<RealOf<Y>>(loss(ts, ys, bar.ts, bar.ys));
    } else {
      bar.events.clear();
      for (const EventRecord<Y>& event : events) bar.events.push_back({0, zeros_like(event.y)});
      return static_cast<RealOf<Y>>(loss(ts, ys, events, bar.ts, bar.ys, bar.events));
    }
  }
}

// Cotangents that are all 0 are right where the loss is level, and a mistake where it is not.
template <class L, class Solve, class Y, class Saved>
ANTISTROPHE_COLD void require_cotangents_of(const L& loss, Solve& solve, RealOf<Y> value,
                                            const LossCotangents<Y, Saved>& like) {
  LossCotangents<Y, Saved> bar = like;
  require_cotangents(
      solve.ys(), static_cast<double>(value),
      [&](const std::vector<Saved>& ys) { return evaluate_loss(loss, solve.ts(), ys, solve.events(), bar); },
      [&] { return bar.silent(); });
}

// Fills a gradient with NaN, where there is none.
template <class F, class Y>
void set_unknown(Gradient<F, Y>& gradient) {
  constexpr auto unknown = std::numeric_limits<RealOf<Y>>::quiet_NaN();
  fill(gradient.y0, unknown);
  fill(gradient.theta, unknown);
  if constexpr (HasTimeGradient<F, Y>) gradient.t0 = gradient.t1 = std::numeric_limits<double>::quiet_NaN();
}

// The value of the loss of a finished solve and its gradient, into `result`; what is refused as not accurate is there all the same.
template <class Differentiated, class F, class Y, class L>
ANTISTROPHE_OUT_OF_LINE void take_gradient(Differentiated& solve, const L& loss,
                                           LossCotangents<Y, typename Differentiated::Saved>& bar, Throttle& back,
                                           ValueAndGradient<F, Y>& result) {
  result.failure = solve.failure();
  result.stats = solve.stats();
  result.gradient.stats = {};  // `result` may hold those of another solve
  result.running_cost = 0;
  if (solve.failed()) return;
  result.value = evaluate_loss(loss, solve.ts(), solve.ys(), solve.events(), bar);
  result.running_cost = solve.running_cost();
  if (!is_finite(result.value)) refuse("the value of the loss", result.value, "finite");
  solve.check(bar.ys, bar.ts, bar.events);
  if (bar.silent()) require_cotangents_of(loss, solve, result.value, bar);
  Failure failure = solve.pull_back(bar.ys, bar.ts, bar.events, back, result.gradient);
  result.value += static_cast<RealOf<Y>>(result.running_cost);
  if (failure.status != Status::success) result.failure = std::move(failure);
}

// The end of a call: throws where there is no gradient, or says that it is not known.
template <class Differentiated, class F, class Y>
void end_gradient(Differentiated& solve, OnFailure on_failure, Throttle& back, ValueAndGradient<F, Y>& result) {
  if (!failed(result.failure.status)) return back.finish(result.stats);
  if (on_failure == OnFailure::throw_error) throw SolveError(result.failure, solve.solution());
  if (result.failure.status == Status::not_accurate) return;  // who asks for what there is may have it
  result.value = std::numeric_limits<RealOf<Y>>::quiet_NaN();
  set_unknown<F, Y>(result.gradient);
}

// While it lives, the observer of a solve is not told.
template <class Differentiated>
class Unobserved {
 public:
  explicit Unobserved(Differentiated& solve) : solve_(solve) { solve_.tell_observer(false); }
  ~Unobserved() { solve_.tell_observer(true); }
  Unobserved(const Unobserved&) = delete;
  Unobserved& operator=(const Unobserved&) = delete;

 private:
  Differentiated& solve_;
};

// Where errors of steps that were chosen to a tolerance may have spoilt the gradient, it is taken again at other tolerances, and held
// against the first. What cannot be solved tells nothing.
template <class Differentiated, class F, class Y, class M, class StepsType, class L>
ANTISTROPHE_COLD void take_again(Differentiated& solve, const Y& y0, const M& method, const StepsType& steps,
                                 const L& loss, LossCotangents<Y, typename Differentiated::Saved>& bar,
                                 const Doubt& doubt, ValueAndGradient<F, Y>& result) {
  constexpr auto round_off = static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon());
  GradientError error = solve.judged();
  Repeats repeats(error, steps.rtol, round_off, steps.repeats, doubt.dip);
  const Progress no_progress;
  Throttle silent(no_progress);
  const std::size_t saved = solve.ys().size();
  std::int64_t discarded = 0;
  const Unobserved unobserved(solve);
  if (repeats.excess() > 1) result.failure = solve.magnified_errors(error);
  while (repeats.another()) {
    ValueAndGradient<F, Y> other{{}, solve.zero_gradient(), {}, {}, {}};
    bool comparable = false;
    try {
      solve.solve_again(y0, method, steps.tightened(repeats.factor()), silent);
      other.stats = solve.stats();
      comparable = !solve.failed() && solve.ys().size() == saved;
      if (comparable) take_gradient(solve, loss, bar, silent, other);
    } catch (const std::exception&) {
      // States that are worse than those asked for may be beyond what f or the loss can take.
      if (!repeats.looser()) throw;
      comparable = false;
    }
    const Status status = other.failure.status;
    if (!comparable || (status != Status::not_accurate && failed(status))) {
      discarded += evaluations_in(other.stats, other.gradient.stats);
      if (repeats.looser()) continue;
      break;
    }
    repeats.compare(compared(other, result), error);
    if (repeats.looser()) {
      discarded += evaluations_in(other.stats, other.gradient.stats);
    } else {
      discarded += evaluations_in(result.stats, result.gradient.stats);
      result = std::move(other);
      result.failure = solve.failure();
      result.gradient.stats.tightened = repeats.factor();
    }
    if (repeats.excess() > 1) {
      GradientError measured = error;
      measured.error = repeats.excess() * error.allowed() / error.size;
      measured.tolerance *= result.gradient.stats.tightened;
      result.failure = solve.magnified_errors(measured);
    }
  }
  result.gradient.stats.discarded = discarded;
}

// Value and gradient of a finished solve in these steps, into `result`. Throws as value_and_gradient does.
template <class Differentiated, class F, class Y, class M, class StepsType, class L>
void loss_and_gradient(Differentiated& solve, const Y& y0, const M& method, const StepsType& steps, const SaveAt& plan,
                       const L& loss, LossCotangents<Y, typename Differentiated::Saved>& bar, OnFailure on_failure,
                       Throttle& back, ValueAndGradient<F, Y>& result) {
  take_gradient(solve, loss, bar, back, result);
  if constexpr (requires { steps.tightened(0.5).gradient_rtol + steps.repeats + solve.judged().excess(); })
    if (const Doubt doubt = doubt_about(solve.judged(), steps.repeats, [&] { return solve.steps_dip(); });
        doubt.any && succeeded(solve.failure().status) && !plan.steps && plan.every == 0) [[unlikely]]
      take_again(solve, y0, method, steps, loss, bar, doubt, result);
  end_gradient(solve, on_failure, back, result);
}

}  // namespace detail

// The extras, in any order, each at most once: SaveAt{…}, an adjoint, Events{…}, RunningCost{…} (running_cost.hpp; it is added to the
// loss, which may be NoLoss{}), Observer{…} (called with what is saved),
// Progress{…}, OnFailure, CheckFirst{} (check/check_first.hpp).
// Throws as solve does; std::invalid_argument where the loss returns NaN or infinity, in value or cotangents, or resizes a
// cotangent, or writes none though its value changes with ys; where the vjp assigns instead of adding, or takes w for y;
// SolveError where the field turns out impure or the cotangents overflow.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
ValueAndGradient<F, Y> value_and_gradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                          const L& loss, const Extras&... extras) {
  using Save = detail::Picked<detail::Extra::save_at, SaveAt, Extras...>;
  using Adjoint = detail::Picked<detail::Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>;
  if constexpr (!detail::require_gradient<detail::Call::gradient, F, Y, M, StepsType, L, Extras...>()) {
    return {};
  } else {
    detail::validate(problem);
    detail::check_first(problem, extras...);
    const Progress no_progress;
    const OnFailure by_default = OnFailure::throw_error;
    const Progress& progress = detail::pick<detail::Extra::progress>(no_progress, extras...);
    detail::Throttle forth(progress, 0, 0.5), back(progress, 0.5, 1);
    const detail::NoObserver no_observer;
    detail::DifferentiatedSolveFor<F, Y, M, Extras...> differentiated(
        problem, problem.field, method, steps, detail::pick<detail::Extra::save_at>(SaveAt{}, extras...),
        detail::pick<detail::Extra::events>(Events<>{}, extras...),
        detail::pick<detail::Extra::adjoint>(Adjoint{}, extras...),
        detail::pick<detail::Extra::observer>(no_observer, extras...),
        detail::pick<detail::Extra::running_cost>(detail::NoRunningCost{}, extras...));
    differentiated.solve(steps, forth);
    ValueAndGradient<F, Y> result{{}, differentiated.zero_gradient(), {}, {}, {}};
    detail::LossCotangents<Y, SavedType<Save, Y>> bar;
    detail::loss_and_gradient(differentiated, problem.y0, method, steps,
                              detail::save_plan_of(detail::pick<detail::Extra::save_at>(SaveAt{}, extras...)), loss,
                              bar, detail::pick<detail::Extra::on_failure>(by_default, extras...), back, result);
    return result;
  }
}

// What to save may be written in braces alone, as of solve.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
auto value_and_gradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const L& loss,
                        const SaveAt& save_at, const Extras&... extras) {
  return value_and_gradient<F, Y, M, StepsType, L, SaveAt, Extras...>(problem, method, steps, loss, save_at, extras...);
}
template <class F, class Y, class M, class StepsType, class L, class Time, class... Extras>
ValueAndGradient<F, Y> value_and_gradient(const Problem<F, Y>&, const M&, const StepsType&, const L&,
                                          std::initializer_list<Time>, const Extras&...) {
  detail::refuse_bare_times<F>();
  return {};
}
template <class F, class Y, class... Few>
  requires(sizeof...(Few) < 3)
ValueAndGradient<F, Y> value_and_gradient(const Problem<F, Y>&, const Few&...) {
  detail::refuse_short_gradient<F>();
  return {};
}

}  // namespace antistrophe

// value and gradient, for structured bindings.
template <class F, class Y>
struct std::tuple_size<antistrophe::ValueAndGradient<F, Y>> : std::integral_constant<std::size_t, 2> {};
template <class F, class Y>
struct std::tuple_element<0, antistrophe::ValueAndGradient<F, Y>> {
  using type = antistrophe::RealOf<Y>;
};
template <class F, class Y>
struct std::tuple_element<1, antistrophe::ValueAndGradient<F, Y>> {
  using type = antistrophe::Gradient<F, Y>;
};
