// SPDX-License-Identifier: MIT
// Ralston's method of order 2: the two-stage method with the least bound on the local error, with
// Euler's step as the embedded method. A. Ralston, Math. Comp. 16 (1962) 431–437.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct Ralston {
  static constexpr std::string_view name = "Ralston";
  static constexpr int order = 2;
  static constexpr int stages = 2;
  static constexpr bool fsal = false;
  static constexpr std::array<Rational, 2> c{{0, {2, 3}}};
  static constexpr std::array<std::array<Rational, 2>, 2> a{{
      {},
      {{{2, 3}}},
  }};
  static constexpr std::array<Rational, 2> b{{{1, 4}, {3, 4}}};
  static constexpr std::array<Rational, 2> b_hat{{1, 0}};
  static constexpr int error_estimates = 1;
  static constexpr std::array<int, 1> embedded_order{1};
  static constexpr std::array<std::array<Rational, 2>, 1> error{{difference(b, b_hat)}};
};

}  // namespace antistrophe::tableau
