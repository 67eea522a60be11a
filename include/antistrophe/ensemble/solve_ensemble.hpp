// SPDX-License-Identifier: MIT
// solve_ensemble(ensemble, method, steps[, extras…]): the solutions of many problems.
#pragma once

#include <antistrophe/ensemble/detail/distributed.hpp>
#include <antistrophe/ensemble/detail/run.hpp>
#include <antistrophe/ensemble/ensemble.hpp>
#include <antistrophe/solve.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// solutions: one a problem, that of problem i by [i]; one that failed holds what was reached, one that was not begun is empty, and its
// status is `stopped`.
template <class Y, class Saved = Y>
struct [[nodiscard]] EnsembleSolution {
  std::vector<Solution<Y, Saved>> solutions;
  std::vector<ProblemFailure> failures;  // in the order of their numbers
  Stats stats;                           // sums over all problems, but of bytes_kept the largest
  std::size_t first = 0;                 // the number of the problem of entry 0: not 0 with Ranks alone
  bool stopped = false;                  // by a std::stop_token, before all were solved

  // Every problem was solved.
  bool success() const { return failures.empty() && !stopped; }
  std::size_t size() const { return solutions.size(); }
  // Of problem i, which is one of this rank's.
  const Solution<Y, Saved>& operator[](std::size_t i) const { return solutions[i - first]; }
};

namespace detail {

// solve, of one problem of an ensemble.
template <class P, class M, class StepsType, class... Extras>
auto solve_one(const P& problem, std::size_t i, const M& method, const StepsType& steps, const Extras&... extras) {
  return with_extras_of(
      i, [&](const auto&... its) { return solve(problem, method, steps, OnFailure::return_status, its...); },
      extras...);
}

// The solution of a problem that was not reached.
template <class Y, class Saved>
Solution<Y, Saved> not_begun() {
  Failure failure;
  failure.status = Status::stopped;
  failure.cause = "the ensemble was stopped before this problem was begun";
  return {{}, {}, Timeline::growing(0), {}, {}, {}, std::move(failure), {}};
}

// Of other ranks only what became of their problems.
template <class Ranked>
void gather_outcomes(const Ranked& ranks, RunOf<StatsSum>& run) {
  Writer out;
  put_outcome(out, run);
  const Stats stats = run.sum.total({}).stats;
  out.pass(stats);
  RunOf<StatsSum> all;
  all.thrown = run.thrown;  // what this rank threw keeps its type
  all.thrown_by = run.thrown_by;
  std::uint64_t rank = 0;
  for (const std::string& told : ranks.all_gather(out.bytes())) {
    Reader in(told);
    get_outcome(in, all);
    StatsSum sum;
    in.pass(sum.stats);
    all.sum.add({0, rank++}, sum);
  }
  run = std::move(all);
}

}  // namespace detail

// ensemble: Ensemble{problem, count, vary}, or a std::vector of problems.
// The extras: those of solve but Observer, each given to every solve, and Threads{…}, EachEvents{…}, a std::stop_token and
// Ranks{…} (ensemble/mpi.hpp): then each rank has the solutions of its own part, and all know of all failures.
// The solutions are bit for bit those of solve, problem by problem.
// Throws EnsembleError, after all problems have been solved, where some failed; with OnFailure::return_status the result says which.
// Throws what a problem with bad arguments throws, with its number in the sentence.
template <class E, class M, class StepsType, class... Extras>
auto solve_ensemble(const E& ensemble, const M& method, const StepsType& steps, const Extras&... extras) {
  static_assert(
      !detail::in_lanes<Extras...>,
      "antistrophe: Lanes speed up gradients, of ensemble_value_and_gradient; solve_ensemble takes Threads{…}.");
  if constexpr (!detail::require_ensemble<E>()) {
    return EnsembleSolution<Eigen::VectorXd>{};  // one sentence is enough
  } else if constexpr (!detail::require_ensemble_extras<Extras...>()) {
    return EnsembleSolution<typename detail::ProblemOf<E>::State>{};
  } else {
    using P = detail::ProblemOf<E>;
    using Solved = decltype(detail::solve_one(std::declval<const P&>(), 0, method, steps, extras...));
    using Y = typename P::State;
    using Saved = std::remove_cvref_t<decltype(std::declval<const Solved&>().ys()[0])>;
    EnsembleSolution<Y, Saved> result;
    const std::size_t n = ensemble.size();
    if (n == 0) return result;

    const detail::Chunks chunks(n);
    const detail::Part part = detail::part_of(chunks.count(), extras...);
    result.first = chunks.begin(part.first);
    result.solutions.resize(chunks.begin(part.end) - result.first);
    std::vector<char> begun(result.solutions.size());
    auto run = detail::run_chunks<detail::StatsSum>(
        chunks, part.first, part.end, detail::own(Threads{1}, extras...), detail::own(std::stop_token{}, extras...),
        detail::own(Progress{}, extras...),
        [&] {
          return [&](std::size_t i, std::size_t, detail::StatsSum& sum, Failure& failure) {
            Solution<Y, Saved>& solution = result.solutions[i - result.first];
            solution = detail::solve_one(ensemble[i], i, method, steps, extras...);
            begun[i - result.first] = 1;
            detail::add_stats(sum.stats, solution.stats());
            failure = solution.failure();
          };
        },
        [] { return detail::StatsSum{}; });
    detail::with_ranks([&](const auto& ranks) { detail::gather_outcomes(ranks, run); }, extras...);
    if (run.thrown) detail::rethrow_with_number(run.thrown, run.thrown_by);
    for (std::size_t i = 0; i < begun.size(); ++i)
      if (begun[i] == 0) result.solutions[i] = detail::not_begun<Y, Saved>();
    result.stats = run.sum.total({}).stats;
    result.failures = std::move(run.failures);
    result.stopped = run.stopped;
    detail::throw_if_failed(result, n, extras...);
    return result;
  }
}

}  // namespace antistrophe
