// SPDX-License-Identifier: MIT
// try_out(method, steps): solves all test problems by a method, with gradients, and says how far off it was. For methods and
// controllers of one's own, before anything is built on them:
//   std::cout << test_problems::try_out(Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6});
#pragma once

#include <antistrophe/gradient.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/test_problems/test_problem.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iomanip>
#include <limits>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::test_problems {

// What one problem came to. Errors are the largest of all entries, |off|/(1 + |right|).
struct Trial {
  std::string name;
  bool solved = false;
  std::string why;                                     // it was not
  double error = HUGE_VAL, gradient_error = HUGE_VAL;  // of the state at t1; of the gradient of the sum of its entries
  std::int64_t steps = 0, evaluations = 0;             // of the way forth
};

// tolerance: that of the steps, in units of which the table below gives errors; 1 where they have none.
struct Trials {
  std::vector<Trial> each;
  double tolerance = 1;

  // The largest errors of those that were solved, in tolerances.
  double worst() const { return most(&Trial::error); }
  double worst_gradient() const { return most(&Trial::gradient_error); }
  std::ptrdiff_t solved() const {
    return std::count_if(each.begin(), each.end(), [](const Trial& trial) { return trial.solved; });
  }

  friend std::ostream& operator<<(std::ostream& out, const Trials& trials) {
    const auto flags = out.flags();
    const auto precision = out.precision(2);
    out << std::left << std::setw(24) << "problem" << std::right << std::setw(10) << "steps" << std::setw(13)
        << "evaluations" << std::setw(10) << "error" << std::setw(10) << "gradient" << '\n';
    for (const Trial& trial : trials.each) {
      out << std::left << std::setw(24) << trial.name << std::right << std::setw(10) << trial.steps << std::setw(13)
          << trial.evaluations;
      if (trial.solved)
        out << std::setw(10) << trial.error / trials.tolerance << std::setw(10)
            << trial.gradient_error / trials.tolerance;
      else
        out << "  " << trial.why;
      out << '\n';
    }
    out.flags(flags);
    out.precision(precision);
    return out;
  }

 private:
  double most(double Trial::*which) const {
    double result = 0;
    for (const Trial& trial : each)
      if (trial.solved) result = std::max(result, trial.*which);
    return result / tolerance;
  }
};

namespace detail {

inline double largest_error(const Eigen::VectorXd& a, const Eigen::VectorXd& right) {
  return ((a - right).array().abs() / (1 + right.array().abs())).maxCoeff();
}

template <class M, class StepsType, class... Extras>
Trial try_one(const TestProblem& test, const M& method, StepsType steps, const Extras&... extras) {
  steps.jumps.insert(steps.jumps.end(), test.jumps.begin(), test.jumps.end());
  std::sort(steps.jumps.begin(), steps.jumps.end());
  // How far off a gradient is, is what is to be seen.
  if constexpr (requires { steps.gradient_rtol; }) steps.gradient_rtol = std::numeric_limits<double>::infinity();
  Eigen::VectorXd y1;
  const auto sum = [&](const std::vector<Eigen::VectorXd>& ys, std::vector<Eigen::VectorXd>& ys_bar) {
    y1 = ys.back();
    ys_bar.back().setOnes();
    return y1.sum();
  };
  Trial trial;
  trial.name = test.name;
  try {
    const auto result = value_and_gradient(test.problem, method, steps, sum, extras..., OnFailure::return_status);
    trial.steps = result.stats.steps;
    trial.evaluations = result.stats.evaluations;
    trial.solved = !failed(result.failure.status);
    if (trial.solved) {
      trial.error = largest_error(y1, test.y1);
      trial.gradient_error = std::max(largest_error(result.gradient.y0, test.gradient_y0),
                                      largest_error(result.gradient.theta, test.gradient_theta));
    } else {
      trial.why = to_string(result.failure.status);
    }
  } catch (const std::exception& refusal) {  // a resolution that does not suit, and the like
    trial.why = refusal.what();
  }
  return trial;
}

}  // namespace detail

// All tests by a method; steps of any kind, which land on the jumps of f, and extras of value_and_gradient, such as an adjoint.
template <class M, class StepsType, class... Extras>
Trials try_out(const std::vector<TestProblem>& tests, const M& method, const StepsType& steps,
               const Extras&... extras) {
  Trials trials;
  if constexpr (requires { steps.rtol; }) trials.tolerance = steps.rtol;
  for (const TestProblem& test : tests) trials.each.push_back(detail::try_one(test, method, steps, extras...));
  return trials;
}
template <class M, class StepsType, class... Extras>
  requires(!std::is_same_v<M, std::vector<TestProblem>>)
Trials try_out(const M& method, const StepsType& steps, const Extras&... extras) {
  return try_out(all(), method, steps, extras...);
}

}  // namespace antistrophe::test_problems
