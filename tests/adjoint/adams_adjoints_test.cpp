// ReversibleAdjoint against DirectAdjoint through Adams methods.
#include "battery.hpp"
#include "catch.hpp"
#include "larger_problems.hpp"

#include <cstddef>
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

// States of so many entries that sums are taken in stretches (adams_sums.hpp), the last of them short.
TEMPLATE_TEST_CASE("Both adjoints give the same bits of a large state", "[gradient]", ReversibleAdams<4>,
                   ReversibleAdamsPece<3>) {
  const Problem problem{problems::Chain{}, problems::Chain::start(700), 0.5, 2.5};
  const SaveAt saves = some_saves(0.5, 2.5);
  const auto back =
      value_and_gradient(problem, TestType{}, FixedSteps{160}, battery::WeightedSum{}, saves, ReversibleAdjoint{});
  const auto stored =
      value_and_gradient(problem, TestType{}, FixedSteps{160}, battery::WeightedSum{}, saves, DirectAdjoint{});
  CHECK(back.value == stored.value);
  CHECK(battery::same_bits(back.gradient.y0, stored.gradient.y0));
  CHECK(battery::same_bits(back.gradient.theta, stored.gradient.theta));
  CHECK(back.gradient.t0 == stored.gradient.t0);
  CHECK(back.gradient.t1 == stored.gradient.t1);
  CHECK(battery::all_nonzero(back.gradient.theta));
  const auto solution = solve(problem, TestType{}, FixedSteps{160}, saves);
  const auto reference = solve(problem, Dop853{}, FixedSteps{160}, saves);
  for (std::size_t i = 0; i < reference.ys().size(); ++i)
    CHECK((solution.ys()[i] - reference.ys()[i]).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("Of a large state that leaves its range the entry is told that does", "[solve]") {
  Eigen::VectorXd y0 = Eigen::VectorXd::Ones(700);
  y0[600] = 2;
  const auto grows = [](double, const auto& y, auto& dy) { dy = y; };
  const auto out = solve(Problem{grows, y0, 0.0, 60.0}, ReversibleAdams<3>{.resolution = 0x1p-50}, FixedSteps{1000},
                         OnFailure::return_status);
  CHECK(out.status() == Status::out_of_range);
  CHECK(out.failure().component == 600);
  const auto breaks = [](double t, const auto& y, auto& dy) {
    dy = y;
    if (t > 1) dy[600] = std::numeric_limits<double>::quiet_NaN();
  };
  const auto broken =
      solve(Problem{breaks, y0, 0.0, 2.0}, ReversibleAdams<3>{}, FixedSteps{1000}, OnFailure::return_status);
  CHECK(broken.status() == Status::not_finite);
  CHECK(broken.failure().component == 600);
}
