// What swings: two coupled oscillators, and a double pendulum.
#pragma once

#include <cmath>

namespace support {

// y = (x1, x2, x1', x2').
struct CoupledOscillators {
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = -2 * y[0] + (y[1] - y[0]) - 0.2 * y[2];
    dy[3] = -y[1] - (y[1] - y[0]) - 0.2 * y[3];
  }
};

// y = (α, β, α', β'), the rods' angles to the vertical and their rates.
struct DoublePendulum {
  void operator()(double, const auto& y, auto& dy) const {
    constexpr double g = 9.81;
    const double difference = y[0] - y[1], s = std::sin(difference), c = std::cos(difference);
    const double a = -y[3] * y[3] * s - 2 * g * std::sin(y[0]), b = y[2] * y[2] * s - g * std::sin(y[1]);
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = (a - c * b) / (2 - c * c);
    dy[3] = (2 * b - c * a) / (2 - c * c);
  }
};

}  // namespace support
