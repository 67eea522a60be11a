// RunningCost: ∫ q dt along the dense output, as accurate as the state, with an exact gradient by every adjoint.
#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"
#include "reversible_methods.hpp"
#include "split_problems.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>
#include <antistrophe/field/automatic_event.hpp>
#include <antistrophe/running_cost.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace antistrophe;
using namespace antistrophe::problems;
using Eigen::Vector2d;

namespace {

// q(t, y, θ) of every argument.
const RunningCost cost{[](auto t, const auto& y, const auto& theta) {
  using std::sin;
  return sin(t) * y[0] + theta[1] * y[1] * y[1];
}};

const Problem pendulum{DrivenPendulum<>{}, Vector2d(0.8, 0.1), 0.5, 3.5};
const Problem backwards{DrivenPendulum<>{}, Vector2d(0.8, 0.1), 2.5, -0.5};

struct FirstOfAll {
  double operator()(const auto& ys, auto& ys_bar) const {
    double sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      sum += ys[i][0];
      ys_bar[i][0] = 1;
    }
    return sum;
  }
};

template <class M, class StepsType>
double cost_of(const M& method, const StepsType& steps) {
  return solve(pendulum, method, steps, cost).running_cost();
}
double right_cost() {
  static const double value = cost_of(Dop853{}, FixedSteps{400});
  return value;
}

bool same_bits(const auto& a, const auto& b) {
  return (a.gradient.y0.array() == b.gradient.y0.array()).all() &&
         (a.gradient.theta.array() == b.gradient.theta.array()).all() && a.gradient.t0 == b.gradient.t0 &&
         a.gradient.t1 == b.gradient.t1 && a.value == b.value;
}

// y' = −y, with a jvp.
struct Decay {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
};

// Its integral over a state that hardly moves.
const RunningCost fast{[](auto t, const auto& y) {
  using std::sin;
  return y[0] * sin(40 * t) * sin(40 * t);
}};

using FloatingPair = Reversible<Tsit5, Floating>;
using FloatingAdams = ReversibleAdams<4, Floating>;

}  // namespace

TEST_CASE("The rules are exact to their degrees", "[running_cost]") {
  const auto miss = [](const detail::Quadrature& rule, int degree) {
    std::array<double, detail::Quadrature::most> values{};
    for (std::size_t j = 0; j < rule.count; ++j) values[j] = std::pow(rule.nodes[j], degree);
    return std::fabs(rule.integral(values) - 1.0 / (degree + 1));
  };
  for (int n = 1; n <= 7; ++n) {
    CAPTURE(n);
    for (int degree = 0; degree < 2 * n; ++degree) CHECK(miss(detail::Quadrature::gauss(n), degree) < 1e-15);
    CHECK(miss(detail::Quadrature::gauss(n), 2 * n) > 1e-10);
  }
  for (int degree = 0; degree <= 11; ++degree) CHECK(miss(detail::Quadrature::kronrod(), degree) < 1e-15);
  CHECK(miss(detail::Quadrature::kronrod(), 12) > 1e-10);
}

