// SPDX-License-Identifier: MIT
// A differentiable vector field from f alone, by reverse differentiation with ADOL-C:
//   adolc_vjp(f, theta)   f(t, y, theta, dy) writes dy
//   adolc_vjp(f)          f(t, y, dy), without parameters
// f is the function that automatic_vjp takes. It is recorded once and replayed, and recorded anew where ADOL-C says that a
// comparison comes out otherwise, or where what was replayed is not what f says. docs/automatic_vjp.md says when it pays.
// ADOL-C keeps its tapes in one place for the whole program, under numbers. Here it is used under one lock, so that any number of
// threads may call fields like this, and take turns; tapes are numbered from 32767 downwards, and a program that makes its own
// does so from below, and in no other thread at that time. ADOL-C's warnings about branches are switched off. A recording
// that does not fit into ADOL-C's buffers is written to files in the working directory; its file .adolcrc sets their sizes.
// Needs ADOL-C (https://github.com/coin-or/ADOL-C); CMake: antistrophe::adolc.
// requires: adolc
#pragma once

#include <antistrophe/field/detail/active_number.hpp>
#include <antistrophe/field/detail/reverse_vjp.hpp>
#include <antistrophe/field/detail/shared_engine.hpp>

#include <adolc/adouble.h>
#include <adolc/interfaces.h>
#include <adolc/taping.h>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

struct AdolCLibrary {
  using Native = adouble;

  // ADOL-C's functions are found by their arguments alone.
#define ANTISTROPHE_ADOLC_FUNCTION(name, function) \
  static Native name(const Native& x) {            \
    using std::function;                           \
    return function(x);                            \
  }
  ANTISTROPHE_ADOLC_FUNCTION(sqrt, sqrt)
  ANTISTROPHE_ADOLC_FUNCTION(exp, exp)
  ANTISTROPHE_ADOLC_FUNCTION(log, log)
  ANTISTROPHE_ADOLC_FUNCTION(sin, sin)
  ANTISTROPHE_ADOLC_FUNCTION(cos, cos)
  ANTISTROPHE_ADOLC_FUNCTION(tan, tan)
  ANTISTROPHE_ADOLC_FUNCTION(asin, asin)
  ANTISTROPHE_ADOLC_FUNCTION(acos, acos)
  ANTISTROPHE_ADOLC_FUNCTION(atan, atan)
  ANTISTROPHE_ADOLC_FUNCTION(sinh, sinh)
  ANTISTROPHE_ADOLC_FUNCTION(cosh, cosh)
  ANTISTROPHE_ADOLC_FUNCTION(tanh, tanh)
  ANTISTROPHE_ADOLC_FUNCTION(abs, fabs)
#undef ANTISTROPHE_ADOLC_FUNCTION
#define ANTISTROPHE_ADOLC_FUNCTION(name, function)        \
  static Native(name)(const Native& x, const Native& y) { \
    using std::function;                                  \
    return function(x, y);                                \
  }
  ANTISTROPHE_ADOLC_FUNCTION(atan2, atan2)
  ANTISTROPHE_ADOLC_FUNCTION(pow, pow)
  ANTISTROPHE_ADOLC_FUNCTION(min, fmin)  // not as branches
  ANTISTROPHE_ADOLC_FUNCTION(max, fmax)
#undef ANTISTROPHE_ADOLC_FUNCTION
  static Native pow(const Native& x, double p) {
    using std::pow;
    return pow(x, p);
  }
  // ADOL-C has no expm1 nor log1p: eˣ − 1 = 2 sinh(x/2) exp(x/2), to round-off; ln(1 + x) to round-off of 1 + x.
  static Native expm1(const Native& x) {
    const Native half = x * 0.5;
    return 2.0 * sinh(half) * exp(half);
  }
  static Native log1p(const Native& x) { return log(1.0 + x); }
  // Its cbrt is an operation that its own sweeps do not know (2.7.2).
  static Native cbrt(const Native& x) { return (x < 0.0 ? -1.0 : 1.0) * pow(abs(x), 1.0 / 3); }
  static Native hypot(const Native& x, const Native& y) { return sqrt(x * x + y * y); }
};

