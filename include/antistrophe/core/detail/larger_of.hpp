// SPDX-License-Identifier: MIT
// The larger and the smaller of two numbers, of which that counts which is one where the other is NaN, as of fmax and fmin. These are
// calls, of a function that may know SSE alone: on some processors each waits a hundred nanoseconds for registers that its caller has
// in use for AVX, which made 40 % of adaptive steps in lanes.
#pragma once

namespace antistrophe::detail {

constexpr double larger_of(double a, double b) { return a > b || b != b ? a : b; }
constexpr double smaller_of(double a, double b) { return a < b || b != b ? a : b; }

}  // namespace antistrophe::detail
