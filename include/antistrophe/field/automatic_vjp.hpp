// SPDX-License-Identifier: MIT
// A differentiable vector field from f alone:
//   automatic_vjp(f, theta)   f(t, y, theta, dy) writes dy
//   automatic_vjp(f)          f(t, y, dy), without parameters
// Inputs come first and the output last, as in automatic_event and automatic_jump. f is generic in its arguments; the
// derivatives come from forward differentiation, eight directions at a time, and so does a jvp. A vjp costs about
// (entries of y + entries of theta + 1) / 8 evaluations of f, each some times dearer than a plain one: right for small
// models and for checking a vjp written by hand.
//
//   auto field = automatic_vjp(
//       [](auto t, const auto& y, const auto& theta, auto& dy) {
//         using std::cos, std::sin;  // so that sin(x) is found for plain numbers and for those that carry derivatives
//         dy[0] = theta[0] * sin(y[0]) + theta[1] * cos(t);
//       },
//       Eigen::Vector2d{1.0, 2.0});
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/dual.hpp>
#include <antistrophe/field/detail/generic_function.hpp>
#include <antistrophe/field/detail/requirements.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

namespace antistrophe {

template <class Function, class Theta>
class AutomaticVjp {
  static constexpr int chunk = 8;
  static constexpr bool has_parameters = Theta::SizeAtCompileTime != 0;
  static_assert(!detail::HasParameters<Function>,
                "antistrophe: the function keeps its parameters to itself, where they cannot be differentiated. Let it "
                "take them as its third argument, f(t, y, theta, dy), and write automatic_vjp(f, theta).");

  template <class Y, int N>
  using DualOf = Dual<typename Y::Scalar, N>;

  // y and theta are passed as temporaries: `auto& dy` in their place does not bind one, and so swapped arguments are seen
  // before the compiler looks into the function's body.
  template <class Time, class State, class Parameters>
  static constexpr bool is_callable = [] {
    if constexpr (has_parameters)
      return std::is_invocable_v<const Function&, const Time&, State, Parameters, State&>;
    else
      return std::is_invocable_v<const Function&, const Time&, State, State&>;
  }();
  template <class Y>
  static constexpr bool takes_theta_last =
      has_parameters && std::is_invocable_v<const Function&, const typename Y::Scalar&, Y, Y&, Theta>;

  // State, rate and parameters in duals, and the seeds in them.
  template <class Y, int N>
  struct Duals {
    using Number = DualOf<Y, N>;
    detail::WithScalarOf<Y, Number> y, dy;
    detail::WithScalarOf<Theta, Number> theta;

    void set(const Y& at, const Theta& parameters) {
      y = at.template cast<Number>();
      theta = parameters.template cast<Number>();
      dy.resizeLike(y);
    }
  };
  // ∂f/∂t is known if f takes the time as it takes the state, as auto.
  template <class Y>
  static constexpr bool takes_dual_time = [] {
    if constexpr (Eigen::NumTraits<typename Y::Scalar>::IsComplex)
      return false;  // Eigen's duals are none of complex numbers, which require_function says
    else
      return is_callable<DualOf<Y, chunk>, detail::WithScalarOf<Y, DualOf<Y, chunk>>,
                         detail::WithScalarOf<Theta, DualOf<Y, chunk>>>;
  }();

 public:
  explicit AutomaticVjp(Function function, Theta theta = {})
      : function_(std::move(function)), theta_(std::move(theta)) {}

  // The same function with parameters that may be of another scalar.
  template <class Other>
  AutomaticVjp<Function, Other> with_parameters(const Other& theta) const {
    return AutomaticVjp<Function, Other>(function_, theta);
  }

  // Whether another one differs in its parameters alone. Not known of functions that hold something.
  bool same_function_as(const AutomaticVjp&) const
    requires std::is_empty_v<Function>
  {
    return true;
  }

  const Theta& parameters() const
    requires has_parameters
  {
    return theta_;
  }
  Theta& parameters()
    requires has_parameters
  {
    return theta_;
  }

  // Whether duals for a state of type Y live on the stack.
  template <class Y>
  static constexpr bool is_fixed = Y::SizeAtCompileTime != Eigen::Dynamic && Theta::SizeAtCompileTime != Eigen::Dynamic;

