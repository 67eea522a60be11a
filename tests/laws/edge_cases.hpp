// What the edge cases of all methods, and those of Adams methods, have in common.
#pragma once

#include "laws/swing.hpp"

#include <cstdint>
#include <vector>

namespace antistrophe::laws {

using Y = Vector2d;

inline Slope gradient_of(const AnyMethod& m, const Given& given, const AnyAdjoint& adjoint,
                         const SaveAt& save_at = everything) {
  return m.value_and_gradient(given, FixedSteps{steps}, battery::WeightedSum{}, save_at, adjoint).gradient;
}

// A vjp that returns NaN: the gradient is refused, and the pass is as good as before. Returns how many vjps it takes.
inline std::int64_t vjps_of_pass_that_refuses_nan(const AnyMethod& m, const AnyAdjoint& adjoint) {
  Faults faults;
  auto pass = m.solve_with_pullback(problem(&faults), FixedSteps{steps}, {}, adjoint);
  const std::vector<Y> ones(1, Y::Ones());
  const Slope clean = pass.pullback(ones);
  const std::int64_t vjps = faults.vjps;
  for (const std::int64_t bad : {std::int64_t{0}, vjps - 1}) {
    faults.vjps = 0;
    faults.not_a_number_at_vjp = bad;
    try {
      (void)pass.pullback(ones);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      CHECK(error.status() == Status::gradient_not_finite);
    }
  }
  faults.not_a_number_at_vjp = -1;
  CHECK(same(pass.pullback(ones), clean));
  return vjps;
}

}  // namespace antistrophe::laws
