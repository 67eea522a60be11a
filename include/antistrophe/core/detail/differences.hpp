// SPDX-License-Identifier: MIT
// Central differences of fourth order: f'(x) ≈ (8 (f(x + h) − f(x − h)) − (f(x + 2h) − f(x − 2h))) / 12h.
#pragma once

namespace antistrophe::detail {

// near = f(x + h) − f(x − h), far = f(x + 2h) − f(x − 2h).
template <class Real>
Real central_difference(Real near, Real far, Real h) {
  return (8 * near - far) / (12 * h);
}

}  // namespace antistrophe::detail
