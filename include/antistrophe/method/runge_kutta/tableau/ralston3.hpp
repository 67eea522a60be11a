// SPDX-License-Identifier: MIT
// Ralston's method of order 3: the three-stage method with the least bound on the local error.
// A. Ralston, Math. Comp. 16 (1962) 431–437. With one more stage and an error estimate it is Bosh3.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct Ralston3 {
  static constexpr std::string_view name = "Ralston3";
  static constexpr int order = 3;
  static constexpr int stages = 3;
  static constexpr bool fsal = false;
  static constexpr std::array<Rational, 3> c{{0, {1, 2}, {3, 4}}};
  static constexpr std::array<std::array<Rational, 3>, 3> a{{
      {},
      {{{1, 2}}},
      {{0, {3, 4}}},
  }};
  static constexpr std::array<Rational, 3> b{{{2, 9}, {1, 3}, {4, 9}}};
  static constexpr int error_estimates = 0;
  static constexpr std::array<int, 0> embedded_order{};
  static constexpr std::array<std::array<Rational, 3>, 0> error{};
};

}  // namespace antistrophe::tableau
