// SPDX-License-Identifier: MIT
// Saves states as a solve passes them, and remembers where each was saved, for the way back.
#pragma once

#include <antistrophe/core/detail/first_in_place.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/problem/detail/dense_path.hpp>
#include <antistrophe/problem/save_at.hpp>
#include <antistrophe/step/fixed.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// Where an entry was saved: at a node where sigma is 0, else inside the step from that node, at that fraction. An entry inside
// a step that was not given by its time is the state at the event that cut the step.
struct SavedEntry {
  std::int64_t node;
  double sigma;
  bool given;  // asked for by time, which stays where it is when t0 and t1 move
};

struct SavePlan {
  FirstInPlace<SavedEntry> entries;
  std::vector<double> ts;    // of the entries
  bool last_is_end = false;  // the last entry is the state at t1, wherever t1 moves

  std::size_t size() const { return entries.size(); }
  void reserve(std::size_t n) { entries.reserve(n), ts.reserve(n); }
  void shorten(std::size_t n) {
    entries.shorten(n);
    while (ts.size() > n) ts.pop_back();
  }
};

// Throws std::invalid_argument where a time is not finite, not sorted or outside [t0, t1].
ANTISTROPHE_COLD inline void check_save_at(const SaveAt& save_at, double t0, double t1, double slack) {
  const std::vector<double>& times = save_at.times;
  const double sign = t1 >= t0 ? 1 : -1;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double t = times[i];
    if (!std::isfinite(t)) refuse_entry("SaveAt::times", i, t, "finite");
    if (sign * (t - t0) < -slack || sign * (t - t1) > slack) refuse_entry("SaveAt::times", i, t, between(t0, t1));
    if (i > 0 && sign * (t - times[i - 1]) < 0)
      refuse_entry("SaveAt::times", i, t, "sorted along the direction from t0 to t1");
  }
  if (save_at.every < 0) refuse("SaveAt::every", save_at.every, "at least 1, or 0 for none");
}

template <EigenState Y>
class Saver {
 public:
  // Told of each saved state; false ends the solve. It refers to an observer and what else the call needs, which outlive it.
  struct Observe {
    const void* observer = nullptr;
    void* context = nullptr;
    bool (*call)(const void* observer, void* context, double t, const Y& y) = nullptr;
  };
  // Whether states that an observer was told of are kept all the same, for the way back.
  enum class Keep { unobserved, all };

  // Throws std::invalid_argument where a time is not finite, not sorted or outside [t0, t1]. Where the plan knows how many steps
  // there will be, memory for the states is allocated once.
  Saver(const SaveAt& save_at, const Timeline& plan, double t0, double t1, const Y& y0, const Observe& observe = {},
        Keep keep = Keep::unobserved)
      : save_at_(save_at),
        observe_(observe),
        keeps_(observe.call == nullptr || keep == Keep::all),
        chosen_(plan.is_chosen()),
        t0_(t0),
        t1_(t1),
        slack_(time_slack(t0, t1, chosen_ ? 0 : plan.steps())),
        sign_(t1 >= t0 ? 1 : -1),
        zero_(zeros_like(y0)) {
    const std::int64_t steps = plan.steps();
    check_save_at(save_at, t0, t1, slack_);
    every_ = save_at.steps ? 1 : save_at.every;
    only_last_ = save_at.times.empty() && !save_at.t0 && !save_at.t1 && every_ == 0;
    watches_nodes_ = every_ > 0 || observe_.call != nullptr;
    if (!keeps_) return;
    const std::size_t expected = save_at.times.size() + (save_at.t0 ? 1 : 0) + (save_at.t1 || only_last_ ? 1 : 0) +
                                 (every_ > 0 ? static_cast<std::size_t>(steps / every_) : 0);
    try {
      plan_.reserve(expected);
      ys_.assign(expected, zero_);
    } catch (const std::bad_alloc&) {
      refuse_saves(expected);
    } catch (const std::length_error&) {
      refuse_saves(expected);
    }
  }

  [[noreturn]] static void refuse_saves(std::size_t expected) {
    refuse(
        "the number of states that SaveAt asks for", expected,
        "small enough for memory to hold them; save every so many steps (SaveAt::every), or hand them to an Observer");
  }

