// SPDX-License-Identifier: MIT
// The larger and the smaller of two numbers, of which that counts which is one where the other is NaN, as of fmax and fmin. These are
// calls, of functions that may know SSE alone: where someone has left registers of AVX in use, each waits on some processors a hundred
// nanoseconds for them, which was two thirds of the time of a program of adaptive steps in lanes.
#pragma once

namespace antistrophe::detail {

constexpr double larger_of(double a, double b) { return a > b || b != b ? a : b; }
constexpr double smaller_of(double a, double b) { return a < b || b != b ? a : b; }

}  // namespace antistrophe::detail
