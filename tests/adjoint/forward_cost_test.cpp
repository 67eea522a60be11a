// Tangents of a running cost, against what goes back through the same steps.
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

#include "support/catch.hpp"

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace antistrophe;

namespace {

using Y = Eigen::Vector2d;
using Theta = Eigen::Vector2d;

// y'' = −θ0 sin y + θ1 cos t, with all that either way asks for.
struct Pendulum {
  Theta theta{1.3, 0.4};

  const Theta& parameters() const { return theta; }
  Theta& parameters() { return theta; }
  void operator()(double t, const Y& y, Y& dy) const {
    dy << y[1], -theta[0] * std::sin(y[0]) + theta[1] * std::cos(t);
  }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Theta& theta_bar, double& t_bar) const {
    y_bar[0] -= theta[0] * std::cos(y[0]) * w[1];
    y_bar[1] += w[0];
    theta_bar[0] -= std::sin(y[0]) * w[1];
    theta_bar[1] += std::cos(t) * w[1];
    t_bar -= theta[1] * std::sin(t) * w[1];
  }
  void jvp(double t, const Y& y, const Y& y_dot, const Theta& theta_dot, double t_dot, Y& dy_dot) const {
    dy_dot << y_dot[1], -theta[0] * std::cos(y[0]) * y_dot[0] - theta_dot[0] * std::sin(y[0]) +
                            theta_dot[1] * std::cos(t) - theta[1] * std::sin(t) * t_dot;
  }
};

const RunningCost cost{[](auto t, const auto& y, const auto& theta) {
  using std::sin;
  return y[0] * y[0] + theta[0] * sin(t) * y[1] + theta[1] * theta[1];
}};

Problem<Pendulum, Y> pendulum() { return {Pendulum{}, Y(1, 0.5), 0.3, 4.0}; }

const auto last_square = [](const auto& ys, auto& ys_bar) {
  ys_bar.back() = 2 * ys.back();
  return ys.back().squaredNorm();
};

void check_close(const auto& a, const auto& b) {
  CHECK((a.y0 - b.y0).norm() <= 1e-13 * (1 + b.y0.norm()));
  CHECK((a.theta - b.theta).norm() <= 1e-13 * (1 + b.theta.norm()));
  CHECK(std::fabs(a.t0 - b.t0) <= 1e-12 * (1 + std::fabs(b.t0)));
  CHECK(std::fabs(a.t1 - b.t1) <= 1e-12 * (1 + std::fabs(b.t1)));
}

void check_ways_agree(const auto& method, const auto& steps, const auto&... extras) {
  const auto forward = value_and_gradient(pendulum(), method, steps, last_square, cost, ForwardMode{}, extras...);
  const auto back = value_and_gradient(pendulum(), method, steps, last_square, cost, DirectAdjoint{}, extras...);
  CHECK(std::fabs(forward.value - back.value) <= 1e-14 * std::fabs(back.value));
  CHECK(forward.stats.accepted == back.stats.accepted);
  CHECK(back.gradient.t0 != 0);
  check_close(forward.gradient, back.gradient);
}

}  // namespace

TEST_CASE("A running cost's tangents are what its cotangents say") {
  const std::vector<double> nodes{0.5, 0.9, 2.3, 3.1};
  SECTION("of equal steps") { check_ways_agree(RK4{}, FixedSteps{40}); }
  SECTION("of steps of one length, with a shorter one at the end") { check_ways_agree(Dopri5{}, FixedStep{0.11}); }
  SECTION("of steps laid down") { check_ways_agree(Dopri5{}, StepTo{nodes, 5}); }
  SECTION("of steps that choose themselves") { check_ways_agree(Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}); }
  SECTION("of a floating pair") { check_ways_agree(Reversible<RK4, Floating>{}, FixedSteps{60}); }
  SECTION("with values saved inside steps") {
    check_ways_agree(Bosh3{}, Adaptive{.rtol = 1e-5, .atol = 1e-5}, SaveAt{.times = {0.77, 1.3, 4.0}});
  }
}

TEST_CASE("A running cost alone, or faster than the state, goes forward too") {
  const RunningCost fast{[](auto t, const auto& y, const auto&) {
    using std::cos;
    return cos(40 * t) * y[0];
  }};
  const Adaptive steps{.rtol = 1e-8, .atol = 1e-8};
  const auto forward = value_and_gradient(pendulum(), Dopri5{}, steps, NoLoss{}, fast, ForwardMode{});
  const auto back = value_and_gradient(pendulum(), Dopri5{}, steps, NoLoss{}, fast, DirectAdjoint{});
  CHECK(forward.stats.accepted == back.stats.accepted);
  CHECK(forward.value == back.value);
  check_close(forward.gradient, back.gradient);
}

TEST_CASE("An Objective and a pull-back hear of the cost") {
  Objective forward{pendulum(), Dopri5{}, Adaptive{}, last_square, cost, ForwardMode{}};
  Objective back{pendulum(), Dopri5{}, Adaptive{}, last_square, cost, DirectAdjoint{}};
  for (const double theta : {1.0, 2.0, 0.5}) {
    check_close(forward(Theta(theta, 0.4)).gradient, back(Theta(theta, 0.4)).gradient);
    CHECK(std::fabs(forward(Theta(theta, 0.4)).value - back(Theta(theta, 0.4)).value) <= 1e-13);
  }
  auto pass = solve_with_pullback(pendulum(), RK4{}, FixedSteps{30}, cost, ForwardMode{});
  const auto other = solve_with_pullback(pendulum(), RK4{}, FixedSteps{30}, cost, DirectAdjoint{});
  CHECK(std::fabs(pass.running_cost() - other.running_cost()) <= 1e-14 * other.running_cost());
}

TEST_CASE("A cost that is not finite stops a solve with tangents") {
  const RunningCost root{[](auto t, const auto& y, const auto&) {
    using std::sqrt;
    return sqrt(2 - t) * y[0];
  }};
  const auto result =
      value_and_gradient(pendulum(), RK4{}, FixedSteps{30}, NoLoss{}, root, ForwardMode{}, OnFailure::return_status);
  CHECK(result.failure.status == Status::not_finite);
  CHECK(result.failure.cause.find("RunningCost") != std::string::npos);
}
