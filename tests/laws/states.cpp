// Nasty states: without parameters, empty, of float; and horizons that are long.
#include "laws/complex_step.hpp"

#include <cmath>
#include <vector>

namespace antistrophe::laws {
namespace {

Methods few() { return joined({few_plain(), few_exact_pairs(), few_floating_pairs(), methods("ReversibleAdams<4>")}); }

// --- 8. No parameters ------------------------------------------------------------------------------------------------------

// A pendulum in a wind that comes and goes, x' = v, v' = −sin x + cos(t)/4.
template <class Scalar>
struct Windy {
  void operator()(double t, const auto& y, auto& dy) const {
    using std::sin;
    dy[0] = y[1];
    dy[1] = Scalar(std::cos(t) / 4) - sin(y[0]);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    using std::cos;
    y_bar[0] -= cos(y[0]) * w[1];
    y_bar[1] += w[0];
  }
};

LAW("8. Without parameters their gradient is empty", "[edge_cases]", and_ito(few())) {
  const auto problem = erased_problem<Vector2d>(Windy<double>{}, Vector2d{0.5, -0.25}, 0.0, 1.0);
  const auto expected = complex_step_gradient<Windy>(problem, m.real_valued(), FixedSteps{8}, {});
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const auto gradient = m.value_and_gradient(problem, FixedSteps{8}, battery::WeightedSum{}, {}, adjoint).gradient;
    CHECK(gradient.theta.size() == 0);
    CHECK(battery::all_nonzero(expected.y0));
    // Round-off of 8 steps (a floating pair's times 0.9^−8 = 2.3), and a resolution of 2^−52 a few times a step.
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-13);
  });
}

// --- 9. States of size 0 -----------------------------------------------------------------------------------------------------

// y' = −y.
struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

LAW("9. An empty state has an empty solution and an empty gradient", "[edge_cases]", and_ito(few())) {
  const auto problem = erased_problem<Batch>(Decay{}, Batch(2, 0), 0.0, 1.0);
  const auto check = [&](const AnyAdjoint& adjoint) {
    auto pass = m.solve_with_pullback(problem, FixedSteps{5}, SaveAt{.t0 = true, .steps = true}, adjoint);
    CHECK(pass.ts().size() == 6);
    for (const Batch& y : pass.ys()) CHECK((y.rows() == 2 && y.cols() == 0));
    const auto gradient = pass.pullback(pass.ys());
    CHECK(gradient.y0.size() == 0);
    CHECK(gradient.t1 == 0);
    CHECK(gradient.stats.drift == 0);
  };
  with_adjoints(m, check);
  INFO("CompressedAdjoint");
  check(CompressedAdjoint{});
}

// --- 23. float -------------------------------------------------------------------------------------------------------------------

// 10 000 steps of 0.1 in float time would end at 999.9; here time is double throughout.
LAW("23. float states keep the last save of a thousand", "[edge_cases]", joined({few(), quiet_ito_schemes()})) {
  const problems::Linear<2, float> slow((Eigen::Matrix2f() << -1e-3F, 0, 0, -1e-3F).finished());
  const auto problem = erased_problem<Vector2f>(slow, Vector2f{1.0F, -2.0F}, 0.0, 1e3);
  const auto check = [&](const AnySteps& steps) {
    std::vector<double> times;
    for (int i = 1; i <= 1000; ++i) times.push_back(i);
    const auto solution = m.by_default().solve(problem, steps, SaveAt{.times = times, .t1 = true});
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
LAW("25. An exact pair comes back from afar", "[edge_cases]", few_exact_pairs()) {
  constexpr std::int64_t many = 100'000;
  const auto chaotic = erased_problem<Vector3d>(problems::Lorenz<>{}, Vector3d{1.0, 1.0, 20.0}, 0.0, 200.0);
  const auto trip = m.assert_reversible(chaotic, FixedSteps{many});
  CHECK(trip.steps == many);
  CHECK(battery::same_bits(trip.y0, chaotic.y0));
  CHECK_FALSE(battery::same_bits(trip.y1, chaotic.y0));
  const auto decaying = erased_problem<Vector2d>(Decay{}, Vector2d{1.0, 0.5}, 0.0, 100.0);
  CHECK(m.value_and_gradient(decaying, FixedSteps{many}, battery::WeightedSum{}).gradient.stats.drift == 0);
}

LAW("25. A floating pair says how far it drifted", "[edge_cases]", few_floating_pairs()) {
  const auto at = [&](double lambda, std::int64_t n) {
    const auto problem =
        erased_problem<Vector2d>(problems::LotkaVolterra<>{}, Vector2d{1.0, 1.0}, 0.0, 0.01 * static_cast<double>(n));
    return m.with({.by_default = true, .lambda = lambda})
        .value_and_gradient(problem, FixedSteps{n}, battery::WeightedSum{})
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

}  // namespace
}  // namespace antistrophe::laws
