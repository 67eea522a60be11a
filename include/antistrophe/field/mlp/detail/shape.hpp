// SPDX-License-Identifier: MIT
// Where each layer of a network stands in the flat parameters. Sizes are fixed at compile time or given at run time; layers
// are visited forwards or backwards, each as an MlpLayer.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/field/mlp/detail/small_layer.hpp>
#include <antistrophe/field/mlp/layers.hpp>

#include <Eigen/Core>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// One layer's place in the flat parameters. Number, In, Out and StateIn are Eigen::Dynamic where sizes are; StateIn
// leaves out the input that time takes.
template <int Number, int In, int StateIn, int Out>
struct MlpLayer {
  Eigen::Index number, in, state_in, out;
  Eigen::Index weights, biases;  // offsets
  bool is_last;

  static constexpr int number_at_compile_time = Number;
  template <class S>
  using Small = SmallLayer<S, In, Out>;
  template <class S>
  using Inputs = SmallInputs<S, In, In != StateIn, (Number > 0)>;

  constexpr Eigen::Index end() const { return biases + out; }
};

// Sizes of the layers, at compile time or at run time; forwards and backwards visit them in turn.
template <class Sizes, bool WithTime>
class MlpShape;

template <Eigen::Index... Sizes, bool WithTime>
class MlpShape<Layers<Sizes...>, WithTime> {
 public:
  static constexpr bool is_fixed = true;
  static constexpr std::array<Eigen::Index, sizeof...(Sizes)> sizes{Sizes...};
  static constexpr std::size_t layers = sizeof...(Sizes) - 1;
  static constexpr bool of_layers = sizeof...(Sizes) >= 2, of_units = ((Sizes > 0) && ...);
  static constexpr bool of_field = sizes.front() == sizes.back() + (WithTime ? 1 : 0);
  static constexpr bool valid = of_layers && of_units && of_field;

  template <std::size_t Number>
  static constexpr auto layer() {
    constexpr Eigen::Index in = sizes[Number];
    constexpr Eigen::Index state_in = in - (WithTime && Number == 0 ? 1 : 0);
    constexpr Eigen::Index out = sizes[Number + 1];
    Eigen::Index begin = 0;
    for (std::size_t l = 0; l < Number; ++l) begin += (sizes[l] + 1) * sizes[l + 1];
    return MlpLayer<int(Number), int(in), int(state_in), int(out)>{
        Eigen::Index(Number), in, state_in, out, begin, begin + in * out, Number + 1 == layers};
  }

  template <std::size_t Number = 0, class Visit>
  static ANTISTROPHE_ALWAYS_INLINE void forwards(Visit&& visit) {
    if constexpr (valid) visit(layer<Number>());
    if constexpr (Number + 1 < layers) forwards<Number + 1>(visit);
  }
  template <std::size_t Number = layers - 1, class Visit>
  static ANTISTROPHE_ALWAYS_INLINE void backwards(Visit&& visit) {
    if constexpr (valid) visit(layer<Number>());
    if constexpr (valid && Number > 0) backwards<Number - 1>(visit);
  }
};

template <bool WithTime>
class MlpShape<RuntimeLayers, WithTime> {
 public:
  static constexpr bool is_fixed = false;
  static constexpr bool of_layers = true, of_units = true, of_field = true;  // known when it is made
  std::vector<Eigen::Index> sizes;

  explicit MlpShape(std::vector<Eigen::Index> given) : sizes(std::move(given)) {
    if (sizes.size() < 2)
      throw std::invalid_argument("antistrophe: Mlp: sizes has " + std::to_string(sizes.size()) +
                                  " entries; name at least the input's and the output's size");
    for (const Eigen::Index size : sizes)
      if (size < 1)
        throw std::invalid_argument("antistrophe: Mlp: a layer's size is " + std::to_string(size) +
                                    "; it is at least 1");
    if (sizes.front() != sizes.back() + (WithTime ? 1 : 0))
      throw std::invalid_argument("antistrophe: Mlp: sizes begin with " + std::to_string(sizes.front()) +
                                  " and end with " + std::to_string(sizes.back()) +
                                  "; a vector field has as many inputs as outputs" +
                                  (WithTime ? ", and one more for time" : ""));
  }

  auto layer(std::size_t number, Eigen::Index begin) const {
    const Eigen::Index in = sizes[number];
    const Eigen::Index state_in = in - (WithTime && number == 0 ? 1 : 0);
    const Eigen::Index out = sizes[number + 1];
    constexpr int dynamic = Eigen::Dynamic;
    return MlpLayer<dynamic, dynamic, dynamic, dynamic>{
        Eigen::Index(number), in, state_in, out, begin, begin + in * out, number + 2 == sizes.size()};
  }

  template <class Visit>
  void forwards(Visit&& visit) const {
    Eigen::Index begin = 0;
    for (std::size_t number = 0; number + 1 < sizes.size(); ++number) {
      const auto current = layer(number, begin);
      visit(current);
      begin = current.end();
    }
  }
  template <class Visit>
  void backwards(Visit&& visit) const {
    Eigen::Index end = 0;
    for (std::size_t number = 0; number + 1 < sizes.size(); ++number) end += (sizes[number] + 1) * sizes[number + 1];
    for (std::size_t number = sizes.size() - 1; number-- > 0;) {
      const Eigen::Index begin = end - (sizes[number] + 1) * sizes[number + 1];
      visit(layer(number, begin));
      end = begin;
    }
  }
};

}  // namespace antistrophe::detail
