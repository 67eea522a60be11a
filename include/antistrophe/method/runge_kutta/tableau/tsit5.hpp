// SPDX-License-Identifier: MIT
// Tsitouras' pair of order 5(4), seven stages, the last of which is the next step's first.
// Ch. Tsitouras, Comput. Math. Appl. 62 (2011) 770–775, table 1, in the longer digits of P. Stone's
// collection of Runge–Kutta schemes (peterstone.name, RKcoeff5n_1), rounded to 36.
#pragma once

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

namespace antistrophe::tableau {

struct Tsit5 {
  static constexpr std::string_view name = "Tsit5";
  static constexpr int order = 5;
  static constexpr int stages = 7;
  static constexpr bool fsal = true;
  // clang-format off
  static constexpr std::array<long double, 7> c{{
      0, 0.161L, 0.327L, 0.9L, 0.980025540904509685729810286287024595L, 1, 1}};
  static constexpr std::array<std::array<long double, 7>, 7> a{{
      {},
      {{0.161L}},
      {{-0.00848065549235698854442687425023077468L, 0.335480655492356988544426874250230775L}},
      {{2.89715305710549343213043259419293876L, -6.35944848997507484314815991238382563L,
        4.36229543286958141101772731819088686L}},
      {{5.32586482843925660442887792084051132L, -11.7488835640628278777471703397857730L,
        7.49553934288983620830460478456435816L, -0.0924950663617552492565020793320719161L}},
      {{5.86145544294642002865925148698264789L, -12.9209693178471092917061186817833594L,
        8.15936789857615864318040079453925349L, -0.0715849732814009972245305425258297387L,
        -0.0282690503940683829090030572127122415L}},
      {{0.0964607668180652295181673131651287633L, 0.01L,
        0.479889650414499574775249532290596520L, 1.37900857410374189319227482185687277L,
        -3.29006951543608067990104758571136385L, 2.32471052409977398241535591839876580L}},
  }};
  static constexpr std::array<long double, 7> b = a[6];
  static constexpr std::array<long double, 7> b_hat{{
      0.0946807557658394580747887625575892286L, 0.00918356554034325309677636393664531376L,
      0.487770528424761570785564259963122824L, 1.23429756693047898565510967388423765L,
      -2.70771234998352545488110997505932167L, 1.86662841817058703575371939956621150L,
      1.0L / 66.0L}};
  // clang-format on
  static constexpr int error_estimates = 1;
  static constexpr std::array<int, 1> embedded_order{4};
  static constexpr std::array<std::array<long double, 7>, 1> error{{difference(b, b_hat)}};

  // Tsitouras' quartic. The paper prints the numbers to 17 to 19 digits; the order conditions and the last of
  // them, 5/2, leave no choice in the others, which are given here to 36.
  static constexpr int dense_order = 4;
  // clang-format off
  static constexpr std::array<std::array<long double, 7>, 1> dense{{
      {{-1.05308849772902155722749030252306855L, 0.1017L,
        2.49062728565125279308354507258819594L, -16.5481028892449027183072978622824732L,
        47.3795219628192812186815818681988328L, -34.8706578614966097362303387759814870L,
        2.5L}},
  }};
  // clang-format on
};

}  // namespace antistrophe::tableau
