// SPDX-License-Identifier: MIT
// Objective{problem, method, steps, loss[, extras…]}: value and gradient of a loss, bound once and called often, for
// optimisers and training loops. All memory is set aside at the first call: with steps laid out before, later calls allocate
// nothing, unless the loss or the field do.
//
//   Objective objective{problem, Reversible<Dopri5>{}, FixedSteps{200}, loss};
//   const auto& [value, gradient] = objective(theta);          // the problem's y0, other parameters
//   const auto& [value, gradient] = objective.at(y0);          // another y0, the parameters as they are
//   const auto& [value, gradient] = objective(y0, theta);      // both
//   const auto& [value, gradient] = objective();               // as the problem stands
//   const auto& [value, gradient] = objective(problem);        // another problem of the same field
#pragma once

#include <antistrophe/core/detail/owned.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/movable_parameters.hpp>
#include <antistrophe/gradient.hpp>

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe {

namespace detail {

// What an objective keeps from call to call; nothing where its arguments met a sentence: one error is enough.
template <bool valid, class F, class Y, class M, class... Extras>
struct KeptByObjective {
  Owned<DifferentiatedSolveFor<F, Y, M, Extras...>> solve;
  LossCotangents<Y, SavedType<Picked<Extra::save_at, SaveAt, Extras...>, Y>> bar;
  ValueAndGradient<F, Y> result;
};
template <class F, class Y, class M, class... Extras>
struct KeptByObjective<false, F, Y, M, Extras...> {
  ValueAndGradient<F, Y> result;
};

}  // namespace detail

// The extras are those of value_and_gradient, each named (SaveAt{…}, not {…}). The result is a reference to what the
// objective holds, until the next call. A copy is independent of its original; one objective is not for two threads at once.
// Throws as value_and_gradient does; std::invalid_argument where theta has another length than the field's parameters(), or
// y0 another shape than the problem's. After a throw it can be called again.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
class Objective {
  using Adjoint = detail::Picked<detail::Extra::adjoint, DefaultAdjoint<M, F, Y>, Extras...>;
  static constexpr bool valid = detail::require_gradient<detail::Call::gradient, F, Y, M, StepsType, L, Extras...>();
  static_assert(valid || true);  // one sentence is enough

 public:
  using Result = ValueAndGradient<F, Y>;

  Objective(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const L& loss,
            const Extras&... extras)
      : bound_(new Bound{problem, method, steps, loss, {extras...}, {}}) {}
  Objective(const Objective& other) : Objective(*other.bound_, other.bound_->problem) {}
  Objective& operator=(const Objective& other) {
    Objective copy(other);
    return *this = std::move(copy);
  }
  Objective(Objective&&) noexcept = default;
  Objective& operator=(Objective&&) noexcept = default;
  ~Objective() = default;

  // With y0 and parameters as they were last given, or as the problem had them.
  const Result& operator()() {
    if constexpr (valid) evaluate();
    return bound_->kept.result;
  }
  // With other parameters, a flat vector of the length of the field's. What is the problem's y0, entry by entry, is refused: at(y0) is
  // meant, or at_theta(theta).
  template <class Theta>
  const Result& operator()(const Eigen::DenseBase<Theta>& theta) {
    refuse_state(theta);
    return at_theta(theta);
  }
  // The same, whatever it looks like.
  template <class Theta>
  const Result& at_theta(const Eigen::DenseBase<Theta>& theta) {
    set_parameters(theta);
    return (*this)();
  }
  // From another initial state, of the shape of the problem's.
  template <class State, class Theta>
  const Result& operator()(const Eigen::DenseBase<State>& y0, const Eigen::DenseBase<Theta>& theta) {
    set_parameters(theta);
    return at(y0);
  }
  // From another initial state, with the parameters as they are.
  template <class State>
  const Result& at(const Eigen::DenseBase<State>& y0) {
    constexpr bool fits = may_be_equal<State::RowsAtCompileTime, Y::RowsAtCompileTime> &&
                          may_be_equal<State::ColsAtCompileTime, Y::ColsAtCompileTime>;
    static_assert(fits, "antistrophe: an objective is called with a y0 of the shape of the problem's y0.");
    if constexpr (fits) take_state(y0);
    return (*this)();
  }

  // Another problem: its field, y0 and times. Between the same times, with states and parameters of the same size, nothing is
  // allocated either.
  const Result& operator()(const Problem<F, Y>& problem) {
    take_up(problem);
    return (*this)();
  }

  // The problem as it stands.
  const Problem<F, Y>& problem() const { return bound_->problem; }

 private:
  // What the solve refers to stays where it is when the objective moves.
  struct Bound {
    Problem<F, Y> problem;
    M method;
    StepsType steps;
    L loss;
    std::tuple<Extras...> extras;
    detail::KeptByObjective<valid, F, Y, M, Extras...> kept;
  };

  // The same, of a problem.
  Objective(const Bound& other, const Problem<F, Y>& problem)
      : bound_(new Bound{problem, other.method, other.steps, other.loss, other.extras, {}}) {}

  template <int A, int B>
  static constexpr bool may_be_equal = A == B || A == Eigen::Dynamic || B == Eigen::Dynamic;

  // One vector may be either where both have one length. A vector whose entries are all the same (of zeros, of ones) may well be both.
  template <class Theta>
  void refuse_state(const Eigen::DenseBase<Theta>& theta) const {
    if constexpr (may_be_equal<Theta::RowsAtCompileTime, Y::RowsAtCompileTime> &&
                  may_be_equal<Theta::ColsAtCompileTime, Y::ColsAtCompileTime> &&
                  may_be_equal<Theta::SizeAtCompileTime, Parameters<F, Y>::SizeAtCompileTime> &&
                  detail::HasParameters<F> && std::is_same_v<typename Theta::Scalar, typename Y::Scalar>) {
      const Y& y0 = bound_->problem.y0;
      const auto& mine = bound_->problem.field.parameters();
      const auto same = [&](const auto& other) {
        if (other.rows() != theta.rows() || other.cols() != theta.cols()) return false;
        for (Eigen::Index j = 0; j < other.cols(); ++j)
          for (Eigen::Index i = 0; i < other.rows(); ++i)
            if (other.coeff(i, j) != theta.derived().coeff(i, j)) return false;
        return true;
      };
      if (mine.size() != theta.size() || !same(y0) || same(mine)) return;
      if ((y0.array() == y0.data()[0]).all()) return;
      detail::refuse("theta, of which the one vector of objective(theta) consists,", "the problem's y0",
                     "the field's parameters(): objective.at(y0) takes a state, and objective.at_theta(theta) what is "
                     "meant to be equal to it");
    }
  }

  template <class State>
  void take_state(const Eigen::DenseBase<State>& y0) {
    Y& mine = bound_->problem.y0;
    if (y0.rows() != mine.rows() || y0.cols() != mine.cols())
      detail::refuse("the shape of y0", detail::shape(y0), detail::shape(mine) + ", that of the problem's y0");
    mine = y0;
  }

  template <class Theta>
  void set_parameters(const Eigen::DenseBase<Theta>& theta) {
    constexpr bool settable = detail::WritableParameters<F>;
    static_assert(
        settable,
        "antistrophe: an objective that is called with theta needs a field whose parameters() can be written: "
        "auto& parameters() { return theta; }");
    if constexpr (settable) {
      auto&& mine = bound_->problem.field.parameters();
      constexpr bool fits =
          may_be_equal<Theta::SizeAtCompileTime, std::remove_cvref_t<decltype(mine)>::SizeAtCompileTime>;
      static_assert(fits,
                    "antistrophe: an objective is called with a theta of the length of the field's parameters().");
      if (theta.size() != mine.size())
        detail::refuse("the length of theta", theta.size(),
                       std::to_string(mine.size()) + ", that of the field's parameters()");
      if constexpr (fits) mine = theta;
    }
  }

  void take_up(const Problem<F, Y>& problem) {
    [[maybe_unused]] Problem<F, Y>& mine = bound_->problem;
    if constexpr (std::is_copy_assignable_v<F>) {
      if constexpr (valid)
        if (!fits(problem)) bound_->kept.solve.reset();
      mine = problem;
    } else {
      *this = Objective(*bound_, problem);
    }
  }
  // Whether what was made for the problem as it stands serves another one.
  bool fits(const Problem<F, Y>& problem) const {
    const Problem<F, Y>& mine = bound_->problem;
    bool same = problem.t0 == mine.t0 && problem.t1 == mine.t1 && detail::same_shape(problem.y0, mine.y0);
    if constexpr (detail::HasParameters<F>)
      same = same && problem.field.parameters().size() == mine.field.parameters().size();
    if constexpr (requires { problem.field.jumps(); }) same = same && problem.field.jumps() == mine.field.jumps();
    return same;
  }

  void evaluate() {
    Bound& bound = *bound_;
    auto& kept = bound.kept;
    detail::validate(bound.problem, !kept.solve);
    static const Progress no_progress;
    static const detail::NoObserver no_observer;
    static const detail::NoRunningCost no_cost;
    static constexpr OnFailure by_default = OnFailure::throw_error;
    using detail::Extra;
    const std::tuple<Extras...>& extras = bound.extras;
    const Progress& progress = detail::pick_from<Extra::progress>(extras, no_progress);
    detail::Throttle forth(progress, 0, 0.5), back(progress, 0.5, 1);
    if (!kept.solve) {
      detail::check_first(bound.problem, detail::pick_from<Extra::check_first>(extras, no_observer));
      kept.solve.emplace(
          bound.problem, bound.problem.field, bound.method, bound.steps,
          detail::pick_from<Extra::save_at>(extras, SaveAt{}), detail::pick_from<Extra::events>(extras, Events<>{}),
          detail::pick_from<Extra::adjoint>(extras, Adjoint{}), detail::pick_from<Extra::observer>(extras, no_observer),
          detail::pick_from<Extra::running_cost>(extras, no_cost));
      kept.result.gradient = kept.solve->zero_gradient();
      kept.solve->solve(bound.steps, forth);
    } else {
      kept.solve->solve_again(bound.problem.y0, bound.method, bound.steps, forth);
    }
    static const SaveAt last_alone;
    detail::loss_and_gradient(*kept.solve, bound.problem.y0, bound.method, bound.steps,
                              detail::save_plan_of(detail::pick_from<Extra::save_at>(extras, last_alone)), bound.loss,
                              kept.bar, detail::pick_from<Extra::on_failure>(extras, by_default), back, kept.result);
  }

  detail::Owned<Bound> bound_;
};

// Of fewer arguments than that.
namespace detail {
struct NotGiven {};
}  // namespace detail
template <class F, class Y>
class Objective<F, Y, detail::NotGiven, detail::NotGiven, detail::NotGiven> {
 public:
  Objective(const Problem<F, Y>&, const auto&...) { detail::refuse_short_gradient<F>(); }
};
template <class F, class Y, class... Few>
  requires(sizeof...(Few) < 3)
Objective(const Problem<F, Y>&, const Few&...) -> Objective<F, Y, detail::NotGiven, detail::NotGiven, detail::NotGiven>;

}  // namespace antistrophe
