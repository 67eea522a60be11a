// SPDX-License-Identifier: MIT
// What goes with an order of an Adams method: the method of its first steps, λ where none is given, what equal steps make of
// y' = μy, and how long a floating ring may be reconstructed.
#pragma once

#include <antistrophe/method/adams/detail/adams_weights.hpp>
#include <antistrophe/method/detail/growth.hpp>
#include <antistrophe/method/runge_kutta/tableau/all.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace antistrophe::detail {

// The method of the first K steps, with an estimate of its error. The errors of so few steps do not add up: order K − 1 would
// do for order K (Hairer, Nørsett & Wanner I, III.4).
template <int K>
using AdamsStart = std::conditional_t<
    K == 1, tableau::Heun,
    std::conditional_t<K <= 3, tableau::Bosh3, std::conditional_t<K <= 6, tableau::Dopri5, tableau::Dop853>>>;

// Σ_{c_i > σ} of the weights of its estimate says what it makes of a jump of f at σ, that of b less (1 − σ) what the error is:
// with Dopri5 89 to 170 times as much, for σ from 0 to 4/5. The method starts where there are jumps and kinks, so the estimate
// is magnified; on smooth stretches it is far below the tolerance there.
template <int K>
inline constexpr double start_caution = K == 1   ? 1
                                        : K <= 3 ? 4
                                        : K <= 6 ? 64
                                                 : 8;

// λ where none is given, and the stable interval (−s, 0) of hμ on y' = μy that it leaves, by order: docs/equations.md says why,
// examples/adams_stability.cpp measures it.
struct AdamsChoice {
  double lambda, stable_interval;
};
inline constexpr std::array<AdamsChoice, 8> adams_choices{{{-0.25, 3.33},
                                                           {0.25, 1.66},
                                                           {-0.25, 0.909},
                                                           {0.25, 0.5},
                                                           {-0.25, 0.272},
                                                           {0.5, 0.138},
                                                           {-0.25, 0.078},
                                                           {0.5, 0.055}}};
inline constexpr std::array<AdamsChoice, 8> pece_choices{{{0.125, 2.25},
                                                          {-0.125, 2.1},
                                                          {0.125, 1.74},
                                                          {-0.125, 1.34},
                                                          {0.125, 1.06},
                                                          {-0.125, 0.86},
                                                          {-0.125, 0.36},
                                                          {0.125, 0.225}}};

// That of order K; a K out of range has another sentence.
template <int K, bool Corrected>
inline constexpr AdamsChoice adams_choice =
    (Corrected ? pece_choices : adams_choices)[static_cast<std::size_t>(std::clamp(K, 1, 8) - 1)];

// The polynomial whose roots are the factors that a step, q = hμ, multiplies solutions and parasites by.
template <std::size_t K, bool Corrected>
std::array<ComplexNumber, K + 2> adams_polynomial(double lambda, const ComplexNumber& q) {
  const auto& w = equal_steps_weights<K, Corrected, double>;
  std::array<ComplexNumber, K + 2> next{};  // x_{n−K}, …, x_n, of which x_{n+1} is made
  next[K] = 1;
  next[0] += lambda;
  next[1] -= lambda;
  for (std::size_t j = 0; j < K; ++j) {
    next[K - j] += q * (w.main[j] + lambda * w.mirror[j]);
    if constexpr (Corrected) next[K - j] += q * w.main[K] * (q * w.predict[j] + (j == 0 ? 1.0 : 0.0));
  }
  for (ComplexNumber& coefficient : next) coefficient = -coefficient;
  next[K + 1] = 1;
  return next;
}

// In floating arithmetic round-off grows like |λ|^{−n/K} on the way back, and faster where steps are near or beyond the edge
// of stability, the more so the higher the order. Where a third of the digits would be lost, after this many steps, the ring
// goes onto the stack of bits, and the way back goes on from there.
inline constexpr std::int64_t never_kept = 1'000'000'000'000'000;
template <std::size_t K, bool Corrected, class Real>
std::int64_t adams_ring_period(double lambda) {
  constexpr double faster = K <= 4                ? 1
                            : K <= 6              ? 2
                            : K == 7 || Corrected ? 4
                                                  : 12;  // measured: tests/adjoint/drift_test
  const double a_third_of_the_digits = -std::log(static_cast<double>(std::numeric_limits<Real>::epsilon())) / 3;
  const double rate = -std::log(lambda) * faster / static_cast<double>(K);
  if (!(rate > 0)) return never_kept;
  return static_cast<std::int64_t>(std::clamp(a_third_of_the_digits / rate, 1.0, static_cast<double>(never_kept)));
}

}  // namespace antistrophe::detail
