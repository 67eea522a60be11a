// SPDX-License-Identifier: MIT
// A path kept as one polynomial a step, in flat blocks: dense output of a way forth that is read on the way back, or of a way back
// that is integrated along.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/growing_rows.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class Y>
class KeptPath {
 public:
  using Scalar = typename Y::Scalar;
  struct Piece {
    double t0, h;
  };

  // Forgets the steps, but keeps their memory.
  void clear() {
    held_ = 0;
    begins_.clear();
  }
  // The steps to come are of another segment.
  void begin_segment() { begins_.push_back(held_); }

  // Step `number` of the segment; one that was put before under its number failed.
  template <std::size_t Count>
  void put(std::size_t number, double t0, double h, const std::array<Y, Count>& coefficients) {
    const std::size_t place = begins_.back() + number;
    const std::size_t size = Count * static_cast<std::size_t>(coefficients[0].size());
    if (size != size_) chunks_.clear();
    count_ = Count;
    size_ = size;
    if (held_ < place + 1) ++held_;
    if (pieces_.rows() < held_) pieces_.grow();
    pieces_[place] = {t0, h};
    if (place / in_chunk >= chunks_.size()) add_chunk();
    Scalar* to = numbers(place);
    for (const Y& c : coefficients) to = std::copy_n(c.data(), c.size(), to);
  }
  // Forgets the first steps, a whole number of chunks, of the only segment.
  void drop_first(std::size_t count) {
    for (std::size_t i = count; i < held_; ++i) pieces_[i - count] = pieces_[i];
    held_ -= count;
    std::rotate(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(count / in_chunk), chunks_.end());
  }

  std::size_t pieces(std::size_t segment) const { return end_of(segment) - begins_[segment]; }
  const Piece& piece(std::size_t segment, std::size_t i) const { return pieces_[begins_[segment] + i]; }

  // That at t, among those of a segment; `near` is a guess, of which few are wrong.
  std::size_t find(std::size_t segment, double t, std::size_t near) const {
    const std::size_t last = pieces(segment) - 1;
    std::size_t i = std::min(near, last);
    const double sign = piece(segment, 0).h >= 0 ? 1 : -1;
    while (i > 0 && sign * (piece(segment, i).t0 - t) > 0) --i;
    while (i < last && sign * (t - piece(segment, i + 1).t0) > 0) ++i;
    return i;
  }

  // y(t) by piece i of a segment.
  void value(std::size_t segment, std::size_t i, double t, Y& y) const {
    const Piece& at = piece(segment, i);
    const Scalar sigma = scalar<Y>((t - at.t0) / at.h);
    const Eigen::Index n = y.size();
    y = coefficient(segment, i, count_ - 1, y);
    for (std::size_t p = count_ - 1; p-- > 0;) {
      const Scalar* c = numbers(segment, i, p, n);
      for (Eigen::Index e = 0; e < n; ++e) y.data()[e] = sigma * y.data()[e] + c[e];
    }
  }
  // Coefficient p, as a state like y.
  auto coefficient(std::size_t segment, std::size_t i, std::size_t p, const Y& y) const {
    return Eigen::Map<const Y>(numbers(segment, i, p, y.size()), y.rows(), y.cols());
  }

  std::size_t bytes() const {
    return chunks_.size() * in_chunk * size_ * sizeof(Scalar) + chunks_.capacity() * sizeof(chunks_[0]) +
           pieces_.bytes();
  }

  static constexpr std::size_t in_chunk = 32;  // steps

 private:
  std::size_t end_of(std::size_t segment) const { return segment + 1 < begins_.size() ? begins_[segment + 1] : held_; }
  Scalar* numbers(std::size_t place) const { return chunks_[place / in_chunk].get() + place % in_chunk * size_; }
  const Scalar* numbers(std::size_t segment, std::size_t i, std::size_t p, Eigen::Index n) const {
    return numbers(begins_[segment] + i) + p * static_cast<std::size_t>(n);
  }
  ANTISTROPHE_COLD void add_chunk() {
    chunks_.push_back(std::unique_ptr<Scalar[]>(new Scalar[std::max<std::size_t>(in_chunk * size_, 1)]));
  }

  std::size_t count_ = 0, size_ = 0;  // of coefficients a piece, of numbers in all
  GrowingRows<Piece> pieces_;
  std::size_t held_ = 0;
  std::vector<std::unique_ptr<Scalar[]>> chunks_;  // never moved, so that growing takes no more than the new one
  std::vector<std::size_t> begins_;                // of each segment
};

}  // namespace antistrophe::detail
