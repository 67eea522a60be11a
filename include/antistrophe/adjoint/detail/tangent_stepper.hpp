// SPDX-License-Identifier: MIT
// The stepper of a field with tangents, and what a step control sees of it: y alone, as if there were no tangents, or all.
#pragma once

#include <antistrophe/adjoint/detail/tangent_field.hpp>
#include <antistrophe/core/detail/died_out.hpp>
#include <antistrophe/detail/cost.hpp>
#include <antistrophe/detail/step_control.hpp>
#include <antistrophe/method/detail/field_stepper.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// A method's stepper for a TangentField; it tells the field of each step, for the tangents of times.
template <class Base, class Field>
class TangentStepper : public Base {
 public:
  using typename Base::Carry, typename Base::State;
  using TangentFieldType = Field;

  template <class Method>
  TangentStepper(const Method& method, const Field& field, const State& start)
      : Base(method, field, start), tangents_(&field) {}

  Outcome attempt(const Step& step, const Carry& carry) {
    if constexpr (Field::with_times) {
      if (tangents_->move_over(step)) {
        if constexpr (requires(const Base& base) { base.knows_first_stage(step); })
          renewed_ += Base::knows_first_stage(step) ? 1 : 0;
        Base::forget();
      }
    }
    return Base::attempt(step, carry);
  }

  template <class Polynomial>
  void extend(const Step& step, const Carry& carry, Polynomial& polynomial) {
    Base::extend(step, carry, polynomial);
    if constexpr (Field::with_times) tangents_->hold_times(polynomial);
  }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits& bits) {
    const Outcome outcome = Base::commit(step, carry, bits);
    if (outcome == Outcome::ok && step.n % steps_between_drops == 0) [[unlikely]]
      drop_what_died_out(step.n, carry);
    return outcome;
  }

  // A tangent may be what stops a step.
  StepFailure step_failure() const {
    StepFailure failure = Base::step_failure();
    if (failure.component < tangents_->layout().n()) return failure;
    return {-1, "a tangent of the state is not finite, or the step is too long for it"};
  }

  // First stages that were evaluated again for the tangents of times alone.
  std::int64_t renewed() const { return renewed_; }
  const Field& field() const { return *tangents_; }

 private:
  // Of the tangents alone: y is what it is without them.
  ANTISTROPHE_OUT_OF_LINE void drop_what_died_out(std::int64_t n, Carry& carry) {
    if (n == 0) died_out_.begin();
    const Eigen::Index first = tangents_->layout().first();
    const auto drop = [&](auto& part) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(part)>, State>)
        died_out_.drop(part.data() + first, part.size() - first);
    };
    std::apply([&](auto&... part) { (drop(part), ...); }, carry.parts());
  }

  const Field* tangents_;
  DiedOut<typename State::Scalar> died_out_;
  std::int64_t renewed_ = 0;
};

// What is judged of a TangentStepper: y, or y and then one tangent after the other.
enum class Judged { state, all };

template <Judged what, class S, class F, EigenState Y>
struct JudgedState {
  using type = Y;
};
template <class S, class F, EigenState Y>
struct JudgedState<Judged::all, S, F, Y> {
  using type = Eigen::Matrix<typename Y::Scalar, Eigen::Dynamic, 1>;
};

// In the place of a field whose slopes are not asked for.
struct NoSlopes {
  void operator()(double, const auto&, auto&) const {}
};
inline constexpr NoSlopes no_slopes{};

template <Judged what, class S, class F, EigenState Y>
using JudgedBase = std::conditional_t<what == Judged::state, FieldStepper<F, Y>,
                                      FieldStepper<NoSlopes, typename JudgedState<what, S, F, Y>::type>>;

// A stepper as a step control knows it. Of y it is what the plain stepper is: it evaluates the plain field, and counts alike.
template <Judged what, class S, class F, EigenState Y>
class JudgedStepper : public JudgedBase<what, S, F, Y> {
  using Common = JudgedBase<what, S, F, Y>;
  using Large = typename S::State;

 public:
  using State = typename JudgedState<what, S, F, Y>::type;
  using Carry = typename S::Carry;
  using CarryBar = typename S::CarryBar;
  using typename Common::Theta;
  static constexpr Reversibility reversibility = Reversibility::no;
  static constexpr int error_estimates = S::error_estimates;
  static constexpr int error_order = S::error_order;

