// The neural field of some benchmarks.
#pragma once

#include <antistrophe/field/mlp.hpp>

#include <cmath>

namespace benchmarks {

// An Mlp 2–62–62–2, of 4,218 parameters, whose orbits go round: y' = c Σ tanh(…a_i·y…) (a_i turned by 90°), and some of each hidden
// unit goes to every other.
inline antistrophe::Mlp<double> turning_network() {
  constexpr Eigen::Index units = 62;
  antistrophe::Mlp<double> field{{2, units, units, 2}};
  Eigen::Index begin = 0, layer = 0;
  field.initialise([&](const antistrophe::MlpParameter& p) {
    if (p.layer != layer) begin = p.index, layer = p.layer;
    const Eigen::Index i = p.index - begin;
    const auto angle = [](Eigen::Index unit) { return 2.4 * static_cast<double>(unit); };
    if (p.is_bias) return 0.05 * std::sin(1.3 * static_cast<double>(p.index));
    if (p.layer == 0) return i < units ? std::cos(angle(i)) : std::sin(angle(i - units));
    if (p.layer == 1) return (i % (units + 1) == 0 ? 1.2 : 0.0) + 0.05 * std::sin(1.3 * static_cast<double>(p.index));
    return 0.1 * (i % 2 == 0 ? -std::sin(angle(i / 2)) : std::cos(angle(i / 2)));
  });
  return field;
}

}  // namespace benchmarks