TEMPLATE_TEST_CASE("A running cost is of the method's order, and its gradient exact", "[running_cost]", Midpoint, RK4,
                   Dopri5, Dop853, Reversible<Dopri5>, FloatingPair, TwoPoint<Bosh3>, ReversibleHeun<>,
                   AsynchronousLeapfrog<>, ReversibleAdams<4>, ReversibleAdamsPece<3>, FloatingAdams) {
  const TestType method{};
  const int order = battery::Facts<TestType>::order;
  const double coarse = std::fabs(cost_of(method, FixedSteps{32}) - right_cost()),
               fine = std::fabs(cost_of(method, FixedSteps{64}) - right_cost());
  CAPTURE(coarse, fine);
  CHECK((fine < 1e-11 || coarse / fine > 0.75 * std::pow(2.0, order)));

  for (const auto& problem : {pendulum, backwards}) {
    const SaveAt inside{.times = {problem.t0 + (problem.t1 - problem.t0) / 3, problem.t1}};
    const auto compare = [&](const auto& adjoint) {
      for (const SaveAt& save_at : {SaveAt{}, inside}) {
        const auto report = check_gradient(problem, method, FixedSteps{50}, FirstOfAll{}, cost, save_at, adjoint);
        CAPTURE(report.message);
        CHECK(report.ok);
      }
    };
    using Default = DefaultAdjoint<TestType, DrivenPendulum<>, Vector2d>;
    compare(Default{});
    if constexpr (!std::is_same_v<Default, DirectAdjoint>) compare(DirectAdjoint{});
  }
  const auto by = [&](const auto& adjoint) {
    return value_and_gradient(pendulum, method, FixedSteps{50}, FirstOfAll{}, cost, adjoint);
  };
  const auto direct = by(DirectAdjoint{});
  CHECK(same_bits(direct, by(CheckpointedAdjoint{.slots = 3})));
  const auto compressed = by(CompressedAdjoint{});
  CHECK((compressed.gradient.theta - direct.gradient.theta).norm() < 1e-9);
  CHECK(std::fabs(compressed.gradient.t1 - direct.gradient.t1) < 1e-9);
  if constexpr (battery::Facts<TestType>::exact) {
    CHECK(same_bits(direct, compressed));
    CHECK(same_bits(direct, by(ReversibleAdjoint{})));
  }
}

TEST_CASE("A running cost along a splitting", "[running_cost]") {
  const SplitPendulums<> field{CoupledPendulums<>{}};
  const Problem problem{field, Eigen::Vector4d(0.5, -0.2, 0.1, 0.3), 0.0, 2.0};
  const RunningCost energy{[](auto, const auto& y) { return y.squaredNorm() * y[0]; }};
  const auto report = check_gradient(problem, Verlet<>{}, FixedSteps{40}, NoLoss{}, energy, DirectAdjoint{});
  CAPTURE(report.message);
  CHECK(report.ok);
  CHECK(check_gradient(problem, Verlet<>{}, FixedSteps{40}, NoLoss{}, energy).ok);
}

TEMPLATE_TEST_CASE("Steps that choose themselves are short enough for a cost that the state does not show",
                   "[running_cost]", Bosh3, Dopri5, Dop853, Reversible<Dopri5>, ReversibleAdams<4>) {
  const Problem problem{Linear<2>{}, Vector2d(1, 0.5), 0.0, 3.0};
  const double right = solve(problem, Dop853{}, FixedSteps{2000}, fast).running_cost();
  for (const double tolerance : {1e-3, 1e-6, 1e-9}) {
    CAPTURE(tolerance);
    const Adaptive steps{.rtol = tolerance, .atol = tolerance};
    CHECK(std::fabs(solve(problem, TestType{}, steps, fast).running_cost() - right) < 50 * tolerance);
    const auto report = check_gradient(problem, TestType{}, steps, NoLoss{}, fast);
    CAPTURE(report.message);
    CHECK(report.ok);
  }
}

