// SPDX-License-Identifier: MIT
// LinearPath{times, values}: X runs straight from knot to knot, and X' is constant in between. Made of one sample, a matrix of
// channels × knots, or of a batch, a matrix for each sample: one that has fewer knots than there are times stays where it ends. NaN
// is a missing value (control/detail/missing.hpp). Throws std::invalid_argument where times do not increase, shapes do not fit, or a
// channel was never observed; and where the path is asked for a time outside its knots.
#pragma once

#include <antistrophe/control/detail/knot_path.hpp>

#include <Eigen/Core>

#include <vector>

namespace antistrophe {

class LinearPath : public detail::KnotPath {
 public:
  LinearPath(const Eigen::VectorXd& times, const Eigen::MatrixXd& values, Missing missing = Missing::interpolate)
      : KnotPath(detail::knot_data(times, values, detail::Rule::linear, missing), detail::Rule::linear, missing) {}
  LinearPath(const Eigen::VectorXd& times, const std::vector<Eigen::MatrixXd>& samples,
             Missing missing = Missing::interpolate)
      : KnotPath(detail::knot_data(times, samples, detail::Rule::linear, missing), detail::Rule::linear, missing) {}

  // X' jumps at all knots but the ends.
  std::vector<double> jumps() const { return inner_knots(); }
};

}  // namespace antistrophe
