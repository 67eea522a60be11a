// SPDX-License-Identifier: MIT
// The initial value problem y' = f(t, y; θ), y(t0) = y0, to be solved to t1.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/detail/requirements.hpp>

#include <cmath>
#include <type_traits>
#include <utility>

namespace antistrophe {

// field: copied in; an optimiser steps problem.field.parameters(). y0: a State, or any Eigen expression of one.
// t1 < t0 solves towards smaller times, t0 == t1 gives y0.
template <class F, class Y>
struct Problem {
  static_assert(detail::require_vector_field<F, Y>() || true);  // one sentence is enough
  using Field = F;
  using State = Y;

  F field;
  Y y0;
  double t0 = 0, t1 = 1;
};

namespace detail {
template <class Y>
struct PlainOf {
  using type = Y;
};
template <class Y>
  requires requires { typename Y::PlainObject; }
struct PlainOf<Y> {
  using type = typename Y::PlainObject;
};
}  // namespace detail

template <class F, class Y, class T0, class T1>
Problem(F, Y, T0, T1) -> Problem<F, typename detail::PlainOf<Y>::type>;

// Without its times.
namespace detail {
template <class F>
struct Timeless {};
}  // namespace detail
template <class F, class Y>
struct Problem<detail::Timeless<F>, Y> {
  static_assert(detail::never<F>,
                "antistrophe: a problem is a field, the first state and both times: Problem{field, y0, 0.0, 1.0}.");
  Problem(const auto&...) {}
};
template <class F, class Y, class... T>
  requires(sizeof...(T) < 2)
Problem(F, Y, T...) -> Problem<detail::Timeless<F>, Y>;

namespace detail {

// Throws std::invalid_argument where a time, an entry of y0 or a parameter is not finite, or where the field itself
// refuses: by a member check_interval(t0, t1) or check(y0), asked before every solve, or try_out(t0, y0), which may be dearer
// and is asked where the problem is solved for the first time.
template <class F, class Y>
void validate(const Problem<F, Y>& problem, bool first_time = true) {
  if (!std::isfinite(problem.t0)) refuse("t0", problem.t0, "finite");
  if (!std::isfinite(problem.t1)) refuse("t1", problem.t1, "finite");
  refuse_not_finite("y0", problem.y0);
  if constexpr (HasParameters<F>) {
    const auto& theta = problem.field.parameters();
    refuse_not_finite("parameters()", theta);
  }
  if constexpr (requires { problem.field.check_interval(problem.t0, problem.t1); })
    problem.field.check_interval(problem.t0, problem.t1);
  if constexpr (requires { problem.field.check(problem.y0); }) problem.field.check(problem.y0);
  if constexpr (requires { problem.field.try_out(problem.t0, problem.y0); })
    if (first_time) problem.field.try_out(problem.t0, problem.y0);
}

}  // namespace detail
}  // namespace antistrophe
