// SPDX-License-Identifier: MIT
// What a stepper knows at the node between two steps, where an evaluation belongs to both: it is made by the one and found
// by the other. It is cache: it has no cotangent, is never stored, and is forgotten at a restore.
#pragma once

#include <antistrophe/step/timeline.hpp>

#include <cstdint>

namespace antistrophe::detail {

// Which node's values are known; the values themselves stay with the stepper. Node n is where the step numbered n starts.
class NodeCache {
 public:
  bool knows(std::int64_t node) const { return node_ == node; }
  // Whether any node is known: at the end of a sweep it is the first.
  bool knows_one() const { return node_ != none; }
  void learn(std::int64_t node) { node_ = node; }
  // What is known at a step's end is what the next one begins with, unless f jumps between them.
  void learn_end(const Step& step) { node_ = step.ends_at_jump() ? none : step.n + 1; }
  void forget() { node_ = none; }

  // On the way back a step's end is the start of the step that was gone back through before it. But the last step of a sweep,
  // or one cut by an event, knows nothing: so every sweep costs the same, and no stale value survives a jump or a throw.
  bool knows_end(const Step& step) const {
    const bool last = step.n - step.timeline->first() + 1 >= step.timeline->steps();
    return !last && knows(step.n + 1) && !step.ends_at_jump();
  }

 private:
  static constexpr std::int64_t none = -1;
  std::int64_t node_ = none;
};

}  // namespace antistrophe::detail
