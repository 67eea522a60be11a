// SPDX-License-Identifier: MIT
// What a stepper is. A *method* (RungeKutta, Reversible, …) is the user's aggregate of choices; bound to a field and a
// state it becomes a *stepper*, which owns its workspace, allocated once. What goes from step to step is its *carry*;
// what it merely keeps to save work is cache: no cotangent, not stored, forgotten at a restore.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/inside_view.hpp>
#include <antistrophe/stepper/multistep.hpp>
#include <antistrophe/stepper/outcome.hpp>
#include <antistrophe/stepper/stability.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>
#include <antistrophe/stepper/time_cotangents.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>

namespace antistrophe {

// How a stepper's backward step relates to its forward step. One that goes back to an order p only says which,
// reversible_order: a step there and back is off by O(h^{p+1}).
enum class Reversibility { no, to_order, to_round_off, exact };

// The cotangent of a value saved at the fraction sigma of a step.
template <EigenState Y>
struct SavedInside {
  double sigma;
  const Y* w;
};

// Counts of what a stepper has called.
struct Calls {
  std::int64_t evaluations = 0;  // of f
  std::int64_t vjps = 0;
  // One by one: a packet of both, of which one was just written, would be waited for.
  Calls& operator+=(const Calls& other) {
    evaluations = detail::in_register(evaluations + other.evaluations);
    vjps = detail::in_register(vjps + other.vjps);
    return *this;
  }
};

// What stopped a step: which entry of the state, and why, in words.
struct StepFailure {
  Eigen::Index component = -1;
  std::string cause;
};

// The interface against which solve and every adjoint are written; each is then written once.
//   Carry, CarryBar       structs whose parts() is a tuple of references to Eigen objects: what a step reads and makes,
//                         and its cotangent
//   start                 the carry at t0. What a stepper gives f in the place of a time are step.sees_t0() and the like, and
//                         t0 as it is handed to start and finish: f may jump at a node, and then each side sees its own
//   read                  the state y that a carry stands for
//   attempt               as much of a step as acceptance needs; the carry stays as it is
//   proposal, error       the state at the step's end and its error estimates, after attempt
//   commit                the rest of the step; changes the carry only if it answers ok
//   extend                optional, the state inside the step, after attempt and before commit; see Extensible
//   pullback              from the carry before a step: cotangents of its end become those of its start. What flows to
//                         the step's two times is added to t_bar; what flows to earlier ones, by pull_back_earlier.
//                         saves is empty unless the stepper has dense output
//   finish                cotangents of the carry at t0 become those of y0
//   step_failure          after an outcome other than ok
// It may say more, and others look at it where it does:
//   stability, parasite   facts about y' = μy: stepper/stability.hpp
//   complete, end_error   what error() could not see, of a step that is otherwise accepted: SeesEnd
//   show_inside_to        lets a running cost see the dense output on the way back: stepper/inside_view.hpp
//   take_drift            how far a way back that is not exact strayed: ReportsDrift
//   multistep             what a method of several steps asks for: stepper/multistep.hpp
//   set_aside, take_up    stages kept for the way back: KeepsStages
//   calls_halves          true where it calls the vjps of a split field's halves instead of the field's
//   within_step           true where f is evaluated at times between the ends of the step at hand alone, and every value
//                         counts by the step's length: then times that move in proportion inside a step are all that tangents
//                         with respect to times need
//   resolutions           of the numbers in which an exact one holds its states, for steps of a solve that are taken again
template <class S>
concept Stepper = requires(S s, const S cs, double t, const Step step, typename S::State y, const typename S::State cy,
                           typename S::Carry carry, const typename S::Carry before, typename S::CarryBar carry_bar,
                           typename S::Theta theta_bar, TimeCotangents t_bar, NoBits no_bits,
                           std::span<const SavedInside<typename S::State>> saves,
                           std::array<typename S::State, static_cast<std::size_t>(S::error_estimates)> errors) {
  { S::reversibility } -> std::convertible_to<Reversibility>;
  { S::error_estimates } -> std::convertible_to<int>;
  { cs.make_carry() } -> std::same_as<typename S::Carry>;
  { cs.make_carry_bar() } -> std::same_as<typename S::CarryBar>;
  carry.parts();
  carry_bar.parts();
  { s.start(t, cy, carry) } -> std::same_as<Outcome>;
  s.read(before, y);
  { s.attempt(step, before) } -> std::same_as<Outcome>;
  s.proposal(step, before, y);
  s.error(step, before, errors);
  { s.commit(step, carry, no_bits) } -> std::same_as<Outcome>;
  s.add_to_state(carry_bar, cy);
  s.pullback(step, before, carry_bar, theta_bar, t_bar, saves);
  s.finish(t, before, carry_bar, y, theta_bar, t_bar);
  s.forget();
  { cs.step_failure() } -> std::same_as<StepFailure>;
  { cs.calls() } -> std::same_as<Calls>;
};

// A stepper that can choose its steps: it estimates errors, of order error_order in h, gives f(t, y), and after attempt says
// how stiff the step was, h times a Lipschitz constant.
template <class S>
concept AdaptiveStepper =
    Stepper<S> && (S::error_estimates > 0) && requires(S s, double t, const typename S::State cy, typename S::State y) {
      { S::error_order } -> std::convertible_to<int>;
      s.slope(t, cy, y);
      { s.stiffness(Step{}) } -> std::convertible_to<double>;
    };

// A stepper whose error() is made of what lay before the attempted step: after complete(step, carry), which may evaluate what
// the next step needs and commit keeps, end_error(step, errors) sees the step's end too. False where error() has.
template <class S>
concept SeesEnd =
    AdaptiveStepper<S> && requires(S s, const Step step, const typename S::Carry before,
                                   std::array<typename S::State, static_cast<std::size_t>(S::error_estimates)> errors) {
      { s.complete(step, before) } -> std::same_as<Outcome>;
      { s.end_error(step, errors) } -> std::same_as<bool>;
    };

// A stepper with dense output: y(t0 + σh) of the attempted step for 0 <= σ <= 1 is a polynomial in σ, of degree dense_degree,
// which extend gives after attempt and before commit. Saves inside steps, events and dense solutions need it. Its pullback and
// step_back then take the cotangents of such states: at σ held fixed, or, where the stepper sees to it (as the library's own
// do), at the time t0 + σh held fixed while the step's ends move.
template <class S>
concept Extensible = Stepper<S> && requires(S s, const Step step, const typename S::Carry before,
                                            StepPolynomial<typename S::State, S::dense_degree> polynomial) {
  s.extend(step, before, polynomial);
};

// A stepper that can set the stages of a step aside, after attempt and right before commit, and take them up before the pullback
// of that step, which then evaluates nothing, unless values were saved inside the step. Kept::bytes() is what they hold;
// worth_keeping whether that is likely to save time.
template <class S>
concept KeepsStages = Stepper<S> && requires(S s, const S cs, typename S::Kept kept) {
  requires S::keeps_stages;
  { S::worth_keeping } -> std::convertible_to<bool>;
  { cs.make_kept() } -> std::same_as<typename S::Kept>;
  { kept.bytes() } -> std::same_as<std::size_t>;
  s.set_aside(kept);
  s.take_up(kept);
};

namespace detail {

template <class S>
auto make_estimates(const typename S::State& like) {
  using Y = typename S::State;
  return [&]<std::size_t... E>(std::index_sequence<E...>) {
    return std::array<Y, sizeof...(E)>{((void)E, zeros_like(like))...};
  }(std::make_index_sequence<static_cast<std::size_t>(S::error_estimates)>{});
}

}  // namespace detail

// A stepper that reconstructs: step_back turns the carry after a step into the carry before it and pulls cotangents
// back through the same evaluations; reconstruct does the first half alone and needs no vjp.
template <class S>
concept ReversibleStepper =
    Stepper<S> && S::reversibility != Reversibility::no &&
    requires(S s, const Step step, typename S::Carry carry, typename S::CarryBar carry_bar, typename S::Theta theta_bar,
             TimeCotangents t_bar, BitStack::Cursor bits, std::span<const SavedInside<typename S::State>> saves) {
      { s.step_back(step, carry, carry_bar, theta_bar, t_bar, saves, bits) } -> std::same_as<Outcome>;
      { s.reconstruct(step, carry, bits) } -> std::same_as<Outcome>;
      { s.same(carry, carry) } -> std::same_as<bool>;
      { s.bit_rate() } -> std::convertible_to<double>;
    };

// A stepper that now and then knows the state that its way back should have met, and goes on from that: how far it was off, in
// parts of the state's size, the most since it was last asked.
template <class S>
concept ReportsDrift = ReversibleStepper<S> && requires(S s) {
  { s.take_drift() } -> std::same_as<double>;
};

// A method binds to a field and a first state; `Method::Stepper<F, Y>` is what it becomes.
template <class M, class F, class Y>
concept Method = Stepper<typename M::template Stepper<F, Y>> &&
                 std::constructible_from<typename M::template Stepper<F, Y>, const M&, const F&, const Y&>;

}  // namespace antistrophe
