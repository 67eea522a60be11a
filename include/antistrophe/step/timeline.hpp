// The times of a solve: t_0, …, t_n. They are stored or a function of the index alone, and steps are derived from them,
// h = t_{i+1} − t_i, in both passes: the backward pass meets the very numbers of the forward pass.
#pragma once

#include <antistrophe/core/errors.hpp>

#include <algorithm>
#include <cmath>
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
    return timeline;
  }

  // Steps of h, the last of n landing on t1; every node but the last moves with t0.
  static Timeline paced(double t0, double t1, double h, std::int64_t n) {
    Timeline timeline(t0, t1, n);
    timeline.kind_ = Kind::paced;
    timeline.h_ = h;
    return timeline;
  }

  // The given times, the first t0 and the last t1; those between stay where they are.
  static Timeline listed(std::vector<double> times) {
    Timeline timeline(times.front(), times.back(), static_cast<std::int64_t>(times.size()) - 1);
    timeline.kind_ = Kind::listed;
    timeline.times_ = std::move(times);
    return timeline;
  }

  // Listed times, of which some are those of events: the steps to them aim at later times, and are cut there.
  struct Interrupted {
    std::int64_t node;
    double aim;
  };
  static Timeline listed(std::vector<double> times, std::vector<Interrupted> interrupted) {
    Timeline timeline = listed(std::move(times));
    timeline.interrupted_ = std::move(interrupted);
    return timeline;
  }

  // Only t0 so far; append adds a node as each step is accepted.
  static Timeline growing(double t0) { return listed({t0}); }
  void append(double t) {
    times_.push_back(t);
    t1_ = t;
    ++n_;
  }

  // Keeps the first n steps at most.
  void shorten(std::int64_t n) {
    if (n >= n_) return;
    std::vector<double> times;
    for (std::int64_t i = 0; i <= n; ++i) times.push_back((*this)[i]);
    *this = listed(std::move(times)).numbered_from(first_);
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
  double aim(std::int64_t i) const {
    const auto cut = std::lower_bound(interrupted_.begin(), interrupted_.end(), i,
                                      [](const Interrupted& c, std::int64_t node) { return c.node < node; });
    return cut != interrupted_.end() && cut->node == i ? cut->aim : (*this)[i];
  }

  // How node i moves with t0 and with t1.
  double dt0(std::int64_t i) const {
    if (kind_ == Kind::uniform) return 1 - static_cast<double>(i) / static_cast<double>(n_);
    if (kind_ == Kind::paced) return i < n_ ? 1 : 0;
    return i == 0 ? 1 : 0;
  }
  double dt1(std::int64_t i) const {
    if (kind_ == Kind::uniform) return static_cast<double>(i) / static_cast<double>(n_);
    return i == n_ ? 1 : 0;
  }
  // True where the nodes between t0 and t1 move with them.
  bool moves() const { return kind_ != Kind::listed; }
  // True where all steps are equal and stay so when t0 and t1 move.
  bool is_uniform() const { return kind_ == Kind::uniform; }
  // True where all steps up to node i were laid out as equal, whatever the rounding of their times.
  bool equal_up_to(std::int64_t i) const { return kind_ == Kind::uniform || (kind_ == Kind::paced && i < n_); }

  std::size_t bytes() const { return times_.capacity() * sizeof(double); }

 private:
  enum class Kind { uniform, paced, listed };

  Timeline(double t0, double t1, std::int64_t n) : t0_(t0), t1_(t1), n_(n) {}

  Kind kind_ = Kind::uniform;
  double t0_, t1_, h_ = 0;
  std::int64_t n_, first_ = 0;
  std::vector<double> times_;
  std::vector<Interrupted> interrupted_;  // in the order of their nodes
};

// One step: its number n, its ends, and the times before it.
struct Step {
  std::int64_t n;            // of the accepted step, from timeline.first() on
  double t0, t1;             // where it starts and ends; t1 < t0 in a solve towards smaller times
  const Timeline* timeline;  // all times up to t1

  double h() const { return t1 - t0; }
  // The node `back` steps before t0, and t0's own at 0; multistep and two-point methods ask for it.
  double earlier(std::int64_t back) const { return (*timeline)[n - timeline->first() - back]; }
};

inline Step step_at(const Timeline& timeline, std::int64_t i) {
  return {timeline.first() + i, timeline[i], timeline[i + 1], &timeline};
}

}  // namespace antistrophe
