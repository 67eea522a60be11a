// ForwardMode: the gradient of stored states to round-off, by every plain method and every floating pair, and the steps of another
// adjoint bit for bit; tangents against differences of solves in a longer precision.
#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"
#include "pushed_pendulum.hpp"

#include <antistrophe/adjoint/forward_mode.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d, Eigen::Vector3d, Eigen::VectorXd;

namespace {

using problems::DrivenPendulum, problems::DrivenPendulumEquations, problems::LotkaVolterra,
    problems::LotkaVolterraEquations, problems::PushedPendulum;

// The same, generic in its scalar.
template <class Scalar = double>
auto generic_pendulum() {
  return automatic_vjp(DrivenPendulumEquations{}, DrivenPendulum<Scalar>{}.theta);
}

// Of states and times: what moves with nodes shows.
struct LossOfBoth {
  template <class Y>
  auto operator()(const std::vector<double>& ts, const std::vector<Y>& ys, std::vector<double>& ts_bar,
                  std::vector<Y>& ys_bar) const {
    typename Y::Scalar sum{0};
    for (std::size_t i = 0; i < ys.size(); ++i) {
      for (Eigen::Index c = 0; c < ys[i].size(); ++c) {
        const auto w = static_cast<typename Y::Scalar>(battery::WeightedSum::weight(i, c));
        sum += w * ys[i][c] * ys[i][c];
        ys_bar[i][c] = 2 * w * ys[i][c];
      }
      sum += static_cast<typename Y::Scalar>(0.1 * ts[i] * ts[i]);
      ts_bar[i] = 0.2 * ts[i];
    }
    return sum;
  }
};

SaveAt saves(double t0, double t1) {
  const auto at = [&](double share) { return t0 + share * (t1 - t0); };
  return {.times = {at(0.013), at(0.25), at(0.25), at(0.5), at(0.615), at(0.98)}, .t0 = true, .t1 = true, .every = 7};
}

// The largest difference of a gradient by tangents and one by stored states; infinite where value or steps differ at all, or an
// entry of what is compared is 0.
template <class F, class Y, class M, class StepsType>
double difference(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at) {
  const auto expected = value_and_gradient(problem, method, steps, LossOfBoth{}, save_at, DirectAdjoint{});
  const auto got = value_and_gradient(problem, method, steps, LossOfBoth{}, save_at, ForwardMode{});
  const auto &a = expected.gradient, &b = got.gradient;
  if (got.value != expected.value || got.stats.accepted != expected.stats.accepted ||
      got.stats.rejected != expected.stats.rejected || got.stats.guarded != expected.stats.guarded ||
      !battery::all_nonzero(a.y0) || !battery::all_nonzero(a.theta))
    return std::numeric_limits<double>::infinity();
  double worst = battery::gradient_difference(a, b);
  if constexpr (TimeDifferentiable<F, Y>) {
    if (a.t0 == 0 || a.t1 == 0) return std::numeric_limits<double>::infinity();
  }
  return worst;
}

// Round-off: 40 steps (of Euler, adaptively, some thousands) of at most 16 stages of some 20 operations, each with 2^−53 of
// its result, amplified by the flow over 2 or 3 units of time, e^{2·1.4}; and of what cancels in a sum of 20 terms.
constexpr double round_off = 1e-11;

using Methods = battery::Joined<battery::PlainMethods, battery::FewFloatingMethods>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("Tangents give the gradient of stored states, in all kinds of steps", "[forward_mode]",
                        Methods) {
  using Facts = battery::Facts<TestType>;
  const auto method = Facts::method();
  for (const double t1 : {2.5, -1.5}) {
    CAPTURE(t1);
    const double t0 = 0.5, h = (t1 - t0) / 33.4;
    const SaveAt save_at = saves(t0, t1);
    const Problem problem{generic_pendulum(), Vector2d(0.4, -0.6), t0, t1};
    CHECK(difference(problem, method, FixedSteps{40}, save_at) < round_off);
    CHECK(difference(problem, method, FixedStep{h}, save_at) < round_off);
    CHECK(difference(problem, method, StepTo{{t0, t0 + 5 * h, t0 + 20 * h, t1}, 8}, save_at) < round_off);
    if constexpr (TestType::template Stepper<decltype(generic_pendulum()), Vector2d>::error_estimates > 0)
      CHECK(difference(problem, method, Adaptive{.rtol = 1e-5, .atol = 1e-5}, save_at) < round_off);
  }
}

TEST_CASE("Tangents by a jvp, by many numbers at once, of states and parameters of any size, are the same",
          "[forward_mode]") {
  for (const double t1 : {2.5, -1.5}) {
    CAPTURE(t1);
    const SaveAt save_at = saves(0.5, t1);
    const auto check = [&](const auto& field, const auto& y0, double tolerance) {
      const Problem problem{field, y0, 0.5, t1};
      CHECK(difference(problem, Dopri5{}, FixedSteps{40}, save_at) < tolerance);
      CHECK(difference(problem, Dopri5{}, Adaptive{.rtol = 1e-5, .atol = 1e-5}, save_at) < tolerance);
    };
    check(PushedPendulum<>{}, Vector2d(0.4, -0.6), round_off);
    check(PushedPendulum<>{}, VectorXd(Vector2d(0.4, -0.6)), round_off);
    check(automatic_vjp(DrivenPendulumEquations{}, VectorXd(DrivenPendulum<>{}.theta)), VectorXd(Vector2d(0.4, -0.6)),
          round_off);
    // In float, of 24 bits in the place of 53: 2^29 times as much.
    check(PushedPendulum<float>{}, Eigen::Vector2f(0.4F, -0.6F), 1e-4);
    check(generic_pendulum<float>(), Eigen::Vector2f(0.4F, -0.6F), 1e-4);
  }
}

namespace {

// Twelve masses in a row, without parameters, generic in its scalar: more tangents than are carried at once.
struct Row {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    for (Eigen::Index i = 0; i < 12; ++i) {
      dy[i] = y[12 + i];
      dy[12 + i] = -2 * y[i] - y[i] * y[i] * y[i];
      if (i > 0) dy[12 + i] += y[i - 1];
      if (i < 11) dy[12 + i] += y[i + 1];
    }
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    for (Eigen::Index i = 0; i < 12; ++i) {
      y_bar[12 + i] += w[i];
      y_bar[i] -= (2 + 3 * y[i] * y[i]) * w[12 + i];
      if (i > 0) y_bar[i - 1] += w[12 + i];
      if (i < 11) y_bar[i + 1] += w[12 + i];
    }
  }
};

}  // namespace

