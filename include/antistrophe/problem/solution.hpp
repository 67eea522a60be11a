// SPDX-License-Identifier: MIT
// What a solve gives: the saved times and states, how it ended, and what it cost.
#pragma once

#include <antistrophe/core/detail/made_once.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/problem/detail/dense_path.hpp>
#include <antistrophe/problem/detail/print.hpp>
#include <antistrophe/step/fixed.hpp>
#include <antistrophe/step/timeline.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

struct Stats {
  std::int64_t steps = 0;  // attempted
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  std::int64_t guarded = 0;      // kept short for the sensitivities (Adaptive::sensitivity_guard) or by a parasite
  std::int64_t evaluations = 0;  // of f
  std::int64_t bits = 0;         // set aside by exact arithmetic
  std::size_t bytes_kept = 0;    // for the way back: states, bits and times
};

// One line: "100 steps (2 rejected), 614 evaluations".
inline std::ostream& operator<<(std::ostream& out, const Stats& stats) {
  detail::print_count(out, stats.accepted, "step");
  if (stats.rejected > 0) out << " (" << stats.rejected << " rejected)";
  if (stats.guarded > 0) out << " (" << stats.guarded << " kept short by the sensitivity guard)";
  out << ", ";
  detail::print_count(out, stats.evaluations, "evaluation");
  if (stats.bits > 0) {
    out << ", ";
    detail::print_count(out, stats.bits, "bit");
    out << " set aside";
  }
  if (stats.bytes_kept > 0) out << ", " << stats.bytes_kept << " bytes kept";
  return out;
}

// An event that was met: which of the list, when, and in what state (before the jump, if it has one).
template <class Y>
struct EventRecord {
  std::size_t index = 0;
  double t = 0;
  Y y;
};

template <class Y>
std::ostream& operator<<(std::ostream& out, const EventRecord<Y>& event) {
  out << "event " << event.index << " at t = " << event.t << ", y = ";
  detail::print_value(out, event.y);
  return out;
}

// Y: the state. Saved: what was saved at each time, the state unless SaveAt{…}.of(g) made something else of it.
template <class Y, class Saved = Y>
class [[nodiscard]] Solution {
 public:
  // Saved times and states (or values of g), in the order of the solve; the valid prefix where it failed.
  // References while the solution lives; moved out of a temporary, as everything here is, so that
  // `for (const auto& y : solve(…).ys())` does not walk through what is gone.
  const std::vector<double>& ts() const& { return ts_; }
  const std::vector<Saved>& ys() const& { return ys_; }
  std::vector<double> ts() && { return std::move(ts_); }
  std::vector<Saved> ys() && { return std::move(ys_); }

  Status status() const { return failure_.status; }
  // True where the solve reached t1, or a terminal event.
  bool success() const { return succeeded(failure_.status); }
  // True where it could not go on: neither there, nor ended by an event or an observer.
  bool failed() const { return antistrophe::failed(failure_.status); }
  // The events that were met, in order.
  const std::vector<EventRecord<Y>>& events() const& { return events_; }
  std::vector<EventRecord<Y>> events() && { return std::move(events_); }
  const Failure& failure() const& { return failure_; }
  Failure failure() && { return std::move(failure_); }
  const Stats& stats() const& { return stats_; }
  Stats stats() && { return stats_; }
  // ∫ q dt of a RunningCost among the extras, so far as the solve got; 0 without one.
  double running_cost() const { return running_cost_; }

  // The times of the steps that were taken, t0 first. Chosen to a tolerance, they can be replayed: StepTo{solution.steps()}
  // gives the same states bit for bit. Made when first asked for: equal steps take no room before.
  const StepTimes& steps() const& {
    return steps_.get([this] { return step_times(); });
  }
  StepTimes steps() && { return step_times(); }

  // y(t) and y'(t) anywhere between t0 and where the solve ended, of the order of the method's dense output. Needs
  // SaveAt{.dense = true}. Throws std::invalid_argument without it, and for t outside.
  Y evaluate(double t) const { return path().value(t); }
  Y derivative(double t) const { return path().slope(t); }

  Solution() = default;
  Solution(std::vector<double> ts, std::vector<Saved> ys, Timeline timeline, Resolutions resolutions,
           detail::DensePath<Y> path, std::vector<EventRecord<Y>> events, Failure failure, Stats stats,
           double running_cost = 0)
      : ts_(std::move(ts)),
        ys_(std::move(ys)),
        timeline_(std::move(timeline)),
        resolutions_(std::move(resolutions)),
        path_(std::move(path)),
        events_(std::move(events)),
        failure_(std::move(failure)),
        stats_(stats),
        running_cost_(running_cost) {}

