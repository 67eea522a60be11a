// A line on the terminal that tells how far long work has come. Silent where the output is a file or a pipe.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace support {

class Progress {
 public:
  Progress(std::string what, std::int64_t total) : what_(std::move(what)), total_(total) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_ >= 0) std::fputs("\r\033[K", stderr);
  }

  // `note` says what has been reached, such as a loss. Redraws only when a per cent is full.
  void show(std::int64_t done, const std::string& note) {
    const auto per_cent = static_cast<int>(100 * done / total_);
    if (!terminal_ || per_cent == shown_) return;
    shown_ = per_cent;
    const auto filled = static_cast<std::size_t>(per_cent) / 4;
    std::fprintf(stderr, "\r\033[K%s [%s%s] %3d %%  %s", what_.c_str(), std::string(filled, '#').c_str(),
                 std::string(25 - filled, '.').c_str(), per_cent, note.c_str());
    std::fflush(stderr);
  }

 private:
  static bool is_terminal() {
#if defined(__unix__) || defined(__APPLE__)
    return isatty(STDERR_FILENO) == 1;
#else
    return false;
#endif
  }

  std::string what_;
  std::int64_t total_;
  int shown_ = -1;
  bool terminal_ = is_terminal();
};

}  // namespace support
