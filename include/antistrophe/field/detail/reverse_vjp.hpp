// SPDX-License-Identifier: MIT
// A field made of f(t, y, theta, dy) alone whose vjp comes from reverse differentiation, by an engine:
// recorded_vjp, compiled_vjp, cppad_vjp, adolc_vjp and sacado_vjp. An engine has a type of number, a name, and
//   pull_back(question)   adds to question.bars, as a vjp does
//   doubt()               a new solve begins, before which what f had captured may have changed
// which may be called by several threads at a time. Engines know nothing of Eigen, nor of the function's type: they are
// handed its inputs in a row, and call back for a recording of it.
// A recording holds for the inputs it was made at, and for others only as long as f takes the same branches. So an engine
// that replays one looks for branches that have changed, and compares what it computed with what f itself says.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/generic_function.hpp>
#include <antistrophe/field/detail/requirements.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// What a recording is made for. Where f takes the time as double, the time is no input, and a recording holds at its own alone.
struct RecordingShape {
  Eigen::Index rows = 0, cols = 0, parameters = 0;
  bool timed = false;

  std::size_t outputs() const { return static_cast<std::size_t>(rows * cols); }
  std::size_t inputs() const { return outputs() + static_cast<std::size_t>(parameters) + (timed ? 1 : 0); }
  friend bool operator==(const RecordingShape&, const RecordingShape&) = default;
};

// A vjp to compute: bars += (∂f/∂inputs)ᵀ w. Inputs are t, if it is one, y and θ.
template <class Number>
struct VjpQuestion {
  RecordingShape shape;
  double t;
  std::span<const double> inputs;
  std::span<const double> w;
  std::span<double> bars;
  const void* field;
  void (*evaluate_)(const VjpQuestion&, std::span<double> value);
  void (*record_)(const VjpQuestion&, const Number* inputs, Number* outputs);

  // f by plain numbers.
  void evaluate(std::span<double> value) const { evaluate_(*this, value); }
  // f by the engine's numbers.
  void record(const Number* in, Number* out) const { record_(*this, in, out); }
};

// Whether a replayed f is f itself, but for round-off. Where it is not, a function that is no longer the one that was recorded
// (something it had captured has changed) is recorded anew.
inline bool same_function(std::span<const double> replayed, std::span<const double> value) {
  double size = 0, apart = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!std::isfinite(value[i]) || !std::isfinite(replayed[i])) {
      if (std::isfinite(value[i]) != std::isfinite(replayed[i])) return false;
      continue;
    }
    size = std::max(size, std::fabs(value[i]));
    apart = std::max(apart, std::fabs(value[i] - replayed[i]));
  }
  return apart <= 1e-9 * size;
}

}  // namespace detail

// See detail/reverse_vjp.hpp; made by the functions named there.
template <class Function, class Theta, class Engine>
class ReverseVjp {
  using Number = typename Engine::Number;
  static constexpr bool has_parameters = Theta::SizeAtCompileTime != 0;
  static_assert(!detail::HasParameters<Function>,
                "antistrophe: the function keeps its parameters to itself, where they cannot be differentiated. Let it "
                "take them as its third argument, f(t, y, theta, dy), and hand them over as the second of (f, theta).");

  // y and theta are passed as temporaries, which `auto& dy` in their place does not bind.
  template <class Time, class State, class Parameters>
  static constexpr bool is_callable = [] {
    if constexpr (has_parameters)
      return std::is_invocable_v<const Function&, const Time&, State, Parameters, State&>;
    else
      return std::is_invocable_v<const Function&, const Time&, State, State&>;
  }();
  template <class Y>
  using Recorded = detail::WithScalarOf<Y, Number>;
  // ∂f/∂t is known if f takes the time as it takes the state, as auto.
  template <class Y>
  static constexpr bool is_timed = is_callable<Number, Recorded<Y>, Recorded<Theta>>;

 public:
  template <class... Options>
  explicit ReverseVjp(Function function, Theta theta, Options&&... options)
      : function_(std::move(function)),
        theta_(std::move(theta)),
        engine_(std::make_shared<Engine>(std::forward<Options>(options)...)) {}

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

  // Evaluates the function once at (t, y), and throws std::invalid_argument where it reads entries of theta beyond its end. A
  // solve does so before it begins, an Objective before the first.
  template <EigenState Y>
  void try_out(double t, const Y& y) const {
    engine_->doubt();
    if constexpr (has_parameters && require_function<Y>()) {
      const detail::GuardedParameters<Theta> theta(theta_);
      Y dy = y;
      call(t, y, theta, dy);
      theta.refuse_beyond(std::string(Engine::name) + "'s theta", "the function");
    }
  }

  // dy = f(t, y).
  template <EigenState Y>
  void operator()(double t, const Y& y, Y& dy) const {
    if constexpr (require_function<Y>()) call(t, y, theta_, dy);
  }

