// A field that counts its calls, for tests of what a step costs.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cstdint>

namespace antistrophe::problems {

struct Counts {
  std::int64_t evaluations = 0, vjps = 0;
  double earliest = 1e300, latest = -1e300;
  void meet(double t) {
    earliest = std::min(earliest, t);
    latest = std::max(latest, t);
  }
};

// A driven, damped rotation that counts its calls. Without a tape, so that every evaluation is one call.
struct Counting {
  Counts* counts;
  Eigen::Vector2d theta{-0.1, 1.1};
  const auto& parameters() const { return theta; }
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    ++counts->evaluations;
    counts->meet(t);
    dy[0] = theta[0] * y[0] + theta[1] * y[1];
    dy[1] = theta[0] * y[1] - theta[1] * y[0] + 0.1 * t;
  }
  void vjp(double t, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar,
           double& t_bar) const {
    ++counts->vjps;
    counts->meet(t);
    y_bar[0] += theta[0] * w[0] - theta[1] * w[1];
    y_bar[1] += theta[0] * w[1] + theta[1] * w[0];
    theta_bar[0] += w.dot(y);
    theta_bar[1] += w[0] * y[1] - w[1] * y[0];
    t_bar += 0.1 * w[1];
  }
};

}  // namespace antistrophe::problems
