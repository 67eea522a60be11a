// Nasty states: without parameters, empty, of float; and horizons that are long.
#include <antistrophe/antistrophe.hpp>

#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"

#include <cmath>
#include <tuple>
#include <type_traits>
#include <vector>

using namespace antistrophe;

namespace {

template <class M>
M method() {
  return battery::Facts<M>::method();
}

using Few = battery::Joined<battery::FewPlainMethods, battery::FewExactMethods, battery::FewFloatingMethods,
                            std::tuple<ReversibleAdams<4>>>;

template <class M, class Law>
void with_adjoints(const Law& law) {
  law(DirectAdjoint{});
  if constexpr (battery::Facts<M>::reversible) law(ReversibleAdjoint{});
}

}  // namespace

// --- 8. No parameters ------------------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("8. Without parameters their gradient is empty", "[edge_cases]", Few) {
  const Problem problem{problems::HenonHeiles<>{}, Eigen::Vector4d{0.1, 0.2, 0.3, -0.1}, 0.0, 1.0};
  const auto expected =
      battery::complex_step_gradient<problems::HenonHeiles>(problem, battery::Facts<TestType>::real_valued(), 8, {});
  with_adjoints<TestType>([&](const auto& adjoint) {
    const auto gradient =
        value_and_gradient(problem, method<TestType>(), FixedSteps{8}, battery::WeightedSum{}, {}, adjoint).gradient;
    CHECK(gradient.theta.size() == 0);
    CHECK(battery::all_nonzero(expected.y0));
    // Round-off of 8 steps (a floating pair's times 0.9^−8 = 2.3), and a resolution of 2^−52 a few times a step.
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-13);
  });
}

// --- 9. States of size 0 -----------------------------------------------------------------------------------------------------

namespace {

struct Nothing {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("9. An empty state has an empty solution and an empty gradient", "[edge_cases]", Few) {
  const auto check = [](const auto& y0) {
    const Problem problem{Nothing{}, y0, 0.0, 1.0};
    const auto solution = solve(problem, method<TestType>(), FixedSteps{5}, SaveAt{.t0 = true, .steps = true});
    CHECK(solution.ts().size() == 6);
    for (const auto& y : solution.ys()) CHECK((y.rows() == y0.rows() && y.cols() == y0.cols()));
    with_adjoints<TestType>([&](const auto& adjoint) {
      const auto gradient =
          value_and_gradient(problem, method<TestType>(), FixedSteps{5}, battery::WeightedSum{}, {}, adjoint).gradient;
      CHECK(gradient.y0.size() == 0);
      CHECK(gradient.t1 == 0);
      CHECK(gradient.stats.drift == 0);
    });
  };
  check(Eigen::VectorXd(0));
  if constexpr (std::is_same_v<TestType, Reversible<Midpoint>>) check(Eigen::MatrixXd(3, 0));
}

// --- 23. float -------------------------------------------------------------------------------------------------------------------

// 10 000 steps of 0.1 in float time would end at 999.9; here time is double throughout.
TEMPLATE_LIST_TEST_CASE("23. float states keep the last save of a thousand", "[edge_cases]", Few) {
  const auto slow = [](double, const auto& y, auto& dy) { dy = y * -1e-3F; };
  const Problem problem{slow, Eigen::Vector2f{1.0F, -2.0F}, 0.0, 1e3};
  const auto check = [&](const auto& steps) {
    std::vector<double> times;
    for (int i = 1; i <= 1000; ++i) times.push_back(i);
    const auto solution = solve(problem, TestType{}, steps, SaveAt{.times = times, .t1 = true});
    CHECK(solution.ts() == times);
    REQUIRE(solution.ys().size() == 1000);
    CHECK(solution.stats().steps == 10000);
    // Euler is off by h μ² T/2 = 5e−5; float rounds 10 000 times, at worst by 6e−8 of 1: 6e−4.
    CHECK(std::fabs(solution.ys().back()[0] - std::exp(-1.0F)) < 7e-4F);
    CHECK(std::fabs(solution.ys().back()[1] + 2 * std::exp(-1.0F)) < 1.4e-3F);
  };
  check(FixedStep{0.1});
  check(FixedSteps{10000});
}

// --- 25. Long horizons -----------------------------------------------------------------------------------------------------------

// 10^5 steps of a chaotic solution, the way back alone, and a gradient of a decaying one.
TEMPLATE_LIST_TEST_CASE("25. An exact pair comes back from afar", "[edge_cases]", battery::FewExactMethods) {
  const Problem chaotic{problems::Lorenz<>{}, Eigen::Vector3d{1.0, 1.0, 20.0}, 0.0, 200.0};
  CHECK(battery::comes_back(chaotic, method<TestType>(), 100000));
  const auto gradient = value_and_gradient(Problem{Nothing{}, Eigen::Vector2d{1.0, 0.5}, 0.0, 100.0},
                                           method<TestType>(), FixedSteps{100000}, battery::WeightedSum{})
                            .gradient;
  CHECK(gradient.stats.drift == 0);
}

TEMPLATE_LIST_TEST_CASE("25. A floating pair says how far it drifted", "[edge_cases]", battery::FewFloatingMethods) {
  const auto at = [](double lambda, std::int64_t n) {
    const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d{1.0, 1.0}, 0.0, 0.01 * static_cast<double>(n)};
    return value_and_gradient(problem, TestType{.lambda = lambda}, FixedSteps{n}, battery::WeightedSum{})
        .gradient.stats.drift;
  };
  // Round-off 1e−16 grows by λ^−n: 0.9^−100 = 3.8e4, and twice as many steps square it.
  const double near = at(0.9, 100), far = at(0.9, 200);
  CHECK(near > 1e-14);
  CHECK(near < 1e-9);
  CHECK(far > 1e2 * near);
  CHECK(far < 1e-4);
  // 0.5^−2000 is no number at all.
  try {
    (void)at(0.5, 2000);
    FAIL("no SolveError");
  } catch (const SolveError& error) {
    CHECK((error.status() == Status::not_finite || error.status() == Status::gradient_not_finite));
  }
}
