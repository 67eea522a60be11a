// SPDX-License-Identifier: MIT
// The derivatives that a gradient through an event needs, from the functions alone:
//   automatic_event(g)      g(t, y), or g(t, y, theta), returns a number
//   automatic_jump(jump)    jump(t, y, y_new), or jump(t, y, theta, y_new), writes y_new
// Inputs come first and the output last, as in automatic_vjp; theta are the field's parameters. Both functions are generic
// in their arguments, and are differentiated forward, one input after the other: right for the few lines that events are.
//
//   Events events{JumpEvent{automatic_event([](auto, const auto& y) { return y[0]; }),
//                           automatic_jump([](auto, const auto& y, const auto& theta, auto& y_new) {
//                             y_new[0] = y[0];
//                             y_new[1] = -theta[0] * y[1];
//                           })}};
#pragma once

#include <antistrophe/field/detail/dual.hpp>
#include <antistrophe/field/detail/gradient_of_number.hpp>

#include <Eigen/Core>

#include <type_traits>
#include <utility>

namespace antistrophe {

namespace detail {

// Calls function(t, y, theta) with duals once for each input, seeded there, and hands each result to take(cotangent,
// result), where cotangent is the entry of y_bar, theta_bar or t_bar that belongs to the input.
template <class Y, class Theta, class YBar, class ThetaBar, class Scalar, class Function, class Take>
void for_each_input(double t, const Y& y, const Theta& theta, YBar& y_bar, ThetaBar& theta_bar, Scalar& t_bar,
                    const Function& function, const Take& take) {
  using Number = Dual<Scalar, 1>;
  auto dual_y = y.template cast<Number>().eval();
  auto dual_theta = theta.template cast<Number>().eval();
  Number time(t);
  const auto along = [&](Number& input, Scalar& cotangent) {
    input.derivatives()[0] = Scalar(1);
    take(cotangent, function(time, dual_y, dual_theta));
    input.derivatives()[0] = Scalar(0);
  };
  for (Eigen::Index i = 0; i < dual_y.size(); ++i) along(dual_y.data()[i], y_bar.data()[i]);
  for (Eigen::Index i = 0; i < dual_theta.size(); ++i) along(dual_theta.data()[i], theta_bar.data()[i]);
  along(time, t_bar);
}

// x with a derivative beside each entry.
template <class X>
auto with_derivatives(const X& x, const X& x_dot) {
  auto dual = x.template cast<Dual<typename X::Scalar, 1>>().eval();
  for (Eigen::Index i = 0; i < x.size(); ++i) dual.data()[i].derivatives()[0] = x_dot.data()[i];
  return dual;
}

// The derivative of jump(t, y, theta, y_new) along one direction of all its inputs.
template <class Y, class Theta, class Jump>
void along_inputs(double t, const Y& y, const Theta& theta, const Y& y_dot, const Theta& theta_dot,
                  typename Y::Scalar t_dot, Y& y_new_dot, const Jump& jump) {
  Dual<typename Y::Scalar, 1> time(t);
  time.derivatives()[0] = t_dot;
  const auto dual_y = with_derivatives(y, y_dot);
  const auto dual_theta = with_derivatives(theta, theta_dot);
  auto y_new = dual_y;
  jump(time, dual_y, dual_theta, y_new);
  for (Eigen::Index i = 0; i < y.size(); ++i) y_new_dot.data()[i] = y_new.data()[i].derivatives()[0];
}

// Inputs are passed as temporaries: `auto& y_new` in their place does not bind one, and so arguments in another order are
// seen before the compiler looks into the function's body.
template <class Jump, class Y, class... Theta>
concept JumpsFrom = std::is_invocable_v<const Jump&, double, Y, Theta..., Y&>;

}  // namespace detail

// (Constraints name types, not decltype of arguments: over those g++ 12 falls now and then, when its memory is collected.)
template <class G>
struct AutomaticEvent {
  G g;

  template <class Y>
  auto operator()(double t, const Y& y) const
    requires std::is_invocable_v<const G&, double, const Y&>
  {
    return g(t, y);
  }
  template <class Y, class Theta>
  auto operator()(double t, const Y& y, const Theta& theta) const
    requires std::is_invocable_v<const G&, double, const Y&, const Theta&>
  {
    return g(t, y, theta);
  }

