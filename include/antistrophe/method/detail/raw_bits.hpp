// SPDX-License-Identifier: MIT
// What of a carry is given up at a step, and the way back needs, goes onto the stack of bits as it is.
#pragma once

#include <antistrophe/number/bit_stack.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace antistrophe::detail {

// The numbers of an array as they are, in words of 32 bits.
template <class A>
std::size_t raw_size(const A& array) {
  static_assert(sizeof(typename A::Scalar) % sizeof(std::uint32_t) == 0);
  return static_cast<std::size_t>(array.size()) * sizeof(typename A::Scalar);
}

template <class A, class Bits>
void push_words(const A& array, Bits& bits) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(array.data());
  for (std::size_t at = 0; at < raw_size(array); at += sizeof(std::uint32_t)) {
    std::uint32_t word;
    std::memcpy(&word, bytes + at, sizeof(word));
    bits.push(word, 32);
  }
}
template <class A, class Bits>
void push_raw([[maybe_unused]] const A& array, [[maybe_unused]] Bits& bits) {
  if constexpr (!std::is_same_v<Bits, NoBits>) push_words(array, bits);
}
template <class A, class Cursor>
void pop_raw(A& array, Cursor& bits) {
  auto* bytes = reinterpret_cast<unsigned char*>(array.data());
  for (std::size_t at = raw_size(array); at > 0;) {
    at -= sizeof(std::uint32_t);
    const auto word = static_cast<std::uint32_t>(bits.pop(32));
    std::memcpy(bytes + at, &word, sizeof(word));
  }
}

}  // namespace antistrophe::detail
