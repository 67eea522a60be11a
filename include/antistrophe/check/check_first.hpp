// SPDX-License-Identifier: MIT
// CheckFirst{}: an extra of value_and_gradient, solve_with_pullback, Objective and check_gradient that tries the field's vjp by
// check_vjp at (t0, y0) before anything is solved.
#pragma once

#include <antistrophe/adjoint/detail/mistakes.hpp>
#include <antistrophe/field/check_vjp.hpp>
#include <antistrophe/problem/problem.hpp>

#include <type_traits>

namespace antistrophe {

// Costs some evaluations of the field for each entry of y and θ (of more than options.components, for some directions): for the first
// calls of a new field, not for every one. An Objective checks at its first call. Throws std::invalid_argument with check_vjp's
// sentence; of check_gradient it makes the report. A field that is frozen to steps is checked over [t0, t1].
struct CheckFirst {
  VjpCheckOptions options = {};

  template <class F, class Y>
  void operator()(const Problem<F, Y>& problem) const {
    detail::OverStep<F> over(problem.field);
    const auto& field = over(problem.t0, problem.t1);
    const VjpReport report = check_vjp(field, problem.t0, problem.y0, options);
    if (!report) throw detail::WrongDerivative(report.message);
  }
};

}  // namespace antistrophe
