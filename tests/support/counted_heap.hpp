// What operator new hands out, in bytes and in calls; of a program of one source, which includes it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace counted_heap {

inline std::int64_t live = 0, peak = 0, before = 0, allocations = 0;
inline constexpr std::size_t header = 64;  // what vector registers are aligned to

inline void begin() { before = peak = live; }
// The most that was handed out at a time since then.
inline std::int64_t most_since_begin() { return peak - before; }

}  // namespace counted_heap

// The forms that a library makes of the plain one by default stand here too: a sanitizer has its own, which count nothing.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  auto* const memory = static_cast<char*>(std::malloc(size + counted_heap::header));
  if (memory == nullptr) return nullptr;
  *reinterpret_cast<std::size_t*>(memory) = size;
  ++counted_heap::allocations;
  counted_heap::live += static_cast<std::int64_t>(size);
  counted_heap::peak = std::max(counted_heap::peak, counted_heap::live);
  return memory + counted_heap::header;
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* const memory = ::operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  char* const start = static_cast<char*>(memory) - counted_heap::header;
  counted_heap::live -= static_cast<std::int64_t>(*reinterpret_cast<std::size_t*>(start));
  std::free(start);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { ::operator delete(memory); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return ::operator new(size); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { ::operator delete(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { ::operator delete(memory); }
