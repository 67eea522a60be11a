// automatic_vjp(f[, theta]): a differentiable vector field from f alone. f is called as f(t, y, dy[, theta]) and is
// generic in its arguments; the derivatives come from forward differentiation, eight directions at a time, and so does
// a jvp. A vjp costs about (rows of y + rows of theta + 1) / 8 evaluations of f, each some times dearer than a plain one:
// right for small models and for checking a vjp written by hand.
//
//   auto field = automatic_vjp(
//       [](auto t, const auto& y, auto& dy, const auto& theta) {
//         using std::cos, std::sin;  // so that sin(x) is found for plain numbers and for those that carry derivatives
//         dy[0] = theta[0] * sin(y[0]) + theta[1] * cos(t);
//       },
//       Eigen::Vector2d{1.0, 2.0});
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/dual.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace antistrophe {

namespace detail {

template <class A, class Scalar>
using WithScalarOf = std::remove_cvref_t<decltype(std::declval<const A&>().template cast<Scalar>().eval())>;

}  // namespace detail

template <class Function, class Theta>
class AutomaticVjp {
  static constexpr int chunk = 8;
  static constexpr bool has_parameters = Theta::SizeAtCompileTime != 0;
  static_assert(
      !detail::HasParameters<Function>,
      "automatic_vjp: the function keeps its parameters to itself, where they cannot be differentiated. Let it "
      "take them as its fourth argument, f(t, y, dy, theta), and write automatic_vjp(f, theta).");

  template <class Y, int N>
  using DualOf = Dual<typename Y::Scalar, N>;

  template <class Time, class State, class Parameters>
  static constexpr bool is_callable = [] {
    if constexpr (has_parameters)
      return std::is_invocable_v<const Function&, const Time&, const State&, State&, const Parameters&>;
    else
      return std::is_invocable_v<const Function&, const Time&, const State&, State&>;
  }();

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
  static constexpr bool takes_dual_time = is_callable<DualOf<Y, chunk>, detail::WithScalarOf<Y, DualOf<Y, chunk>>,
                                                      detail::WithScalarOf<Theta, DualOf<Y, chunk>>>;

 public:
  explicit AutomaticVjp(Function function, Theta theta = {})
      : function_(std::move(function)), theta_(std::move(theta)) {}

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

  // dy = f(t, y).
  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy) const {
    check_scalars<Y>();
    if constexpr (takes_dual_time<Y>)
      call(typename Y::Scalar(t), y, dy, theta_);
    else
      call(t, y, dy, theta_);
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

  // dy_dot = (∂f/∂y) y_dot + (∂f/∂θ) theta_dot + (∂f/∂t) t_dot.
  template <EigenState Y>
  void jvp(double t, const Y& y, const Y& y_dot, const Theta& theta_dot, Y& dy_dot) const {
    push_forward(t, y, y_dot, theta_dot, typename Y::Scalar(0), dy_dot);
  }
  template <EigenState Y>
    requires takes_dual_time<Y>
  void jvp(double t, const Y& y, const Y& y_dot, const Theta& theta_dot, const typename Y::Scalar& t_dot,
           Y& dy_dot) const {
    push_forward(t, y, y_dot, theta_dot, t_dot, dy_dot);
  }

 private:
  template <class Y>
  static constexpr void check_scalars() {
    static_assert(detail::is_real_scalar<typename Y::Scalar>,
                  "automatic_vjp: the state's scalar is a real number type");
    static_assert(!has_parameters || std::is_same_v<typename Theta::Scalar, typename Y::Scalar>,
                  "automatic_vjp: the parameters' scalar is not that of the state");
    using Number = DualOf<Y, chunk>;
    static_assert(
        takes_dual_time<Y> || is_callable<double, detail::WithScalarOf<Y, Number>, detail::WithScalarOf<Theta, Number>>,
        "automatic_vjp: the function must be callable as f(t, y, dy), or f(t, y, dy, theta) if theta is given, "
        "with numbers that carry derivatives: [](auto t, const auto& y, auto& dy, const auto& theta) { … }.");
  }

  template <class Time, class State, class Parameters>
  void call(const Time& t, const State& y, State& dy, const Parameters& theta) const {
    if constexpr (has_parameters)
      function_(t, y, dy, theta);
    else
      function_(t, y, dy);
  }
  template <class Y, int N>
  void call_with_duals(const DualOf<Y, N>& t, Duals<Y, N>& duals) const {
    if constexpr (takes_dual_time<Y>)
      call(t, duals.y, duals.dy, duals.theta);
    else
      call(static_cast<double>(t.value()), duals.y, duals.dy, duals.theta);
  }

  // The inputs stand in a row, y then θ then t, and are seeded a chunk at a time.
  template <class Y>
  void pull_back(Duals<Y, chunk>& duals, double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar,
                 typename Y::Scalar* t_bar) const {
    check_scalars<Y>();
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

  template <class Y>
  void push_forward(double t, const Y& y, const Y& y_dot, const Theta& theta_dot, const typename Y::Scalar& t_dot,
                    Y& dy_dot) const {
    check_scalars<Y>();
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

  Function function_;
  [[no_unique_address]] Theta theta_;
};

// The field of f(t, y, dy, theta) with parameters theta0, an Eigen vector. Take the time as auto where gradients with
// respect to t0 and t1 are wanted; as double, where f cannot do otherwise.
template <class Function, class Derived>
auto automatic_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0) {
  static_assert(Derived::ColsAtCompileTime == 1, "automatic_vjp: the parameters are one Eigen column vector");
  using Theta = typename Derived::PlainObject;
  return AutomaticVjp<Function, Theta>(std::move(function), Theta(theta0));
}

// The field of f(t, y, dy), without parameters.
template <class Function>
auto automatic_vjp(Function function) {
  return AutomaticVjp<Function, Eigen::Matrix<double, 0, 1>>(std::move(function));
}

}  // namespace antistrophe