TEST_CASE("A field that is generic in its scalar needs no jvp where it has no parameters", "[forward_mode]") {
  const Eigen::Vector<double, 24> y0 = Eigen::Vector<double, 24>::LinSpaced(0.1, 1.3);
  const auto compare = [](const auto& problem) {
    const auto expected = value_and_gradient(problem, Dopri5{}, FixedSteps{40}, LossOfBoth{}, DirectAdjoint{});
    const auto got = value_and_gradient(problem, Dopri5{}, FixedSteps{40}, LossOfBoth{}, ForwardMode{});
    CHECK(got.value == expected.value);
    CHECK(battery::relative_difference(expected.gradient.y0, got.gradient.y0) < round_off);
    CHECK(std::fabs(got.gradient.t0 - expected.gradient.t0) < round_off * std::fabs(expected.gradient.t0));
    CHECK(std::fabs(got.gradient.t1 - expected.gradient.t1) < round_off * std::fabs(expected.gradient.t1));
  };
  compare(Problem{Row{}, y0, 0.0, 3.0});
  compare(Problem{Row{}, VectorXd(y0), 0.0, 3.0});
}

TEST_CASE("A solve of no length has the derivatives of f", "[forward_mode]") {
  const Problem problem{generic_pendulum(), Vector2d(0.4, -0.6), 0.5, 0.5};
  const auto check = [&](const auto& steps) {
    const auto expected = value_and_gradient(problem, Dopri5{}, steps, LossOfBoth{}, DirectAdjoint{});
    const auto got = value_and_gradient(problem, Dopri5{}, steps, LossOfBoth{}, ForwardMode{});
    CHECK(got.value == expected.value);
    CHECK(battery::same_bits(got.gradient.y0, expected.gradient.y0));
    CHECK(got.gradient.theta.isZero(0));
    CHECK(std::fabs(got.gradient.t0 - expected.gradient.t0) < 1e-15);
    CHECK(std::fabs(got.gradient.t1 - expected.gradient.t1) < 1e-15);
  };
  check(FixedSteps{5});
  check(Adaptive{});
}