  JudgedStepper(const F& field, const Large& like, const State& start)
      : Common(slopes_of(field)),
        large_(zeros_like(like)),
        slope_(large_),
        errors_(make_estimates<S>(like)),
        parasite_(start) {}

  void see(S& stepper) { s_ = &stepper; }

  void take(const Large& x, State& y) const {
    const auto& layout = s_->field().layout();
    take(layout, x, y);
  }
  static void take(const auto& layout, const Large& x, State& y) {
    if constexpr (what == Judged::state) {
      layout.take_state(x, y);
    } else {
      y.resize(layout.n() * (layout.k() + 1));
      for_all(layout, [&](Eigen::Index i, Eigen::Index e) { y[i] = x[e]; });
    }
  }

  void read(const Carry& carry, State& y) {
    s_->read(carry, large_);
    take(large_, y);
  }
  void proposal(const Step& step, const Carry& carry, State& y) {
    s_->proposal(step, carry, large_);
    take(large_, y);
  }
  void error(const Step& step, const Carry& carry,
             std::array<State, static_cast<std::size_t>(error_estimates)>& estimates) {
    s_->error(step, carry, errors_);
    for (std::size_t e = 0; e < errors_.size(); ++e) take(errors_[e], estimates[e]);
  }
  void slope(double t, const State& y, State& dy) {
    if constexpr (what == Judged::state) {
      Common::slope(t, y, dy);
    } else {
      large_.setZero();
      for_all(s_->field().layout(), [&](Eigen::Index i, Eigen::Index e) { large_[e] = y[i]; });
      s_->field()(t, large_, slope_);
      ++this->calls_.evaluations;
      take(slope_, dy);
    }
  }
  double stiffness(const Step& step) const { return s_->stiffness(step); }
  StepFailure step_failure() const { return s_->step_failure(); }
  Calls calls() const {
    Calls calls = s_->calls();
    calls += Common::calls();
    calls.evaluations -= s_->renewed();
    return calls;
  }

  Stability stability() const
    requires HasStability<S>
  {
    return s_->stability();
  }
  double growth(const std::complex<double>& q) const
    requires KnowsGrowth<S>
  {
    return s_->growth(q);
  }
  std::complex<double> multiplier(const std::complex<double>& q) const
    requires KnowsMultiplier<S>
  {
    return s_->multiplier(q);
  }
  const State& parasite()
    requires HasParasite<S>
  {
    take(s_->parasite(), parasite_);
    return parasite_;
  }
  Outcome complete(const Step& step, const Carry& carry)
    requires ForeseesParasite<S>
  {
    return s_->complete(step, carry);
  }
  const State& next_parasite()
    requires ForeseesParasite<S>
  {
    take(s_->next_parasite(), parasite_);
    return parasite_;
  }

  // No control calls these; they are declared for the concept's sake alone.
  Carry make_carry() const;
  CarryBar make_carry_bar() const;
  Outcome start(double, const State&, Carry&);
  Outcome attempt(const Step&, const Carry&);
  template <class Bits>
  Outcome commit(const Step&, Carry&, Bits&);
  void add_to_state(CarryBar&, const State&) const;
  void pullback(const Step&, const Carry&, CarryBar&, Theta&, TimeCotangents&, std::span<const SavedInside<State>>);
  void finish(double, const Carry&, CarryBar&, State&, Theta&, TimeCotangents&) const;
  void forget();

 private:
  static const auto& slopes_of([[maybe_unused]] const F& field) {
    if constexpr (what == Judged::state)
      return field;
    else
      return no_slopes;
  }

  // visit(place among what is judged, place in the large state).
  static void for_all(const auto& layout, auto&& visit) {
    Eigen::Index place = 0;
    for (; place < layout.n(); ++place) visit(place, place);
    for (Eigen::Index j = 0; j < layout.k(); ++j)
      for (Eigen::Index i = 0; i < layout.n(); ++i) visit(place++, layout.at(i, j));
  }

  S* s_ = nullptr;
  Large large_, slope_;
  std::array<Large, static_cast<std::size_t>(error_estimates)> errors_;
  State parasite_;
};

