// SPDX-License-Identifier: MIT
// Checkpoints in few bits, without loss: each carry is by itself, for checkpoints lie far apart, and every part of it is predicted
// from the parts before it (the halves of a pair are near each other, the states of a method of several steps lie on a smooth
// curve), or every entry from the entries before it (of a field of values in space). What that misses is packed, 16 numbers to the
// width of the widest. Floating-point numbers are taken by their bits, in the order of the numbers.
#pragma once

#include <antistrophe/adjoint/detail/checkpoint_store.hpp>
#include <antistrophe/adjoint/detail/ordered_bits.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

namespace antistrophe::detail {

// An array of a carry, of so many numbers.
struct NumberPiece {
  void* data;
  std::size_t count;
  enum Kind { integers, doubles, floats } kind;
};

class CodedSlots {
 public:
  template <class Carry>
  static auto pieces_of(const Carry& carry) {
    return std::apply([](const auto&... part) { return std::array{piece_of(part)...}; }, carry.parts());
  }

  // As of CheckpointStore; slots take what their numbers need.
  void reserve(std::int64_t slots, std::int64_t, std::size_t slot_bytes) {
    slot_bytes_ = slot_bytes;
    if (slots > static_cast<std::int64_t>(slots_.size())) slots_.resize(static_cast<std::size_t>(slots));
  }
  void put(std::int64_t slot, std::span<const NumberPiece> pieces) {
    take(pieces);
    const std::size_t words = (choose(pieces) + 63) / 64;
    if (static_cast<std::size_t>(slot) >= slots_.size()) slots_.resize(static_cast<std::size_t>(slot) + 1);
    Slot& at = slots_[static_cast<std::size_t>(slot)];
    if (words > at.words) {
      at.memory.reset();
      at.memory.reset(new std::uint64_t[words]);
      at.words = words;
    }
    code(pieces, Writer{at.memory.get()});
  }
  void get(std::int64_t slot, std::span<const NumberPiece> pieces) {
    decode(pieces, Reader{slots_[static_cast<std::size_t>(slot)].memory.get()});
    give(pieces);
  }

  std::size_t slot_bytes() const { return slot_bytes_; }
  std::size_t bytes() const {
    std::size_t words = numbers_.capacity();
    for (const Slot& slot : slots_) words += slot.words;
    return words * sizeof(std::uint64_t) + slots_.capacity() * sizeof(Slot) + kinds_.capacity();
  }
  static std::size_t bytes_in_file() { return 0; }

 private:
  static constexpr std::size_t group = 16;
  // From the entries before, from the parts before (a curve through so many of them), or as far from the part before as the entry
  // before is.
  enum Kind : std::uint8_t { nothing, entry, entries, part, line, curve, beside };
  static constexpr std::size_t kinds = 7;

  struct Slot {
    std::unique_ptr<std::uint64_t[]> memory;
    std::size_t words = 0;
  };

  // Bits one after another, from the lowest of a word on.
  struct Writer {
    std::uint64_t* word;
    int used = 0;
    void push(std::uint64_t value, int count) {
      if (count == 0) return;
      if (used == 0) *word = 0;
      *word |= value << used;
      used += count;
      if (used < 64) return;
      used -= 64;
      ++word;
      if (used > 0) *word = value >> (count - used);
    }
  };
  struct Reader {
    const std::uint64_t* word;
    int used = 0;
    std::uint64_t pop(int count) {
      if (count == 0) return 0;
      std::uint64_t value = *word >> used;
      if (used + count > 64) value |= word[1] << (64 - used);
      used += count;
      if (used >= 64) used -= 64, ++word;
      return count == 64 ? value : value & ((std::uint64_t{1} << count) - 1);
    }
  };

  template <class Part>
  static NumberPiece piece_of(const Part& part) {
    using Scalar = typename Part::Scalar;
    constexpr bool complex = Eigen::NumTraits<Scalar>::IsComplex;
    using Real = typename Eigen::NumTraits<Scalar>::Real;
    constexpr auto kind = std::is_same_v<Scalar, std::int64_t> ? NumberPiece::integers
                          : std::is_same_v<Real, double>       ? NumberPiece::doubles
                                                               : NumberPiece::floats;
    return {const_cast<void*>(static_cast<const void*>(part.data())),
            static_cast<std::size_t>(part.size()) * (complex ? 2 : 1), kind};
  }

  // --- Numbers, as words that wrap around ---

  void take(std::span<const NumberPiece> pieces) {
    std::size_t count = 0;
    for (const NumberPiece& piece : pieces) count += piece.count;
    numbers_.resize(count);
    std::uint64_t* to = numbers_.data();
    for (const NumberPiece& piece : pieces)
      for (std::size_t i = 0; i < piece.count; ++i) *to++ = number(piece, i);
  }
  static std::uint64_t number(const NumberPiece& piece, std::size_t i) {
    if (piece.kind == NumberPiece::integers)
      return static_cast<std::uint64_t>(static_cast<const std::int64_t*>(piece.data)[i]);
    if (piece.kind == NumberPiece::doubles)
      return static_cast<std::uint64_t>(ordered_bits(static_cast<const double*>(piece.data)[i]));
    return static_cast<std::uint64_t>(ordered_bits(static_cast<const float*>(piece.data)[i]));
  }
  void give(std::span<const NumberPiece> pieces) const {
    const std::uint64_t* from = numbers_.data();
    for (const NumberPiece& piece : pieces)
      for (std::size_t i = 0; i < piece.count; ++i) {
        const auto number = static_cast<std::int64_t>(*from++);
        if (piece.kind == NumberPiece::integers)
          static_cast<std::int64_t*>(piece.data)[i] = number;
        else if (piece.kind == NumberPiece::doubles)
          static_cast<double*>(piece.data)[i] = of_ordered_bits<double>(number);
        else
          static_cast<float*>(piece.data)[i] = of_ordered_bits<float>(number);
      }
  }

