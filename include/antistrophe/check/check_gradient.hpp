// SPDX-License-Identifier: MIT
// check_gradient(problem, method, steps, loss[, extras…]): the gradient of the very solve, against differences of its value. For users' own tests, beside check_vjp.
#pragma once

#include <antistrophe/core/detail/differences.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/field/detail/movable_parameters.hpp>
#include <antistrophe/gradient.hpp>

#include <cmath>
#include <initializer_list>
#include <limits>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
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

// Holds a gradient against differences, a group of components at a time. It knows of the solve no more than a function that
// gives its value, so that it is compiled once.
class GradientComparison {
 public:
  // The value of the problem as it has been moved.
  struct ValueAt {
    void* self;
    double (*call)(void* self);
  };

  ANTISTROPHE_COLD GradientComparison(double value, const GradientCheckOptions& options, double epsilon,
                                      const ValueAt& value_at)
      : value_at_(value_at),
        relative_step_(options.step > 0 ? options.step : std::pow(epsilon, 0.2)),
        least_scale_(1e-3 * std::fabs(value)) {
    report_.tolerance = options.tolerance > 0 ? options.tolerance : (epsilon > 1e-10 ? 2e-2 : 1e-7);
  }

  // A component of the group at hand, of which x is moved.
  template <class X>
  ANTISTROPHE_COLD void add(std::string name, double gradient, X& x) {
    const X original = x;
    const double h = relative_step_ * larger_of(1.0, std::fabs(static_cast<double>(original)));
    const auto at = [&](double offset) {
      x = static_cast<X>(static_cast<double>(original) + offset);
      return value_at_.call(value_at_.self);
    };
    const double slope = central_difference(at(h) - at(-h), at(2 * h) - at(-2 * h), h);
    x = original;
    group_.push_back({std::move(name), gradient, slope});
  }
  // All entries of x.
  template <class X, class Real>
  ANTISTROPHE_COLD void add_all(const char* name, const Real* gradient, X* x, Eigen::Index size) {
    for (Eigen::Index i = 0; i < size; ++i)
      add(std::string(name) + "[" + std::to_string(i) + "]", static_cast<double>(gradient[i]), x[i]);
  }

  // The group is complete.
  ANTISTROPHE_COLD void compare() {
    double scale = least_scale_;
    for (const Entry& entry : group_)
      scale = larger_of(scale, larger_of(std::fabs(entry.gradient), std::fabs(entry.difference)));
    for (const Entry& entry : group_) {
      const double error = scale > 0 ? std::fabs(entry.gradient - entry.difference) / scale : 0;
      if (report_.component.empty() || !(error <= report_.error)) {
        report_.component = entry.name;
        report_.gradient = entry.gradient;
        report_.difference = entry.difference;
        report_.error = error;
      }
    }
    group_.clear();
  }

  ANTISTROPHE_COLD GradientReport report(const std::string& not_checked) {
    report_.ok = report_.error <= report_.tolerance;
    std::ostringstream text;
    text.precision(10);
    text << "antistrophe: the gradient " << (report_.ok ? "agrees with" : "differs from")
         << " differences of the value; worst is dL/d" << report_.component << ": adjoint " << report_.gradient
         << ", differences " << report_.difference << ", relative error " << report_.error << " (tolerance "
         << report_.tolerance << ")" << not_checked;
    if (!report_.ok) text << "; check_vjp(field, t, y) tells whether the field's vjp is to blame";
    report_.message = text.str();
    return std::move(report_);
  }

 private:
  struct Entry {
    std::string name;
    double gradient, difference;
  };

  ValueAt value_at_;
  double relative_step_, least_scale_;
  std::vector<Entry> group_;
  GradientReport report_;
};

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
    const auto at_problem = value_and_gradient(problem, method, steps, loss, save_at, adjoint, events, cost...);
    const auto& gradient = at_problem.gradient;
    Problem<F, Y> moved = problem;
    LossCotangents<Y, SavedType<Save, Y>> unused;
    auto value_at = [&] {
      const auto solution = solve(moved, method, steps, save_at, events, cost...);
      return solution.running_cost() +
             static_cast<double>(evaluate_loss(loss, solution.ts(), solution.ys(), solution.events(), unused));
    };
    GradientComparison comparison(
        static_cast<double>(at_problem.value), options, static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon()),
        {&value_at, [](void* self) -> double { return (*static_cast<decltype(value_at)*>(self))(); }});

    comparison.add_all("y0", gradient.y0.data(), moved.y0.data(), moved.y0.size());
    comparison.compare();
    const char* not_checked = "";
    if constexpr (HasParameters<F>) {
      const bool tried = with_movable_parameters(moved.field, problem.field, problem.t0, problem.y0, [&](auto&& theta) {
        for (Eigen::Index i = 0; i < theta.size(); ++i)
          comparison.add("theta[" + std::to_string(i) + "]", static_cast<double>(gradient.theta[i]), theta[i]);
        comparison.compare();
      });
      if (!tried) not_checked = "; dL/dtheta is not checked, for parameters() gives no access to change them";
    }
    if constexpr (TimeDifferentiable<F, Y> && std::is_same_v<StepsType, FixedSteps>) {
      if (save_plan_of(save_at).times.empty() && problem.t0 != problem.t1) {
        comparison.add("t0", gradient.t0, moved.t0);
        comparison.compare();
        comparison.add("t1", gradient.t1, moved.t1);
        comparison.compare();
      }
    }
    return comparison.report(not_checked);
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
  using Cost = detail::Picked<detail::Extra::running_cost, detail::NoRunningCost, Extras...>;
  if constexpr (detail::require_extras<detail::Call::check_gradient, Extras...>()) {
    if constexpr (detail::require_pullback<F, Y, M, StepsType, Save, Adjoint, Cost>()) {
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
template <class F, class Y, class... Few>
  requires(sizeof...(Few) < 3)
GradientReport check_gradient(const Problem<F, Y>&, const Few&...) {
  detail::refuse_short_gradient<F>();
  return {};
}

}  // namespace antistrophe