TEST_CASE("A running cost through events and jumps", "[running_cost]") {
  // Both terms of the cost jump with the state; the last segment ends where y0 falls to 0.2.
  const auto falls_to = [](double level) {
    return automatic_event([level](auto, const auto& y) { return y[0] - level; });
  };
  const auto kick = automatic_jump([](auto, const auto& y, const auto& theta, auto& y_new) {
    y_new[0] = y[0];
    y_new[1] = y[1] + theta[0];
  });
  const Events events{JumpEvent{falls_to(0.5), kick, Crossing::falling}, Event{falls_to(-0.5), Crossing::falling}};
  const auto compare = [&](const auto& method, const auto& steps, double tolerance, const auto&... adjoint) {
    const auto report = check_gradient(pendulum, method, steps, FirstOfAll{}, cost, events,
                                       GradientCheckOptions{.tolerance = tolerance}, adjoint...);
    CAPTURE(report.message);
    CHECK(report.ok);
  };
  CHECK(solve(pendulum, Dopri5{}, FixedSteps{60}, events).events().size() >= 1);
  compare(Dopri5{}, FixedSteps{60}, 1e-7);
  compare(Dopri5{}, FixedSteps{60}, 1e-7, CheckpointedAdjoint{.slots = 2});
  compare(Reversible<Dopri5>{}, FixedSteps{60}, 1e-6);
  compare(ReversibleAdams<4>{}, FixedSteps{90}, 1e-6);
  compare(Dopri5{}, Adaptive{.rtol = 1e-8, .atol = 1e-8}, 1e-6);

  const Adaptive steps{.rtol = 1e-9, .atol = 1e-9};
  const auto by = [&](const auto& adjoint) {
    return value_and_gradient(pendulum, Dopri5{}, steps, FirstOfAll{}, cost, events, adjoint);
  };
  const auto direct = by(DirectAdjoint{});
  const auto near = [&](const auto& other) {
    CHECK(other.value == direct.value);
    CHECK((other.gradient.y0 - direct.gradient.y0).norm() < 1e-6);
    CHECK((other.gradient.theta - direct.gradient.theta).norm() < 1e-6);
    CHECK(std::fabs(other.gradient.t0 - direct.gradient.t0) < 1e-6);
    CHECK(std::fabs(other.gradient.t1 - direct.gradient.t1) < 1e-6);
  };
  near(by(BacksolveAdjoint{}));
  near(by(InterpolatingAdjoint{}));
  near(by(GaussLegendreAdjoint{}));
}

