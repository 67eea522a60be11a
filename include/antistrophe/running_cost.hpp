// SPDX-License-Identifier: MIT
// RunningCost{q}: ∫ q(t, y(t)) dt over the whole solve, along its dense output, as an extra of solve and of gradient calls. A
// gradient call adds it to the loss, in value and gradient; the state is not augmented by it: it needs no reconstruction, and the
// error estimate of the state does not see it. Where the steps choose themselves they are kept short enough for it, too.
//
//   auto [value, gradient] = value_and_gradient(problem, Dopri5{}, Adaptive{}, loss,
//                                               RunningCost{[](auto t, const auto& y, const auto& theta) { return … }});
#pragma once

#include <antistrophe/adjoint/detail/cost_sweep.hpp>
#include <antistrophe/adjoint/detail/tangent_cost.hpp>
#include <antistrophe/detail/cost_meter.hpp>

#include <vector>

namespace antistrophe {

// q: called as q(t, y), or q(t, y, theta) with the field's parameters; returns a number. For gradients q has a member
//   gradient(t, y, y_bar, theta_bar, t_bar), or gradient(t, y, theta, y_bar, theta_bar, t_bar),
// that adds ∂q/∂y, ∂q/∂θ and ∂q/∂t; or it is generic in its arguments, and then differentiated forward, eight inputs at a time:
// right for few of them. Where f jumps at known times (.jumps of the steps), q may jump too.
template <class Q>
struct RunningCost {
  Q q;
};
template <class Q>
RunningCost(Q) -> RunningCost<Q>;

// A loss that is 0, where a running cost is all there is.
struct NoLoss {
  template <class Saved>
  double operator()(const std::vector<Saved>&, std::vector<Saved>&) const {
    return 0;
  }
};

}  // namespace antistrophe
