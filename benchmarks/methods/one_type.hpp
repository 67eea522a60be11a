// Problems that go by many methods, made one type for all fields and states: each method is then compiled once, not for each of
// them. Only where a program is tried (ANTISTROPHE_EXAMPLE_TRIED); where it draws its pictures, problems stay what they are, for
// a call through a pointer and a vector on the heap take time.
#pragma once

#include <antistrophe/problem/problem.hpp>

#include <Eigen/Core>

#include <functional>

namespace support {

#ifdef ANTISTROPHE_EXAMPLE_TRIED

template <class Scalar>
struct AnyField {
  using Vector = Eigen::VectorX<Scalar>;
  Vector theta;
  std::function<void(double t, const Vector& y, Vector& dy)> f;
  std::function<void(double t, const Vector& y, const Vector& w, Vector& y_bar, Vector& theta_bar)> pull_back;

  const Vector& parameters() const { return theta; }
  void operator()(double t, const Vector& y, Vector& dy) const { f(t, y, dy); }
  void vjp(double t, const Vector& y, const Vector& w, Vector& y_bar, Vector& theta_bar) const {
    pull_back(t, y, w, y_bar, theta_bar);
  }
};

// The field is still called with its own states and parameters.
template <class F, class Y>
auto one_type(const antistrophe::Problem<F, Y>& problem) {
  using Vector = Eigen::VectorX<typename Y::Scalar>;
  const F& field = problem.field;
  AnyField<typename Y::Scalar> any{
      field.parameters(),
      [field](double t, const Vector& y, Vector& dy) {
        Y dy_own;
        field(t, Y(y), dy_own);
        dy = dy_own;
      },
      [field](double t, const Vector& y, const Vector& w, Vector& y_bar, Vector& theta_bar) {
        Y y_bar_own = y_bar;
        antistrophe::Parameters<F, Y> theta_bar_own = theta_bar;
        field.vjp(t, Y(y), Y(w), y_bar_own, theta_bar_own);
        y_bar = y_bar_own;
        theta_bar = theta_bar_own;
      }};
  return antistrophe::Problem{any, Vector(problem.y0), problem.t0, problem.t1};
}

#else

template <class F, class Y>
const antistrophe::Problem<F, Y>& one_type(const antistrophe::Problem<F, Y>& problem) {
  return problem;
}

#endif

}  // namespace support
