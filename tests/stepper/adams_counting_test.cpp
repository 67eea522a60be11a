// What Adams methods cost, counted inside the field: one evaluation a step forth, one evaluation and one vjp back, and the
// Runge–Kutta steps they start with.
#include "battery.hpp"
#include "catch.hpp"
#include "counting_field.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

using problems::Counting, problems::Counts;

constexpr std::int64_t n = 50;

// K steps of s stages each start; then f_1, …, f_{n−1} are wanted once each, and with a corrector the predicted ends.
// On the way back K values are still known from the way forth; a second time none is.
template <class M, class Adjoint>
void check(std::int64_t s, const Adjoint& adjoint, double t1) {
  using Facts = battery::Facts<M>;
  constexpr std::int64_t K = Facts::order;
  CAPTURE(Facts::name, t1);
  const double t0 = 0.3;
  Counts counts;
  const Problem problem{Counting{&counts}, Eigen::Vector2d(1, 2), t0, t1};
  auto pass = solve_with_pullback(problem, M{}, FixedSteps{n}, SaveAt{.t0 = true, .t1 = true}, adjoint);
  const std::int64_t predicted = Facts::stages == 2 ? n - K : 0;
  CHECK(counts.evaluations == K * s + n - 1 + predicted);
  CHECK(counts.vjps == 1);  // tried once, whether it adds
  CHECK(pass.stats().evaluations == counts.evaluations);

  const std::vector<Eigen::Vector2d> ys_bar(2, Eigen::Vector2d(1, -1));
  for (const std::int64_t known : {K, std::int64_t{0}}) {
    counts.evaluations = counts.vjps = 0;
    const auto gradient = pass.pullback(ys_bar);
    CHECK(counts.evaluations == K * s + n - 1 - known + predicted);
    CHECK(counts.vjps == K * s + n - 1 + predicted);
    CHECK(gradient.stats.evaluations == counts.evaluations);
    CHECK(gradient.stats.vjps == counts.vjps);
  }
  CHECK(counts.earliest >= std::min(t0, t1));
  CHECK(counts.latest <= std::max(t0, t1));
}

template <class M>
void check_all(std::int64_t s) {
  check<M>(s, ReversibleAdjoint{}, 2.0);
  check<M>(s, DirectAdjoint{}, -1.0);
}

}  // namespace

TEST_CASE("One evaluation a step forth; one evaluation and one vjp back, at any order", "[counting]") {
  check_all<ReversibleAdams<1>>(2);
  check_all<ReversibleAdams<2>>(3);
  check_all<ReversibleAdams<4>>(6);
  check_all<ReversibleAdams<8>>(12);
}

TEST_CASE("Two of each with a corrector", "[counting]") {
  check_all<ReversibleAdamsPece<1>>(2);
  check_all<ReversibleAdamsPece<4>>(6);
}

TEST_CASE("What each further step costs is one, two and three calls", "[counting]") {
  const auto cost = [](std::int64_t steps) {
    Counts counts;
    const Problem problem{Counting{&counts}, Eigen::Vector2d(1, 2), 0.0, 1.0};
    (void)value_and_gradient(problem, ReversibleAdams<6>{}, FixedSteps{steps}, battery::WeightedSum{});
    return counts;
  };
  const Counts few = cost(100), many = cost(1100);
  CHECK(many.evaluations - few.evaluations == 2 * 1000);
  CHECK(many.vjps - few.vjps == 1000);
}

TEST_CASE("A rejected trial and an error estimate evaluate nothing", "[counting]") {
  Counts counts;
  const Counting field{&counts};
  const Eigen::Vector2d y0(1, 2);
  using Stepper = ReversibleAdams<4>::Stepper<Counting, Eigen::Vector2d>;
  Stepper stepper(ReversibleAdams<4>{}, field, y0);
  const Timeline timeline = FixedSteps{20}.timeline(0, 1);
  auto carry = stepper.make_carry();
  NoBits bits;
  REQUIRE(stepper.start(0, y0, carry) == Outcome::ok);
  for (std::int64_t i = 0; i < 10; ++i) {
    REQUIRE(stepper.attempt(step_at(timeline, i), carry) == Outcome::ok);
    REQUIRE(stepper.commit(step_at(timeline, i), carry, bits) == Outcome::ok);
  }
  Step step = step_at(timeline, 10);
  counts.evaluations = 0;
  std::array<Eigen::Vector2d, 1> estimates;
  REQUIRE(stepper.attempt(step, carry) == Outcome::ok);
  stepper.error(step, carry, estimates);
  CHECK(counts.evaluations == 1);
  step.t1 -= 0.01;
  REQUIRE(stepper.attempt(step, carry) == Outcome::ok);
  stepper.error(step, carry, estimates);
  CHECK(counts.evaluations == 1);
  CHECK(stepper.calls().evaluations == 4 * 6 + 3 + 6 + 1);
}
