// Lotka–Volterra's equations by hand, with vjp and jvp.
#pragma once

#include "support/problems.hpp"

struct LotkaVolterraByHand : antistrophe::problems::LotkaVolterra<> {
  void jvp(double, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    const double product = y[0] * y_dot[1] + y_dot[0] * y[1];
    dy_dot[0] = theta_dot[0] * y[0] + theta[0] * y_dot[0] - theta_dot[1] * y[0] * y[1] - theta[1] * product;
    dy_dot[1] = theta_dot[3] * y[0] * y[1] + theta[3] * product - theta_dot[2] * y[1] - theta[2] * y_dot[1];
  }
};
