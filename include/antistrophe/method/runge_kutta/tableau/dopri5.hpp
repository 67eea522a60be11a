// SPDX-License-Identifier: MIT
// Dormand and Prince's pair of order 5(4), seven stages, the last of which is the next step's first.
// J. R. Dormand & P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19–26; Hairer, Nørsett & Wanner I,
// table II.5.2.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct Dopri5 {
  static constexpr std::string_view name = "Dopri5";
  static constexpr int order = 5;
  static constexpr int stages = 7;
  static constexpr bool fsal = true;
  static constexpr std::array<Rational, 7> c{{0, {1, 5}, {3, 10}, {4, 5}, {8, 9}, 1, 1}};
  // clang-format off
  static constexpr std::array<std::array<Rational, 7>, 7> a{{
      {},
      {{{1, 5}}},
      {{{3, 40}, {9, 40}}},
      {{{44, 45}, {-56, 15}, {32, 9}}},
      {{{19372, 6561}, {-25360, 2187}, {64448, 6561}, {-212, 729}}},
      {{{9017, 3168}, {-355, 33}, {46732, 5247}, {49, 176}, {-5103, 18656}}},
      {{{35, 384}, 0, {500, 1113}, {125, 192}, {-2187, 6784}, {11, 84}}},
  }};
  static constexpr std::array<Rational, 7> b = a[6];
  static constexpr std::array<Rational, 7> b_hat{{
      {5179, 57600}, 0, {7571, 16695}, {393, 640}, {-92097, 339200}, {187, 2100}, {1, 40}}};
  // clang-format on
  static constexpr int error_estimates = 1;
  static constexpr std::array<int, 1> embedded_order{4};
  static constexpr std::array<std::array<Rational, 7>, 1> error{{difference(b, b_hat)}};

  // Shampine's quartic, Math. Comp. 46 (1986) 135–150; the fractions are those of dopri5.f.
  static constexpr int dense_order = 4;
  static constexpr std::array<std::array<Rational, 7>, 1> dense{{
      {{{-12715105075, 11282082432},
        0,
        {87487479700, 32700410799},
        {-10690763975, 1880347072},
        {701980252875, 199316789632},
        {-1453857185, 822651844},
        {69997945, 29380423}}},
  }};
};

}  // namespace antistrophe::tableau
