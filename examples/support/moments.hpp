// Moments of random paths, and how far they are from those that were seen.
#pragma once

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace support {

// Mean and variance over the paths of each start, which are columns side by side; a row for each start, a column for each time.
struct Moments {
  Eigen::MatrixXd mean, variance;
  Moments(Eigen::Index count, Eigen::Index times) : mean(count, times), variance(count, times) {}
  Moments(const std::vector<Eigen::MatrixXd>& ys, Eigen::Index count)
      : Moments(count, static_cast<Eigen::Index>(ys.size())) {
    const Eigen::Index each = ys[0].cols() / count;
    for (std::size_t k = 0; k < ys.size(); ++k)
      for (Eigen::Index i = 0; i < count; ++i) {
        const auto x = ys[k].row(0).segment(i * each, each).array();
        mean(i, static_cast<Eigen::Index>(k)) = x.mean();
        variance(i, static_cast<Eigen::Index>(k)) = (x - x.mean()).square().mean();
      }
  }
  Moments operator[](const std::vector<std::size_t>& chosen) const {
    Moments result(static_cast<Eigen::Index>(chosen.size()), mean.cols());
    result.mean = mean(chosen, Eigen::all);
    result.variance = variance(chosen, Eigen::all);
    return result;
  }
};

// The mean over starts and times of KL(N(m, v) ‖ N(M, V)) = ½ (log(V/v) + (v + (m − M)²)/V − 1), M and V those of the data.
struct MomentsDivergence {
  Moments data;
  double operator()(const std::vector<Eigen::MatrixXd>& ys, std::vector<Eigen::MatrixXd>& ys_bar) const {
    const Eigen::Index count = data.mean.rows(), each = ys[0].cols() / count;
    const Moments met(ys, count);
    const double share = 1 / static_cast<double>(data.mean.size());
    double sum = 0;
    for (Eigen::Index k = 0; k < data.mean.cols(); ++k)
      for (Eigen::Index i = 0; i < count; ++i) {
        const double v = met.variance(i, k), V = data.variance(i, k), off = met.mean(i, k) - data.mean(i, k);
        sum += share * 0.5 * (std::log(V / v) + (v + off * off) / V - 1);
        const double m_bar = share * off / V, v_bar = share * 0.5 * (1 / V - 1 / v);
        const auto column = static_cast<std::size_t>(k);
        const auto from_mean = ys[column].row(0).segment(i * each, each).array() - met.mean(i, k);
        ys_bar[column].row(0).segment(i * each, each) = (m_bar + 2 * v_bar * from_mean) / static_cast<double>(each);
      }
    return sum;
  }
};

inline Eigen::MatrixXd each_start(const Eigen::VectorXd& x0, Eigen::Index paths_of_each) {
  Eigen::MatrixXd y0(1, x0.size() * paths_of_each);
  for (Eigen::Index i = 0; i < x0.size(); ++i) y0.middleCols(i * paths_of_each, paths_of_each).setConstant(x0[i]);
  return y0;
}

// Mean and deviation of X(t), exactly, where dX = (0.2 t − 0.1 X) dt + (0.6 + 0.15 t) dW.
inline std::pair<double, double> exact_moments(double x0, double t) {
  const double decay = std::exp(-0.1 * t);
  double variance = 0;  // ∫ e^{−(t − s)/5} (0.6 + 0.15 s)² ds, by the midpoint rule
  for (int i = 0; i < 1000; ++i) {
    const double s = t * (i + 0.5) / 1000;
    variance += t / 1000 * std::exp(-0.2 * (t - s)) * std::pow(0.6 + 0.15 * s, 2);
  }
  return {x0 * decay + 2 * t - 20 * (1 - decay), std::sqrt(variance)};
}

}  // namespace support
