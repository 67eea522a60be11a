// SPDX-License-Identifier: MIT
// The gradient of a generic function that returns a number, forward, some inputs at a time.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/detail/dual.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

inline constexpr int gradient_chunk = 8;

template <class X>
using InDuals = std::remove_cvref_t<
    decltype(std::declval<const X&>().template cast<Dual<typename X::Scalar, gradient_chunk>>().eval())>;

// Whether g(t, y), or g(t, y, theta), takes numbers that carry derivatives, the time among them.
template <class G, class Y>
concept GenericInState = std::is_invocable_v<const G&, Dual<typename Y::Scalar, gradient_chunk>, InDuals<Y>>;
template <class G, class Y, class Theta>
concept GenericInParameters =
    std::is_invocable_v<const G&, Dual<typename Y::Scalar, gradient_chunk>, InDuals<Y>, InDuals<Theta>>;

// Adds ∂g/∂y, ∂g/∂θ and ∂g/∂t of g(t, y, theta); `duals_y` and `duals_theta` are room for these.
template <class G, class Y, class Theta, class ThetaBar>
void add_gradient_of_number(const G& g, double t, const Y& y, const Theta& theta, Y& y_bar, ThetaBar& theta_bar,
                            typename Y::Scalar& t_bar, InDuals<Y>& duals_y, InDuals<Theta>& duals_theta) {
  using Scalar = typename Y::Scalar;
  using Number = Dual<Scalar, gradient_chunk>;
  duals_y = y.template cast<Number>();
  duals_theta = theta.template cast<Number>();
  Number time(static_cast<Scalar>(t));
  const Eigen::Index of_state = y.size(), of_both = of_state + theta.size(), inputs = of_both + 1;
  const auto input = [&](Eigen::Index i) -> Number& {
    if (i < of_state) return duals_y.data()[i];
    return i < of_both ? duals_theta.data()[i - of_state] : time;
  };
  const auto cotangent = [&](Eigen::Index i) -> Scalar& {
    if (i < of_state) return y_bar.data()[i];
    return i < of_both ? theta_bar.data()[i - of_state] : t_bar;
  };
  for (Eigen::Index begin = 0; begin < inputs; begin += gradient_chunk) {
    const Eigen::Index end = std::min<Eigen::Index>(begin + gradient_chunk, inputs);
    for (Eigen::Index i = begin; i < end; ++i) input(i).derivatives()[i - begin] = Scalar(1);
    const Number value(g(time, duals_y, duals_theta));
    for (Eigen::Index i = begin; i < end; ++i) {
      cotangent(i) += value.derivatives()[i - begin];
      input(i).derivatives()[i - begin] = Scalar(0);
    }
  }
}

// The same where it is seldom asked for.
template <class G, class Y, class Theta, class ThetaBar>
void add_gradient_of_number(const G& g, double t, const Y& y, const Theta& theta, Y& y_bar, ThetaBar& theta_bar,
                            typename Y::Scalar& t_bar) {
  InDuals<Y> duals_y;
  InDuals<Theta> duals_theta;
  add_gradient_of_number(g, t, y, theta, y_bar, theta_bar, t_bar, duals_y, duals_theta);
}

}  // namespace antistrophe::detail
