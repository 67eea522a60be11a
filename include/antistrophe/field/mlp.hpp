// SPDX-License-Identifier: MIT
// A fully connected network as a vector field: x ← σ(W x + b) layer by layer, the last one linear. The parameters are one
// flat vector: layer by layer, W (rows × columns = fan out × fan in, row by row), then b.
// The state is a vector, or a matrix of one sample a column.
//
//   Mlp<double, Layers<3, 64, 64, 2>, Tanh, TimeAndState> mlp;   // (t, y) of two rows in, two rows out
//   mlp.initialise(GlorotUniform{engine});                        // an engine of <random>, seeded by the caller
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/mlp/activation.hpp>
#include <antistrophe/field/mlp/detail/large_layer.hpp>
#include <antistrophe/field/mlp/detail/shape.hpp>
#include <antistrophe/field/mlp/detail/vectorised.hpp>
#include <antistrophe/field/mlp/initialisers.hpp>
#include <antistrophe/field/mlp/layers.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

template <class S>
constexpr Eigen::Index padded(Eigen::Index n) {
  return (n + PackOf<S>::width - 1) / PackOf<S>::width * PackOf<S>::width;
}

// Numbers kept in one buffer: on the stack where their count is known and small.
template <class S, Eigen::Index Count>
using MlpBuffer = Eigen::Matrix<
    S, (Count != Eigen::Dynamic && Count * Eigen::Index(sizeof(S)) <= 16384) ? int(Count) : Eigen::Dynamic, 1>;

}  // namespace detail

template <class Scalar_ = double, class Sizes = RuntimeLayers, class Activation = Tanh, class Input = StateOnly>
class Mlp {
  static_assert(detail::is_field_scalar<Scalar_>,
                "antistrophe: Mlp: the scalar is float, double, long double or complex");
  static_assert(std::is_same_v<Input, StateOnly> || std::is_same_v<Input, TimeAndState>,
                "antistrophe: Mlp: the input is StateOnly or TimeAndState");
  static constexpr bool with_time = std::is_same_v<Input, TimeAndState>;
  using Shape = detail::MlpShape<Sizes, with_time>;

  template <class Y>
  static constexpr int columns_of = Y::ColsAtCompileTime;
  template <class Y>
  static constexpr bool tape_is_fixed = Shape::is_fixed && Y::SizeAtCompileTime != Eigen::Dynamic;

  // Hidden units of all layers, each layer padded to packs; and the longest of them.
  struct TapeSize {
    Eigen::Index units = 0;
    Eigen::Index widest = 0;
  };
  static constexpr TapeSize tape_size(const auto& sizes, Eigen::Index columns) {
    TapeSize result;
    for (std::size_t l = 1; l + 1 < sizes.size(); ++l) {
      const Eigen::Index units = detail::padded<Scalar_>(sizes[l] * columns);
      result.units += units;
      result.widest = std::max(result.widest, units);
    }
    return result;
  }
  template <class Y>
  static constexpr TapeSize fixed_tape_size() {
    if constexpr (tape_is_fixed<Y>)
      return tape_size(Shape::sizes, columns_of<Y>);
    else
      return {Eigen::Dynamic, Eigen::Dynamic};
  }

  static constexpr Eigen::Index parameter_count_if_fixed() {
    if constexpr (!Shape::is_fixed)
      return Eigen::Dynamic;
    else if constexpr (Shape::valid)
      return Shape::template layer<Shape::layers - 1>().end();
    else
      return 0;
  }

 public:
  using Scalar = Scalar_;
  static constexpr bool autonomous = !with_time;

  // Fixed with the layers' sizes, unless there are so many that they had better not live on the stack.
  using ParameterVector = detail::MlpBuffer<Scalar, parameter_count_if_fixed()>;

  // The activations of the hidden layers, and room for their cotangents: a tape belongs to one thread at a time.
  template <class Y>
  class Tape {
    friend Mlp;
    detail::MlpBuffer<Scalar, fixed_tape_size<Y>().units> units;
    mutable detail::MlpBuffer<Scalar, fixed_tape_size<Y>().widest> units_bar, next_bar;

