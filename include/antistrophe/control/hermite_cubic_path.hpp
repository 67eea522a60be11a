// SPDX-License-Identifier: MIT
// HermiteCubicPath{times, values}: cubic pieces whose slope at a knot is that of the straight line from the knot before (Morrill et
// al., arXiv 2106.11028), at the first knot of the line to the second. X' is continuous, and X(t) depends on no value later than
// the next knot. Its arguments are those of a LinearPath; missing values lie on the straight line between the observed ones.
// X' has kinks at the knots. Steps go over them; for more digits name them, `.jumps = path.inner_knots()`.
#pragma once

#include <antistrophe/control/detail/knot_path.hpp>

#include <Eigen/Core>

#include <vector>

namespace antistrophe {

class HermiteCubicPath : public detail::KnotPath {
 public:
  HermiteCubicPath(const Eigen::VectorXd& times, const Eigen::MatrixXd& values, Missing missing = Missing::interpolate)
      : KnotPath(detail::knot_data(times, values, detail::Rule::hermite, missing), detail::Rule::hermite, missing) {}
  HermiteCubicPath(const Eigen::VectorXd& times, const std::vector<Eigen::MatrixXd>& samples,
                   Missing missing = Missing::interpolate)
      : KnotPath(detail::knot_data(times, samples, detail::Rule::hermite, missing), detail::Rule::hermite, missing) {}
};

}  // namespace antistrophe
