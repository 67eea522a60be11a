// SPDX-License-Identifier: MIT
// ReversibleAdjoint: nothing is stored but the carry at the end and the bits of exact arithmetic. The sweep reconstructs
// each state and pulls cotangents back through the same evaluations. In exact arithmetic it then compares: the carry it
// arrives at must be the one it set out from, bit for bit, or the field is not a pure function. In other arithmetic the states
// that are reconstructed drift away from those that were passed, and the gradient is that of what was reconstructed: where the
// initial state, or one of a few on the way that are kept as witnesses, is missed by more than a ten-thousandth of the state's
// size, or by 300 of the tolerances that steps were chosen to, there is no gradient, but a SolveError with Status::drifted.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/impure.hpp>
#include <antistrophe/core/detail/first_in_place.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/stepper/stepper.hpp>
#include <antistrophe/stepper/strides.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// A few of the states that a forward pass went through, at about equal intervals, to tell how far a way back strays that need
// not arrive where it is worst.
template <class Part>
class Witnesses {
 public:
  void restart() {
    count_ = 0;
    next_ = std::numeric_limits<std::int64_t>::min();
    stride_ = 1;
    size_ = 0;
  }
  void reserve(const Part& like) {
    if (all_.empty()) all_.resize(most, {0, like});
  }

  // x is the state before step `number`; numbers rise.
  void see(std::int64_t number, const Part& x) {
    if (number < next_) return;
    if (count_ == most) {
      for (std::size_t i = 0; 2 * i < most; ++i) std::swap(all_[i], all_[2 * i]);
      count_ = most / 2;
      stride_ *= 2;
    }
    all_[count_].number = number;
    all_[count_].x = x;
    ++count_;
    next_ = number + stride_;
    size_ = larger_of(size_, largest_entry(x));
  }

  // The way back goes on from number `last`.
  void turn(std::int64_t last) {
    left_ = count_;
    while (left_ > 0 && all_[left_ - 1].number >= last) --left_;
  }
  // How far x, reconstructed before step `number`, is off, in parts of the largest state; 0 where nobody knows.
  double compare(std::int64_t number, const Part& x) {
    if (left_ == 0 || all_[left_ - 1].number != number) return 0;
    Part& right = all_[--left_].x;
    double off = 0;
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      using std::abs;
      const auto here = static_cast<double>(abs(x.data()[i] - right.data()[i]));
      off = here <= off ? off : std::isnan(here) ? std::numeric_limits<double>::infinity() : here;
    }
    return off > 0 ? off / size_ : 0;
  }

 private:
  static constexpr std::size_t most = 32;
  struct Witness {
    std::int64_t number;
    Part x;
  };

  std::vector<Witness> all_;
  std::size_t count_ = 0, left_ = 0;
  std::int64_t next_ = std::numeric_limits<std::int64_t>::min(), stride_ = 1;
  double size_ = 0;
};

}  // namespace detail

struct ReversibleAdjoint {
  static constexpr bool is_adjoint = true;

  // True for a reversible stepper; else a compile error.
  template <class S>
  static consteval bool require() {
    constexpr bool is_reversible = ReversibleStepper<S>;  // said of a bool, what fails is not told atom by atom
    static_assert(is_reversible,
                  "antistrophe: ReversibleAdjoint needs a reversible method, such as Reversible<Dopri5>; "
                  "other methods go with DirectAdjoint.");
    return is_reversible;
  }

  template <class S>
  class Trace {
    static constexpr bool drifts = S::reversibility != Reversibility::exact;

   public:
    static constexpr bool heeds_steps = drifts;
    BitStack bits;

