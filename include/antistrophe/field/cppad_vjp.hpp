// SPDX-License-Identifier: MIT
// A differentiable vector field from f alone, by reverse differentiation with CppAD:
//   cppad_vjp(f, theta)   f(t, y, theta, dy) writes dy
//   cppad_vjp(f)          f(t, y, dy), without parameters
// f is the function that automatic_vjp takes. It is recorded once and replayed, and recorded anew where a comparison comes out
// otherwise, or where what was replayed is not what f says. docs/automatic_vjp.md says when it pays.
// CppAD keeps its memory in one place for the whole program. Here it is used under one lock, so that any number of threads may
// call fields like this, and take turns. Of what else uses CppAD in the program, no other thread may be at it at that time.
// Needs CppAD (https://cppad.readthedocs.io); CMake: antistrophe::cppad.
// requires: cppad
#pragma once

#include <antistrophe/field/detail/active_number.hpp>
#include <antistrophe/field/detail/reverse_vjp.hpp>
#include <antistrophe/field/detail/shared_engine.hpp>

#include <cppad/cppad.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

struct CppAdLibrary {
  using Native = CppAD::AD<double>;

  static Native sqrt(const Native& x) { return CppAD::sqrt(x); }
  static Native exp(const Native& x) { return CppAD::exp(x); }
  static Native log(const Native& x) { return CppAD::log(x); }
  static Native sin(const Native& x) { return CppAD::sin(x); }
  static Native cos(const Native& x) { return CppAD::cos(x); }
  static Native tan(const Native& x) { return CppAD::tan(x); }
  static Native asin(const Native& x) { return CppAD::asin(x); }
  static Native acos(const Native& x) { return CppAD::acos(x); }
  static Native atan(const Native& x) { return CppAD::atan(x); }
  static Native sinh(const Native& x) { return CppAD::sinh(x); }
  static Native cosh(const Native& x) { return CppAD::cosh(x); }
  static Native tanh(const Native& x) { return CppAD::tanh(x); }
  static Native abs(const Native& x) { return CppAD::fabs(x); }
  static Native expm1(const Native& x) { return CppAD::expm1(x); }
  static Native log1p(const Native& x) { return CppAD::log1p(x); }
  static Native cbrt(const Native& x) { return CppAD::sign(x) * CppAD::pow(CppAD::fabs(x), 1.0 / 3); }
  static Native atan2(const Native& y, const Native& x) { return CppAD::atan2(y, x); }
  static Native hypot(const Native& x, const Native& y) { return CppAD::sqrt(x * x + y * y); }
  // Not as branches.
  static Native(min)(const Native& x, const Native& y) { return CppAD::CondExpLt(y, x, y, x); }
  static Native(max)(const Native& x, const Native& y) { return CppAD::CondExpLt(x, y, y, x); }
  static Native pow(const Native& x, const Native& p) { return CppAD::pow(x, p); }
  static Native pow(const Native& x, double p) { return CppAD::pow(x, p); }
};

class CppAdRecording {
  using Number = ActiveNumber<CppAdLibrary>;

 public:
  explicit CppAdRecording(const RecordingShape& of) : shape(of) {}
  RecordingShape shape;

  bool replays(const VjpQuestion<Number>& question) {
    if (empty_ || (!shape.timed && question.t != t_)) return false;
    forward(question);
    if (function_.compare_change_number() != 0) return false;
    plain_.resize(shape.outputs());
    question.evaluate(plain_);
    return same_function(value_, plain_);
  }

  void record(const VjpQuestion<Number>& question) {
    empty_ = true;
    std::vector<Native> in(question.inputs.begin(), question.inputs.end()), out(shape.outputs());
    CppAD::Independent(in);
    try {
      std::vector<Number> inputs, outputs(shape.outputs());
      for (const Native& x : in) inputs.emplace_back(x);
      question.record(inputs.data(), outputs.data());
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = outputs[i].native();
    } catch (...) {
      Native::abort_recording();
      throw;
    }
    function_.Dependent(in, out);
    function_.check_for_nan(false);  // NaN is for the solve to speak of
    function_.compare_change_count(1);
    t_ = question.t;
    empty_ = false;
    forward(question);
  }

  // After forward, at the same inputs.
  void pull_back(const VjpQuestion<Number>& question) {
    w_.assign(question.w.begin(), question.w.end());
    const std::vector<double> bars = function_.Reverse(1, w_);
    for (std::size_t i = 0; i < bars.size(); ++i) question.bars[i] += bars[i];
  }

 private:
  using Native = CppAdLibrary::Native;

  void forward(const VjpQuestion<Number>& question) {
    x_.assign(question.inputs.begin(), question.inputs.end());
    value_ = function_.Forward(0, x_);
  }

  CppAD::ADFun<double> function_;
  std::vector<double> x_, w_, value_, plain_;
  double t_ = 0;
  bool empty_ = true;
};

struct CppAdEngine : SharedEngine<ActiveNumber<CppAdLibrary>, CppAdRecording> {
  static constexpr const char* name = "cppad_vjp";
};

}  // namespace detail

// The field of f(t, y, theta, dy) with parameters theta0, an Eigen column vector of double. Take the time as auto where gradients
// with respect to t0 and t1 are wanted, and so that a recording holds at any time.
template <class Function, class Derived>
auto cppad_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0) {
  return detail::reverse_vjp<detail::CppAdEngine>(std::move(function), theta0);
}

// The field of f(t, y, dy), without parameters.
template <class Function>
auto cppad_vjp(Function function) {
  return detail::reverse_vjp<detail::CppAdEngine>(std::move(function), detail::NoTheta{});
}

}  // namespace antistrophe
