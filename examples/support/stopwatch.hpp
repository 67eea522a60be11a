// Processor time since it was made: what else the machine is doing does not count.
#pragma once

#include <algorithm>
#include <ctime>
#include <limits>

namespace support {

class Stopwatch {
 public:
  double seconds() const { return static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t begin_ = std::clock();
};

// Of so many runs the quickest: what the others took longer was the machine's.
double least_seconds(int runs, auto&& run) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < runs; ++i) {
    const Stopwatch stopwatch;
    run();
    least = std::min(least, stopwatch.seconds());
  }
  return least;
}

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
