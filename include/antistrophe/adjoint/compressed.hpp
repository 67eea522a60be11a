// SPDX-License-Identifier: MIT
// CompressedAdjoint: every carry is kept on the way forth, as DirectAdjoint does, but as whole numbers on a grid, each predicted
// from those after it and coded in few bits (adjoint/detail/coded_trajectory.hpp). An exact method's integers are kept as they are,
// and the gradient is DirectAdjoint's bit for bit. Of a plain method the solve is DirectAdjoint's bit for bit, and the way back pulls
// cotangents through the steps from points of the grid, a unit off at most: far below the tolerance. What one state is off by is taken
// off the next, so that what these errors make of the gradient cancels from step to step.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/coded_trajectory.hpp>
#include <antistrophe/adjoint/detail/impure.hpp>
#include <antistrophe/adjoint/detail/ordered_bits.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/resolution.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

ANTISTROPHE_COLD inline std::optional<Resolution> checked_grid(const std::optional<Resolution>& given) {
  constexpr const char* name = "CompressedAdjoint::resolution";
  if (!given) return {};
  for (Eigen::Index i = 0; i < (given->per_entry() ? given->size() : 1); ++i) {
    const double unit = (*given)(i);
    const std::string index = given->per_entry() ? "[" + std::to_string(i) + "]" : "";
    if (!(unit > 0) || !std::isnormal(unit) || !std::isnormal(1 / unit))
      refuse(name + index, unit, "positive, with a normal inverse, or not given: then it is that of the tolerance");
  }
  return given;
}

ANTISTROPHE_COLD inline double checked_worth(double bits) {
  if (!(bits >= 0))
    refuse("CompressedAdjoint::worth_a_step", bits,
           "0 or more bits a number, or infinity: then f is asked for no step");
  return bits;
}

// How many bits finer the grid of a method whose error estimates are of this order is to be. Steps to a tolerance τ are about τ^(1/order)
// of the time in which a solution changes. Up to 1/16 of it, as those of Dopri5 at 1e-6, what rounding makes of the gradient cancels from
// step to step. Of longer ones less cancels, and each weighs more: it grows like their square.
inline int finer_bits(double tolerance, int order) {
  if (!(tolerance > 0)) return 0;
  return static_cast<int>(std::ceil(std::clamp(2 * (std::log2(tolerance) / order + 4) - 0.25, 0.0, 6.0)));
}

// The units of the grid: a 256th of the absolute tolerance, or finer by so many bits, or of steps that have none 2^-42 of the largest entry
// of y0 (of float, 2^-26), powers of two; but not so fine that a state could not grow a thousandfold.
template <EigenState Y>
Resolution grid_of(const std::optional<Resolution>& given, const AbsoluteTolerance* tolerance, int finer, const Y& y0) {
  const Eigen::Index size = y0.size();
  if (given && given->per_entry() && given->size() != size)
    refuse("the number of entries of CompressedAdjoint::resolution", given->size(),
           "that of the state's entries, " + std::to_string(size));
  const double largest = largest_entry(y0);
  const double power = largest > 0 ? std::exp2(std::ceil(std::log2(largest))) : 1;
  const double grain = std::is_same_v<RealOf<Y>, float> ? 0x1p-26 : default_grain;
  const auto unit = [&](Eigen::Index i) {
    double fine = given ? (*given)(i) : 0;
    if (!given) {
      const double of_tolerance = tolerance ? std::ldexp((*tolerance)(i), -8 - finer) : 0;
      fine = of_tolerance > 0 ? larger_of(of_tolerance, 0x1p-50 * power) : grain * power;
    }
    return std::exp2(std::floor(std::log2(fine)));
  };
  const bool each = given ? given->per_entry() : tolerance && tolerance->per_entry() && tolerance->size() == size;
  if (!each) return Resolution::chosen(unit(0));
  std::vector<double> units(static_cast<std::size_t>(size));
  for (Eigen::Index i = 0; i < size; ++i) units[static_cast<std::size_t>(i)] = unit(i);
  return Resolution::chosen(std::move(units));
}

// A carry that says that its floating-point parts hold states, whole ones or halves.
template <class Carry>
concept CarryOfStates = requires { requires bool(Carry::of_states); };

}  // namespace detail

