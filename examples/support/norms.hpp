// What gradients by the adjoint equation cost on the way back, in the full norm and in the seminorm of arXiv 2009.09457, and how far they are at worst
// from the exact ones of the same solutions; and what a reversible pair takes.
#pragma once

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/antistrophe.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cstdint>

namespace support {

struct CountedGradient {
  Eigen::VectorXd gradient;
  std::int64_t forth = 0, back = 0;  // evaluations
};

struct NormsCompared {
  double rtol = 0;
  std::int64_t forth = 0, reversible = 0, full = 0, seminorm = 0;  // evaluations, of all that were added
  double full_error = 0, seminorm_error = 0;

  // In per cent of those that the full norm takes.
  double fewer() const { return 100 * (1 - static_cast<double>(seminorm) / static_cast<double>(full)); }

  // gradient_by(method, adjoint) solves to the tolerance that is compared, and is a CountedGradient.
  template <class GradientBy>
  void add(const GradientBy& gradient_by) {
    using namespace antistrophe;
    const CountedGradient exact = gradient_by(Dopri5{}, DirectAdjoint{}),
                          of_full = gradient_by(Dopri5{}, BacksolveAdjoint{});
    const CountedGradient of_seminorm = gradient_by(Dopri5{}, BacksolveAdjoint<>{.norm = AdjointNorm::seminorm});
    forth += of_full.forth;
    full += of_full.back;
    seminorm += of_seminorm.back;
    reversible += gradient_by(Reversible<Dopri5>{}, ReversibleAdjoint{}).back;
    const auto error = [&](const CountedGradient& found) {
      return (found.gradient - exact.gradient).norm() / exact.gradient.norm();
    };
    full_error = std::max(full_error, error(of_full));
    seminorm_error = std::max(seminorm_error, error(of_seminorm));
  }
};

}  // namespace support
