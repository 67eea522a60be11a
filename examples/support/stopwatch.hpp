// Processor time since it was made: what else the machine is doing does not count.
#pragma once

#include <ctime>

namespace support {

class Stopwatch {
 public:
  double seconds() const { return static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t begin_ = std::clock();
};

// A promise of speed holds for code without sanitizers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool judge_speed = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool judge_speed = false;
#else
inline constexpr bool judge_speed = true;
#endif
#else
inline constexpr bool judge_speed = true;
#endif

}  // namespace support
