// solve_with_pullback(problem, method, steps[, save_at][, adjoint]): a solve, and the pull-back of cotangents of its
// saved states to those of y0, θ, t0 and t1. The primitive under value_and_gradient.
#pragma once

#include <antistrophe/adjoint/backward.hpp>
#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/solve/solve.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

template <class M, class F, class Y>
struct DefaultAdjointOf {
  using type = DirectAdjoint;
};
template <class M, class F, class Y>
  requires Solvable<F, Y> && BindsToStepper<M, F, Y> && can_hold<M, Y> &&
           ReversibleStepper<typename M::template Stepper<F, Y>>
struct DefaultAdjointOf<M, F, Y> {
  using type = ReversibleAdjoint;
};

// True where an adjoint can go back through such a solve; else a compile error with the reason.
template <class F, class Y, class M, class StepsType, class Adjoint>
consteval bool require_pullback() {
  if constexpr (!require_solve<F, Y, M, StepsType>()) {
    return false;
  } else if constexpr (!require_differentiable<F, Y>()) {
    return false;
  } else if constexpr (!requires { typename Adjoint::template Trace<typename M::template Stepper<F, Y>>; }) {
    static_assert(never<Adjoint>,
                  "antistrophe: the last argument must be an adjoint, such as ReversibleAdjoint{} or DirectAdjoint{}.");
    return false;
  } else {
    return Adjoint::template require<typename M::template Stepper<F, Y>>();
  }
}

}  // namespace detail

// Given no adjoint, a reversible method gets ReversibleAdjoint, any other DirectAdjoint.
template <class M, class F, class Y>
using DefaultAdjoint = typename detail::DefaultAdjointOf<M, F, Y>::type;

// A finished solve that can be gone back through, as often as one likes. It owns a copy of the field: parameters changed
// afterwards do not touch it. Not for use by two threads at once.
template <class F, class Y, class S, class Adjoint>
class [[nodiscard]] Pass {
 public:
  using Trace = typename Adjoint::template Trace<S>;

  const std::vector<double>& ts() const { return forward_.solution.ts(); }
  const std::vector<Y>& ys() const { return forward_.solution.ys(); }
  const Stats& stats() const { return forward_.solution.stats(); }
  const Solution<Y>& solution() const { return forward_.solution; }

  // ys_bar[i] is the cotangent of ys()[i], of the same shape. Throws std::invalid_argument where it is not, or is not
  // finite; SolveError where the field turns out impure or the cotangents overflow.
  Gradient<F, Y> pullback(const std::vector<Y>& ys_bar) {
    check(ys_bar);
    const F& field = *field_;
    const Timeline& timeline = forward_.timeline;
    S& stepper = forward_.stepper;
    const Calls before = stepper.calls();

    typename S::Carry carry = forward_.carry;
    detail::Backward<S, F> backward(stepper, field, timeline, forward_.plan, ys_bar);
    Gradient<F, Y> gradient{detail::zeros_like(y0_), {}, {}, {}, {}};
    const Failure failure = forward_.trace.sweep(stepper, timeline, carry, backward, gradient.stats);
    if (failure.status != Status::success) throw SolveError(failure, forward_.solution);

    detail::TimeCotangents start_bar;
    stepper.finish(timeline.t0(), carry, backward.carry_bar, gradient.y0, backward.theta_bar, start_bar);
    gradient.theta = std::move(backward.theta_bar);
    if constexpr (TimeDifferentiable<F, Y>) {
      if (timeline.steps() == 0) add_instant(ys_bar, backward.times_bar);
      gradient.t0 = backward.times_bar.t0 + start_bar.t0;
      gradient.t1 = backward.times_bar.t1 + start_bar.t1;
    }
    gradient.stats.evaluations = stepper.calls().evaluations - before.evaluations;
    gradient.stats.vjps = stepper.calls().vjps - before.vjps;
    if (!gradient.y0.allFinite() || !gradient.theta.allFinite())
      throw SolveError({Status::gradient_not_finite, timeline.t0(), timeline.first(), -1,
                        "the cotangents overflowed on the way back, or the vjp returned NaN: a chaotic solution over so "
                        "long a time has no gradient that numbers can hold"},
                       forward_.solution);
    return gradient;
  }

  // Borrows the field where own_field is false: it must then outlive the pass, unchanged.
  template <class M, class StepsType>
  Pass(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at, bool own_field)
      : owned_(own_field ? std::make_unique<const F>(problem.field) : nullptr),
        field_(own_field ? owned_.get() : &problem.field),
        y0_(problem.y0),
        forward_(method, *field_, problem.y0, problem.t0, problem.t1, steps, save_at, OnFailure::throw_error) {}

 private:
  void check(const std::vector<Y>& ys_bar) const {
    if (ys_bar.size() != ys().size())
      detail::refuse("the length of ys_bar", ys_bar.size(), "that of ys(), " + std::to_string(ys().size()));
    for (std::size_t i = 0; i < ys_bar.size(); ++i) {
      const std::string name = "ys_bar[" + std::to_string(i) + "]";
      if (!detail::same_shape(ys_bar[i], ys()[i]))
        detail::refuse("the shape of " + name, detail::shape(ys_bar[i]), detail::shape(ys()[i]));
      detail::refuse_not_finite(name, ys_bar[i]);
    }
  }

  // t0 == t1: no step was taken, and y(t1) moves by f with t1 and by −f with t0.
  void add_instant(const std::vector<Y>& ys_bar, detail::TimeCotangents& times_bar) const {
    if (ys_bar.empty() || forward_.plan.given.back()) return;
    auto tape = detail::make_tape<F, Y>(*field_, y0_);
    Y dy = detail::zeros_like(y0_);
    detail::evaluate<F, Y>(*field_, forward_.timeline.t0(), y0_, dy, tape);
    const double slope = static_cast<double>(detail::dot(ys_bar.back(), dy));
    times_bar.t1 += slope;
    times_bar.t0 -= slope;
  }

  std::unique_ptr<const F> owned_;
  const F* field_;
  Y y0_;
  detail::Forward<S, Trace> forward_;
};

// The solve and its pull-back. Errors as of solve; a method that cannot go with the adjoint does not compile.
template <class F, class Y, class M, class StepsType, class Adjoint = DefaultAdjoint<M, F, Y>>
auto solve_with_pullback(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const SaveAt& save_at = {},
                         const Adjoint& = {}) {
  if constexpr (detail::require_pullback<F, Y, M, StepsType, Adjoint>()) {
    detail::validate(problem);
    return Pass<F, Y, typename M::template Stepper<F, Y>, Adjoint>(problem, method, steps, save_at, true);
  }
}

}  // namespace antistrophe
