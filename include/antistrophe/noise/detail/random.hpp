// SPDX-License-Identifier: MIT
// Random numbers as a function of a counter: no state, so that any of them can be had at any time.
//   philox    Philox2x64-10 and 4x64-10 (Salmon, Moraes, Dror & Shaw, SC 2011), random bits of a counter and a key
//   normals   N(0, 1) by Marsaglia and Tsang's ziggurat in Doornik's form (ZIGNOR, 2005), from 53 bits each
#pragma once

#include <antistrophe/core/config.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace antistrophe::detail {

using RandomWords = std::array<std::uint64_t, 4>;
using RandomKey = std::array<std::uint64_t, 2>;
using RandomPair = std::array<std::uint64_t, 2>;

__extension__ typedef unsigned __int128 WideProduct;

inline RandomWords philox(RandomWords counter, RandomKey key) {
  for (int round = 0; round < 10; ++round) {
    const WideProduct a = static_cast<WideProduct>(0xD2E7470EE14C6C93u) * counter[0];
    const WideProduct b = static_cast<WideProduct>(0xCA5A826395121157u) * counter[2];
    counter = {static_cast<std::uint64_t>(b >> 64) ^ counter[1] ^ key[0], static_cast<std::uint64_t>(b),
               static_cast<std::uint64_t>(a >> 64) ^ counter[3] ^ key[1], static_cast<std::uint64_t>(a)};
    key[0] += 0x9E3779B97F4A7C15u;
    key[1] += 0xBB67AE8584CAA73Bu;
  }
  return counter;
}

ANTISTROPHE_ALWAYS_INLINE RandomPair philox(RandomPair counter, std::uint64_t key) {
  for (int round = 0; round < 10; ++round) {
    const WideProduct a = static_cast<WideProduct>(0xD2B74407B1CE6E93u) * counter[0];
    counter = {static_cast<std::uint64_t>(a >> 64) ^ counter[1] ^ key, static_cast<std::uint64_t>(a)};
    key += 0x9E3779B97F4A7C15u;
  }
  return counter;
}

// In (0, 1).
inline double uniform(std::uint64_t word) { return (static_cast<double>(word >> 11) + 0.5) * 0x1p-53; }

// The area under exp(−x²/2) in layers of equal area: x of each layer, and the part of it that lies under the curve for sure.
struct Ziggurat {
  static constexpr int layers = 128;
  static constexpr double tail = 3.442619855899, area = 9.91256303526217e-3;
  std::array<double, layers + 1> x;
  std::array<double, layers> sure;

  Ziggurat() {
    double height = std::exp(-0.5 * tail * tail);
    x[0] = area / height;
    x[1] = tail;
    x[layers] = 0;
    for (std::size_t i = 2; i < layers; ++i) {
      x[i] = std::sqrt(-2 * std::log(area / x[i - 1] + height));
      height = std::exp(-0.5 * x[i] * x[i]);
    }
    for (std::size_t i = 0; i < layers; ++i) sure[i] = x[i + 1] / x[i];
  }
};
inline const Ziggurat& ziggurat() {
  static const Ziggurat table;
  return table;
}

// Which normal numbers: those of a node of a path, W's (kind 0) or its areas' (kind 1). A sample is the stream of its number, and every two
// of its channels have 128 bits of their own, of the seed, the stream and these two; numbers 2 c and 2 c + 1 of a node are made of the
// block that these and the node make. Where one lies outside its layer, further blocks decide.
class NormalSource {
 public:
  // Of each sample so many numbers.
  NormalSource(std::uint64_t seed, std::uint64_t stream, std::int64_t each, std::int64_t samples) : each_(each) {
    for (std::int64_t sample = 0; sample < samples; ++sample)
      for (std::int64_t i = 0; i < each; i += 2) {
        const RandomWords words =
            philox({static_cast<std::uint64_t>(i / 2), stream + static_cast<std::uint64_t>(sample), 0, 0}, {seed, 0});
        pairs_.push_back({words[0], words[1]});
      }
  }

  // Of each node, each · samples numbers, sample after sample; those of a node are `stride` behind those of the one before. One machine
  // code, for the bits of a path must not depend on who asks.
  ANTISTROPHE_ONE_INSTANCE void fill(std::span<const std::uint64_t> nodes, std::uint64_t kind, double* to,
                                     std::size_t stride) const {
    const Ziggurat& table = ziggurat();
    for (const std::uint64_t node : nodes) {
      const std::uint64_t counter = node + (kind << 49);  // a node is less than 2^49
      double* x = to;
      std::int64_t left = each_;
      for (const RandomPair& pair : pairs_) {
        const RandomPair words = philox({counter, pair[0]}, pair[1]);
        *x++ = shaped(table, words[0], pair, counter, 0);
        if (left > 1) *x++ = shaped(table, words[1], pair, counter, 1);
        left = left > 2 ? left - 2 : each_;
      }
      to += stride;
    }
  }

 private:
  ANTISTROPHE_ALWAYS_INLINE double shaped(const Ziggurat& table, std::uint64_t word, const RandomPair& pair,
                                          std::uint64_t counter, std::uint64_t number) const {
    const std::size_t layer = word & 127u;
    const double u = static_cast<double>(static_cast<std::int64_t>(word) >> 10) * 0x1p-53;  // in [-1, 1)
    return std::fabs(u) < table.sure[layer] ? u * table.x[layer] : outside(layer, u, pair, counter, number);
  }
  ANTISTROPHE_COLD double outside(std::size_t layer, double u, const RandomPair& pair, std::uint64_t counter,
                                  std::uint64_t number) const {
    const Ziggurat& table = ziggurat();
    for (std::uint64_t attempt = 1;; ++attempt) {
      const RandomPair words = philox({counter + ((2 * attempt + number) << 50), pair[0]}, pair[1]);
      if (layer == 0) {
        const double beyond = std::log(uniform(words[0])) / Ziggurat::tail;
        if (-2 * std::log(uniform(words[1])) >= beyond * beyond)
          return u < 0 ? beyond - table.tail : table.tail - beyond;
      } else {
        const double x = u * table.x[layer];
        const double upper = std::exp(-0.5 * (table.x[layer] * table.x[layer] - x * x));
        const double lower = std::exp(-0.5 * (table.x[layer + 1] * table.x[layer + 1] - x * x));
        if (lower + uniform(words[0]) * (upper - lower) < 1) return x;
        layer = words[1] & 127u;
        u = 2 * uniform(words[1]) - 1;
        if (std::fabs(u) < table.sure[layer]) return u * table.x[layer];
        continue;
      }
    }
  }

  std::int64_t each_;
  std::vector<RandomPair> pairs_;
};

}  // namespace antistrophe::detail
