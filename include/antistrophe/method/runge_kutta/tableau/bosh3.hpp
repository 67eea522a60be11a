// SPDX-License-Identifier: MIT
// Bogacki and Shampine's pair of order 3(2), four stages, the last of which is the next step's first.
// P. Bogacki & L. F. Shampine, Appl. Math. Lett. 2 (1989) 321–325.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct Bosh3 {
  static constexpr std::string_view name = "Bosh3";
  static constexpr int order = 3;
  static constexpr int stages = 4;
  static constexpr bool fsal = true;
  static constexpr std::array<Rational, 4> c{{0, {1, 2}, {3, 4}, 1}};
  static constexpr std::array<std::array<Rational, 4>, 4> a{{
      {},
      {{{1, 2}}},
      {{0, {3, 4}}},
      {{{2, 9}, {1, 3}, {4, 9}}},
  }};
  static constexpr std::array<Rational, 4> b = a[3];
  static constexpr std::array<Rational, 4> b_hat{{{7, 24}, {1, 4}, {1, 3}, {1, 8}}};
  static constexpr int error_estimates = 1;
  static constexpr std::array<int, 1> embedded_order{2};
  static constexpr std::array<std::array<Rational, 4>, 1> error{{difference(b, b_hat)}};
};

}  // namespace antistrophe::tableau
