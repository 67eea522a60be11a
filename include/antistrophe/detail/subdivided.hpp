// SPDX-License-Identifier: MIT
// The steps of a solve, each cut into equal parts: what error bars compare a solve with.
#pragma once

#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/step_control.hpp>
#include <antistrophe/step/fixed.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// The nodes of a solve, in stretches from its start or an event to the next event or the end. An event lies inside the last
// step of its stretch, whose last node is where that step aimed.
using Stretches = std::vector<std::vector<double>>;

class SubdividedControl;

// Steps that go from each of these nodes to the next in `parts` equal parts. Where events come a little earlier or later than
// in the solve that the nodes are of, steps begin there, and go on to the nodes beyond.
struct Subdivided {
  static constexpr bool chooses_steps = true;
  template <class S>
  using Control = SubdividedControl;

  const Stretches* stretches;
  std::int64_t parts;
  Resolutions taken;  // an exact method's numbers are those of the solve that the nodes are of
  std::vector<Timeline::Jump> jumps;
  bool chosen;  // those nodes were

  const Resolutions& resolutions() const { return taken; }
  const std::vector<Timeline::Jump>& jumps_between(double, double) const { return jumps; }
};

class SubdividedControl {
 public:
  template <class Y>
  SubdividedControl(const Subdivided& steps, double t0, double t1, const Y&, bool)
      : steps_(steps), t1_(t1), sign_(t1 >= t0 ? 1 : -1), over_(t0 == t1) {}

  bool over() const { return over_; }
  template <Stepper S>
  void start(S&, double, const typename S::State&) {}
  static bool exhausted(const Step&, const Stats&) { return false; }
  static Failure why_exhausted(const Step&) { return {}; }

  double target(double t) {
    while (next_ > last() && stretch_ + 1 < steps_.stretches->size()) enter(stretch_ + 1, t);  // its event did not come
    if (next_ <= last()) return node(next_);
    // Beyond all nodes, where an event that ended the solve comes later now: in steps as long as the last.
    const double further = t + length(last());
    return sign_ * (t1_ - further) > 0.1 * std::fabs(length(last())) ? further : t1_;
  }

  template <Stepper S>
  Outcome judge(S&, const Step&, const typename S::Carry&) {
    return Outcome::ok;
  }
  template <Stepper S>
  void accepted(S&, const Step& step) {
    ++next_;
    over_ = sign_ * (t1_ - step.t1) <= 0;
  }
  template <Stepper S>
  std::optional<Failure> rejected(S& stepper, Outcome outcome, const Step& step) {
    return failed_at(stepper, outcome, step);
  }
  // Goes on from an event at time t.
  void resume(double t) {
    ++events_;
    if (events_ < steps_.stretches->size() && events_ > stretch_)
      enter(events_, t);
    else
      seek(t);
  }

 private:
  const std::vector<double>& nodes() const { return (*steps_.stretches)[stretch_]; }
  // The number of parts of the stretch, which is that of its last node too.
  std::int64_t last() const { return static_cast<std::int64_t>(nodes().size() - 1) * steps_.parts; }
  double node(std::int64_t i) const {
    const double* from = nodes().data() + i / steps_.parts;
    const std::int64_t part = i % steps_.parts;
    return part == 0 ? *from
                     : *from + (from[1] - *from) * (static_cast<double>(part) / static_cast<double>(steps_.parts));
  }
  double length(std::int64_t i) const { return i > 0 ? node(i) - node(i - 1) : t1_ - nodes()[0]; }

  void enter(std::size_t stretch, double t) {
    stretch_ = stretch;
    next_ = 1;
    seek(t);
  }
  // The next node is far enough beyond t for a step worth taking, or one where f jumps.
  void seek(double t) {
    const auto passed_by = [&](double node) {
      return sign_ * (node - t) <= (is_jump(node) ? 0 : 0.1 * std::fabs(length(next_)));
    };
    while (next_ <= last() && node(next_) != t1_ && passed_by(node(next_))) ++next_;
  }
  bool is_jump(double t) const {
    for (const Timeline::Jump& jump : steps_.jumps)
      if (jump.t == t) return true;
    return false;
  }

  Subdivided steps_;
  double t1_, sign_;
  bool over_;
  std::size_t stretch_ = 0, events_ = 0;
  std::int64_t next_ = 1;
};

}  // namespace antistrophe::detail
