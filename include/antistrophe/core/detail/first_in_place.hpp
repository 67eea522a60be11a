// SPDX-License-Identifier: MIT
// A vector whose first element lies in itself: what is nearly always one needs no allocation.
#pragma once

#include <antistrophe/core/config.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace antistrophe::detail {

// The words of std::vector, of which references and pointers are invalidated as its are. Elements lie side by side: the first in
// place, or, once there have been more or room for more was asked for, all of them in a block. Written out, for of the vector
// and the optional that would do, each type of element is twenty times as much to compile.
template <class T>
class FirstInPlace {
 public:
  FirstInPlace() {}
  FirstInPlace(const FirstInPlace& other) : FirstInPlace() {  // whose destructor runs, should a copy throw
    reserve(other.size_);
    for (std::size_t i = 0; i < other.size_; ++i) push_back(T(other[i]));
  }
  FirstInPlace(FirstInPlace&& other) noexcept : block_(other.block_), size_(other.size_), room_(other.room_) {
    if (block_ == nullptr) {
      if (size_ > 0) ::new (static_cast<void*>(&first_)) T(std::move(other.first_));
      other.shorten(0);
    } else {
      other.block_ = nullptr;
      other.size_ = 0;
      other.room_ = 1;
    }
  }
  FirstInPlace& operator=(FirstInPlace&& other) noexcept {
    if (this != &other) {
      this->~FirstInPlace();
      ::new (static_cast<void*>(this)) FirstInPlace(std::move(other));
    }
    return *this;
  }
  ~FirstInPlace() {
    shorten(0);
    free_block();
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Of the block, without what elements hold elsewhere.
  std::size_t bytes_of_block() const { return block_ != nullptr ? room_ * sizeof(T) : 0; }

  T* data() { return block_ != nullptr ? block_ : &first_; }
  const T* data() const { return block_ != nullptr ? block_ : &first_; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T& front() { return data()[0]; }
  const T& front() const { return data()[0]; }
  T& back() { return data()[size_ - 1]; }
  const T& back() const { return data()[size_ - 1]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

  void push_back(T&& value) {
    if (size_ == room_) [[unlikely]]
      grow(2 * room_);
    ::new (static_cast<void*>(data() + size_)) T(std::move(value));
    ++size_;
  }

  void reserve(std::size_t n) {
    if (n > room_) grow(n);
  }

  // Keeps the first n elements at most, and the room that the others had.
  void shorten(std::size_t n) {
    while (size_ > n) data()[--size_].~T();
  }

 private:
  ANTISTROPHE_OUT_OF_LINE void grow(std::size_t n) {
    T* const block = static_cast<T*>(allocate(n * sizeof(T)));
    T* const old = data();
    for (std::size_t i = 0; i < size_; ++i) {
      ::new (static_cast<void*>(block + i)) T(std::move(old[i]));
      old[i].~T();
    }
    free_block();
    block_ = block;
    room_ = n;
  }
  void free_block() {
    if (block_ == nullptr) return;
    if constexpr (over_aligned)
      ::operator delete(static_cast<void*>(block_), std::align_val_t{alignof(T)});
    else
      ::operator delete(static_cast<void*>(block_));
  }
  static void* allocate(std::size_t bytes) {
    if constexpr (over_aligned)
      return ::operator new(bytes, std::align_val_t{alignof(T)});
    else
      return ::operator new(bytes);
  }

  static constexpr bool over_aligned = alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  union {
    T first_;
  };
  T* block_ = nullptr;
  std::size_t size_ = 0, room_ = 1;
};

}  // namespace antistrophe::detail
