// What a solve gives: the saved times and states, how it ended, and what it cost.
#pragma once

#include <antistrophe/core/errors.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace antistrophe {

struct Stats {
  std::int64_t steps = 0;        // attempted
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  std::int64_t evaluations = 0;  // of f
  std::int64_t vjps = 0;
  std::int64_t bits = 0;         // set aside by exact arithmetic
  std::size_t bytes_kept = 0;    // for the way back: states, bits and times
};

template <class Y>
class [[nodiscard]] Solution {
 public:
  // Saved times and states, in the order of the solve; the valid prefix where it failed.
  // Moved out of a temporary, so that `for (const auto& y : solve(…).ys())` does not walk through what is gone.
  const std::vector<double>& ts() const& { return ts_; }
  const std::vector<Y>& ys() const& { return ys_; }
  std::vector<double> ts() && { return std::move(ts_); }
  std::vector<Y> ys() && { return std::move(ys_); }

  Status status() const { return failure_.status; }
  bool success() const { return failure_.status == Status::success; }
  const Failure& failure() const { return failure_; }
  const Stats& stats() const { return stats_; }

  Solution() = default;
  Solution(std::vector<double> ts, std::vector<Y> ys, Failure failure, Stats stats)
      : ts_(std::move(ts)), ys_(std::move(ys)), failure_(std::move(failure)), stats_(stats) {}

 private:
  std::vector<double> ts_;
  std::vector<Y> ys_;
  Failure failure_;
  Stats stats_;
};

// What to do when a solve cannot go on: throw SolveError, or return the solution so far with its status.
enum class OnFailure { throw_error, return_status };

}  // namespace antistrophe
