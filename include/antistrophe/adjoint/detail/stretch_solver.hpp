// SPDX-License-Identifier: MIT
// Solves an equation backwards over one stretch after another, with a stepper that is made once: the method and the steps of a
// continuous adjoint, by default those of the way forth.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/block_norm.hpp>
#include <antistrophe/core/detail/died_out.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/detail/requirements.hpp>
#include <antistrophe/detail/step_control.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/detail/controller.hpp>
#include <antistrophe/step/fixed.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// In the place of a method or of steps of the way back: what the way forth has. Of a reversible method, whose second half the way
// back has no use for, Dopri5; of steps laid out before, their nodes, from the last to the first.
struct ThoseOfTheWayForth {};

namespace detail {

template <class Method, class M, class F, class Y>
struct MethodBackOf {
  using type = Method;
  static const Method& of(const Method& method, const M&) { return method; }
};
template <class M, class F, class Y>
struct MethodBackOf<ThoseOfTheWayForth, M, F, Y> {
  static constexpr bool plain = M::template Stepper<F, Y>::reversibility == Reversibility::no;
  using type = std::conditional_t<plain, M, Dopri5>;
  static type of(const ThoseOfTheWayForth&, [[maybe_unused]] const M& method) {
    if constexpr (plain)
      return method;
    else
      return {};
  }
};

// To ask whether a method is one.
struct SomeField {
  void operator()(double t, const auto& y, auto& dy) const;
};

// What is written in braces is told apart by its kind, so that what is left out is left out: a method, other options, or else steps.
template <class T>
concept MethodBack = std::is_same_v<T, ThoseOfTheWayForth> || BindsToStepper<T, SomeField, Eigen::VectorXd>;
template <class T>
concept AdjointOption = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <class T>
concept AdjointSteps = !MethodBack<T> && !AdjointOption<T>;

// True where these can be the method and the steps of a way back from states Y; else a compile error with the reason.
template <class Method, class Steps, class Y>
consteval bool require_way_back() {
  constexpr bool known =
      std::is_same_v<Steps, ThoseOfTheWayForth> || std::is_same_v<Steps, Adaptive> || std::is_same_v<Steps, FixedSteps>;
  static_assert(known,
                "antistrophe: the steps of a continuous adjoint are Adaptive{…} or FixedSteps{n}, n for the whole way "
                "back; by default those of the way forth.");
  if constexpr (std::is_same_v<Method, ThoseOfTheWayForth>) {
    return known;
  } else if constexpr (!BindsToStepper<Method, SomeField, Y>) {
    static_assert(
        never<Method>,
        "antistrophe: the method of a continuous adjoint must be a method such as Dopri5{}, by default that of "
        "the way forth.");
    return false;
  } else {
    using S = typename Method::template Stepper<SomeField, Y>;
    constexpr bool plain = S::reversibility == Reversibility::no;
    static_assert(
        plain,
        "antistrophe: the way back of a continuous adjoint takes a plain method, such as Dopri5{}; a reversible "
        "one would cost twice as much for nothing.");
    constexpr bool chooses = !plain || S::error_estimates > 0 || !std::is_same_v<Steps, Adaptive>;
    static_assert(
        chooses,
        "antistrophe: the method of the way back estimates no error, so that its steps cannot be adaptive: take "
        "one that does, such as Dopri5, or FixedSteps{n}.");
    return known && plain && chooses;
  }
}

// The steps of a way back. Chosen to a tolerance, or n shared out by length, or those of the way forth.
class StepsBack {
 public:
  explicit StepsBack(const ThoseOfTheWayForth&) {}
  explicit StepsBack(const Adaptive& adaptive) : given_(true), adaptive_(adaptive) {}
  explicit StepsBack(const FixedSteps& fixed) : given_(true), fixed_(fixed) {
    if (fixed.n < 1) refuse("FixedSteps::n of the way back", fixed.n, "at least 1");
  }

  template <class StepsType>
  void take_up(const StepsType& steps) {
    if (given_) return;
    if constexpr (std::is_same_v<StepsType, Adaptive>) {
      adaptive_ = steps;
      adaptive_->first_step = 0;
    } else {
      adaptive_.reset();
    }
  }

