// SPDX-License-Identifier: MIT
// The weights of Adams methods: integrals of the Lagrange basis on the last K nodes, in the unit of the step,
// s = (t − t_n)/h (Hairer, Nørsett & Wanner, Solving ODEs I, III.1 and III.5). With equal steps they are constants of the
// program, with others they are computed from the times of the nodes alone, so that both passes find the same bits.
#pragma once

#include <antistrophe/core/config.hpp>

#include <array>
#include <cstddef>

namespace antistrophe::detail {

// Gauss–Legendre on [0, 1] with five points: exact for polynomials up to degree 9, all that K <= 8 asks for.
template <class Real>
inline constexpr std::array<Real, 5> gauss_points{
    Real(0.04691007703066800360118656085L), Real(0.23076534494715845448184278965L), Real(0.5L),
    Real(0.76923465505284154551815721035L), Real(0.95308992296933199639881343915L)};
template <class Real>
inline constexpr std::array<Real, 5> gauss_weights{
    Real(0.11846344252809454375713202036L), Real(0.23931433524968323402064575742L),
    Real(0.28444444444444444444444444444L), Real(0.23931433524968323402064575742L),
    Real(0.11846344252809454375713202036L)};

// The Lagrange polynomials ℓ_j of M distinct nodes, ℓ_j(node_i) = [i = j].
template <std::size_t M, class Real>
struct LagrangeBasis {
  std::array<Real, M> node{}, scale{};  // scale_j = 1 / Π_{m≠j} (node_j − node_m)

  constexpr LagrangeBasis() = default;
  constexpr explicit LagrangeBasis(const std::array<Real, M>& nodes) : node(nodes) {
    for (std::size_t j = 0; j < M; ++j) {
      Real product{1};
      for (std::size_t m = 0; m < M; ++m)
        if (m != j) product *= node[j] - node[m];
      scale[j] = 1 / product;
    }
  }

  // ℓ_j(s), by products from the left and from the right; s may be a node.
  constexpr std::array<Real, M> at(Real s) const {
    std::array<Real, M> values{};
    Real left{1};
    for (std::size_t j = 0; j < M; ++j) {
      values[j] = scale[j] * left;
      left *= s - node[j];
    }
    Real right{1};
    for (std::size_t j = M; j-- > 0;) {
      values[j] *= right;
      right *= s - node[j];
    }
    return values;
  }

  // ∫ ℓ_j ds over [from, to].
  constexpr std::array<Real, M> integral(Real from, Real to) const {
    std::array<Real, M> sum{};
    for (std::size_t g = 0; g < gauss_points<Real>.size(); ++g) {
      const std::array<Real, M> values = at(from + (to - from) * gauss_points<Real>[g]);
      for (std::size_t j = 0; j < M; ++j) sum[j] += gauss_weights<Real>[g] * values[j];
    }
    for (Real& w : sum) w *= to - from;
    return sum;
  }

  // ℓ_j'(s).
  constexpr std::array<Real, M> slope(Real s) const {
    std::array<Real, M> slopes{};
    for (std::size_t j = 0; j < M; ++j) {
      for (std::size_t k = 0; k < M; ++k) {
        if (k == j) continue;
        Real product = scale[j];
        for (std::size_t m = 0; m < M; ++m)
          if (m != j && m != k) product *= s - node[m];
        slopes[j] += product;
      }
    }
    return slopes;
  }

  // ∫_0^σ ℓ_j ds as a polynomial: entry [j][p] multiplies σ^{p+1}.
  constexpr std::array<std::array<Real, M>, M> integral_coefficients() const {
    std::array<std::array<Real, M>, M> rows{};
    for (std::size_t j = 0; j < M; ++j) {
      std::array<Real, M>& c = rows[j];
      c[0] = scale[j];
      std::size_t degree = 0;
      for (std::size_t m = 0; m < M; ++m) {
        if (m == j) continue;
        ++degree;
        for (std::size_t p = degree + 1; p-- > 0;)
          c[p] = (p > 0 ? c[p - 1] : Real{0}) - (p < degree ? node[m] * c[p] : Real{0});
      }
      for (std::size_t p = 0; p < M; ++p) c[p] /= static_cast<Real>(p + 1);
    }
    return rows;
  }
};

// What one step takes of the values f_n, f_{n−1}, …, f_{n−K+1} (entry j belongs to f_{n−j}), times h:
//   main     ∫ over the step, [0, 1]. With a corrector (PECE) the value at the predicted end stands last, and these are
//            the Adams–Moulton weights of order K + 1
//   predict  the Adams–Bashforth weights of order K; main itself without a corrector
//   mirror   ∫ over the oldest step, [s_K, s_{K−1}]
//   error    main less the method of one order less
//   end      Adams–Moulton of order K + 1 less main, which is a multiple of f_{n+1} less the interpolant there: its weight
//            on f_{n+1}; and beyond those on the past. Without a corrector
template <std::size_t K, bool Corrected, class Real>
struct AdamsWeights {
  static constexpr std::size_t values = K + (Corrected ? 1 : 0);
  LagrangeBasis<K, Real> past;
  LagrangeBasis<values, Real> all;  // the past, and the end of the step
  std::array<Real, values> main{}, error{};
  std::array<Real, K> predict{}, mirror{}, beyond{};
  Real end{};
  Real oldest{};  // s_K

