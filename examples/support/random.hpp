// Random numbers that are the same on every machine, as those that the distributions of <random> give are not.
#pragma once

#include <cmath>
#include <random>

namespace support {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  // In [low, high).
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_()) / 4294967296.0);
  }
  // N(0, 1), by Box and Muller.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform(0, 1)));
    return radius * std::cos(uniform(0, 6.283185307179586));
  }
  // For the initialisers of networks.
  std::mt19937& engine() { return engine_; }

 private:
  std::mt19937 engine_;
};

}  // namespace support
