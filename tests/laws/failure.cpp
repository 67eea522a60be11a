// What cannot go on is told by every method: the status, the step, the time, the component, and the solution so far.
#include "laws/law.hpp"

#include "support/battery.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace antistrophe::laws {
namespace {

using Catch::Matchers::ContainsSubstring;
using Solution2 = Solution<Vector2d>;

// Two components that do not know of each other; from `onset` on the second's derivative is `value`.
struct Breaking {
  double onset = 1e300;
  double value = std::numeric_limits<double>::quiet_NaN();
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    dy << -y[0], (t >= onset ? value : 0.5);
  }
  void vjp(double, const Eigen::Vector2d&, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto&) const {
    y_bar[0] -= w[0];
  }
};

constexpr std::int64_t n = 16;
constexpr double h = 1.0 / n;

// The step in which a field that breaks a little (h/64) after the start of step k is first called there: step k, where the
// method has a stage inside it or at its end; step k + 1 where all stages are at the start (Euler).
std::int64_t first_broken_step(const AnyMethod& m, std::int64_t k) {
  return m->increments == 2 || m->stages > 1 ? k : k + 1;  // a pair's second increment starts at the step's end
}

void check_breaking(const AnyMethod& m, double value) {
  CAPTURE(value);
  const AnyMethod method = m.by_default();
  const SaveAt all{.t0 = true, .steps = true};
  const auto whole = method.solve(erased_problem<Vector2d>(Breaking{}, Vector2d(1, 2), 0.0, 1.0), FixedSteps{n}, all);
  for (const std::int64_t k : {0, 1, 7, 14}) {
    CAPTURE(k);
    const std::int64_t broken = first_broken_step(m, k);
    const auto problem =
        erased_problem<Vector2d>(Breaking{(static_cast<double>(k) + 1.0 / 64) * h, value}, Vector2d(1, 2), 0.0, 1.0);
    const auto check = [&](const Failure& failure, const Solution2& partial) {
      CHECK(failure.status == Status::not_finite);
      CHECK(failure.step == broken);
      CHECK(failure.t == static_cast<double>(broken) * h);
      CHECK(failure.component == 1);
      REQUIRE(partial.ys().size() == static_cast<std::size_t>(broken) + 1);
      REQUIRE(partial.ts().size() == partial.ys().size());
      for (std::size_t i = 0; i < partial.ys().size(); ++i) {
        CHECK(partial.ts()[i] == static_cast<double>(i) * h);
        CHECK(partial.ys()[i] == whole.ys()[i]);
      }
      CHECK(partial.stats().accepted == broken);
      CHECK(partial.stats().rejected == 1);
    };

    const auto returned = method.solve(problem, FixedSteps{n}, all, OnFailure::return_status);
    CHECK_FALSE(returned.success());
    CHECK(returned.status() == Status::not_finite);
    check(returned.failure(), returned);

    const auto check_thrown = [&](auto&& call) {
      try {
        call();
        FAIL("nothing was thrown");
      } catch (const SolveError& error) {
        check({error.status(), error.t(), error.step(), error.component(), error.cause()}, error.solution<Solution2>());
        CHECK_THAT(error.what(), ContainsSubstring("not finite") && ContainsSubstring("component 1") &&
                                     ContainsSubstring("step " + std::to_string(broken)));
      }
    };
    check_thrown([&] { (void)method.solve(problem, FixedSteps{n}, all); });
    check_thrown([&] { (void)method.value_and_gradient(problem, FixedSteps{n}, battery::WeightedSum{}, all); });
  }
}

LAW("A field that turns NaN in mid-solve is told where it did", "[failure]",
    and_ito(joined({few_plain(), few_exact_pairs(), few_floating_pairs()}))) {
  check_breaking(m, std::numeric_limits<double>::quiet_NaN());
  check_breaking(m, std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace antistrophe::laws
