// A method compiled for one kind of state: what stands behind Solver. Included by the sources in fuzz/methods alone.
#pragma once

#include "fuzz/equations.hpp"
#include "fuzz/solver.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace antistrophe::fuzz {

// The steps that are laid out before a solve, as one type.
struct StepsLaidOut {
  std::variant<FixedSteps, FixedStep, StepTo> steps;
  Timeline timeline(double t0, double t1) const {
    return std::visit([&](const auto& chosen) { return chosen.timeline(t0, t1); }, steps);
  }
  Resolutions resolutions() const {
    const auto* const to = std::get_if<StepTo>(&steps);
    return to != nullptr ? to->resolutions() : Resolutions{};
  }
  bool taken_again() const {
    const auto* const to = std::get_if<StepTo>(&steps);
    return to != nullptr && to->taken_again();
  }
};

inline StepsLaidOut laid_out(const Case& c, const StepTo* again) {
  const StepSpec& s = c.steps;
  if (again != nullptr) return {*again};
  if (s.kind == StepSpec::Kind::of_h) return {FixedStep{.h = s.h, .jumps = s.jumps}};
  if (s.kind == StepSpec::Kind::to_times) return {StepTo{.times = s.times, .each = s.each, .jumps = s.jumps}};
  return {FixedSteps{.n = s.n, .jumps = s.jumps}};
}
inline SaveAt save_at(const Case& c) {
  return {.times = c.saves.times,
          .t0 = c.saves.t0,
          .t1 = c.saves.t1,
          .steps = c.saves.steps,
          .every = c.saves.every,
          .dense = c.saves.dense};
}
inline StoredAdjoint stored(const Case& c, Adjoints adjoint) {
  StoredAdjoint result;
  if (adjoint == Adjoints::checkpointed) {
    result.checkpointed.emplace();
    if (c.slots > 0) result.checkpointed->slots = c.slots;
  }
  if (adjoint == Adjoints::compressed) result.compressed.emplace();
  return result;
}

template <class Y, class P>
struct FuzzedPass final : ErasedPass<Y> {
  P pass;
  explicit FuzzedPass(P p) : pass(std::move(p)) {}
  const Solution<Y>& solution() const override { return pass.solution(); }
  GradientOf<Y> pullback(const std::vector<Y>& ys_bar, const std::vector<double>& ts_bar) override {
    return pass.pullback(ys_bar, ts_bar);
  }
};

template <class M, class Y>
class CompiledSolver final : public Solver<Y> {
  using S = typename M::template Stepper<Field<Y>, Y>;

 public:
  explicit CompiledSolver(const std::string& called) {
    this->name = called;
    this->reversible = ReversibleStepper<S>;
    this->adaptive = AdaptiveStepper<S>;
    if constexpr (ReversibleStepper<S>) this->exact = S::reversibility == Reversibility::exact;
  }

  Solution<Y> solve(const Case& c, const ProblemOf<Y>& problem, const StepTo* again) const override {
    return with_steps(c, again, [&](const auto& steps) {
      return antistrophe::solve(problem, method(c), steps, save_at(c), events_of<Y>(c), OnFailure::return_status);
    });
  }
  AnyPass<Y> pass(const Case& c, const ProblemOf<Y>& problem, Adjoints adjoint, const StepTo* again) const override {
    return with_steps(c, again, [&](const auto& steps) {
      const auto by = [&](const auto& with) {
        auto made = solve_with_pullback(problem, method(c), steps, save_at(c), with, events_of<Y>(c));
        return AnyPass<Y>(std::make_unique<FuzzedPass<Y, decltype(made)>>(std::move(made)));
      };
      if constexpr (ReversibleStepper<S>)
        if (adjoint == Adjoints::reversible) return by(ReversibleAdjoint{});
      return by(stored(c, adjoint));
    });
  }

  ValueOf<Y> value([[maybe_unused]] const Case& c, [[maybe_unused]] const ProblemOf<Y>& problem,
                   [[maybe_unused]] const Adaptive& steps, [[maybe_unused]] const AnyLoss<Y>& loss) const override {
    if constexpr (AdaptiveStepper<S>)
      return value_and_gradient(problem, method(c), steps, loss, save_at(c), Adjoint{}, events_of<Y>(c),
                                OnFailure::return_status);
    else
      throw std::logic_error("not compiled");
  }
  std::vector<ValueOf<Y>> values([[maybe_unused]] const Case& c, [[maybe_unused]] const ProblemOf<Y>& problem,
                                 [[maybe_unused]] const ProblemOf<Y>& other, [[maybe_unused]] const Adaptive& steps,
                                 [[maybe_unused]] const AnyLoss<Y>& loss) const override {
    if constexpr (AdaptiveStepper<S>) {
      Objective objective(problem, method(c), steps, loss, save_at(c), Adjoint{}, events_of<Y>(c),
                          OnFailure::return_status);
      std::vector<ValueOf<Y>> made{objective()};
      try {
        (void)objective(other);
      } catch (const std::invalid_argument&) {  // after which it can be called again
      }
      made.push_back(objective(problem));
      return made;
    } else {
      throw std::logic_error("not compiled");
    }
  }
  ValuesOf<Y> ensemble([[maybe_unused]] const Case& c, [[maybe_unused]] const std::vector<ProblemOf<Y>>& problems,
                       [[maybe_unused]] const Adaptive& steps, [[maybe_unused]] const AnyLoss<Y>& loss,
                       [[maybe_unused]] std::size_t threads) const override {
    if constexpr (AdaptiveStepper<S>)
      return ensemble_value_and_gradient(problems, method(c), steps, loss, save_at(c), Adjoint{}, EachTheta{},
                                         EachEvents{[&c](std::size_t) { return events_of<Y>(c); }},
                                         OnFailure::return_status, Threads{threads});
    else
      throw std::logic_error("not compiled");
  }

 private:
  using Adjoint = std::conditional_t<ReversibleStepper<S>, ReversibleAdjoint, DirectAdjoint>;
  static M method(const Case& c) {
    M made;
    if constexpr (requires(double x) { made.lambda = x; }) made.lambda = c.lambda.value_or(made.lambda);
    if constexpr (requires(double x) { made.resolution = x; })
      if (c.resolution) made.resolution = *c.resolution;
    return made;
  }
  template <class Call>
  static auto with_steps(const Case& c, const StepTo* again, const Call& call) {
    if constexpr (AdaptiveStepper<S>)
      if (c.steps.kind == StepSpec::Kind::adaptive && again == nullptr) return call(adaptive(c));
    return call(laid_out(c, again));
  }
};

template <class M, class Y>
AnySolver compiled(const std::string& name) {
  return std::make_shared<const CompiledSolver<M, Y>>(name);
}

}  // namespace antistrophe::fuzz
