// Where a state rests, its sensitivities need not: each mode moves on at its own rate until it has died out.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/spectral_radius.hpp>

#include <cmath>
#include <limits>

namespace antistrophe::detail {

// A solution of δ' = Jδ beside a state that rests, carried along by the classical Runge–Kutta method on differences of f. It
// begins with every mode alike, and holds those that have not died out.
template <Stepper S>
class RestingTangent {
 public:
  using Y = typename S::State;

  explicit RestingTangent(const Y& like)
      : direction_(zeros_like(like)), stage_(direction_), k1_(stage_), k2_(stage_), k3_(stage_), k4_(stage_) {}

  void start() {
    ScaledJacobian<S>::any_direction(direction_);
    size_ = 1;
  }

  // ‖J³δ‖ and the rate ‖J⁴δ‖ / ‖J³δ‖ at which what is left of δ moves, of a δ that began with entries of size 1.
  struct Liveliness {
    double third = 0, rate = 0;
  };
  // Over a time h in which no mode moves by more than about 2: four evaluations. What it was at the start.
  Liveliness advance(S& stepper, ScaledJacobian<S>& jacobian, double h) {
    jacobian.multiply(stepper, direction_, k1_);
    step_to(stage_, h / 2, k1_);
    jacobian.multiply(stepper, stage_, k2_);
    step_to(stage_, h / 2, k2_);
    jacobian.multiply(stepper, stage_, k3_);
    step_to(stage_, h, k3_);
    jacobian.multiply(stepper, stage_, k4_);
    for (Eigen::Index i = 0; i < direction_.size(); ++i) {
      auto &k1 = k1_.data()[i], &k2 = k2_.data()[i], &k3 = k3_.data()[i], &k4 = k4_.data()[i];
      direction_.data()[i] += scalar<Y>(h / 6) * (k1 + k2 + k2 + k3 + k3 + k4);
      k2 -= k3;            // h²/4 J³δ
      k4 += k1 - k3 - k3;  // h³/4 J⁴δ
    }
    const double third = largest_entry(k2_), fourth = largest_entry(k4_);
    const Liveliness lively{size_ * third * 4 / (h * h), third > 0 ? fourth / (third * h) : 0};
    // Of size 1 for the next differences.
    if (const double grown = largest_entry(direction_); grown > 0) {
      for (Eigen::Index i = 0; i < direction_.size(); ++i) direction_.data()[i] /= scalar<Y>(grown);
      size_ *= grown;
    }
    return lively;
  }

 private:
  void step_to(Y& stage, double h, const Y& k) const {
    for (Eigen::Index i = 0; i < stage.size(); ++i) stage.data()[i] = direction_.data()[i] + scalar<Y>(h) * k.data()[i];
  }

  Y direction_, stage_, k1_, k2_, k3_, k4_;
  double size_ = 1;  // of δ, which has its direction
};

}  // namespace antistrophe::detail
