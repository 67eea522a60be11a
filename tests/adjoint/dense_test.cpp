// The gradients of states saved inside the steps are the same by both adjoints.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <limits>
#include <vector>

using namespace antistrophe;

namespace {

const Problem pendulum{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 0.5, 3.5};
const Problem lotka_volterra{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 2.0, -1.0};

// Several times in one step, in the next, in none for a while, at nodes and at both ends, duplicates; of 60 steps of 1/20.
const SaveAt among_steps{.times = {0.5, 0.51, 0.51, 0.53, 0.56, 1.5, 1.99, 2.0, 2.01, 3.47, 3.49, 3.5}};
const SaveAt mirrored{.times = {2.0, 1.99, 1.97, 1.97, 1.94, 0.75, 0.01, 0.0, -0.01, -0.97, -0.99, -1.0}};

// Both adjoints perform the same operations on the same bits but for the order of sums, a rounding (1.1e−16) in each of some
// 100 in a step: 1.1e−16 · √(60 · 100) = 9e−15, times 10 for cancellation among them.
constexpr double round_off = 1e-13;

template <class ProblemType, class M>
double difference(const ProblemType& problem, const M& method, const SaveAt& save_at) {
  const battery::WeightedSum loss;
  const auto back = value_and_gradient(problem, method, FixedSteps{60}, loss, save_at, ReversibleAdjoint{});
  const auto stored = value_and_gradient(problem, method, FixedSteps{60}, loss, save_at, DirectAdjoint{});
  if (back.value != stored.value || !battery::all_nonzero(stored.gradient.y0) ||
      !battery::all_nonzero(stored.gradient.theta) || stored.gradient.t0 == 0 || stored.gradient.t1 == 0)
    return std::numeric_limits<double>::infinity();
  return battery::gradient_difference(stored.gradient, back.gradient);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("States saved inside the steps have one gradient by both adjoints", "[dense]",
                        battery::ExactMethods) {
  CAPTURE(battery::Facts<TestType>::name);
  CHECK(difference(pendulum, TestType{}, among_steps) < round_off);
}

TEMPLATE_LIST_TEST_CASE("Towards smaller times and at another λ too", "[dense]", battery::FewExactMethods) {
  CHECK(difference(lotka_volterra, TestType{.lambda = 0.75}, mirrored) < round_off);
}

TEMPLATE_LIST_TEST_CASE("Inside a floating pair's steps too, as far as its way back is exact", "[dense]",
                        battery::FewFloatingMethods) {
  CAPTURE(battery::Facts<TestType>::name);
  // The way back is off by 1.1e−16 Σ λ^−k over 60 steps: at λ = 0.9 by 10 · 0.9^−60 ulps, 6e−13, at 0.999 by some 60, which
  // the gradient's sensitivity to the state makes some tens of times as much.
  CHECK(difference(pendulum, TestType{.lambda = 0.9}, among_steps) < 5e-11);
  CHECK(difference(pendulum, TestType{.lambda = 0.999}, among_steps) < 1e-12);
}
