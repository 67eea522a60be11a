// What operator new has handed out, in one program: included by its only source.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace benchmarks {

inline std::int64_t live = 0, peak = 0, before = 0;
inline constexpr std::size_t header = 64;  // what vector registers are aligned to

inline void begin_heap() { before = peak = live; }
// The most that was handed out at a time since then.
inline std::int64_t heap_since() { return peak - before; }

}  // namespace benchmarks

[[gnu::noinline]] void* operator new(std::size_t size) {
  auto* const memory = static_cast<char*>(std::malloc(size + benchmarks::header));
  if (memory == nullptr) throw std::bad_alloc();
  *reinterpret_cast<std::size_t*>(memory) = size;
  benchmarks::live += static_cast<std::int64_t>(size);
  benchmarks::peak = std::max(benchmarks::peak, benchmarks::live);
  return memory + benchmarks::header;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  char* const start = static_cast<char*>(memory) - benchmarks::header;
  benchmarks::live -= static_cast<std::int64_t>(*reinterpret_cast<std::size_t*>(start));
  std::free(start);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { ::operator delete(memory); }
