// SPDX-License-Identifier: MIT
// The classical Runge–Kutta method, order 4.
// W. Kutta, Z. Math. Phys. 46 (1901); Hairer, Nørsett & Wanner I, table II.1.2, left.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct RK4 {
  static constexpr std::string_view name = "RK4";
  static constexpr int order = 4;
  static constexpr int stages = 4;
  static constexpr bool fsal = false;
  static constexpr std::array<Rational, 4> c{{0, {1, 2}, {1, 2}, 1}};
  static constexpr std::array<std::array<Rational, 4>, 4> a{{
      {},
      {{{1, 2}}},
      {{0, {1, 2}}},
      {{0, 0, 1}},
  }};
  static constexpr std::array<Rational, 4> b{{{1, 6}, {1, 3}, {1, 3}, {1, 6}}};
  static constexpr int error_estimates = 0;
  static constexpr std::array<int, 0> embedded_order{};
  static constexpr std::array<std::array<Rational, 4>, 0> error{};
};

}  // namespace antistrophe::tableau
