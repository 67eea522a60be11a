// SPDX-License-Identifier: MIT
// ControlledField{F, path}: y' = F(t, y; θ) X'(t), a differential equation that is driven by a path X (Kidger et al., arXiv
// 2005.08926). It is a field as any other: every method, kind of steps and adjoint takes it. Times at which X' jumps need not be
// named in the steps, which land on them by themselves.
//
//   ControlledField cde{F, LinearPath{times, values}};
//   auto [value, gradient] = value_and_gradient(Problem{cde, y0, 0.0, 1.0}, Reversible<Dopri5>{}, Adaptive{}, loss);
//
// F, of a state y (n, or n × samples) and dX (channels, or channels × samples; plain Eigen objects of y's scalar):
//   void operator()(double t, const auto& y, const auto& dX, auto& dy) const;     writes dy = F(t, y) dX
//   void vjp(double t, const auto& y, const auto& dX, const auto& w, auto& y_bar[, auto& dX_bar], auto& theta_bar[, auto& t_bar]) const;
// the latter adds the cotangents of F(t, y) dX, to dX_bar F(t, y)ᵀ w, to t_bar that of F's own t. With dX_bar, gradients with respect
// to the data are there (control/data_as_parameters.hpp); with dX_bar and t_bar, or where F says `autonomous = true`, those with
// respect to t0 and t1. parameters() is as of any field; a tape goes after dy and after dX. MlpMatrix is such an F, MatrixField makes
// one of a function that writes the matrix.
//
// A path has channels(), samples() and void derivative(double t, auto& dX) const, which writes X'(t); if X' jumps,
// std::vector<double> jumps() const; for the gradients of times void second_derivative(double t, auto& ddX) const.
#pragma once

#include <antistrophe/control/detail/control_calls.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/concepts.hpp>

#include <Eigen/Core>

#include <string>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// The path has a sample for each column of the state.
template <class Path, class Y>
void check_samples(const Path& path, const Y& y) {
  if (path.samples() != y.cols())
    refuse("the number of columns of a controlled state", y.cols(),
           in_words(path.samples()) + ", the number of the path's samples");
}

template <class Path, class Y>
concept HasSecondDerivative = requires(const Path& path, ControlOf<Y>& ddX) { path.second_derivative(0.0, ddX); };

}  // namespace detail

template <class F, class Path>
struct ControlledField {
  F vector_field;
  Path path;

  decltype(auto) parameters() const
    requires detail::HasParameters<F>
  {
    return vector_field.parameters();
  }
  decltype(auto) parameters()
    requires detail::HasParameters<F>
  {
    return vector_field.parameters();
  }
  std::vector<double> jumps() const
    requires detail::OffersJumps<Path>
  {
    return path.jumps();
  }

  using FieldRequirements = detail::ControlRequirements<F>;

  // X' where it was asked for last, and what F keeps.
  template <class Y>
  struct Tape {
    ControlOf<Y> dX;
    mutable ControlOf<Y> dX_bar, ddX;
    antistrophe::Tape<F, Y> of_F;

    std::size_t bytes() const
      requires requires { of_F.bytes(); }
    {
      return 3 * sizeof(typename Y::Scalar) * static_cast<std::size_t>(dX.size()) + of_F.bytes();
    }
  };
  // Throws std::invalid_argument where the path has not as many samples as the state has columns.
  template <class Y>
  Tape<Y> make_tape(const Y& like) const {
    detail::check_samples(path, like);
    const ControlOf<Y> zero = ControlOf<Y>::Zero(path.channels(), like.cols());
    return {zero, zero, zero, detail::make_tape<F, Y>(vector_field, like)};
  }

  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    path.derivative(t, tape.dX);
    detail::evaluate_control(vector_field, t, y, std::as_const(tape.dX), dy, tape.of_F);
  }

  template <EigenState Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar) const {
    vjp(t, y, evaluated(t, y), w, y_bar, theta_bar);
  }
  template <EigenState Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar) const {
    typename Y::Scalar t_bar(0);
    detail::pull_back_control(vector_field, t, y, tape.dX, tape.of_F, w, y_bar, tape.dX_bar, theta_bar, t_bar);
  }
  template <EigenState Y>
    requires(detail::ControlKnowsTime<F, Y> && detail::HasSecondDerivative<Path, Y>)
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) const {
    vjp(t, y, evaluated(t, y), w, y_bar, theta_bar, t_bar);
  }
  template <EigenState Y>
    requires(detail::ControlKnowsTime<F, Y> && detail::HasSecondDerivative<Path, Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Parameters<F, Y>& theta_bar,
           typename Y::Scalar& t_bar) const {
    tape.dX_bar.setZero();
    detail::pull_back_control(vector_field, t, y, tape.dX, tape.of_F, w, y_bar, tape.dX_bar, theta_bar, t_bar);
    path.second_derivative(t, tape.ddX);
    t_bar += detail::inner_product(tape.dX_bar, tape.ddX);
  }

  // Either half of the vjp alone, where F offers them: vjp_state(t, y, dX, tape, w, y_bar), vjp_parameters(t, y, dX, tape, w, theta_bar).
  template <EigenState Y>
    requires detail::ControlInHalves<F, Y>
  void vjp_state(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar) const {
    vector_field.vjp_state(t, y, tape.dX, tape.of_F, w, y_bar);
  }
  template <EigenState Y>
    requires detail::ControlInHalves<F, Y>
  void vjp_parameters(double t, const Y& y, const Tape<Y>& tape, const Y& w, Parameters<F, Y>& theta_bar) const {
    vector_field.vjp_parameters(t, y, tape.dX, tape.of_F, w, theta_bar);
  }

 private:
  template <class Y>
  Tape<Y> evaluated(double t, const Y& y) const {
    Tape<Y> tape = make_tape(y);
    Y dy = y;
    (*this)(t, y, dy, tape);
    return tape;
  }
};
template <class F, class Path>
ControlledField(F, Path) -> ControlledField<F, Path>;

}  // namespace antistrophe
