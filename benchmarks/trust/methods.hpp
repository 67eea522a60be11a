// The methods that are tried, each compiled for the one type of field.
#pragma once

#include "trust/problems.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace trust {

struct Answer {
  bool success = false;
  std::string why;  // it is none
  double value = 0;
  VectorXd y0, theta;  // the gradient
  std::int64_t steps = 0, evaluations = 0, evaluations_without_gradient = 0;
  double estimate = 0;  // of the gradient's error, in parts of its size
  std::int64_t back = 0,
               discarded = 0;  // evaluations: of the way back; there and back, of solves that were taken again
  std::int64_t once = 0;       // there and back, of one gradient in the steps asked for, whatever it is worth
};

// With the error bars of value and gradient.
struct BarredAnswer : Answer {
  double value_bar = 0;
  VectorXd y0_bar, theta_bar;
};

struct Method {
  std::string name;
  std::function<Answer(const Case&, double tolerance, bool stored)> solve;  // stored: by the DirectAdjoint
  std::function<BarredAnswer(const Case&, double tolerance, bool stored, double rtol)> bars;  // rtol: of the bars, or 0
  bool reversible = true;
};

std::vector<Method> runge_kutta_methods(), pairs(), floating_pairs(), two_point_methods(), adams_methods(),
    node_methods();

// Dop853 over nodes that resolve every mode of the linearised equation, and again over halves of these; `uncertainty` is the
// difference. Not of what is tested: steps are laid out before the solve.
struct Reference {
  Answer answer;
  double uncertainty = 0;
};
Reference reference(const Case& problem);

}  // namespace trust
