// SPDX-License-Identifier: MIT
// A state from those after it: a polynomial through the later ones, and, where these are known, with their slopes (Hermite), taken at
// the state's own time. On integers, so that what is left over is one too; both passes run the same machine code.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/number/arithmetic.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace antistrophe::detail {

struct Extrapolation {
  static constexpr int most_nodes = 5, most_slopes = 4;

  int nodes = 0;
  bool with_slopes = false;
  std::array<double, most_nodes> of_states{};   // sum to 1; that of the first node is not needed
  std::array<double, most_slopes> of_slopes{};  // times
};

// To time t from those of the nodes.
ANTISTROPHE_ONE_INSTANCE inline void weigh(double t, const double* times, Extrapolation& weights) {
  constexpr auto most = static_cast<std::size_t>(Extrapolation::most_nodes);
  const auto nodes = static_cast<std::size_t>(weights.nodes);
  // Of the polynomial that is 1 at node j and 0 at the others: its value at t, its slope at the node.
  std::array<double, most> basis, slope{};
  basis.fill(1);
  for (std::size_t j = 1; j < nodes; ++j)
    for (std::size_t k = 0; k < j; ++k) {
      const double inverse = 1 / (times[j] - times[k]);
      basis[j] *= (t - times[k]) * inverse;
      basis[k] *= (times[j] - t) * inverse;
      slope[j] += inverse;
      slope[k] -= inverse;
    }
  for (std::size_t j = 0; j < nodes; ++j) {
    if (weights.with_slopes) {
      const double square = basis[j] * basis[j];
      weights.of_states[j] = (1 - 2 * (t - times[j]) * slope[j]) * square;
      weights.of_slopes[j] = (t - times[j]) * square;
    } else {
      weights.of_states[j] = basis[j];
    }
  }
}

// Differences of whole numbers wrap around, as their sums do on the way back.
inline std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

template <int Nodes, bool WithSlopes>
inline void extrapolate_from(const Extrapolation& weights, const std::int64_t* const* nodes,
                             const double* const* slopes, std::size_t first, std::size_t count, std::int64_t* result) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t e = first + i;
    const std::int64_t nearest_node = nodes[0][e];
    double change = 0;
    for (int j = 1; j < Nodes; ++j)
      change +=
          weights.of_states[static_cast<std::size_t>(j)] * static_cast<double>(difference(nodes[j][e], nearest_node));
    if constexpr (WithSlopes)
      for (int j = 0; j < Nodes; ++j) change += weights.of_slopes[static_cast<std::size_t>(j)] * slopes[j][e];
    if (!(std::fabs(change) < 0x1p61)) change = 0;
    result[i] = sum(nearest_node, nearest(change));
  }
}

// Entries from `first` on; slopes in units a unit of time.
ANTISTROPHE_ONE_INSTANCE inline void extrapolate(const Extrapolation& weights, const std::int64_t* const* nodes,
                                                 const double* const* slopes, std::size_t first, std::size_t count,
                                                 std::int64_t* result) {
  const auto from = [&]<int Nodes, bool WithSlopes>() {
    extrapolate_from<Nodes, WithSlopes>(weights, nodes, slopes, first, count, result);
  };
  switch (weights.nodes * 2 + (weights.with_slopes ? 1 : 0)) {
    case 2:
      return from.template operator()<1, false>();
    case 3:
      return from.template operator()<1, true>();
    case 4:
      return from.template operator()<2, false>();
    case 5:
      return from.template operator()<2, true>();
    case 6:
      return from.template operator()<3, false>();
    case 7:
      return from.template operator()<3, true>();
    case 8:
      return from.template operator()<4, false>();
    case 9:
      return from.template operator()<4, true>();
    default:
      return from.template operator()<5, false>();
  }
}

}  // namespace antistrophe::detail