   public:
    Tape() = default;
    Tape(const Mlp& mlp, Eigen::Index columns) { set_zero(tape_size(mlp.sizes(), columns)); }  // it will be copied
    void resize(const Mlp& mlp, Eigen::Index columns) {
      const TapeSize size = tape_size(mlp.sizes(), columns);
      if (units.size() != size.units) set_zero(size);
    }
    std::size_t bytes() const {
      return sizeof(Scalar) * static_cast<std::size_t>(units.size() + units_bar.size() + next_bar.size());
    }

   private:
    void set_zero(const TapeSize& size) {
      units.setZero(size.units);
      units_bar.setZero(size.widest);
      next_bar.setZero(size.widest);
    }
  };

  // All parameters zero; see initialise.
  Mlp()
    requires Shape::is_fixed
  {
    theta_.setZero(parameter_count());
  }
  // sizes: input, hidden layers, output. Throws std::invalid_argument if they do not make a vector field.
  explicit Mlp(std::vector<Eigen::Index> sizes)
    requires(!Shape::is_fixed)
      : shape_(std::move(sizes)) {
    theta_.setZero(parameter_count());
  }

  const ParameterVector& parameters() const { return theta_; }
  ParameterVector& parameters() { return theta_; }
  // Input, hidden layers, output.
  const auto& sizes() const { return shape_.sizes; }

  // Sets each parameter to rule(MlpParameter), in the order of the flat vector.
  template <class Rule>
  void initialise(Rule&& rule) {
    shape_.forwards([&](const auto& layer) {
      for (Eigen::Index i = layer.weights; i < layer.end(); ++i)
        theta_[i] = Scalar(rule(MlpParameter{i, layer.number, layer.in, layer.out, i >= layer.biases}));
    });
  }

  // Throws std::invalid_argument where the state does not fit the network, or the parameters were given another length.
  template <EigenState Y>
  void check(const Y& y) const {
    check_state(y);
    if (theta_.size() != parameter_count())
      throw std::invalid_argument("antistrophe: Mlp: parameters() has " + std::to_string(theta_.size()) +
                                  " entries, the network " + std::to_string(parameter_count()) +
                                  "; they must be equal");
  }

  // A tape sized for states like y. A tape made otherwise grows at its first use.
  template <EigenState Y>
  Tape<Y> make_tape(const Y& y) const {
    check_state(y);
    return Tape<Y>(*this, y.cols());
  }

