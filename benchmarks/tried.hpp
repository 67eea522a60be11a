// What a benchmark is measured with, and what it is tried with where only that is asked (ANTISTROPHE_EXAMPLE_TRIED, as in tests): the same
// calls of the same methods, on shorter and smaller problems.
#pragma once

namespace benchmarks {

#ifdef ANTISTROPHE_EXAMPLE_TRIED
inline constexpr bool tried = true;
#else
inline constexpr bool tried = false;
#endif

template <class T>
constexpr T measured_or_tried(T measured, T when_tried) {
  return tried ? when_tried : measured;
}

}  // namespace benchmarks
