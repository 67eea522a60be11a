// Gradients of the other reversible methods: against complex steps of the same real-valued map, which share no code with
// them; both adjoints against each other.
#include "catch.hpp"
#include "reversible_methods.hpp"

#include <limits>
#include <vector>

using namespace antistrophe;

namespace {

constexpr std::int64_t n = 40;

const Problem pendulum{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 0.5, 2.5};

const SaveAt steps{.t0 = true, .steps = true};
// Inside steps too, several in one, in the first and in the last.
const SaveAt inside{.times = {0.51, 0.52, 0.55, 1.0, 1.23, 1.24, 1.24, 2.49}, .t1 = true};

// Round-off: 40 steps of some 24 stages of 20 operations, 1.1e−16 each, on a flow that amplifies less than e^{2·3}: 8.5e−10 if
// all conspired, the root's share if not, 6e−12. An exact path is off by some 3 · 2^−52 a step besides.
constexpr double round_off = 1e-11;

using Exacts = battery::Joined<battery::FewExactTwoPoints, std::tuple<TwoPoint<Dopri5>>, battery::OneEvaluationMethods>;

}  // namespace

TEST_CASE("A damped asynchronous leapfrog on integers", "[gradient]") {
  for (const double damping : {0.75, 0.875, 0.25}) {
    CAPTURE(damping);
    const AsynchronousLeapfrog<> method{.damping = damping, .resolution = 0x1p-52, .slope_resolution = 0x1p-52};
    const auto got = value_and_gradient(pendulum, method, FixedSteps{n}, battery::WeightedSum{}, inside).gradient;
    const auto expected = battery::complex_step_gradient<problems::DrivenPendulum>(
        pendulum, AsynchronousLeapfrog<Floating>{.damping = damping}, n, inside);
    CHECK(battery::relative_difference(expected.y0, got.y0) < round_off);
    CHECK(battery::relative_difference(expected.theta, got.theta) < round_off);
  }
}

namespace {

struct Nothing {
  static constexpr bool autonomous = true;
  void operator()(double, const auto&, auto&) const {}
  void vjp(double, const auto&, const auto&, auto&, auto&) const {}
};

}  // namespace

// Of four numbers without parameters: laws/gradients.cpp.
TEMPLATE_LIST_TEST_CASE("The gradient of an empty state is empty", "[gradient]", Exacts) {
  CAPTURE(battery::Facts<TestType>::name);
  const Problem nothing{Nothing{}, Eigen::VectorXd(), 0.0, 1.0};
  const auto empty =
      value_and_gradient(nothing, TestType{}, FixedSteps{5}, battery::WeightedSum{}, SaveAt{.times = {0.05, 0.3}})
          .gradient;
  CHECK(empty.y0.size() == 0);
  CHECK(empty.t1 == 0);
}

// --- Fields frozen to a step ---------------------------------------------------------------------------------------------

namespace {

// y' = f(y) + g ΔW/h over each step, W(t) = sin 5t; it can only be called frozen.
template <class Scalar>
struct Kicked : problems::DrivenPendulum<Scalar> {
  Scalar kick = 0;
  void operator()(double t, const auto& y, auto& dy) const {
    problems::DrivenPendulum<Scalar>::operator()(t, y, dy);
    dy.array() += this->theta[0] * kick;
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    Scalar t_bar{0};
    problems::DrivenPendulum<Scalar>::vjp(t, y, w, y_bar, theta_bar, t_bar);
    theta_bar[0] += w.sum() * kick;
  }
};

template <class Scalar = double>
struct Shaken {
  Eigen::Vector<Scalar, 3> theta{Scalar(0.25), Scalar(1.2), Scalar(0.7)};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  auto frozen(double t0, double t1) const {
    return Kicked<Scalar>{{theta}, t0 == t1 ? Scalar(0) : Scalar((std::sin(5 * t1) - std::sin(5 * t0)) / (t1 - t0))};
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("A field frozen to a step", "[gradient]", Exacts) {
  CAPTURE(battery::Facts<TestType>::name);
  const Problem problem{Shaken<>{}, Eigen::Vector2d{1.0, 0.75}, 0.25, 1.75};
  const auto expected =
      battery::complex_step_gradient<Shaken>(problem, battery::Facts<TestType>::real_valued(), 12, steps);
  REQUIRE(battery::all_nonzero(expected.theta));
  const auto check = [&](const auto& adjoint) {
    const auto got = value_and_gradient(problem, battery::Facts<TestType>::method(), FixedSteps{12},
                                        battery::WeightedSum{}, steps, adjoint)
                         .gradient;
    CHECK(battery::relative_difference(expected.y0, got.y0) < round_off);
    CHECK(battery::relative_difference(expected.theta, got.theta) < round_off);
  };
  check(DirectAdjoint{});
  check(ReversibleAdjoint{});
}
