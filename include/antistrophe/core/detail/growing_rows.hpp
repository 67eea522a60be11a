// SPDX-License-Identifier: MIT
// Rows of numbers, all of one width, which become more at the end and are never moved: those that were expected lie side by side, all
// others in blocks of equal size, so that growing takes no more than the new block. (A vector that doubles is there twice for a moment.)
#pragma once

#include <antistrophe/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class T>
class GrowingRows {
 public:
  GrowingRows() = default;
  // Rows of one number each, side by side.
  explicit GrowingRows(std::vector<T> first) : first_(std::move(first)), first_rows_(first_.size()) {}
  GrowingRows(const GrowingRows& other) : GrowingRows(other, WithoutBlocks{}) {
    if (other.count_ > 0) copy_blocks(other);
  }
  GrowingRows(GrowingRows&& other) noexcept : GrowingRows() { swap(other); }
  GrowingRows& operator=(const GrowingRows& other) {
    if (other.count_ == 0) {
      free_blocks();
      first_ = other.first_;  // into the memory that there is
      first_rows_ = other.first_rows_;
      width_ = other.width_;
      shift_ = other.shift_;
    } else {
      GrowingRows(other).swap(*this);
    }
    return *this;
  }
  GrowingRows& operator=(GrowingRows&& other) noexcept {
    swap(other);
    return *this;
  }
  ~GrowingRows() { free_blocks(); }

  // Those for which there is room; what a new row holds is not said.
  std::size_t rows() const { return first_rows_ + (count_ << shift_); }
  std::int64_t side_by_side() const { return static_cast<std::int64_t>(first_rows_); }
  std::size_t width() const { return width_; }

  // Room for so many rows of so many numbers, side by side; of rows of this width that were there the numbers stay.
  ANTISTROPHE_COLD void lay_out(std::size_t rows, std::size_t width) {
    const std::size_t before = width == width_ ? this->rows() : 0;
    if (rows < before) rows = before;
    if (before == 0) first_rows_ = 0;
    first_.resize(rows * width);
    for (std::size_t i = first_rows_; i < before; ++i)
      for (std::size_t k = 0; k < width; ++k) first_[i * width + k] = row(i)[k];
    free_blocks();
    first_rows_ = rows;
    width_ = width;
  }
  // Room for some rows more, a block of them: of 4 kB, or of one row that is larger.
  ANTISTROPHE_COLD void grow() {
    constexpr std::size_t in_block = 4096 / sizeof(T) > 0 ? 4096 / sizeof(T) : 1;
    if (count_ == 0) {
      shift_ = 0;
      while (width_ << (shift_ + 1) <= in_block && shift_ < 20) ++shift_;
      // The first few lie side by side.
      const std::size_t few = shift_ < 6 ? std::size_t{1} << shift_ : 64;
      if (first_rows_ < few) return lay_out(std::min(few, first_rows_ < 8 ? 8 : 2 * first_rows_), width_);
    }
    if (count_ == room_) {
      T** const more = new T*[2 * room_ + 8];
      for (std::size_t b = 0; b < count_; ++b) more[b] = blocks_[b];
      delete[] blocks_;
      blocks_ = more;
      room_ = 2 * room_ + 8;
    }
    blocks_[count_] = new T[width_ << shift_];
    ++count_;
  }

  ANTISTROPHE_ALWAYS_INLINE T* row(std::size_t i) { return place(i, width_); }
  ANTISTROPHE_ALWAYS_INLINE const T* row(std::size_t i) const { return place(i, width_); }
  // The same, of a width that the compiler may know.
  ANTISTROPHE_ALWAYS_INLINE T* row(std::size_t i, std::size_t width) { return place(i, width); }
  ANTISTROPHE_ALWAYS_INLINE const T* row(std::size_t i, std::size_t width) const { return place(i, width); }
  // Of rows of one number.
  ANTISTROPHE_ALWAYS_INLINE T& operator[](std::size_t i) { return *place(i, 1); }
  ANTISTROPHE_ALWAYS_INLINE const T& operator[](std::size_t i) const { return *place(i, 1); }
  // The first of those that lie side by side.
  const T* data() const { return first_.data(); }

  std::size_t bytes() const {
    return (first_.capacity() + (count_ * width_ << shift_)) * sizeof(T) + room_ * sizeof(T*);
  }

 private:
  // A copy of what lies side by side alone. Blocks are copied out of line: written out in a solve, their copy cost the steps of small states two
  // fifths of their time.
  struct WithoutBlocks {};
  GrowingRows(const GrowingRows& other, WithoutBlocks)
      : first_(other.first_), first_rows_(other.first_rows_), width_(other.width_), shift_(other.shift_) {}
  ANTISTROPHE_COLD void copy_blocks(const GrowingRows& other) {
    blocks_ = new T*[other.room_];
    room_ = other.room_;
    for (const std::size_t numbers = width_ << shift_; count_ < other.count_; ++count_) {
      blocks_[count_] = new T[numbers];
      std::copy_n(other.blocks_[count_], numbers, blocks_[count_]);
    }
  }
  ANTISTROPHE_ALWAYS_INLINE T* place(std::size_t i, std::size_t width) const {
    if (i < first_rows_) [[likely]]
      return const_cast<T*>(first_.data()) + i * width;
    i -= first_rows_;
    return blocks_[i >> shift_] + (i & ((std::size_t{1} << shift_) - 1)) * width;
  }
  void free_blocks() {
    while (count_ > 0) delete[] blocks_[--count_];
    delete[] blocks_;
    blocks_ = nullptr;
    room_ = 0;
  }
  void swap(GrowingRows& other) noexcept {
    first_.swap(other.first_);
    std::swap(first_rows_, other.first_rows_);
    std::swap(width_, other.width_);
    std::swap(shift_, other.shift_);
    std::swap(blocks_, other.blocks_);
    std::swap(count_, other.count_);
    std::swap(room_, other.room_);
  }

  std::vector<T> first_;
  std::size_t first_rows_ = 0, width_ = 1;
  int shift_ = 0;  // of the number of rows in a block
  T** blocks_ = nullptr;
  std::size_t count_ = 0, room_ = 0;
};

}  // namespace antistrophe::detail
