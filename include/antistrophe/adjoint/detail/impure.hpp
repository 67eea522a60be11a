// SPDX-License-Identifier: MIT
// What is said where a way back does not meet the way forth, though the arithmetic would.
#pragma once

#include <antistrophe/core/errors.hpp>

#include <cstdint>

namespace antistrophe::detail {

// Where the backward pass did not reproduce the forward states.
ANTISTROPHE_COLD inline Failure impure_at(double t, std::int64_t step) {
  return {
      Status::impure_field, t, step, -1,
      "the backward pass did not reproduce the forward states bit for bit, so the vector field is not a pure function "
      "of (t, y; theta): look for a random layer, a threaded reduction, a cache, or parameters changed in between"};
}

}  // namespace antistrophe::detail