TEST_CASE("Steps where f jumps see their own side, and their tangents with them", "[forward_mode]") {
  const auto switched = automatic_vjp(
      [](auto t, const auto& y, const auto& theta, auto& dy) {
        dy[0] = t < 1 ? theta[0] * y[0] : -theta[1] * y[0] * y[0] + t;
        dy[1] = theta[0] * y[0] * y[1] * (t < 1 ? 1.0 : -0.5);
      },
      Vector2d(0.8, 0.3));
  const Problem problem{switched, Vector2d(0.4, 0.7), 0.0, 2.0};
  CHECK(difference(problem, Dopri5{}, FixedSteps{.n = 20, .jumps = {1.0}}, SaveAt{}) < round_off);
  CHECK(difference(problem, Dopri5{}, Adaptive{.rtol = 1e-5, .jumps = {1.0}}, SaveAt{}) < round_off);

  // Jumps that the field names itself.
  struct Pushed : PushedPendulum<> {
    static std::vector<double> jumps() { return {1.0}; }
  };
  const Problem named{Pushed{}, Vector2d(0.4, 0.7), 0.0, 2.0};
  const Adaptive adaptive{.rtol = 1e-5};
  CHECK(difference(named, Dopri5{}, adaptive, SaveAt{.times = {1.0}, .t1 = true}) < round_off);
  const auto nodes = solve_with_tangents(named, Dopri5{}, adaptive).solution().steps();
  CHECK(std::find(nodes.begin(), nodes.end(), 1.0) != nodes.end());
}

TEST_CASE("Tangents in the norm are resolved too: the state hardly moves, what it depends on does", "[forward_mode]") {
  // y' = θ sin 20 t at θ = 0: y is 0, and ∂y/∂θ is (1 − cos 20 t)/20.
  const auto forced = automatic_vjp(
      [](auto t, const auto&, const auto& theta, auto& dy) {
        using std::sin;
        dy[0] = theta[0] * sin(20 * t);
      },
      Eigen::Vector<double, 1>(0.0));
  const Problem problem{forced, Eigen::Vector<double, 1>(0.0), 0.0, 3.0};
  const TerminalLoss last{[](const auto& y, auto& y_bar) {
    y_bar[0] = 1;
    return y[0];
  }};
  const double exact = (1 - std::cos(60.0)) / 20;
  const Adaptive unguarded{.rtol = 1e-8, .atol = 1e-8, .sensitivity_guard = false};
  const auto by_state = value_and_gradient(problem, Dopri5{}, unguarded, last, ForwardMode{});
  CHECK(std::fabs(by_state.gradient.theta[0] - exact) > 1e-3);
  const auto by_all = value_and_gradient(problem, Dopri5{}, unguarded, last, ForwardMode{.in_error_norm = true});
  CHECK(by_all.stats.accepted > 5 * by_state.stats.accepted);
  CHECK(std::fabs(by_all.gradient.theta[0] - exact) < 1e-7);  // some hundred steps, each to some 1e-9
}

