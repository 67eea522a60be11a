// ReversibleAdjoint against DirectAdjoint: two ways back through one and the same solve.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

using namespace antistrophe;

namespace {

auto lotka_volterra() { return Problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, 10.0}; }
auto pendulum() { return Problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 5.0, -3.0}; }
auto lorenz() { return Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 20), 0.0, 2.0}; }

// Both perform the same operations on the same bits; only a compiler's choice of order may part them, by a rounding
// (1.1e−16) in each of a step's some 100 sums over 500 steps, which add up as their root: 1.1e−16 · √50,000 = 2.5e−14,
// times 10 for cancellation among them.
constexpr double round_off = 2.5e-13;

template <class ProblemType, class M>
double difference(const ProblemType& problem, const M& method, std::int64_t n, const SaveAt& save_at) {
  const auto back =
      value_and_gradient(problem, method, FixedSteps{n}, battery::WeightedSum{}, save_at, ReversibleAdjoint{});
  const auto stored =
      value_and_gradient(problem, method, FixedSteps{n}, battery::WeightedSum{}, save_at, DirectAdjoint{});
  if (back.value != stored.value || !battery::all_nonzero(stored.gradient.y0) ||
      !battery::all_nonzero(stored.gradient.theta) || stored.gradient.t0 == 0 || stored.gradient.t1 == 0)
    return std::numeric_limits<double>::infinity();
  return battery::gradient_difference(stored.gradient, back.gradient);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Both adjoints agree on explicit time, backward time and sensitive flows", "[gradient]",
                        battery::FewExactMethods) {
  CAPTURE(battery::Facts<TestType>::name);
  CHECK(difference(pendulum(), TestType{}, 500, SaveAt{.t0 = true, .steps = true}) < round_off);
  CHECK(difference(lorenz(), TestType{}, 500, SaveAt{.t0 = true, .t1 = true}) < round_off);
}

TEST_CASE("The drift of a floating way back grows like λ^−n, and an exact one has none", "[drift]") {
  const auto from = [](double x) { return Problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(x, 0.5), 0.0, 1.0}; };
  for (const double lambda : {0.9, 0.8, 0.95}) {
    CAPTURE(lambda);
    const Reversible<RK4, Floating> method{.lambda = lambda};
    // log10 of the drift, its mean over ten initial values, after n steps with λ^−n = 10^power.
    const auto log_drift = [&](double power) {
      const std::int64_t n = std::lround(power * std::log(10) / -std::log(lambda));
      double sum = 0;
      for (int i = 0; i < 10; ++i)
        sum += std::log10(
            value_and_gradient(from(1 + 0.1 * i), method, FixedSteps{n}, battery::WeightedSum{}).gradient.stats.drift);
      return sum / 10;
    };
    // The first round-off made at the far end is amplified by λ^−n: from n with 10^5 to n with 10^10 it grows by 5 powers
    // of ten; what chance and the other step size make of it is less than one.
    CHECK(std::fabs(log_drift(10) - log_drift(5) - 5) < 1);
  }
  const auto exact = value_and_gradient(from(1), Reversible<RK4>{}, FixedSteps{1000}, battery::WeightedSum{});
  CHECK(exact.gradient.stats.drift == 0);
}

TEST_CASE("A floating way back whose λ^−n outgrows the numbers is told", "[drift]") {
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, 10.0};
  try {
    (void)value_and_gradient(problem, Reversible<RK4, Floating>{.lambda = 0.5}, FixedSteps{5000},
                             battery::WeightedSum{});
    FAIL("no error");
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::not_finite);
  }
}

TEST_CASE("A pass can be gone back through again and again, and gives the same bits", "[gradient]") {
  auto pass =
      solve_with_pullback(lotka_volterra(), Reversible<Dopri5>{}, FixedSteps{300}, SaveAt{.t0 = true, .t1 = true});
  std::vector<Eigen::Vector2d> ys_bar{{1, 2}, {3, -4}};
  const auto first = pass.pullback(ys_bar);
  const auto other = pass.pullback({Eigen::Vector2d(0, 1), Eigen::Vector2d(1, 0)});
  const auto again = pass.pullback(ys_bar);
  CHECK(battery::same_bits(first.y0, again.y0));
  CHECK(battery::same_bits(first.theta, again.theta));
  CHECK_FALSE(battery::same_bits(first.y0, other.y0));
  // A pull-back is linear: twice the cotangents, twice the gradient, exactly.
  for (auto& bar : ys_bar) bar *= 2;
  CHECK(battery::same_bits(pass.pullback(ys_bar).theta, (2 * first.theta).eval()));
}

TEST_CASE("Duplicate saves add their cotangents, and one at t0 adds to dL/dy0 alone", "[gradient]") {
  const auto problem = lotka_volterra();
  auto once = solve_with_pullback(problem, Reversible<RK4>{}, FixedSteps{64}, SaveAt{.times = {0, 5, 10}});
  auto twice = solve_with_pullback(problem, Reversible<RK4>{}, FixedSteps{64}, SaveAt{.times = {0, 0, 5, 5, 10, 10}});
  REQUIRE(twice.ys().size() == 6);
  const Eigen::Vector2d a(1, -2), b(0.5, 3);
  const auto expected = once.pullback({a + b, a - b, b});
  const auto got = twice.pullback({a, b, a, -b, 2 * b, -b});
  CHECK(battery::relative_difference(expected.y0, got.y0) < 1e-14);
  CHECK(battery::relative_difference(expected.theta, got.theta) < 1e-14);
  const auto at_t0 = once.pullback({a, Eigen::Vector2d(0, 0), Eigen::Vector2d(0, 0)});
  CHECK(at_t0.y0 == a);
  CHECK((at_t0.theta.array() == 0).all());
}
