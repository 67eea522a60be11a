#pragma once

#include <Eigen/Core>

#include <cmath>

// Seven stars in a plane, of masses θ = (1, …, 7): q_i'' = Σ_j m_j (q_j − q_i)/|q_j − q_i|³. The state is all x, all y,
// and their velocities: 28 numbers, with close encounters.
template <class Real>
struct SevenStars {
  static constexpr int n = 7;
  Eigen::Vector<Real, n> theta{1, 2, 3, 4, 5, 6, 7};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  static Eigen::Vector<Real, 4 * n> start() {
    return {3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0};
  }

  void operator()(double, const auto& y, auto& dy) const {
    using std::sqrt;
    dy.template head<2 * n>() = y.template tail<2 * n>();
    dy.template tail<2 * n>().setZero();
    for (int i = 0; i < n; ++i) {
      for (int j = i + 1; j < n; ++j) {
        const Real d1 = y[j] - y[i], d2 = y[n + j] - y[n + i], r2 = d1 * d1 + d2 * d2, r3 = r2 * sqrt(r2);
        const Real g1 = d1 / r3, g2 = d2 / r3;
        dy[2 * n + i] += theta[j] * g1;
        dy[3 * n + i] += theta[j] * g2;
        dy[2 * n + j] -= theta[i] * g1;
        dy[3 * n + j] -= theta[i] * g2;
      }
    }
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    using std::sqrt;
    y_bar.template tail<2 * n>() += w.template head<2 * n>();
    for (int i = 0; i < n; ++i) {
      for (int j = i + 1; j < n; ++j) {
        const Real d1 = y[j] - y[i], d2 = y[n + j] - y[n + i], r2 = d1 * d1 + d2 * d2, r3 = r2 * sqrt(r2);
        const Real wi1 = w[2 * n + i], wi2 = w[3 * n + i], wj1 = w[2 * n + j], wj2 = w[3 * n + j];
        theta_bar[j] += (wi1 * d1 + wi2 * d2) / r3;
        theta_bar[i] -= (wj1 * d1 + wj2 * d2) / r3;
        const Real g1_bar = theta[j] * wi1 - theta[i] * wj1, g2_bar = theta[j] * wi2 - theta[i] * wj2;
        const Real along = 3 * (g1_bar * d1 + g2_bar * d2) / r2;
        const Real d1_bar = (g1_bar - along * d1) / r3, d2_bar = (g2_bar - along * d2) / r3;
        y_bar[i] -= d1_bar;
        y_bar[n + i] -= d2_bar;
        y_bar[j] += d1_bar;
        y_bar[n + j] += d2_bar;
      }
    }
  }
};