    void restart() {
      bits.clear();
      segments_ = 0;
      if constexpr (drifts) witnesses_.restart();
    }
    // Before each solve: to which tolerance its steps are chosen, if to any.
    template <class StepsType>
    void take_up([[maybe_unused]] const StepsType& steps, const typename S::State&) {
      if constexpr (drifts && requires { steps.tolerance()->smallest() + steps.rtol; }) {
        rtol_ = steps.rtol;
        atol_ = steps.tolerance()->smallest();
      }
    }
    // At the start of each segment of a solve; `n` steps are expected of all, 0 if unknown.
    void begin(const S& stepper, std::int64_t n, const typename S::Carry& carry) {
      if (segments_ == 0) {
        if constexpr (drifts) witnesses_.reserve(std::get<0>(carry.parts()));
        const auto size = static_cast<double>(std::get<0>(carry.parts()).size());
        const double expected = stepper.bit_rate() * size * static_cast<double>(n);
        bits.reserve(static_cast<std::int64_t>(expected + 8 * std::sqrt(expected) + 64));
      }
      if (segments_ < firsts_.size())
        firsts_[segments_] = carry;
      else
        firsts_.push_back(typename S::Carry(carry));
      ++segments_;
    }
    void before_step(std::int64_t number, const typename S::Carry& carry) {
      if constexpr (drifts) witnesses_.see(number, std::get<0>(carry.parts()));
    }
    std::size_t bytes() const { return bits.bytes(); }
    std::int64_t bits_kept() const { return bits.size(); }
    // Reads the bits from the top down, through all segments.
    BitStack::Cursor way_back() const { return BitStack::Cursor(bits); }

    // Sweeps segment `number` from the carry after its last step to the one at its start; `carry` is overwritten on the way.
    template <class Backward>
    Failure sweep(S& stepper, std::size_t number, const Timeline& timeline, typename S::Carry& carry,
                  Backward& backward, BitStack::Cursor& cursor, BackwardStats& stats) {
      const std::int64_t n = timeline.steps();
      double off = 0;  // in parts of the state's size
      if constexpr (drifts) {
        stepper.read(carry, y_);
        size_ = detail::largest_entry(y_);
        witnesses_.turn(timeline.first() + n);
        if constexpr (ReportsDrift<S>) stepper.take_drift();
      }
      backward.meet_saves(n, carry);
      double t1 = timeline[n];
      for (std::int64_t i = n; i-- > 0;) {
        if constexpr (Strides<S> && !drifts) {
          const std::int64_t end = backward.quiet_down_to(i + 1);
          if (end <= i && backward.stride_back(i, end, carry, cursor)) {
            t1 = timeline[i];
            continue;
          }
        }
        const double t0 = timeline[i];
        const Step step{timeline.first() + i, t0, t1, &timeline};
        t1 = t0;
        TimeCotangents step_bar;
        const Outcome outcome = stepper.step_back(step, carry, backward.carry_bar, backward.theta_bar, step_bar,
                                                  backward.saves_inside(i), cursor);
        if (outcome != Outcome::ok) return lost(stepper, outcome, step);
        if constexpr (drifts) off = detail::larger_of(off, witnesses_.compare(step.n, std::get<0>(carry.parts())));
        backward.after_step(i, step_bar);
        backward.meet_saves(i, carry);
      }
      Failure failure = arrive(stepper, number, timeline, carry, cursor, stats);
      if constexpr (drifts) {
        size_ = detail::larger_of(size_, detail::largest_entry(y0_));
        const double bearable = bearable_drift(size_);
        if (failure.status == Status::success && stats.drift > bearable * size_)
          return {Status::drifted, timeline.t0(), timeline.first(), -1,
                  "the reconstructed initial state is off by " + detail::in_words(stats.drift) + drifted};
        bool strayed = off > bearable;
        if constexpr (ReportsDrift<S>) {
          // It is small where nothing is amiss; the cotangents of high orders magnify it.
          const double seen = stepper.take_drift();
          strayed = strayed || seen > largest_drift / 20;
          off = detail::larger_of(off, seen);
        }
        if (failure.status == Status::success && strayed)
          return {Status::drifted, timeline.t0(), timeline.first(), -1,
                  "a state was reconstructed on the way that is off by " + detail::in_words(off) + " of its size" +
                      drifted};
      }
      return failure;
    }

