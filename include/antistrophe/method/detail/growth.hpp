// SPDX-License-Identifier: MIT
// What a step of two coupled parts makes of y' = μy.
#pragma once

#include <cmath>
#include <complex>

namespace antistrophe::detail {

using ComplexNumber = std::complex<double>;

// |x| of the larger root of x² = px + q.
inline double larger_root(const ComplexNumber& p, const ComplexNumber& q) {
  const ComplexNumber root = std::sqrt(p * p + 4.0 * q);
  return std::fmax(std::abs(p + root), std::abs(p - root)) / 2;
}

}  // namespace antistrophe::detail
