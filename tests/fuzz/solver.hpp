// The methods that cases are tried with, each compiled for one kind of state.
#pragma once

#include <antistrophe/ensemble.hpp>

#include "fuzz/case.hpp"
#include "runner/runner.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace antistrophe::fuzz {

using namespace runner;

enum class Adjoints { direct, checkpointed, compressed, reversible };

template <class Y>
using ValueOf = ValueAndGradient<Field<Y>, Y>;
template <class Y>
using ValuesOf = EnsembleValueAndGradient<Field<Y>, Y>;

template <class Y>
class Solver {
 public:
  std::string name;
  bool exact = false, reversible = false, adaptive = false;

  virtual ~Solver() = default;
  // By the case's steps, or by these.
  virtual Solution<Y> solve(const Case&, const ProblemOf<Y>&, const StepTo* again) const = 0;
  virtual AnyPass<Y> pass(const Case&, const ProblemOf<Y>&, Adjoints, const StepTo* again) const = 0;

  // Of a loss in adaptive steps, where the method takes them: a gradient in doubt is taken again, unless steps.repeats is 0.
  virtual ValueOf<Y> value(const Case&, const ProblemOf<Y>&, const Adaptive& steps, const AnyLoss<Y>&) const = 0;
  // The same problem two times by one objective, with another one between them.
  virtual std::vector<ValueOf<Y>> values(const Case&, const ProblemOf<Y>&, const ProblemOf<Y>& other,
                                         const Adaptive& steps, const AnyLoss<Y>&) const = 0;
  virtual ValuesOf<Y> ensemble(const Case&, const std::vector<ProblemOf<Y>>&, const Adaptive& steps, const AnyLoss<Y>&,
                               std::size_t threads) const = 0;
};

template <class Y>
using SolverOf = std::shared_ptr<const Solver<Y>>;
using AnySolver = std::variant<SolverOf<Eigen::Vector2d>, SolverOf<Eigen::VectorXd>, SolverOf<Eigen::Vector2f>>;

inline Adaptive adaptive(const Case& c) {
  const StepSpec& s = c.steps;
  return {.rtol = s.rtol,
          .atol = s.atol,
          .P = s.p,
          .I = s.i,
          .D = s.d,
          .dtmin = s.dtmin,
          .dtmax = s.dtmax,
          .first_step = s.first_step,
          .max_steps = s.max_steps,
          .step_to = s.times,
          .jumps = s.jumps,
          .sensitivity_guard = s.guard,
          .gradient_rtol = s.gradient_rtol};
}

// Holds 66 problems like this one in lanes against each of them alone, where lanes may take them: Dopri5 in adaptive steps,
// equations of sums and products. Throws Broken, and says how many gradients it has seen taken again.
int try_lanes(const Case&);

// methods/*.cpp
std::vector<AnySolver> plain_solvers();
std::vector<AnySolver> pair_solvers();
std::vector<AnySolver> point_solvers();
std::vector<AnySolver> adams_solvers();

}  // namespace antistrophe::fuzz
