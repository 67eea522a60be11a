// ReversibleAdjoint against DirectAdjoint through Adams methods.
#include "battery.hpp"
#include "catch.hpp"

#include <limits>

using namespace antistrophe;

namespace {

auto pendulum(double t0, double t1) {
  return Problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), t0, t1};
}

// t0, nodes given twice, t1; and times inside the first steps, the last one, and between.
SaveAt some_saves(double t0, double t1) {
  const auto at = [&](double i) { return t0 + (t1 - t0) * i / 40; };
  return {.times = {t0, at(0.5), at(2.25), at(5), at(20), at(20), at(20.75), at(21), at(21.5), at(39.5), t1},
          .t0 = true,
          .t1 = true};
}

}  // namespace

// Both adjoints evaluate f at the same states and add up in the same order: the same bits.
TEMPLATE_TEST_CASE("Both adjoints give the same bits, in steps of any kind", "[gradient]", ReversibleAdams<1>,
                   ReversibleAdams<4>, ReversibleAdams<6>, ReversibleAdamsPece<3>) {
  const auto check_same = [](const auto& problem, const auto& steps, const SaveAt& save_at) {
    const auto back =
        value_and_gradient(problem, TestType{}, steps, battery::WeightedSum{}, save_at, ReversibleAdjoint{});
    const auto stored =
        value_and_gradient(problem, TestType{}, steps, battery::WeightedSum{}, save_at, DirectAdjoint{});
    CHECK(back.value == stored.value);
    CHECK(battery::same_bits(back.gradient.y0, stored.gradient.y0));
    CHECK(battery::same_bits(back.gradient.theta, stored.gradient.theta));
    CHECK(back.gradient.t0 == stored.gradient.t0);
    CHECK(back.gradient.t1 == stored.gradient.t1);
    CHECK(battery::all_nonzero(back.gradient.theta));
  };
  check_same(pendulum(0.5, 2.5), FixedSteps{40}, some_saves(0.5, 2.5));
  check_same(pendulum(2.5, 0.5), FixedStep{-0.03}, some_saves(2.5, 0.5));
  check_same(
      pendulum(0.5, 12),
      Adaptive{.rtol = 1e-3, .atol = 1e-3, .first_step = 2, .gradient_rtol = std::numeric_limits<double>::infinity()},
      SaveAt{.times = {1, 1, 2.5, 7.75, 7.76}, .t1 = true});
}
