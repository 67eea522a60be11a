// SPDX-License-Identifier: MIT
// RunningCost{q} by itself: what is given to a call. <antistrophe/running_cost.hpp> has what makes something of it.
#pragma once

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

namespace detail {

// Whether <antistrophe/running_cost.hpp> is there.
template <class Cost>
inline constexpr bool can_meter = false;

}  // namespace detail
}  // namespace antistrophe
