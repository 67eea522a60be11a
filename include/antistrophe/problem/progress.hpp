// SPDX-License-Identifier: MIT
// Progress of a solve as it goes, told to a callable or shown as a bar.
#pragma once

#include <antistrophe/problem/solution.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace antistrophe {

// Called as (fraction done, stats), at most once in `seconds`, and once at the end. Of a solve, the fraction of [t0, t1]; of a
// gradient, the forward pass is the first half and the backward pass the second.
struct Progress {
  std::function<void(double, const Stats&)> callable;
  double seconds = 0.1;
};

// A bar on the terminal; silent where standard error is not one.
inline Progress progress_bar(const std::string& label = "") {
#if defined(__unix__) || defined(__APPLE__)
  const bool terminal = isatty(fileno(stderr)) != 0;
#else
  const bool terminal = false;
#endif
  if (!terminal) return {};
  return {[label](double fraction, const Stats& stats) {
            constexpr int width = 40;
            const int full = static_cast<int>(std::lround(width * fraction));
            std::string bar(static_cast<std::size_t>(full), '#');
            bar.resize(static_cast<std::size_t>(width), ' ');
            std::fprintf(stderr, "\r%s%s[%s] %ld %%, %lld steps%s", label.c_str(), label.empty() ? "" : " ",
                         bar.c_str(), std::lround(100 * fraction), static_cast<long long>(stats.accepted),
                         fraction >= 1 ? "\n" : "");
            std::fflush(stderr);
          },
          0.1};
}

namespace detail {

// Seconds since some moment, on a clock that is never set where there is one (<chrono> would cost every program compile time).
inline double seconds_of_clock() {
  std::timespec now{};
#if defined(__unix__) || defined(__APPLE__)
  clock_gettime(CLOCK_MONOTONIC, &now);
#else
  (void)std::timespec_get(&now, TIME_UTC);
#endif
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Tells of progress, from `begin` to `end` of the whole. Reads the clock now and then only: a step may be shorter than a look
// at it.
class Throttle {
 public:
  explicit Throttle(const Progress& progress, double begin = 0, double end = 1)
      : progress_(progress.callable ? &progress : nullptr), begin_(begin), end_(end) {
    if (progress_ != nullptr) last_ = seconds_of_clock();
  }

  bool anybody_listens() const { return progress_ != nullptr; }

  // fraction(): of this part, asked for only if it is to be told.
  template <class Fraction>
  void tell(const Fraction& fraction, const Stats& stats) {
    if (progress_ != nullptr && ++calls_ % every == 0) look(fraction(), stats);
  }
  // Once, where this part of the whole is done.
  void finish(const Stats& stats) const {
    if (progress_ != nullptr) progress_->callable(end_, stats);
  }

 private:
  static constexpr std::int64_t every = 16;

  void look(double fraction, const Stats& stats) {
    if (!(fraction < 1)) return;  // finish reports the end, once
    const double now = seconds_of_clock();
    if (now - last_ < progress_->seconds) return;
    last_ = now;
    progress_->callable(begin_ + (end_ - begin_) * fraction, stats);
  }

  const Progress* progress_;  // none where nobody listens
  double begin_, end_;
  double last_ = 0;
  std::int64_t calls_ = 0;
};

}  // namespace detail
}  // namespace antistrophe
