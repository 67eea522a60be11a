// steady_state_event: the solve ends where the field is small, and its gradient knows that this time moves.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

// Two decays to p, θ = (p, k): y_i' = −k_i (y_i − p), k_1 = k, k_2 = 3k. The slower one is left: |f_1| = k |y_1(0) − p| e^{−kt}.
struct Relaxation {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{2.0, 0.7};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = -theta[1] * (y[0] - theta[0]);
    dy[1] = -3 * theta[1] * (y[1] - theta[0]);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] -= theta[1] * w[0];
    y_bar[1] -= 3 * theta[1] * w[1];
    theta_bar[0] += theta[1] * (w[0] + 3 * w[1]);
    theta_bar[1] -= (y[0] - theta[0]) * w[0] + 3 * (y[1] - theta[0]) * w[1];
  }
};

const Problem problem{Relaxation{}, Vector2d(0.5, 2.5), 0.0, 100.0};
const Adaptive tight{.rtol = 1e-12, .atol = 1e-12};

// The time at which √(½ Σ (f_i/atol)²) = 1, by bisection on the closed form.
double steady_at(const Vector2d& y0, const Vector2d& theta, double atol) {
  const auto size = [&](double t) {
    const double f1 = theta[1] * (y0[0] - theta[0]) * std::exp(-theta[1] * t),
                 f2 = 3 * theta[1] * (y0[1] - theta[0]) * std::exp(-3 * theta[1] * t);
    return std::sqrt((f1 * f1 + f2 * f2) / 2) / atol;
  };
  double low = 0, high = 100;
  for (int i = 0; i < 200; ++i) (size((low + high) / 2) > 1 ? low : high) = (low + high) / 2;
  return high;
}

}  // namespace

TEMPLATE_TEST_CASE("The solve ends where the solution is steady", "[events]", Dopri5, Reversible<Dopri5>) {
  for (const double atol : {1e-2, 1e-5}) {
    const auto solution = solve(problem, TestType{}, tight, {}, Events{steady_state_event(0, atol)});
    CHECK(solution.status() == Status::event);
    REQUIRE(solution.events().size() == 1);
    CHECK(solution.ts().back() == Approx(steady_at(problem.y0, problem.field.theta, atol)).epsilon(1e-8));
    CHECK(solution.ys().back()[0] == Approx(2.0).epsilon(2 * atol));
  }
  // rtol makes it relative to the state.
  const auto relative = solve(problem, TestType{}, tight, {}, Events{steady_state_event(1e-3, 0)});
  CHECK(relative.ts().back() == Approx(steady_at(problem.y0, problem.field.theta, 2e-3)).epsilon(1e-3));
  // Not there by t1: success, as ever.
  CHECK(solve(Problem{Relaxation{}, problem.y0, 0.0, 1.0}, TestType{}, tight, {}, Events{steady_state_event()})
            .status() == Status::success);
}

TEMPLATE_TEST_CASE("It costs one evaluation a step, and those of locating it", "[events]", Dopri5) {
  const auto without = solve(Problem{Relaxation{}, problem.y0, 0.0, 5.0}, TestType{}, tight);
  const auto with =
      solve(Problem{Relaxation{}, problem.y0, 0.0, 5.0}, TestType{}, tight, {}, Events{steady_state_event()});
  CHECK(with.stats().evaluations - without.stats().evaluations == without.stats().accepted + 1);
}