  // Room for duals where sizes are dynamic, so that nothing is allocated later; it belongs to one thread at a time.
  template <class Y>
  class Room {
    friend AutomaticVjp;
    mutable Duals<Y, chunk> duals;
  };
  template <class Y>
  using Tape = std::enable_if_t<!is_fixed<Y>, Room<Y>>;

  template <EigenState Y>
    requires(!is_fixed<Y>)
  Tape<Y> make_tape(const Y& y) const {
    Tape<Y> tape;
    tape.duals.set(y, theta_);
    return tape;
  }

  // Evaluates the function once at (t, y), and throws std::invalid_argument where it reads entries of theta beyond its end. A
  // solve does so before it begins, an Objective before the first.
  template <EigenState Y>
  void try_out(double t, const Y& y) const {
    if constexpr (has_parameters && require_function<Y>()) {
      const detail::GuardedParameters<Theta> theta(theta_);
      Y dy = y;
      if constexpr (takes_dual_time<Y>)
        call(typename Y::Scalar(t), y, theta, dy);
      else
        call(t, y, theta, dy);
      theta.refuse_beyond("automatic_vjp's theta", "the function");
    }
  }

  // True where the function can be differentiated for a state Y; else a compile error with the reason.
  template <class M, class Y>
  static consteval bool require_method() {
    return require_function<Y>();
  }

  // dy = f(t, y).
  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy) const {
    if constexpr (require_function<Y>()) {
      if constexpr (takes_dual_time<Y>)
        call(typename Y::Scalar(t), y, theta_, dy);
      else
        call(t, y, theta_, dy);
    }
  }
  // The same at a time that is no double, such as a pack of the times of several problems.
  template <class Time, EigenState Y>
    requires(!std::is_arithmetic_v<Time> && takes_dual_time<Y>)
  void operator()(const Time& t, const Y& y, Y& dy) const {
    if constexpr (require_function<Y>()) call(typename Y::Scalar(t), y, theta_, dy);
  }
  template <EigenState Y>
    requires(!is_fixed<Y>)
  void operator()(double t, const Y& y, Y& dy, Tape<Y>&) const {
    (*this)(t, y, dy);
  }

