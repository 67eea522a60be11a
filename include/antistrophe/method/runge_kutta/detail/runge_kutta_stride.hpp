// SPDX-License-Identifier: MIT
// Strides of an explicit Runge–Kutta method over a few numbers. Increments are those of single steps, the same function in the
// machine code; the way back goes over states that were stored on the way forth.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/strides.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

template <class Tableau, class F, EigenState Y>
class RungeKuttaStride {
  using Theta = Parameters<F, Y>;
  using SumOfTheta = std::conditional_t<fits_registers<Theta>, Theta, Theta&>;

 public:
  RungeKuttaStride(const F& field, Increment<Tableau, F, Y>& increment) : field_(field), increment_(increment) {}

  // Returns how many steps it went; the states before them are put into `states`. Where it went less far than asked for, the end of
  // the next step is not finite, and left in y1.
  template <class States>
  std::int64_t forth(const Timeline& timeline, std::int64_t i, std::int64_t end, Y& y, Y& y1, States& states) {
    Y one, other;
    copy(y, one);
    Y *from = &one, *to = &other;
    double t0 = timeline[i];
    std::int64_t k = i;
    for (; k < end; ++k) {
      const double t1 = timeline[k + 1];
      if constexpr (requires { states.put(k, *from); }) states.put(k, *from);
      increment_.evaluate_end(field_, WayThrough{t0, t1, t0, t1}, *from, *to);
      if (!all_finite(*to)) {
        copy(*to, y1);
        break;
      }
      std::swap(from, to);
      t0 = t1;
    }
    copy(*from, y);
    return k - i;
  }

  // Back from node i, as RungeKuttaStepper::pullback does it.
  template <class States>
  ANTISTROPHE_FLAT void back(const Timeline& timeline, std::int64_t i, std::int64_t end, Y& y, Y& y_sum,
                             Theta& theta_sum, EvenTimes& t_bar, const States& states) {
    Y y_bar = loaded(y_sum), y1;
    SumOfTheta theta_bar = theta_sum;
    // Stages are evaluated one step ahead of the pull-backs, which wait for each other: so neither waits for both.
    Stages<Tableau, F, Y> others(Tape<F, Y>{}, y);
    Stages<Tableau, F, Y>*stages = &increment_, *ahead = &others;
    const auto evaluate = [&](std::int64_t k) ANTISTROPHE_INLINE_LAMBDA {
      const double t0 = timeline[k], t1 = timeline[k + 1];
      states.get(k, y);
      ahead->evaluate_end(field_, WayThrough{t0, t1, t0, t1}, y, y1);
      std::swap(stages, ahead);
    };
    evaluate(i - 1);
    for (std::int64_t k = i; k-- > end;) {
      const auto* const at_hand = stages;
      if (k > end) evaluate(k - 1);
      double start_bar = 0, end_bar = 0;
      increment_.pull_back_here(field_, *at_hand, 1, y_bar, {y_bar, theta_bar, start_bar, end_bar});
      if constexpr (HasTimeGradient<F, Y>) t_bar.add(k, start_bar, end_bar);
    }
    copy(y_bar, y_sum);
    if constexpr (!std::is_reference_v<SumOfTheta>) theta_sum = theta_bar;
  }

 private:
  const F& field_;
  Increment<Tableau, F, Y>& increment_;
};

}  // namespace antistrophe::detail
