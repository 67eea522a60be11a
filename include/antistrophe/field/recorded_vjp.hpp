// SPDX-License-Identifier: MIT
// A differentiable vector field from f alone, by reverse differentiation along a recording:
//   recorded_vjp(f, theta)   f(t, y, theta, dy) writes dy
//   recorded_vjp(f)          f(t, y, dy), without parameters
// f is the function that automatic_vjp takes. What it does is written down once, and each vjp goes along that forth and
// back, at the cost of some ten to thirty plain evaluations of f, however many unknowns and parameters there are.
// docs/automatic_vjp.md says when it pays.
// Where f branches on its arguments (if (y[0] > 0), for instance) another branch is noticed and recorded in its turn. What f
// captures is part of it, and constant.
// Copies of the field share what was recorded, and may be used by several threads at a time.
#pragma once

#include <antistrophe/field/detail/recorded_number.hpp>
#include <antistrophe/field/detail/recordings.hpp>
#include <antistrophe/field/detail/reverse_vjp.hpp>

#include <utility>

namespace antistrophe {

namespace detail {

class RecordedEngine {
 public:
  using Number = RecordedNumber;
  static constexpr const char* name = "recorded_vjp";
  static constexpr bool needs_time = false;

  void pull_back(const VjpQuestion<Number>& question) { recordings_.pull_back(question); }
  void doubt() {}  // every replay is held against f
  // How often the function was recorded.
  std::size_t times_recorded() const { return recordings_.times_recorded(); }

 private:
  Recordings<Interpreted> recordings_;
};

}  // namespace detail

// The field of f(t, y, theta, dy) with parameters theta0, an Eigen column vector of double. Take the time as auto where gradients
// with respect to t0 and t1 are wanted, and so that a recording holds at any time.
template <class Function, class Derived>
auto recorded_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0) {
  return detail::reverse_vjp<detail::RecordedEngine>(std::move(function), theta0);
}

// The field of f(t, y, dy), without parameters.
template <class Function>
auto recorded_vjp(Function function) {
  return detail::reverse_vjp<detail::RecordedEngine>(std::move(function), detail::NoTheta{});
}

}  // namespace antistrophe