  // The state at node 0 of a segment; `last` where the solve is over there. After an event, only the first segment's start is
  // asked for by .t0.
  void start(double t0, const Y& y0, bool last) {
    const bool end = last && (save_at_.t1 || only_last_);
    at_node(0, t0, (save_at_.t0 && !started_) || end, [&](Y& y) { y = y0; });
    plan_.last_is_end = end;
    started_ = true;
    hand_on();
  }

  // The given times strictly inside an attempted step up to `until`, off its dense output, before it is committed.
  template <class S>
  ANTISTROPHE_ALWAYS_INLINE void inside(S& stepper, AttemptedStep<S>& attempted, double until, std::int64_t node,
                                        const typename S::Carry& before) {
    if (next_ < given_) [[unlikely]]
      given_inside(stepper, attempted, until, node, before);
  }
  template <class S>
  ANTISTROPHE_OUT_OF_LINE void given_inside(S& stepper, AttemptedStep<S>& attempted, double until, std::int64_t node,
                                            const typename S::Carry& before) {
    if (!due_before(until)) return;
    if constexpr (Extensible<S>) {
      const Step& step = attempted.step();
      const auto& polynomial = attempted.polynomial(stepper, before);
      for (; due_before(until); ++next_) {
        const double t = save_at_.times[next_];
        const double sigma = (t - step.t0) / step.h();
        polynomial.value(sigma, add(node, sigma, t, true));
      }
    } else {
      refuse_entry("SaveAt::times", next_, save_at_.times[next_],
                   "a node of the steps, since this method has no dense output (StepTo{times} steps to times)");
    }
  }
  // The state at an event that interrupts the solve inside a step; `last` where the solve ends there.
  void interruption(double t, double sigma, std::int64_t node, bool last, const Y& y) {
    const bool wanted = save_at_.steps || (last && (save_at_.t1 || only_last_));
    bool named = false;
    for (; next_ < save_at_.times.size() && is_at(t, save_at_.times[next_]); ++next_) {
      add(node, sigma, save_at_.times[next_], true) = y;
      named = true;
    }
    if (wanted && !named) add(node, sigma, t, false) = y;
    hand_on();
  }

  // Whether anything inside steps is to be kept.
  ANTISTROPHE_ALWAYS_INLINE bool looks_inside() const { return next_ < given_ || save_at_.dense; }
  // Whether all that is left to save is the end of the solve, and nobody is to be told of anything before.
  bool waits_for_end() const { return !looks_inside() && !watches_nodes_; }
  // Steps that end before this time pass nothing that is saved or told of.
  double quiet_until() const {
    if (save_at_.dense || watches_nodes_) return -sign_ * std::numeric_limits<double>::infinity();
    if (next_ == given_) return sign_ * std::numeric_limits<double>::infinity();
    return save_at_.times[next_] - sign_ * 2 * slack_;
  }
  // Where the saves stand; rewind takes back what an attempted step has saved since, when its commit fails.
  struct Mark {
    std::size_t saves, pieces;
  };
  Mark mark() const { return {plan_.size(), path_.size()}; }
  void rewind(const Mark& mark) {
    for (std::size_t e = mark.saves; e < plan_.size(); ++e) next_ -= plan_.entries[e].given ? 1U : 0U;
    plan_.shorten(mark.saves);
    path_.shorten(mark.pieces);
  }

  // The state at the end of a committed step.
  template <Stepper S>
  ANTISTROPHE_ALWAYS_INLINE void after(S& stepper, double t, std::int64_t node, bool last,
                                       const typename S::Carry& carry) {
    if (last || watches_nodes_ || next_ < given_) [[unlikely]]
      at_end(stepper, t, node, last, carry);
  }
  template <Stepper S>
  ANTISTROPHE_OUT_OF_LINE void at_end(S& stepper, double t, std::int64_t node, bool last,
                                      const typename S::Carry& carry) {
    ++passed_;
    const bool due = every_ > 0 && passed_ % every_ == 0;
    const bool end = last && (save_at_.t1 || only_last_);
    if (next_ < save_at_.times.size() || due || end)
      at_node(node, t, due || end, [&](Y& y) { stepper.read(carry, y); });
    hand_on();
  }

  const SavePlan& plan() const { return plan_; }
  // What was saved, once the solve is over.
  const std::vector<Y>& states() {
    while (ys_.size() > plan_.size()) ys_.pop_back();
    return ys_;
  }
  std::vector<double> take_times() { return std::move(plan_.ts); }
  std::vector<Y> take_states() {
    states();
    return std::move(ys_);
  }