TEMPLATE_TEST_CASE("The gradient goes through the time of steadiness", "[events]", Dopri5, Reversible<Dopri5>) {
  constexpr double atol = 1e-2;
  const auto events = Events{steady_state_event(0, atol)};
  // L = t + y_1 + 2 y_2 at the event.
  const auto loss = [](const auto& ts, const auto& ys, auto& ts_bar, auto& ys_bar) {
    ts_bar.back() = 1;
    ys_bar.back() << 1, 2;
    return ts.back() + ys.back()[0] + 2 * ys.back()[1];
  };
  const auto exact = [&](const Vector2d& y0, const Vector2d& theta) {
    const double t = steady_at(y0, theta, atol);
    return t + 3 * theta[0] + (y0[0] - theta[0]) * std::exp(-theta[1] * t) +
           2 * (y0[1] - theta[0]) * std::exp(-3 * theta[1] * t);
  };
  const auto check = [&](const auto& adjoint) {
    const auto [value, gradient] = value_and_gradient(problem, TestType{}, tight, loss, SaveAt{}, adjoint, events);
    CHECK(value == Approx(exact(problem.y0, problem.field.theta)).epsilon(1e-9));
    constexpr double h = 1e-5;
    for (int i = 0; i < 2; ++i) {
      const Vector2d e = h * Vector2d::Unit(i);
      const Vector2d& y0 = problem.y0;
      const Vector2d& theta = problem.field.theta;
      CHECK(gradient.y0[i] ==
            Approx((exact(y0 + e, theta) - exact(y0 - e, theta)) / (2 * h)).epsilon(1e-6).margin(1e-9));
      CHECK(gradient.theta[i] ==
            Approx((exact(y0, theta + e) - exact(y0, theta - e)) / (2 * h)).epsilon(1e-6).margin(1e-9));
    }
  };
  check(DirectAdjoint{});
  if constexpr (!std::is_same_v<TestType, Dopri5>) check(ReversibleAdjoint{});
}

TEMPLATE_TEST_CASE("With rtol too, against differences of the solve", "[events]", Reversible<Dopri5>) {
  const auto events = Events{steady_state_event(1e-2, 1e-3)};
  const auto loss = [](const auto& ts, const auto& ys, auto& ts_bar, auto& ys_bar) {
    ts_bar.back() = 1;
    ys_bar.back() << 1, 2;
    return ts.back() + ys.back()[0] + 2 * ys.back()[1];
  };
  const auto gradient =
      value_and_gradient(problem, TestType{}, tight, loss, SaveAt{}, ReversibleAdjoint{}, events).gradient;
  const auto at = [&](const Vector2d& y0, const Vector2d& theta) {
    const auto solution = solve(Problem{Relaxation{theta}, y0, 0.0, 100.0}, TestType{}, tight, {}, events);
    return solution.ts().back() + solution.ys().back()[0] + 2 * solution.ys().back()[1];
  };
  constexpr double h = 1e-4;  // values are good to some 1e-12, so differences to 1e-8
  for (int i = 0; i < 2; ++i) {
    const Vector2d e = h * Vector2d::Unit(i);
    CHECK(gradient.y0[i] ==
          Approx((at(problem.y0 + e, problem.field.theta) - at(problem.y0 - e, problem.field.theta)) / (2 * h))
              .epsilon(1e-6)
              .margin(2e-8));
    CHECK(gradient.theta[i] ==
          Approx((at(problem.y0, problem.field.theta + e) - at(problem.y0, problem.field.theta - e)) / (2 * h))
              .epsilon(1e-6)
              .margin(2e-8));
  }
}

TEMPLATE_TEST_CASE("Steady from the start: over at t0, and the gradient is the cotangent", "[events]", Dopri5,
                   Reversible<Dopri5>) {
  const Problem resting{Relaxation{}, Vector2d(2, 2), 1.0, 3.0};
  const auto events = Events{steady_state_event()};
  const auto solution = solve(resting, TestType{}, tight, {}, events);
  CHECK(solution.status() == Status::event);
  CHECK(solution.success());
  CHECK(solution.ts() == std::vector<double>{1.0});
  CHECK(solution.ys().back() == resting.y0);
  auto pass = solve_with_pullback(resting, TestType{}, tight, SaveAt{}, DirectAdjoint{}, events);
  const auto gradient = pass.pullback({Vector2d(3, 4)});
  CHECK(gradient.y0 == Vector2d(3, 4));
  CHECK(gradient.theta == Vector2d(0, 0));
  CHECK(gradient.t0 == 0);
  CHECK(gradient.t1 == 0);
}

TEST_CASE("Tolerances that are none are refused", "[events]") {
  CHECK_THROWS_WITH(steady_state_event(-1, 1),
                    ContainsSubstring("rtol of steady_state_event is -1; it must be at least 0"));
  CHECK_THROWS_WITH(steady_state_event(1, -1), ContainsSubstring("atol of steady_state_event is -1"));
  CHECK_THROWS_WITH(steady_state_event(0, 0), ContainsSubstring("positive where rtol is 0"));
}
