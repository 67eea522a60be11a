// A method compiled for one kind of state: what stands behind Runner. Included by the sources in runner/methods alone.
#pragma once

#include "runner/method.hpp"

#include "support/battery.hpp"
#include "support/reversible_methods.hpp"

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe::runner {

// What of a runner is compiled; the rest throws.
struct Parts {
  bool solve = true, adaptive = false, gradient = false, both_adjoints = true, events = false;
  bool trips = false;    // there and back, carry by carry
  bool by_hand = false;  // a stepper driven by hand besides
};
inline constexpr Parts solves{};
inline constexpr Parts gradients{.solve = false, .gradient = true};
inline constexpr Parts adaptive_gradients{.solve = false, .adaptive = true, .gradient = true};
inline constexpr Parts default_gradients{.adaptive = true, .gradient = true, .both_adjoints = false};
inline constexpr Parts round_trips{.solve = false, .trips = true};
inline constexpr Parts default_gradients_and_trips{
    .solve = false, .gradient = true, .both_adjoints = false, .trips = true};
inline constexpr Parts everything_fixed{.gradient = true, .trips = true, .by_hand = true};
inline constexpr Parts everything{.adaptive = true, .gradient = true, .events = true, .trips = true, .by_hand = true};

// The problem as M takes it: as it is, but where a specialisation makes a noisy field of it.
template <class M>
struct Posed {
  template <class Y>
  static const ProblemOf<Y>& pose(const ProblemOf<Y>& problem, const Options&) {
    return problem;
  }
};
template <class M, class Y>
using PosedProblem =
    std::remove_cvref_t<decltype(Posed<M>::pose(std::declval<const ProblemOf<Y>&>(), std::declval<const Options&>()))>;

template <class Y, class Pass>
struct PassOf final : ErasedPass<Y> {
  Pass pass;
  explicit PassOf(Pass p) : pass(std::move(p)) {}
  const Solution<Y>& solution() const override { return pass.solution(); }
  GradientOf<Y> pullback(const std::vector<Y>& ys_bar, const std::vector<double>& ts_bar) override {
    if constexpr (std::is_same_v<decltype(pass.pullback(ys_bar)), GradientOf<Y>>) {
      return pass.pullback(ys_bar, ts_bar);
    } else {  // a field that has no gradient with respect to the times
      const auto gradient = pass.pullback(ys_bar);
      return {gradient.y0, gradient.theta, 0, 0, gradient.stats};
    }
  }
};

template <class Carry>
bool same_parts(const Carry& a, const Carry& b) {
  return std::apply(
      [&](const auto&... x) {
        return std::apply([&](const auto&... y) { return ((x.array() == y.array()).all() && ...); }, b.parts());
      },
      a.parts());
}

template <class M, class Y, Parts parts>
class RunnerOf final : public Runner<Y> {
  using PosedAs = PosedProblem<M, Y>;
  using F = typename PosedAs::Field;
  using RealValued = typename battery::Facts<M>::RealValued;
  static constexpr bool real_alone = !detail::supports_state<M, Y>;  // exact arithmetic holds no such states

  [[noreturn]] static void not_compiled() { throw std::logic_error("this method is not compiled for such a call"); }

  template <class Made>
  static Made adjust(Made method, const Options& options) {
    if constexpr (requires { method.lambda = 0.5; })
      if (options.lambda) method.lambda = *options.lambda;
    if constexpr (requires { method.damping = 0.5; })
      if (options.damping) method.damping = *options.damping;
    if constexpr (requires { method.resolution = 0.5; })
      if (options.resolution) method.resolution = *options.resolution;
    return method;
  }
  static M made(const Options& options) {
    if (options.real_valued && !std::is_same_v<M, RealValued>) not_compiled();
    return adjust(options.by_default ? M{} : battery::Facts<M>::method(), options);
  }
  // call(method), of the method itself or of its real-valued map.
  template <class Call>
  static auto with_method(const Options& options, const Call& call) {
    if constexpr (real_alone)
      return call(adjust(battery::Facts<M>::real_valued(), options));
    else
      return call(options.real_valued && std::is_same_v<M, RealValued>
                      ? adjust(reinterpret_real(battery::Facts<M>::real_valued()), options)
                      : made(options));
  }
  static M reinterpret_real(const auto& method) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(method)>, M>)
      return method;
    else
      not_compiled();
  }
  using Used = std::conditional_t<real_alone, RealValued, M>;
  using S = typename Used::template Stepper<F, Y>;
  static constexpr bool adapts = parts.adaptive && AdaptiveStepper<S>;

  // call(steps) with the steps' own type.
  template <class Call>
  static auto with_steps(const AnySteps& steps, const Call& call) {
    if constexpr (adapts)
      if (steps.adaptive() != nullptr) return call(*steps.adaptive());
    if (steps.adaptive() != nullptr) not_compiled();
    return call(steps.laid_out());
  }
  template <class Call>
  static auto with_adjoint(const AnyAdjoint& adjoint, const Call& call) {
    if constexpr (ReversibleStepper<S>) {
      if constexpr (parts.both_adjoints)
        if (adjoint.stored()) return call(StoredAdjoint(adjoint));
      if (adjoint.stored()) not_compiled();
      return call(ReversibleAdjoint{});
    } else {
      if (!adjoint.stored() && !adjoint.by_default()) not_compiled();
      return call(StoredAdjoint(adjoint));
    }
  }

 public:
  Solution<Y> solve([[maybe_unused]] const Options& options, [[maybe_unused]] const ProblemOf<Y>& given,
                    [[maybe_unused]] const AnySteps& any_steps, [[maybe_unused]] const SaveAt& save_at,
                    [[maybe_unused]] const AnyEvents<Y>& events, [[maybe_unused]] OnFailure on_failure) const override {
    if constexpr (parts.solve) {
      const PosedAs& problem = Posed<M>::pose(given, options);
      return with_method(options, [&](const auto& method) {
        return with_steps(any_steps, [&](const auto& steps) -> Solution<Y> {
          if constexpr (parts.events && std::is_same_v<decltype(steps), const Adaptive&>)
            if (events.some()) return antistrophe::solve(problem, method, steps, save_at, events.events(), on_failure);
          if (events.some()) not_compiled();
          return antistrophe::solve(problem, method, steps, save_at, on_failure);
        });
      });
    } else {
      not_compiled();
    }
  }

  AnyPass<Y> solve_with_pullback([[maybe_unused]] const Options& options, [[maybe_unused]] const ProblemOf<Y>& given,
                                 [[maybe_unused]] const AnySteps& any_steps, [[maybe_unused]] const SaveAt& save_at,
                                 [[maybe_unused]] const AnyAdjoint& any_adjoint,
                                 [[maybe_unused]] const AnyEvents<Y>& events) const override {
    if constexpr (parts.gradient) {
      const PosedAs& problem = Posed<M>::pose(given, options);
      return with_method(options, [&](const auto& method) {
        return with_steps(any_steps, [&](const auto& steps) {
          return with_adjoint(any_adjoint, [&](const auto& adjoint) -> AnyPass<Y> {
            const auto erased = [](auto pass) {
              return AnyPass<Y>(std::make_unique<PassOf<Y, decltype(pass)>>(std::move(pass)));
            };
            if constexpr (parts.events && std::is_same_v<decltype(steps), const Adaptive&>)
              if (events.some())
                return erased(
                    antistrophe::solve_with_pullback(problem, method, steps, save_at, adjoint, events.events()));
            if (events.some()) not_compiled();
            return erased(antistrophe::solve_with_pullback(problem, method, steps, save_at, adjoint));
          });
        });
      });
    } else {
      not_compiled();
    }
  }

  RoundTrip<Y> assert_reversible([[maybe_unused]] const Options& options, [[maybe_unused]] const ProblemOf<Y>& given,
                                 [[maybe_unused]] const AnySteps& any_steps) const override {
    if constexpr (parts.trips && ReversibleStepper<S>) {
      const PosedAs& problem = Posed<M>::pose(given, options);
      return with_method(options, [&](const auto& method) {
        return with_steps(any_steps,
                          [&](const auto& steps) { return antistrophe::assert_reversible(problem, method, steps); });
      });
    } else {
      not_compiled();
    }
  }

  bool meets_every_carry([[maybe_unused]] const Options& options, [[maybe_unused]] const ProblemOf<Y>& given,
                         [[maybe_unused]] const AnySteps& any_steps) const override {
    if constexpr (parts.trips && ReversibleStepper<S> && !real_alone) {
      const PosedAs& problem = Posed<M>::pose(given, options);
      S stepper(made(options), problem.field, problem.y0);
      const Timeline timeline = any_steps.laid_out().timeline(problem.t0, problem.t1);
      const std::int64_t n = timeline.steps();
      std::vector<typename S::Carry> passed;
      passed.reserve(static_cast<std::size_t>(n));
      auto carry = stepper.make_carry();
      BitStack bits;
      if (stepper.start(problem.t0, problem.y0, carry) != Outcome::ok) return false;
      for (std::int64_t i = 0; i < n; ++i) {
        passed.push_back(carry);
        const Step step = step_at(timeline, i);
        if (stepper.attempt(step, carry) != Outcome::ok || stepper.commit(step, carry, bits) != Outcome::ok)
          return false;
      }
      if (S::same(carry, passed.front())) return false;  // it went somewhere
      BitStack::Cursor cursor(bits);
      for (std::int64_t i = n; i-- > 0;) {
        if (stepper.reconstruct(step_at(timeline, i), carry, cursor) != Outcome::ok) return false;
        if (!S::same(carry, passed[static_cast<std::size_t>(i)])) return false;
      }
      return cursor.at_bottom();
    } else {
      not_compiled();
    }
  }

  TracesOfRejection rejected_attempts([[maybe_unused]] const Options& options,
                                      [[maybe_unused]] const ProblemOf<Y>& given,
                                      [[maybe_unused]] const Timeline& timeline) const override {
    if constexpr (parts.by_hand && AdaptiveStepper<S> && !real_alone) {
      const PosedAs& problem = Posed<M>::pose(given, options);
      struct Run {
        std::vector<typename S::Carry> carries;
        BitStack bits;
      };
      const auto require_ok = [](Outcome outcome) {
        if (outcome != Outcome::ok) throw std::logic_error("a step that was taken before failed");
      };
      const auto run = [&](bool with_rejections) {
        S stepper(made(options), problem.field, problem.y0);
        auto carry = stepper.make_carry();
        Run result;
        require_ok(stepper.start(problem.t0, problem.y0, carry));
        for (std::int64_t i = 0; i < timeline.steps(); ++i) {
          const Step step = step_at(timeline, i);
          if (with_rejections) {
            for (const double factor : {3.0, 1.5}) {
              Step trial = step;
              trial.t1 = step.t0 + factor * step.h();
              if (stepper.attempt(trial, carry) != Outcome::ok) continue;
              Y y1 = problem.y0;
              auto estimates = detail::make_estimates<S>(problem.y0);
              stepper.proposal(trial, carry, y1);
              stepper.error(trial, carry, estimates);
              if constexpr (Extensible<S>) {
                StepPolynomial<Y, S::dense_degree> polynomial(problem.y0);
                if (i % 2 == 0) stepper.extend(trial, carry, polynomial);
              }
            }
          }
          result.carries.push_back(carry);
          require_ok(stepper.attempt(step, carry));
          require_ok(stepper.commit(step, carry, result.bits));
        }
        result.carries.push_back(carry);
        return result;
      };
      const Run clean = run(false), tried = run(true);
      TracesOfRejection traces{tried.bits.size() == clean.bits.size(), true, false, 0};
      for (std::size_t i = 0; i < clean.carries.size(); ++i)
        traces.same_carries = traces.same_carries && same_parts(clean.carries[i], tried.carries[i]);
      BitStack::Cursor a(clean.bits), b(tried.bits);
      while (!a.at_bottom() && !b.at_bottom()) traces.same_bits = (a.pop(1) == b.pop(1)) && traces.same_bits;
      if constexpr (battery::Facts<M>::exact) {
        S stepper(made(options), problem.field, problem.y0);
        auto carry = tried.carries.back();
        BitStack::Cursor cursor(tried.bits);
        traces.comes_back = true;
        for (std::int64_t i = timeline.steps(); i-- > 0;) {
          require_ok(stepper.reconstruct(step_at(timeline, i), carry, cursor));
          traces.comes_back = S::same(carry, tried.carries[static_cast<std::size_t>(i)]) && traces.comes_back;
        }
        traces.comes_back = cursor.at_bottom() && traces.comes_back;
      }
      return traces;
    } else {
      not_compiled();
    }
  }

  std::function<Y()> two_steps([[maybe_unused]] const Options& options, [[maybe_unused]] const ProblemOf<Y>& given,
                               [[maybe_unused]] const AnySteps& any_steps) const override {
    if constexpr (parts.by_hand && !real_alone) {
      const PosedAs& problem = Posed<M>::pose(given, options);
      struct State {
        PosedAs problem;
        S stepper;
        Timeline timeline;
        typename S::Carry carry;
        State(const M& method, const PosedAs& p, const LaidOut& steps)
            : problem(p),
              stepper(method, problem.field, problem.y0),
              timeline(steps.timeline(problem.t0, problem.t1)),
              carry(stepper.make_carry()) {}
      };
      const auto state = std::make_shared<State>(made(options), problem, any_steps.laid_out());
      return [state] {
        NoBits bits;
        Y y = state->problem.y0;
        bool ok = state->stepper.start(state->problem.t0, state->problem.y0, state->carry) == Outcome::ok;
        for (std::int64_t i = 0; i < 2 && ok; ++i) {
          const Step step = step_at(state->timeline, i);
          ok = state->stepper.attempt(step, state->carry) == Outcome::ok &&
               state->stepper.commit(step, state->carry, bits) == Outcome::ok;
        }
        if (!ok) throw std::logic_error("a step failed");
        state->stepper.read(state->carry, y);
        return y;
      };
    } else {
      not_compiled();
    }
  }

  std::vector<Y> estimates([[maybe_unused]] const Options& options, [[maybe_unused]] const ProblemOf<Y>& given,
                           [[maybe_unused]] const AnySteps& any_steps) const override {
    if constexpr (parts.by_hand && !real_alone) {
      const PosedAs& problem = Posed<M>::pose(given, options);
      S stepper(made(options), problem.field, problem.y0);
      auto carry = stepper.make_carry();
      const Timeline timeline = any_steps.laid_out().timeline(problem.t0, problem.t1);
      if (stepper.start(problem.t0, problem.y0, carry) != Outcome::ok ||
          stepper.attempt(step_at(timeline, 0), carry) != Outcome::ok)
        throw std::logic_error("the first step failed");
      auto estimates = detail::make_estimates<S>(problem.y0);
      stepper.error(step_at(timeline, 0), carry, estimates);
      return {estimates.begin(), estimates.end()};
    } else {
      not_compiled();
    }
  }
};

