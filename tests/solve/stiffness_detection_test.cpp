// A stiff problem ends in bounded time by every method that chooses its steps, with a message that says stiff and the solution
// so far: Van der Pol's equation at μ = 1e6, where some methods shorten their steps for ever.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

struct VanDerPol {
  double mu = 1e6;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = mu * (1 - y[0] * y[0]) * y[1] - y[0];
  }
};

using Methods = std::tuple<Dopri5, Reversible<Dopri5>, TwoPoint<Dopri5>, TwoPoint<Heun>, ReversibleHeun<>,
                           AsynchronousLeapfrog<>, ReversibleAdams<2>, ReversibleAdams<4>, ReversibleAdams<8>,
                           ReversibleAdamsPece<4>, NearlyReversible<EES25>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("Stiff, said in bounded time", "[adaptive]", Methods) {
  const Problem problem{VanDerPol{}, Vector2d(2, 0), 0.0, 2000.0};
  const auto solution = solve(problem, TestType{}, Adaptive{}, SaveAt{.steps = true}, OnFailure::return_status);
  CHECK(solution.status() == Status::max_steps);
  CHECK_THAT(solution.failure().cause, ContainsSubstring("stiff"));
  CHECK(solution.stats().steps < 20'000);
  CHECK(solution.ys().size() == static_cast<std::size_t>(solution.stats().accepted));
  CHECK(solution.ts().back() > 0);
}

TEST_CASE("A solve of many steps goes on if it is told how many", "[adaptive]") {
  // An oscillation of 10^11 steps, of which 5000 are allowed: not given up before.
  struct Turning {
    void operator()(double, const Vector2d& y, Vector2d& dy) const { dy << y[1], -y[0]; }
  };
  const Problem problem{Turning{}, Vector2d(1, 0), 0.0, 1e11};
  const auto told = solve(problem, Dopri5{}, Adaptive{.max_steps = 5000}, {}, OnFailure::return_status);
  CHECK(told.stats().steps == 5000);
  CHECK_THAT(told.failure().cause, ContainsSubstring("all 5000 steps"));
  const auto untold = solve(problem, Dopri5{}, Adaptive{}, {}, OnFailure::return_status);
  CHECK(untold.stats().steps < 1200);
  CHECK_THAT(untold.failure().cause, ContainsSubstring("give Adaptive::max_steps"));
}
