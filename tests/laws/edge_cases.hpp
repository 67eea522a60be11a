// What the edge cases of all methods, and those of Adams methods, have in common.
#pragma once

#include "laws/swing.hpp"

#include <cstdint>

namespace antistrophe::laws {

using Y = Vector2d;

inline Slope gradient_of(const AnyMethod& m, const Given& given, const AnyAdjoint& adjoint,
                         const SaveAt& save_at = everything) {
  return m.value_and_gradient(given, FixedSteps{steps}, battery::WeightedSum{}, save_at, adjoint).gradient;
}

// The vjps of a pass that refuses those that return NaN.
inline std::int64_t vjps_of_pass_that_refuses_nan(const AnyMethod& m, const AnyAdjoint& adjoint) {
  Faults faults;
  auto pass = m.solve_with_pullback(problem(&faults), FixedSteps{steps}, {}, adjoint);
  return check_pullbacks_of_nan(pass, faults);
}

}  // namespace antistrophe::laws
