// Laws of dL/dt0 and dL/dt1 of the discrete solve, against differences in long double of the same solve with its times moved.
#pragma once

#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace antistrophe::battery::times {

template <template <class> class Field, class Y, class M, class StepsType>
auto long_double_solution(const Problem<Field<double>, Y>& problem, const M& method, const StepsType& steps,
                          const SaveAt& save_at, double t0, double t1) {
  using Z = typename detail::WithScalar<Y, long double>::type;
  Field<long double> field;
  field.parameters() = problem.field.parameters().template cast<long double>();
  return solve(Problem<Field<long double>, Z>{field, problem.y0.template cast<long double>(), t0, t1}, method, steps,
               save_at);
}

// Sixth-order central differences. At a step h of 2^−8 truncation is h^6/140 of the seventh derivative, 2.5e−17 of it; the
// nodes, rounded to double, are off by 2^−53 of a time of about 4, which over 2^−8 makes 1e−13 of the slope of L.
inline double difference(const std::function<long double(double)>& f, double x, double h = 0x1p-8) {
  const long double slope =
      45 * (f(x + h) - f(x - h)) - 9 * (f(x + 2 * h) - f(x - 2 * h)) + (f(x + 3 * h) - f(x - 3 * h));
  return static_cast<double>(slope / (60 * static_cast<long double>(h)));
}

// Relative to the larger of the two; the fields' seventh derivatives in time stay below 1e5 times their slopes.
inline constexpr double tolerance = 1e-10;

template <class A, class B>
void check_times(double t0_bar, double t1_bar, const A& value_of_t0, const B& value_of_t1, double t0, double t1,
                 double h = 0x1p-8) {
  const double expected_t0 = difference(value_of_t0, t0, h), expected_t1 = difference(value_of_t1, t1, h);
  const double scale = std::fmax(std::fabs(expected_t0), std::fabs(expected_t1));
  CHECK(std::fabs(expected_t0) > 1e-3 * scale);
  CHECK(std::fabs(expected_t1) > 1e-3 * scale);
  CHECK(std::fabs(t0_bar - expected_t0) < tolerance * scale);
  CHECK(std::fabs(t1_bar - expected_t1) < tolerance * scale);
}

template <template <class> class Field, class Y, class M, class StepsType>
void check(const Problem<Field<double>, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at,
           double h = 0x1p-8) {
  CAPTURE(Facts<M>::name, problem.t0, problem.t1);
  const auto real = Facts<M>::real_valued();
  const auto value = [&](double t0, double t1) {
    return WeightedSum::value(long_double_solution<Field>(problem, real, steps, save_at, t0, t1).ys());
  };
  const auto gradient = value_and_gradient(problem, method, steps, WeightedSum{}, save_at).gradient;
  check_times(
      gradient.t0, gradient.t1, [&](double t0) { return value(t0, problem.t1); },
      [&](double t1) { return value(problem.t0, t1); }, problem.t0, problem.t1, h);
}

inline const Problem pendulum{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 0.5, 3.5};
inline const Problem pendulum_back{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 3.5, 1.5};
inline const Problem lotka_volterra{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), -1.0, 1.0};

// Equal steps, which move with both.
template <class TestType>
void times_of_equal_steps() {
  const auto method = Facts<TestType>::method();
  check<problems::DrivenPendulum>(pendulum, method, FixedSteps{60}, {});
  check<problems::DrivenPendulum>(pendulum, method, FixedSteps{60}, SaveAt{.t0 = true, .steps = true});
  check<problems::DrivenPendulum>(pendulum_back, method, FixedSteps{60}, SaveAt{.t0 = true, .steps = true});
  check<problems::LotkaVolterra>(lotka_volterra, method, FixedSteps{60}, SaveAt{.steps = true});
}

// Steps of h, of which the last is cut to fit.
template <class TestType>
void times_of_steps_of_h() {
  const auto method = Facts<TestType>::method();
  // 47.3 and 31.5 steps: the times are moved by up to 3/256, a fifth of a step, without changing how many there are.
  check<problems::DrivenPendulum>(pendulum, method, FixedStep{0.0625 + 1.0 / 1024}, SaveAt{.steps = true});
  check<problems::DrivenPendulum>(pendulum_back, method, FixedStep{-0.0625 - 1.0 / 1024}, SaveAt{.steps = true});
}

// Given nodes, which stay.
template <class TestType>
void times_of_given_nodes() {
  const auto method = Facts<TestType>::method();
  // `each` is 1: further nodes between would move with t0 and t1.
  std::vector<double> nodes;
  for (double t = 0.625; t < 3.45; t += 0.0625) nodes.push_back(t);
  check<problems::DrivenPendulum>(pendulum, method, StepTo{nodes}, SaveAt{.times = {1.0, 2.0}, .t1 = true});
}

// A save at a given time stays while its node moves.
template <class TestType>
void times_of_given_saves() {
  // y(t) = y_i + (t − t_i) f(t_i, y_i) to first order about node i: what a save at t is when t_i moves away under it.
  const auto method = Facts<TestType>::method();
  const auto real = Facts<TestType>::real_valued();
  CAPTURE(Facts<TestType>::name);
  const std::vector<double> times{0.5, 1.0, 2.0, 2.0, 3.0, 3.5};
  const auto gradient =
      value_and_gradient(pendulum, method, FixedSteps{60}, WeightedSum{}, SaveAt{.times = times}).gradient;
  const auto value = [&](double t0, double t1) {
    const auto solution = long_double_solution<problems::DrivenPendulum>(pendulum, real, FixedSteps{60},
                                                                         SaveAt{.t0 = true, .steps = true}, t0, t1);
    problems::DrivenPendulum<long double> field;
    std::vector<Eigen::Vector<long double, 2>> ys;
    for (const double t : times) {
      const auto node = static_cast<std::size_t>(std::lround((t - pendulum.t0) / 0.05));
      Eigen::Vector<long double, 2> y = solution.ys()[node], slope;
      field(solution.ts()[node], y, slope);
      // At the ends of the solve a given time is the end itself and moves with it.
      if (node > 0 && node < 60)
        y += (static_cast<long double>(t) - static_cast<long double>(solution.ts()[node])) * slope;
      ys.push_back(y);
    }
    return WeightedSum::value(ys);
  };
  check_times(
      gradient.t0, gradient.t1, [&](double t0) { return value(t0, 3.5); }, [&](double t1) { return value(0.5, t1); },
      0.5, 3.5);
}

}  // namespace antistrophe::battery::times
