// SPDX-License-Identifier: MIT
// A stack of bits: what an exact step cannot keep in the state itself. Pushed in the forward pass, read by a cursor from
// the top down on the way back, so that several pull-backs may read the same bits.
#pragma once

#include <antistrophe/core/detail/growing_rows.hpp>

#include <cstddef>
#include <cstdint>

namespace antistrophe {

class BitStack {
 public:
  void clear() { size_ = 0; }

  // Room for `bits` bits without allocation.
  void reserve(std::int64_t bits) {
    const auto words = static_cast<std::size_t>(bits / 64 + 1);
    if (words > words_.rows()) words_.lay_out(words, 1);
  }

  // Pushes the `count` low bits of `value`, 0 <= count <= 63; its higher bits are zero.
  void push(std::uint64_t value, int count) {
    const int used = static_cast<int>(size_ & 63);
    const auto word = static_cast<std::size_t>(size_ >> 6);
    if (used == 0) {
      if (count == 0) return;
      put(word, value);
    } else {
      words_[word] |= value << used;
      if (used + count > 64) put(word + 1, value >> (64 - used));
    }
    size_ += count;
  }

  std::int64_t size() const { return size_; }
  std::size_t bytes() const { return words_.bytes(); }

  // Reads from the top down. Past the bottom it yields zeros and says so: the backward pass is not that of the forward pass.
  class Cursor {
   public:
    explicit Cursor(const BitStack& stack) : stack_(&stack), left_(stack.size_) {}

    std::uint64_t pop(int count) {
      left_ -= count;
      if (left_ < 0) {
        exhausted_ = true;
        left_ = 0;
        return 0;
      }
      const std::uint64_t mask = (std::uint64_t{1} << count) - 1;
      const auto word = static_cast<std::size_t>(left_ >> 6);
      const int offset = static_cast<int>(left_ & 63);
      if (count == 0) return 0;
      std::uint64_t value = stack_->words_[word] >> offset;
      if (offset + count > 64) value |= stack_->words_[word + 1] << (64 - offset);
      return value & mask;
    }

    std::int64_t left() const { return left_; }
    // The last `count` bits were popped too early.
    void put_back(int count) { left_ += count; }

    // True once every bit, and no more, has been read.
    bool at_bottom() const { return left_ == 0 && !exhausted_; }

   private:
    const BitStack* stack_;
    std::int64_t left_;
    bool exhausted_ = false;
  };

 private:
  void put(std::size_t word, std::uint64_t value) {
    if (word == words_.rows()) [[unlikely]]
      words_.grow();
    words_[word] = value;
  }

  detail::GrowingRows<std::uint64_t> words_;
  std::int64_t size_ = 0;
};

// Where nobody will come back: plain solves and adjoints that store states.
struct NoBits {
  static void push(std::uint64_t, int) {}
};

// Gathers what is pushed, and hands it on a word at a time: the same bits, fewer pushes. Some are still here until flush().
template <class Bits>
class GatheredBits {
 public:
  explicit GatheredBits(Bits& bits) : bits_(bits) {}

  void push(std::uint64_t value, int count) {
    if (count_ + count > 63) flush();
    gathered_ |= value << count_;
    count_ += count;
  }
  void flush() {
    bits_.push(gathered_, count_);
    gathered_ = 0;
    count_ = 0;
  }

 private:
  Bits& bits_;
  std::uint64_t gathered_ = 0;
  int count_ = 0;
};

// Takes bits from a cursor a word at a time, and gives back those that nobody asked for at flush().
template <class Cursor>
class HeldBits {
 public:
  explicit HeldBits(Cursor& bits) : bits_(bits) {}

  // Whether there are so many, 0 <= count <= 63: to be asked before they are popped.
  bool has(int count) {
    if (count_ < count) fetch();
    return count_ >= count;
  }
  std::uint64_t pop(int count) {
    count_ -= count;
    const std::uint64_t value = held_ >> count_;
    held_ &= (std::uint64_t{1} << count_) - 1;
    return value;
  }
  // The last `count` bits were popped too early; to be followed by flush().
  void put_back(int count) { count_ += count; }
  void flush() {
    bits_.put_back(count_);
    held_ = 0;
    count_ = 0;
  }

 private:
  void fetch() {
    flush();
    count_ = bits_.left() < 63 ? static_cast<int>(bits_.left()) : 63;
    held_ = bits_.pop(count_);
  }

  Cursor& bits_;
  std::uint64_t held_ = 0;
  int count_ = 0;
};

}  // namespace antistrophe
