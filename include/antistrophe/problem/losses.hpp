// Ready-made losses: of the last saved state alone, and the mean squared error against data.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/core/state.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe {

// L = g(y) of the last saved state: function(y, y_bar) -> value, adding ∂g/∂y to y_bar, which comes as zeros.
template <class Function>
struct TerminalLoss {
  Function function;

  template <class Saved>
  auto operator()(const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) const {
    if (ys.empty()) detail::refuse("the number of saved states", 0, "at least 1");
    return function(ys.back(), ys_bar.back());
  }
};
template <class Function>
TerminalLoss(Function) -> TerminalLoss<Function>;

// L = mean over saved states and their entries of (y − target)²; one target a saved state, of its shape.
// Throws std::invalid_argument where their numbers or shapes differ.
template <EigenState Y>
struct MeanSquaredError {
  std::vector<Y> targets;

  RealOf<Y> operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    if (targets.size() != ys.size())
      detail::refuse("MeanSquaredError::targets.size()", targets.size(),
                     "the number of saved states, " + std::to_string(ys.size()));
    if (ys.empty() || ys.front().size() == 0) return 0;
    const RealOf<Y> weight = 1 / (static_cast<RealOf<Y>>(ys.size()) * static_cast<RealOf<Y>>(ys.front().size()));
    RealOf<Y> sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      if (!detail::same_shape(targets[i], ys[i]))
        detail::refuse("the shape of MeanSquaredError::targets[" + std::to_string(i) + "]", detail::shape(targets[i]),
                       detail::shape(ys[i]));
      ys_bar[i] = ys[i] - targets[i];
      sum += detail::dot(ys_bar[i], ys_bar[i]);
      ys_bar[i] *= 2 * weight;
    }
    return sum * weight;
  }
};

}  // namespace antistrophe
