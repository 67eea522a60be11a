// SPDX-License-Identifier: MIT
// The continuous extension of one step as a polynomial in σ = (t − t0)/h: y(t0 + σh) = Σ_p c_p σ^p.
#pragma once

#include <antistrophe/core/detail/state.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace antistrophe {

template <EigenState Y, int Degree>
struct StepPolynomial {
  std::array<Y, static_cast<std::size_t>(Degree) + 1> coefficients;

  StepPolynomial() = default;
  explicit StepPolynomial(const Y& like) {
    for (Y& c : coefficients) c = detail::zeros_like(like);
  }

  bool finite() const {
    for (const Y& c : coefficients)
      if (!detail::all_finite(c)) return false;
    return true;
  }

  void value(double sigma, Y& y) const {
    y = coefficients.back();
    for (std::size_t p = coefficients.size() - 1; p-- > 0;)
      detail::scale_and_add(y, detail::scalar<Y>(sigma), coefficients[p]);
  }

  // dy/dσ, which is h y'.
  void slope(double sigma, Y& dy) const {
    detail::set_scaled(dy, detail::scalar<Y>(Degree), coefficients.back());
    for (std::size_t p = coefficients.size() - 1; p-- > 1;) {
      const auto power = detail::scalar<Y>(static_cast<double>(p));
      if constexpr (detail::fits_registers<Y>)
        detail::for_entries<Y>([&](Eigen::Index e) {
          dy.coeffRef(e) = detail::scalar<Y>(sigma) * dy.coeff(e) + power * coefficients[p].coeff(e);
        });
      else
        dy = detail::scalar<Y>(sigma) * dy + power * coefficients[p];
    }
  }
};

}  // namespace antistrophe
