// Swinging a pendulum up by direct optimal control. Its torque is too weak to lift it at once, |u| ≤ 0.35 of what would hold it
// level, so that it must swing to and fro first:
//   φ'' = −sin φ − 0.05 φ' + u(t),   u constant on each of 40 stretches of time,   minimise ½ ∫ u² dt
//   subject to φ(14) = π, φ'(14) = 0.
// Single shooting: NLopt's SLSQP asks for the end of one solve and the rows of its Jacobian, two pull-backs of that solve.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"

#include <Eigen/Dense>
#include <antistrophe/antistrophe.hpp>
#include <nlopt.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <numbers>
#include <vector>

using namespace antistrophe;
using Eigen::VectorXd;

constexpr int stretches = 40;
constexpr double duration = 14, limit = 0.35;

// y = (φ, φ'); θ_k is the torque of the k-th stretch.
struct Pendulum {
  VectorXd theta;
  std::vector<double> ends;  // of the stretches but the last
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  // f jumps there: steps that end there see the stretch before, those that begin there the one after.
  const std::vector<double>& jumps() const { return ends; }

  Eigen::Index at(double t) const { return std::lower_bound(ends.begin(), ends.end(), t) - ends.begin(); }
  void operator()(double t, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -std::sin(y[0]) - 0.05 * y[1] + theta[at(t)];
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] -= std::cos(y[0]) * w[1];
    y_bar[1] += w[0] - 0.05 * w[1];
    theta_bar[at(t)] += w[1];
  }
};

Problem<Pendulum, Eigen::Vector2d> hanging(const VectorXd& torque) {
  std::vector<double> ends;
  for (int k = 1; k < stretches; ++k) ends.push_back(duration * k / stretches);
  return {Pendulum{torque, ends}, Eigen::Vector2d::Zero(), 0.0, duration};
}

const Adaptive to_nine_digits{.rtol = 1e-9, .atol = 1e-9};

// As NLopt calls it, of n = 40 torques: (φ − π, φ') at the end, and the two rows of its Jacobian.
void off_target(unsigned, double* off, unsigned n, const double* u, double* jacobian, void* solves) {
  auto pass = solve_with_pullback(hanging(Eigen::Map<const VectorXd>(u, n)), Reversible<Dopri5>{}, to_nine_digits);
  ++*static_cast<int*>(solves);
  const Eigen::Vector2d end = pass.ys().back();
  off[0] = end[0] - std::numbers::pi;
  off[1] = end[1];
  if (jacobian == nullptr) return;
  for (int row = 0; row < 2; ++row)
    Eigen::Map<VectorXd>(jacobian + row * static_cast<int>(n), n) =
        pass.pullback({Eigen::Vector2d(Eigen::Vector2d::Unit(row))}).theta;
}

double effort(const std::vector<double>& u, std::vector<double>& slope, void*) {
  const Eigen::Map<const VectorXd> torque(u.data(), stretches);
  constexpr double dt = duration / stretches;
  if (!slope.empty()) Eigen::Map<VectorXd>(slope.data(), stretches) = dt * torque;
  return dt / 2 * torque.squaredNorm();
}

void write_path(const VectorXd& torque) {
  const auto path = solve(hanging(torque), Dopri5{}, FixedSteps{400}, SaveAt{.t0 = true, .steps = true});
  support::Csv csv("swing_up.csv", {"t", "angle", "torque"});
  for (std::size_t i = 0; i < path.ts().size(); ++i) {
    const double t = path.ts()[i];
    csv.row(
        {t, path.ys()[i][0], torque[std::min<Eigen::Index>(stretches - 1, Eigen::Index(t * stretches / duration))]});
  }
}

int main() try {
  // The first guess pushes with the motion of small swings, whose frequency is 1.
  std::vector<double> u;
  for (int k = 0; k < stretches; ++k) u.push_back(limit / 2 * std::cos(duration * (k + 0.5) / stretches));
  std::vector<double> unused;
  int solves = 0;
  nlopt::opt slsqp(nlopt::LD_SLSQP, stretches);
  slsqp.set_min_objective(effort, nullptr);
  slsqp.add_equality_mconstraint(off_target, &solves, {1e-8, 1e-8});
  slsqp.set_lower_bounds(-limit);
  slsqp.set_upper_bounds(limit);
  slsqp.set_ftol_rel(1e-10);
  slsqp.set_maxeval(1000);
  double least = 0;
  slsqp.optimize(u, least);

  const VectorXd torque = Eigen::Map<const VectorXd>(u.data(), stretches);
  const Eigen::Vector2d end = solve(hanging(torque), Dop853{}, Adaptive{.rtol = 1e-12, .atol = 1e-12}).ys().back();
  std::printf("effort %.6f after %d solves; it ends at an angle of %.9f pi with velocity %.1e\n", least, solves,
              end[0] / std::numbers::pi, end[1]);
  write_path(torque);
  support::draw("swing_up", 860, 420);

  // Where the optimum is, the effort's slope is a combination of the constraints' at all torques below the limit.
  Eigen::Matrix<double, stretches, 2> jacobian;
  Eigen::Vector2d off;
  off_target(2, off.data(), stretches, u.data(), jacobian.data(), &solves);
  Eigen::ArrayXd free(stretches);
  for (int k = 0; k < stretches; ++k) free[k] = std::fabs(torque[k]) < limit * (1 - 1e-6) ? 1 : 0;
  const VectorXd slope = free * torque.array() * duration / stretches;
  const Eigen::Matrix<double, stretches, 2> rows = free.matrix().asDiagonal() * jacobian;
  const Eigen::Vector2d multipliers = (rows.transpose() * rows).inverse() * (rows.transpose() * slope);
  const double left = (slope - rows * multipliers).norm() / slope.norm();
  std::printf("torques at the limit: %d of %d; slope that the constraints do not explain: %.1e of it\n",
              static_cast<int>(stretches - free.sum()), stretches, left);

  support::Expectations result;
  result.expect((end - Eigen::Vector2d(std::numbers::pi, 0)).norm() < 1e-6, "it does not end upright and at rest");
  result.expect(torque.cwiseAbs().maxCoeff() <= limit * (1 + 1e-12), "a torque is above the limit");
  result.expect(left < 1e-3, "this is not an optimum");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
