// The gradients of states saved inside the steps are those of the real-valued map, by complex steps.
#include "battery.hpp"
#include "catch.hpp"

#include <tuple>

using namespace antistrophe;

namespace {

const Problem lotka_volterra{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 2.0, -1.0};

// Several times in one step, in the next, in none for a while, at nodes and at both ends, duplicates; of 60 steps of −1/20.
const SaveAt inside{.times = {2.0, 1.99, 1.97, 1.97, 1.94, 0.75, 0.01, 0.0, -0.01, -0.97, -0.99, -1.0}};

// Each kind of interpolant, plain and in pairs.
using Interpolants = std::tuple<Euler, Bosh3, RK4, Tsit5, Dopri5, Dop853, Reversible<Midpoint>, Reversible<Bosh3>,
                                Reversible<Tsit5>, Reversible<Dopri5>, Reversible<Dop853>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("The gradient of states saved inside the steps is that of the map, by complex steps", "[dense]",
                        Interpolants) {
  CAPTURE(battery::Facts<TestType>::name);
  // Round-off of 60 steps in both; an exact pair's path is besides off by 3 · 2^−52 a step.
  const auto method = battery::Facts<TestType>::method();
  CHECK(battery::distance_from_complex_step<problems::LotkaVolterra>(lotka_volterra, method, 60, inside,
                                                                     DirectAdjoint{}) < 1e-12);
  CHECK(battery::dot_product_mismatch<problems::LotkaVolterra>(lotka_volterra, method, 60, inside, DirectAdjoint{}, 1) <
        1e-12);
}
