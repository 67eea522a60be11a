// dL/dt0 and dL/dt1 of the other reversible methods, against differences in long double of the same solve with its times
// moved; two points look at the time before their step.
#include "catch.hpp"
#include "reversible_methods.hpp"

#include <cmath>
#include <functional>
#include <vector>

using namespace antistrophe;

namespace {

// As in adjoint/times_test.cpp: sixth-order differences at 2^−8, good to 1e−10 of the larger of the two.
double difference(const std::function<long double(double)>& f, double x) {
  constexpr double h = 1.0 / 256;
  const long double slope =
      45 * (f(x + h) - f(x - h)) - 9 * (f(x + 2 * h) - f(x - 2 * h)) + (f(x + 3 * h) - f(x - 3 * h));
  return static_cast<double>(slope / (60 * static_cast<long double>(h)));
}
constexpr double tolerance = 1e-10;

using Pendulum = Problem<problems::DrivenPendulum<>, Eigen::Vector2d>;

template <class M, class StepsType>
void check(const Pendulum& problem, const StepsType& steps, const SaveAt& save_at) {
  CAPTURE(battery::Facts<M>::name, problem.t0, problem.t1);
  const auto value = [&](double t0, double t1) {
    using Z = Eigen::Vector<long double, 2>;
    const Problem<problems::DrivenPendulum<long double>, Z> moved{
        {problem.field.theta.cast<long double>()}, problem.y0.cast<long double>(), t0, t1};
    return battery::WeightedSum::value(solve(moved, battery::Facts<M>::real_valued(), steps, save_at).ys());
  };
  const double t0_bar = difference([&](double t0) { return value(t0, problem.t1); }, problem.t0);
  const double t1_bar = difference([&](double t1) { return value(problem.t0, t1); }, problem.t1);
  const double scale = std::fmax(std::fabs(t0_bar), std::fabs(t1_bar));
  CHECK((std::fabs(t0_bar) > 1e-3 * scale && std::fabs(t1_bar) > 1e-3 * scale));
  const auto check_adjoint = [&](const auto& adjoint) {
    const auto gradient =
        value_and_gradient(problem, battery::Facts<M>::method(), steps, battery::WeightedSum{}, save_at, adjoint)
            .gradient;
    CHECK(std::fabs(gradient.t0 - t0_bar) < tolerance * scale);
    CHECK(std::fabs(gradient.t1 - t1_bar) < tolerance * scale);
  };
  check_adjoint(ReversibleAdjoint{});
  check_adjoint(DirectAdjoint{});
}

const Pendulum pendulum{{}, {0.4, -0.6}, 0.5, 3.5};
const Pendulum pendulum_back{{}, {0.4, -0.6}, 3.5, 1.5};

using Methods =
    battery::Joined<std::tuple<TwoPoint<Euler>, TwoPoint<Midpoint>, TwoPoint<Dopri5>>, battery::OneEvaluationMethods>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: equal steps, which move with both", "[times]", Methods) {
  check<TestType>(pendulum, FixedSteps{60}, {});
  check<TestType>(pendulum_back, FixedSteps{60}, SaveAt{.t0 = true, .steps = true});
}

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: steps of h, of which the last is cut to fit", "[times]",
                        Methods) {
  check<TestType>(pendulum, FixedStep{0.0625 + 1.0 / 1024}, SaveAt{.steps = true});
  check<TestType>(pendulum_back, FixedStep{-0.0625 - 1.0 / 1024}, SaveAt{.steps = true});
}

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: given nodes, which stay", "[times]", Methods) {
  std::vector<double> nodes;
  for (double t = 0.625; t < 3.45; t += 0.0625) nodes.push_back(t);
  check<TestType>(pendulum, StepTo{nodes}, SaveAt{.times = {1.0, 2.0}, .t1 = true});
}

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: saves inside steps stay where they are", "[times]",
                        Methods) {
  // Given times between nodes, which move under them by up to 3/256 without passing them.
  check<TestType>(pendulum, FixedSteps{20}, SaveAt{.times = {0.57, 1.02, 1.03, 2.93, 3.42}, .t1 = true});
  check<TestType>(pendulum_back, FixedSteps{20}, SaveAt{.times = {3.45, 2.55, 2.54, 1.54}, .t1 = true});
}