  // The same solve with something else saved.
  template <class Other>
  Solution<Y, Other> with_saved(std::vector<double> ts, std::vector<Other> saved) && {
    return {std::move(ts),       std::move(saved), std::move(timeline_),
            resolutions_,        std::move(path_), std::move(events_),
            std::move(failure_), stats_,           running_cost_};
  }

 private:
  StepTimes step_times() const {
    StepTimes times;
    times.resolutions = resolutions_;
    times.of_a_solve = true;
    times.jumps = timeline_.jumps();
    times.chosen = timeline_.is_chosen();
    times.reserve(static_cast<std::size_t>(timeline_.steps()) + 1);
    for (std::int64_t i = 0; i <= timeline_.steps(); ++i) {
      times.push_back(timeline_[i]);
      if (timeline_.aim(i) != timeline_[i]) times.interrupted.push_back({i, timeline_.aim(i)});
    }
    return times;
  }

  const detail::DensePath<Y>& path() const {
    if (path_.empty())
      detail::refuse("SaveAt::dense", false, "true to evaluate the solution at any time (and t0 and t1 differ)");
    return path_;
  }

  std::vector<double> ts_;
  std::vector<Saved> ys_;
  Timeline timeline_ = Timeline::growing(0);
  detail::MadeOnce<StepTimes> steps_;
  Resolutions resolutions_;
  detail::DensePath<Y> path_;
  std::vector<EventRecord<Y>> events_;
  Failure failure_;
  Stats stats_;
  double running_cost_ = 0;
};

// A few lines: how it ended, what it cost, the last saved state, the events.
template <class Y, class Saved>
std::ostream& operator<<(std::ostream& out, const Solution<Y, Saved>& solution) {
  out << solution.failure() << "; " << solution.stats() << "; " << solution.ts().size() << " saved";
  if (!solution.ts().empty()) {
    out << ", the last at t = " << solution.ts().back() << ": ";
    detail::print_value(out, solution.ys().back());
  }
  constexpr std::size_t most = 8;
  const auto& events = solution.events();
  for (std::size_t i = 0; i < events.size() && i < most; ++i) out << '\n' << events[i];
  if (events.size() > most) out << "\nand " << events.size() - most << " more events";
  return out;
}

// What was saved, a row a time: t,y0,y1,… with the entries in storage order and every digit that makes a difference.
// Of complex entries real and imaginary parts, y0_re,y0_im.
template <class Y, class Saved>
void write_csv(std::ostream& out, const Solution<Y, Saved>& solution) {
  constexpr bool is_number = !requires(const Saved& saved) { saved.data()[saved.size()]; };
  const auto size = [](const Saved& saved) -> std::size_t {
    if constexpr (is_number)
      return 1;
    else
      return static_cast<std::size_t>(saved.size());
  };
  const auto entry = [](const Saved& saved, std::size_t i) {
    if constexpr (is_number)
      return saved;
    else
      return saved.data()[i];
  };
  using Entry = std::remove_cvref_t<decltype(entry(std::declval<const Saved&>(), 0))>;
  constexpr bool is_complex = requires(const Entry& x) { x.imag(); };

  std::size_t columns = 0;  // a function may save vectors of several lengths
  for (const Saved& saved : solution.ys()) columns = std::max(columns, size(saved));
  std::ostringstream row;  // whatever locale and flags `out` has
  row.imbue(std::locale::classic());
  row.precision(std::numeric_limits<long double>::max_digits10);
  row << 't';
  for (std::size_t i = 0; i < columns; ++i) {
    if constexpr (is_complex)
      row << ",y" << i << "_re,y" << i << "_im";
    else
      row << ",y" << i;
  }
  row << '\n';
  out << row.str();
  const auto put = [&](const auto& x) {
    using X = std::remove_cvref_t<decltype(x)>;
    row.precision(std::numeric_limits<X>::max_digits10);
    row << x;
  };
  for (std::size_t n = 0; n < solution.ts().size(); ++n) {
    const Saved& saved = solution.ys()[n];
    row.str({});
    put(solution.ts()[n]);
    for (std::size_t i = 0; i < columns; ++i) {
      row << ',';
      if (i >= size(saved)) {
        if constexpr (is_complex) row << ',';
      } else if constexpr (is_complex) {
        put(entry(saved, i).real());
        row << ',';
        put(entry(saved, i).imag());
      } else {
        put(entry(saved, i));
      }
    }
    row << '\n';
    out << row.str();
  }
}

// What to do when a solve cannot go on: throw SolveError, or return the solution so far with its status.
enum class OnFailure { throw_error, return_status };

}  // namespace antistrophe
