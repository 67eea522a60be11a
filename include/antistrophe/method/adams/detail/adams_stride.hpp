// SPDX-License-Identifier: MIT
// Strides of an exact Adams method over a few numbers: up to 64 equal steps one after the other. Their states, values of f and
// cotangents lie in the order of the nodes instead of in rings, and what is the same for all of them is decided once. f and the sums
// of its values are the very operations of single steps, so that a step has the same bits in a stride and by itself, forth and back.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/method/adams/detail/adams_carry.hpp>
#include <antistrophe/method/adams/detail/adams_sums.hpp>
#include <antistrophe/method/adams/detail/adams_values.hpp>
#include <antistrophe/method/adams/detail/adams_weights.hpp>
#include <antistrophe/method/detail/few_numbers.hpp>
#include <antistrophe/method/runge_kutta/detail/stages.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/number/exact_factor.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/strides.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace antistrophe::detail {

// A cotangent that all steps of a stride add to: in registers, if it is known to be short.
template <class Theta>
using StrideSum = std::conditional_t<(Theta::SizeAtCompileTime >= 0 && Theta::SizeAtCompileTime <= 8), Theta, Theta&>;

template <std::size_t K, class F, EigenState Y>
class AdamsStride : public FewNumbers<Y> {
  using Few = FewNumbers<Y>;
  using Few::entries, Few::halvings_, Few::low_, Few::hold, Few::real;
  using typename Few::Numbers, typename Few::Stored, typename Few::Room;
  using Real = Work<Y>;
  using Carry = AdamsHistory<K, Stored>;
  using CarryBar = AdamsCotangents<K, Y>;
  static constexpr std::int64_t longest = 64;
  static constexpr auto count_of_values = static_cast<std::int64_t>(K);

 public:
  AdamsStride(const F& field, const Numbers& numbers, double signed_lambda, AdamsValues<K, F, Y>& known)
      : Few(numbers),
        field_(field),
        known_(known),
        lambda_(static_cast<Real>(signed_lambda)),
        sign_(signed_lambda > 0 ? 0 : -1) {}