  // dy = f(t, y).
  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape;
    (*this)(t, y, dy, tape);
  }

  // dy = f(t, y), keeping in the tape what the vjp needs. Allocates nothing once the tape has its size, but for what
  // Eigen's product of large matrices (EIGEN_STACK_ALLOCATION_LIMIT) does.
  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    check_state(y);
    tape.resize(*this, y.cols());
    const Scalar* x = y.data();
    Scalar* a = tape.units.data();
    shape_.forwards([&](const auto& layer) ANTISTROPHE_INLINE_LAMBDA {
      Scalar* const z = layer.is_last ? dy.data() : a;
      if constexpr (is_small<Y, decltype(layer)>)
        evaluate_small(layer, t, x, z);
      else
        evaluate_large<Y>(layer, t, x, z, y.cols());
      x = z;
      if (!layer.is_last) a += detail::padded<Scalar>(layer.out * y.cols());
    });
  }

  // y_bar += (∂f/∂y)ᵀ w, theta_bar += (∂f/∂θ)ᵀ w.
  template <EigenState Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar) const {
    const Tape<Y> tape = evaluated(t, y);
    vjp(t, y, tape, w, y_bar, theta_bar);
  }
  // The same from the tape of the call at (t, y).
  template <EigenState Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, auto& theta_bar) const {
    Scalar t_bar(0);
    pull_back(t, y, tape, w, y_bar, theta_bar, t_bar);
  }
  // The same, with t_bar += (∂f/∂t)ᵀ w.
  template <EigenState Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar, Scalar& t_bar) const
    requires with_time
  {
    const Tape<Y> tape = evaluated(t, y);
    pull_back(t, y, tape, w, y_bar, theta_bar, t_bar);
  }
  template <EigenState Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, auto& theta_bar, Scalar& t_bar) const
    requires with_time
  {
    pull_back(t, y, tape, w, y_bar, theta_bar, t_bar);
  }

  // Either half of the vjp alone, which is about half of its work: y_bar += (∂f/∂y)ᵀ w.
  template <EigenState Y>
  void vjp_state(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar) const {
    Scalar t_bar(0);
    pull_back<Of::state>(t, y, tape, w, y_bar, theta_, t_bar);
  }
  template <EigenState Y>
  void vjp_state(double t, const Y& y, const Y& w, Y& y_bar) const {
    vjp_state(t, y, evaluated(t, y), w, y_bar);
  }
  // theta_bar += (∂f/∂θ)ᵀ w.
  template <EigenState Y>
  void vjp_parameters(double t, const Y& y, const Tape<Y>& tape, const Y& w, auto& theta_bar) const {
    Scalar t_bar(0);
    pull_back<Of::parameters>(t, y, tape, w, y, theta_bar, t_bar);
  }
  template <EigenState Y>
  void vjp_parameters(double t, const Y& y, const Y& w, auto& theta_bar) const {
    vjp_parameters(t, y, evaluated(t, y), w, theta_bar);
  }

 private:
  // What a pull-back adds to; what it does not is handed to it as a constant.
  enum class Of { all, state, parameters };
  Eigen::Index parameter_count() const {
    Eigen::Index count = 0;
    shape_.forwards([&](const auto& layer) { count = layer.end(); });
    return count;
  }

  template <class Y>
  void check_state(const Y& y) const {
    static_assert(std::is_same_v<typename Y::Scalar, Scalar>,
                  "antistrophe: Mlp: the state's scalar is not that of the network");
    constexpr int rows = Y::RowsAtCompileTime;
    if constexpr (Shape::is_fixed && rows != Eigen::Dynamic) {
      static_assert(rows == Shape::sizes.back(),
                    "antistrophe: Mlp: the state has not as many rows as the network has outputs");
    } else if (y.rows() != sizes().back()) {
      throw std::invalid_argument("antistrophe: Mlp: the state has " + std::to_string(y.rows()) +
                                  " rows, the network " + std::to_string(sizes().back()) +
                                  " outputs; they must be equal");
    }
  }

  template <class Y>
  Tape<Y> evaluated(double t, const Y& y) const {
    Tape<Y> tape;
    Y dy = y;
    (*this)(t, y, dy, tape);
    return tape;
  }

  // One sample through a layer of a few units, sizes known.
  template <class Y, class Layer>
  static constexpr bool is_small = columns_of<Y> == 1 && std::remove_cvref_t<Layer>::template Small<Scalar>::applies;

  template <class Layer>
  ANTISTROPHE_ALWAYS_INLINE void evaluate_small(const Layer& layer, double t, const Scalar* x, Scalar* z) const {
    using Small = typename Layer::template Small<Scalar>;
    const typename Layer::template Inputs<Scalar> inputs{Scalar(t), x};
    auto values = Small::affine(theta_.data() + layer.weights, theta_.data() + layer.biases, inputs);
    if (layer.is_last) {
      values.store(z);
    } else {
      values.apply([](const Pack<Scalar>& pack)
                       ANTISTROPHE_INLINE_LAMBDA { return Activation::template value<Scalar>(pack); });
      values.store_padded(z);
    }
  }

  // Any other layer, one sample a column.
  template <class Y>
  static auto large(const auto& layer, Eigen::Index columns) {
    constexpr int one_or_many = columns_of<Y> == 1 ? 1 : Eigen::Dynamic;
    constexpr int order = Y::IsRowMajor && columns_of<Y> != 1 ? Eigen::RowMajor : Eigen::ColMajor;
    return detail::LargeLayer<Scalar, one_or_many, order>{layer.in, layer.state_in, layer.out, columns};
  }

  template <class Y>
  void evaluate_large(const auto& layer, double t, const Scalar* x, Scalar* z, Eigen::Index columns) const {
    const Scalar* const theta = theta_.data();
    large<Y>(layer, columns).affine(theta + layer.weights, theta + layer.biases, Scalar(t), x, z);
    if (!layer.is_last)
      transform<Scalar>(z, layer.out * columns, [](const Pack<Scalar>& pack) ANTISTROPHE_INLINE_LAMBDA {
        return Activation::template value<Scalar>(pack);
      });
  }

  // From the cotangent of a small layer's output to those of its parameters and its input: x_bar += Wᵀ z̄ for the first
  // layer, x_bar = σ'(a) Wᵀ z̄, padded, for the others.
  template <Of of, class Layer>
  ANTISTROPHE_ALWAYS_INLINE void pull_back_small(const Layer& layer, double t, const Scalar* x, const Scalar* z_bar,
                                                 Scalar* x_bar, Scalar* theta_bar, Scalar& t_bar) const {
    constexpr bool first = Layer::number_at_compile_time == 0;
    using Small = typename Layer::template Small<Scalar>;
    const typename Layer::template Inputs<Scalar> inputs{Scalar(t), x};
    const auto outputs_bar = layer.is_last ? Small::Outputs::load(z_bar) : Small::Outputs::load_padded(z_bar);
    if constexpr (of != Of::parameters || !first) {
      auto inputs_bar = Small::transposed(theta_.data() + layer.weights, z_bar, outputs_bar);
      if constexpr (first) {
        inputs.add_to(inputs_bar, t_bar, x_bar);
      } else {
        inputs_bar.apply(Small::Inputs::load_padded(x),
                         [](const Pack<Scalar>& bar, const Pack<Scalar>& a) ANTISTROPHE_INLINE_LAMBDA {
                           return Pack<Scalar>(bar * Activation::template slope<Scalar>(a));
                         });
        inputs_bar.store_padded(x_bar);
      }
    }
    if constexpr (of != Of::state)
      Small::add_outer(theta_bar + layer.weights, theta_bar + layer.biases, z_bar, outputs_bar, inputs);
  }

  template <Of of, class Y>
  void pull_back_large(const auto& layer, double t, const Scalar* x, const Scalar* z_bar, Scalar* x_bar,
                       Scalar* theta_bar, Scalar& t_bar, Eigen::Index columns) const {
    const auto all = large<Y>(layer, columns);
    if constexpr (of != Of::state)
      all.pull_back_to_parameters(Scalar(t), x, z_bar, theta_bar + layer.weights, theta_bar + layer.biases);
    if (of == Of::parameters && layer.number == 0) return;
    const Eigen::Index count = layer.in * columns;
    if (layer.number > 0) std::fill(x_bar, x_bar + detail::padded<Scalar>(count), Scalar(0));
    all.pull_back_to_inputs(theta_.data() + layer.weights, z_bar, x_bar, t_bar);
    if (layer.number > 0)
      transform<Scalar>(x_bar, x, count, [](const Pack<Scalar>& bar, const Pack<Scalar>& a) ANTISTROPHE_INLINE_LAMBDA {
        return Pack<Scalar>(bar * Activation::template slope<Scalar>(a));
      });
  }

  template <Of of = Of::all, class Y>
  void pull_back(double t, const Y& y, const Tape<Y>& tape, const Y& w, auto& y_bar, auto& theta_bar,
                 Scalar& t_bar) const {
    const Eigen::Index columns = y.cols();
    const Scalar* a = tape.units.data() + tape.units.size();
    const Scalar* z_bar = w.data();
    Scalar* here = tape.units_bar.data();
    Scalar* next = tape.next_bar.data();
    Scalar* of_state = nullptr;
    Scalar* of_parameters = nullptr;
    if constexpr (of != Of::parameters) of_state = y_bar.data();
    if constexpr (of != Of::state) of_parameters = theta_bar.data();
    shape_.backwards([&](const auto& layer) ANTISTROPHE_INLINE_LAMBDA {
      const bool first = layer.number == 0;
      if (!first) a -= detail::padded<Scalar>(layer.in * columns);
      const Scalar* const x = first ? y.data() : a;
      Scalar* const x_bar = first ? of_state : here;
      if constexpr (is_small<Y, decltype(layer)>)
        pull_back_small<of>(layer, t, x, z_bar, x_bar, of_parameters, t_bar);
      else
        pull_back_large<of, Y>(layer, t, x, z_bar, x_bar, of_parameters, t_bar, columns);
      z_bar = x_bar;
      std::swap(here, next);
    });
  }

  [[no_unique_address]] Shape shape_;
  ParameterVector theta_;

  // Last: clang leaves out of a class what comes after one that fails.
  static_assert(Shape::of_layers, "antistrophe: Layers: name at least the input's and the output's size");
  static_assert(Shape::of_units, "antistrophe: Layers: every size is at least 1");
  static_assert(!Shape::of_layers || !Shape::of_units || Shape::of_field,
                "antistrophe: Mlp: a vector field has as many outputs as the state has rows, and as many inputs, or "
                "one more with time");
};

}  // namespace antistrophe