  // y_bar += (∂f/∂y)ᵀ w, theta_bar += (∂f/∂θ)ᵀ w, t_bar += (∂f/∂t)ᵀ w.
  template <EigenState Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar) const {
    pull_back(t, y, w, y_bar, theta_bar, nullptr);
  }
  template <EigenState Y>
    requires is_timed<Y>
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar, double& t_bar) const {
    pull_back(t, y, w, y_bar, theta_bar, &t_bar);
  }

  // For tests and measurements.
  const Engine& engine() const { return *engine_; }

 private:
  template <class Y>
  static consteval bool require_function() {
    if constexpr (!std::is_same_v<typename Y::Scalar, double> || !std::is_same_v<typename Theta::Scalar, double>) {
      static_assert(detail::never<Y>,
                    "antistrophe: reverse differentiation of f is for states and parameters of double; automatic_vjp "
                    "takes float and long double too.");
      return false;
    } else {
      constexpr bool callable = is_timed<Y> || is_callable<double, Recorded<Y>, Recorded<Theta>>;
      static_assert(
          callable,
          "antistrophe: the function is called as f(t, y, theta, dy), or f(t, y, dy) where no theta is given, "
          "inputs first and the output last, with numbers that record what is done with them, so its arguments "
          "are generic: [](auto t, const auto& y, const auto& theta, auto& dy) { … }.");
      static_assert(
          !callable || is_timed<Y> || !Engine::needs_time,
          "antistrophe: what is compiled of a function that takes the time as double would hold at one time "
          "only; let it take the time as auto: [](auto t, const auto& y, const auto& theta, auto& dy) { … }.");
      constexpr bool copied = has_parameters ? detail::copies_result<Function, detail::Types<double, Y, Theta>, Y>
                                             : detail::copies_result<Function, detail::Types<double, Y>, Y>;
      static_assert(!copied,
                    "antistrophe: the function takes dy by value, and what it writes to a copy is lost: "
                    "[](auto t, const auto& y, const auto& theta, auto& dy) { … }.");
      return callable && !copied && (is_timed<Y> || !Engine::needs_time);
    }
  }

  template <class Time, class State, class Parameters>
  void call(const Time& t, const State& y, const Parameters& theta, State& dy) const {
    if constexpr (has_parameters)
      function_(t, y, theta, dy);
    else
      function_(t, y, dy);
  }

  template <class Y>
  static void evaluate(const detail::VjpQuestion<Number>& question, std::span<double> value) {
    static thread_local Y y, dy;
    const auto& self = *static_cast<const ReverseVjp*>(question.field);
    const double* const at = question.inputs.data() + (question.shape.timed ? 1 : 0);
    y.resize(question.shape.rows, question.shape.cols);
    std::copy_n(at, y.size(), y.data());
    dy = y;
    self.call(question.t, y, self.theta_, dy);
    std::copy_n(dy.data(), dy.size(), value.data());
  }

  template <class Y>
  static void record(const detail::VjpQuestion<Number>& question, const Number* in, Number* out) {
    const auto& self = *static_cast<const ReverseVjp*>(question.field);
    Recorded<Y> y, dy;
    Recorded<Theta> theta;
    y.resize(question.shape.rows, question.shape.cols);
    dy.resizeLike(y);
    theta.resize(question.shape.parameters);
    const Number* at = in + (question.shape.timed ? 1 : 0);
    for (Eigen::Index i = 0; i < y.size(); ++i) y.data()[i] = *at++;
    for (Eigen::Index i = 0; i < theta.size(); ++i) theta.data()[i] = *at++;
    if constexpr (is_timed<Y>)
      self.call(in[0], y, theta, dy);
    else
      self.call(question.t, y, theta, dy);
    for (Eigen::Index i = 0; i < dy.size(); ++i) out[i] = dy.data()[i];
  }

  template <class Y>
  void pull_back(double t, const Y& y, const Y& w, Y& y_bar, auto& theta_bar, double* t_bar) const {
    if constexpr (require_function<Y>()) {
      require_sizes(y.size(), w.size(), y_bar.size(), theta_bar.size());
      const detail::RecordingShape shape{y.rows(), y.cols(), theta_.size(), is_timed<Y>};
      static thread_local std::vector<double> room;
      const std::size_t inputs = shape.inputs(), rows = shape.outputs();
      room.resize(2 * inputs + rows);
      double* at = room.data();
      if constexpr (is_timed<Y>) *at++ = t;
      at = std::copy_n(y.data(), y.size(), at);
      at = std::copy_n(theta_.data(), theta_.size(), at);
      std::copy_n(w.data(), w.size(), at);
      double* const bars = at + rows;
      std::fill_n(bars, inputs, 0.0);
      engine_->pull_back(detail::VjpQuestion<Number>{
          shape, t, {room.data(), inputs}, {at, rows}, {bars, inputs}, this, &evaluate<Y>, &record<Y>});
      const double* from = bars;
      if constexpr (is_timed<Y>) {
        if (t_bar) *t_bar += *from;
        ++from;
      }
      for (Eigen::Index i = 0; i < y.size(); ++i) y_bar.data()[i] += *from++;
      for (Eigen::Index i = 0; i < theta_.size(); ++i) theta_bar.data()[i] += *from++;
    }
  }

  void require_sizes(Eigen::Index y, Eigen::Index w, Eigen::Index y_bar, Eigen::Index theta_bar) const {
    if (w != y) detail::refuse("the size of w", w, "that of y, " + std::to_string(y));
    if (y_bar != y) detail::refuse("the size of y_bar", y_bar, "that of y, " + std::to_string(y));
    if (theta_bar != theta_.size())
      detail::refuse("the length of theta_bar", theta_bar, "that of theta, " + std::to_string(theta_.size()));
  }

  Function function_;
  [[no_unique_address]] Theta theta_;
  std::shared_ptr<Engine> engine_;  // of all copies
};

namespace detail {

// The field of (function, theta0) by an engine.
template <class Engine, class Function, class Derived, class... Options>
auto reverse_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0, Options&&... options) {
  static_assert(Derived::ColsAtCompileTime == 1, "antistrophe: the parameters are one Eigen column vector");
  using Theta = typename Derived::PlainObject;
  return ReverseVjp<Function, Theta, Engine>(std::move(function), Theta(theta0), std::forward<Options>(options)...);
}

using NoTheta = Eigen::Matrix<double, 0, 1>;

}  // namespace detail

}  // namespace antistrophe
