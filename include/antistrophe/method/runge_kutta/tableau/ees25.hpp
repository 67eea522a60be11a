// SPDX-License-Identifier: MIT
// EES(2,5), an explicit and effectively symmetric method (Shmelev, Ebrahimi-Fard, Tapia & Salvi 2025, arXiv 2507.21006): order 2,
// and a step there and back, Ψ_h and then Ψ_{−h}, misses its start by O(h⁶) only. Euler's step is the embedded method.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct EES25 {
  static constexpr std::string_view name = "EES25";
  static constexpr int order = 2;
  static constexpr int reversible_order = 5;
  static constexpr int stages = 3;
  static constexpr bool fsal = false;
  static constexpr std::array<Rational, 3> c{{0, {1, 3}, {5, 6}}};
  static constexpr std::array<std::array<Rational, 3>, 3> a{{
      {},
      {{{1, 3}}},
      {{{-5, 48}, {15, 16}}},
  }};
  static constexpr std::array<Rational, 3> b{{{1, 10}, {1, 2}, {2, 5}}};
  static constexpr std::array<Rational, 3> b_hat{{1, 0, 0}};
  static constexpr int error_estimates = 1;
  static constexpr std::array<int, 1> embedded_order{1};
  static constexpr std::array<std::array<Rational, 3>, 1> error{{difference(b, b_hat)}};
};

}  // namespace antistrophe::tableau
