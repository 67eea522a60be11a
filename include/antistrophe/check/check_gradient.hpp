// SPDX-License-Identifier: MIT
// check_gradient(problem, method, steps, loss[, extras…]): the gradient of the very solve, against differences of its value. For users' own tests, beside check_vjp.
#pragma once

#include <antistrophe/core/detail/differences.hpp>
#include <antistrophe/field/detail/movable_parameters.hpp>
#include <antistrophe/gradient.hpp>

#include <cmath>
#include <initializer_list>
#include <limits>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace antistrophe {

// ok, or the component that is worst: what the adjoint says of it, what differences say, and by how much they differ.
struct [[nodiscard]] GradientReport {
  bool ok = true;
  std::string component;  // such as "theta[3]" or "t1"
  double gradient = 0;    // of the adjoint
  double difference = 0;  // of the value
  double error = 0;       // |gradient − difference| / scale; scale is the largest entry of its group of components
  double tolerance = 0;
  std::string message;

  explicit operator bool() const { return ok; }
  friend std::ostream& operator<<(std::ostream& out, const GradientReport& report) { return out << report.message; }
};

// tolerance 0 asks for the default: what differences can resolve in the state's precision, 1e-7 of double, 2e-2 of float.
struct GradientCheckOptions {
  double tolerance = 0;
  double step = 0;  // of differences, relative to the component's size or 1; 0 for the default
};

namespace detail {

template <class F, class Y, class M, class StepsType, class L, class Save, class Adjoint, class EventsType,
          class... Cost>
GradientReport check_gradient_of(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const L& loss,
                                 const Save& save_at, const Adjoint& adjoint, const EventsType& events,
                                 const GradientCheckOptions& options, const Cost&... cost) {
  if constexpr (ControlledSteps<StepsType>) {
    const StepTo taken{
        solve_with_pullback(problem, method, steps, save_at, adjoint, events, cost...).solution().steps()};
    return check_gradient_of(problem, method, taken, loss, save_at, adjoint, events, options, cost...);
  } else {
    using Real = RealOf<Y>;
    const double epsilon = static_cast<double>(std::numeric_limits<Real>::epsilon());
    const double relative_step = options.step > 0 ? options.step : std::pow(epsilon, 0.2);
    GradientReport report;
    report.tolerance = options.tolerance > 0 ? options.tolerance : (epsilon > 1e-10 ? 2e-2 : 1e-7);

    const auto at_problem = value_and_gradient(problem, method, steps, loss, save_at, adjoint, events, cost...);
    const auto& gradient = at_problem.gradient;
    Problem<F, Y> moved = problem;
    LossCotangents<Y, SavedType<Save, Y>> unused;
    const auto value_at = [&] {
      const auto solution = solve(moved, method, steps, save_at, events, cost...);
      return solution.running_cost() +
             static_cast<double>(evaluate_loss(loss, solution.ts(), solution.ys(), solution.events(), unused));
    };
    const auto differentiate = [&](auto& x) {
      const auto original = x;
      const double h = relative_step * std::fmax(1.0, std::fabs(static_cast<double>(original)));
      const auto at = [&](double offset) {
        x = static_cast<std::remove_cvref_t<decltype(x)>>(static_cast<double>(original) + offset);
        return value_at();
      };
      const double slope = detail::central_difference(at(h) - at(-h), at(2 * h) - at(-2 * h), h);
      x = original;
      return slope;
    };

    struct Entry {
      std::string name;
      double gradient, difference;
    };
    const auto compare = [&](const std::vector<Entry>& group) {
      double scale = 1e-3 * std::fabs(static_cast<double>(at_problem.value));
      for (const Entry& entry : group)
        scale = std::fmax(scale, std::fmax(std::fabs(entry.gradient), std::fabs(entry.difference)));
      for (const Entry& entry : group) {
        const double error = scale > 0 ? std::fabs(entry.gradient - entry.difference) / scale : 0;
        if (report.component.empty() || !(error <= report.error)) {
          report.component = entry.name;
          report.gradient = entry.gradient;
          report.difference = entry.difference;
          report.error = error;
        }
      }
    };

    std::vector<Entry> group;
    for (Eigen::Index i = 0; i < moved.y0.size(); ++i)
      group.push_back({"y0[" + std::to_string(i) + "]", static_cast<double>(gradient.y0.data()[i]),
                       differentiate(moved.y0.data()[i])});
    compare(group);
    std::string not_checked;
    if constexpr (HasParameters<F>) {
      const bool tried = with_movable_parameters(moved.field, problem.field, problem.t0, problem.y0, [&](auto&& theta) {
        group.clear();
        for (Eigen::Index i = 0; i < theta.size(); ++i)
          group.push_back(
              {"theta[" + std::to_string(i) + "]", static_cast<double>(gradient.theta[i]), differentiate(theta[i])});
        compare(group);
      });
      if (!tried) not_checked = "; dL/dtheta is not checked, for parameters() gives no access to change them";
    }
    if constexpr (TimeDifferentiable<F, Y> && std::is_same_v<StepsType, FixedSteps>) {
      if (save_plan_of(save_at).times.empty() && problem.t0 != problem.t1) {
        compare({{"t0", gradient.t0, differentiate(moved.t0)}});
        compare({{"t1", gradient.t1, differentiate(moved.t1)}});
      }
    }

    report.ok = report.error <= report.tolerance;
    std::ostringstream text;
    text.precision(10);
    text << "antistrophe: the gradient " << (report.ok ? "agrees with" : "differs from")
         << " differences of the value; worst is dL/d" << report.component << ": adjoint " << report.gradient
         << ", differences " << report.difference << ", relative error " << report.error << " (tolerance "
         << report.tolerance << ")" << not_checked;
    if (!report.ok) text << "; check_vjp(field, t, y) tells whether the field's vjp is to blame";
    report.message = text.str();
    return report;
  }
}

}  // namespace detail

