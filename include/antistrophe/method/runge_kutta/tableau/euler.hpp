// SPDX-License-Identifier: MIT
// Euler's method, order 1: y1 = y0 + h f(t0, y0).
// L. Euler, Institutionum calculi integralis I (1768), cap. VII.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct Euler {
  static constexpr std::string_view name = "Euler";
  static constexpr int order = 1;
  static constexpr int stages = 1;
  static constexpr bool fsal = false;
  static constexpr std::array<Rational, 1> c{0};
  static constexpr std::array<std::array<Rational, 1>, 1> a{};
  static constexpr std::array<Rational, 1> b{1};
  static constexpr int error_estimates = 0;
  static constexpr std::array<int, 0> embedded_order{};
  static constexpr std::array<std::array<Rational, 1>, 0> error{};
};

}  // namespace antistrophe::tableau
