// 10^5 steps of a noisy equation, there and back.
#include <antistrophe/noise/stochastic_field.hpp>
//
#include <antistrophe/antistrophe.hpp>

#include "battery.hpp"
#include "catch.hpp"
#include "noisy_problems.hpp"

using namespace antistrophe;

TEMPLATE_TEST_CASE("Ten noisy numbers go 10^5 steps there and back, bit for bit", "[stochastic]", Reversible<Midpoint>,
                   TwoPoint<Heun>, ReversibleHeun<>) {
  constexpr std::int64_t n = 100'000;
  const StochasticField field{noisy::Ring<>{}, noisy::Waves<>{},
                              BrownianPath{.seed = 3, .channels = 3, .t0 = 0, .t1 = 2, .tolerance = 1e-5}};
  const Eigen::VectorXd start = Eigen::VectorXd::LinSpaced(10, -1.0, 1.25);
  const Problem problem{field, start, 0.0, 2.0};
  const auto loss = battery::WeightedSum{};
  // The way back arrives at y0, or value_and_gradient throws; nor is a bit left over.
  const auto reversible = value_and_gradient(problem, TestType{}, FixedSteps{n}, loss, ReversibleAdjoint{});
  const auto direct = value_and_gradient(problem, TestType{}, FixedSteps{n}, loss, DirectAdjoint{});
  CHECK(reversible.value == direct.value);
  CHECK(battery::same_bits(reversible.gradient.y0, direct.gradient.y0));
  CHECK(battery::same_bits(reversible.gradient.theta, direct.gradient.theta));
  const auto trip = assert_reversible(problem, TestType{}, FixedSteps{n});
  CHECK(trip.drift == 0);
  CHECK(trip.bits <= 2 * 10 * n);  // of each number at most two a step, where storing it takes 64
}