namespace {

// Its vjp does not say how f depends on t, so that no gradients of times are offered; but an event's time moves all the same.
struct UntimedDecay {
  void operator()(double, const auto& y, auto& dy) const {
    dy = -0.5 * y;
    dy[0] += 1;
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= 0.5 * w; }
};
struct ReachesLevel {
  double operator()(double, const auto& y) const { return y[0] - 1.2; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

}  // namespace

TEST_CASE("A running cost ends with an event, whatever is known of the field's times", "[running_cost]") {
  const Problem problem{UntimedDecay{}, Eigen::Vector2d(0.5, 1), 0.0, 3.0};
  const RunningCost product{[](auto, const auto& y) { return y[0] * y[1] + y[1]; }};
  const auto report =
      check_gradient(problem, Midpoint{}, FixedSteps{20}, NoLoss{}, Events{Event{ReachesLevel{}}}, product);
  CAPTURE(report.message);
  CHECK(report.ok);
}

TEST_CASE("Continuous adjoints of a running cost alone", "[running_cost]") {
  const Adaptive steps{.rtol = 1e-10, .atol = 1e-10};
  const auto by = [&](const auto& adjoint) {
    return value_and_gradient(pendulum, Dopri5{}, steps, NoLoss{}, cost, adjoint).gradient;
  };
  const auto right = by(DirectAdjoint{});
  for (const auto& gradient : {by(BacksolveAdjoint{}), by(InterpolatingAdjoint{}), by(GaussLegendreAdjoint{})}) {
    CHECK((gradient.y0 - right.y0).norm() < 1e-7);
    CHECK((gradient.theta - right.theta).norm() < 1e-7);
    CHECK(std::fabs(gradient.t0 - right.t0) < 1e-7);
    CHECK(std::fabs(gradient.t1 - right.t1) < 1e-7);
  }
}

namespace {

struct WithGradient {
  double operator()(double t, const auto& y, const auto& theta) const {
    return std::sin(t) * y[0] + theta[1] * y[1] * y[1];
  }
  void gradient(double t, const auto& y, const auto& theta, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    y_bar[0] += std::sin(t);
    y_bar[1] += 2 * theta[1] * y[1];
    theta_bar[1] += y[1] * y[1];
    t_bar += std::cos(t) * y[0];
  }
};

}  // namespace

TEST_CASE("A cost with a gradient of its own, an objective, a pass and nothing to integrate", "[running_cost]") {
  const auto automatic = value_and_gradient(pendulum, RK4{}, FixedSteps{30}, FirstOfAll{}, cost);
  const auto by_hand = value_and_gradient(pendulum, RK4{}, FixedSteps{30}, FirstOfAll{}, RunningCost{WithGradient{}});
  CHECK(by_hand.value == automatic.value);
  CHECK((by_hand.gradient.theta - automatic.gradient.theta).norm() < 1e-14);
  CHECK(by_hand.gradient.t1 == Approx(automatic.gradient.t1).epsilon(1e-13));

  Objective objective(pendulum, RK4{}, FixedSteps{30}, FirstOfAll{}, cost);
  CHECK(same_bits(objective(), automatic));
  CHECK(same_bits(objective(), automatic));
  CHECK(objective().running_cost == automatic.running_cost);

  auto pass = solve_with_pullback(pendulum, RK4{}, FixedSteps{30}, cost);
  CHECK(pass.running_cost() == automatic.running_cost);
  const Vector2d none = Vector2d::Zero();
  const auto once = pass.pullback({none}), twice = pass.pullback({none}, {}, {}, 2),
             never = pass.pullback({none}, {}, {}, 0);
  CHECK((twice.theta - 2 * once.theta).norm() < 1e-14);
  CHECK(never.theta.norm() == 0);

  const Problem instant{DrivenPendulum<>{}, Vector2d(0.8, 0.1), 0.5, 0.5};
  const auto nothing = value_and_gradient(instant, RK4{}, FixedSteps{1}, NoLoss{}, cost);
  CHECK(nothing.value == 0);
  CHECK(nothing.gradient.t1 == Approx(cost.q(0.5, instant.y0, instant.field.parameters())).epsilon(1e-15));
  CHECK(nothing.gradient.t0 == -nothing.gradient.t1);
}

TEST_CASE("Error bars hold the error of a running cost", "[running_cost]") {
  const auto result = value_and_gradient(pendulum, RK4{}, FixedSteps{20}, NoLoss{}, cost, ErrorBars{});
  const double error = std::fabs(result.value - right_cost());
  CHECK(result.error.value > 0.5 * error);
  CHECK(result.error.value < 2 * error);
}

TEST_CASE("A running cost that is not finite ends the solve and says so", "[running_cost]") {
  const RunningCost undefined{[](auto, const auto& y) {
    using std::log;
    return log(y[0] - 2);
  }};
  // NaN from t = 1.5 on.
  const RunningCost ends{[](auto t, const auto&) {
    using std::sqrt;
    return sqrt(1.5 - t);
  }};
  const auto failure_of = [&](const auto& steps, const auto& metered) {
    return solve(pendulum, Dopri5{}, steps, metered, OnFailure::return_status).failure();
  };
  for (const Failure& failure : {failure_of(FixedSteps{50}, undefined), failure_of(Adaptive{}, undefined),
                                 failure_of(FixedSteps{50}, ends), failure_of(Adaptive{}, ends)}) {
    CAPTURE(failure);
    CHECK(failure.status == Status::not_finite);
    CHECK(failure.cause.find("the q of the RunningCost is not finite at t = ") == 0);
  }
  CHECK(failure_of(Adaptive{}, undefined).cause == "the q of the RunningCost is not finite at t = 0.5");
  CHECK(failure_of(Adaptive{}, ends).cause.find("the q of the RunningCost is not finite at t = 1.5") == 0);
  CHECK(std::fabs(failure_of(FixedSteps{50}, ends).t - 1.5) <= 0.06);

  // With tangents taken along, too.
  const TerminalLoss first{[](const auto& y, auto& y_bar) {
    y_bar[0] = 1;
    return y[0];
  }};
  const Problem decay{Decay{}, Vector2d(0.8, 0.1), 0.5, 3.5};
  const auto tangents =
      value_and_gradient(decay, Dopri5{}, Adaptive{}, first, ends, ForwardMode{}, OnFailure::return_status);
  CHECK(tangents.failure.status == Status::not_finite);
  CHECK(tangents.failure.cause.find("the q of the RunningCost is not finite at t = 1.5") == 0);
}
