// Order of two points, reversible Heun and the asynchronous leapfrog: halving h divides the error by 2^order, in both
// directions of time; inside steps too. LeapfrogMidpoint is the textbook's.
#include "catch.hpp"
#include "reversible_methods.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

template <class Scalar, class M>
void check_order(const M& method, int order, std::int64_t n) {
  CAPTURE(order, n);
  CHECK(std::fabs(battery::observed_order<Scalar>(method, 0.0, 1.5, n) - order) < 0.2);
  CHECK(std::fabs(battery::observed_order<Scalar>(method, 1.5, 0.0, n) - order) < 0.2);
}

}  // namespace

TEST_CASE("A damped asynchronous leapfrog has order 1", "[order]") {
  for (const double damping : {0.75, 0.95, 0.4}) {
    CAPTURE(damping);
    check_order<long double>(AsynchronousLeapfrog<Floating>{.damping = damping}, 1, 16384);
  }
}

namespace {

// The order of states at 0.4 of a step, read off dense output as the steps are halved.
template <class M>
double order_inside(const M& method, std::int64_t n) {
  using Field = battery::WarpedHopf<long double>;
  const auto error = [&](std::int64_t steps) {
    const Problem problem{Field{}, Field::solution(0), 0.0, 1.5};
    std::vector<double> times;
    for (std::int64_t i = 0; i < steps; ++i)
      times.push_back(1.5 * (static_cast<double>(i) + 0.4) / static_cast<double>(steps));
    const auto solution = solve(problem, method, FixedSteps{steps}, SaveAt{times});
    double largest = 0;
    for (std::size_t i = 0; i < times.size(); ++i)
      largest = std::fmax(largest, static_cast<double>((solution.ys()[i] - Field::solution(times[i])).norm()));
    return largest;
  };
  return std::log2(error(n) / error(2 * n));
}

}  // namespace

TEST_CASE("Dense output keeps the order", "[order]") {
  CHECK(order_inside(TwoPoint<Euler, Floating>{.lambda = 0.5}, 8192) > 0.8);
  CHECK(order_inside(TwoPoint<Midpoint, Floating>{.lambda = 0.5}, 512) > 1.8);
  CHECK(order_inside(TwoPoint<Bosh3, Floating>{.lambda = 0.5}, 512) > 2.8);
  CHECK(order_inside(TwoPoint<RK4, Floating>{.lambda = 0.5}, 512) > 3.8);
  CHECK(order_inside(TwoPoint<Dopri5, Floating>{.lambda = 0.5}, 512) > 4.6);
  CHECK(order_inside(LeapfrogMidpoint<Floating>{}, 512) > 1.8);
  CHECK(order_inside(ReversibleHeun<Floating>{}, 512) > 1.8);
  CHECK(order_inside(AsynchronousLeapfrog<Floating>{}, 512) > 1.8);
}

// y2 = y0 + (h0 + h) f(t1, y1) after a step of Euler (Hairer, Nørsett & Wanner I, III.1), written out.
TEST_CASE("LeapfrogMidpoint is the textbook's", "[order]") {
  using Y = Eigen::Vector2d;
  const problems::DrivenPendulum<> field;
  std::vector<double> nodes{0.25};
  for (int i = 0; i < 200; ++i) nodes.push_back(nodes.back() + (i % 3 == 0 ? 0.0078125 : 0.015625));
  Y before(0.4, -0.6), now, slope;
  field(nodes[0], before, slope);
  now = before + (nodes[1] - nodes[0]) * slope;
  std::vector<Y> expected{before, now};
  for (std::size_t i = 1; i + 1 < nodes.size(); ++i) {
    field(nodes[i], now, slope);
    const Y next = before + (nodes[i + 1] - nodes[i - 1]) * slope;
    before = now, now = next;
    expected.push_back(now);
  }
  const Problem problem{field, expected[0], nodes.front(), nodes.back()};
  const auto check = [&](const auto& method, double tolerance) {
    const auto solution = solve(problem, method, StepTo{nodes}, SaveAt{.t0 = true, .steps = true});
    REQUIRE(solution.ys().size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK((solution.ys()[i] - expected[i]).norm() < tolerance);
  };
  // 200 steps of a few roundings of 1.1e−16, or of two of half of 2^−50, on a flow that amplifies less than tenfold.
  check(LeapfrogMidpoint<Floating>{}, 200 * 4 * 1.1e-16 * 10);
  check(LeapfrogMidpoint<>{.resolution = std::ldexp(1.0, -50)}, 200 * 8.9e-16 * 10);
}