  // Adds ∂g/∂y, ∂g/∂θ and ∂g/∂t.
  template <class Y>
  void gradient(double t, const Y& y, Y& y_bar, auto& theta_bar, typename Y::Scalar& t_bar) const
    requires std::is_invocable_v<const G&, double, const Y&>
  {
    const Eigen::Matrix<typename Y::Scalar, 0, 1> none;
    auto no_bar = none;
    const auto of_two = [&](auto& time, auto& dual_y, auto&) { return g(time, dual_y); };
    detail::add_gradient_of_number(of_two, t, y, none, y_bar, no_bar, t_bar);
    static_cast<void>(theta_bar);
  }
  template <class Y, class Theta>
  void gradient(double t, const Y& y, const Theta& theta, Y& y_bar, auto& theta_bar, typename Y::Scalar& t_bar) const
    requires std::is_invocable_v<const G&, double, const Y&, const Theta&>
  {
    detail::add_gradient_of_number(g, t, y, theta, y_bar, theta_bar, t_bar);
  }
};

template <class Jump>
struct AutomaticJump {
  using Function = Jump;
  Jump jump;

  template <class Y>
  void operator()(double t, const Y& y, Y& y_new) const
    requires detail::JumpsFrom<Jump, Y>
  {
    jump(t, y, y_new);
  }
  template <class Y, class Theta>
  void operator()(double t, const Y& y, const Theta& theta, Y& y_new) const
    requires detail::JumpsFrom<Jump, Y, Theta>
  {
    jump(t, y, theta, y_new);
  }

  // Adds (∂jump/∂y)ᵀw, (∂jump/∂θ)ᵀw and (∂jump/∂t)ᵀw.
  template <class Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar, typename Y::Scalar& t_bar) const
    requires detail::JumpsFrom<Jump, Y>
  {
    const Eigen::Matrix<typename Y::Scalar, 0, 1> none;
    auto no_bar = none;
    detail::for_each_input(
        t, y, none, y_bar, no_bar, t_bar,
        [&](auto& time, auto& dual_y, auto&) {
          auto y_new = dual_y;
          jump(time, dual_y, y_new);
          return y_new;
        },
        add_product(w));
    static_cast<void>(theta_bar);
  }
  template <class Y, class Theta>
  void vjp(double t, const Y& y, const Theta& theta, const Y& w, Y& y_bar, auto& theta_bar,
           typename Y::Scalar& t_bar) const
    requires detail::JumpsFrom<Jump, Y, Theta>
  {
    detail::for_each_input(
        t, y, theta, y_bar, theta_bar, t_bar,
        [&](auto& time, auto& dual_y, auto& dual_theta) {
          auto y_new = dual_y;
          jump(time, dual_y, dual_theta, y_new);
          return y_new;
        },
        add_product(w));
  }

  // What jump(t, y) moves by where its arguments do, in one evaluation.
  template <class Y>
  void jvp(double t, const Y& y, const Y& y_dot, const auto&, typename Y::Scalar t_dot, Y& y_new_dot) const
    requires detail::JumpsFrom<Jump, Y>
  {
    const Eigen::Matrix<typename Y::Scalar, 0, 1> none;
    detail::along_inputs(
        t, y, none, y_dot, none, t_dot, y_new_dot,
        [&](const auto& time, const auto& dual_y, const auto&, auto& y_new) { jump(time, dual_y, y_new); });
  }
  template <class Y, class Theta>
  void jvp(double t, const Y& y, const Theta& theta, const Y& y_dot, const auto& theta_dot, typename Y::Scalar t_dot,
           Y& y_new_dot) const
    requires detail::JumpsFrom<Jump, Y, Theta>
  {
    detail::along_inputs(t, y, theta, y_dot, theta_dot, t_dot, y_new_dot, jump);
  }

 private:
  template <class Y>
  static auto add_product(const Y& w) {
    return [&w](auto& cotangent, const auto& y_new) {
      for (Eigen::Index i = 0; i < w.size(); ++i) cotangent += w.data()[i] * y_new.data()[i].derivatives()[0];
    };
  }
};

template <class G>
AutomaticEvent<G> automatic_event(G g) {
  return {std::move(g)};
}

template <class Jump>
AutomaticJump<Jump> automatic_jump(Jump jump) {
  return {std::move(jump)};
}

}  // namespace antistrophe
