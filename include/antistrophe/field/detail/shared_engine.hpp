// SPDX-License-Identifier: MIT
// What engines on libraries that keep their recordings in one place for the whole program have in common: one lock, and a
// recording for each shape of state, made anew where it does not replay what is asked.
#pragma once

#include <antistrophe/field/detail/reverse_vjp.hpp>

#include <cstddef>
#include <list>
#include <mutex>

namespace antistrophe::detail {

// Recorded: made of a RecordingShape, its member `shape`; has replays(question), false where it must be recorded, record(question),
// and, after either, pull_back(question).
template <class N, class Recorded>
class SharedEngine {
 public:
  using Number = N;
  static constexpr bool needs_time = false;

  SharedEngine() = default;
  SharedEngine(const SharedEngine&) = delete;
  SharedEngine& operator=(const SharedEngine&) = delete;
  ~SharedEngine() {
    const std::lock_guard lock(everything());
    recordings_.clear();
  }

  void pull_back(const VjpQuestion<Number>& question) {
    const std::lock_guard lock(everything());
    Recorded& recorded = recorded_for(question);
    if (!recorded.replays(question)) {
      ++times_recorded_;
      recorded.record(question);
    }
    recorded.pull_back(question);
  }

  void doubt() {}  // every replay is held against f
  // How often the function was recorded.
  std::size_t times_recorded() const { return times_recorded_; }

 private:
  // That of the library.
  static std::mutex& everything() {
    static std::mutex mutex;
    return mutex;
  }
  Recorded& recorded_for(const VjpQuestion<Number>& question) {
    for (Recorded& recorded : recordings_)
      if (recorded.shape == question.shape) return recorded;
    return recordings_.emplace_back(question.shape);
  }

  std::list<Recorded> recordings_;  // one for each shape of state
  std::size_t times_recorded_ = 0;
};

}  // namespace antistrophe::detail