// resolution: the unit of the grid on which a plain method's states are kept, in the state's own unit, or one for each entry of the
// state in storage order; rounded down to powers of two. Not given, it is a 256th of the absolute tolerance of Adaptive, or finer where
// steps are long, by three bits of Dop853 at 1e-6 and Dopri5 at 1e-4 (at least 2^-50 of the largest entry of y0), and of steps without
// a tolerance 2^-42 of the largest entry of y0, of float 2^-26. The integers of an
// exact method, and of a method of the user's whatever else is in its carry, are kept as they are.
// worth_a_step: of a Runge–Kutta method, each state is predicted by the method's own step back from the next one, in blocks of states where
// that saves so many bits a number. A step costs its evaluations of f, both ways. Infinity: no step is taken.
// A state that the grid cannot hold, of 2^60 units or more, ends the gradient with Status::out_of_range. Where it saves memory, f is
// evaluated once more for each step, both ways, to predict states by slopes; a field that does not repeat itself is then refused
// (Status::impure_field). stats().bits tells how many bits all states take.
// Throws std::invalid_argument where a resolution is not positive, or there are not as many as the state has entries.
struct CompressedAdjoint {
  static constexpr bool is_adjoint = true;

  std::optional<Resolution> resolution = {};
  double worth_a_step = 8;

  template <class S>
  static consteval bool require() {
    using Parts = decltype(std::declval<const typename S::Carry&>().parts());
    constexpr bool compressible = detail::are_compressible(static_cast<const Parts*>(nullptr));
    static_assert(compressible,
                  "antistrophe: CompressedAdjoint keeps states of double or float on a grid of 64-bit integers; of "
                  "other scalars take DirectAdjoint.");
    return compressible;
  }

  template <class S>
  class Trace {
    using Y = typename S::State;
    using Carry = typename S::Carry;

   public:
    NoBits bits;

    Trace() : Trace(CompressedAdjoint{}) {}
    explicit Trace(const CompressedAdjoint& adjoint)
        : given_(detail::checked_grid(adjoint.resolution)),
          worth_a_step_(detail::checked_worth(adjoint.worth_a_step)) {}

    // Before each solve: its steps and first state.
    template <class StepsType>
    void take_up(const StepsType& steps, const Y& y0) {
      const detail::ResolutionWishes wishes = detail::resolution_wishes(steps);
      int finer = 0;
      if constexpr (
          requires { steps.rtol; } && requires { S::error_order; })
        if (rounds && wishes.tolerance != nullptr)
          finer = detail::finer_bits(detail::larger_of(steps.rtol, wishes.tolerance->smallest()), S::error_order);
      grid_ = detail::grid_of(given_, wishes.tolerance, finer, y0);
      if (!y_) y_.emplace(y0), dy_.emplace(y0);
      size_ = static_cast<std::size_t>(y0.size()) * reals_in<typename Y::Scalar>;
      set_units(grid_);
    }
    void restart() {
      begun_ = false;
      evaluations_ = 0;
      failure_ = {};
    }
    // At the start of each segment of a solve.
    void begin(const S& stepper, std::int64_t, const Carry& carry) {
      if (!begun_) {
        begun_ = true;
        lay_out(stepper, carry);
        if constexpr (steps_back)
          if (back_) take_stepper(stepper);
      }
      first_ = -1;
      trajectory_.begin_segment(slope());
    }
    // Of each step that is about to be committed, whose number comes after.
    void keep_step(S& stepper, const detail::AttemptedStep<S>& attempted, const Carry&, double) {
      stepper_ = &stepper;
      t_ = attempted.step().t0;
    }
    void before_step(std::int64_t n, const Carry& carry) {
      if (failure_.status != Status::success) return;
      if (first_ < 0) first_ = n;
      write(n, carry, trajectory_.put(n - first_, t_, slope()));
    }
    // At the end of the solve.
    void end() {
      if (begun_) trajectory_.finish(slope());
    }
    // Of f, beside the solve's own.
    std::int64_t evaluations() const { return evaluations_; }
    std::size_t bytes() const {
      std::size_t sum = trajectory_.bytes() + (units_.capacity() + missed_.capacity()) * sizeof(double);
      if constexpr (steps_back)
        if (back_) sum += back_->workspace();
      return sum;
    }
    std::int64_t bits_kept() const { return trajectory_.bits(); }

    struct WayBack {};
    WayBack way_back() {
      trajectory_.turn();
      return {};
    }

