// Series of the Lorenz system that noise shakes,
//   dx = 10 (y − x) dt + 0.1 x dW,   dy = (x (28 − z) − y) dt + 0.28 y dW,   dz = (x y − 8/3 z) dt + 0.3 z dW   (Itô),   0 ≤ t ≤ 2.
#pragma once

#include "random.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/method/stochastic/ito.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <vector>

namespace support {

// Of each time a 3 × series matrix, of mean 0 and variance 1.
inline std::vector<Eigen::MatrixXd> shaken_lorenz(Eigen::Index series, const antistrophe::SaveAt& at) {
  using namespace antistrophe;
  const auto drift = [](double, const auto& y, auto& dy) {
    dy.row(0) = 10 * (y.row(1) - y.row(0));
    dy.row(1).array() = y.row(0).array() * (28 - y.row(2).array()) - y.row(1).array();
    dy.row(2).array() = y.row(0).array() * y.row(1).array() - 8.0 / 3 * y.row(2).array();
  };
  const auto sigma = [](double, const auto& y, auto& s) { s = Eigen::Vector3d(0.1, 0.28, 0.3).asDiagonal() * y; };
  Random random(1);
  const Eigen::MatrixXd y0 = Eigen::MatrixXd::NullaryExpr(3, series, [&] { return random.normal(); });
  const ItoField field{drift, DiagonalNoise{sigma}, BrownianPath{.seed = 1, .channels = 3, .samples = series, .t1 = 2}};
  std::vector<Eigen::MatrixXd> ys = solve(Problem{field, y0, 0.0, 2.0}, EulerMaruyama{}, FixedSteps{990}, at).ys();
  for (Eigen::Index c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (const Eigen::MatrixXd& y : ys) sum += y.row(c).mean() / static_cast<double>(ys.size());
    for (const Eigen::MatrixXd& y : ys)
      squares += (y.row(c).array() - sum).square().mean() / static_cast<double>(ys.size());
    for (Eigen::MatrixXd& y : ys) y.row(c).array() = (y.row(c).array() - sum) / std::sqrt(squares);
  }
  for (Eigen::MatrixXd& y : ys) y += 0.01 * Eigen::MatrixXd::NullaryExpr(3, series, [&] { return random.normal(); });
  return ys;
}

// Each of the series beside itself, for its own paths.
inline std::vector<Eigen::MatrixXd> repeated(const std::vector<Eigen::MatrixXd>& seen, Eigen::Index of_each) {
  std::vector<Eigen::MatrixXd> result;
  for (const Eigen::MatrixXd& x : seen) result.push_back(x.replicate(1, of_each));
  return result;
}

// Of each series a matrix, a column for each time, where there was a matrix for each time.
inline std::vector<Eigen::MatrixXd> by_series(const std::vector<Eigen::MatrixXd>& by_time) {
  std::vector<Eigen::MatrixXd> result(static_cast<std::size_t>(by_time[0].cols()),
                                      Eigen::MatrixXd(by_time[0].rows(), static_cast<Eigen::Index>(by_time.size())));
  for (std::size_t j = 0; j < result.size(); ++j)
    for (std::size_t k = 0; k < by_time.size(); ++k)
      result[j].col(static_cast<Eigen::Index>(k)) = by_time[k].col(static_cast<Eigen::Index>(j));
  return result;
}

}  // namespace support
