// SPDX-License-Identifier: MIT
// Strides: many equal steps at once, where nobody looks at what lies between them. What a step asks and looks up anew each time,
// a stride decides once, and keeps its state in registers.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/step/timeline.hpp>

#include <concepts>
#include <cstdint>

namespace antistrophe {

// What flows to the times of steps whose nodes move evenly with t0 and t1, node i of n as the fraction i/n of the way: in all, and
// to node i times i. The sums go through memory once a step, for each step waits for them.
struct EvenTimes {
  double all = 0, by_index = 0;

  // To the start and the end of step i.
  ANTISTROPHE_ALWAYS_INLINE void add(std::int64_t i, double start_bar, double end_bar) {
    const double both = start_bar + end_bar;
    all = detail::in_register(detail::in_register(all) + both);
    by_index = detail::in_register(detail::in_register(by_index) + (both * static_cast<double>(i) + end_bar));
  }
  // The same where what flows to the length alone moves the ends, in opposite directions.
  ANTISTROPHE_ALWAYS_INLINE void add_length(double length_bar) { by_index += length_bar; }
};

// The states at nodes, one after the other: `first` is that at node 0.
template <EigenState Y>
class StateRow {
 public:
  explicit StateRow(typename Y::Scalar* first) : first_(first) {}
  ANTISTROPHE_ALWAYS_INLINE void put(std::int64_t i, const Y& y) const {
    typename Y::Scalar* const to = first_ + i * Y::SizeAtCompileTime;
    detail::for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to[e] = detail::entry(y, e); });
  }
  ANTISTROPHE_ALWAYS_INLINE void get(std::int64_t i, Y& y) const {
    const typename Y::Scalar* const from = first_ + i * Y::SizeAtCompileTime;
    detail::for_entries<Y>([&](Eigen::Index e)
                               ANTISTROPHE_INLINE_LAMBDA { y.coeffRef(e) = detail::in_register(from[e]); });
  }

 private:
  typename Y::Scalar* first_;
};

// A stepper may offer to go through steps of a timeline that is laid out whole, with the very bits of taking them one by one:
//   stride(timeline, i, end, carry, bits)   forth from node i, to node `end` at most. The number of steps that it went: none where
//                                           it cannot stride here, or fewer than asked for where a step fails or would nearly fail;
//                                           that step is then taken by itself, and says why
//   stride_back(timeline, i, end, carry, carry_bar, theta_bar, t_bar, bits)
//                                           back from node i, to node `end` at least, with cotangents of states at no node of
//                                           these but the first; nodes move evenly
template <class S>
concept Strides =
    requires(S s, const Timeline& timeline, std::int64_t i, typename S::Carry& carry, typename S::CarryBar& carry_bar,
             typename S::Theta& theta_bar, EvenTimes& t_bar, BitStack& bits, BitStack::Cursor& cursor) {
      { s.stride(timeline, i, i, carry, bits) } -> std::same_as<std::int64_t>;
      { s.stride_back(timeline, i, i, carry, carry_bar, theta_bar, t_bar, cursor) } -> std::same_as<std::int64_t>;
    };

// One of a carry that is no more than a state may do so over stored states, a StateRow in the place of the bits and their cursor: forth
// it puts there the states before its steps, back it takes them from there.
template <class S>
concept StridesOverStates =
    Strides<S> &&
    requires(S s, const Timeline& timeline, std::int64_t i, typename S::Carry& carry, typename S::CarryBar& carry_bar,
             typename S::Theta& theta_bar, EvenTimes& t_bar, StateRow<typename S::State>& states) {
      requires S::strides_over_states;
      { s.stride(timeline, i, i, carry, states) } -> std::same_as<std::int64_t>;
      { s.stride_back(timeline, i, i, carry, carry_bar, theta_bar, t_bar, states) } -> std::same_as<std::int64_t>;
    };

}  // namespace antistrophe