    // Sweeps segment `number` from the carry after its last step to the one at its start; `carry` is overwritten on the way.
    template <class Backward>
    Failure sweep(S& stepper, std::size_t number, const Timeline& timeline, Carry& carry, Backward& backward, WayBack&,
                  BackwardStats& stats) {
      if (failure_.status != Status::success) return failure_;
      stepper_ = &stepper;
      const std::int64_t evaluations = evaluations_;
      const std::int64_t n = timeline.steps();
      const detail::TimesOfSteps times{
          &timeline, [](const void* self, std::int64_t i) { return (*static_cast<const Timeline*>(self))[i]; }};
      trajectory_.enter(number);
      if constexpr (rounds) stepper.forget();  // values of f at what was not rounded
      backward.meet_saves(n, carry);
      for (std::int64_t i = n; i-- > 0;) {
        const Step step = step_at(timeline, i);
        const std::int64_t* const numbers = trajectory_.get(i, times, slope());
        if (numbers == nullptr) return detail::impure_at(step.t0, step.n);
        read(step.n, numbers, carry);
        TimeCotangents step_bar;
        stepper.pullback(step, carry, backward.carry_bar, backward.theta_bar, step_bar, backward.saves_inside(i));
        backward.after_step(i, step_bar);
        backward.meet_saves(i, carry);
      }
      stats.evaluations += evaluations_ - evaluations;
      return {};
    }

   private:
    template <class Scalar>
    static constexpr std::size_t reals_in = Eigen::NumTraits<Scalar>::IsComplex ? 2 : 1;
    static constexpr std::size_t parts = std::tuple_size_v<decltype(std::declval<const Carry&>().parts())>;
    static constexpr bool on_grid = parts == 1 || detail::CarryOfStates<Carry>;
    static constexpr bool rounds = on_grid && !requires(S s) { requires S::reversibility == Reversibility::exact; };
    // Of a carry of several states, each of which is another one's place a step later, all are to be rounded alike.
    static constexpr bool carries_over = rounds && parts == 1;
    static constexpr bool has_slopes = requires(S s, double t, const Y& y, Y& dy) {
      s.slope_aside(t, y, dy);
      requires !Eigen::NumTraits<typename Y::Scalar>::IsComplex;
    } && !requires { requires bool(S::frozen_to_steps); };

    // Plain one-step methods, whose carry is the state.
    static constexpr bool steps_back = carries_over && has_slopes && std::copyable<S> && requires(S s, Carry c) {
      requires S::within_step && S::reversibility == Reversibility::no;
      { s.workspace() } -> std::same_as<std::size_t>;
      s.show_inside_to(nullptr);
      requires std::is_same_v<decltype(c.y), Y>;
    };

    // By age, where a ring of states is in another order in every step.
    template <class C>
    static auto parts_of(C& carry, [[maybe_unused]] std::int64_t n) {
      if constexpr (requires { carry.parts_by_age(n); })
        return carry.parts_by_age(n);
      else
        return carry.parts();
    }

    void lay_out(const S& stepper, const Carry& carry) {
      std::array<std::size_t, parts> sizes{};
      std::size_t p = 0;
      bool integers = false;
      std::apply(
          [&](const auto&... part) {
            ((sizes[p++] = static_cast<std::size_t>(part.size()) *
                           reals_in<typename std::remove_cvref_t<decltype(part)>::Scalar>),
             ...);
            integers = (std::is_same_v<typename std::remove_cvref_t<decltype(part)>::Scalar, std::int64_t> && ...);
          },
          carry.parts());
      bool slopes = has_slopes && sizes[0] == size_;
      if constexpr (requires { stepper.resolutions(); }) {
        const Resolution units = stepper.resolutions().state;
        if (!units.is_default() && (!units.per_entry() || static_cast<std::size_t>(units.size()) == size_))
          set_units(units);
        else if (integers)
          slopes = false;
      } else if (!on_grid) {
        slopes = false;
      }
      std::size_t room = 0;
      if constexpr (steps_back) room = stepper.workspace();
      trajectory_.lay_out(sizes, slopes, worth_a_step_, room);
      if constexpr (carries_over) missed_.assign(sizes[0], 0.0);
    }

