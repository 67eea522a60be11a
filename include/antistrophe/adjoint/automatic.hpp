// SPDX-License-Identifier: MIT
// AutomaticAdjoint: the exact adjoint that is likely to be the fastest in the memory that it may take, by counts and sizes alone, so
// that the same call chooses the same whatever the machine: tangents forward where there are few of them, all carries where they
// fit, else checkpoints. The gradient is the same to round-off; gradient.stats.chosen and .why say what it was.
#pragma once

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace antistrophe {

// memory_budget: bytes for what is kept of the way forth, at least two carries; within it the choice is
//   forward        where the state and θ are of sizes that the compiler knows, with at most 8 tangents in all (y0, θ, t0 and t1), and
//                  the field, the method and the events go with ForwardMode
//   direct         where all carries fit, of steps whose number is known before; what is left is for the stages of steps
//   checkpointed   else, with as many slots as fit: while the steps of an adaptive solve are no more than these, none is
//                  recomputed but one that is looked at
// Throws std::invalid_argument where the budget does not hold two carries.
struct AutomaticAdjoint {
  static constexpr bool is_adjoint = true;
  std::size_t memory_budget = std::size_t{1} << 30;

  template <class S>
  static consteval bool require() {
    return CheckpointedAdjoint::require<S>();
  }

  template <class S>
  class Trace {
    using Carry = typename S::Carry;
    using Direct = DirectAdjoint::Trace<S>;
    using Checkpointed = CheckpointedAdjoint::Trace<S>;

   public:
    NoBits bits;

    Trace() : Trace(AutomaticAdjoint{}) {}
    explicit Trace(const AutomaticAdjoint& adjoint)
        : budget_(adjoint.memory_budget), direct_(DirectAdjoint{.memory_budget = 0}) {}

    void restart() {
      begun_ = false;
      direct_.restart();
      if (checkpointed_) checkpointed_->restart();
    }
    void begin(const S& stepper, std::int64_t n, const Carry& carry) {
      if (!begun_) choose(n, detail::bytes_of(detail::pieces_of(carry)));
      begun_ = true;
      if (stores_all_)
        direct_.begin(stepper, n, carry);
      else
        checkpointed_->begin(stepper, n, carry);
    }
    void before_step(std::int64_t n, const Carry& carry) {
      if (stores_all_)
        direct_.before_step(n, carry);
      else
        checkpointed_->before_step(n, carry);
    }
    void set_aside(S& stepper, std::int64_t n) {
      if (stores_all_) direct_.set_aside(stepper, n);
    }
    std::size_t bytes() const { return stores_all_ || !checkpointed_ ? direct_.bytes() : checkpointed_->bytes(); }
    static std::int64_t bits_kept() { return 0; }

    struct WayBack {
      typename Direct::WayBack direct;
      typename Checkpointed::WayBack checkpointed;
    };
    WayBack way_back() {
      WayBack way_back;
      if (!stores_all_ && checkpointed_) way_back.checkpointed = checkpointed_->way_back();
      return way_back;
    }
    template <class Backward>
    Failure sweep(S& stepper, std::size_t number, const Timeline& timeline, Carry& carry, Backward& backward,
                  WayBack& way_back, BackwardStats& stats) {
      stats.chosen = stores_all_ ? "direct" : "checkpointed";
      stats.why = stores_all_ ? "the carries of all steps fit the memory budget"
                  : known_
                      ? "the carries of all steps do not fit the memory budget"
                      : "the number of steps was not known, and so many checkpoints as fit the memory budget serve any";
      if (stores_all_) return direct_.sweep(stepper, number, timeline, carry, backward, way_back.direct, stats);
      return checkpointed_->sweep(stepper, number, timeline, carry, backward, way_back.checkpointed, stats);
    }

   private:
    // Of n steps, 0 where that is not known.
    void choose(std::int64_t n, std::size_t bytes_of_carry) {
      const std::size_t fit = budget_ / (bytes_of_carry > 0 ? bytes_of_carry : 1);
      if (fit < 2)
        detail::refuse("AutomaticAdjoint::memory_budget", budget_,
                       "at least " + std::to_string(2 * bytes_of_carry) + ", the bytes of two carries");
      known_ = n > 0;
      stores_all_ = known_ && static_cast<std::size_t>(n) <= fit;
      if (stores_all_) direct_.allow(budget_ - static_cast<std::size_t>(n) * bytes_of_carry);
      if (stores_all_ || checkpointed_) return;
      constexpr std::size_t a_slot = 32, beside = 64, most = std::size_t{1} << 31;  // some numbers a slot
      const std::size_t slots = budget_ > beside ? (budget_ - beside) / (bytes_of_carry + a_slot) : 0;
      CheckpointedAdjoint options;
      options.slots = static_cast<std::int64_t>(std::clamp<std::size_t>(slots, 1, most));
      checkpointed_.emplace(options);
    }

    std::size_t budget_;
    bool begun_ = false, stores_all_ = true, known_ = false;
    Direct direct_;
    std::optional<Checkpointed> checkpointed_;
  };
};

namespace detail {

// Whether tangents are few, and can be pushed through; without a word where they cannot.
template <class F, class Y, class M>
consteval bool tangents_pay() {
  using S = typename M::template Stepper<F, Y>;
  if constexpr (!is_real_scalar<typename Y::Scalar> || Freezable<F>) {
    return false;
  } else if constexpr (push_of<F, Y> == Push::not_at_all || (TimeDifferentiable<F, Y> && !pushes_times<F, Y>)) {
    return false;
  } else if constexpr (requires { requires S::within_step; }) {
    constexpr int few = 8, n = number_of_tangents<F, Y>;
    return S::reversibility != Reversibility::exact && n != Eigen::Dynamic && n <= few;
  } else {
    return false;
  }
}

// Whether tangents go through an event of it.
template <class E, class F, class Y>
inline constexpr bool goes_forward =
    event_is_callable<E, F, Y> && event_is_differentiable<E, F, Y> && jump_is_callable<E, F, Y> &&
    jump_goes_forward<E, F, Y> && (!jumps<E> || pushes_times<F, Y>);

// The solve of ForwardMode, which says that it was chosen.
template <class F, class Y, class M, class Save, class Cost, class... E>
class ChosenTangents : public TangentDifferentiatedSolve<F, Y, M, Save, Cost, E...> {
  using Base = TangentDifferentiatedSolve<F, Y, M, Save, Cost, E...>;

 public:
  template <class StepsType, class O>
  ChosenTangents(const Problem<F, Y>& problem, const F& field, const M& method, const StepsType& steps,
                 const Save& save_at, const Events<E...>& events, const AutomaticAdjoint&, const O& observer,
                 const Cost& cost = {})
      : Base(problem, field, method, steps, save_at, events, ForwardMode{}, observer, cost) {}

  template <class... Rest>
  Failure pull_back(const std::vector<typename Base::Saved>& ys_bar, const std::vector<double>& ts_bar,
                    const std::vector<EventCotangent<Y>>& events_bar, Throttle& throttle, Gradient<F, Y>& gradient,
                    Rest... rest) {
    Failure failure = Base::pull_back(ys_bar, ts_bar, events_bar, throttle, gradient, rest...);
    gradient.stats.chosen = "forward";
    gradient.stats.why = "there are few tangents, and their number is known to the compiler";
    return failure;
  }
};

template <class F, class Y, class M, class Save, class Cost, class... E>
  requires(tangents_pay<F, Y, M>() && (goes_forward<E, F, Y> && ...))
struct DifferentiatedSolveOf<F, Y, M, AutomaticAdjoint, Save, Cost, Events<E...>> {
  using type = ChosenTangents<F, Y, M, Save, Cost, E...>;
};

}  // namespace detail
}  // namespace antistrophe
