// SPDX-License-Identifier: MIT
// Sensitivities of modes that die out, cotangents on the way back and tangents on the way forth, would end among numbers so small that
// they have lost digits, on each of which a processor may spend a hundred cycles.
#pragma once

#include <antistrophe/core/state.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace antistrophe::detail {

// So many steps are taken between two looks at them: what was not dropped at the one is hardly there before the other.
inline constexpr std::int64_t steps_between_drops = 16;

// Sensitivities become 0 before they, or their products with what is not much smaller than 1, get there; but where all that were seen are
// as small, as in a unit that is large, they stay. Of lanes none is dropped.
template <class Scalar>
class DiedOut {
 public:
  void begin() { largest_ = 0; }

  void see([[maybe_unused]] const Scalar* sensitivities, [[maybe_unused]] Eigen::Index count) {
    if constexpr (std::is_floating_point_v<Real>)
      for (Eigen::Index i = 0; i < count; ++i)
        if (const Real size = size_of(sensitivities[i]); size > largest_) largest_ = size;  // NaN is not
  }
  void drop([[maybe_unused]] Scalar* sensitivities, [[maybe_unused]] Eigen::Index count) {
    if constexpr (std::is_floating_point_v<Real>) {
      see(sensitivities, count);
      constexpr Real epsilon = std::numeric_limits<Real>::epsilon(), least = std::numeric_limits<Real>::min() / epsilon;
      const Real of_largest = epsilon * largest_, small = of_largest < least ? of_largest : least;
      for (Eigen::Index i = 0; i < count; ++i)
        if (size_of(sensitivities[i]) < small) sensitivities[i] = Scalar{0};  // NaN is not
    }
  }

 private:
  using Real = typename Eigen::NumTraits<Scalar>::Real;
  static Real size_of(const Scalar& x) {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
      const Real re = std::fabs(x.real()), im = std::fabs(x.imag());
      return re > im || std::isnan(re) ? re : im;
    } else {
      return std::fabs(x);
    }
  }
  Real largest_{0};
};

}  // namespace antistrophe::detail
