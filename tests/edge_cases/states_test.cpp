// States of size 0 and fields that know of no parameters, as users write them; laws/states.cpp asks the same of many methods.
#include <antistrophe/antistrophe.hpp>

#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"

using namespace antistrophe;

TEST_CASE("8. A field that knows of no parameters has none in its gradient", "[edge_cases]") {
  using M = Reversible<Midpoint>;
  const Problem problem{problems::HenonHeiles<>{}, Eigen::Vector4d{0.1, 0.2, 0.3, -0.1}, 0.0, 1.0};
  const auto expected =
      battery::complex_step_gradient<problems::HenonHeiles>(problem, battery::Facts<M>::real_valued(), 8, {});
  const auto gradient =
      value_and_gradient(problem, battery::Facts<M>::method(), FixedSteps{8}, battery::WeightedSum{}).gradient;
  CHECK(gradient.theta.size() == 0);
  CHECK(battery::all_nonzero(expected.y0));
  // Round-off of 8 steps, and a resolution of 2^−52 a few times a step.
  CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-13);
}

namespace {

struct Nothing {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

}  // namespace

TEST_CASE("9. Empty vectors and matrices have an empty solution and an empty gradient", "[edge_cases]") {
  const auto check = [](const auto& y0) {
    const Problem problem{Nothing{}, y0, 0.0, 1.0};
    const auto solution = solve(problem, Reversible<Midpoint>{}, FixedSteps{5}, SaveAt{.t0 = true, .steps = true});
    CHECK(solution.ts().size() == 6);
    for (const auto& y : solution.ys()) CHECK((y.rows() == y0.rows() && y.cols() == y0.cols()));
    const auto gradient =
        value_and_gradient(problem, Reversible<Midpoint>{}, FixedSteps{5}, battery::WeightedSum{}).gradient;
    CHECK(gradient.y0.size() == 0);
    CHECK(gradient.t1 == 0);
    CHECK(gradient.stats.drift == 0);
  };
  check(Eigen::VectorXd(0));
  check(Eigen::MatrixXd(3, 0));
}

// The grain of 2^−42 that the library chooses may be coarser than all of y0, without a word; so it may when the steps are taken again.
TEST_CASE("Steps of a solve from a state below its grain are taken again, bit for bit", "[edge_cases]") {
  const problems::Linear<2> growing((Eigen::Matrix2d() << 1, 1, 0, 2).finished());
  const Problem problem{growing, Eigen::Vector2d(1e-15, -1e-16), 0.0, 1.0};
  const auto solution = solve(problem, Reversible<Midpoint>{}, FixedSteps{5}, SaveAt{.steps = true});
  const auto again = solve(problem, Reversible<Midpoint>{}, StepTo{solution.steps()}, SaveAt{.steps = true});
  CHECK(again.ts() == solution.ts());
  CHECK(again.ys() == solution.ys());
}
