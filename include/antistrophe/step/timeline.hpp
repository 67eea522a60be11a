// SPDX-License-Identifier: MIT
// The times of a solve: t_0, …, t_n. They are stored or a function of the index alone, and steps are derived from them,
// h = t_{i+1} − t_i, in both passes: the backward pass meets the very numbers of the forward pass.
#pragma once

#include <antistrophe/core/detail/growing_rows.hpp>
#include <antistrophe/core/detail/shared.hpp>
#include <antistrophe/core/errors.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace antistrophe {

class Timeline {
 public:
  // n equal steps; every node moves with t0 and t1.
  static Timeline uniform(double t0, double t1, std::int64_t n) {
    Timeline timeline(t0, t1, n);
    timeline.kind_ = Kind::uniform;
    timeline.h_ = n > 0 ? (t1 - t0) / static_cast<double>(n) : 0;
    if (n > 0) timeline.motion_ = {n, n, false};
    return timeline;
  }

  // Steps of h, the last of n landing on t1; every node but the last moves with t0.
  static Timeline paced(double t0, double t1, double h, std::int64_t n) {
    Timeline timeline(t0, t1, n);
    timeline.kind_ = Kind::paced;
    timeline.h_ = h;
    if (n > 0) timeline.motion_ = {n, 1, true};
    return timeline;
  }

  // The given times, the first t0 and the last t1; those between stay where they are.
  static Timeline listed(std::vector<double> times) {
    Timeline timeline(times.front(), times.back(), static_cast<std::int64_t>(times.size()) - 1);
    timeline.kind_ = Kind::listed;
    timeline.times_ = detail::GrowingRows(std::move(times));
    return timeline;
  }

  // How listed nodes move: the first `with_t0` steps fill an interval of which t0 is one end, the last `with_t1` one of which t1
  // is; their nodes move in proportion or, where the first are `rigid`, as t0 does.
  struct Motion {
    std::int64_t with_t0 = 1, with_t1 = 1;
    bool rigid = false;
  };
  Timeline moving(Motion motion) && {
    motion_ = motion;
    return std::move(*this);
  }

  // Listed times, of which some are those of events: the steps to them aim at later times, and are cut there.
  struct Interrupted {
    std::int64_t node;
    double aim;
  };
  static Timeline listed(std::vector<double> times, std::vector<Interrupted> interrupted) {
    Timeline timeline = listed(std::move(times));
    if (!interrupted.empty()) timeline.interrupted_ = detail::Shared::of(std::move(interrupted));
    return timeline;
  }

  // A time t at which f jumps, where a step ends and another begins: f is given `before` in its place in the one, `after` in the
  // other, and never t.
  struct Jump {
    double t, before, after;
  };
  // The same steps, which know where f jumps; sorted along their direction.
  Timeline jumping(std::vector<Jump> jumps) && {
    if (!jumps.empty()) jumps_ = detail::Shared::of(std::move(jumps));
    return std::move(*this);
  }
  // What a stretch of another timeline has in common with it: where f jumps, and whether its nodes were chosen.
  Timeline like(const Timeline& other) && {
    jumps_ = other.jumps_;
    chosen_ = other.chosen_;
    return std::move(*this);
  }
  // Its nodes are, or were, chosen as the solve goes: how many there will be is not known while states are saved.
  Timeline chosen(bool chosen = true) && {
    chosen_ = chosen;
    return std::move(*this);
  }
  bool is_chosen() const { return chosen_; }
  bool has_jumps() const { return static_cast<bool>(jumps_); }
  // That at t, if f jumps there.
  const Jump* jump_at(double t) const { return has_jumps() ? find_jump(t) : nullptr; }
  std::vector<Jump> jumps() const { return has_jumps() ? jumps_.as<std::vector<Jump>>() : std::vector<Jump>{}; }
  // What f is given in the place of t by what begins there.
  double sees_after(double t) const {
    const Jump* jump = jump_at(t);
    return jump == nullptr ? t : jump->after;
  }