    // The units and their inverses, of each real number of a state, or one of each.
    void set_units(const Resolution& of_states) {
      units_.clear();
      const Eigen::Index size = of_states.per_entry() ? of_states.size() : 1;
      units_.reserve(2 * static_cast<std::size_t>(size) * reals_in<typename Y::Scalar>);
      each_ = of_states.per_entry() ? static_cast<std::size_t>(size) * reals_in<typename Y::Scalar> : 0;
      for (const bool inverted : {false, true})
        for (Eigen::Index i = 0; i < size; ++i)
          for (std::size_t real = 0; real < (each_ > 0 ? reals_in<typename Y::Scalar> : 1); ++real)
            units_.push_back(inverted ? 1 / of_states(i) : of_states(i));
    }
    // Of halves of states, whose entries stand elsewhere, the smallest serves all.
    double unit(std::size_t i, std::size_t size) const {
      return each_ == 0 ? units_[0] : each_ == size ? units_[i] : grid_.smallest();
    }
    double inverse(std::size_t i, std::size_t size) const {
      return each_ == size && each_ > 0 ? units_[each_ + i] : 1 / unit(i, size);
    }

    void write(std::int64_t n, const Carry& carry, std::int64_t* to) {
      std::apply([&](const auto&... part) { ((to = write_part(n, part, to)), ...); }, parts_of(carry, n));
    }
    template <class Part>
    std::int64_t* write_part(std::int64_t n, const Part& part, std::int64_t* to) {
      using Scalar = typename Part::Scalar;
      const std::size_t size = static_cast<std::size_t>(part.size()) * reals_in<Scalar>;
      if constexpr (std::is_same_v<Scalar, std::int64_t>) {
        std::copy_n(part.data(), size, to);
      } else {
        const auto* const from = reinterpret_cast<const detail::RealPart<Scalar>*>(part.data());
        if constexpr (!on_grid) {
          for (std::size_t i = 0; i < size; ++i) to[i] = detail::ordered_bits(from[i]);
        } else if (each_ == 0) {
          if (!store(from, 1 / units_[0], size, to, missed_.data())) fail(n, from, size);
        } else {
          bool fits = true;
          for (std::size_t i = 0; i < size; ++i)
            fits &= store(from + i, inverse(i, size), 1, to + i, missed_.data() + (carries_over ? i : 0));
          if (!fits) fail(n, from, size);
        }
      }
      return to + size;
    }
    // To the grid. What rounding a state of a plain method misses by is taken off the next one, so that errors of neighbours cancel.
    template <class Real>
    static bool store(const Real* from, double inverse, std::size_t size, std::int64_t* to,
                      [[maybe_unused]] double* missed) {
      bool fits = true;
      for (std::size_t i = 0; i < size; ++i) {
        double units = static_cast<double>(from[i]) * inverse;
        const bool in_range = std::fabs(units) < detail::increment_limit;
        fits &= in_range;
        if (!in_range) units = 0;
        if constexpr (carries_over) units -= missed[i];
        to[i] = detail::nearest(units);
        if constexpr (carries_over) missed[i] = static_cast<double>(to[i]) - units;
      }
      return fits;
    }

    void read(std::int64_t n, const std::int64_t* from, Carry& carry) const {
      std::apply([&](auto&... part) { ((from = read_part(from, part)), ...); }, parts_of(carry, n));
    }
    template <class Part>
    const std::int64_t* read_part(const std::int64_t* from, Part& part) const {
      using Scalar = typename Part::Scalar;
      const std::size_t size = static_cast<std::size_t>(part.size()) * reals_in<Scalar>;
      if constexpr (std::is_same_v<Scalar, std::int64_t>) {
        std::copy_n(from, size, part.data());
      } else {
        using Real = detail::RealPart<Scalar>;
        auto* const to = reinterpret_cast<Real*>(part.data());
        if constexpr (!on_grid) {
          for (std::size_t i = 0; i < size; ++i) to[i] = detail::of_ordered_bits<Real>(from[i]);
        } else if (each_ == 0) {
          for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<Real>(static_cast<double>(from[i]) * units_[0]);
        } else {
          for (std::size_t i = 0; i < size; ++i)
            to[i] = static_cast<Real>(static_cast<double>(from[i]) * unit(i, size));
        }
      }
      return from + size;
    }

