// SPDX-License-Identifier: MIT
// Whole numbers on a stack of bits, in the code of Rice (R. F. Rice, Some practical universal noiseless coding techniques, JPL
// 79-22, 1979): u ≥ 0 is u >> k ones, a zero, and its k low bits, short where u is seldom above 2^k. What was pushed last is read
// first. The bits lie in chunks that are never moved, so that growing takes no more than the new chunk.
#pragma once

#include <antistrophe/core/config.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace antistrophe::detail {

class CodedBits {
 public:
  // Forgets the bits, but keeps their memory.
  void clear() {
    chunk_ = at_ = 0;
    used_ = 0;
    word_ = 0;
    size_ = 0;
  }

  // The `count` low bits of `value`, 0 <= count <= 64; its higher bits are zero.
  void push(std::uint64_t value, int count) {
    if (count == 0) return;
    word_ |= value << used_;
    if (used_ + count >= 64) {
      store(word_);
      word_ = used_ == 0 ? 0 : value >> (64 - used_);
      if (used_ + count == 64) word_ = 0;
      used_ -= 64;
    }
    used_ += count;
    size_ += count;
  }

  // u with k low bits, 0 <= k <= 62; as it is, 64 bits after the longest run of ones, where it is far above 2^k.
  void push_number(std::uint64_t u, int k) {
    const std::uint64_t q = u >> k;
    if (q >= longest_run) {
      push(u, 64);
      push(ones(longest_run), longest_run);
      return;
    }
    const std::uint64_t low = u & ones(k), run = ones(static_cast<int>(q)) << 1;
    const int run_bits = static_cast<int>(q) + 1;
    if (run_bits + k <= 64) {
      push(run << k | low, run_bits + k);
    } else {
      push(low, k);
      push(run, run_bits);
    }
  }

  std::int64_t size() const { return size_; }
  std::size_t bytes() const {
    std::size_t words = 0;
    for (const Chunk& chunk : chunks_) words += chunk.size;
    return words * sizeof(std::uint64_t) + chunks_.capacity() * sizeof(Chunk);
  }

  // Reads from the top down; below the bottom there are zeros.
  class Reader {
   public:
    Reader() = default;
    explicit Reader(const CodedBits& bits)
        : bits_(&bits), chunk_(bits.chunk_), at_(bits.at_), word_(bits.word_), left_(bits.used_) {
      below_ = next();
      if (left_ == 0) drop(0);
    }

    std::uint64_t pop(int count) {
      if (count == 0) return 0;
      const std::uint64_t value = top() >> (64 - count);
      drop(count);
      return value;
    }

    std::uint64_t pop_number(int k) {
      const std::uint64_t bits = top();
      const int run = std::countl_one(bits);
      if (run >= longest_run) {
        drop(longest_run);
        return pop(64);
      }
      const std::uint64_t high = static_cast<std::uint64_t>(run) << k;
      if (run + 1 + k <= 64) {
        drop(run + 1 + k);
        return k == 0 ? high : high | (bits << (run + 1)) >> (64 - k);
      }
      drop(run + 1);
      return high | pop(k);
    }

   private:
    // The next 64 bits, the first of them highest.
    std::uint64_t top() const { return word_ << (64 - left_) | (left_ < 64 ? below_ >> left_ : 0); }
    void drop(int count) {
      left_ -= count;
      if (left_ > 0) return;
      word_ = below_;
      below_ = next();
      left_ += 64;
    }
    std::uint64_t next() {
      while (at_ == 0) {
        if (chunk_ == 0) return 0;
        at_ = bits_->chunks_[--chunk_].size;
      }
      return bits_->chunks_[chunk_].words[--at_];
    }

    const CodedBits* bits_ = nullptr;
    std::size_t chunk_ = 0, at_ = 0;
    std::uint64_t word_ = 0, below_ = 0;
    int left_ = 64;  // of word_, its low ones; 1 to 64
  };

 private:
  static constexpr int longest_run = 24;
  static constexpr std::uint64_t ones(int count) { return (std::uint64_t{1} << count) - 1; }

  struct Chunk {
    std::unique_ptr<std::uint64_t[]> words;
    std::size_t size;
  };

  void store(std::uint64_t word) {
    if (chunk_ == chunks_.size()) add_chunk();
    chunks_[chunk_].words[at_++] = word;
    if (at_ == chunks_[chunk_].size) {
      ++chunk_;
      at_ = 0;
    }
  }
  // A sixteenth more at a time, so that little is set aside in vain.
  ANTISTROPHE_COLD void add_chunk() {
    std::size_t words = 0;
    for (const Chunk& chunk : chunks_) words += chunk.size;
    const std::size_t more = std::max<std::size_t>(64, words / 16);
    if (chunks_.capacity() == chunks_.size()) chunks_.reserve(chunks_.size() + 32);
    chunks_.push_back({std::unique_ptr<std::uint64_t[]>(new std::uint64_t[more]), more});
  }

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0, at_ = 0;
  std::uint64_t word_ = 0;  // the bits that do not fill one yet
  int used_ = 0;            // of these, 0 to 63
  std::int64_t size_ = 0;
};

// How many numbers of a group take how many bits, from which follows what it costs to code them.
class BitWidths {
 public:
  void add(std::uint64_t u) {
    ++counts_[static_cast<std::size_t>(std::bit_width(u))];
    ++count_;
    any_ |= u;
  }
  // Two counts at a time, for one that was just written would be waited for.
  void add(const std::uint64_t* from, std::size_t count) {
    std::size_t i = 0;
    for (; i + 1 < count; i += 2) {
      ++counts_[static_cast<std::size_t>(std::bit_width(from[i]))];
      ++others_[static_cast<std::size_t>(std::bit_width(from[i + 1]))];
      any_ |= from[i] | from[i + 1];
    }
    count_ += static_cast<std::int32_t>(i);
    if (i < count) add(from[i]);
  }
  bool all_zero() const { return any_ == 0; }

  // The k that codes them in the fewest bits, or hardly more.
  int best_low_bits() const { return best().low_bits; }
  // What they then take, a number; nothing where all are zero.
  double bits_a_number() const { return count_ == 0 || all_zero() ? 0 : best().bits / count_; }

 private:
  struct Best {
    int low_bits;
    double bits;
  };
  std::int32_t of_width(int width) const {
    return counts_[static_cast<std::size_t>(width)] + others_[static_cast<std::size_t>(width)];
  }
  Best best() const {
    const int widest = static_cast<int>(std::bit_width(any_));
    int typical = 0;
    for (std::int32_t below = of_width(0); 4 * below < 3 * count_;) below += of_width(++typical);
    int best = 0;
    double least = 0;
    for (int k = std::max(0, typical - 6); k <= std::min(typical, 62); ++k) {
      double cost = (k + 1.0) * count_;
      for (int width = k + 1; width <= widest; ++width) {
        const double run = width - k > 5 ? 88.0 : 0.75 * static_cast<double>(1 << (width - k));  // 88: written as it is
        cost += run * of_width(width);
      }
      if (k == std::max(0, typical - 6) || cost < least) {
        least = cost;
        best = k;
      }
    }
    return {best, least};
  }

  std::array<std::int32_t, 65> counts_{}, others_{};
  std::int32_t count_ = 0;
  std::uint64_t any_ = 0;
};

}  // namespace antistrophe::detail