  // Only t0 so far; append adds a node as each step is accepted.
  static Timeline growing(double t0) { return listed({t0}); }
  void append(double t) {
    const auto node = static_cast<std::size_t>(++n_);
    if (node == times_.rows()) times_.grow();
    times_[node] = t;
    t1_ = t;
    if (!laid_out_) planned_ = n_;
  }

  // The nodes of what grows lie side by side from here on, as far as there is room; room for so many in all.
  void lay_out(std::size_t nodes) {
    if (nodes > times_.rows()) times_.lay_out(nodes, 1);
  }
  const double* nodes() const { return times_.data(); }

  // A stretch of these steps, laid out before, that begins at time t between node `node` and the next, which is its node 1; it
  // grows. Its first node is t0 or, `after_event`, the time of an event. Where some steps aim at other times than their nodes, no
  // node of a stretch is known to be one of these, and its first and last alone move.
  Timeline stretch(double t, std::int64_t node, bool after_event) const {
    Timeline timeline = growing(t).like(*this).after_event(after_event);
    if (interrupted_) return timeline;
    timeline.motion_ = motion_;
    timeline.planned_ = planned_;
    timeline.offset_ = node;
    timeline.laid_out_ = true;
    return timeline;
  }

  // The same times, the first of them that of an event.
  Timeline after_event(bool after = true) && {
    after_event_ = after;
    return std::move(*this);
  }

  // Keeps the first n steps at most; their nodes move as before.
  void shorten(std::int64_t n) {
    if (n >= n_) return;
    std::vector<double> times(static_cast<std::size_t>(n) + 1);
    for (std::int64_t i = 0; i <= n; ++i) times[static_cast<std::size_t>(i)] = (*this)[i];
    times_ = detail::GrowingRows(std::move(times));
    kind_ = Kind::listed;
    n_ = n;
    t1_ = times_[static_cast<std::size_t>(n)];
    laid_out_ = true;
  }

  // The same times, the first step numbered `first`: numbers are 64 bits wide and go past 2^31.
  Timeline numbered_from(std::int64_t first) && {
    first_ = first;
    return std::move(*this);
  }

  std::int64_t first() const { return first_; }
  std::int64_t steps() const { return n_; }
  double t0() const { return t0_; }
  double t1() const { return t1_; }

  // Node i, 0 <= i <= steps().
  double operator[](std::int64_t i) const {
    if (kind_ == Kind::listed) return times_[static_cast<std::size_t>(i)];
    return i == n_ ? t1_ : t0_ + static_cast<double>(i) * h_;
  }

  // Where the step to node i aims, if an event may cut it.
  double aim(std::int64_t i) const { return interrupted_ ? aim_if_cut(i) : (*this)[i]; }

  // How node i moves with t0 and with t1, and with the event at which a later stretch begins.
  double dt0(std::int64_t i) const {
    if (begins_at_event(i)) return 0;
    i += offset_;
    if (i >= motion_.with_t0) return 0;
    return motion_.rigid ? 1 : 1 - static_cast<double>(i) / static_cast<double>(motion_.with_t0);
  }
  double dt1(std::int64_t i) const {
    if (begins_at_event(i)) return 0;
    const std::int64_t inside = i + offset_ - (planned_ - motion_.with_t1);
    return inside > 0 ? static_cast<double>(inside) / static_cast<double>(motion_.with_t1) : 0;
  }
  double dt_event(std::int64_t i) const { return begins_at_event(i) ? 1 : 0; }
  bool moves(std::int64_t i) const { return dt0(i) != 0 || dt1(i) != 0; }
  // True where node i of n moves as the fraction i/n of the way from t0 to t1, so that dt1(i) = i/n and dt0(i) = 1 − i/n.
  bool moves_evenly() const {
    return motion_.with_t0 == n_ && motion_.with_t1 == n_ && planned_ == n_ && offset_ == 0 && !motion_.rigid &&
           !after_event_;
  }
  // True where the steps were laid out before, so that the nodes of a solve that an event or an observer ends move with its ends
  // all the same.
  bool laid_out() const { return laid_out_; }
  // True where all steps are equal and stay so when t0 and t1 move.
  bool is_uniform() const { return kind_ == Kind::uniform; }
  // True where all steps up to node i were laid out as equal, whatever the rounding of their times.
  bool equal_up_to(std::int64_t i) const { return kind_ == Kind::uniform || (kind_ == Kind::paced && i < n_); }

