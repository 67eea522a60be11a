// The gradient trap: a state at a fixed point shows a controller no error, however badly its sensitivity is resolved.
//   u1' = a u1 − u1 u2, u2' = −a u2 + u1 u2, a = 1, u(0) = (1, 1), L = Σ of both components at t = 0, 0.1, …, 10.
// The state stays at (1, 1); the sensitivity to a turns once in 2π.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;

namespace {

struct TrappedPair {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{1.0};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& u, auto& du) const {
    du[0] = theta[0] * u[0] - u[0] * u[1];
    du[1] = u[0] * u[1] - theta[0] * u[1];
  }
  void vjp(double, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    u_bar[0] += w[0] * (theta[0] - u[1]) + w[1] * u[1];
    u_bar[1] += w[1] * (u[0] - theta[0]) - w[0] * u[0];
    theta_bar[0] += w[0] * u[0] - w[1] * u[1];
  }
};

// An oscillator at rest, y1' = y2, y2' = −θ0 y1, beside y3' = −θ1 y3, of which alone the error estimate knows.
struct OscillatorAtRest {
  Eigen::Vector2d theta{1, 1};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -theta[0] * y[0];
    dy[2] = -theta[1] * y[2];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] -= theta[0] * w[1];
    y_bar[1] += w[0];
    y_bar[2] -= theta[1] * w[2];
    theta_bar[0] -= y[0] * w[1];
    theta_bar[1] -= y[2] * w[2];
  }
};

// With s = ∂u/∂a at the fixed point, s1' = 1 − s2, s2' = s1 − 1, s(0) = 0: s1 = 1 − cos t + sin t, s2 = 1 − cos t − sin t,
// so that ∂(u1 + u2)/∂a = 2 − 2 cos t. A perturbation of u(0) turns as (cos t, sin t), (−sin t, cos t).
struct ClosedForm {
  double a = 0, u1 = 0, u2 = 0;
  ClosedForm() {
    for (int i = 0; i <= 100; ++i) {
      const double t = i / 10.0;
      a += 2 - 2 * std::cos(t);
      u1 += std::cos(t) + std::sin(t);
      u2 += std::cos(t) - std::sin(t);
    }
  }
};

const Problem trap{TrappedPair{}, Eigen::Vector2d(1, 1), 0.0, 10.0};

template <class M, class StepsType>
auto gradient_of(const M& method, const StepsType& steps) {
  SaveAt save_at;
  for (int i = 0; i <= 100; ++i) save_at.times.push_back(i / 10.0);
  const auto sum = [](const auto& us, auto& us_bar) {
    double value = 0;
    for (std::size_t i = 0; i < us.size(); ++i) {
      us_bar[i].setOnes();
      value += us[i].sum();
    }
    return value;
  };
  const auto result = value_and_gradient(trap, method, steps, sum, save_at);
  CHECK(result.value == Approx(202).epsilon(1e-12));  // the state itself is right, always
  return result.gradient;
}

}  // namespace

TEST_CASE("The closed form is the published 212.7104", "[trap]") {
  CHECK(ClosedForm().a == Approx(212.7104).epsilon(5e-7));
}

TEMPLATE_TEST_CASE("Bounded steps give the right gradient", "[trap]", Dopri5, Tsit5, Dop853, Reversible<Dopri5>,
                   Reversible<Tsit5>, Reversible<Dop853>) {
  CAPTURE(battery::Facts<TestType>::name);
  const ClosedForm exact;
  // s turns with an eigenvalue i: a step of h = 0.1 of order 5 errs by less than h⁶/6! = 1.4e-9, so 100 of them by 1.4e-7,
  // and a value inside a step by h⁵/5! = 8.3e-8 more; so does each of the 101 saves at most, in a sum of 212.
  constexpr double bound = (1.4e-7 + 8.3e-8) * 101;
  for (const double a :
       {gradient_of(TestType{}, FixedSteps{100}).theta[0], gradient_of(TestType{}, Adaptive{.dtmax = 0.1}).theta[0]})
    CHECK(std::fabs(a - exact.a) < bound);
  const auto gradient = gradient_of(TestType{}, Adaptive{.dtmax = 0.1});
  CHECK(std::fabs(gradient.y0[0] - exact.u1) < bound);
  CHECK(std::fabs(gradient.y0[1] - exact.u2) < bound);
}