  // --- Prediction, the same both ways ---

  // The part at hand, and how many parts before it have as many entries.
  struct Place {
    const std::uint64_t* numbers;
    std::size_t count, before;
  };
  static std::uint64_t predicted(std::uint8_t kind, const Place& at, std::size_t i) {
    const auto earlier = [&](std::size_t parts) { return (at.numbers - parts * at.count)[i]; };
    const std::uint64_t last = i > 0 ? at.numbers[i - 1] : 0;
    switch (kind) {
      case entry:
        return last;
      case entries:
        return i > 1 ? 2 * last - at.numbers[i - 2] : last;
      case part:
        return earlier(1);
      case line:
        return 2 * earlier(1) - earlier(2);
      case curve:
        return 3 * (earlier(1) - earlier(2)) + earlier(3);
      case beside:
        return i > 0 ? earlier(1) + (last - (at.numbers - at.count)[i - 1]) : earlier(1);
      default:
        return 0;
    }
  }
  static bool possible(std::size_t kind, const Place& at) {
    return kind <= entries || (kind == beside ? at.before >= 1 : at.before >= kind - entries);
  }
  // Small where the size of the difference is.
  static std::uint64_t folded(std::uint64_t x) { return (x << 1) ^ (~(x >> 63) + 1); }
  static std::uint64_t unfolded(std::uint64_t u) { return (u >> 1) ^ (~(u & 1) + 1); }
  static std::uint64_t missed(std::uint8_t kind, const Place& at, std::size_t i) {
    return folded(at.numbers[i] - predicted(kind, at, i));
  }
  static int width(std::uint8_t kind, const Place& at, std::size_t from) {
    std::uint64_t all = 0;
    for (std::size_t i = from; i < std::min(from + group, at.count); ++i) all |= missed(kind, at, i);
    return static_cast<int>(std::bit_width(all));
  }

  template <class Do>
  void for_each_part(std::span<const NumberPiece> pieces, const Do& use) {
    std::size_t first = 0, before = 0;
    for (std::size_t p = 0; p < pieces.size(); ++p) {
      before = p > 0 && pieces[p - 1].count == pieces[p].count ? before + 1 : 0;
      use(p, Place{numbers_.data() + first, pieces[p].count, before});
      first += pieces[p].count;
    }
  }

  // The prediction of each part that takes the fewest bits; their number.
  std::size_t choose(std::span<const NumberPiece> pieces) {
    std::size_t bits = 0;
    kinds_.resize(pieces.size());
    for_each_part(pieces, [&](std::size_t p, const Place& at) {
      std::size_t least = std::numeric_limits<std::size_t>::max();
      for (std::size_t kind = 0; kind < kinds; ++kind) {
        if (!possible(kind, at)) continue;
        const std::size_t taken = cost(static_cast<std::uint8_t>(kind), at);
        if (taken >= least) continue;
        least = taken;
        kinds_[p] = static_cast<std::uint8_t>(kind);
      }
      bits += least;
    });
    return bits;
  }
  static std::size_t cost(std::uint8_t kind, const Place& at) {
    std::size_t bits = 3;
    for (std::size_t from = 0; from < at.count; from += group)
      bits += 7 + static_cast<std::size_t>(width(kind, at, from)) * std::min(group, at.count - from);
    return bits;
  }

  void code(std::span<const NumberPiece> pieces, Writer to) {
    for_each_part(pieces, [&](std::size_t p, const Place& at) {
      to.push(kinds_[p], 3);
      for (std::size_t from = 0; from < at.count; from += group) {
        const int bits = width(kinds_[p], at, from);
        to.push(static_cast<std::uint64_t>(bits), 7);
        for (std::size_t i = from; i < std::min(from + group, at.count); ++i) to.push(missed(kinds_[p], at, i), bits);
      }
    });
  }
  void decode(std::span<const NumberPiece> pieces, Reader from) {
    std::size_t count = 0;
    for (const NumberPiece& piece : pieces) count += piece.count;
    numbers_.resize(count);
    for_each_part(pieces, [&](std::size_t, const Place& at) {
      const auto kind = static_cast<std::uint8_t>(from.pop(3));
      auto* const numbers = const_cast<std::uint64_t*>(at.numbers);
      for (std::size_t first = 0; first < at.count; first += group) {
        const int bits = static_cast<int>(from.pop(7));
        for (std::size_t i = first; i < std::min(first + group, at.count); ++i)
          numbers[i] = predicted(kind, at, i) + unfolded(from.pop(bits));
      }
    });
  }

  std::size_t slot_bytes_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> numbers_;  // of the carry at hand
  std::vector<std::uint8_t> kinds_;     // of its parts
};

}  // namespace antistrophe::detail
