// SPDX-License-Identifier: MIT
// What the loop knows of running costs: little, so that a program without one does not pay for it. detail/cost_meter.hpp has the
// rest.
#pragma once

#include <antistrophe/problem/running_cost.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// Where none is given.
struct NoRunningCost {};

// What an integral over an attempted step came to, how far that may be off, and what was before.
struct CostEstimate {
  double increment = 0, error = 0, before = 0;
};

template <class Trace>
concept MetersCost = requires(const Trace& trace) {
  { trace.running_cost() } -> std::same_as<double>;
};

// What a cost requires of a field F, a state Y and a method M, and of a gradient besides: true, or a compile error with the reason.
template <class Cost>
struct CostRequirements;
template <>
struct CostRequirements<NoRunningCost> {
  template <class F, class Y, class M>
  static consteval bool require() {
    return true;
  }
  template <class F, class Y>
  static consteval bool require_gradient() {
    return true;
  }
};

// The trace of a solve with such a cost, which may be none.
template <class Base, class F, class S, class Cost>
struct MeteredOf;
template <class Base, class F, class S>
struct MeteredOf<Base, F, S, NoRunningCost> {
  using type = Base;
};
template <class Base, class F, class S, class Cost>
using Metered = typename MeteredOf<Base, F, S, Cost>::type;

// The trace of a solve that takes tangents along: of S, the stepper of a field with tangents of the state Y of F.
template <class S, class F, class Y, class Cost>
struct TangentTraceOf;

// Made of the trace without it, by a cost that makes one.
template <class F, class S, class Cost, class Base>
Metered<Base, F, S, Cost> metered(Base base, [[maybe_unused]] const F& field, [[maybe_unused]] const Cost& cost,
                                  [[maybe_unused]] const typename S::State& like, [[maybe_unused]] bool chooses_steps) {
  if constexpr (std::is_same_v<Cost, NoRunningCost>)
    return base;
  else
    return Metered<Base, F, S, Cost>(std::move(base), field, cost.q, like, chooses_steps);
}

}  // namespace antistrophe::detail