TEMPLATE_TEST_CASE("A state at rest does not let the steps grow past its sensitivities: right to the tolerance",
                   "[trap]", Bosh3, Dopri5, Tsit5, Dop853, Reversible<Dopri5>, Reversible<Tsit5>, Reversible<Dop853>) {
  CAPTURE(battery::Facts<TestType>::name);
  const ClosedForm exact;
  for (const double tolerance : {1e-3, 1e-6, 1e-8}) {
    CAPTURE(tolerance);
    const Adaptive steps{.rtol = tolerance, .atol = tolerance};
    const auto gradient = gradient_of(TestType{}, steps);
    CHECK(std::fabs(gradient.theta[0] - exact.a) < 40 * tolerance * exact.a);
    CHECK(std::fabs(gradient.y0[0] - exact.u1) < 40 * tolerance * exact.a);
    CHECK(std::fabs(gradient.y0[1] - exact.u2) < 40 * tolerance * exact.a);
    const auto pass = solve_with_pullback(trap, TestType{}, steps);
    CHECK(pass.stats().guarded > 1);
    // A solve without a gradient has nothing to guard.
    const auto solution = solve(trap, TestType{}, steps);
    CHECK(solution.stats().guarded == 0);
    CHECK(solution.stats().accepted < 10);
  }
}

TEMPLATE_TEST_CASE("Nearly at rest is at rest, backwards too; what moves is left alone", "[trap]", Dopri5,
                   Reversible<Dopri5>) {
  const auto sum = TerminalLoss{[](const auto& u, auto& u_bar) {
    u_bar << 1, 2;
    return u[0] + 2 * u[1];
  }};
  const auto slope = [&](const Eigen::Vector2d& u0, double t1, const auto& steps) {
    return value_and_gradient(Problem{TrappedPair{}, u0, 0.0, t1}, TestType{}, steps, sum).gradient.theta[0];
  };
  for (const double off : {1e-12, 1e-9, 1e-7}) {
    CAPTURE(off);
    const Eigen::Vector2d u0(1 + off, 1);
    CHECK(slope(u0, 10, Adaptive{}) == Approx(slope(u0, 10, FixedSteps{1000})).epsilon(1e-5));
    CHECK(slope(u0, -10, Adaptive{}) == Approx(slope(u0, -10, FixedSteps{1000})).epsilon(1e-5));
    CHECK(slope(u0, 1e3, Adaptive{}) == Approx(slope(u0, 1e3, FixedSteps{100000})).epsilon(1e-3));
  }
  // The orbit through (1/2, 1) turns as fast as the fixed point's surroundings do, and its own error says so.
  const Problem moving{TrappedPair{}, Eigen::Vector2d(0.5, 1), 0.0, 10.0};
  for (const double tolerance : {1e-3, 1e-6, 1e-9}) {
    const Adaptive steps{.rtol = tolerance, .atol = tolerance};
    const auto pass = solve_with_pullback(moving, TestType{}, steps);
    const auto plain = solve(moving, TestType{}, steps);  // of a pair a few steps are short for its parasite's sake
    CHECK(pass.stats().guarded == plain.stats().guarded);
    CHECK(pass.solution().steps() == plain.steps());
  }
}

