// SPDX-License-Identifier: MIT
// A value that never changes and that copies of its owner share; threads may have copies. Of std::shared_ptr what is needed here,
// for a tenth of what that costs to compile.
#pragma once

#include <any>
#include <atomic>
#include <cstddef>
#include <utility>

namespace antistrophe::detail {

// A place of its own for each type.
template <class T>
inline constexpr char type_mark = 0;

// A count of owners and, in what derives from it, the value.
struct SharedNode {
  std::atomic<std::ptrdiff_t> owners{1};
  const char* const type;
  explicit SharedNode(const char* of) : type(of) {}
  SharedNode(const SharedNode&) = delete;
  SharedNode& operator=(const SharedNode&) = delete;
  virtual ~SharedNode() = default;
};

template <class T>
struct SharedValue final : SharedNode {
  explicit SharedValue(T&& made) : SharedNode(&type_mark<T>), value(std::move(made)) {}
  const T value;
};

// Shares a value of any type, or none.
class Shared {
 public:
  Shared() = default;
  template <class T>
  static Shared of(T value) {
    return Shared(new SharedValue<T>(std::move(value)));
  }
  Shared(const Shared& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) node_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Shared(Shared&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Shared() {
    if (node_ != nullptr && node_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node_;
  }

  explicit operator bool() const { return node_ != nullptr; }
  // The value, which is known to be of this type.
  template <class T>
  const T& as() const {
    return static_cast<const SharedValue<T>*>(node_)->value;
  }
  // Throws std::bad_any_cast where it is of another.
  template <class T>
  const T& require() const {
    if (node_ == nullptr || node_->type != &type_mark<T>) throw std::bad_any_cast();
    return as<T>();
  }

 private:
  explicit Shared(SharedNode* node) : node_(node) {}
  SharedNode* node_ = nullptr;
};

}  // namespace antistrophe::detail