  // Throws std::invalid_argument where tolerances and the like are bad.
  template <class Y>
  void check(const Y& y0) const {
    if (!adaptive_) return;
    Adaptive options = *adaptive_;
    options.first_step = 0;  // each stretch looks at its sign
    validate(options, y0.size(), 0, 0);
  }

  const std::optional<Adaptive>& adaptive() const { return adaptive_; }
  double tolerance(double size) const {
    return adaptive_ ? adaptive_->rtol + (size > 0 ? adaptive_->atol.smallest() / size : 0) : 0;
  }

  // The nodes of a stretch that are laid out before.
  Timeline timeline(const Stretch& stretch) const {
    std::vector<double> jumps;
    for (const Timeline::Jump& jump : stretch.timeline->jumps()) jumps.push_back(jump.t);
    if (fixed_) {
      jumps.insert(jumps.end(), fixed_->jumps.begin(), fixed_->jumps.end());
      const double share = std::fabs((stretch.to - stretch.from) / (stretch.t1 - stretch.t0));
      const double n = std::ceil(static_cast<double>(fixed_->n) * share - 1e-9);
      return FixedSteps{static_cast<std::int64_t>(larger_of(n, 1)), std::move(jumps)}.timeline(stretch.from,
                                                                                               stretch.to);
    }
    const double sign = stretch.from >= stretch.to ? 1 : -1, slack = time_slack(stretch.from, stretch.to);
    const auto before = [&](double a, double b) { return sign * (b - a) > slack; };
    const std::int64_t behind = nodes_before(stretch, sign);
    std::int64_t first = behind;
    while (first > 0 && before(stretch.to, (*stretch.timeline)[first - 1])) --first;
    std::vector<double> nodes{stretch.from};
    nodes.reserve(static_cast<std::size_t>(behind - first) + 2);
    for (std::int64_t i = behind; i-- > first;) {
      const double t = (*stretch.timeline)[i];
      if (before(t, nodes.back())) nodes.push_back(t);
    }
    nodes.push_back(stretch.to);
    return Timeline::listed(std::move(nodes)).jumping(jumps_between("jumps", jumps, stretch.from, stretch.to));
  }

 private:
  // How many nodes of the way forth lie before the stretch's beginning.
  static std::int64_t nodes_before(const Stretch& stretch, double sign) {
    std::int64_t low = 0, high = stretch.timeline->steps() + 1;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (sign * (stretch.from - (*stretch.timeline)[middle]) > 0)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

  bool given_ = false;
  std::optional<Adaptive> adaptive_;
  std::optional<FixedSteps> fixed_;
};

// What a way back is told of each step, before it is committed, where it need not know.
inline constexpr auto pass_by = [](const Step&, auto&, auto&, const auto&) { return Outcome::ok; };

// Z: what is solved backwards, one flat vector. Steps: as they were given to the adjoint.
template <class Method, class Field, class Z, class Steps>
class StretchSolver {
  static constexpr bool may_be_adaptive = !std::is_same_v<Steps, FixedSteps>;
  static constexpr bool may_be_fixed = !std::is_same_v<Steps, Adaptive>;

 public:
  using S = typename Method::template Stepper<Field, Z>;
  static_assert(
      S::reversibility == Reversibility::no,
      "antistrophe: the way back of a continuous adjoint takes a plain method, such as Dopri5{}; a reversible "
      "one would cost twice as much for nothing.");

  // Where the steps are those of the way forth, these.
  template <class StepsForth>
  static consteval void require_steps() {
    using Taken = std::conditional_t<std::is_same_v<Steps, ThoseOfTheWayForth>, StepsForth, Steps>;
    constexpr bool takes = AdaptiveStepper<S> || !std::is_same_v<Taken, Adaptive>;
    static_assert(
        takes,
        "antistrophe: the method of the way back estimates no error, so that its steps cannot be adaptive: take "
        "one that does, such as Dopri5, or FixedSteps{n}.");
  }

  StretchSolver(const Method& method, const Field& field, const Z& like)
      : stepper_(method, field, like), carry_(stepper_.make_carry()), attempted_(like) {}