TEST_CASE("A tolerance for each entry is that of its tangents in the norm", "[forward_mode]") {
  const Problem problem{generic_pendulum(), Vector2d(0.4, -0.6), 0.0, 3.0};
  const auto with = [&](const AbsoluteTolerance& atol) {
    return value_and_gradient(problem, Dopri5{}, Adaptive{.rtol = 0, .atol = atol}, LossOfBoth{},
                              ForwardMode{.in_error_norm = true});
  };
  const auto one = with(1e-6), each = with(Vector2d(1e-6, 1e-6)), finer = with(Vector2d(1e-6, 1e-9));
  CHECK(each.value == one.value);
  CHECK(each.stats.steps == one.stats.steps);
  CHECK(finer.stats.steps > one.stats.steps);
}

TEST_CASE("All that asks for a gradient takes tangents: Objective, pull-backs, functions saved, error bars",
          "[forward_mode]") {
  const Problem problem{PushedPendulum<>{}, Vector2d(0.4, -0.6), 0.5, 2.5};
  const SaveAt save_at = saves(0.5, 2.5);
  const Adaptive steps{.rtol = 1e-6};

  SECTION("Objective") {
    Objective forth{problem, Dopri5{}, steps, LossOfBoth{}, save_at, ForwardMode{}};
    Objective back{problem, Dopri5{}, steps, LossOfBoth{}, save_at, DirectAdjoint{}};
    for (const Vector3d& theta : {Vector3d(0.25, 1.2, 0.7), Vector3d(0.5, 0.9, 1.7)}) {
      const auto &got = forth(theta), &expected = back(theta);
      CHECK(got.value == expected.value);
      CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
    }
    const auto &got = forth.at(Vector2d(1, 1)), &expected = back.at(Vector2d(1, 1));
    CHECK(got.value == expected.value);
    CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
  }
  SECTION("Objective of a function generic in its scalar, whose parameters move") {
    const Problem generic{generic_pendulum(), Vector2d(0.4, -0.6), 0.5, 2.5};
    Objective forth{generic, Dopri5{}, steps, LossOfBoth{}, save_at, ForwardMode{}};
    Objective back{generic, Dopri5{}, steps, LossOfBoth{}, save_at, DirectAdjoint{}};
    for (const Vector3d& theta : {Vector3d(0.25, 1.2, 0.7), Vector3d(0.5, 0.9, 1.7)}) {
      const auto &got = forth(theta), &expected = back(theta);
      CHECK(got.value == expected.value);
      CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
    }
  }
  SECTION("solve_with_pullback, and an observer") {
    std::vector<double> seen;
    const auto pass = [&](const auto& adjoint) {
      return solve_with_pullback(problem, Dopri5{}, steps, save_at, adjoint,
                                 Observer{[&](double t, const Vector2d&) { seen.push_back(t); }});
    };
    auto forth = pass(ForwardMode{});
    CHECK(seen == forth.ts());
    auto back = pass(DirectAdjoint{});
    for (const double size : {1.0, -3.0}) {
      const std::vector<Vector2d> w(forth.ys().size(), Vector2d(size, 2));
      CHECK(battery::gradient_difference(back.pullback(w), forth.pullback(w)) < round_off);
    }
    CHECK_THROWS_AS(forth.pullback({}), std::invalid_argument);
  }
  SECTION("A function saved in the place of the state") {
    struct Energy {
      double operator()(double t, const Vector2d& y) const { return y[1] * y[1] / 2 - std::cos(y[0]) + t * y[0]; }
      void vjp(double t, const Vector2d& y, double w, Vector2d& y_bar, double& t_bar) const {
        y_bar += w * Vector2d(std::sin(y[0]) + t, y[1]);
        t_bar += w * y[0];
      }
    };
    const auto loss = [](const std::vector<double>& gs, std::vector<double>& gs_bar) {
      double sum = 0;
      for (std::size_t i = 0; i < gs.size(); ++i) {
        sum += gs[i] * gs[i];
        gs_bar[i] = 2 * gs[i];
      }
      return sum;
    };
    const auto expected = value_and_gradient(problem, Dopri5{}, steps, loss, save_at.of(Energy{}), DirectAdjoint{});
    const auto got = value_and_gradient(problem, Dopri5{}, steps, loss, save_at.of(Energy{}), ForwardMode{});
    CHECK(got.value == expected.value);
    CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
  }
  SECTION("Error bars") {
    const auto expected = value_and_gradient(problem, Dopri5{}, steps, LossOfBoth{}, ErrorBars{}, DirectAdjoint{});
    const auto got = value_and_gradient(problem, Dopri5{}, steps, LossOfBoth{}, ErrorBars{}, ForwardMode{});
    CHECK(got.value == expected.value);
    CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
    CHECK(battery::relative_difference(expected.error.theta, got.error.theta) < 1e-4);
  }
}

