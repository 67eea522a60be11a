// The driven pendulum with a jvp, for tests of tangents.
#pragma once

#include "problems.hpp"

#include <cmath>

namespace antistrophe::problems {

// By hand, one direction after the other.
template <class Scalar = double>
struct PushedPendulum : DrivenPendulum<Scalar> {
  void jvp(double t, const auto& y, const auto& y_dot, const auto& theta_dot, const auto& t_dot, auto& dy_dot) const {
    using std::cos, std::sin;
    const auto& at = this->theta;
    const Scalar phase = at[2] * Scalar(t);
    dy_dot[0] = y_dot[1];
    dy_dot[1] = theta_dot[1] * cos(phase) - at[1] * sin(phase) * (theta_dot[2] * Scalar(t) + at[2] * t_dot) -
                cos(y[0]) * y_dot[0] - theta_dot[0] * y[1] - at[0] * y_dot[1];
  }
};

}  // namespace antistrophe::problems
