// Gradients through symplectic methods of split fields: against complex steps of the same map, against differences where
// times move, through events; both adjoints against each other; calls counted.
#include "catch.hpp"
#include "reversible_methods.hpp"
#include "split_problems.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;
using Eigen::Vector4d;
using problems::SplitPendulums;

// --- Events ----------------------------------------------------------------------------------------------------------------

namespace {

// The first pendulum meets a wall at v1 = −0.2, and bounces with a loss.
struct Wall {
  double operator()(double, const auto& y) const { return y[0] + 0.2; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};
struct Rebound {
  void operator()(double, const auto& y, auto& y_new) const {
    y_new = y;
    y_new[2] = -0.75 * y[2];
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const {
    y_bar += w;
    y_bar[2] -= 1.75 * w[2];
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("Through rebounds: both adjoints agree, and are what differences of the value say", "[split]",
                        battery::SplitMethods) {
  const Problem problem{SplitPendulums<>{}, Vector4d(0.5, -0.25, 0.1, 0.7), 0.0, 8.0};
  const auto method = battery::Facts<TestType>::method();
  const Events rebounds{JumpEvent{Wall{}, Rebound{}, Crossing::falling}};
  const SaveAt save_at{.times = {0.3, 2.01, 5.5}, .t1 = true};
  const FixedSteps stepping{150};
  CHECK(solve(problem, method, stepping, {}, rebounds).events().size() >= 2);
  const auto gradient_by = [&](const auto& adjoint) {
    return value_and_gradient(problem, method, stepping, battery::WeightedSum{}, save_at, adjoint, rebounds).gradient;
  };
  const auto back = gradient_by(ReversibleAdjoint{}), stored = gradient_by(DirectAdjoint{});
  CHECK((battery::all_nonzero(stored.y0) && battery::all_nonzero(stored.theta)));
  CHECK(battery::gradient_difference(stored, back) < 1e-12);
  const auto differs = [&](auto&& entry) {
    constexpr double d = 1e-4;
    const auto at = [&](double x) {
      auto moved = problem;
      entry(moved) += x;
      return battery::WeightedSum::value(solve(moved, method, stepping, save_at, rebounds).ys());
    };
    return (8 * (at(d) - at(-d)) - (at(2 * d) - at(-2 * d))) / (12 * d);
  };
  Vector4d y0, theta;
  for (Eigen::Index i = 0; i < 4; ++i) {
    y0[i] = differs([i](auto& p) -> double& { return p.y0[i]; });
    theta[i] = differs([i](auto& p) -> double& { return p.field.theta[i]; });
  }
  // Truncation of fourth order at 1e−4, 1e−16 of fifth derivatives of some 1e5; round-off 1e−14/1e−4.
  CHECK(battery::relative_difference(y0, back.y0) < 1e-8);
  CHECK(battery::relative_difference(theta, back.theta) < 1e-8);
}

// --- Batches, costs ----------------------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("A batch is its columns", "[split]", battery::SplitMethods) {
  const Eigen::Matrix<double, 2, 3> starts{{1, 0.5, -2}, {0.25, -1, 3}}, w{{1, -2, 0.5}, {0.25, 1, -1}};
  const auto method = battery::Facts<TestType>::method();
  const Problem batch{problems::Oscillators<>{}, Eigen::MatrixXd(starts), 0.0, 2.0};
  auto pass = solve_with_pullback(batch, method, FixedSteps{50}, SaveAt{.times = {0.33}, .t1 = true});
  const auto whole = pass.pullback({Eigen::MatrixXd(w), Eigen::MatrixXd(2 * w)});
  double theta_sum = 0;
  for (Eigen::Index c = 0; c < 3; ++c) {
    auto single = solve_with_pullback(Problem{problems::Oscillators<>{}, Eigen::Vector2d(starts.col(c)), 0.0, 2.0},
                                      method, FixedSteps{50}, SaveAt{.times = {0.33}, .t1 = true});
    const auto gradient = single.pullback({Eigen::Vector2d(w.col(c)), Eigen::Vector2d(2 * w.col(c))});
    CHECK((pass.ys()[0].col(c) - single.ys()[0]).norm() < 1e-15);
    CHECK((whole.y0.col(c) - gradient.y0).norm() < 1e-14);
    theta_sum += gradient.theta[0];
  }
  CHECK(whole.theta[0] == Approx(theta_sum).epsilon(1e-13));
}

namespace {

struct HalfCalls {
  std::int64_t halves = 0, vjps = 0;
};
struct CountingHalves : problems::CoupledPendulums<> {
  HalfCalls* calls = nullptr;
  void velocity(double t, const auto& w, auto& dv) const { ++calls->halves, CoupledPendulums::velocity(t, w, dv); }
  void force(double t, const auto& v, auto& dw) const { ++calls->halves, CoupledPendulums::force(t, v, dw); }
  void velocity_vjp(double t, const auto& w, const auto& dv_bar, auto& w_bar, auto& theta_bar, auto& t_bar) const {
    ++calls->vjps;
    CoupledPendulums::velocity_vjp(t, w, dv_bar, w_bar, theta_bar, t_bar);
  }
  void force_vjp(double t, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar, auto& t_bar) const {
    ++calls->vjps;
    CoupledPendulums::force_vjp(t, v, dw_bar, v_bar, theta_bar, t_bar);
  }
};

}  // namespace