TEST_CASE("A solve gives its Jacobians", "[forward_mode]") {
  // Central differences of long double solves in the same steps: h² y'''/6 with h = 1e-5, and 1e-19/h, far below 1e-9.
  using Long = long double;
  const double t0 = 0.5, t1 = 2.5;
  const SaveAt nodes{.t1 = true, .every = 10};
  const auto long_solve = [&](const Eigen::Vector<Long, 2>& y0, const Eigen::Vector<Long, 3>& theta) {
    DrivenPendulum<Long> field;
    field.theta = theta;
    return solve(Problem{field, y0, t0, t1}, Dopri5{}, FixedSteps{40}, nodes).ys();
  };
  const Eigen::Vector<Long, 2> y0(0.4L, -0.6L);
  const Eigen::Vector<Long, 3> theta = DrivenPendulum<double>{}.theta.cast<Long>();
  const Problem problem{generic_pendulum(), Vector2d(0.4, -0.6), t0, t1};
  const auto all = solve_with_tangents(problem, Dopri5{}, FixedSteps{40}, nodes);
  const auto plain = solve(problem, Dopri5{}, FixedSteps{40}, nodes);
  REQUIRE(all.ys().size() == 4);
  const Long h = 1e-5L;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(all.ys()[i] == plain.ys()[i]);
    CHECK(all.ts()[i] == plain.ts()[i]);
    for (Eigen::Index j = 0; j < 2; ++j) {
      const Eigen::Vector<Long, 2> d = Eigen::Vector<Long, 2>::Unit(j) * h;
      const Vector2d expected =
          ((long_solve(y0 + d, theta)[i] - long_solve(y0 - d, theta)[i]) / (2 * h)).cast<double>();
      CHECK((all.y0(i).col(j) - expected).norm() < 1e-9);
    }
    for (Eigen::Index j = 0; j < 3; ++j) {
      const Eigen::Vector<Long, 3> d = Eigen::Vector<Long, 3>::Unit(j) * h;
      const Vector2d expected =
          ((long_solve(y0, theta + d)[i] - long_solve(y0, theta - d)[i]) / (2 * h)).cast<double>();
      CHECK((all.theta(i).col(j) - expected).norm() < 1e-9);
    }
  }
  // The last state moves with t1 by f, and by nothing else in the limit of short steps.
  Vector2d slope;
  problem.field(t1, all.ys()[3], slope);
  CHECK((all.t1(3) - slope).norm() < 1e-4);

  // Along directions: their sums.
  const Eigen::Matrix<double, 2, 3> along_y0 = Eigen::Matrix<double, 2, 3>::Random();
  const Eigen::Matrix3d along_theta = Eigen::Matrix3d::Random();
  const Vector3d along_t0(1, -2, 0), along_t1(0.5, 0, 3);
  const auto some = solve_with_tangents(
      problem, Dopri5{}, FixedSteps{40},
      Directions{.y0 = along_y0, .theta = along_theta, .t0 = along_t0, .t1 = along_t1}, nodes, ForwardMode{});
  CHECK_THROWS_WITH(some.y0(3), Catch::Matchers::ContainsSubstring("a Jacobian of solve_with_tangents") &&
                                    Catch::Matchers::ContainsSubstring("read by tangents(i)"));
  for (std::size_t i = 0; i < 4; ++i) {
    const Eigen::MatrixXd expected = all.y0(i) * along_y0 + all.theta(i) * along_theta +
                                     all.t0(i) * along_t0.transpose() + all.t1(i) * along_t1.transpose();
    CHECK(battery::relative_difference(expected, Eigen::MatrixXd(some.tangents(i))) < round_off);
  }
  const auto of_theta = solve_with_tangents(problem, Dopri5{}, FixedSteps{40}, Directions{.theta = along_theta});
  CHECK(battery::relative_difference(Eigen::MatrixXd(all.theta(3) * along_theta),
                                     Eigen::MatrixXd(of_theta.tangents(0))) < round_off);
}

