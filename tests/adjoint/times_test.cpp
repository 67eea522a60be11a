// Where t0 == t1 the times have gradients too (laws/times.cpp for all others).
#include "battery.hpp"
#include "catch.hpp"

using namespace antistrophe;

TEST_CASE("t0 == t1: the state moves by f with t1 and by −f with t0", "[times]") {
  const Problem problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 1.5, 1.5};
  const auto check_instant = [&](const auto& method, const auto& adjoint) {
    auto pass = solve_with_pullback(problem, method, FixedSteps{10}, {}, adjoint);
    REQUIRE(pass.ys().size() == 1);
    CHECK(pass.ys()[0] == problem.y0);
    const Eigen::Vector2d w(2, 3);
    Eigen::Vector2d f;
    problem.field(1.5, problem.y0, f);
    const auto gradient = pass.pullback({w});
    CHECK(gradient.y0 == w);
    CHECK((gradient.theta.array() == 0).all());
    CHECK(gradient.t1 == Approx(w.dot(f)).epsilon(1e-15));
    CHECK(gradient.t0 == -gradient.t1);
    CHECK(gradient.t1 != 0);
  };
  check_instant(RK4{}, DirectAdjoint{});
  check_instant(Reversible<RK4>{}, ReversibleAdjoint{});
  check_instant(Reversible<RK4>{}, DirectAdjoint{});

  // The state at t0 is y0, wherever the times go.
  auto pass = solve_with_pullback(problem, RK4{}, FixedSteps{10}, SaveAt{.t0 = true});
  const auto gradient = pass.pullback({Eigen::Vector2d(2, 3)});
  CHECK((gradient.y0 == Eigen::Vector2d(2, 3) && gradient.t0 == 0 && gradient.t1 == 0));
}