  // Forgets what was saved, but keeps the memory for another solve of the same plan.
  void restart() {
    plan_.shorten(0);
    path_.shorten(0);
    next_ = handed_ = 0;
    passed_ = 0;
    started_ = stopped_ = plan_.last_is_end = false;
  }

  // Whether the observer is told, as it is at first.
  void tell_observer(bool tells) { tells_ = tells; }

  // False once the observer has asked to stop, at the time stopped_at().
  bool goes_on() const { return !stopped_; }
  double stopped_at() const { return stopped_at_; }

  // Keeps the whole path where that is asked for.
  template <class S>
  ANTISTROPHE_ALWAYS_INLINE void keep_path(S& stepper, AttemptedStep<S>& attempted, double until,
                                           const typename S::Carry& before) {
    if (save_at_.dense) [[unlikely]]
      keep_piece(stepper, attempted, until, before);
  }
  template <class S>
  ANTISTROPHE_OUT_OF_LINE void keep_piece(S& stepper, AttemptedStep<S>& attempted, double until,
                                          const typename S::Carry& before) {
    if constexpr (Extensible<S>)
      path_.add(attempted.step().t0, attempted.step().h(), until, attempted.polynomial(stepper, before));
    else
      refuse("SaveAt::dense", true, "false, since this method has no dense output");
  }
  DensePath<Y> take_path() { return std::move(path_); }

 private:
  // What a step has saved is handed on once the step stands; if it is not to be kept, its entries are used again.
  void hand_on() {
    if (observe_.call == nullptr || !tells_) return;
    for (; handed_ < plan_.size() && !stopped_; ++handed_) {
      stopped_ = !observe_.call(observe_.observer, observe_.context, plan_.ts[handed_], ys_[handed_]);
      if (stopped_) stopped_at_ = plan_.ts[handed_];
    }
    if (keeps_) return;
    plan_.shorten(0);
    handed_ = 0;
  }

  // Whether a time that was given is taken for this node. Of chosen nodes none is so near to the next that there is a time which
  // might be either.
  bool is_at(double node, double given) const { return std::fabs(clamped(given) - node) <= nearness(node); }
  double nearness(double node) const {
    return chosen_ ? smaller_of(slack_, 2 * std::numeric_limits<double>::epsilon() * std::fabs(node)) : slack_;
  }
  double clamped(double t) const { return sign_ * (t - t0_) < 0 ? t0_ : sign_ * (t - t1_) > 0 ? t1_ : t; }
  bool due_before(double until) const {
    return next_ < save_at_.times.size() && sign_ * (until - clamped(save_at_.times[next_])) > nearness(until);
  }

  // Room for one more entry.
  Y& add(std::int64_t node, double sigma, double t, bool given) {
    plan_.entries.push_back({node, sigma, given});
    plan_.ts.push_back(t);
    if (ys_.size() < plan_.size()) ys_.push_back(zero_);
    return ys_[plan_.size() - 1];
  }

  // Every given time that is this node's, one entry each; else one entry where a flag asks for it.
  template <class Write>
  void at_node(std::int64_t node, double t, bool wanted, Write&& write) {
    bool named = false;
    for (; next_ < save_at_.times.size() && is_at(t, save_at_.times[next_]); ++next_) {
      write(add(node, 0, save_at_.times[next_], true));
      named = true;
    }
    if (wanted && !named) write(add(node, 0, t, false));
  }

  SaveAt save_at_;
  std::size_t given_ = save_at_.times.size();
  Observe observe_;
  bool keeps_, tells_ = true;
  bool chosen_;  // the nodes are, as the solve goes
  double t0_, t1_, slack_, sign_, stopped_at_ = 0;
  bool only_last_ = false, started_ = false, stopped_ = false;
  bool watches_nodes_ = false;           // something is due at nodes, or somebody to be told
  std::int64_t every_ = 0, passed_ = 0;  // nodes passed, where they are counted
  std::size_t next_ = 0, handed_ = 0;
  SavePlan plan_;
  DensePath<Y> path_;
  std::vector<Y> ys_;  // room for more than the plan has, until they are asked for
  Y zero_;
};

}  // namespace antistrophe::detail
