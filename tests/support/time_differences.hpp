// dL/dt0 and dL/dt1 of a discrete solve by differences in long double of the same solve with its times moved.
#pragma once

#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <functional>

namespace antistrophe::time_differences {

template <template <class> class Field, class Y, class M, class StepsType>
auto long_double_solution(const Problem<Field<double>, Y>& problem, const M& method, const StepsType& steps,
                          const SaveAt& save_at, double t0, double t1) {
  using Z = typename detail::WithScalar<Y, long double>::type;
  Field<long double> field;
  field.parameters() = problem.field.parameters().template cast<long double>();
  return solve(Problem<Field<long double>, Z>{field, problem.y0.template cast<long double>(), t0, t1}, method, steps, save_at);
}

// Sixth-order central differences. At a step of 2^−9 truncation is h^6/140 of the seventh derivative, 4e−19 of it; the
// nodes, rounded to double, are off by 2^−53 of a time of about 4, which over 2^−9 makes 2e−13 of the slope of L.
inline double difference(const std::function<long double(double)>& f, double x) {
  constexpr double h = 1.0 / 512;
  const long double slope = 45 * (f(x + h) - f(x - h)) - 9 * (f(x + 2 * h) - f(x - 2 * h)) + (f(x + 3 * h) - f(x - 3 * h));
  return static_cast<double>(slope / (60 * static_cast<long double>(h)));
}

// Relative to the larger of the two; the fields' seventh derivatives in time stay below 1e7 times their slopes.
inline constexpr double tolerance = 1e-10;

template <class A, class B>
void check_times(double t0_bar, double t1_bar, const A& value_of_t0, const B& value_of_t1, double t0, double t1) {
  const double expected_t0 = difference(value_of_t0, t0), expected_t1 = difference(value_of_t1, t1);
  const double scale = std::fmax(std::fabs(expected_t0), std::fabs(expected_t1));
  CHECK(std::fabs(expected_t0) > 1e-3 * scale);
  CHECK(std::fabs(expected_t1) > 1e-3 * scale);
  CHECK(std::fabs(t0_bar - expected_t0) < tolerance * scale);
  CHECK(std::fabs(t1_bar - expected_t1) < tolerance * scale);
}

template <template <class> class Field, class Y, class M, class StepsType>
void check(const Problem<Field<double>, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at) {
  CAPTURE(battery::Facts<M>::name, problem.t0, problem.t1);
  const auto real = battery::Facts<M>::real_valued();
  const auto value = [&](double t0, double t1) {
    return battery::WeightedSum::value(long_double_solution<Field>(problem, real, steps, save_at, t0, t1).ys());
  };
  const auto gradient = value_and_gradient(problem, method, steps, battery::WeightedSum{}, save_at).gradient;
  check_times(gradient.t0, gradient.t1, [&](double t0) { return value(t0, problem.t1); },
              [&](double t1) { return value(problem.t0, t1); }, problem.t0, problem.t1);
}

}  // namespace antistrophe::time_differences
