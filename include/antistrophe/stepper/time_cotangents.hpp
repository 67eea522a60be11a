// SPDX-License-Identifier: MIT
// What a step says of its times on the way back.
#pragma once

#include <antistrophe/step/timeline.hpp>

#include <cstdint>

namespace antistrophe {

// What flows back to the two times of a step; and, from a stepper that looks at times before it, to the ends of the solve and to
// the event after which the step's timeline begins, if it does.
struct TimeCotangents {
  double t0 = 0, t1 = 0;
  double first = 0, last = 0, event = 0;
};

// What flows to the time `back` nodes before the step's t0, for steppers that ask for step.earlier(back).
inline void pull_back_earlier(const Step& step, std::int64_t back, double node_bar, TimeCotangents& t_bar) {
  const std::int64_t node = step.n - step.timeline->first() - back;
  t_bar.first += node_bar * step.timeline->dt0(node);
  t_bar.last += node_bar * step.timeline->dt1(node);
  t_bar.event += node_bar * step.timeline->dt_event(node);
}

}  // namespace antistrophe