// The extras, in any order, each at most once: SaveAt{…}, an adjoint, Events{…}, RunningCost{…}, CheckFirst{} (check/check_first.hpp), GradientCheckOptions{…}.
// Fourth-order central differences, with the step that balances truncation against round-off, ε^{1/5}. Steps that are chosen
// as the solve goes are taken once and then held, as the gradient holds them.
// A vjp that assigns or takes w for y, and a loss that writes no cotangents, make a report that is not ok, without numbers.
// Throws as value_and_gradient does for the rest.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
GradientReport check_gradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const L& loss,
                              const Extras&... extras) {
  using Save = detail::Picked<detail::Extra::save_at, SaveAt, Extras...>;
  using Adjoint = detail::Picked<detail::Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>;
  if constexpr (detail::require_extras<detail::Call::check_gradient, Extras...>()) {
    if constexpr (detail::require_pullback<F, Y, M, StepsType, Save, Adjoint>()) {
      if constexpr (detail::require_loss<L, Y, SavedType<Save, Y>>()) {
        try {
          detail::validate(problem);
          detail::check_first(problem, extras...);
          const auto check = [&](const auto&... cost) {
            return detail::check_gradient_of(
                problem, method, steps, loss, detail::pick<detail::Extra::save_at>(SaveAt{}, extras...),
                detail::pick<detail::Extra::adjoint>(Adjoint{}, extras...),
                detail::pick<detail::Extra::events>(Events<>{}, extras...),
                detail::pick<detail::Extra::check_options>(GradientCheckOptions{}, extras...), cost...);
          };
          if constexpr (detail::count_of_extra<detail::Extra::running_cost, Extras...> > 0)
            return check(detail::pick<detail::Extra::running_cost>(detail::NoRunningCost{}, extras...));
          else
            return check();
        } catch (const detail::WrongDerivative& wrong) {
          GradientReport report;
          report.ok = false;
          report.message = wrong.what();
          return report;
        }
      }
    }
  }
  return {};
}

// What to save may be written in braces alone, as of solve.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
GradientReport check_gradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const L& loss,
                              const SaveAt& save_at, const Extras&... extras) {
  return check_gradient<F, Y, M, StepsType, L, SaveAt, Extras...>(problem, method, steps, loss, save_at, extras...);
}
template <class F, class Y, class M, class StepsType, class L, class Time, class... Extras>
GradientReport check_gradient(const Problem<F, Y>&, const M&, const StepsType&, const L&, std::initializer_list<Time>,
                              const Extras&...) {
  detail::refuse_bare_times<F>();
  return {};
}

}  // namespace antistrophe
