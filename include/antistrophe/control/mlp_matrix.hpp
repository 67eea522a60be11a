// SPDX-License-Identifier: MIT
// MlpMatrix: a network from a state of n numbers to the n × channels matrix F(y) of a controlled field, x ← σ(W x + b) layer by layer,
// the last through a bounded function of its own (arXiv 2005.08926 takes tanh, without which a long path may take the state far away).
// The parameters are one flat vector, as an Mlp's: layer by layer, W row by row, then b. The matrix is read off the last layer column
// by column. The state is a vector, or a matrix of one sample a column; none of ∂F/∂t is there, for F does not see the time.
//
//   MlpMatrix<double, Relu> F{{16, 32}, 13};       // 16 → 32 → 16 × 13
//   F.initialise(FanInUniform{engine});
#pragma once

#include <antistrophe/control/detail/control_calls.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/mlp/activation.hpp>
#include <antistrophe/field/mlp/detail/large_layer.hpp>
#include <antistrophe/field/mlp/detail/vectorised.hpp>
#include <antistrophe/field/mlp/initialisers.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// What the last layer gives is left as it is.
struct Unbounded {};

template <class Scalar_ = double, class Activation = Tanh, class Last = Tanh>
class MlpMatrix {
 public:
  using Scalar = Scalar_;
  using Index = Eigen::Index;
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  static constexpr bool autonomous = true;

  // sizes: that of the state, then of the hidden layers. All parameters are 0. Throws std::invalid_argument where a size is below 1.
  MlpMatrix(std::vector<Index> sizes, Index channels) : sizes_(std::move(sizes)), channels_(channels) {
    if (sizes_.empty()) detail::refuse("the number of MlpMatrix's sizes", 0, "at least 1, that of the state");
    for (std::size_t l = 0; l < sizes_.size(); ++l)
      if (sizes_[l] < 1) detail::refuse_entry("MlpMatrix::sizes", l, sizes_[l], "at least 1");
    if (channels < 1) detail::refuse("MlpMatrix::channels", channels, "at least 1");
    sizes_.push_back(sizes_[0] * channels);
    Index count = 0;
    for (std::size_t l = 0; l + 1 < sizes_.size(); ++l) count += (sizes_[l] + 1) * sizes_[l + 1];
    theta_.setZero(count);
  }

  const Vector& parameters() const { return theta_; }
  Vector& parameters() { return theta_; }
  Index channels() const { return channels_; }

  // Sets each parameter to rule(MlpParameter), in the order of the flat vector.
  template <class Rule>
  void initialise(Rule&& rule) {
    Index i = 0;
    for (std::size_t l = 0; l + 1 < sizes_.size(); ++l) {
      const Index in = sizes_[l], out = sizes_[l + 1], biases = i + in * out;
      for (const Index end = biases + out; i < end; ++i)
        theta_[i] = Scalar(rule(MlpParameter{i, static_cast<Index>(l), in, out, i >= biases}));
    }
  }

  // What each layer gave, the last the matrices; and room for their cotangents.
  template <class Y>
  struct Tape {
    std::vector<Vector> units;
    mutable std::vector<Vector> units_bar;

    std::size_t bytes() const {
      std::size_t sum = 0;
      for (const auto* list : std::initializer_list<const std::vector<Vector>*>{&units, &units_bar})
        for (const Vector& values : *list) sum += sizeof(Scalar) * static_cast<std::size_t>(values.size());
      return sum;
    }
  };
  // Throws std::invalid_argument where the state has not as many rows as the network has inputs.
  template <EigenState Y>
  Tape<Y> make_tape(const Y& like) const {
    static_assert(
        std::is_same_v<typename Y::Scalar, Scalar>,
        "antistrophe: the state's scalar is not that of MlpMatrix: write MlpMatrix<float> for a float state.");
    if (like.rows() != sizes_[0])
      detail::refuse("the number of rows of the state", like.rows(),
                     detail::in_words(sizes_[0]) + ", MlpMatrix::sizes[0]");
    Tape<Y> tape;
    for (std::size_t l = 1; l < sizes_.size(); ++l) tape.units.push_back(Vector::Zero(sizes_[l] * like.cols()));
    tape.units_bar = tape.units;
    return tape;
  }

