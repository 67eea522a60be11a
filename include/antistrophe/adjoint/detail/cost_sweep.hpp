// SPDX-License-Identifier: MIT
// A running cost on the way back: step by step its cotangents enter as those of states inside the step, which are known once
// the stepper has the step's dense output again.
#pragma once

#include <antistrophe/adjoint/detail/backward.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/cost_meter.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace antistrophe::detail {

template <class S, class F, class Trace>
  requires MetersCost<Trace>
class CostSweep<S, F, Trace> {
  using Y = typename S::State;
  using Theta = Parameters<F, Y>;

 public:
  static constexpr bool any = true;
  static_assert(
      ShowsInside<S>,
      "antistrophe: a gradient of a running cost needs a stepper that shows its dense output on the way back: "
      "show_inside_to of stepper/inside_view.hpp.");

  CostSweep(S& stepper, Trace& trace, const Y& like)
      : stepper_(stepper), trace_(trace), room_(like), polynomial_(like), view_{&polynomial_, this, &look} {}
  CostSweep(const CostSweep&) = delete;  // the view refers to it
  CostSweep& operator=(const CostSweep&) = delete;

  // Before a sweep through all segments: w is the cotangent of the cost.
  void begin(double w, Theta& theta_bar) {
    w_ = w;
    theta_bar_ = &theta_bar;
    stepper_.show_inside_to(&view_);
  }

  // Before the pull-back of a step, as far as sigma: room for the cotangents, which come with the dense output.
  void enter(double t0, double h, double sigma, FirstInPlace<SavedInside<Y>>& inside) {
    part_ = {t0, h, sigma};
    for (std::size_t j = 0; j < trace_.quadrature().count; ++j)
      inside.push_back({part_.fraction(trace_.quadrature().nodes[j]), &room_.y_bars[j]});
  }
  // After it: of the part's ends.
  const CostPartBar& ends_bar() const { return bar_; }

  // Of the time of the event that ended a segment.
  double end_bar(std::size_t segment) const { return w_ * trace_.end_bar(segment); }
  // q(t, y), for a solve of no length.
  double rate(double t, const Y& y) { return w_ * trace_.cost_rate()(t, y); }

 private:
  static void look(void* self) { static_cast<CostSweep*>(self)->look(); }
  void look() {
    bar_ = pull_back_cost(trace_.cost_rate(), trace_.quadrature(), part_, polynomial_, w_, room_, *theta_bar_);
  }

  S& stepper_;
  Trace& trace_;
  CostRoom<Y> room_;
  StepPolynomial<Y, S::dense_degree> polynomial_;
  InsideView view_;
  double w_ = 1;
  Theta* theta_bar_ = nullptr;
  CostPart part_{};
  CostPartBar bar_;
};

}  // namespace antistrophe::detail
