// SPDX-License-Identifier: MIT
// A few states of the way forth, at about equal numbers of steps, against which a state that is solved backwards is held: it may stray
// in between and come back.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/step/detail/jumps.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class Y>
struct PassedState {
  std::size_t segment;
  double t;
  Y y;
};

// The trace that keeps them; their number is bounded whatever that of the steps.
template <class S>
class PassedStates {
 public:
  using Y = typename S::State;
  NoBits bits;

  void restart() {
    states_.clear();
    segments_ = 0;
    steps_ = 0;
    stride_ = 1;
  }
  void begin(const S&, std::int64_t, const typename S::Carry&) {
    ++segments_;
    states_.reserve(most);
  }
  void before_step(std::int64_t, const typename S::Carry&) {}
  void keep_step(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& before, double) {
    if (steps_++ % stride_ != 0) return;
    if (states_.size() == most) {
      for (std::size_t i = 1; 2 * i < most; ++i) states_[i] = states_[2 * i];
      while (2 * states_.size() > most) states_.pop_back();
      stride_ *= 2;
    }
    PassedState<Y> state{segments_ - 1, attempted.step().t0, Y()};
    stepper.read(before, state.y);
    states_.push_back(std::move(state));
  }
  std::size_t bytes() const {
    std::size_t of_heap = 0;
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      for (const PassedState<Y>& state : states_)
        of_heap += static_cast<std::size_t>(state.y.size()) * sizeof(typename Y::Scalar);
    return states_.capacity() * sizeof(PassedState<Y>) + of_heap;
  }
  static std::int64_t bits_kept() { return 0; }

  const std::vector<PassedState<Y>>& states() const { return states_; }

 private:
  static constexpr std::size_t most = 32;
  std::vector<PassedState<Y>> states_;
  std::size_t segments_ = 0;
  std::int64_t steps_ = 0, stride_ = 1;
};

// On the way back, by the dense output of its steps.
template <class Y>
class StrayWatch {
 public:
  explicit StrayWatch(const Y& like) : y_(like), z_(2 * like.size()) {}

  void begin(const std::vector<PassedState<Y>>& states) {
    states_ = &states;
    left_ = states.size();
    strayed_ = 0;
  }

  // A step back of a flat vector that begins with the state.
  template <class S>
  void look(const Stretch& stretch, AttemptedStep<S>& attempted, S& stepper, const typename S::Carry& carry) {
    if constexpr (Extensible<S>) {
      const Step& step = attempted.step();
      const double sign = stretch.from >= stretch.to ? 1 : -1;
      for (; left_ > 0; --left_) {
        const PassedState<Y>& passed = (*states_)[left_ - 1];
        const bool later =
            passed.segment > stretch.segment || (passed.segment == stretch.segment && sign * (passed.t - step.t0) > 0);
        if (later) continue;
        if (passed.segment < stretch.segment || sign * (step.t1 - passed.t) > 0) return;
        if (sign * (passed.t - step.t1) <= time_slack(step.t0, step.t1))
          stepper.proposal(step, carry, z_);  // dense output may cost a stage
        else
          attempted.polynomial(stepper, carry).value((passed.t - step.t0) / step.h(), z_);
        for (Eigen::Index i = 0; i < y_.size(); ++i) {
          using std::abs;
          const auto off = static_cast<double>(abs(z_.data()[i] - passed.y.data()[i]));
          if (!(off <= strayed_)) strayed_ = std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
        }
      }
    }
  }

  // The largest distance of an entry since it was last asked.
  double take() { return std::exchange(strayed_, 0); }

 private:
  const std::vector<PassedState<Y>>* states_ = nullptr;
  std::size_t left_ = 0;
  double strayed_ = 0;
  Y y_;
  Eigen::VectorX<typename Y::Scalar> z_;
};

}  // namespace antistrophe::detail
