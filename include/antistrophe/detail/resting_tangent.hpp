// SPDX-License-Identifier: MIT
// Where a state rests, its sensitivities need not: each mode moves on at its own rate until it has died out.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/spectral_radius.hpp>

#include <cmath>

namespace antistrophe::detail {

// A solution of δ' = Jδ beside a state that rests. It begins with every mode alike, and holds those that have not died out. It is
// carried along by nine terms of e^{hJ} δ, on differences of f: in steps of hρ <= 3/2 these change an oscillation that is not damped by
// some 10^-6 of its size in a time 1/ρ, so that it is not taken for one that is (the classical Runge–Kutta method damps it by
// 10^-2).
template <Stepper S>
class RestingTangent {
 public:
  using Y = typename S::State;

  explicit RestingTangent(const Y& like)
      : direction_(zeros_like(like)), scales_(direction_), power_(direction_), sum_(direction_) {}

  void start(const ScaledJacobian<S>& jacobian) {
    ScaledJacobian<S>::any_direction(direction_);
    for (Eigen::Index i = 0; i < scales_.size(); ++i) scales_.data()[i] = scalar<Y>(jacobian.scale(i));
    size_ = 1;
  }

  // How much larger it is than at its start.
  double growth() const { return size_; }

  // Over a time h, which may be negative: at most nine evaluations. Gives ‖J^q δ‖ at its start, q >= 1, of a δ that began with entries of size 1.
  double advance(S& stepper, ScaledJacobian<S>& jacobian, double h, int q) {
    rescale(jacobian);
    power_ = direction_;
    sum_ = direction_;
    double size = size_, growth = 0, asked_for = 0, factor = 1;  // of J^k δ, and of h^k / k! times its size
    for (int k = 1; k <= terms; ++k) {
      jacobian.multiply(stepper, power_, power_);
      growth = largest_entry(power_);
      if (!(growth > 0) || !std::isfinite(growth)) break;
      size *= growth;
      factor *= growth * h / k;
      if (k == q) asked_for = size;
      if (k >= q && std::fabs(factor) < negligible * largest_entry(sum_)) break;
      for (Eigen::Index i = 0; i < power_.size(); ++i) {
        power_.data()[i] /= scalar<Y>(growth);
        sum_.data()[i] += scalar<Y>(factor) * power_.data()[i];
      }
    }
    if (q > terms && growth > 0) asked_for = size * std::pow(growth, q - terms);
    // Of size 1 for the next differences.
    if (const double grown = largest_entry(sum_); grown > 0) {
      for (Eigen::Index i = 0; i < sum_.size(); ++i) direction_.data()[i] = sum_.data()[i] / scalar<Y>(grown);
      size_ *= grown;
    }
    return asked_for;
  }

 private:
  // A state that moves has other scales by now. (Left as it was, δ would be pumped by them twice a turn.)
  void rescale(const ScaledJacobian<S>& jacobian) {
    for (Eigen::Index i = 0; i < scales_.size(); ++i) {
      const auto now = scalar<Y>(jacobian.scale(i));
      direction_.data()[i] *= scales_.data()[i] / now;
      scales_.data()[i] = now;
    }
    if (const double size = largest_entry(direction_); size > 0) {
      for (Eigen::Index i = 0; i < direction_.size(); ++i) direction_.data()[i] /= scalar<Y>(size);
      size_ *= size;
    }
  }

  static constexpr int terms = 9;
  static constexpr double negligible = 1e-6;

  Y direction_, scales_, power_, sum_;
  double size_ = 1;  // of δ, which has its direction
};

}  // namespace antistrophe::detail