    // The way back without cotangents; needs no vjp.
    Failure reconstruct(S& stepper, std::size_t number, const Timeline& timeline, typename S::Carry& carry,
                        BitStack::Cursor& cursor, BackwardStats& stats) {
      for (std::int64_t i = timeline.steps(); i-- > 0;) {
        const Step step = step_at(timeline, i);
        const Outcome outcome = stepper.reconstruct(step, carry, cursor);
        if (outcome != Outcome::ok) return lost(stepper, outcome, step);
      }
      return arrive(stepper, number, timeline, carry, cursor, stats);
    }

   private:
    // Relative; of float states five times the root of their precision.
    static constexpr auto round_off = static_cast<double>(std::numeric_limits<RealOf<typename S::State>>::epsilon());
    static inline const double largest_drift = detail::larger_of(1e-4, 5 * std::sqrt(round_off));
    // Of states of this size. What a gradient makes of a drift is the problem's affair: over a suite of 146 problems, drifts
    // of less than 20 tolerances did no harm, those from 1,000 on made gradients of five in nine wrong by 10⁶ tolerances or more.
    double bearable_drift(double size) const {
      return detail::smaller_of(
          largest_drift,
          detail::larger_of(300 * (rtol_ + atol_ / detail::larger_of(size, std::numeric_limits<double>::min())),
                            100 * round_off));
    }

    static Failure lost(const S& stepper, Outcome, const Step& step) {
      if constexpr (S::reversibility == Reversibility::exact) {
        return detail::impure_at(step.t0, step.n);
      } else {
        // The forward pass was finite, so it is the reconstruction that went astray.
        return {Status::not_finite, step.t0, step.n, stepper.step_failure().component,
                std::string("the reconstructed state is not finite: ") + why_astray};
      }
    }

    Failure arrive(S& stepper, std::size_t number, const Timeline& timeline, const typename S::Carry& carry,
                   const BitStack::Cursor& cursor, BackwardStats& stats) {
      if constexpr (S::reversibility == Reversibility::exact) {
        if (!stepper.same(carry, firsts_[number]) || (number == 0 && !cursor.at_bottom()))
          return detail::impure_at(timeline.t0(), timeline.first());
      } else {
        stepper.read(carry, y_);
        stepper.read(firsts_[number], y0_);
        if (y_.size() > 0)
          stats.drift = detail::larger_of(stats.drift, static_cast<double>((y_ - y0_).array().abs().maxCoeff()));
        if (!std::isfinite(stats.drift))
          return {Status::not_finite, timeline.t0(), timeline.first(), -1,
                  std::string("the reconstructed initial state is not finite: ") + why_astray};
      }
      return {};
    }

    static constexpr const char* why_astray = S::reversibility == Reversibility::to_order
                                                  ? "the method goes back to an order in h only, and less where the "
                                                    "way forth contracts; use DirectAdjoint, or a "
                                                    "Reversible pair"
                                                  : "on the way back round-off grows like lambda^-n, and more where "
                                                    "the way forth contracts; use Exact arithmetic";

    static inline const std::string drifted = std::string(", which a gradient cannot bear: ") + why_astray;

    using Part =
        std::remove_cvref_t<std::tuple_element_t<0, decltype(std::declval<const typename S::Carry&>().parts())>>;
    struct NoWitnesses {};
    std::conditional_t<drifts, detail::Witnesses<Part>, NoWitnesses> witnesses_;
    detail::FirstInPlace<typename S::Carry> firsts_;  // of each segment, in the first segments_ places
    std::size_t segments_ = 0;
    typename S::State y_, y0_;
    double size_ = 0;
    double rtol_ = std::numeric_limits<double>::infinity(), atol_ = 0;  // none where steps are laid out
  };
};

}  // namespace antistrophe