  std::size_t bytes() const { return times_.bytes(); }

 private:
  enum class Kind { uniform, paced, listed };

  Timeline(double t0, double t1, std::int64_t n) : t0_(t0), t1_(t1), n_(n), planned_(n) {}

  bool begins_at_event(std::int64_t i) const { return after_event_ && i == 0; }

  double aim_if_cut(std::int64_t i) const {
    const auto& interrupted = interrupted_.as<std::vector<Interrupted>>();
    const auto cut = std::lower_bound(interrupted.begin(), interrupted.end(), i,
                                      [](const Interrupted& c, std::int64_t node) { return c.node < node; });
    return cut != interrupted.end() && cut->node == i ? cut->aim : (*this)[i];
  }
  const Jump* find_jump(double t) const {
    const auto& jumps = jumps_.as<std::vector<Jump>>();
    const double sign = jumps.back().t >= jumps.front().t ? 1 : -1;
    const auto found = std::lower_bound(jumps.begin(), jumps.end(), t,
                                        [sign](const Jump& jump, double time) { return sign * jump.t < sign * time; });
    return found != jumps.end() && found->t == t ? &*found : nullptr;
  }

  Kind kind_ = Kind::uniform;
  double t0_, t1_, h_ = 0;
  std::int64_t n_, first_ = 0;
  std::int64_t planned_, offset_ = 0;  // steps in all, and those before a stretch
  Motion motion_;
  bool laid_out_ = false, after_event_ = false, chosen_ = false;
  detail::GrowingRows<double> times_;
  detail::Shared interrupted_;  // a std::vector<Interrupted>, in the order of their nodes
  detail::Shared jumps_;        // a std::vector<Jump>, of all segments of a solve
};

// A way through a step, forth or back, of length to − from; at its ends f is given the other two times.
struct WayThrough {
  double from, to, sees_from, sees_to;
};

// One step: its number n, its ends, and the times before it.
struct Step {
  std::int64_t n;            // of the accepted step, from timeline.first() on
  double t0, t1;             // where it starts and ends; t1 < t0 in a solve towards smaller times
  const Timeline* timeline;  // all times up to t1

  double h() const { return t1 - t0; }
  // The node `back` steps before t0, and t0's own at 0; multistep and two-point methods ask for it.
  double earlier(std::int64_t back) const { return (*timeline)[n - timeline->first() - back]; }

  bool meets_jumps() const { return timeline != nullptr && timeline->has_jumps(); }
  bool begins_at_jump() const { return timeline != nullptr && timeline->jump_at(t0) != nullptr; }
  bool ends_at_jump() const { return timeline != nullptr && timeline->jump_at(t1) != nullptr; }
  // What f is given at t0 and t1: where it jumps there, the neighbouring number inside the step.
  double sees_t0() const { return timeline == nullptr ? t0 : timeline->sees_after(t0); }
  double sees_t1() const {
    const Timeline::Jump* jump = timeline == nullptr ? nullptr : timeline->jump_at(t1);
    return jump == nullptr ? t1 : jump->before;
  }
  // What f is given at an earlier node, by the step that begins there.
  double sees_earlier(std::int64_t back) const { return timeline->sees_after(earlier(back)); }

  ANTISTROPHE_ALWAYS_INLINE WayThrough forth() const {
    return meets_jumps() ? WayThrough{t0, t1, sees_t0(), sees_t1()} : WayThrough{t0, t1, t0, t1};
  }
  ANTISTROPHE_ALWAYS_INLINE WayThrough back() const {
    return meets_jumps() ? WayThrough{t1, t0, sees_t1(), sees_t0()} : WayThrough{t1, t0, t1, t0};
  }
  // The step before this one.
  Step step_before() const { return {n - 1, earlier(1), t0, timeline}; }
};

inline Step step_at(const Timeline& timeline, std::int64_t i) {
  return {timeline.first() + i, timeline[i], timeline[i + 1], &timeline};
}

}  // namespace antistrophe