// Steps as they are for y and all tangents: an absolute tolerance for each entry of y is that of its tangents too.
template <class StepsType>
StepsType for_all_tangents(const StepsType& steps, [[maybe_unused]] Eigen::Index n, [[maybe_unused]] Eigen::Index k) {
  StepsType result = steps;
  if constexpr (std::is_same_v<StepsType, Adaptive>) {
    result.sensitivity_guard = false;  // what it guards is in the norm
    if (steps.atol.per_entry() && steps.atol.size() == n) {
      Eigen::VectorXd each((k + 1) * n);
      for (Eigen::Index e = 0; e < each.size(); ++e) each[e] = steps.atol(e % n);
      result.atol = each;
    }
  }
  return result;
}

// The control of a solve with tangents: that of a solve of y, or of all.
template <class StepsType, class S, class F, EigenState Y>
class TangentControl {
  template <Judged what>
  class Part {
    using View = JudgedStepper<what, S, F, Y>;
    using State = typename View::State;
    static State taken(const auto& layout, const typename S::State& x, const Y& y0) {
      if constexpr (what == Judged::state) {
        State y = y0;
        View::take(layout, x, y);
        return y;
      } else {
        State y;
        View::take(layout, x, y);
        return y;
      }
    }

   public:
    StepsType steps;
    State start;
    View view;
    using Control = typename StepsType::template Control<View>;
    Control control;

    Part(StepsType of, const auto& field, double t0, double t1, const typename S::State& x, const Y& y0)
        : steps(std::move(of)),
          start(taken(field.layout(), x, y0)),
          view(field.primal(), x, start),
          control(steps, t0, t1, start, true) {}
  };

 public:
  TangentControl(const StepsType& steps, bool all, const auto& field, double t0, double t1, const typename S::State& x,
                 const Y& y0) {
    if (all)
      all_.emplace(for_all_tangents(steps, field.layout().n(), field.layout().k()), field, t0, t1, x, y0);
    else
      state_.emplace(steps, field, t0, t1, x, y0);
  }

  bool over() const {
    return of([](const auto& part) { return part.control.over(); });
  }
  double target(double t) {
    return of([&](auto& part) { return part.control.target(t); });
  }
  bool exhausted(const Step& step, const Stats& stats) const {
    return of([&](const auto& part) { return part.control.exhausted(step, stats); });
  }
  Failure why_exhausted(const Step& step) const {
    return of([&](const auto& part) { return part.control.why_exhausted(step); });
  }
  void start(S& stepper, double t, const typename S::State& x) {
    of([&](auto& part) {
      part.view.see(stepper);
      part.view.take(x, part.start);
      part.control.start(part.view, t, part.start);
    });
  }
  Outcome judge(S&, const Step& step, const typename S::Carry& carry) {
    return of([&](auto& part) { return part.control.judge(part.view, step, carry); });
  }
  Outcome judge_cost(const CostEstimate& cost)
    requires requires(typename Part<Judged::state>::Control& control) { control.judge_cost(cost); }
  {
    return of([&](auto& part) { return part.control.judge_cost(cost); });
  }
  void accepted(S&, const Step& step) {
    of([&](auto& part) { part.control.accepted(part.view, step); });
  }
  std::optional<Failure> rejected(S&, Outcome outcome, const Step& step) {
    return of([&](auto& part) { return part.control.rejected(part.view, outcome, step); });
  }
  void resume(double t) {
    of([&](auto& part) { part.control.resume(t); });
  }
  void land_on_jumps(const Timeline& plan)
    requires requires(typename Part<Judged::state>::Control& control) { control.land_on_jumps(plan); }
  {
    of([&](auto& part) { part.control.land_on_jumps(plan); });
  }
  std::int64_t guarded() const {
    return of([](const auto& part) -> std::int64_t {
      if constexpr (requires { part.control.guarded(); })
        return part.control.guarded();
      else
        return 0;
    });
  }

 private:
  template <class Do>
  auto of(Do&& use) {
    return all_ ? use(*all_) : use(*state_);
  }
  template <class Do>
  auto of(Do&& use) const {
    return all_ ? use(*all_) : use(*state_);
  }

  std::optional<Part<Judged::state>> state_;
  std::optional<Part<Judged::all>> all_;
};

}  // namespace antistrophe::detail
