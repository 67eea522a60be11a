// The tolerances under which the adaptive edge cases are tried.
#pragma once

#include "laws/swing.hpp"

#include <limits>

namespace antistrophe::laws {

inline double tolerance(const AnyMethod& m) { return m->order <= 3 ? 1e-3 : m->order < 8 ? 1e-6 : 1e-9; }

// Tried at once with a step over all, and later at the very edge of the tolerance, so that trials are rejected.
inline Adaptive hasty(const AnyMethod& m, double direction = 1) {
  return {.rtol = tolerance(m),
          .atol = tolerance(m),
          .safety = 1,
          .first_step = 1.5 * direction,
          .gradient_rtol = std::numeric_limits<double>::infinity()};
}
// The first step by the rule.
inline Adaptive by_rule(const AnyMethod& m) { return {.rtol = tolerance(m), .atol = tolerance(m)}; }

}  // namespace antistrophe::laws