  // True of the states that it takes; else a compile error with the reason.
  template <class Y>
  static consteval bool require_state() {
    constexpr bool by_columns = !Y::IsRowMajor || Y::ColsAtCompileTime == 1;
    static_assert(by_columns, "antistrophe: MlpMatrix takes column-major states, as Eigen's are by default.");
    return by_columns;
  }

  // dy = F(y) dX.
  template <EigenState Y>
  void operator()(double t, const Y& y, const ControlOf<Y>& dX, Y& dy) const {
    Tape<Y> tape;
    (*this)(t, y, dX, dy, tape);
  }
  template <EigenState Y>
  void operator()(double, const Y& y, const ControlOf<Y>& dX, Y& dy, Tape<Y>& tape) const {
    if (dX.rows() != channels_) refuse_channels(dX.rows());
    if (tape.units.empty()) tape = make_tape(y);
    const Scalar* x = y.data();
    const Scalar* weights = theta_.data();
    for (std::size_t l = 0; l + 1 < sizes_.size(); ++l) {
      const auto layer = layer_at<Y>(l, y.cols());
      Vector& z = tape.units[l];
      layer.affine(weights, weights + layer.in * layer.out, Scalar(0), x, z.data());
      if (l + 2 < sizes_.size())
        transform<Scalar>(z.data(), z.size(),
                          [](const auto& pack) { return Activation::template value<Scalar>(pack); });
      else if constexpr (!std::is_same_v<Last, Unbounded>)
        transform<Scalar>(z.data(), z.size(), [](const auto& pack) { return Last::template value<Scalar>(pack); });
      x = z.data();
      weights += (layer.in + 1) * layer.out;
    }
    multiply(x, dX, dy);
  }

  // Adds the cotangents of F(y) dX, and Fᵀ w to dX_bar.
  template <EigenState Y>
  void vjp(double t, const Y& y, const ControlOf<Y>& dX, const Y& w, Y& y_bar, ControlOf<Y>& dX_bar,
           auto& theta_bar) const {
    Tape<Y> tape = make_tape(y);
    Y dy = y;
    (*this)(t, y, dX, dy, tape);
    vjp(t, y, dX, std::as_const(tape), w, y_bar, dX_bar, theta_bar);
  }
  template <EigenState Y>
  void vjp(double, const Y& y, const ControlOf<Y>& dX, const Tape<Y>& tape, const Y& w, Y& y_bar, ControlOf<Y>& dX_bar,
           auto& theta_bar) const {
    pull_back_product(tape, dX, w, dX_bar);
    pull_back<Of::all>(y, tape, y_bar, theta_bar);
  }

  // Either half of it alone, for who asks for one of them.
  template <EigenState Y>
  void vjp_state(double, const Y& y, const ControlOf<Y>& dX, const Tape<Y>& tape, const Y& w, Y& y_bar) const {
    pull_back_product(tape, dX, w);
    pull_back<Of::state>(y, tape, y_bar, theta_);
  }
  template <EigenState Y>
  void vjp_parameters(double, const Y& y, const ControlOf<Y>& dX, const Tape<Y>& tape, const Y& w,
                      auto& theta_bar) const {
    pull_back_product(tape, dX, w);
    pull_back<Of::parameters>(y, tape, y, theta_bar);
  }

 private:
  // What a pull-back adds to; what it does not is handed to it as a constant.
  enum class Of { all, state, parameters };