TEST_CASE("Bad directions are refused", "[forward_mode]") {
  const Problem problem{generic_pendulum(), Vector2d(0.4, -0.6), 0.5, 2.5};
  const auto along = [&](const Directions& directions) {
    return solve_with_tangents(problem, Dopri5{}, FixedSteps{4}, directions);
  };
  CHECK_THROWS_AS(along({.y0 = Eigen::MatrixXd::Zero(3, 2)}), std::invalid_argument);
  CHECK_THROWS_AS(along({.y0 = Eigen::MatrixXd::Zero(2, 2), .theta = Eigen::MatrixXd::Zero(3, 1)}),
                  std::invalid_argument);
  CHECK_THROWS_AS(along({.theta = Eigen::MatrixXd::Constant(3, 1, NAN)}), std::invalid_argument);
  CHECK_THROWS_AS(along({.t0 = VectorXd::Ones(1)}).t0(0), std::invalid_argument);
  CHECK_NOTHROW(along({}));
}

TEST_CASE("A solve that fails says so, of the state and of its tangents", "[forward_mode]") {
  // y' = y² from 1 is infinite at t = 1; √y has no finite slope at 0.
  const auto explodes = automatic_vjp([](auto, const auto& y, auto& dy) { dy[0] = y[0] * y[0]; });
  using One = Eigen::Vector<double, 1>;
  const Problem problem{explodes, One(1.0), 0.0, 2.0};
  CHECK_THROWS_AS(value_and_gradient(problem, Dopri5{}, Adaptive{}, LossOfBoth{}, ForwardMode{}), SolveError);
  const auto returned =
      solve_with_tangents(problem, Dopri5{}, Adaptive{}, SaveAt{.steps = true}, OnFailure::return_status);
  CHECK(returned.solution().failed());
  CHECK(returned.ys().size() > 3);

  const auto kinked = automatic_vjp([](auto, const auto& y, auto& dy) {
    using std::sqrt;
    dy[0] = sqrt(y[0]);
  });
  const auto at_kink =
      solve_with_tangents(Problem{kinked, One(0.0), 0.0, 2.0}, Dopri5{}, FixedSteps{5}, OnFailure::return_status);
  CHECK(at_kink.solution().status() == Status::not_finite);
  CHECK(at_kink.solution().failure().cause.find("tangent") != std::string::npos);
}

TEST_CASE("Steps that are too long to be stable are refused as of stored states", "[forward_mode]") {
  const auto stiff =
      automatic_vjp([](auto, const auto& y, const auto& theta, auto& dy) { dy[0] = theta[0] * (y[0] - 1.0); },
                    Eigen::Vector<double, 1>(-100.0));
  const Problem problem{stiff, Eigen::Vector<double, 1>(0.5), 0.0, 2.0};
  CHECK_THROWS_AS(value_and_gradient(problem, RK4{}, FixedSteps{50}, LossOfBoth{}, DirectAdjoint{}), SolveError);
  CHECK_THROWS_AS(value_and_gradient(problem, RK4{}, FixedSteps{50}, LossOfBoth{}, ForwardMode{}), SolveError);
  CHECK_NOTHROW(value_and_gradient(problem, RK4{}, FixedSteps{200}, LossOfBoth{}, ForwardMode{}));
}
