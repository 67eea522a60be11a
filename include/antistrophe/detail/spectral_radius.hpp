// SPDX-License-Identifier: MIT
// How fast solutions near this one may move: ‖J‖ and the spectral radius ρ of the Jacobian J, off differences of f.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/splitmix64.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstdint>
#include <limits>

namespace antistrophe::detail {

// Products of J with directions. The entries of both count in tolerances of the state, so that a direction of size 1 is as far
// as the tolerance, and enough for a difference to be seen.
template <Stepper S>
class ScaledJacobian {
 public:
  using Y = typename S::State;

  // `sign` is that of the direction of time, so that a solve towards smaller times is the mirror image of one towards larger.
  ScaledJacobian(const Adaptive& options, const Y& like, double sign)
      : options_(options), sign_(sign), y_(zeros_like(like)), moved_(y_), f0_(y_), f1_(y_) {}

  // J is that at (t, y) from here on: an evaluation.
  void move_to(S& stepper, double t, const Y& y) {
    t_ = t;
    y_ = y;
    stepper.slope(t, y_, f0_);
  }
  // product ← J direction, which may be the same object: an evaluation.
  void multiply(S& stepper, const Y& direction, Y& product) {
    for (Eigen::Index i = 0; i < y_.size(); ++i)
      moved_.data()[i] = y_.data()[i] + scalar<Y>(scale(i)) * direction.data()[i];
    stepper.slope(t_, moved_, f1_);
    for (Eigen::Index i = 0; i < y_.size(); ++i)
      product.data()[i] = (f1_.data()[i] - f0_.data()[i]) / scalar<Y>(sign_ * scale(i));
  }
  // A direction without a pattern, in signs or in sizes (1/2 to 1), that a Jacobian could share: (1, 1) and (1, −1) are the eigenvectors
  // of many.
  static void any_direction(Y& direction) {
    for (Eigen::Index i = 0; i < direction.size(); ++i) {
      const std::uint64_t bits = splitmix64(static_cast<std::uint64_t>(i));
      const double size = 0.5 + 0.5 * static_cast<double>(bits >> 11) / 9007199254740992.0;  // of 53 bits
      direction.data()[i] = scalar<Y>(bits % 2 == 0 ? size : -size);
    }
  }

  // Of entry i, from its atol and size.
  double scale(Eigen::Index i) const {
    using std::abs;
    const double size = static_cast<double>(abs(y_.data()[i]));
    const double visible = std::sqrt(static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon()));
    return options_.atol(i) + larger_of(options_.rtol, visible) * size;
  }

 private:
  const Adaptive& options_;
  double sign_, t_ = 0;
  Y y_, moved_, f0_, f1_;
};

// By the power method, a turn at each look (as Sommeijer, Shampine & Verwer 1998 do).
template <Stepper S>
class SpectralRadius {
 public:
  using Y = typename S::State;

  explicit SpectralRadius(const Y& like) : direction_(zeros_like(like)) {}

  // One turn, the first time three, each an evaluation; the largest growth of a direction that was seen.
  double look(S& stepper, ScaledJacobian<S>& jacobian) {
    double steepest = 0;
    for (int turn = started_ ? 2 : 0; turn < 3 && direction_.size() > 0; ++turn) {
      if (!started_) ScaledJacobian<S>::any_direction(direction_);
      jacobian.multiply(stepper, direction_, direction_);
      double sum = 0;
      for (Eigen::Index i = 0; i < direction_.size(); ++i)
        sum += static_cast<double>(Eigen::numext::abs2(direction_.data()[i]));
      const double size = std::sqrt(sum / static_cast<double>(direction_.size()));
      started_ = std::isfinite(size) && size > 0;
      if (!started_) break;
      steepest = larger_of(steepest, size);
      older_ = newer_;
      newer_ = size;
      direction_ /= scalar<Y>(size);
    }
    return steepest;
  }
  // About ρ, over the last two turns: of a system of second order one may give ‖J‖ and the next 1. 0 where it is not known.
  double value() const { return started_ ? std::sqrt(older_ * newer_) : 0; }

  // After a look: for what finds ρ in more turns, and tells it.
  Y& direction() { return direction_; }
  void learn(double radius) { older_ = newer_ = radius; }

 private:
  Y direction_;
  double older_ = 0, newer_ = 0;
  bool started_ = false;
};

}  // namespace antistrophe::detail
