// Swings of an acrobot, two rods with torques u at their joints, in windows of 8 states, 0.05 apart, as (cos θ, sin θ, θ', u), two of each.
#pragma once

#include "random.hpp"

#include <antistrophe/antistrophe.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace support {

// y = (θ1, θ2, θ1', θ2'), masses, lengths and moments of inertia 1, centres in the middle, g = 9.8; u the torques at shoulder and elbow.
struct Acrobot {
  Eigen::Vector2d u;
  void operator()(double, const auto& y, auto& dy) const {
    const double c = std::cos(y[1]), s = std::sin(y[1]), d1 = 3.5 + c, d2 = 1.25 + c / 2;
    const double phi2 = 4.9 * std::sin(y[0] + y[1]);
    const double phi1 = -y[3] * y[3] * s / 2 - y[2] * y[3] * s + 14.7 * std::sin(y[0]) + phi2;
    const double of_1 = u[0] - phi1, of_2 = u[1] - y[2] * y[2] * s / 2 - phi2;
    dy[0] = y[2];
    dy[1] = y[3];
    dy[3] = (of_2 - d2 / d1 * of_1) / (1.25 - d2 * d2 / d1);
    dy[2] = (of_1 - d2 * dy[3]) / d1;
  }
};

// Windows side by side: of each time an 8 × windows matrix.
using Windows = std::vector<Eigen::MatrixXd>;
inline Windows simulated(int of_each_control, unsigned seed) {
  Random random(seed);
  antistrophe::SaveAt at;
  for (int k = 1; k <= 32; ++k) at.times.push_back(0.05 * k);
  std::vector<std::vector<Eigen::Vector4d>> swings;
  std::vector<Eigen::Vector2d> controls;
  for (const auto& [u1, u2] : std::vector<std::pair<double, double>>{
           {0, 0}, {0, 1}, {0, -1}, {0, 2}, {0, -2}, {1, 0}, {-1, 0}, {2, 0}, {-2, 0}})
    for (int i = 0; i < of_each_control;) {
      const Eigen::Vector4d y0 = Eigen::Vector4d::NullaryExpr([&] { return random.uniform(-3.14, 3.14); });
      const auto ys = antistrophe::solve(antistrophe::Problem{Acrobot{{u1, u2}}, y0, 0.0, 1.6}, antistrophe::Dopri5{},
                                         antistrophe::Adaptive{}, at)
                          .ys();
      if (std::any_of(ys.begin(), ys.end(),
                      [](const auto& y) { return std::fabs(y[2]) >= 12.56 || std::fabs(y[3]) >= 28.27; }))
        continue;
      swings.push_back(ys);
      controls.emplace_back(u1, u2);
      ++i;
    }
  const auto count = static_cast<Eigen::Index>(4 * swings.size());
  Windows result(8, Eigen::MatrixXd(8, count));
  for (Eigen::Index i = 0; i < count; ++i)
    for (std::size_t k = 0; k < 8; ++k) {
      const auto& y = swings[static_cast<std::size_t>(i) / 4][static_cast<std::size_t>(i) % 4 * 8 + k];
      result[k].col(i) << std::cos(y[0]), std::cos(y[1]), std::sin(y[0]), std::sin(y[1]), y[2], y[3],
          controls[static_cast<std::size_t>(i) / 4];
    }
  return result;
}
inline Windows chosen(const Windows& all, const std::vector<std::size_t>& columns) {
  Windows result;
  for (const Eigen::MatrixXd& each : all) result.emplace_back(each(Eigen::all, columns));
  return result;
}

inline antistrophe::SaveAt window_times() {
  antistrophe::SaveAt result;
  for (int k = 0; k < 8; ++k) result.times.push_back(0.05 * k);
  return result;
}

}  // namespace support
