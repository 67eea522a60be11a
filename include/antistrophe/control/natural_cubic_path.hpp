// SPDX-License-Identifier: MIT
// NaturalCubicPath{times, values}: the cubic spline through all values, X'' = 0 at both ends, the smoothest path there is
// (Kidger et al., arXiv 2005.08926). Every value moves all of it, so that it is not causal. Its arguments are those of a LinearPath;
// missing values lie on the spline through the observed ones. X'' has kinks at the knots: for more digits name them, `.jumps =
// path.inner_knots()`.
#pragma once

#include <antistrophe/control/detail/knot_path.hpp>

#include <Eigen/Core>

#include <vector>

namespace antistrophe {

class NaturalCubicPath : public detail::KnotPath {
 public:
  NaturalCubicPath(const Eigen::VectorXd& times, const Eigen::MatrixXd& values, Missing missing = Missing::interpolate)
      : KnotPath(detail::knot_data(times, values, detail::Rule::natural, missing), detail::Rule::natural, missing) {}
  NaturalCubicPath(const Eigen::VectorXd& times, const std::vector<Eigen::MatrixXd>& samples,
                   Missing missing = Missing::interpolate)
      : KnotPath(detail::knot_data(times, samples, detail::Rule::natural, missing), detail::Rule::natural, missing) {}
};

}  // namespace antistrophe
