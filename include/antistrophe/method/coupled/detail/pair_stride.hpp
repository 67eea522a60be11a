// SPDX-License-Identifier: MIT
// Strides of an exact pair over a few numbers: what goes from step to step stays in registers, and what is the same for all steps is
// decided once. Increments are those of single steps, the same function in the machine code, and what else a step computes are
// integers, so that it has the same bits in a stride and by itself, forth and back.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/method/detail/few_numbers.hpp>
#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/number/exact_factor.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/strides.hpp>

#include <Eigen/Core>

#include <cstdint>
#include <type_traits>

namespace antistrophe::detail {

template <class Tableau, class F, EigenState Y>
class PairStride : public FewNumbers<Y> {
  using Few = FewNumbers<Y>;
  using Few::entries, Few::halvings_, Few::low_, Few::hold, Few::real;
  using typename Few::Numbers, typename Few::Stored, typename Few::Room;
  using Theta = Parameters<F, Y>;
  using SumOfTheta = std::conditional_t<fits_registers<Theta>, Theta, Theta&>;
  // Vjps that keep a tape and add to many parameters are called: a network's, written out eight times, would be a sixth of a program,
  // and no faster.
  static constexpr bool writes_out =
      std::is_empty_v<Tape<F, Y>> || (Theta::SizeAtCompileTime != Eigen::Dynamic && Theta::SizeAtCompileTime <= 64);

 public:
  // `first` and `second` have room for the stages of Ψ_h(t0, z0) and Ψ_{−h}(t1, y1).
  PairStride(const F& field, const Numbers& numbers, Increment<Tableau, F, Y>& first, Stages<Tableau, F, Y>& second)
      : Few(numbers), field_(field), first_(first), second_(second), lambda_(numbers.lambda()) {}

