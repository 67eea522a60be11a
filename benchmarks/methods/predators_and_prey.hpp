#pragma once

#include <Eigen/Core>

// Lotka–Volterra: u1' = α u1 − β u1 u2,   u2' = −γ u2 + δ u1 u2,   θ = (α, β, γ, δ).
template <class Real>
struct PredatorsAndPrey {
  Eigen::Vector<Real, 4> theta{1.5, 1, 3, 1};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  static Eigen::Vector<Real, 2> start() { return {1, 1}; }
  static double end() { return 10; }

  void operator()(double, const auto& u, auto& du) const {
    du[0] = theta[0] * u[0] - theta[1] * u[0] * u[1];
    du[1] = -theta[2] * u[1] + theta[3] * u[0] * u[1];
  }
  void vjp(double, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    u_bar[0] += (theta[0] - theta[1] * u[1]) * w[0] + theta[3] * u[1] * w[1];
    u_bar[1] += -theta[1] * u[0] * w[0] + (theta[3] * u[0] - theta[2]) * w[1];
    theta_bar[0] += u[0] * w[0];
    theta_bar[1] -= u[0] * u[1] * w[0];
    theta_bar[2] -= u[1] * w[1];
    theta_bar[3] += u[0] * u[1] * w[1];
  }
};
