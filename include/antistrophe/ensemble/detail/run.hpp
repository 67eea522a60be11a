// SPDX-License-Identifier: MIT
// One call for an ensemble: chunks to threads, sums in a fixed order, failures in the order of their numbers.
#pragma once

#include <antistrophe/ensemble/detail/extras.hpp>
#include <antistrophe/ensemble/detail/ordered_sum.hpp>
#include <antistrophe/ensemble/detail/workers.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

namespace antistrophe::detail {

inline void add_stats(Stats& to, const Stats& stats) {
  to.steps += stats.steps;
  to.accepted += stats.accepted;
  to.rejected += stats.rejected;
  to.guarded += stats.guarded;
  to.evaluations += stats.evaluations;
  to.bits += stats.bits;
  to.bytes_kept = std::max(to.bytes_kept, stats.bytes_kept);
}

// The sum of a run that adds up nothing else.
struct StatsSum {
  Stats stats;
  void add(const StatsSum& other) { add_stats(stats, other.stats); }
};

// What a run over chunks gave: the nodes of the sum, and what became of it.
template <class Sum>
struct RunOf {
  OrderedSum<Sum> sum;
  std::vector<ProblemFailure> failures;
  bool stopped = false;
  std::exception_ptr thrown;
  std::size_t thrown_by = 0;
};

// For each chunk of [first, end) a thread calls worker(i, end, sum, failure) with the numbers of its problems in turn, up to that chunk's end; make_worker() gives a
// thread its own worker, and empty() an empty sum. A problem that fails adds nothing and writes its failure.
template <class Sum, class MakeWorker, class Empty>
RunOf<Sum> run_chunks(const Chunks& chunks, std::size_t first, std::size_t end, const Threads& threads,
                      const std::stop_token& stop, const Progress& progress, const MakeWorker& make_worker,
                      const Empty& empty) {
  RunOf<Sum> run;
  std::mutex mutex;
  Handout handout(first, end, stop, progress);
  in_threads(thread_count(threads.count, end - first), [&]() noexcept {
    std::size_t i = chunks.begin(first);  // whom to blame for what is thrown
    try {
      auto worker = make_worker();
      for (std::size_t chunk = handout.take(); chunk < handout.end(); chunk = handout.take()) {
        Sum sum = empty();
        std::vector<ProblemFailure> failures;
        for (i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
          Failure failure;
          worker(i, chunks.end(chunk), sum, failure);
          if (failed(failure.status)) failures.push_back({i, std::move(failure)});
        }
        --i;
        const Stats stats = sum.stats;
        {
          const std::lock_guard lock(mutex);
          run.sum.add({0, chunk}, std::move(sum));
          run.failures.insert(run.failures.end(), failures.begin(), failures.end());
        }
        handout.finished(stats);
      }
    } catch (...) {
      handout.note(i, std::current_exception());
    }
  });
  std::sort(run.failures.begin(), run.failures.end(),
            [](const ProblemFailure& a, const ProblemFailure& b) { return a.index < b.index; });
  run.stopped = handout.stopped();
  run.thrown = handout.thrown();
  run.thrown_by = handout.thrown_by();
  return run;
}

}  // namespace antistrophe::detail
