// Steps laid out before the solve, of any kind, as one type: what several kinds are asked is compiled once.
#pragma once

#include <antistrophe/step/timeline.hpp>

#include <functional>
#include <utility>

namespace antistrophe::battery {

struct LaidOut {
  std::function<Timeline(double t0, double t1)> layout;
  Timeline timeline(double t0, double t1) const { return layout(t0, t1); }
};

LaidOut laid_out(auto steps) {
  return {[steps = std::move(steps)](double t0, double t1) { return steps.timeline(t0, t1); }};
}

}  // namespace antistrophe::battery
