// What dense output costs: the interpolant's own stages in a step that is read, however often, and nothing in one that is not.
#include "battery.hpp"
#include "catch.hpp"

#include <cstdint>
#include <tuple>
#include <vector>

using namespace antistrophe;

namespace {

const Problem pendulum{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 0.0, 1.0};
constexpr std::int64_t n = 50;

// Twenty times inside each of 50 steps, or inside each second one; none at a node.
SaveAt thousand_times(std::int64_t each_step = 1) {
  SaveAt save_at{.t1 = true};
  for (std::int64_t i = 0; i < 20 * n; ++i)
    if (i / 20 % each_step == 0)
      save_at.times.push_back((static_cast<double>(i) + 0.5) / (20.0 * static_cast<double>(n)));
  return save_at;
}

template <class M>
struct Counts {
  using Base = typename battery::Facts<M>::TableauType;
  static constexpr std::int64_t used = tableau::increment_stages<Base>, all = tableau::Extended<Base>::stages,
                                for_errors = Base::stages;
  static constexpr bool pair = battery::Facts<M>::increments == 2;
  static constexpr std::int64_t step = battery::Facts<M>::increments * used;  // without saves
  // Stages of the interpolant that the increment leaves out, and those that the error estimate leaves out too.
  static constexpr std::int64_t own = all - used, own_beside_errors = all - for_errors;
  // A plain step that evaluates its last stage spares the next its first.
  static constexpr std::int64_t shared = Base::fsal && !pair ? 1 : 0;
};

// With an interpolant of the method's own, with the cubic, first-same-as-last or not.
using Counted = std::tuple<Euler, Midpoint, Bosh3, RK4, Tsit5, Dopri5, Dop853, Reversible<Euler>, Reversible<Bosh3>,
                           Reversible<RK4>, Reversible<Dopri5>, Reversible<Dop853>, Reversible<Tsit5, Floating>>;
using CountedWithEstimates = std::tuple<Midpoint, Bosh3, Tsit5, Dopri5, Dop853, Reversible<Heun>, Reversible<Bosh3>,
                                        Reversible<Dopri5>, Reversible<Dop853>, Reversible<Tsit5, Floating>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("A thousand save times between 50 steps cost the interpolant's own stages and nothing more",
                        "[dense]", Counted) {
  using C = Counts<TestType>;
  CAPTURE(battery::Facts<TestType>::name, C::pair);
  const auto evaluations = [](const SaveAt& save_at) {
    const auto solution = solve(pendulum, TestType{}, FixedSteps{n}, save_at);
    CHECK(solution.ys().size() == save_at.times.size() + (save_at.t1 ? 1 : 0));
    return solution.stats().evaluations;
  };
  CHECK(evaluations(SaveAt{.t1 = true}) == n * C::step);
  CHECK(evaluations(thousand_times()) == n * (C::step + C::own) - (n - 1) * C::shared);
  CHECK(evaluations(thousand_times(2)) == n * C::step + n / 2 * (C::own - C::shared));  // each read step has a next
  // One time in one step; a node and t1 are read off no interpolant.
  CHECK(evaluations(SaveAt{.times = {0.51, 1.0}}) == n * C::step + C::own - C::shared);
  CHECK(evaluations(SaveAt{.times = {0.0, 0.02, 0.5, 0.5, 1.0}}) == n * C::step);
  // The whole path besides.
  SaveAt and_path = thousand_times();
  and_path.dense = true;
  CHECK(evaluations(and_path) == evaluations(thousand_times()));
}

TEMPLATE_LIST_TEST_CASE("On the way back a step that was read costs those stages once more, with a vjp each", "[dense]",
                        Counted) {
  using C = Counts<TestType>;
  CAPTURE(battery::Facts<TestType>::name, C::pair);
  const auto check = [](const auto& adjoint) {
    auto pass = solve_with_pullback(pendulum, TestType{}, FixedSteps{n}, thousand_times(2), adjoint);
    std::vector<Eigen::Vector2d> ys_bar(pass.ys().size(), Eigen::Vector2d(1, -1));
    const auto gradient = pass.pullback(ys_bar);
    CHECK(gradient.stats.vjps == n * C::step + n / 2 * C::own);
    CHECK(gradient.stats.evaluations == n * C::step + n / 2 * C::own);
  };
  check(DirectAdjoint{});
  if constexpr (C::pair) check(ReversibleAdjoint{});
}

TEMPLATE_LIST_TEST_CASE("Under a tolerance, saves cost what neither the increment nor the error estimate has evaluated",
                        "[dense]", CountedWithEstimates) {
  using C = Counts<TestType>;
  CAPTURE(battery::Facts<TestType>::name, C::pair);
  Problem driven = pendulum;
  driven.field.theta << 0.25, 12, 9;
  const Adaptive adaptive{.rtol = 1e-7, .atol = 1e-7, .first_step = 1};  // a first trial that is rejected
  const auto without = solve(driven, TestType{}, adaptive, SaveAt{.t1 = true});
  SaveAt save_at{.t1 = true};  // a time inside each step at least
  const std::vector<double> steps = without.steps();
  for (std::size_t i = 1; i < steps.size(); ++i)
    for (const double sigma : {0.25, 0.5, 0.75})
      save_at.times.push_back(steps[i - 1] + sigma * (steps[i] - steps[i - 1]));
  const auto with = solve(driven, TestType{}, adaptive, save_at);
  REQUIRE(with.steps() == steps);
  CHECK((with.stats().accepted >= 3 && with.stats().rejected > 0));
  CHECK(battery::same_bits(with.ys().back(), without.ys().back()));
  CHECK(with.stats().evaluations == without.stats().evaluations + with.stats().accepted * C::own_beside_errors);
}
