// Adams methods start anew after jumps and events, their gradients go through both; and their dense solution.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;

namespace {

struct Sum {
  template <class Y>
  RealOf<Y> operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    ys_bar.back().setOnes();
    return ys.back().sum();
  }
};

// y' = 1 before t = 1 and −y from there on.
struct Switch {
  void operator()(double t, const auto& y, auto& dy) const {
    dy = -y;
    if (t < 1) dy.setOnes();
  }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto&) const {
    if (!(t < 1)) y_bar -= w;
  }
};

}  // namespace

TEST_CASE("A declared jump time: the interpolant never reaches across", "[adaptive]") {
  using One = Eigen::Vector<double, 1>;
  const Problem problem{Switch{}, One(0.5), 0.0, 3.0};
  const auto check = [&](const auto& method) {
    const auto result =
        value_and_gradient(problem, method, Adaptive{.rtol = 1e-9, .atol = 1e-9, .jumps = {1.0}}, Sum{});
    CHECK(std::fabs(result.value - 1.5 * std::exp(-2.0)) < 1e-8);
    CHECK(std::fabs(result.gradient.y0[0] - std::exp(-2.0)) < 1e-8);
  };
  check(ReversibleAdams<4>{});
  check(ReversibleAdams<8>{});
  check(ReversibleAdamsPece<3>{});
}

namespace {

using problems::Ball, problems::Bounce, problems::Ground;

}  // namespace

TEMPLATE_TEST_CASE("Ten bounces: each starts anew, and the gradient goes through all of them", "[events]",
                   ReversibleAdams<4>, ReversibleAdamsPece<3>) {
  // Against Dop853 with the direct adjoint, which event_gradient_test holds against the closed form to 1e-8.
  const Problem problem{Ball{}, Eigen::Vector2d(10, 0), 0.0, 10.0};
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  const auto final_height = [](const auto& ys, auto& ys_bar) {
    ys_bar.back()[0] = 1;
    return ys.back()[0];
  };
  const Adaptive tight{.rtol = 1e-10, .atol = 1e-10};
  const auto gradient = [&](const auto& method, const auto& steps, const auto& adjoint) {
    return value_and_gradient(problem, method, steps, final_height, {}, adjoint, bounces);
  };
  const auto expected = gradient(Dop853{}, Adaptive{.rtol = 1e-12, .atol = 1e-12}, DirectAdjoint{});
  const auto check = [&](const auto& found) {
    CHECK(std::fabs(found.value - expected.value) < 1e-7);
    CHECK(battery::gradient_difference(expected.gradient, found.gradient) < 1e-6);
  };
  CAPTURE(battery::Facts<TestType>::name);
  CHECK(solve(problem, TestType{}, tight, {}, bounces).events().size() >= 10);
  check(gradient(TestType{}, tight, ReversibleAdjoint{}));
  check(gradient(TestType{}, tight, DirectAdjoint{}));
  check(gradient(TestType{}, FixedSteps{3000}, ReversibleAdjoint{}));
}

TEST_CASE("The dense solution is that of the steps", "[dense]") {
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
  const auto solution =
      solve(problem, ReversibleAdams<6>{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, SaveAt{.dense = true});
  const auto reference = solve(problem, Dop853{}, Adaptive{.rtol = 1e-12, .atol = 1e-12}, SaveAt{.dense = true});
  for (double t = 0.0; t <= 10; t += 0.037) CHECK((solution.evaluate(t) - reference.evaluate(t)).norm() < 1e-6);
}
