// SPDX-License-Identifier: MIT
// One lane of a packed step, as the stepper of its problem alone: step control judges it by the code that judges every other
// solve, and what is asked for beside the path of a step (slopes, dense output) is done by that stepper itself.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/ensemble/detail/pack.hpp>
#include <antistrophe/step/detail/controller.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <Eigen/Core>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace antistrophe::detail {

// Alone: the stepper of one problem. Packed: a PackedIncrement, which outlives it.
template <class Alone, class Packed>
class LaneStepper : public Alone {
 public:
  using Y = typename Alone::State;
  using typename Alone::Carry;

  template <class Method, class F>
  LaneStepper(const Method& method, const F& field, const Y& y0, const Packed& packed, std::size_t lane)
      : Alone(method, field, y0), packed_(packed), lane_(lane), end_(zeros_like(y0)) {}

  // After a packed step: what attempt would have answered.
  Outcome take_step() {
    this->calls_.evaluations += static_cast<std::int64_t>(Packed::used) - (knows_first_ ? 1 : 0);
    knows_first_ = true;
    take_lane(packed_.end, lane_, end_);
    return all_finite(end_) ? Outcome::ok : Outcome::not_finite;
  }
  const Y& end() const { return end_; }
  // The norms that step control asks for first may have been found for all lanes at once: KnowsScaledNorms.
  void know_norms(bool known) { knows_norms_ = known; }
  bool knows_norms() const { return knows_norms_; }
  double scaled_error() const {
    const auto l = static_cast<int>(lane_);
    if constexpr (Packed::estimates == 1)
      return packed_.norms[0].lane[l];
    else
      return Controller::combined(packed_.norms[0].lane[l], packed_.norms[1].lane[l]);
  }
  double scaled_move() const { return packed_.norms[Packed::estimates].lane[static_cast<int>(lane_)]; }
  // So many steps were taken and judged elsewhere, whose first stages were known where that may be.
  static constexpr std::int64_t evaluations_a_step =
      static_cast<std::int64_t>(Packed::count) - (Packed::first_is_known ? 1 : 0);
  void count(std::int64_t steps) { this->calls_.evaluations += steps * evaluations_a_step; }
  // The step stands; what is known of the next one's first stage.
  void go_on(const Step& step) { knows_first_ = Packed::first_is_known && !step.ends_at_jump(); }
  bool knows_first() const { return knows_first_; }

  void proposal(const Step&, const Carry&, Y& y1) const { copy(end_, y1); }
  void error(const Step&, const Carry&, std::array<Y, Packed::estimates>& estimates) {
    this->calls_.evaluations += static_cast<std::int64_t>(Packed::count - Packed::used);
    for (std::size_t e = 0; e < Packed::estimates; ++e) take_lane(packed_.errors[e], lane_, estimates[e]);
  }
  // What is done with it is to ask whether it is above a threshold for many steps in a row.
  double stiffness(const Step& step) const {
    if constexpr (Packed::used < 2) return 0;
    const auto l = static_cast<int>(lane_);
    const auto distance = static_cast<double>(std::sqrt(packed_.distance.lane[l]));
    const auto difference = static_cast<double>(std::sqrt(packed_.difference.lane[l]));
    return distance > 0 ? std::fabs(step.h()) * difference / distance : 0;
  }
  // The step once more, alone: a replay has the bits of what it replays.
  template <class Polynomial>
  void extend(const Step& step, const Carry& before, Polynomial& polynomial) {
    const Calls calls = this->calls_;
    this->forget();
    (void)this->attempt(step, before);
    Alone::extend(step, before, polynomial);
    this->calls_ = calls;
    this->calls_.evaluations += static_cast<std::int64_t>(Alone::StagesOf::count - Packed::count);
    this->forget();
  }

 private:
  const Packed& packed_;
  std::size_t lane_;
  Y end_;
  bool knows_first_ = false, knows_norms_ = false;
};

}  // namespace antistrophe::detail
