// One solve with its gradient by one method: included by the sources that compile methods.
#pragma once

#include "trust/methods.hpp"

#include <cmath>
#include <exception>
#include <string>
#include <utility>

namespace trust {

// Of a case: the sum of the last state's entries; or half the sum of squares of five states.
struct Loss {
  bool saves;
  double operator()(const std::vector<VectorXd>& ys, std::vector<VectorXd>& ys_bar) const {
    if (!saves) {
      ys_bar.back().setOnes();
      return ys.back().sum();
    }
    double sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] = ys[i];
      sum += 0.5 * ys[i].squaredNorm();
    }
    return sum;
  }
};

inline antistrophe::SaveAt save_at(const Case& problem) {
  antistrophe::SaveAt at{.t1 = true};
  if (problem.saves) {
    for (int i = 1; i < 5; ++i) at.times.push_back(problem.t0 + i * (problem.t1 - problem.t0) / 5);
  }
  return at;
}

template <class Result>
void read(const Result& got, Answer& answer) {
  answer.success = got.success();
  answer.why = got.failure.cause;
  answer.value = got.value;
  answer.y0 = got.gradient.y0;
  answer.theta = got.gradient.theta;
  answer.steps = got.stats.accepted;
  answer.evaluations = got.stats.evaluations;
  answer.back = got.gradient.stats.evaluations;
  answer.discarded = got.gradient.stats.discarded;
  answer.estimate = got.gradient.stats.estimated_error;
}

template <class M, class Steps, class Adjoint>
Answer solve_with(const M& method, const Case& problem, Steps steps, const Adjoint& adjoint, bool prices_too) {
  Answer answer;
  const antistrophe::Problem ivp{problem.field, problem.y0, problem.t0, problem.t1};
  const auto gradient = [&] {
    return antistrophe::value_and_gradient(ivp, method, steps, Loss{problem.saves}, save_at(problem), adjoint,
                                           antistrophe::OnFailure::return_status);
  };
  try {
    read(gradient(), answer);
    if (prices_too) {
      answer.evaluations_without_gradient =
          antistrophe::solve(ivp, method, steps, save_at(problem), antistrophe::OnFailure::return_status)
              .stats()
              .evaluations;
      if constexpr (requires { steps.gradient_rtol; }) {
        steps.gradient_rtol = std::numeric_limits<double>::infinity();
        const auto once = gradient();
        if (once.success()) answer.once = once.stats.evaluations + once.gradient.stats.evaluations;
      }
    }
  } catch (const std::exception& error) {
    answer.why = error.what();
  }
  return answer;
}

template <class M, class Adjoint>
BarredAnswer bars_with(const M& method, const Case& problem, const antistrophe::Adaptive& steps, const Adjoint& adjoint,
                       double rtol) {
  BarredAnswer answer;
  const antistrophe::Problem ivp{problem.field, problem.y0, problem.t0, problem.t1};
  try {
    const auto got =
        antistrophe::value_and_gradient(ivp, method, steps, Loss{problem.saves}, save_at(problem), adjoint,
                                        antistrophe::ErrorBars{.rtol = rtol}, antistrophe::OnFailure::return_status);
    read(got, answer);
    answer.evaluations = got.evaluations;
    answer.value_bar = got.error.value;
    answer.y0_bar = got.error.y0;
    answer.theta_bar = got.error.theta;
  } catch (const std::exception& error) {
    answer.why = error.what();
  }
  return answer;
}

inline antistrophe::Adaptive adaptive(double tolerance) {
  return {.rtol = tolerance, .atol = tolerance, .max_steps = 400'000};
}

template <class M>
Method plain(std::string name, M method) {
  return {std::move(name),
          [method](const Case& problem, double tolerance, bool) {
            return solve_with(method, problem, adaptive(tolerance), antistrophe::DirectAdjoint{}, true);
          },
          [method](const Case& problem, double tolerance, bool, double rtol) {
            return bars_with(method, problem, adaptive(tolerance), antistrophe::DirectAdjoint{}, rtol);
          },
          false};
}
template <class M>
Method reversible(std::string name, M method) {
  return {std::move(name),
          [method](const Case& problem, double tolerance, bool stored) {
            if (stored) return solve_with(method, problem, adaptive(tolerance), antistrophe::DirectAdjoint{}, false);
            return solve_with(method, problem, adaptive(tolerance), antistrophe::ReversibleAdjoint{}, true);
          },
          [method](const Case& problem, double tolerance, bool stored, double rtol) {
            if (stored) return bars_with(method, problem, adaptive(tolerance), antistrophe::DirectAdjoint{}, rtol);
            return bars_with(method, problem, adaptive(tolerance), antistrophe::ReversibleAdjoint{}, rtol);
          }};
}

}  // namespace trust
