// SPDX-License-Identifier: MIT
// data_as_parameters(ControlledField{F, path}): y' = F(t, y; θ) X'(t; x), the same equation with the parameters (θ, x), x the values
// of the path at its knots, so that every gradient is one with respect to the data too:
//
//   const auto cde = data_as_parameters(ControlledField{F, path});
//   const auto [value, gradient] = value_and_gradient(Problem{cde, y0, t0, t1}, …);
//   cde.theta_of(gradient.theta)    that of F's parameters
//   cde.data_of(gradient.theta)     that of the data the path was made of, 0 where they were missing: channels × knots, sample
//                                   after sample
// F's vjp must have dX_bar (control/controlled_field.hpp), and the path is one through data, of control/.
#pragma once

#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/detail/control_calls.hpp>
#include <antistrophe/control/detail/knot_path.hpp>

#include <Eigen/Core>

#include <utility>
#include <vector>

namespace antistrophe {

// Scalar is that of the state and of F's parameters.
template <class F, class Path, class Scalar = double>
class DataControlledField {
 public:
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  explicit DataControlledField(const ControlledField<F, Path>& field)
      : vector_field_(field.vector_field), path_(field.path), count_(count_of(field.vector_field)) {
    all_.resize(count_ + path_.values().size());
    if constexpr (detail::HasParameters<F>) all_.head(count_) = vector_field_.parameters();
    all_.tail(path_.values().size()) = path_.values().reshaped().template cast<Scalar>();
  }

  // (θ, x), x as path.values() has it, with what was missing filled in.
  const Vector& parameters() const { return all_; }
  Vector& parameters() { return all_; }
  std::vector<double> jumps() const
    requires detail::OffersJumps<Path>
  {
    return path_.jumps();
  }

  // The parts of a vector like parameters(), a gradient.
  Vector theta_of(const Vector& bar) const { return bar.head(count_); }
  Eigen::MatrixXd data_of(const Vector& bar) const {
    const Eigen::MatrixXd& like = path_.values();
    return path_.data_bar(bar.tail(like.size()).reshaped(like.rows(), like.cols()).template cast<double>());
  }
  const Path& path() const { return path_; }

  template <class Y>
  struct Tape {
    F vector_field;  // with the parameters of this evaluation
    detail::KnotWeights weights;
    ControlOf<Y> dX;
    mutable ControlOf<Y> dX_bar, ddX;
    mutable Parameters<F, Y> theta_bar;
    mutable detail::KnotWeights more_weights;
    antistrophe::Tape<F, Y> of_F;
  };
  // True where F can be called with a state Y, and pulled back; else a compile error with the reason.
  template <class M, class Y>
  static consteval bool require_method() {
    return detail::ControlRequirements<F>::template require_method<M, Y>();
  }
  template <class Y>
  static consteval bool require_vjp() {
    constexpr bool knows_control = detail::ControlKnowsControl<F, Y>;
    static_assert(knows_control,
                  "antistrophe: gradients with respect to the data need a vjp of F with dX_bar: void vjp(double t, "
                  "const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& dX_bar, auto& theta_bar) const, "
                  "adding F(t, y)^T w to dX_bar.");
    if constexpr (knows_control)
      return detail::ControlRequirements<F>::template require_vjp<Y>();
    else
      return false;
  }

  template <class Y>
  Tape<Y> make_tape(const Y& like) const {
    detail::check_samples(path_, like);
    const ControlOf<Y> zero = ControlOf<Y>::Zero(path_.channels(), like.cols());
    Tape<Y> tape{vector_field_,
                 {},
                 zero,
                 zero,
                 zero,
                 detail::zero_parameters<F, Y>(vector_field_),
                 {},
                 detail::make_tape<F, Y>(vector_field_, like)};
    path_.weights(path_.knots()[0], 1, tape.weights);
    tape.more_weights = tape.weights;
    return tape;
  }

  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    if constexpr (detail::HasParameters<F>) tape.vector_field.parameters() = all_.head(count_);
    path_.weights(t, 1, tape.weights);
    combine(tape.weights, tape.dX);
    detail::evaluate_control(tape.vector_field, t, y, std::as_const(tape.dX), dy, tape.of_F);
  }

  template <EigenState Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Vector& theta_bar) const {
    vjp(t, y, evaluated(t, y), w, y_bar, theta_bar);
  }
  template <EigenState Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Vector& theta_bar) const {
    Scalar t_bar(0);
    pull_back(t, y, tape, w, y_bar, theta_bar, t_bar);
  }
  template <EigenState Y>
    requires detail::ControlKnowsTime<F, Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Vector& theta_bar, Scalar& t_bar) const {
    vjp(t, y, evaluated(t, y), w, y_bar, theta_bar, t_bar);
  }
  template <EigenState Y>
    requires detail::ControlKnowsTime<F, Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Vector& theta_bar, Scalar& t_bar) const {
    pull_back(t, y, tape, w, y_bar, theta_bar, t_bar);
    path_.weights(t, 2, tape.more_weights);
    combine(tape.more_weights, tape.ddX);
    t_bar += detail::inner_product(tape.dX_bar, tape.ddX);
  }

 private:
  static Eigen::Index count_of(const F& f) {
    if constexpr (detail::HasParameters<F>)
      return f.parameters().size();
    else
      return 0;
  }

  template <class Y>
  Tape<Y> evaluated(double t, const Y& y) const {
    Tape<Y> tape = make_tape(y);
    Y dy = y;
    (*this)(t, y, dy, tape);
    return tape;
  }

  // Σ weights x.
  template <class Control>
  void combine(const detail::KnotWeights& knots, Control& result) const {
    const Eigen::Index rows = result.size();
    result.setZero();
    for (Eigen::Index j = 0; j < knots.count; ++j) {
      const auto weight = static_cast<Scalar>(knots.weights[j]);
      const Scalar* const x = all_.data() + count_ + (knots.first + j) * rows;
      for (Eigen::Index r = 0; r < rows; ++r) result.data()[r] += weight * x[r];
    }
  }

  template <class Y>
  void pull_back(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Vector& theta_bar,
                 Scalar& t_bar) const {
    static_assert(require_vjp<Y>() || true);  // one sentence is enough
    tape.dX_bar.setZero();
    tape.theta_bar.setZero();
    detail::pull_back_control(tape.vector_field, t, y, tape.dX, tape.of_F, w, y_bar, tape.dX_bar, tape.theta_bar,
                              t_bar);
    theta_bar.head(count_) += tape.theta_bar;
    const Eigen::Index rows = tape.dX.size();
    for (Eigen::Index j = 0; j < tape.weights.count; ++j) {
      const auto weight = static_cast<Scalar>(tape.weights.weights[j]);
      Scalar* const x_bar = theta_bar.data() + count_ + (tape.weights.first + j) * rows;
      for (Eigen::Index r = 0; r < rows; ++r) x_bar[r] += weight * tape.dX_bar.data()[r];
    }
  }

  F vector_field_;
  Path path_;
  Eigen::Index count_;
  Vector all_;
};

template <class Scalar = double, class F, class Path>
DataControlledField<F, Path, Scalar> data_as_parameters(const ControlledField<F, Path>& field) {
  return DataControlledField<F, Path, Scalar>(field);
}

}  // namespace antistrophe