// --- The registry ------------------------------------------------------------------------------------------------------------

template <class Y, Parts parts>
struct For {
  using State = Y;
  template <class M>
  static std::shared_ptr<const Runner<Y>> make() {
    return std::make_shared<RunnerOf<M, Y, parts>>();
  }
};

// M compiled for these kinds of state.
template <class M, class... Kinds>
AnyMethod compiled(std::string name) {
  using Facts = battery::Facts<M>;
  using F = typename PosedProblem<M, Vector2d>::Field;
  using S = typename M::template Stepper<F, Vector2d>;
  MethodFacts facts;
  facts.name = std::move(name);
  facts.order = Facts::order;
  facts.stages = Facts::stages;
  if constexpr (requires { Facts::increments; }) facts.increments = Facts::increments;
  facts.reversible = ReversibleStepper<S>;
  facts.exact = Facts::exact;
  facts.two_points = requires { Facts::is_two_points; };
  facts.error_estimates = S::error_estimates;
  facts.tried_calls = detail::uses_tape<detail::Frozen<F>, Vector2d> ? 1 : 0;
  facts.of_times = HasTimeGradient<F, Vector2d>;
  if constexpr (requires { Facts::both_ways; }) facts.both_ways = Facts::both_ways;
  if constexpr (requires { typename Facts::TableauType; })
    facts.sees_the_end = tableau::coefficient<double>(Facts::TableauType::c.back()) == 1;
  if constexpr (requires { Facts::method().lambda; }) facts.lambda = Facts::method().lambda;
  facts.evaluations_forth = &battery::evaluations_forth<M>;
  facts.evaluations_back = &battery::evaluations_back<M>;
  facts.vjps_back = &battery::vjps_back<M>;
  Runners runners;
  ((std::get<std::shared_ptr<const Runner<typename Kinds::State>>>(runners.list) = Kinds::template make<M>()), ...);
  return AnyMethod(std::make_shared<MethodFacts>(std::move(facts)), std::make_shared<Runners>(std::move(runners)));
}

