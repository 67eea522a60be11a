// Which states a solve saves: at t0, at t1, after every step, at given times. Without a SaveAt, the last.
#pragma once

#include <cstdint>
#include <vector>

namespace antistrophe {

// times: sorted along the direction of the solve, within [t0, t1]; duplicates give one entry each. A time inside a step is
// read off the method's dense output; one that differs from t0, t1 or a node by a few units in the last place is taken for
// it.
// steps: after every step; every: after every k-th. A node asked for in two ways is saved once (or as often as times names
// it). dense: the whole path is kept, for solution.evaluate(t) and .derivative(t); it adds no saved state.
struct SaveAt {
  std::vector<double> times = {};
  bool t0 = false;
  bool t1 = false;
  bool steps = false;
  std::int64_t every = 0;
  bool dense = false;
};

}  // namespace antistrophe
