// The order of Adams methods, in the steps and between them, and the one member of the family that everyone knows.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

// Steps over a time of 1.5, few enough that the error stands far above the rounding of the times (1e−16), enough that hμ is
// well inside the stable region and the next order's term is small.
template <class M>
std::int64_t steps_for() {
  constexpr int order = battery::Facts<M>::order;
  if (order == 1) return 8192;
  if (order <= 3) return 1024;
  if (order == 5) return 1024;
  return battery::Facts<M>::stages == 2 && order > 6 ? 256 : 512;
}

using Floats = std::tuple<ReversibleAdams<1, Floating>, ReversibleAdams<2, Floating>, ReversibleAdams<3, Floating>,
                          ReversibleAdams<4, Floating>, ReversibleAdams<5, Floating>, ReversibleAdams<6, Floating>,
                          ReversibleAdams<7, Floating>, ReversibleAdams<8, Floating>>;
using FloatsPece =
    std::tuple<ReversibleAdamsPece<1, Floating>, ReversibleAdamsPece<2, Floating>, ReversibleAdamsPece<3, Floating>,
               ReversibleAdamsPece<4, Floating>, ReversibleAdamsPece<5, Floating>, ReversibleAdamsPece<6, Floating>,
               ReversibleAdamsPece<7, Floating>, ReversibleAdamsPece<8, Floating>>;

template <class M>
void check_order() {
  CAPTURE(battery::Facts<M>::name);
  const std::int64_t n = steps_for<M>();
  CHECK(std::fabs(battery::observed_order<long double>(M{}, 0.0, 1.5, n) - battery::Facts<M>::order) < 0.2);
  CHECK(std::fabs(battery::observed_order<long double>(M{}, 1.5, 0.0, n) - battery::Facts<M>::order) < 0.2);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("An Adams method has its order, forwards and backwards", "[order]", Floats) {
  check_order<TestType>();
}
TEMPLATE_LIST_TEST_CASE("An Adams method with a corrector has its order", "[order]", FloatsPece) {
  check_order<TestType>();
}

TEST_CASE("In exact arithmetic it is the same method", "[order]") {
  const auto method = [](auto m) { return m.resolution = 0x1p-56, m; };
  CHECK(std::fabs(battery::observed_order<double>(method(ReversibleAdams<2>{}), 0.0, 1.5, 1024) - 2) < 0.1);
  CHECK(std::fabs(battery::observed_order<double>(method(ReversibleAdams<4>{}), 0.0, 1.5, 512) - 4) < 0.1);
  CHECK(std::fabs(battery::observed_order<double>(method(ReversibleAdams<6>{}), 0.0, 1.5, 256) - 6) < 0.1);
}

// Steps of a pattern of lengths: every third one is twice as long.
TEST_CASE("With unequal steps the order is kept", "[order]") {
  using Field = battery::WarpedHopf<long double>;
  const auto error = [](const auto& method, int n) {
    std::vector<double> nodes;
    double length = 0;
    for (int i = 0; i < n; ++i) length += i % 3 == 2 ? 2 : 1;
    double at = 0;
    for (int i = 0; i + 1 < n; ++i) nodes.push_back(1.5 * (at += i % 3 == 2 ? 2 : 1) / length);
    const auto solution =
        solve(Problem{Field{}, Field::solution(0), 0.0, 1.5}, method, StepTo{nodes}, SaveAt{.steps = true});
    double largest = 0;
    for (std::size_t i = 0; i < solution.ys().size(); ++i)
      largest = std::fmax(largest, static_cast<double>((solution.ys()[i] - Field::solution(solution.ts()[i])).norm()));
    return largest;
  };
  const auto order = [&](const auto& method, int n) { return std::log2(error(method, n) / error(method, 2 * n)); };
  CHECK(std::fabs(order(ReversibleAdams<2, Floating>{}, 768) - 2) < 0.2);
  CHECK(std::fabs(order(ReversibleAdams<4, Floating>{}, 768) - 4) < 0.2);
  CHECK(std::fabs(order(ReversibleAdams<6, Floating>{}, 768) - 6) < 0.2);
  CHECK(std::fabs(order(ReversibleAdamsPece<3, Floating>{}, 768) - 3) < 0.2);
}

// Between the steps too: the interpolant's own error is of order K + 1 locally.
TEMPLATE_TEST_CASE("Dense output is of order K", "[order]", (ReversibleAdams<2, Floating>),
                   (ReversibleAdams<4, Floating>), (ReversibleAdams<5, Floating>), (ReversibleAdams<8, Floating>),
                   (ReversibleAdamsPece<4, Floating>)) {
  using Field = battery::WarpedHopf<long double>;
  CAPTURE(battery::Facts<TestType>::name);
  const auto error = [](std::int64_t n) {
    const double h = 1.5 / static_cast<double>(n);
    std::vector<double> times;
    for (std::int64_t i = 0; i < n; ++i) times.push_back(h * (static_cast<double>(i) + 0.3));
    const auto solution =
        solve(Problem{Field{}, Field::solution(0), 0.0, 1.5}, TestType{}, FixedSteps{n}, SaveAt{.times = times});
    double largest = 0;
    for (std::size_t i = 0; i < times.size(); ++i)
      largest = std::fmax(largest, static_cast<double>((solution.ys()[i] - Field::solution(times[i])).norm()));
    return largest;
  };
  const std::int64_t n = steps_for<TestType>();
  CHECK(std::fabs(std::log2(error(n) / error(2 * n)) - battery::Facts<TestType>::order) < 0.2);
}

TEST_CASE("K = 1 at λ = 1 is the leapfrog midpoint rule, x_{n+1} = x_{n−1} + 2h f_n", "[adams]") {
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, 2.0};
  constexpr std::int64_t n = 128;
  const auto solution =
      solve(problem, ReversibleAdams<1, Floating>{.lambda = 1}, FixedSteps{n}, SaveAt{.t0 = true, .steps = true});
  const double h = 2.0 / n;
  for (std::size_t i = 1; i < n; ++i) {
    Eigen::Vector2d f;
    problem.field(0, solution.ys()[i], f);
    // Some ten roundings of numbers below 4.
    CHECK((solution.ys()[i + 1] - solution.ys()[i - 1] - 2 * h * f).norm() < 1e-14);
  }
  CHECK(std::fabs(battery::observed_order<long double>(ReversibleAdams<1, Floating>{.lambda = 1}, 0.0, 1.5, 1024) - 2) <
        0.2);
}
