// SPDX-License-Identifier: MIT
// Known test problems, ready to be solved: all of one type, so that a method is compiled once for all of them.
//   for (const auto& test : test_problems::all()) … solve(test.problem, Dopri5{}, Adaptive{.step_to = test.jumps}) …
// Their equations are in problems/equations.hpp, as functions of one's own types; what they come to is known from a solver of its
// own in numbers of 113 bits (problems/detail/reference_values.hpp).
#pragma once

#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/problem/problem.hpp>
#include <antistrophe/test_problems/detail/reference_values.hpp>
#include <antistrophe/test_problems/equations.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::test_problems {

namespace detail {

// A field of vectors behind a pointer.
class AnyField {
 public:
  using Y = Eigen::VectorXd;

  AnyField() = default;
  virtual ~AnyField() = default;
  AnyField(const AnyField&) = delete;
  AnyField& operator=(const AnyField&) = delete;
  virtual std::unique_ptr<AnyField> clone() const = 0;
  virtual Y& parameters() = 0;
  virtual void evaluate(double t, const Y& y, Y& dy) const = 0;
  virtual void vjp(double t, const Y& y, const Y& w, Y& y_bar, Y& theta_bar, double& t_bar) const = 0;
  virtual void jvp(double t, const Y& y, const Y& y_dot, const Y& theta_dot, double t_dot, Y& dy_dot) const = 0;
};

template <class Equations>
class FieldOf final : public AnyField {
 public:
  FieldOf(const Equations& equations, Y theta) : field_(equations, std::move(theta)) {}
  std::unique_ptr<AnyField> clone() const override {
    return std::make_unique<FieldOf>(Equations{}, field_.parameters());
  }
  Y& parameters() override { return field_.parameters(); }
  void evaluate(double t, const Y& y, Y& dy) const override { field_(t, y, dy); }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Y& theta_bar, double& t_bar) const override {
    field_.vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
  void jvp(double t, const Y& y, const Y& y_dot, const Y& theta_dot, double t_dot, Y& dy_dot) const override {
    field_.jvp(t, y, y_dot, theta_dot, t_dot, dy_dot);
  }

 private:
  AutomaticVjp<Equations, Y> field_;
};

}  // namespace detail

// A vector field over vectors, with its parameters, its vjp and its jvp. Copies are independent.
class Field {
 public:
  using Y = Eigen::VectorXd;

  template <class Equations>
    requires(!std::is_base_of_v<Field, Equations>)
  Field(const Equations& equations, Y theta)
      : field_(std::make_unique<detail::FieldOf<Equations>>(equations, std::move(theta))) {}
  Field(const Field& other) : field_(other.field_->clone()) {}
  Field& operator=(const Field& other) {
    field_ = other.field_->clone();
    return *this;
  }
  Field(Field&&) = default;
  Field& operator=(Field&&) = default;
  ~Field() = default;

  const Y& parameters() const { return field_->parameters(); }
  Y& parameters() { return field_->parameters(); }
  void operator()(double t, const Y& y, Y& dy) const { field_->evaluate(t, y, dy); }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Y& theta_bar, double& t_bar) const {
    field_->vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
  void jvp(double t, const Y& y, const Y& y_dot, const Y& theta_dot, const double& t_dot, Y& dy_dot) const {
    field_->jvp(t, y, y_dot, theta_dot, t_dot, dy_dot);
  }

 private:
  std::unique_ptr<detail::AnyField> field_;
};

struct TestProblem {
  std::string name;
  Problem<Field, Eigen::VectorXd> problem;
  std::vector<double> jumps;  // for .jumps of the steps
  bool stiff;                 // for an explicit method
  // To the last digit of a double: the state at t1, and the gradient of the sum of its entries.
  Eigen::VectorXd y1, gradient_y0, gradient_theta;
};

// All of them, DETEST first.
inline std::vector<TestProblem> all() {
  std::vector<TestProblem> result;
  std::size_t number = 0;
  visit_all([&](const Setting& s, const auto& equations) {
    const detail::ReferenceOf& reference = detail::references[number++];
    const Eigen::Index n = s.y0.size(), p = s.theta.size();
    const double* const values = detail::reference_values + reference.first;
    const auto part = [&](Eigen::Index first, Eigen::Index size) {
      return Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(values + first, size));
    };
    result.push_back({s.name,
                      {Field(equations, s.theta), s.y0, 0.0, s.t1},
                      s.jumps,
                      s.stiff,
                      part(0, n),
                      part(n, n),
                      part(2 * n, p)});
  });
  return result;
}

// The one of that name. Throws std::invalid_argument where there is none.
inline TestProblem named(std::string_view name) {
  for (TestProblem& test : all())
    if (test.name == name) return std::move(test);
  antistrophe::detail::refuse("the name of a test problem", std::string(name), "one of test_problems::all()");
}

}  // namespace antistrophe::test_problems
