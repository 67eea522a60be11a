// What malloc hands out, in bytes and in calls, and so what Eigen's matrices of sizes known when run take, too; one source of a program
// includes it. Only with glibc, and not where a sanitizer has a malloc of its own: counted_malloc::counts says whether.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ANTISTROPHE_COUNTS_MALLOC 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#undef ANTISTROPHE_COUNTS_MALLOC
#endif
#endif
#endif

namespace counted_malloc {

inline std::int64_t live = 0, peak = 0, before = 0, calls = 0;

inline void begin() { before = peak = live; }
// The most that was handed out at a time since then.
inline std::int64_t most_since_begin() { return peak - before; }

#ifdef ANTISTROPHE_COUNTS_MALLOC
inline constexpr bool counts = true;
#else
inline constexpr bool counts = false;
#endif

}  // namespace counted_malloc

#ifdef ANTISTROPHE_COUNTS_MALLOC
#include <malloc.h>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace counted_malloc {

inline void* handed_out(void* memory) {
  ++calls;
  live += static_cast<std::int64_t>(malloc_usable_size(memory));
  if (live > peak) peak = live;
  return memory;
}

}  // namespace counted_malloc

extern "C" {
[[gnu::noinline]] void* malloc(std::size_t size) noexcept { return counted_malloc::handed_out(__libc_malloc(size)); }
[[gnu::noinline]] void* calloc(std::size_t count, std::size_t size) noexcept {
  return counted_malloc::handed_out(__libc_calloc(count, size));
}
[[gnu::noinline]] void* realloc(void* memory, std::size_t size) noexcept {
  counted_malloc::live -= static_cast<std::int64_t>(malloc_usable_size(memory));
  return counted_malloc::handed_out(__libc_realloc(memory, size));
}
[[gnu::noinline]] void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return counted_malloc::handed_out(__libc_memalign(alignment, size));
}
[[gnu::noinline]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return counted_malloc::handed_out(__libc_memalign(alignment, size));
}
[[gnu::noinline]] int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  *memory = counted_malloc::handed_out(__libc_memalign(alignment, size));
  return *memory == nullptr;
}
[[gnu::noinline]] void free(void* memory) noexcept {
  counted_malloc::live -= static_cast<std::int64_t>(malloc_usable_size(memory));
  __libc_free(memory);
}
}
#endif
