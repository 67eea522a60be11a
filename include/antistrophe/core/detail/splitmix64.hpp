// SPDX-License-Identifier: MIT
// Well mixed 64-bit numbers, the same on every machine (Steele, Lea & Flood 2014, SplitMix64).
#pragma once

#include <cstdint>

namespace antistrophe::detail {

// 2^64 over the golden ratio, odd: its multiples are spread evenly.
inline constexpr std::uint64_t golden_increment = 0x9e3779b97f4a7c15u;

// Of n. The generator's sequence from a state s is splitmix64(s), splitmix64(s + golden_increment), …
inline std::uint64_t splitmix64(std::uint64_t n) {
  n += golden_increment;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9u;
  n = (n ^ (n >> 27)) * 0x94d049bb133111ebu;
  return n ^ (n >> 31);
}

}  // namespace antistrophe::detail
