// A method as laws see it: its facts, and solves by it for every kind of state that it is compiled for (runner/methods).
#pragma once

#include "runner/runner.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace antistrophe::runner {

using Vector2d = Eigen::Vector2d;
using Vector2f = Eigen::Vector2f;
using Vector3d = Eigen::Vector3d;
using Vector4d = Eigen::Vector4d;
// For complex steps, and differences in long double too.
using Complex = std::complex<long double>;
using Vector2z = Eigen::Vector<Complex, 2>;
using Vector3z = Eigen::Vector<Complex, 3>;
using Vector4z = Eigen::Vector<Complex, 4>;
using Batch = Eigen::Matrix<double, 2, Eigen::Dynamic>;

// The kinds of state that methods may be compiled for.
template <class... Y>
struct RunnersOf {
  std::tuple<std::shared_ptr<const Runner<Y>>...> list;
};
using Runners = RunnersOf<Vector2d, Vector2f, Vector2z, Vector3d, Vector3z, Vector4d, Vector4z, Batch>;

// What laws ask about a method; `stages` and `increments` are those of a step, evaluations of a whole solve are functions of
// the number of steps.
struct MethodFacts {
  std::string name;
  int order = 0, stages = 0, increments = 1;
  bool reversible = false, exact = false, two_points = false;
  bool both_ways = true;  // it may go towards smaller times
  bool of_times = true;   // there are gradients with respect to the times; else they are 0 here
  int error_estimates = 0;
  int tried_calls = 0;        // evaluations at the turn, which tries the vjp once: one of a field that keeps a tape
  bool sees_the_end = false;  // its estimate has a stage at the step's end
  double lambda = 0;          // as it is tried
  std::int64_t (*evaluations_forth)(std::int64_t n) = nullptr;
  std::int64_t (*evaluations_back)(std::int64_t n) = nullptr;
  std::int64_t (*vjps_back)(std::int64_t n) = nullptr;
};

class AnyMethod {
 public:
  AnyMethod(std::shared_ptr<const MethodFacts> facts, std::shared_ptr<const Runners> runners)
      : facts_(std::move(facts)), runners_(std::move(runners)) {}

  const std::string& name() const { return facts_->name; }
  const MethodFacts& facts() const { return *facts_; }
  const MethodFacts* operator->() const { return facts_.get(); }

  // The same method with another λ, and so on.
  AnyMethod with(Options options) const {
    AnyMethod result = *this;
    result.options_ = options;
    return result;
  }
  AnyMethod with_lambda(double lambda) const {
    AnyMethod result = *this;
    result.options_.lambda = lambda;
    return result;
  }
  // As a user writes it, with no option given.
  AnyMethod by_default() const { return with({.by_default = true, .quiet = options_.quiet}); }
  AnyMethod quiet() const {
    AnyMethod result = *this;
    result.options_.quiet = true;
    return result;
  }
  AnyMethod real_valued() const {
    AnyMethod result = *this;
    result.options_.real_valued = true;
    return result;
  }

  template <class Y>
  const Runner<Y>& runner() const {
    const auto& found = std::get<std::shared_ptr<const Runner<Y>>>(runners_->list);
    if (!found) throw std::logic_error(name() + " is not compiled for such states");
    return *found;
  }

  template <class Y>
  Solution<Y> solve(const ProblemOf<Y>& problem, const AnySteps& steps, const SaveAt& save_at = {},
                    OnFailure on_failure = OnFailure::throw_error) const {
    return runner<Y>().solve(options_, problem, steps, save_at, {}, on_failure);
  }
  template <class Y, class... E>
  Solution<Y> solve(const ProblemOf<Y>& problem, const AnySteps& steps, const SaveAt& save_at,
                    const Events<E...>& events, OnFailure on_failure = OnFailure::throw_error) const {
    return runner<Y>().solve(options_, problem, steps, save_at, AnyEvents<Y>(events), on_failure);
  }
  template <class Y>
  AnyPass<Y> solve_with_pullback(const ProblemOf<Y>& problem, const AnySteps& steps, const SaveAt& save_at = {},
                                 const AnyAdjoint& adjoint = {}) const {
    return runner<Y>().solve_with_pullback(options_, problem, steps, save_at, adjoint, {});
  }
  template <class Y, class... E>
  AnyPass<Y> solve_with_pullback(const ProblemOf<Y>& problem, const AnySteps& steps, const SaveAt& save_at,
                                 const AnyAdjoint& adjoint, const Events<E...>& events) const {
    return runner<Y>().solve_with_pullback(options_, problem, steps, save_at, adjoint, AnyEvents<Y>(events));
  }
  template <class Y>
  ValueAndGradient<Field<Y>, Y> value_and_gradient(const ProblemOf<Y>& problem, const AnySteps& steps, auto&& loss,
                                                   const SaveAt& save_at = {}, const AnyAdjoint& adjoint = {}) const {
    AnyPass<Y> pass = solve_with_pullback(problem, steps, save_at, adjoint);
    std::vector<Y> ys_bar = pass.ys();
    for (Y& y_bar : ys_bar) y_bar.setZero();
    const RealOf<Y> value = loss(pass.ys(), ys_bar);
    return {value, pass.pullback(ys_bar)};
  }
  template <class Y>
  RoundTrip<Y> assert_reversible(const ProblemOf<Y>& problem, const AnySteps& steps) const {
    return runner<Y>().assert_reversible(options_, problem, steps);
  }
  template <class Y>
  bool meets_every_carry(const ProblemOf<Y>& problem, std::int64_t n) const {
    return runner<Y>().meets_every_carry(options_, problem, FixedSteps{n});
  }
  template <class Y>
  TracesOfRejection rejected_attempts(const ProblemOf<Y>& problem, const Timeline& timeline) const {
    return runner<Y>().rejected_attempts(options_, problem, timeline);
  }
  template <class Y>
  std::function<Y()> two_steps(const ProblemOf<Y>& problem, const AnySteps& steps) const {
    return runner<Y>().two_steps(options_, problem, steps);
  }
  template <class Y>
  std::vector<Y> estimates(const ProblemOf<Y>& problem, const AnySteps& steps) const {
    return runner<Y>().estimates(options_, problem, steps);
  }

 private:
  std::shared_ptr<const MethodFacts> facts_;
  std::shared_ptr<const Runners> runners_;
  Options options_;
};

using Methods = std::vector<AnyMethod>;

// All methods for any field; those for noisy ones, which take a field for the drift (runner/methods/ito.cpp); and those of both with
// these names: methods("Euler, Reversible<RK4>").
const Methods& all_methods();
const Methods& ito_methods();
Methods methods(std::string_view names);
Methods joined(std::initializer_list<Methods> lists);

}  // namespace antistrophe::runner
