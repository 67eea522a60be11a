// SPDX-License-Identifier: MIT
// A vector whose first element lies in itself: what is nearly always one needs no allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// The words of std::vector, of which references and pointers are invalidated as its are. Elements lie side by side: the first in
// place, or, once there have been more or room for more was asked for, all of them in a vector.
template <class T>
class FirstInPlace {
 public:
  std::size_t size() const { return spread_ ? many_.size() : first_ ? 1U : 0U; }
  bool empty() const { return size() == 0; }

  T* data() { return spread_ ? many_.data() : first_ ? &*first_ : nullptr; }
  const T* data() const { return spread_ ? many_.data() : first_ ? &*first_ : nullptr; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T& front() { return data()[0]; }
  const T& front() const { return data()[0]; }
  T& back() { return data()[size() - 1]; }
  const T& back() const { return data()[size() - 1]; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }

  void push_back(T value) {
    if (!spread_ && !first_) {
      first_.emplace(std::move(value));
    } else {
      reserve(2);
      many_.push_back(std::move(value));
    }
  }

  void reserve(std::size_t n) {
    if (n < 2) return;
    many_.reserve(n);
    if (!spread_ && first_) many_.push_back(std::move(*first_));
    first_.reset();
    spread_ = true;
  }

  // Keeps the first n elements at most, and the room that the others had.
  void shorten(std::size_t n) {
    while (many_.size() > n) many_.pop_back();
    if (n == 0) first_.reset();
  }

 private:
  std::optional<T> first_;
  std::vector<T> many_;
  bool spread_ = false;  // all are in many_
};

}  // namespace antistrophe::detail
