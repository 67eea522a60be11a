// SPDX-License-Identifier: MIT
// A value made at the first request, by whichever thread asks first, and kept from then on.
#pragma once

#include <atomic>

namespace antistrophe::detail {

// A copy of its owner makes its own; a moved one takes it along, and references to it stay valid.
template <class T>
class MadeOnce {
 public:
  MadeOnce() = default;
  MadeOnce(const MadeOnce&) {}
  MadeOnce(MadeOnce&& other) noexcept : made_(other.made_.exchange(nullptr)) {}
  MadeOnce& operator=(const MadeOnce& other) {
    if (this != &other) delete made_.exchange(nullptr);
    return *this;
  }
  MadeOnce& operator=(MadeOnce&& other) noexcept {
    if (this != &other) delete made_.exchange(other.made_.exchange(nullptr));
    return *this;
  }
  ~MadeOnce() { delete made_.load(); }

  // Threads that ask at the same time may both make it; the first one's is kept.
  template <class Make>
  const T& get(const Make& make) const {
    if (const T* made = made_.load(std::memory_order_acquire)) return *made;
    const T* mine = new T(make());
    const T* others = nullptr;
    if (made_.compare_exchange_strong(others, mine, std::memory_order_acq_rel)) return *mine;
    delete mine;
    return *others;
  }

 private:
  mutable std::atomic<const T*> made_{nullptr};
};

}  // namespace antistrophe::detail