  // Returns how many steps it went. Where it went less far than asked for, an increment of the next step may not be finite.
  template <class Carry, class Bits>
  std::int64_t forth(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, Bits& bits) {
    GatheredBits<Bits> gathered(bits);
    Stored y = loaded(carry.y), z = loaded(carry.z);
    double t0 = timeline[i];
    std::int64_t k = have_room(y, z) ? i : end;
    const std::int64_t begin = k;
    for (; k < end; ++k) {
      const double t1 = timeline[k + 1];
      evaluate(first_, t0, t1, z);
      evaluated_ = 1;
      const std::uint64_t seed = ExactFactor::seed(timeline.first() + k);
      std::uint64_t low = 0;
      Stored y1, z1;
      Room room;
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        const std::int64_t dithered = wrapping_sum(entry(y, e) - entry(z, e), ExactFactor::dither(seed, e, low_));
        low |= (static_cast<std::uint64_t>(dithered) & low_) << (halvings_ * static_cast<int>(e));
        y1[e] = wrapping_sum(entry(z, e) + (dithered >> halvings_), hold(psi_, e, room));
        room.look(y1[e]);
      });
      if (!room.is_ample()) break;
      evaluate(second_, t1, t0, y1);
      evaluated_ = 2;
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        z1[e] = wrapping_difference(entry(z, e), hold(psi_, e, room));
        room.look(z1[e]);
      });
      if (!room.is_ample()) break;
      gathered.push(low, halvings_ * entries);
      copy(y1, y);
      copy(z1, z);
      t0 = t1;
    }
    gathered.flush();
    copy(y, carry.y);
    copy(z, carry.z);
    return k - begin;
  }

  // The increment evaluated last, the first or second of its step.
  const Y& last_increment() const { return psi_; }
  int evaluated() const { return evaluated_; }

  // Back from node i, as PairStepper::step_back does it.
  template <class Carry, class CarryBar, class Cursor>
  std::int64_t back(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, CarryBar& bar,
                    Theta& theta_sum, EvenTimes& t_bar, Cursor& bits) {
    if constexpr (writes_out)
      return back_written_out(timeline, i, end, carry, bar, theta_sum, t_bar, bits);
    else
      return back_here(timeline, i, end, carry, bar, theta_sum, t_bar, bits);
  }

 private:
  template <class Carry, class CarryBar, class Cursor>
  ANTISTROPHE_FLAT std::int64_t back_written_out(const Timeline& timeline, std::int64_t i, std::int64_t end,
                                                 Carry& carry, CarryBar& bar, Theta& theta_sum, EvenTimes& t_bar,
                                                 Cursor& bits) {
    return back_here(timeline, i, end, carry, bar, theta_sum, t_bar, bits);
  }

  template <class Carry, class CarryBar, class Cursor>
  ANTISTROPHE_ALWAYS_INLINE std::int64_t back_here(const Timeline& timeline, std::int64_t i, std::int64_t end,
                                                   Carry& carry, CarryBar& bar, Theta& theta_sum, EvenTimes& t_bar,
                                                   Cursor& bits) {
    HeldBits<Cursor> held(bits);
    const int lost = halvings_ * entries;
    const auto stays = scalar<Y>(lambda_), goes = scalar<Y>(1 - lambda_);
    Stored y = loaded(carry.y), z = loaded(carry.z);
    Y y_bar = loaded(bar.y), z_bar = loaded(bar.z);
    SumOfTheta theta_bar = theta_sum;
    double t1 = timeline[i];
    std::int64_t k = have_room(y, z) ? i : end;
    const std::int64_t begin = k;
    // Stages are evaluated one increment ahead of the pull-backs, which wait for each other: so neither waits for both.
    if (k > end) evaluate(second_, t1, timeline[k - 1], y);
    for (; k > end; --k) {
      const double t0 = timeline[k - 1];
      Stored z0, y0;
      Room room;
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        z0[e] = wrapping_sum(entry(z, e), hold(psi_, e, room));
        room.look(z0[e]);
      });
      if (!room.is_ample() || !held.has(lost)) break;
      evaluate(first_, t0, t1, z0);
      const std::uint64_t seed = ExactFactor::seed(timeline.first() + k - 1), low = held.pop(lost);
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        const std::int64_t shrunk = wrapping_difference(entry(y, e) - entry(z0, e), hold(psi_, e, room));
        const std::uint64_t lost_here = (low >> (halvings_ * static_cast<int>(e))) & low_;
        const std::int64_t gap = wrapping_difference(
            static_cast<std::int64_t>((static_cast<std::uint64_t>(shrunk) << halvings_) | lost_here),
            ExactFactor::dither(seed, e, low_));
        y0[e] = wrapping_sum(entry(z0, e), gap);
        room.look(y0[e]);
      });
      if (!room.is_ample()) {
        held.put_back(lost);
        break;
      }
      copy(y0, y);
      copy(z0, z);

      double start_bar = 0, end_bar = 0;
      first_.pull_back_here(field_, second_, -1, z_bar, {y_bar, theta_bar, end_bar, start_bar});
      if (k - 1 > end) evaluate(second_, t0, timeline[k - 2], y);
      first_.pull_back_here(field_, first_, 1, y_bar, {z_bar, theta_bar, start_bar, end_bar});
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        const auto both = entry(y_bar, e);
        z_bar[e] = in_register(entry(z_bar, e) + goes * both);
        y_bar[e] = in_register(both * stays);
      });
      if constexpr (HasTimeGradient<F, Y>) t_bar.add(k - 1, start_bar, end_bar);
      t1 = t0;
    }
    held.flush();
    copy(y, carry.y);
    copy(z, carry.z);
    copy(y_bar, bar.y);
    copy(z_bar, bar.z);
    if constexpr (!std::is_reference_v<SumOfTheta>) theta_sum = theta_bar;
    return begin - k;
  }

  bool have_room(const Stored& y, const Stored& z) const {
    Room room;
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
      room.look(y[e]);
      room.look(z[e]);
    });
    return room.is_ample();
  }
  // psi_ := Ψ from `at`.
  ANTISTROPHE_ALWAYS_INLINE void evaluate(Stages<Tableau, F, Y>& stages, double from, double to, const Stored& at) {
    real(at, at_);
    stages.evaluate(field_, WayThrough{from, to, from, to}, at_, psi_);
  }

  const F& field_;
  Increment<Tableau, F, Y>& first_;
  Stages<Tableau, F, Y>& second_;
  const double lambda_;
  Y at_, psi_;
  int evaluated_ = 0;
};

}  // namespace antistrophe::detail
