// SPDX-License-Identifier: MIT
// The norms of a continuous adjoint: an equation that is solved backwards consists of blocks, state, cotangent and parameters'
// cotangent, and its scaled error is that of the worst of them.
#pragma once

#include <antistrophe/core/errors.hpp>
#include <antistrophe/step/adaptive.hpp>

#include <Eigen/Core>

#include <cmath>
#include <string>
#include <vector>

namespace antistrophe {

// Which errors choose the steps of a continuous adjoint. θ̄ is an integral over what is known: an error in it makes no other
// error, and a seminorm leaves it out (Kidger, Chen & Lyons, ICML 2021).
enum class AdjointNorm { seminorm, full };

namespace detail {

// The largest of the norms of the first `states` blocks of n scaled errors, each by the steps' own norm or the root mean square,
// and, in full, of what comes after them.
inline ErrorNorm block_norm(AdjointNorm which, const ErrorNorm& of_state, Eigen::Index n, Eigen::Index states) {
  return [which, of_state, n, states](const Eigen::Ref<const Eigen::ArrayXd>& errors) {
    const auto rms = [](const auto& part) {
      return part.size() > 0 ? std::sqrt(part.square().sum() / static_cast<double>(part.size())) : 0.0;
    };
    double worst = 0;
    const auto meet = [&](double norm) {
      if (!(norm <= worst)) worst = norm;  // NaN too
    };
    for (Eigen::Index i = 0; i < states && !std::isnan(worst); ++i)
      meet(of_state ? of_state(errors.segment(i * n, n)) : rms(errors.segment(i * n, n)));
    const Eigen::Index rest = errors.size() - states * n;
    if (which == AdjointNorm::full && !std::isnan(worst)) meet(rms(errors.tail(rest)));
    // An error of θ̄ that is not a number is none that could be left out.
    if (which == AdjointNorm::seminorm && !std::isfinite(errors.tail(rest).sum())) return errors.tail(rest).sum();
    return worst;
  };
}

// The absolute tolerance of the whole: as given, or where each entry of the state has its own, these for the state and for what
// comes after it rtol, since λ is of size 1, or else the smallest.
inline AbsoluteTolerance block_tolerance(const Adaptive& adaptive, Eigen::Index n, Eigen::Index size, bool with_state) {
  const AbsoluteTolerance& atol = adaptive.atol;
  if (!atol.per_entry()) return atol;
  if (atol.size() != n)
    refuse("the size of Adaptive::atol", atol.size(), "1 or that of the state, " + std::to_string(n));
  const double rest = adaptive.rtol > 0 ? adaptive.rtol : atol.smallest();
  if (!with_state) return rest;
  Eigen::VectorXd each = Eigen::VectorXd::Constant(size, rest);
  for (Eigen::Index i = 0; i < n; ++i) each[i] = atol(i);
  return each;
}

}  // namespace detail
}  // namespace antistrophe
