// SPDX-License-Identifier: MIT
// Random numbers as a function of a counter: no state, so that any of them can be had at any time.
//   philox    Philox4x64-10 (Salmon, Moraes, Dror & Shaw, SC 2011), 256 random bits of a counter and a key
//   normals   N(0, 1) by Marsaglia and Tsang's ziggurat in Doornik's form (ZIGNOR, 2005), from 53 bits each
#pragma once

#include <antistrophe/core/config.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace antistrophe::detail {

using RandomWords = std::array<std::uint64_t, 4>;
using RandomKey = std::array<std::uint64_t, 2>;

__extension__ typedef unsigned __int128 WideProduct;

ANTISTROPHE_ALWAYS_INLINE RandomWords philox(RandomWords counter, RandomKey key) {
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

// Which normal numbers: those of a node of a path, W's (kind 0) or another's. Of each sample, numbers 4 c to 4 c + 3 are made of
// the block of counter (node, c, stream, kind); where one lies outside its layer, further blocks of its own decide.
struct NormalSource {
  std::uint64_t seed, stream;
  std::int64_t each, samples;  // numbers of one sample, and samples, whose streams follow one another

  // Writes each · samples numbers, sample after sample. One machine code, for the bits of a path must not depend on who asks.
  ANTISTROPHE_ONE_INSTANCE void fill(std::uint64_t node, std::uint64_t kind, double* to) const {
    const Ziggurat& table = ziggurat();
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      const std::uint64_t of = stream + static_cast<std::uint64_t>(sample);
      for (std::int64_t i = 0; i < each; i += 4) {
        const RandomWords words = philox({node, static_cast<std::uint64_t>(i / 4), of, kind}, {seed, 0});
        const std::int64_t count = each - i < 4 ? each - i : 4;
        for (std::int64_t j = 0; j < count; ++j) {
          const std::uint64_t word = words[static_cast<std::size_t>(j)];
          const std::size_t layer = word & 127u;
          const double u = 2 * uniform(word) - 1;
          *to++ = std::fabs(u) < table.sure[layer]
                      ? u * table.x[layer]
                      : outside(layer, u, {node, static_cast<std::uint64_t>(i + j), of, kind});
        }
      }
    }
  }

 private:
  ANTISTROPHE_COLD double outside(std::size_t layer, double u, RandomWords counter) const {
    const Ziggurat& table = ziggurat();
    const std::uint64_t number = counter[1], kind = counter[3];
    for (std::uint64_t attempt = 1;; ++attempt) {
      const RandomWords words = philox({counter[0], number, counter[2], kind + 2 * attempt}, {seed, 0});
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
};

}  // namespace antistrophe::detail