// A Runge–Kutta method, and its pairs in both arithmetics; without estimates, for these kinds of state besides.
template <class Base, bool estimates, class... Others>
Methods with_pairs(const std::string& name) {
  using Exact = Reversible<Base>;
  using Float = Reversible<Base, Floating>;
  if constexpr (estimates) {
    return {compiled<Base, For<Vector2d, everything>, For<Vector2z, solves>, For<Vector2f, default_gradients>,
                     For<Batch, adaptive_gradients>>(name),
            compiled<Exact, For<Vector2d, everything>, For<Vector2z, solves>, For<Vector2f, default_gradients>,
                     For<Batch, adaptive_gradients>, For<Vector3d, round_trips>>("Reversible<" + name + ">"),
            compiled<Float, For<Vector2d, everything>, For<Vector2z, solves>, For<Vector2f, default_gradients>,
                     For<Batch, adaptive_gradients>>("Reversible<" + name + ", Floating>")};
  } else {
    return {
        compiled<Base, For<Vector2d, everything_fixed>, For<Vector2z, solves>, Others...>(name),
        compiled<Exact, For<Vector2d, everything_fixed>, For<Vector2z, solves>, For<Vector3d, round_trips>, Others...>(
            "Reversible<" + name + ">"),
        compiled<Float, For<Vector2d, everything_fixed>, For<Vector2z, solves>, Others...>("Reversible<" + name +
                                                                                           ", Floating>")};
  }
}

}  // namespace antistrophe::runner
