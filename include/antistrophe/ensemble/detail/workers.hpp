// SPDX-License-Identifier: MIT
// Problems handed out to threads, a chunk of neighbours at a time.
#pragma once

#include <antistrophe/problem/progress.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace antistrophe::detail {

// How an ensemble is cut: a function of its size alone, for sums are taken chunk by chunk. Few problems go one by one, since each may
// be long; of many, 64 share the cost of being handed out, of 64 and more 8, which is as many as there may be lanes.
class Chunks {
 public:
  explicit Chunks(std::size_t problems)
      : problems_(problems), each_(problems < 64 ? 1 : std::clamp<std::size_t>(problems / 512 * 8, 8, 64)) {}

  std::size_t count() const { return (problems_ + each_ - 1) / each_; }
  std::size_t begin(std::size_t chunk) const { return std::min(problems_, chunk * each_); }
  std::size_t end(std::size_t chunk) const { return begin(chunk + 1); }

 private:
  std::size_t problems_, each_;
};

// What the threads of one call share: who takes which chunk, what was thrown, whether to go on, and how far they are.
class Handout {
 public:
  Handout(std::size_t first, std::size_t end, std::stop_token stop, const Progress& progress)
      : next_(first),
        begin_(first),
        end_(end),
        stop_(std::move(stop)),
        progress_(progress.callable ? &progress : nullptr),
        told_(progress_ != nullptr ? seconds_of_clock() : 0) {}

  // The next chunk; end() where none is left, or none is wanted.
  std::size_t take() {
    if (thrown_.load(std::memory_order_relaxed)) return end_;
    if (stop_.stop_requested()) {
      if (next_.load() < end_) stopped_ = true;
      return end_;
    }
    return std::min(end_, next_.fetch_add(1));
  }
  std::size_t end() const { return end_; }
  bool stopped() const { return stopped_; }

  // What problem i threw. All chunks before it have been handed out by then and are finished, so the lowest i is the same
  // for any number of threads.
  void note(std::size_t i, std::exception_ptr thrown) {
    const std::lock_guard lock(mutex_);
    if (i < thrown_by_) {
      thrown_by_ = i;
      what_ = std::move(thrown);
    }
    thrown_ = true;
  }
  // Of what was thrown, that of the lowest number, if anything.
  std::exception_ptr thrown() const { return what_; }
  std::size_t thrown_by() const { return thrown_by_; }

  // A chunk is finished, by which `stats` grows. The callable is called by one thread at a time.
  void finished(const Stats& of_chunk) {
    if (progress_ == nullptr) return;
    const std::lock_guard lock(mutex_);
    stats_.steps += of_chunk.steps;
    stats_.accepted += of_chunk.accepted;
    stats_.rejected += of_chunk.rejected;
    stats_.evaluations += of_chunk.evaluations;
    ++done_;
    const double now = seconds_of_clock();
    if (done_ < end_ - begin_ && now - told_ < progress_->seconds) return;
    told_ = now;
    progress_->callable(static_cast<double>(done_) / static_cast<double>(end_ - begin_), stats_);
  }

 private:
  std::atomic<std::size_t> next_;
  const std::size_t begin_, end_;
  const std::stop_token stop_;
  std::atomic<bool> stopped_ = false, thrown_ = false;
  std::mutex mutex_;
  std::exception_ptr what_;
  std::size_t thrown_by_ = std::numeric_limits<std::size_t>::max();
  const Progress* progress_;
  double told_;
  std::size_t done_ = 0;
  Stats stats_;
};

// Lets so many threads work, of which the calling one is the first, until all have come back. work() may not throw.
//
// Threads are started anew at each call: they cost some ten microseconds each, and a pool kept from call to call would be state
// that programs share without seeing it.
inline void in_threads(std::size_t count, const std::function<void()>& work) {
  std::vector<std::jthread> others;
  try {
    for (std::size_t i = 1; i < count; ++i) others.emplace_back(work);
  } catch (const std::system_error&) {  // no more threads: fewer will do
  }
  work();
}

inline std::size_t thread_count(std::size_t asked, std::size_t chunks) {
  const std::size_t count = asked > 0 ? asked : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  return std::min(count, std::max<std::size_t>(1, chunks));
}

// The sentence of an exception of problem i: of bad arguments, with i.
[[noreturn]] inline void rethrow_with_number(const std::exception_ptr& thrown, std::size_t i) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::invalid_argument& error) {
    std::string text = error.what();
    const std::string name = "antistrophe: ";
    if (text.starts_with(name)) text.erase(0, name.size());
    throw std::invalid_argument(name + "problem " + std::to_string(i) + " of the ensemble: " + text);
  }
}

}  // namespace antistrophe::detail