// The number of a tape, which nobody else has meanwhile.
class TapeNumber {
 public:
  TapeNumber() {
    if (free().empty() && lowest() <= 16384)
      throw std::runtime_error(
          "antistrophe: adolc_vjp has 16384 recordings at a time, and no number for another; let fields go that are "
          "needed no more, or copy one field instead of making many");
    if (free().empty()) {
      number_ = --lowest();
    } else {
      number_ = free().back();
      free().pop_back();
    }
  }
  TapeNumber(const TapeNumber&) = delete;
  TapeNumber& operator=(const TapeNumber&) = delete;
  ~TapeNumber() { free().push_back(number_); }
  operator short() const { return number_; }  // NOLINT: it is one

 private:
  static std::vector<short>& free() {
    static std::vector<short> numbers;
    return numbers;
  }
  static short& lowest() {
    static short number = 32767;
    return number;
  }
  short number_;
};

class AdolCRecording {
  using Number = ActiveNumber<AdolCLibrary>;

 public:
  explicit AdolCRecording(const RecordingShape& of) : shape(of) {}
  AdolCRecording(const AdolCRecording&) = delete;
  AdolCRecording& operator=(const AdolCRecording&) = delete;
  ~AdolCRecording() { forget(); }
  RecordingShape shape;

  bool replays(const VjpQuestion<Number>& question) {
    if (empty_ || (!shape.timed && question.t != t_)) return false;
    if (forward(question) < 0) return false;
    plain_.resize(shape.outputs());
    question.evaluate(plain_);
    return same_function(value_, plain_);
  }

  void record(const VjpQuestion<Number>& question) {
    forget();
    disableBranchSwitchWarnings();
    trace_on(tape_);
    taped_ = true;
    try {
      std::vector<Number> in(shape.inputs()), out(shape.outputs());
      for (std::size_t i = 0; i < in.size(); ++i) in[i].native() <<= question.inputs[i];
      question.record(in.data(), out.data());
      double value = 0;
      for (Number& number : out) number.native() >>= value;
    } catch (...) {
      trace_off();
      throw;
    }
    trace_off();
    t_ = question.t;
    empty_ = false;
    forward(question);
  }

  // After forward, at the same inputs.
  void pull_back(const VjpQuestion<Number>& question) {
    w_.assign(question.w.begin(), question.w.end());
    bars_.resize(shape.inputs());
    fos_reverse(tape_, static_cast<int>(shape.outputs()), static_cast<int>(shape.inputs()), w_.data(), bars_.data());
    for (std::size_t i = 0; i < bars_.size(); ++i) question.bars[i] += bars_[i];
  }

 private:
  // Less than 0 where a comparison comes out otherwise.
  int forward(const VjpQuestion<Number>& question) {
    value_.resize(shape.outputs());
    return zos_forward(tape_, static_cast<int>(shape.outputs()), static_cast<int>(shape.inputs()), 1,
                       question.inputs.data(), value_.data());
  }
  void forget() {
    empty_ = true;
    if (taped_) removeTape(tape_, ADOLC_REMOVE_COMPLETELY);
    taped_ = false;
  }

  TapeNumber tape_;
  std::vector<double> w_, bars_, value_, plain_;
  double t_ = 0;
  bool empty_ = true, taped_ = false;
};

struct AdolCEngine : SharedEngine<ActiveNumber<AdolCLibrary>, AdolCRecording> {
  static constexpr const char* name = "adolc_vjp";
};

}  // namespace detail

// The field of f(t, y, theta, dy) with parameters theta0, an Eigen column vector of double. Take the time as auto where gradients
// with respect to t0 and t1 are wanted, and so that a recording holds at any time.
template <class Function, class Derived>
auto adolc_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0) {
  return detail::reverse_vjp<detail::AdolCEngine>(std::move(function), theta0);
}

// The field of f(t, y, dy), without parameters.
template <class Function>
auto adolc_vjp(Function function) {
  return detail::reverse_vjp<detail::AdolCEngine>(std::move(function), detail::NoTheta{});
}

}  // namespace antistrophe
