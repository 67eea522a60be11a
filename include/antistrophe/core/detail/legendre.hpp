// SPDX-License-Identifier: MIT
// The nodes and weights of Gauss and Legendre on [0, 1]: n of them integrate polynomials of degree 2n − 1 exactly.
#pragma once

#include <cmath>
#include <cstddef>
#include <map>
#include <numbers>
#include <utility>
#include <vector>

namespace antistrophe::detail {

struct LegendreRule {
  std::vector<double> nodes, weights;

  // Newton's method on P_n, from the roots' asymptotics; n >= 1.
  explicit LegendreRule(int n) : nodes(static_cast<std::size_t>(n)), weights(nodes) {
    for (int i = 0; i < n; ++i) {
      double x = std::cos(std::numbers::pi * (i + 0.75) / (n + 0.5)), slope = 0;
      for (int iteration = 0; iteration < 100; ++iteration) {
        const auto [value, derivative] = legendre(n, x);
        const double step = value / derivative;
        x -= step;
        slope = derivative;
        if (std::fabs(step) < 1e-15) break;
      }
      slope = legendre(n, x).second;
      nodes[static_cast<std::size_t>(i)] = (1 - x) / 2;
      weights[static_cast<std::size_t>(i)] = 1 / ((1 - x * x) * slope * slope);
    }
  }

 private:
  // P_n(x) and its derivative, |x| < 1.
  static std::pair<double, double> legendre(int n, double x) {
    double before = 1, here = x;
    for (int k = 2; k <= n; ++k) {
      const double next = ((2 * k - 1) * x * here - (k - 1) * before) / k;
      before = here;
      here = next;
    }
    return {here, n * (x * here - before) / (x * x - 1)};
  }
};

// Rules made once each.
class LegendreRules {
 public:
  const LegendreRule& operator()(int n) { return rules_.try_emplace(n, n).first->second; }

 private:
  std::map<int, LegendreRule> rules_;
};

}  // namespace antistrophe::detail
