// The methods that cases are tried with, each compiled for one kind of state.
#pragma once

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
class Solver {
 public:
  std::string name;
  bool exact = false, reversible = false, adaptive = false;

  virtual ~Solver() = default;
  // By the case's steps, or by these.
  virtual Solution<Y> solve(const Case&, const ProblemOf<Y>&, const StepTo* again) const = 0;
  virtual AnyPass<Y> pass(const Case&, const ProblemOf<Y>&, Adjoints, const StepTo* again) const = 0;
};

template <class Y>
using SolverOf = std::shared_ptr<const Solver<Y>>;
using AnySolver = std::variant<SolverOf<Eigen::Vector2d>, SolverOf<Eigen::VectorXd>, SolverOf<Eigen::Vector2f>>;

// methods/*.cpp
std::vector<AnySolver> plain_solvers();
std::vector<AnySolver> pair_solvers();
std::vector<AnySolver> point_solvers();
std::vector<AnySolver> adams_solvers();

}  // namespace antistrophe::fuzz
