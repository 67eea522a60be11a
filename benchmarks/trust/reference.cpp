#include "trust/solve.hpp"

#include <Eigen/Eigenvalues>

#include <algorithm>

namespace trust {
namespace {

using namespace antistrophe;

// The largest |μ| of the Jacobian's eigenvalues.
double spectral_radius(const Field& field, double t, const VectorXd& y) {
  const Eigen::Index n = y.size();
  Eigen::MatrixXd jacobian(n, n);
  VectorXd theta_bar = VectorXd::Zero(field.parameters().size());
  for (Eigen::Index i = 0; i < n; ++i) {
    VectorXd row = VectorXd::Zero(n);
    field.vjp(t, y, VectorXd::Unit(n, i), row, theta_bar);
    jacobian.row(i) = row.transpose();
  }
  return jacobian.eigenvalues().cwiseAbs().maxCoeff();
}

}  // namespace

Reference reference(const Case& problem) {
  // Where the solution is, tightly; then steps of h|μ| <= 1/2 there.
  Adaptive tight{.rtol = 1e-11, .atol = 1e-12, .dtmax = (problem.t1 - problem.t0) / 100, .step_to = problem.kinks};
  const Problem ivp{problem.field, problem.y0, problem.t0, problem.t1};
  const auto along = solve(ivp, Dop853{}, tight, SaveAt{.t0 = true, .steps = true});
  double total = 0;
  std::vector<double> radii;
  for (std::size_t i = 0; i < along.ts().size(); ++i) {
    radii.push_back(spectral_radius(problem.field, along.ts()[i], along.ys()[i]));
    if (i > 0) total += (along.ts()[i] - along.ts()[i - 1]) * std::max(radii[i], radii[i - 1]);
  }
  const double resolved = std::max(0.5, total / 400'000);
  const auto nodes = [&](double fraction) {
    std::vector<double> times;
    for (std::size_t i = 1; i < along.ts().size(); ++i) {
      const double from = along.ts()[i - 1], to = along.ts()[i];
      const int parts =
          int(std::ceil(std::max(1.0, (to - from) * std::max(radii[i], radii[i - 1]) / resolved) * fraction));
      for (int j = 1; j <= parts; ++j)
        if (i + 1 < along.ts().size() || j < parts) times.push_back(from + (to - from) * j / parts);
    }
    return StepTo{times};
  };
  Reference result;
  const Answer coarse = solve_with(Dop853{}, problem, nodes(1), DirectAdjoint{}, false);
  result.answer = solve_with(Dop853{}, problem, nodes(2), DirectAdjoint{}, false);
  const auto apart = [](const VectorXd& a, const VectorXd& b) {
    return (a - b).cwiseAbs().maxCoeff() / (1 + b.cwiseAbs().maxCoeff());
  };
  result.uncertainty = std::max({std::fabs(coarse.value - result.answer.value) / (1 + std::fabs(coarse.value)),
                                 apart(coarse.y0, result.answer.y0), apart(coarse.theta, result.answer.theta)});
  return result;
}

}  // namespace trust
