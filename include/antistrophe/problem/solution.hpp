// What a solve gives: the saved times and states, how it ended, and what it cost.
#pragma once

#include <antistrophe/core/errors.hpp>
#include <antistrophe/problem/detail/dense_path.hpp>
#include <antistrophe/step/fixed.hpp>
#include <antistrophe/step/timeline.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace antistrophe {

struct Stats {
  std::int64_t steps = 0;  // attempted
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  std::int64_t guarded = 0;      // kept short where the state rests (Adaptive::sensitivity_guard)
  std::int64_t evaluations = 0;  // of f
  std::int64_t vjps = 0;
  std::int64_t bits = 0;       // set aside by exact arithmetic
  std::size_t bytes_kept = 0;  // for the way back: states, bits and times
};

// An event that was met: which of the list, when, and in what state (before the jump, if it has one).
template <class Y>
struct EventRecord {
  std::size_t index = 0;
  double t = 0;
  Y y;
};

// Y: the state. Saved: what was saved at each time, the state unless SaveAt{…}.of(g) made something else of it.
template <class Y, class Saved = Y>
class [[nodiscard]] Solution {
 public:
  // Saved times and states (or values of g), in the order of the solve; the valid prefix where it failed.
  // Moved out of a temporary, so that `for (const auto& y : solve(…).ys())` does not walk through what is gone.
  const std::vector<double>& ts() const& { return ts_; }
  const std::vector<Saved>& ys() const& { return ys_; }
  std::vector<double> ts() && { return std::move(ts_); }
  std::vector<Saved> ys() && { return std::move(ys_); }

  Status status() const { return failure_.status; }
  // True where the solve reached t1, or a terminal event.
  bool success() const { return failure_.status == Status::success || failure_.status == Status::event; }
  // True where it could not go on: neither there, nor ended by an event or an observer.
  bool failed() const { return !success() && failure_.status != Status::stopped; }
  // The events that were met, in order.
  const std::vector<EventRecord<Y>>& events() const { return events_; }
  const Failure& failure() const { return failure_; }
  const Stats& stats() const { return stats_; }

  // The times of the steps that were taken, t0 first. Chosen to a tolerance, they can be replayed: StepTo{solution.steps()}
  // gives the same states bit for bit.
  StepTimes steps() const {
    StepTimes times;
    times.resolutions = resolutions_;
    times.of_a_solve = true;
    for (std::int64_t i = 0; i <= timeline_.steps(); ++i) {
      times.push_back(timeline_[i]);
      if (timeline_.aim(i) != timeline_[i]) times.interrupted.push_back({i, timeline_.aim(i)});
    }
    return times;
  }

  // y(t) and y'(t) anywhere between t0 and where the solve ended, of the order of the method's dense output. Needs
  // SaveAt{.dense = true}. Throws std::invalid_argument without it, and for t outside.
  Y evaluate(double t) const { return path().value(t); }
  Y derivative(double t) const { return path().slope(t); }

  Solution() = default;
  Solution(std::vector<double> ts, std::vector<Saved> ys, Timeline timeline, Resolutions resolutions,
           detail::DensePath<Y> path, std::vector<EventRecord<Y>> events, Failure failure, Stats stats)
      : ts_(std::move(ts)),
        ys_(std::move(ys)),
        timeline_(std::move(timeline)),
        resolutions_(resolutions),
        path_(std::move(path)),
        events_(std::move(events)),
        failure_(std::move(failure)),
        stats_(stats) {}

  // The same solve with something else saved.
  template <class Other>
  Solution<Y, Other> with_saved(std::vector<double> ts, std::vector<Other> saved) && {
    return {std::move(ts),    std::move(saved),   std::move(timeline_), resolutions_,
            std::move(path_), std::move(events_), std::move(failure_),  stats_};
  }

 private:
  const detail::DensePath<Y>& path() const {
    if (path_.empty())
      detail::refuse("SaveAt::dense", false, "true to evaluate the solution at any time (and t0 and t1 differ)");
    return path_;
  }

  std::vector<double> ts_;
  std::vector<Saved> ys_;
  Timeline timeline_ = Timeline::growing(0);
  Resolutions resolutions_;
  detail::DensePath<Y> path_;
  std::vector<EventRecord<Y>> events_;
  Failure failure_;
  Stats stats_;
};

// What to do when a solve cannot go on: throw SolveError, or return the solution so far with its status.
enum class OnFailure { throw_error, return_status };

}  // namespace antistrophe
