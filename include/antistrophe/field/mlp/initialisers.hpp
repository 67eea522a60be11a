// SPDX-License-Identifier: MIT
// Rules for the first values of a network's parameters: mlp.initialise(GlorotUniform{engine}). A rule is any callable from
// MlpParameter to a number.
#pragma once

#include <Eigen/Core>

#include <cmath>

namespace antistrophe {

// A weight or bias as an initialiser meets it.
struct MlpParameter {
  Eigen::Index index;    // in the flat vector
  Eigen::Index layer;    // 0 for the first
  Eigen::Index fan_in;   // inputs of the layer
  Eigen::Index fan_out;  // outputs of the layer
  bool is_bias;
};

namespace detail {

// Uniform in [−1, 1) from any engine of the standard, the same on every platform.
template <class Engine>
double uniform_sign(Engine& engine) {
  const double span = double(Engine::max() - Engine::min()) + 1;
  return 2 * (double(engine() - Engine::min()) / span) - 1;
}

}  // namespace detail

// Weights uniform in ±√(6 / (fan in + fan out)), biases 0 (Glorot & Bengio 2010). The engine is the caller's, so that
// the caller fixes its seed: mlp.initialise(GlorotUniform{engine}).
template <class Engine>
struct GlorotUniform {
  Engine& engine;
  double operator()(const MlpParameter& p) const {
    return p.is_bias ? 0 : detail::uniform_sign(engine) * std::sqrt(6 / double(p.fan_in + p.fan_out));
  }
};
template <class Engine>
GlorotUniform(Engine&) -> GlorotUniform<Engine>;

// Weights and biases uniform in ±1/√(fan in): the default of PyTorch and Equinox.
template <class Engine>
struct FanInUniform {
  Engine& engine;
  double operator()(const MlpParameter& p) const { return detail::uniform_sign(engine) / std::sqrt(double(p.fan_in)); }
};
template <class Engine>
FanInUniform(Engine&) -> FanInUniform<Engine>;

}  // namespace antistrophe
