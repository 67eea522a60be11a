// SPDX-License-Identifier: MIT
// The recordings that a field has made of its function, one for each shape of state and each way through its branches. They
// are shared by the field's copies, and read by several threads at a time: a recording that stands in the list does not
// change, and leaves it with the list alone.
#pragma once

#include <antistrophe/field/detail/recorded_number.hpp>
#include <antistrophe/field/detail/reverse_vjp.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace antistrophe::detail {

using RecordedQuestion = VjpQuestion<RecordedNumber>;

// What f says at a question's inputs, asked for once, and only where somebody wants to know.
class PlainValue {
 public:
  explicit PlainValue(const RecordedQuestion& question) : question_(question) {}
  std::span<const double> operator()() {
    static thread_local std::vector<double> value;
    if (!known_) {
      value.resize(question_.shape.outputs());
      question_.evaluate(value);
      known_ = true;
    }
    return value;
  }

 private:
  const RecordedQuestion& question_;
  bool known_ = false;
};

// Sweeps forth and back along a recording. False, and nothing is added, where it is not what f does at these inputs.
inline bool sweep(const Recording& recording, const RecordedQuestion& question, PlainValue* plain) {
  static thread_local std::vector<double> value, bar, out;
  value.resize(recording.values());
  std::copy(question.inputs.begin(), question.inputs.end(), value.begin());
  if (!recording.forward(value)) return false;
  if (plain) {
    out.resize(recording.outputs.size());
    recording.read_outputs(value, out);
    if (!same_function(out, (*plain)())) return false;
  }
  bar.assign(recording.values(), 0.0);
  recording.reverse(value, question.w, bar);
  for (std::size_t i = 0; i < question.bars.size(); ++i) question.bars[i] += bar[i];
  return true;
}

// What a recording says in f's place; false where it takes another branch.
inline bool values_of(const Recording& recording, const RecordedQuestion& question, std::vector<double>& replayed) {
  std::vector<double> value(recording.values());
  std::copy(question.inputs.begin(), question.inputs.end(), value.begin());
  replayed.resize(recording.outputs.size());
  if (!recording.forward(value)) return false;
  recording.read_outputs(value, replayed);
  return true;
}

// A replay by sweeps alone.
struct Interpreted {
  struct Options {
    std::size_t branches = 8;  // recordings that are kept
  };
  Interpreted(Recording& recording, const Options&) { recording.group(); }
  bool operator()(const Recording& recording, const RecordedQuestion& question, PlainValue& plain) {
    return sweep(recording, question, &plain);
  }
};

// Replay is made of a recording and Options, and is called as Interpreted is, by several threads at a time.
template <class Replay>
class Recordings {
 public:
  using Options = typename Replay::Options;

  explicit Recordings(const Options& options = {}) : options_(options) {}
  Recordings(const Recordings&) = delete;
  Recordings& operator=(const Recordings&) = delete;
  ~Recordings() {
    for (const Entry* entry = newest_.load(); entry;) entry = std::unique_ptr<const Entry>(entry)->older;
  }

  void pull_back(const RecordedQuestion& question) {
    PlainValue plain(question);
    Entry* const newest = newest_.load(std::memory_order_acquire);
    if (replayed(newest, nullptr, question, plain)) return;
    const std::lock_guard lock(making_);
    Entry* const newer = newest_.load(std::memory_order_acquire);
    if (replayed(newer, newest, question, plain)) return;
    ++times_recorded_;
    Recording made = record_function(question.inputs, question.shape.outputs(),
                                     [&](const RecordedNumber* in, RecordedNumber* out) { question.record(in, out); });
    // One that takes the time as double holds at this time alone, and one that differs from f already would not be taken again.
    if (question.shape.timed && kept_ < options_.branches && agrees(made, question, plain)) {
      Entry* const entry = new Entry(question.shape, std::move(made), options_, newer);
      newest_.store(entry, std::memory_order_release);
      ++kept_;
      if (replayed(entry, newer, question, plain)) return;  // as it will be the next time, to the last bit
      sweep(entry->recording, question, nullptr);
    } else {
      sweep(made, question, nullptr);  // at the inputs where it was made, a recording is right
    }
  }

  void for_each(const auto& act) {
    for (Entry* entry = newest_.load(std::memory_order_acquire); entry; entry = entry->older) act(entry->replay);
  }
  std::size_t times_recorded() const { return times_recorded_; }

 private:
  struct Entry {
    Entry(const RecordingShape& of, Recording&& made, const Options& options, Entry* before)
        : shape(of), recording(std::move(made)), replay(recording, options), older(before) {}
    RecordingShape shape;
    Recording recording;
    Replay replay;
    Entry* older;
  };

  static bool replayed(Entry* from, const Entry* end, const RecordedQuestion& question, PlainValue& plain) {
    for (Entry* entry = from; entry != end; entry = entry->older)
      if (entry->shape == question.shape && entry->replay(entry->recording, question, plain)) return true;
    return false;
  }

  static bool agrees(const Recording& recording, const RecordedQuestion& question, PlainValue& plain) {
    std::vector<double> replayed;
    return values_of(recording, question, replayed) && same_function(replayed, plain());
  }

  Options options_;
  std::mutex making_;
  std::atomic<Entry*> newest_{nullptr};
  std::atomic<std::size_t> times_recorded_{0};
  std::size_t kept_ = 0;
};

}  // namespace antistrophe::detail