  // y_bar += (∂f/∂y)ᵀ w, theta_bar += (∂f/∂θ)ᵀ w, t_bar += (∂f/∂t)ᵀ w.
  template <EigenState Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar) const {
    Duals<Y, chunk> duals;
    pull_back(duals, t, y, w, y_bar, theta_bar, nullptr);
  }
  template <EigenState Y>
    requires takes_dual_time<Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar, typename Y::Scalar& t_bar) const {
    Duals<Y, chunk> duals;
    pull_back(duals, t, y, w, y_bar, theta_bar, &t_bar);
  }
  template <class Time, EigenState Y>
    requires(!std::is_arithmetic_v<Time> && takes_dual_time<Y>)
  void vjp(const Time& t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar, typename Y::Scalar& t_bar) const {
    Duals<Y, chunk> duals;
    pull_back(duals, typename Y::Scalar(t), y, w, y_bar, theta_bar, &t_bar);
  }
  template <EigenState Y>
    requires(!is_fixed<Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, auto& theta_bar) const {
    pull_back(tape.duals, t, y, w, y_bar, theta_bar, nullptr);
  }
  template <EigenState Y>
    requires(!is_fixed<Y> && takes_dual_time<Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, auto& theta_bar,
           typename Y::Scalar& t_bar) const {
    pull_back(tape.duals, t, y, w, y_bar, theta_bar, &t_bar);
  }

  // State, rate and parameters with N tangents each, for many evaluations by push_forward; it belongs to one thread at a time.
  template <class Y, int N>
  class Tangents {
    friend AutomaticVjp;
    Duals<Y, N> duals;
  };
  // Before evaluations at states like y: the tangents of θ, column m those of θ_m.
  template <EigenState Y, int N>
  void seed(Tangents<Y, N>& tangents, const Y& y,
            const Eigen::Matrix<typename Y::Scalar, N, Eigen::Dynamic>& theta_dot) const {
    tangents.duals.set(y, theta_);
    for (Eigen::Index m = 0; m < theta_.size(); ++m) tangents.duals.theta.data()[m].derivatives() = theta_dot.col(m);
  }
  // f and N tangents of it at once: dy = f(t, y), dy_dot = (∂f/∂y) y_dot + (∂f/∂θ) theta_dot + (∂f/∂t) t_dot; the N tangents of
  // entry i lie from y_dot + i·stride on.
  template <EigenState Y, int N>
  ANTISTROPHE_ALWAYS_INLINE void push_forward(Tangents<Y, N>& tangents, double t,
                                              const Eigen::Matrix<typename Y::Scalar, N, 1>& t_dot,
                                              const typename Y::Scalar* y, const typename Y::Scalar* y_dot,
                                              typename Y::Scalar* dy, typename Y::Scalar* dy_dot,
                                              Eigen::Index stride) const {
    if constexpr (require_function<Y>()) {
      using Scalar = typename Y::Scalar;
      using Number = DualOf<Y, N>;
      using Derivatives = typename Number::Derivatives;
      const auto evaluate = [&](auto& state, auto& rate) {
        for (Eigen::Index i = 0; i < state.size(); ++i) {
          state.data()[i] = Number(y[i], Eigen::Map<const Derivatives>(y_dot + i * stride));
          rate.data()[i] = Number(std::numeric_limits<Scalar>::quiet_NaN());  // an entry left out does not pass for 0
        }
        const Number time(static_cast<Scalar>(t), t_dot);
        if constexpr (takes_dual_time<Y>)
          call(time, state, tangents.duals.theta, rate);
        else
          call(t, state, tangents.duals.theta, rate);
        for (Eigen::Index i = 0; i < state.size(); ++i) {
          dy[i] = rate.data()[i].value();
          Eigen::Map<Derivatives>(dy_dot + i * stride) = rate.data()[i].derivatives();
        }
      };
      if constexpr (Y::SizeAtCompileTime != Eigen::Dynamic && Y::SizeAtCompileTime * N <= 64) {
        detail::WithScalarOf<Y, Number> state, rate;  // in registers, if there are enough
        evaluate(state, rate);
      } else {
        evaluate(tangents.duals.y, tangents.duals.dy);
      }
    }
  }

  // State, rate and parameters with derivatives, and a tangent of all that; for many calls of pull_back_pushed.
  template <class Y>
  class SecondTangents {
    friend AutomaticVjp;
    using Number =
        Dual<Dual<typename Y::Scalar, chunk>, 1>;  // the many inside: they are added and multiplied at a time
    detail::WithScalarOf<Y, Number> y, dy;
    detail::WithScalarOf<Theta, Number> theta;
  };
  // Of states like this one, and for one tangent of θ.
  template <EigenState Y>
  SecondTangents<Y> make_second_tangents(const Y& like, const Theta& theta_dot) const {
    using Number = typename SecondTangents<Y>::Number;
    using Inner = Dual<typename Y::Scalar, chunk>;
    SecondTangents<Y> room;
    room.y = like.template cast<Number>();
    room.dy = room.y;
    room.theta = theta_.template cast<Number>();
    for (Eigen::Index m = 0; m < theta_.size(); ++m) room.theta.data()[m].derivatives()[0] = Inner(theta_dot.data()[m]);
    return room;
  }
  // The vjp of (y, ẏ, θ, θ̇) ↦ (f, (∂f/∂y) ẏ + (∂f/∂θ) θ̇): w and w_dot are cotangents of the two.
  template <EigenState Y, class Scalar = typename Y::Scalar>
  void pull_back_pushed(SecondTangents<Y>& room, double t, const Scalar* y, const Scalar* y_dot, const Scalar* w,
                        const Scalar* w_dot, Scalar* y_bar, Scalar* y_dot_bar, Scalar* theta_bar,
                        Scalar* theta_dot_bar) const {
    if constexpr (require_function<Y>()) {
      using Inner = Dual<Scalar, chunk>;
      using Number = typename SecondTangents<Y>::Number;
      using Tangent = typename Number::Derivatives;
      const Eigen::Index rows = room.y.size(), inputs = rows + theta_.size();
      for (Eigen::Index i = 0; i < rows; ++i) room.y.data()[i] = Number(Inner(y[i]), Tangent(Inner(y_dot[i])));
      const auto seed = [&](Eigen::Index i, const typename Inner::Derivatives& derivatives) {
        Number& input = i < rows ? room.y.data()[i] : room.theta.data()[i - rows];
        input = Number(Inner(input.value().value(), derivatives), input.derivatives());
      };
      for (Eigen::Index first = 0; first < inputs; first += chunk) {
        const Eigen::Index count = std::min<Eigen::Index>(chunk, inputs - first);
        for (Eigen::Index k = 0; k < count; ++k) seed(first + k, detail::unit_vector<Scalar, chunk>(k));
        if constexpr (takes_dual_time<Y>)
          call(Number(t), room.y, room.theta, room.dy);
        else
          call(t, room.y, room.theta, room.dy);
        typename Inner::Derivatives of_both = Inner::Derivatives::Zero(), of_tangent = of_both;
        for (Eigen::Index i = 0; i < rows; ++i) {
          const Number& rate = room.dy.data()[i];
          of_both += w[i] * rate.value().derivatives() + w_dot[i] * rate.derivatives()[0].derivatives();
          of_tangent += w_dot[i] * rate.value().derivatives();
        }
        for (Eigen::Index k = 0; k < count; ++k) {
          const Eigen::Index e = first + k;
          (e < rows ? y_bar[e] : theta_bar[e - rows]) += of_both[k];
          (e < rows ? y_dot_bar[e] : theta_dot_bar[e - rows]) += of_tangent[k];
          seed(e, Inner::Derivatives::Zero());
        }
      }
    }
  }

  // dy_dot = (∂f/∂y) y_dot + (∂f/∂θ) theta_dot + (∂f/∂t) t_dot.
  template <EigenState Y>
  void jvp(double t, const Y& y, const Y& y_dot, const auto& theta_dot, Y& dy_dot) const {
    push_forward(t, y, y_dot, theta_dot, typename Y::Scalar(0), dy_dot);
  }
  template <EigenState Y>
    requires takes_dual_time<Y>
  void jvp(double t, const Y& y, const Y& y_dot, const auto& theta_dot, const typename Y::Scalar& t_dot,
           Y& dy_dot) const {
    push_forward(t, y, y_dot, theta_dot, t_dot, dy_dot);
  }

 private:
  // True where the function can be differentiated for a state Y; else a compile error with the reason.
  template <class Y>
  static consteval bool require_function() {
    using Scalar = typename Y::Scalar;
    if constexpr (!detail::is_real_scalar<Scalar>) {
      static_assert(detail::never<Y>, "antistrophe: automatic_vjp is for states of float, double or long double.");
      return false;
    } else if constexpr (has_parameters && !std::is_same_v<typename Theta::Scalar, Scalar>) {
      static_assert(detail::never<Y>, "antistrophe: the scalar of automatic_vjp's theta is not that of the state.");
      return false;
    } else {
      using State = detail::WithScalarOf<Y, DualOf<Y, chunk>>;
      using Parameters = detail::WithScalarOf<Theta, DualOf<Y, chunk>>;
      constexpr bool callable = takes_dual_time<Y> || is_callable<double, State, Parameters>;
      if constexpr (!callable && takes_theta_last<Y>) {
        static_assert(detail::never<Y>,
                      "antistrophe: automatic_vjp's function takes theta before dy, inputs first and the output last: "
                      "[](auto t, const auto& y, const auto& theta, auto& dy) { … }.");
      } else {
        static_assert(callable,
                      "antistrophe: automatic_vjp's function is called as f(t, y, theta, dy), or f(t, y, dy) where no "
                      "theta is given, with numbers that carry derivatives, so its arguments are generic: "
                      "[](auto t, const auto& y, const auto& theta, auto& dy) { … }.");
      }
      constexpr bool copied = has_parameters ? detail::copies_result<Function, detail::Types<double, Y, Theta>, Y>
                                             : detail::copies_result<Function, detail::Types<double, Y>, Y>;
      static_assert(!copied,
                    "antistrophe: automatic_vjp's function takes dy by value, and what it writes to a copy is lost: "
                    "[](auto t, const auto& y, const auto& theta, auto& dy) { … }.");
      return callable && !copied;
    }
  }

  template <class Time, class State, class Parameters>
  void call(const Time& t, const State& y, const Parameters& theta, State& dy) const {
    if constexpr (has_parameters)
      function_(t, y, theta, dy);
    else
      function_(t, y, dy);
  }
  template <class Y, int N>
  void call_with_duals(const DualOf<Y, N>& t, Duals<Y, N>& duals) const {
    if constexpr (takes_dual_time<Y>)
      call(t, duals.y, duals.theta, duals.dy);
    else
      call(static_cast<double>(t.value()), duals.y, duals.theta, duals.dy);
  }

  // The inputs stand in a row, y then θ then t, and are seeded a chunk at a time.
  template <class Y, class Time>
  void pull_back(Duals<Y, chunk>& duals, const Time& t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar,
                 typename Y::Scalar* t_bar) const {
    if constexpr (require_function<Y>()) {
      using Scalar = typename Y::Scalar;
      using Number = DualOf<Y, chunk>;
      const Eigen::Index rows = y.size();
      const Eigen::Index state_and_theta = rows + theta_.size();
      const Eigen::Index inputs = state_and_theta + (t_bar ? 1 : 0);
      duals.set(y, theta_);
      Number time(t);
      const auto input = [&](Eigen::Index i) -> Number& {
        if (i < rows) return duals.y.data()[i];
        return i < state_and_theta ? duals.theta.data()[i - rows] : time;
      };
      const auto cotangent = [&](Eigen::Index i) -> Scalar& {
        if (i < rows) return y_bar.data()[i];
        return i < state_and_theta ? theta_bar.data()[i - rows] : *t_bar;
      };
      for (Eigen::Index first = 0; first < inputs; first += chunk) {
        const Eigen::Index count = std::min<Eigen::Index>(chunk, inputs - first);
        for (Eigen::Index k = 0; k < count; ++k) input(first + k).derivatives()[k] = Scalar(1);
        call_with_duals<Y, chunk>(time, duals);
        typename Number::Derivatives sums = Number::Derivatives::Zero();
        for (Eigen::Index i = 0; i < rows; ++i) sums += w.data()[i] * duals.dy.data()[i].derivatives();
        for (Eigen::Index k = 0; k < count; ++k) {
          cotangent(first + k) += sums[k];
          input(first + k).derivatives()[k] = Scalar(0);
        }
      }
    }
  }

  template <class Y>
  void push_forward(double t, const Y& y, const Y& y_dot, const auto& theta_dot, const typename Y::Scalar& t_dot,
                    Y& dy_dot) const {
    if constexpr (require_function<Y>()) {
      using Number = DualOf<Y, 1>;
      Duals<Y, 1> duals;
      duals.set(y, theta_);
      for (Eigen::Index i = 0; i < y.size(); ++i) duals.y.data()[i].derivatives()[0] = y_dot.data()[i];
      for (Eigen::Index i = 0; i < theta_.size(); ++i) duals.theta.data()[i].derivatives()[0] = theta_dot.data()[i];
      Number time(t);
      time.derivatives()[0] = t_dot;
      call_with_duals<Y, 1>(time, duals);
      for (Eigen::Index i = 0; i < y.size(); ++i) dy_dot.data()[i] = duals.dy.data()[i].derivatives()[0];
    }
  }

  Function function_;
  [[no_unique_address]] Theta theta_;
};

// The field of f(t, y, theta, dy) with parameters theta0, an Eigen column vector. Take the time as auto where gradients with
// respect to t0 and t1 are wanted; as double, where f cannot do otherwise.
template <class Function, class Derived>
auto automatic_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0) {
  static_assert(Derived::ColsAtCompileTime == 1, "antistrophe: the parameters are one Eigen column vector");
  using Theta = typename Derived::PlainObject;
  return AutomaticVjp<Function, Theta>(std::move(function), Theta(theta0));
}

// The field of f(t, y, dy), without parameters.
template <class Function>
auto automatic_vjp(Function function) {
  return AutomaticVjp<Function, Eigen::Matrix<double, 0, 1>>(std::move(function));
}

}  // namespace antistrophe
