// SPDX-License-Identifier: MIT
// Which steps of a solve keep a checkpoint, the carry before them, and in what order the way back restores, recomputes and
// pulls back. Steps are numbered from 0 over all segments of the solve.
//   The way forth, n steps known:   binomial (Griewank & Walther 2000, ACM TOMS 26, Algorithm 799)
//   The way forth, n not known:     online (Wang, Moin & Iaccarino 2009, SIAM J. Sci. Comput. 31, Algorithm 1)
//   The way back, stretch by stretch between checkpoints:   binomial, with the slots that are free by then
// c slots reverse n < C(c + r, c) steps with no step gone forth more than r times, the first included, where n is known; one
// time more where it is not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace antistrophe::detail {

// C(c + r, c), or the largest number there is.
inline std::int64_t binomial_reach(std::int64_t c, std::int64_t r) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t small = std::min(c, r), large = std::max(c, r);
  std::int64_t reach = 1;
  for (std::int64_t i = 1; i <= small; ++i) {
    if (reach > most / (large + i)) return most;
    reach = reach * (large + i) / i;  // C(large + i, i), a whole number
  }
  return reach;
}

// The fewest slots with which n steps, known before, are recomputed once at most: about √(2n).
inline std::int64_t slots_by_default(std::int64_t n) {
  std::int64_t c = 1;
  while (binomial_reach(c, 2) <= n) c *= 2;
  for (std::int64_t step = c / 2; step > 0; step /= 2)
    if (binomial_reach(c - step, 2) > n) c -= step;
  return c;
}

// Of `length` >= 2 steps, the last of which needs no way forth, and at least 2 slots, one of which holds their start: after how
// many to keep the next checkpoint. Of the choices that recompute least, the earliest, which keeps fewest checkpoints.
inline std::int64_t binomial_split(std::int64_t length, std::int64_t slots) {
  std::int64_t r = 1;
  while (binomial_reach(slots, r) < length) ++r;
  const std::int64_t least = r >= 2 ? binomial_reach(slots, r - 2) : 1;
  return std::max(least, length - binomial_reach(slots - 1, r));
}

class CheckpointSchedule {
 public:
  static constexpr std::int64_t none = -1;

  struct Action {
    enum class Kind {
      restore,  // the carry before `step` from `slot`; steps go forth from there, or, if `goes_back`, it is pulled back
      advance,  // by steps up to the one numbered `step`
      keep,     // the carry before `step` in `slot`
      pull_back,  // through `step`, from the carry before it
      done        // the segment is
    } kind;
    std::int64_t step = none, slot = none;
    bool goes_back = false;
  };

  // --- The way forth ---------------------------------------------------------------------------------------------------

  // `slots` at most, 0 for as many as the number of steps asks for; `n` steps are expected, 0 if it is not known. Slots are
  // numbered from 0, but there is one more for each segment after the first, for its start.
  void begin(std::int64_t slots, std::int64_t n) {
    by_default_ = slots == 0;
    planned_ = n > 0;
    if (by_default_) slots = slots_by_default(n);
    capacity_ = planned_ ? std::min(slots, n) : slots;
    used_ = 0;
    last_ = none;
    level_ = 0;
    fresh_ = true;
    starts_.clear();
    kept_.clear();
    spare_.clear();
    next_ = none;
    if (!planned_) return;
    kept_.reserve(static_cast<std::size_t>(capacity_));
    free_.reserve(static_cast<std::size_t>(capacity_));
    plan_next(0, n + 1, capacity_);
  }

  // A segment begins: the slot for its first carry. Its first step is that of the next call of keep.
  std::int64_t start_segment() {
    if (!starts_.empty()) ++capacity_;
    starts_.push_back({none, used_, segment() + 1, 0});
    return used_++;
  }

  // The slot for the carry before `step`, if it is to be kept. Steps rise; one that is tried again is none.
  std::int64_t keep(std::int64_t step) {
    if (starts_.back().step == none) {
      starts_.back().step = last_ = step;
      if (step == next_) plan_next(step, next_length_, next_slots_ + 1);
    }
    if (step <= last_) return none;
    last_ = step;
    return planned_ ? keep_planned(step) : keep_online(step);
  }

  // --- The way back ----------------------------------------------------------------------------------------------------

  // Before the segments are gone back through, the last first. The first time, the checkpoints of the way forth are there,
  // later the starts of segments alone.
  void turn() {
    if (!planned_) capacity_ = used_;  // where slots were left over, every step has one
    kept_.reserve(static_cast<std::size_t>(capacity_));
    free_.reserve(static_cast<std::size_t>(capacity_));
    free_.clear();
    if (fresh_) {
      kept_.insert(kept_.end(), starts_.begin(), starts_.end());
      kept_.insert(kept_.end(), spare_.begin(), spare_.end());
      std::sort(kept_.begin(), kept_.end(), [](const Kept& a, const Kept& b) {
        return a.segment != b.segment ? a.segment < b.segment : a.step < b.step;
      });
    } else {
      kept_.assign(starts_.begin(), starts_.end());
      auto start = starts_.begin();  // their slots rise
      for (std::int64_t slot = 0; slot < used_; ++slot) {
        if (start != starts_.end() && start->slot == slot)
          ++start;
        else
          free_.push_back(slot);
      }
    }
    fresh_ = false;
  }