  // From node i, where f is known at the K − 1 nodes before it; returns how many steps it went.
  template <class Bits>
  std::int64_t forth(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, Bits& bits) {
    const std::int64_t n = timeline.first() + i;
    for (std::int64_t j = 0; j < count_of_values; ++j) x(j) = carry.older[ring_slot<K>(n - count_of_values + j)];
    x(count_of_values) = carry.newest;
    const std::int64_t steps = states_have_room(0) ? std::min(end - i, longest) : 0;
    take_times(timeline, i - count_of_values, steps);
    for (std::int64_t j = 1; j < count_of_values; ++j) f(j) = known_[ring_slot<K>(n - count_of_values + j)].f;

    GatheredBits<Bits> gathered(bits);
    Stored newest = loaded(carry.newest);
    std::int64_t k = 0;
    for (; k < steps; ++k) {
      const double t0 = t(k + count_of_values), t1 = t(k + count_of_values + 1);
      evaluate(t0, newest, n + k, k + count_of_values);
      Y main, mirror;
      sum_up(static_cast<Real>(t1) - static_cast<Real>(t0), k, main, mirror);
      const std::uint64_t seed = ExactFactor::seed(n + k);
      std::uint64_t low = 0;
      Stored y1;
      Room room;
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        const std::int64_t increment = hold(main, e, room);
        const std::int64_t gap = wrapping_sum(entry(x(k), e) - entry(x(k + 1), e), hold(mirror, e, room));
        const std::int64_t dithered = wrapping_sum(gap, ExactFactor::dither(seed, e, low_));
        const std::int64_t shrunk = dithered >> halvings_;
        low |= (static_cast<std::uint64_t>(dithered) & low_) << (halvings_ * static_cast<int>(e));
        y1[e] = wrapping_sum(wrapping_sum(entry(newest, e), increment), (shrunk ^ sign_) - sign_);
        room.look(y1[e]);
      });
      if (!room.is_ample()) break;
      gathered.push(low, halvings_ * entries);
      copy(y1, x(k + count_of_values + 1));
      copy(y1, newest);
    }
    gathered.flush();
    for (std::int64_t j = 0; j < count_of_values; ++j)
      carry.older[ring_slot<K>(n + k - count_of_values + j)] = x(k + j);
    carry.newest = newest;
    know_all_but_first(n + k - count_of_values, k);
    return k;
  }

  // From node i back, where f is known at the K − 1 nodes before it, whose values have been given cotangents.
  template <class Cursor, class Theta>
  std::int64_t back(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, CarryBar& bar,
                    Theta& theta_sum, EvenTimes& t_bar, Cursor& bits) {
    const std::int64_t steps = std::min(i - end, longest);
    const std::int64_t n = timeline.first() + i - steps;  // of the node at which it ends, k = 0
    for (std::int64_t j = 0; j < count_of_values; ++j) {
      const std::size_t slot = ring_slot<K>(n + steps - count_of_values + j);
      x(steps + j) = carry.older[slot];
      x_bar(steps + j) = bar.older[slot];
      if (j == 0) continue;
      f(steps + j) = known_[slot].f;
      f_bar(steps + j) = bar.values[slot];
    }
    x(steps + count_of_values) = carry.newest;
    Y newest_bar = loaded(bar.newest);
    StrideSum<Theta> theta_bar = theta_sum;
    std::array<Real, K> both;
    for (std::size_t j = 0; j < K; ++j) both[j] = weights.main[j] + lambda_ * weights.mirror[j];

    HeldBits<Cursor> held(bits);
    const int lost = halvings_ * entries;
    take_times(timeline, i - steps - count_of_values, steps);
    std::int64_t k = steps;
    Stored second = loaded(x(k));
    const std::int64_t least = states_have_room(steps) ? 0 : steps;
    for (; k > least; --k) {  // the step from node k + K − 1 of what lies here
      const double t0 = t(k + count_of_values - 1), t1 = t(k + count_of_values);
      const Real h = static_cast<Real>(t1) - static_cast<Real>(t0);
      evaluate(t(k), second, n + k - count_of_values, k);
      Y main, mirror;
      sum_up(h, k - 1, main, mirror);
      const Stored start = loaded(x(k + count_of_values - 1));
      Stored moved, mirrored, oldest;
      Room room;
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        mirrored[e] = hold(mirror, e, room);
        const std::int64_t difference =
            wrapping_difference(entry(x(k + count_of_values), e) - entry(start, e), hold(main, e, room));
        moved[e] = wrapping_difference(difference ^ sign_, sign_);
      });
      if (!held.has(lost)) break;
      const std::uint64_t seed = ExactFactor::seed(n + k - 1), low = held.pop(lost);
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        const std::uint64_t lost_here = (low >> (halvings_ * static_cast<int>(e))) & low_;
        const std::int64_t gap = wrapping_difference(
            static_cast<std::int64_t>((static_cast<std::uint64_t>(moved[e]) << halvings_) | lost_here),
            ExactFactor::dither(seed, e, low_));
        oldest[e] = wrapping_sum(entry(second, e) - mirrored[e], gap);
        room.look(oldest[e]);
      });
      if (!room.is_ample()) {
        held.put_back(lost);
        break;
      }
      copy(oldest, x(k - 1));
      copy(oldest, second);

      // As single steps do it: AdamsStepper::pull_back_adams.
      const Y q = loaded(newest_bar);
      for (std::size_t j = 0; j + 1 < K; ++j) {
        Y& value_bar = f_bar(k + count_of_values - 1 - static_cast<std::int64_t>(j));
        const auto factor = scalar<Y>(h * both[j]);
        for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
          value_bar[e] = in_register(entry(value_bar, e) + factor * q[e]);
        });
      }
      Y gap_bar;
      const auto last_factor = scalar<Y>(h * both[K - 1]);
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        f_bar(k)[e] = in_register(last_factor * q[e]);
        gap_bar[e] = in_register(scalar<Y>(lambda_) * q[e]);
        x_bar(k)[e] = in_register(entry(x_bar(k), e) - gap_bar[e]);
        newest_bar[e] = in_register(q[e] + entry(x_bar(k + count_of_values - 1), e));
        x_bar(k - 1)[e] = gap_bar[e];
      });
      [[maybe_unused]] typename Y::Scalar node_bar{0};
      Y at;
      real(start, at);
      const Y value_bar = loaded(f_bar(k + count_of_values - 1));
      pull_back<F, Y>(field_, t0, at, tape(n + k - 1), value_bar, newest_bar, theta_bar, node_bar);
      keep_apart(newest_bar);
      if constexpr (!std::is_reference_v<StrideSum<Theta>>) keep_apart(theta_bar);
      if constexpr (HasTimeGradient<F, Y>) {
        const double h_bar = (static_cast<double>(dot(q, main)) + static_cast<double>(dot(gap_bar, mirror))) /
                             static_cast<double>(t1 - t0);
        if constexpr (HasTimedVjp<F, Y> || HasTimedTapeVjp<F, Y>)
          t_bar.add(i - steps + k - 1, -h_bar + static_cast<double>(node_bar), h_bar);
        else
          t_bar.add_length(h_bar);
      }
    }
    held.flush();
    if constexpr (!std::is_reference_v<StrideSum<Theta>>) theta_sum = theta_bar;
    for (std::int64_t j = 0; j < count_of_values; ++j) {
      const std::size_t slot = ring_slot<K>(n + k - count_of_values + j);
      carry.older[slot] = x(k + j);
      bar.older[slot] = x_bar(k + j);
      if (j > 0) bar.values[slot] = f_bar(k + j);
    }
    carry.newest = x(k + count_of_values);
    bar.newest = newest_bar;
    know_all_but_first(n + k - count_of_values, k);
    return steps - k;
  }

 private:
  static constexpr const AdamsWeights<K, false, Real>& weights = equal_steps_weights<K, false, Real>;

  bool states_have_room(std::int64_t first) {
    Room room;
    for (std::int64_t k = first; k <= first + count_of_values; ++k)
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { room.look(x(k)[e]); });
    return room.is_ample();
  }
  void take_times(const Timeline& timeline, std::int64_t first, std::int64_t steps) {
    for (std::int64_t k = 0; k <= steps + count_of_values; ++k) t_[static_cast<std::size_t>(k)] = timeline[first + k];
  }

  // f at node k of what lies here, which has this number, and the sums of a step from node k + K − 1.
  ANTISTROPHE_ALWAYS_INLINE void evaluate(double t, const Stored& stored, std::int64_t number, std::int64_t k) {
    Y at;
    real(stored, at);
    evaluate_alone<F, Y>(field_, t, at, f(k), tape(number));
  }
  ANTISTROPHE_ALWAYS_INLINE void sum_up(Real h, std::int64_t k, Y& main, Y& mirror) {
    std::array<const Y*, K> v;
    for (std::size_t j = 0; j < K; ++j) v[j] = &f(k + count_of_values - static_cast<std::int64_t>(j));
    combine_few(h, weights.main, v, main);
    combine_few(h, weights.mirror, v, mirror);
  }
  Tape<F, Y>& tape(std::int64_t number) {
    if constexpr (std::is_empty_v<Tape<F, Y>>)
      return known_.at(0).tape;
    else
      return known_.at(ring_slot<K>(number)).tape;
  }

  // What single steps go on from. The value of f at the first node, where there is one, belongs to a step that did not come about,
  // or to one that is over, whose tape has been written over.
  void know_all_but_first(std::int64_t number, std::int64_t k) {
    for (std::int64_t j = 1; j < count_of_values; ++j) known_.at(ring_slot<K>(number + j)).f = f(k + j);
    known_.learn(number + 1, number + count_of_values - 1);
  }

  static constexpr auto length = static_cast<std::size_t>(longest) + K + 1;
  double t(std::int64_t k) const { return t_[static_cast<std::size_t>(k)]; }
  Stored& x(std::int64_t k) { return x_[static_cast<std::size_t>(k)]; }
  Y& f(std::int64_t k) { return f_[static_cast<std::size_t>(k)]; }
  Y& x_bar(std::int64_t k) { return x_bar_[static_cast<std::size_t>(k)]; }
  Y& f_bar(std::int64_t k) { return f_bar_[static_cast<std::size_t>(k)]; }

  const F& field_;
  AdamsValues<K, F, Y>& known_;
  const Real lambda_;
  const std::int64_t sign_;  // −1 of a negative λ
  std::array<double, length> t_;
  std::array<Stored, length> x_;  // the K nodes before the stretch, and those of its steps
  std::array<Y, length> f_, x_bar_, f_bar_;
};

}  // namespace antistrophe::detail
