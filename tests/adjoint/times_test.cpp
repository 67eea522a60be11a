// dL/dt0 and dL/dt1 of the discrete solve, against differences in long double of the same solve with its times moved.
#include "times_laws.hpp"

using namespace antistrophe;
namespace times = battery::times;

namespace {

// At λ = 1/2 the exact pair's 3 · 2^−52 a step over 60 steps is 4e−14: far below the tolerance.
using Methods =
    std::tuple<Euler, RK4, Bosh3, Dopri5, Reversible<Euler>, Reversible<RK4>, Reversible<Bosh3>, Reversible<Dopri5>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: equal steps, which move with both", "[times]", Methods) {
  times::times_of_equal_steps<TestType>();
}

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: steps of h, of which the last is cut to fit", "[times]",
                        Methods) {
  times::times_of_steps_of_h<TestType>();
}

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: given nodes, which stay", "[times]", Methods) {
  times::times_of_given_nodes<TestType>();
}

TEMPLATE_LIST_TEST_CASE("Gradients with respect to the times: a save at a given time stays while its node moves",
                        "[times]", Methods) {
  times::times_of_given_saves<TestType>();
}

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
