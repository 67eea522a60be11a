// Fields that keep tapes, neural ones: what is evaluated at a node serves two steps, and its tape must go with it.
#include "catch.hpp"
#include "reversible_methods.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

namespace {

using Exacts = battery::Joined<std::tuple<TwoPoint<Midpoint>, TwoPoint<Bosh3>>, battery::OneEvaluationMethods>;

template <class F, class Y>
auto gradient(const F& field, const Y& y0, const auto& method, const auto& adjoint) {
  // Saves inside steps too.
  return value_and_gradient(Problem{field, y0, 0.0, 2.0}, method, FixedSteps{40}, battery::WeightedSum{},
                            SaveAt{.times = {0.02, 0.51, 1.0, 1.01}, .t1 = true}, adjoint)
      .gradient;
}

template <class M, class F, class Y>
void check(const F& field, const Y& y0) {
  const auto exact = battery::Facts<M>::method();
  const auto back = gradient(field, y0, exact, ReversibleAdjoint{}),
             stored = gradient(field, y0, exact, DirectAdjoint{});
  CHECK((battery::all_nonzero(back.y0) && battery::all_nonzero(back.theta)));
  CHECK(battery::gradient_difference(stored, back) < 2.5e-13);
  const auto report =
      check_gradient(Problem{field, y0, 0.0, 2.0}, battery::Facts<M>::real_valued(), FixedSteps{40},
                     battery::WeightedSum{}, SaveAt{.times = {0.02, 0.51, 1.0, 1.01}, .t1 = true}, DirectAdjoint{});
  INFO(report.message);
  CHECK(report.ok);
  // The same map but for 3 · 2^−52 a step.
  CHECK(battery::gradient_difference(gradient(field, y0, battery::Facts<M>::real_valued(), DirectAdjoint{}), back) <
        1e-12);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("The gradient of a neural field, of fixed size, of run-time size, in batches", "[tape]",
                        Exacts) {
  CAPTURE(battery::Facts<TestType>::name);
  check<TestType>(workloads::sine_weights(Mlp<double, Layers<2, 5, 2>>{}), Eigen::Vector2d(0.5, -0.25));
  const Eigen::MatrixXd batch = (Eigen::Matrix<double, 2, 3>() << 1, 0.5, -2, 0.25, -1, 3).finished();
  check<TestType>(workloads::sine_weights(Mlp<double>{{2, 5, 2}}), batch);
}

TEMPLATE_LIST_TEST_CASE("W1: value and gradient near those of the plain midpoint rule", "[tape]", Exacts) {
  using workloads::W1;
  const Problem problem{W1::field(), W1::y0(), 0.0, 10.0};
  const TerminalLoss square{[](const auto& y, auto& y_bar) {
    y_bar = 2 * y;
    return y.squaredNorm();
  }};
  const auto [value, gradient] = value_and_gradient(problem, TestType{}, FixedSteps{1000}, square);
  // All are of order 2 or more, h² = 1e−4, on a solution that grows to 12 without oscillation.
  CHECK(std::fabs(value / W1::loss - 1) < 1e-4);
  CHECK(std::fabs(gradient.theta.sum() / W1::sum_of_theta_gradient - 1) < 1e-4);
  CHECK(std::fabs(gradient.y0[0] / W1::y0_gradient - 1) < 1e-4);
}