  // From the cotangent of the matrices, which the tape has.
  template <Of of, class Y>
  void pull_back(const Y& y, const Tape<Y>& tape, auto& y_bar, auto& theta_bar) const {
    Index weights = theta_.size();
    for (std::size_t l = sizes_.size() - 1; l-- > 0;) {
      const auto layer = layer_at<Y>(l, y.cols());
      weights -= (layer.in + 1) * layer.out;
      const Scalar* const z_bar = tape.units_bar[l].data();
      if constexpr (of != Of::state)
        layer.pull_back_to_parameters(Scalar(0), l == 0 ? y.data() : tape.units[l - 1].data(), z_bar,
                                      theta_bar.data() + weights, theta_bar.data() + weights + layer.in * layer.out);
      Scalar none(0);
      if (l == 0) {
        if constexpr (of != Of::parameters)
          layer.pull_back_to_inputs(theta_.data() + weights, z_bar, y_bar.data(), none);
        break;
      }
      Vector& x_bar = tape.units_bar[l - 1];
      x_bar.setZero();
      layer.pull_back_to_inputs(theta_.data() + weights, z_bar, x_bar.data(), none);
      times_slope<Activation>(x_bar, tape.units[l - 1]);
    }
  }

  template <class Y>
  auto layer_at(std::size_t l, Index columns) const {
    static_assert(require_state<Y>() || true);  // one sentence is enough
    return detail::LargeLayer < Scalar, Y::ColsAtCompileTime == 1 ? 1 : Eigen::Dynamic,
           Eigen::ColMajor > {sizes_[l], sizes_[l], sizes_[l + 1], columns};
  }

  template <class Rule>
  static void times_slope(Vector& bar, const Vector& value) {
    transform<Scalar>(bar.data(), value.data(), bar.size(),
                      [](const auto& b, const auto& a) { return Pack<Scalar>(b * Rule::template slope<Scalar>(a)); });
  }

  // dy_s = A_s dX_s, A_s the n × channels of sample s.
  template <class Y>
  void multiply(const Scalar* A, const ControlOf<Y>& dX, Y& dy) const {
    const Index n = sizes_[0];
    dy.setZero();
    for (Index s = 0; s < dX.cols(); ++s)
      for (Index c = 0; c < channels_; ++c, A += n)
        for (Index i = 0; i < n; ++i) dy.data()[s * n + i] += A[i] * dX(c, s);
  }
  // To the cotangent of the matrices, w_s dX_sᵀ of sample s through the last function, and of dX.
  template <class Y>
  void pull_back_product(const Tape<Y>& tape, const ControlOf<Y>& dX, const Y& w) const {
    const Index n = sizes_[0];
    Scalar* A_bar = tape.units_bar.back().data();
    for (Index s = 0; s < dX.cols(); ++s)
      for (Index c = 0; c < channels_; ++c, A_bar += n)
        for (Index i = 0; i < n; ++i) A_bar[i] = w.data()[s * n + i] * dX(c, s);
    if constexpr (!std::is_same_v<Last, Unbounded>) times_slope<Last>(tape.units_bar.back(), tape.units.back());
  }
  template <class Y>
  void pull_back_product(const Tape<Y>& tape, const ControlOf<Y>& dX, const Y& w, ControlOf<Y>& dX_bar) const {
    const Index n = sizes_[0];
    const Scalar* A = tape.units.back().data();
    for (Index s = 0; s < dX.cols(); ++s)
      for (Index c = 0; c < channels_; ++c, A += n) {
        Scalar sum(0);
        for (Index i = 0; i < n; ++i) sum += A[i] * w.data()[s * n + i];
        dX_bar(c, s) += sum;
      }
    pull_back_product(tape, dX, w);
  }

  ANTISTROPHE_COLD [[noreturn]] void refuse_channels(Index rows) const {
    detail::refuse("the number of the path's channels", rows,
                   detail::in_words(channels_) + ", that of MlpMatrix's columns");
  }

  std::vector<Index> sizes_;
  Index channels_;
  Vector theta_;
};

}  // namespace antistrophe
