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
#include <antistrophe/problem/running_cost.hpp>

namespace antistrophe::detail {

template <class Q>
inline constexpr bool can_meter<RunningCost<Q>> = true;

}  // namespace antistrophe::detail
