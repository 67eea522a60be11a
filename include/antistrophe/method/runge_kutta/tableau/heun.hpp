// SPDX-License-Identifier: MIT
// Heun's method (the explicit trapezoidal rule), order 2, with Euler's step as the embedded method.
// K. Heun, Z. Math. Phys. 45 (1900); Hairer, Nørsett & Wanner I, section II.1.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct Heun {
  static constexpr std::string_view name = "Heun";
  static constexpr int order = 2;
  static constexpr int stages = 2;
  static constexpr bool fsal = false;
  static constexpr std::array<Rational, 2> c{{0, 1}};
  static constexpr std::array<std::array<Rational, 2>, 2> a{{
      {},
      {{1}},
  }};
  static constexpr std::array<Rational, 2> b{{{1, 2}, {1, 2}}};
  static constexpr std::array<Rational, 2> b_hat{{1, 0}};
  static constexpr int error_estimates = 1;
  static constexpr std::array<int, 1> embedded_order{1};
  static constexpr std::array<std::array<Rational, 2>, 1> error{{difference(b, b_hat)}};
};

}  // namespace antistrophe::tableau
