// SPDX-License-Identifier: MIT
// MatrixField{F}: the product F(t, y) dX, made of a function that writes the matrix, for ControlledField. It is called with one
// sample at a time:
//   void matrix(double t, const auto& y, auto& A) const;                                 writes A = F(t, y), n × channels
//   void matrix_vjp(double t, const auto& y, const auto& A_bar, auto& y_bar, auto& theta_bar) const;   adds its cotangents
#pragma once

#include <antistrophe/control/detail/control_calls.hpp>
#include <antistrophe/field/concepts.hpp>

#include <Eigen/Core>

#include <utility>

namespace antistrophe {

template <class F>
struct MatrixField : F {
  // One sample, and F there.
  template <class Y>
  struct Tape {
    using Sample = Eigen::Matrix<typename Y::Scalar, Y::RowsAtCompileTime, 1>;
    using Matrix = Eigen::Matrix<typename Y::Scalar, Y::RowsAtCompileTime, Eigen::Dynamic>;
    mutable Sample y, y_bar;
    mutable Matrix A, A_bar;
  };

  // True where F writes to what it is given; else a compile error with the reason.
  template <class Y>
  static consteval bool require_state() {
    using Sample = typename Tape<Y>::Sample;
    constexpr bool copied =
        detail::copies_cotangent<detail::CallMatrix, F, detail::Types<double, Sample>, typename Tape<Y>::Matrix>;
    static_assert(!copied,
                  "antistrophe: the matrix of a MatrixField takes A by value, and what it writes to a copy is lost: "
                  "void matrix(double t, const auto& y, auto& A) const.");
    return !copied;
  }
  // Whether matrix_vjp takes cotangents by value.
  template <class Y>
  static constexpr bool matrix_copies_cotangent =
      detail::copies_cotangent<detail::CallMatrixVjp, F,
                               detail::Types<double, typename Tape<Y>::Sample, typename Tape<Y>::Matrix>,
                               typename Tape<Y>::Sample, Parameters<F, Y>>;

  template <EigenState Y>
  void operator()(double t, const Y& y, const ControlOf<Y>& dX, Y& dy) const {
    Tape<Y> tape;
    (*this)(t, y, dX, dy, tape);
  }
  template <EigenState Y>
  void operator()(double t, const Y& y, const ControlOf<Y>& dX, Y& dy, Tape<Y>& tape) const {
    for (Eigen::Index s = 0; s < y.cols(); ++s) {
      evaluate(t, y, dX.rows(), s, tape);
      dy.col(s).setZero();
      for (Eigen::Index c = 0; c < dX.rows(); ++c)
        for (Eigen::Index i = 0; i < y.rows(); ++i) dy(i, s) += tape.A(i, c) * dX(c, s);
    }
  }

  template <EigenState Y>
  void vjp(double t, const Y& y, const ControlOf<Y>& dX, const Y& w, Y& y_bar, ControlOf<Y>& dX_bar,
           Parameters<F, Y>& theta_bar) const {
    vjp(t, y, dX, Tape<Y>{}, w, y_bar, dX_bar, theta_bar);
  }
  template <EigenState Y>
  void vjp(double t, const Y& y, const ControlOf<Y>& dX, const Tape<Y>& tape, const Y& w, Y& y_bar,
           ControlOf<Y>& dX_bar, Parameters<F, Y>& theta_bar) const {
    for (Eigen::Index s = 0; s < y.cols(); ++s) {
      evaluate(t, y, dX.rows(), s, tape);
      for (Eigen::Index c = 0; c < dX.rows(); ++c)
        for (Eigen::Index i = 0; i < y.rows(); ++i) {
          tape.A_bar(i, c) = w(i, s) * dX(c, s);
          dX_bar(c, s) += tape.A(i, c) * w(i, s);
        }
      tape.y_bar.setZero();
      this->matrix_vjp(t, std::as_const(tape.y), std::as_const(tape.A_bar), tape.y_bar, theta_bar);
      for (Eigen::Index i = 0; i < y.rows(); ++i) y_bar(i, s) += tape.y_bar[i];
    }
  }

 private:
  template <class Y>
  void evaluate(double t, const Y& y, Eigen::Index channels, Eigen::Index s, const Tape<Y>& tape) const {
    tape.y.resize(y.rows());
    tape.y_bar.resize(y.rows());
    tape.A.resize(y.rows(), channels);
    tape.A_bar.resize(y.rows(), channels);
    for (Eigen::Index i = 0; i < y.rows(); ++i) tape.y[i] = y(i, s);
    this->matrix(t, std::as_const(tape.y), tape.A);
  }
};
template <class F>
MatrixField(F) -> MatrixField<F>;

}  // namespace antistrophe