    // y' at a state, in its units, and the method's own step back from it.
    detail::SlopeOfUnits slope() {
      detail::SlopeOfUnits given;
      if (stepper_ == nullptr) return given;
      given.self = this;
      if constexpr (has_slopes)
        given.evaluate = [](void* self, double t, const std::int64_t* numbers, double* slope) {
          static_cast<Trace*>(self)->evaluate_slope(t, numbers, slope);
        };
      if constexpr (steps_back)
        if (std::isfinite(worth_a_step_))
          given.step_back = [](void* self, double from, double to, const std::int64_t* later, std::int64_t* numbers) {
            static_cast<Trace*>(self)->step_back(from, to, later, numbers);
          };
      return given;
    }
    // Clang 14 instantiates it whether it is called or not.
    ANTISTROPHE_ONE_INSTANCE void evaluate_slope([[maybe_unused]] double t,
                                                 [[maybe_unused]] const std::int64_t* numbers,
                                                 [[maybe_unused]] double* slope) {
      if constexpr (has_slopes) {
        for (std::size_t i = 0; i < size_; ++i)
          y_->data()[i] = detail::scalar<Y>(static_cast<double>(numbers[i]) * unit(i, size_));
        stepper_->slope_aside(t, *y_, *dy_);
        ++evaluations_;
        for (std::size_t i = 0; i < size_; ++i) slope[i] = static_cast<double>(dy_->data()[i]) * inverse(i, size_);
      }
    }

    void take_stepper(const S& stepper)
      requires steps_back
    {
      back_ = stepper;
      back_->show_inside_to(nullptr);
      if (!later_) later_.emplace(back_->make_carry());
    }
    // By a stepper of its own, which knows nothing of the step before: the same step, and the same machine code, both ways.
    ANTISTROPHE_ONE_INSTANCE void step_back([[maybe_unused]] double from, [[maybe_unused]] double to,
                                            [[maybe_unused]] const std::int64_t* later,
                                            [[maybe_unused]] std::int64_t* numbers) {
      if constexpr (steps_back) {
        if (!back_) take_stepper(*stepper_);
        back_->forget();
        const std::int64_t before = back_->calls().evaluations;
        read_part(later, later_->y);
        const Step step{0, from, to, nullptr};
        const bool finite = back_->attempt(step, *later_) == Outcome::ok;
        if (finite) back_->proposal(step, *later_, *y_);
        evaluations_ += back_->calls().evaluations - before;
        for (std::size_t i = 0; i < size_; ++i) {
          const double units =
              finite ? static_cast<double>(y_->data()[i]) * inverse(i, size_) : std::numeric_limits<double>::max();
          numbers[i] = std::fabs(units) < detail::increment_limit ? detail::nearest(units) : later[i];
        }
      }
    }

    template <class Real>
    ANTISTROPHE_COLD void fail(std::int64_t n, const Real* values, std::size_t size) {
      std::size_t i = 0;
      while (i + 1 < size && std::fabs(static_cast<double>(values[i]) * inverse(i, size)) < detail::increment_limit)
        ++i;
      const auto value = static_cast<double>(values[i]);
      failure_ = {Status::out_of_range, t_, n, static_cast<Eigen::Index>(i / reals_in<typename Y::Scalar>), {}};
      failure_.value = value;
      if (std::isfinite(value))
        failure_.cause = "the value " + detail::in_words(value) +
                         " is off the grid of CompressedAdjoint, which goes to ±" +
                         detail::in_words(detail::increment_limit * unit(i, size)) +
                         "; .resolution = " + detail::in_words(std::exp2(std::ceil(std::log2(std::fabs(value))) - 42)) +
                         " would have held it";
      else
        failure_.status = Status::not_finite,
        failure_.cause = "a state that is not finite has no place on the grid of CompressedAdjoint";
    }

    std::optional<Resolution> given_;
    Resolution grid_;
    std::vector<double> units_;
    std::vector<double> missed_;  // in units, by the last state
    std::size_t each_ = 0, size_ = 0;
    detail::CodedTrajectory trajectory_;
    bool begun_ = false;
    std::int64_t first_ = -1;  // the number of the segment's first step
    std::int64_t evaluations_ = 0;
    double t_ = 0;
    S* stepper_ = nullptr;
    double worth_a_step_;
    struct Nothing {};
    std::conditional_t<steps_back, std::optional<S>, Nothing> back_;
    std::conditional_t<steps_back, std::optional<Carry>, Nothing> later_;
    std::optional<Y> y_, dy_;
    Failure failure_;
  };
};

}  // namespace antistrophe
