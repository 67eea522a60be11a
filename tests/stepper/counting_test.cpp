// What a step costs, counted inside the field: 2s evaluations forth, 2s evaluations and 2s vjps back for a pair of s
// stages; s, and s + s, for a plain method. And no field is ever called outside [t0, t1].
#include "battery.hpp"
#include "catch.hpp"
#include "counting_field.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

using problems::Counting, problems::Counts;

constexpr std::int64_t n = 7;

template <class M, class Adjoint>
void check_costs(const M& method, std::int64_t forth, std::int64_t back, const Adjoint& adjoint, double t1) {
  CAPTURE(battery::Facts<M>::name, t1);
  const double t0 = 0.3;
  Counts counts;
  const Problem problem{Counting{&counts}, Eigen::Vector2d(1, 2), t0, t1};
  auto pass = solve_with_pullback(problem, method, FixedSteps{n}, SaveAt{.t0 = true, .t1 = true}, adjoint);
  CHECK(counts.evaluations == forth * n);
  CHECK(counts.vjps == 0);
  CHECK(pass.stats().evaluations == counts.evaluations);
  CHECK(pass.stats().steps == n);
  CHECK(pass.stats().accepted == n);
  CHECK(pass.stats().rejected == 0);

  const std::vector<Eigen::Vector2d> ys_bar(2, Eigen::Vector2d(1, -1));
  for (int again = 0; again < 2; ++again) {
    counts.evaluations = counts.vjps = 0;
    const auto gradient = pass.pullback(ys_bar);
    CHECK(counts.evaluations == back * n);
    CHECK(counts.vjps == forth * n);
    CHECK(gradient.stats.evaluations == counts.evaluations);
    CHECK(gradient.stats.vjps == counts.vjps);
  }
  CHECK(counts.earliest >= std::min(t0, t1));
  CHECK(counts.latest <= std::max(t0, t1));
}

}  // namespace

TEST_CASE("The stages that an increment uses are those of the literature", "[counting]") {
  CHECK(battery::Facts<Euler>::stages == 1);
  CHECK(battery::Facts<Midpoint>::stages == 2);
  CHECK(battery::Facts<Bosh3>::stages == 3);
  CHECK(battery::Facts<RK4>::stages == 4);
  CHECK(battery::Facts<Tsit5>::stages == 6);
  CHECK(battery::Facts<Dopri5>::stages == 6);
  CHECK(battery::Facts<Dop853>::stages == 12);
}

namespace {

// Drives a stepper by hand, with the error estimate of every step: the evaluations of each attempt, error and commit.
template <class M>
std::vector<std::array<std::int64_t, 3>> costs_with_errors(int steps) {
  using S = typename M::template Stepper<Counting, Eigen::Vector2d>;
  Counts counts;
  const Counting field{&counts};
  const Eigen::Vector2d y0(1, 2);
  S stepper(M{}, field, y0);
  const Timeline timeline = FixedSteps{steps}.timeline(0, 1);
  auto carry = stepper.make_carry();
  std::array<Eigen::Vector2d, static_cast<std::size_t>(S::error_estimates)> errors;
  NoBits none;
  std::vector<std::array<std::int64_t, 3>> costs;
  REQUIRE(stepper.start(0, y0, carry) == Outcome::ok);
  for (int i = 0; i < steps; ++i) {
    const auto counted = [&](auto&& call) {
      const std::int64_t before = counts.evaluations;
      call();
      return counts.evaluations - before;
    };
    const Step step = step_at(timeline, i);
    const std::int64_t attempt = counted([&] { CHECK(stepper.attempt(step, carry) == Outcome::ok); });
    const std::int64_t error = counted([&] { stepper.error(step, carry, errors); });
    const std::int64_t commit = counted([&] { CHECK(stepper.commit(step, carry, none) == Outcome::ok); });
    costs.push_back({attempt, error, commit});
    CHECK(errors[0].norm() > 0);
  }
  CHECK(stepper.calls().evaluations == counts.evaluations);
  return costs;
}

}  // namespace

TEMPLATE_TEST_CASE("First same as last: a step whose error was estimated leaves its last stage to the next",
                   "[counting]", Bosh3, Tsit5, Dopri5) {
  constexpr std::int64_t s = battery::Facts<TestType>::stages;
  const auto costs = costs_with_errors<TestType>(4);
  CHECK(costs[0] == std::array<std::int64_t, 3>{s, 1, 0});
  for (std::size_t i = 1; i < costs.size(); ++i) CHECK(costs[i] == std::array<std::int64_t, 3>{s - 1, 1, 0});
}

TEMPLATE_TEST_CASE("A method that is not first same as last leaves nothing", "[counting]", Midpoint, Heun, Dop853) {
  for (const auto& cost : costs_with_errors<TestType>(4)) {
    CHECK(cost[0] == battery::Facts<TestType>::stages);
    CHECK(cost[1] == battery::Facts<TestType>::TableauType::stages - battery::Facts<TestType>::stages);
    CHECK(cost[2] == 0);
  }
}

TEST_CASE("A pair pays its second increment at commit, and its error estimate beyond the increment's stages",
          "[counting]") {
  for (const auto& cost : costs_with_errors<Reversible<Dopri5>>(3)) CHECK(cost == std::array<std::int64_t, 3>{6, 1, 6});
}

TEST_CASE("A step tried anew with another h keeps its first stage", "[counting]") {
  using S = Dopri5::Stepper<Counting, Eigen::Vector2d>;
  Counts counts;
  const Counting field{&counts};
  const Eigen::Vector2d y0(1, 2);
  S stepper(Dopri5{}, field, y0), fresh(Dopri5{}, field, y0);
  const Timeline longer = FixedSteps{4}.timeline(0, 4), shorter = FixedSteps{4}.timeline(0, 2);
  auto carry = stepper.make_carry();
  REQUIRE(stepper.start(0, y0, carry) == Outcome::ok);
  REQUIRE(stepper.attempt(step_at(longer, 0), carry) == Outcome::ok);
  CHECK(counts.evaluations == 6);
  REQUIRE(stepper.attempt(step_at(shorter, 0), carry) == Outcome::ok);
  CHECK(counts.evaluations == 11);
  // And arrives where one that never tried the longer step arrives.
  auto fresh_carry = fresh.make_carry();
  REQUIRE(fresh.start(0, y0, fresh_carry) == Outcome::ok);
  REQUIRE(fresh.attempt(step_at(shorter, 0), fresh_carry) == Outcome::ok);
  Eigen::Vector2d a, b;
  stepper.proposal(step_at(shorter, 0), carry, a);
  fresh.proposal(step_at(shorter, 0), fresh_carry, b);
  CHECK(battery::same_bits(a, b));
}
