// SPDX-License-Identifier: MIT
// One object on the heap and its one owner, moved but not copied. std::unique_ptr and std::optional cost every type they hold some
// forty functions and classes to compile; a solve is a type of its own for each field, state and method.
#pragma once

namespace antistrophe::detail {

template <class T>
class Owned {
 public:
  Owned() = default;
  explicit Owned(T* made) : held_(made) {}  // by new
  Owned(Owned&& other) noexcept : held_(other.held_) { other.held_ = nullptr; }
  Owned& operator=(Owned&& other) noexcept {
    T* const mine = held_;
    held_ = other.held_;
    other.held_ = mine;
    return *this;
  }
  ~Owned() { delete held_; }

  explicit operator bool() const { return held_ != nullptr; }
  T& operator*() const { return *held_; }
  T* operator->() const { return held_; }
  void reset() {
    delete held_;
    held_ = nullptr;
  }
  template <class... Arguments>
  void emplace(Arguments&&... arguments) {
    reset();
    held_ = new T(static_cast<Arguments&&>(arguments)...);
  }

 private:
  T* held_ = nullptr;
};

}  // namespace antistrophe::detail