  // Before each way back. Z begins with `states` blocks of n numbers, the first of which is the state where there are two.
  void begin(const StepsBack& steps, AdjointNorm norm, Eigen::Index n, Eigen::Index states, Eigen::Index size,
             const std::vector<Timeline::Jump>& jumps) {
    stats_ = {};
    bytes_ = 0;
    died_out_.begin();
    lambda_ = (states - 1) * n;
    size_of_lambda_ = n;
    if (!steps.adaptive()) return;
    options_ = *steps.adaptive();
    options_.norm = block_norm(norm, steps.adaptive()->norm, n, states);
    options_.atol = block_tolerance(*steps.adaptive(), n, size, states == 2);
    for (const Timeline::Jump& jump : jumps) options_.jumps.push_back(jump.t);
  }

  // z at stretch.from becomes z at stretch.to. passed(step, attempted, stepper, carry) is told of each step before it is
  // committed, and may refuse it.
  template <class Passed>
  Failure run(const StepsBack& steps, const Stretch& stretch, Z& z, const Passed& passed) {
    if constexpr (may_be_adaptive && AdaptiveStepper<S>) {
      if (steps.adaptive()) {
        AdaptiveControl<S> control(options_, stretch.from, stretch.to, z, false);
        Timeline timeline = begun(jumps_of(options_, stretch.from, stretch.to, Timeline::growing(stretch.from)));
        Failure failure = run(control, timeline, true, stretch, z, passed);
        // The equation is the same in the next stretch, and so is the length that suits it.
        options_.first_step = control.next_step();
        return failure;
      }
    }
    if constexpr (may_be_fixed) {
      Timeline nodes = begun(steps.timeline(stretch));
      FixedControl control(nodes, false);
      return run(control, nodes, false, stretch, z, passed);
    }
    return {};
  }

  // The most that the nodes of a stretch took since begin.
  std::size_t bytes() const { return bytes_; }

 private:
  Timeline begun(Timeline timeline) const { return std::move(timeline).numbered_from(stats_.accepted); }

  // grows: nodes are added to the timeline as steps are accepted; else they are there.
  template <class Control, class Passed>
  Failure run(Control& control, Timeline& timeline, bool grows, const Stretch& stretch, Z& z, const Passed& passed) {
    double t = stretch.from;
    const double sees = timeline.sees_after(t);
    if (const Outcome outcome = stepper_.start(sees, z, carry_); outcome != Outcome::ok)
      return failed_at(stepper_, outcome, Step{timeline.first(), t, t, &timeline});
    control.start(stepper_, sees, z);
    for (std::int64_t i = 0; !control.over();) {
      const double t_next = control.target(t);
      const Step step{timeline.first() + i, t, t_next, &timeline};
      if (control.exhausted(step, stats_)) return control.why_exhausted(step);
      ++stats_.steps;
      attempted_.begin(step.n, step.t0, step.t1, step.timeline);
      Outcome outcome = stepper_.attempt(step, carry_);
      if (outcome == Outcome::ok) outcome = control.judge(stepper_, step, carry_);
      if (outcome == Outcome::ok) outcome = passed(step, attempted_, stepper_, carry_);
      if (outcome == Outcome::ok) outcome = stepper_.commit(step, carry_, no_bits_);
      if (outcome != Outcome::ok) {
        ++stats_.rejected;
        if (std::optional<Failure> failure = control.rejected(stepper_, outcome, step)) return *std::move(failure);
        continue;
      }
      if (++stats_.accepted % steps_between_drops == 0) drop_what_died_out();
      if (grows) timeline.append(t_next);
      control.accepted(stepper_, step);
      t = t_next;
      ++i;
      stretch.passed(t);
    }
    stepper_.read(carry_, z);
    bytes_ = std::max(bytes_, timeline.bytes());
    return {};
  }

  // Of λ alone, in those parts of the carry that are whole.
  ANTISTROPHE_OUT_OF_LINE void drop_what_died_out() {
    const auto drop = [&](auto& part) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(part)>, Z>)
        if (part.size() >= lambda_ + size_of_lambda_) died_out_.drop(part.data() + lambda_, size_of_lambda_);
    };
    std::apply([&](auto&... part) { (drop(part), ...); }, carry_.parts());
  }

  S stepper_;
  typename S::Carry carry_;
  AttemptedStep<S> attempted_;
  Adaptive options_;
  Stats stats_;
  std::size_t bytes_ = 0;
  DiedOut<typename Z::Scalar> died_out_;
  Eigen::Index lambda_ = 0, size_of_lambda_ = 0;  // where in Z it lies
  NoBits no_bits_;
};

}  // namespace detail
}  // namespace antistrophe