  // Segment `segment` is next, of the steps from `begin` to the one before `end`.
  void enter(std::size_t segment, std::int64_t begin, std::int64_t end) {
    while (kept_.back().segment > static_cast<std::int32_t>(segment) ||
           (kept_.back().step >= end && !is_start(kept_.back())))
      release();
    begin_ = begin;
    end_ = end;
    at_ = none;
    keeps_next_ = false;
  }

  // What to do next.
  Action next() {
    using Kind = Action::Kind;
    if (end_ == begin_) return {Kind::done};
    const Kept top = kept_.back();
    const std::int64_t target = end_ - 1;
    if (at_ == none) {
      at_ = top.step;
      if (at_ == target && !is_start(top)) release();
      return {Kind::restore, at_, top.slot, at_ == target};
    }
    if (keeps_next_) {
      keeps_next_ = false;
      kept_.push_back({at_, take(), top.segment, 0});
      return {Kind::keep, at_, kept_.back().slot};
    }
    if (at_ == target) {
      end_ = target;
      at_ = none;
      return {Kind::pull_back, target};
    }
    const std::int64_t length = end_ - at_, slots = 1 + available();
    const std::int64_t split = slots > 1 ? binomial_split(length, slots) : length - 1;
    keeps_next_ = split < length - 1;
    at_ += split;
    return {Kind::advance, at_};
  }

  // Slots that have ever held a carry.
  std::int64_t used() const { return used_; }
  std::int64_t capacity() const { return capacity_; }
  std::size_t bytes() const {
    return (starts_.capacity() + kept_.capacity() + spare_.capacity()) * sizeof(Kept) +
           free_.capacity() * sizeof(std::int64_t);
  }

 private:
  struct Kept {
    std::int64_t step, slot;
    std::int32_t segment, level;
  };

  // The segment at hand on the way forth.
  std::int32_t segment() const { return static_cast<std::int32_t>(starts_.size()) - 1; }
  bool is_start(const Kept& kept) const { return starts_[static_cast<std::size_t>(kept.segment)].slot == kept.slot; }

  // The next checkpoint of a stretch from `from` of so many steps, of which the last needs no way forth.
  void plan_next(std::int64_t from, std::int64_t length, std::int64_t slots) {
    const std::int64_t split = slots > 1 && length > 1 ? binomial_split(length, slots) : length - 1;
    next_ = split < length - 1 ? from + split : none;
    next_length_ = length - split;
    next_slots_ = slots - 1;
  }
  std::int64_t keep_planned(std::int64_t step) {
    if (step != next_) return none;
    plan_next(step, next_length_, next_slots_);
    kept_.push_back({step, used_, segment(), 0});
    return used_++;
  }

  // The carry at hand is a checkpoint of level_ that takes no slot yet. It gets one if one is free, or if a checkpoint can be
  // spared, the latest of those that have one of a higher level behind them; else it is passed by, and the next one has a level more.
  std::int64_t keep_online(std::int64_t step) {
    if (by_default_) {
      if (binomial_reach(capacity_ - segment(), 2) <= step + 1) ++capacity_;
    }
    std::int64_t slot = none;
    if (!spare_.empty()) {
      slot = spare_.back().slot;
      spare_.pop_back();
    } else if (used_ < capacity_) {
      slot = used_++;
    } else {
      ++level_;
      auto from = kept_.end();
      while (from != kept_.begin() && (from - 1)->level < level_) --from;
      spare_.insert(spare_.end(), from, kept_.end());
      kept_.erase(from, kept_.end());
      return none;
    }
    kept_.push_back({step, slot, segment(), level_});
    level_ = 0;
    return slot;
  }

  std::int64_t available() const { return static_cast<std::int64_t>(free_.size()) + capacity_ - used_; }
  std::int64_t take() {
    if (free_.empty()) return used_++;
    const std::int64_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  // The last checkpoint is not needed any more; the start of a segment keeps its slot for another way back.
  void release() {
    if (!is_start(kept_.back())) free_.push_back(kept_.back().slot);
    kept_.pop_back();
  }

  bool by_default_ = true, planned_ = false;
  std::int64_t capacity_ = 1, used_ = 0;
  std::int64_t last_ = none;  // the last step that was seen
  std::int64_t next_ = none, next_length_ = 0, next_slots_ = 0;
  std::int32_t level_ = 0;
  std::vector<Kept> starts_;  // of segments
  std::vector<Kept> kept_;    // on the way back all that are left; forth and where n is not known, those that cannot be
  std::vector<Kept> spare_;   // spared, levels falling, and here the others, in the order of their steps
  bool fresh_ = true;         // the checkpoints of the way forth are still there

  std::vector<std::int64_t> free_;
  std::int64_t begin_ = 0, end_ = 0;  // of the segment; steps from end_ on are done
  std::int64_t at_ = none;            // the step before which the working carry is
  bool keeps_next_ = false;
};

}  // namespace antistrophe::detail
