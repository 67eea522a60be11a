// SPDX-License-Identifier: MIT
// EES(2,7), an explicit and effectively symmetric method (Shmelev, Ebrahimi-Fard, Tapia & Salvi 2025, arXiv 2507.21006): order 2,
// and a step there and back, Ψ_h and then Ψ_{−h}, misses its start by O(h⁸) only. Its numbers are of the form p + q √2.
// Euler's step is the embedded method.
#pragma once

#include <array>
#include <string_view>

namespace antistrophe::tableau {

struct EES27 {
  static constexpr std::string_view name = "EES27";
  static constexpr int order = 2;
  static constexpr int reversible_order = 7;
  static constexpr int stages = 4;
  static constexpr bool fsal = false;
  static constexpr long double q = 1.41421356237309504880168872420969808L;  // √2
  static constexpr std::array<long double, 4> c{{0, (2 - q) / 3, (2 + q) / 6, (4 + q) / 6}};
  static constexpr std::array<std::array<long double, 4>, 4> a{{
      {},
      {{(2 - q) / 3}},
      {{(-4 + q) / 24, (4 + q) / 8}},
      {{(-176 + 145 * q) / 168, 3 * (8 - 5 * q) / 56, 3 * (3 - q) / 7}},
  }};
  static constexpr std::array<long double, 4> b{
      {(5 - 3 * q) / 14, (3 + q) / 14, 3 * (-1 + 2 * q) / 14, (9 - 4 * q) / 14}};
  static constexpr int error_estimates = 1;
  static constexpr std::array<int, 1> embedded_order{1};
  static constexpr std::array<std::array<long double, 4>, 1> error{{{b[0] - 1, b[1], b[2], b[3]}}};
};

}  // namespace antistrophe::tableau