TEMPLATE_TEST_CASE("An oscillator at rest beside a state that creeps or decays is resolved", "[trap]", Dopri5, Dop853,
                   Reversible<Tsit5>, Reversible<Dop853>) {
  const double t1 = 50, c = std::cos(t1), s = std::sin(t1);
  for (const double rate : {0.01, 1.0}) {
    CAPTURE(rate);
    const Problem problem{OscillatorAtRest{{1, rate}}, Eigen::Vector3d(0, 0, 1), 0.0, t1};
    const Eigen::Vector3d right(c - s, s + c, std::exp(-rate * t1));
    for (const double tolerance : {1e-3, 1e-6, 1e-9}) {
      CAPTURE(tolerance);
      auto pass = solve_with_pullback(problem, TestType{}, Adaptive{.rtol = tolerance, .atol = tolerance});
      CHECK((pass.pullback({Eigen::Vector3d::Ones()}).y0 - right).cwiseAbs().maxCoeff() < 500 * tolerance);
    }
  }
}

using FloatingPair = Reversible<Dopri5, Floating>;

// y1' = −θ0 y1 + θ1 y2, y2' = −θ1 y1 − θ0 y2 at its fixed point 0.
struct Spiral {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = -theta[0] * y[0] + theta[1] * y[1];
    dy[1] = -theta[1] * y[0] - theta[0] * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] += -theta[0] * w[0] - theta[1] * w[1];
    y_bar[1] += theta[1] * w[0] - theta[0] * w[1];
    theta_bar[0] += -w[0] * y[0] - w[1] * y[1];
    theta_bar[1] += w[0] * y[1] - w[1] * y[0];
  }
};

TEMPLATE_TEST_CASE("A parasite that nothing damps is right round an oscillator's rest and refused where solutions meet",
                   "[trap]", ReversibleHeun<>, ReversibleHeun<Floating>, AsynchronousLeapfrog<>,
                   AsynchronousLeapfrog<Floating>, FloatingPair) {
  const auto gradient = [](double shrinks, double y1, const auto& adjoint) {
    const Problem problem{Spiral{{shrinks, 2}}, Eigen::Vector2d(y1, 0), 0.0, 20.0};
    auto pass = solve_with_pullback(problem, TestType{}, Adaptive{.rtol = 1e-3, .atol = 1e-3}, adjoint);
    return pass.pullback({Eigen::Vector2d::Ones()}).y0;
  };
  const auto tried = [&](const auto& adjoint) {
    const double c = std::cos(40.0), s = std::sin(40.0);
    CHECK((gradient(0, 0, adjoint) - Eigen::Vector2d(c - s, s + c)).cwiseAbs().maxCoeff() < 0.3);
    for (const double y1 : {0.0, 1.0}) {
      CAPTURE(y1);
      try {
        (void)gradient(2, y1, adjoint);
        FAIL("not refused");
      } catch (const SolveError& error) {
        CHECK(error.status() == Status::unstable);
      }
    }
  };
  tried(DirectAdjoint{});
  tried(ReversibleAdjoint{});
}

TEMPLATE_TEST_CASE("Unguarded steps do not: what is exact is the gradient of the few steps taken", "[trap]", Tsit5,
                   Reversible<Tsit5>) {
  // Each step is ten times longer than the one before, at any tolerance: the error that the controller sees is 0.
  for (const double tolerance : {1e-3, 1e-6, 1e-12}) {
    const Adaptive unbounded{.rtol = tolerance, .atol = tolerance, .sensitivity_guard = false};
    CHECK(solve(trap, TestType{}, unbounded).stats().accepted < 10);
    const double a = gradient_of(TestType{}, unbounded).theta[0];
    // The very value that automatic differentiation of other adaptive solvers gives (Tsit5, the first step by Hairer's rule);
    // of the last step's 6 time units the pair's two increments make a little more.
    CHECK(a == Approx(6278.21).epsilon(3e-4));
    CHECK(gradient_of(TestType{}, StepTo{solve(trap, TestType{}, unbounded).steps()}).theta[0] ==
          Approx(a).epsilon(1e-12));
  }
}