  constexpr AdamsWeights() = default;

  // s: of the nodes t_n, …, t_{n−K}, so that s[0] = 0, and decreasing.
  constexpr explicit AdamsWeights(const std::array<Real, K + 1>& s) {
    std::array<Real, K> nodes{};
    for (std::size_t j = 0; j < K; ++j) nodes[j] = s[j];
    past = LagrangeBasis<K, Real>(nodes);
    predict = past.integral(0, 1);
    mirror = past.integral(s[K], s[K - 1]);
    oldest = s[K];
    if constexpr (Corrected) {
      std::array<Real, values> with_end{};
      for (std::size_t j = 0; j < K; ++j) with_end[j] = s[j];
      with_end[K] = 1;
      all = LagrangeBasis<values, Real>(with_end);
      main = error = all.integral(0, 1);
      for (std::size_t j = 0; j < K; ++j) error[j] -= predict[j];
    } else {
      all = past;
      main = predict;
      // p_K − p_{K−1} = f[t_n, …, t_{n−K+1}] Π_{m<K−1} (s − s_m), and scale_j are the weights of that difference.
      // Likewise p_{K+1} − p_K, of which Π_{m<K} (s − s_m) / Π_{m<K} (1 − s_m) is the basis function of the end.
      Real product_integral{0}, longer_integral{0}, at_end{1};
      for (std::size_t g = 0; g < gauss_points<Real>.size(); ++g) {
        Real product = gauss_weights<Real>[g];
        for (std::size_t m = 0; m + 1 < K; ++m) product *= gauss_points<Real>[g] - s[m];
        product_integral += product;
        longer_integral += product * (gauss_points<Real>[g] - s[K - 1]);
      }
      for (std::size_t j = 0; j < K; ++j) at_end *= 1 - s[j];
      end = longer_integral / at_end;
      const std::array<Real, K> there = past.at(1);
      for (std::size_t j = 0; j < K; ++j) error[j] = product_integral * past.scale[j];
      for (std::size_t j = 0; j < K; ++j) beyond[j] = -end * there[j];
    }
  }
};

// The weights of a step from t[0] to t1, where t[j] is the time of node n − j. The backward pass must repeat the forward
// pass bit for bit, so this is one function in the machine code.
template <std::size_t K, bool Corrected, class Real>
ANTISTROPHE_ONE_INSTANCE void weigh_unequal_steps(const std::array<double, K + 1>& t, double t1,
                                                  AdamsWeights<K, Corrected, Real>& weights) {
  std::array<Real, K + 1> s;
  const Real h = static_cast<Real>(t1) - static_cast<Real>(t[0]);
  for (std::size_t j = 0; j <= K; ++j) s[j] = (static_cast<Real>(t[j]) - static_cast<Real>(t[0])) / h;
  weights = AdamsWeights<K, Corrected, Real>(s);
}

// With equal steps s_j = −j.
template <std::size_t K, bool Corrected, class Real>
inline constexpr AdamsWeights<K, Corrected, Real> equal_steps_weights = [] {
  std::array<long double, K + 1> s{};
  for (std::size_t j = 0; j <= K; ++j) s[j] = -static_cast<long double>(j);
  const AdamsWeights<K, Corrected, long double> exact(s);
  AdamsWeights<K, Corrected, Real> rounded;
  const auto round = [](const auto& from, auto& to) {
    for (std::size_t j = 0; j < from.size(); ++j) to[j] = static_cast<Real>(from[j]);
  };
  round(exact.past.node, rounded.past.node), round(exact.past.scale, rounded.past.scale);
  round(exact.all.node, rounded.all.node), round(exact.all.scale, rounded.all.scale);
  round(exact.main, rounded.main), round(exact.error, rounded.error);
  round(exact.predict, rounded.predict), round(exact.mirror, rounded.mirror);
  round(exact.beyond, rounded.beyond);
  rounded.end = static_cast<Real>(exact.end);
  rounded.oldest = static_cast<Real>(exact.oldest);
  return rounded;
}();

}  // namespace antistrophe::detail
