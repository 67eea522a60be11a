// SPDX-License-Identifier: MIT
// The rules by which a running cost is integrated over a step.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/legendre.hpp>

#include <array>
#include <cmath>
#include <cstddef>

namespace antistrophe::detail {

// Nodes in (0, 1) and weights, at most seven; of a rule that estimates its error, also those of a coarser one on the same nodes.
struct Quadrature {
  static constexpr std::size_t most = 7;
  std::size_t count = 0;
  std::array<double, most> nodes{}, weights{}, coarse{};
  bool estimates = false;

  // Exact for polynomials of degree 2 count − 1.
  static Quadrature gauss(int count) {
    Quadrature rule;
    const LegendreRule legendre(count);
    rule.count = static_cast<std::size_t>(count);
    for (std::size_t j = 0; j < rule.count; ++j) {
      rule.nodes[j] = legendre.nodes[j];
      rule.weights[j] = legendre.weights[j];
    }
    return rule;
  }

  // Kronrod's extension of Gauss' three nodes by four, exact to degree 11 (Kronrod 1965; QUADPACK's way with its error, Piessens,
  // de Doncker-Kapenga, Überhuber & Kahaner 1983).
  static Quadrature kronrod() {
    constexpr std::array<double, 4> x{0.960491268708020283423507092629080, 0.774596669241483377035853079956480,
                                      0.434243749346802558002071502844628, 0};
    constexpr std::array<double, 4> w{0.104656226026467265193823857192073, 0.268488089868333440728569280666710,
                                      0.401397414775962222905051818618432, 0.450916538658474142345110087045571};
    constexpr std::array<double, 4> w3{0, 5.0 / 9, 0, 8.0 / 9};
    Quadrature rule;
    rule.count = 7;
    rule.estimates = true;
    for (std::size_t j = 0; j < 7; ++j) {
      const std::size_t i = j < 4 ? j : 6 - j;
      rule.nodes[j] = (1 + (j < 4 ? -x[i] : x[i])) / 2;
      rule.weights[j] = w[i] / 2;
      rule.coarse[j] = w3[i] / 2;
    }
    return rule;
  }

  // ∫ over [0, 1] of what has these values at the nodes.
  double integral(const std::array<double, most>& values) const {
    double sum = 0;
    for (std::size_t j = 0; j < count; ++j) sum += weights[j] * values[j];
    return sum;
  }
  // Its error: the difference from the coarser rule is that one's, and far too large where both are good.
  double error(const std::array<double, most>& values, double integral) const {
    double difference = 0, scatter = 0;
    for (std::size_t j = 0; j < count; ++j) {
      difference += (weights[j] - coarse[j]) * values[j];
      scatter += weights[j] * std::fabs(values[j] - integral);
    }
    difference = std::fabs(difference);
    if (!(scatter > 0) || !std::isfinite(difference)) return difference;
    return scatter * smaller_of(1, std::pow(200 * difference / scatter, 1.5));
  }
};

}  // namespace antistrophe::detail
