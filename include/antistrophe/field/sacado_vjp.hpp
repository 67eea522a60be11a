// SPDX-License-Identifier: MIT
// A differentiable vector field from f alone, by reverse differentiation with Sacado, of Trilinos:
//   sacado_vjp(f, theta)   f(t, y, theta, dy) writes dy
//   sacado_vjp(f)          f(t, y, dy), without parameters
// f is the function that automatic_vjp takes. Each vjp records f anew and goes back along that once, so that branches need no care.
// docs/automatic_vjp.md says when it pays.
// Sacado keeps what it records in one place for the whole program. Here it is used under one lock, so that any number of threads may
// call fields like this, and take turns; what else uses Sacado::Rad in the program must not be recording at that time.
// Needs Sacado (https://trilinos.github.io/sacado.html); CMake: antistrophe::sacado.
// requires: sacado
#pragma once

#include <antistrophe/field/detail/active_number.hpp>
#include <antistrophe/field/detail/reverse_vjp.hpp>

#include <Sacado_trad.hpp>

#include <cmath>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// A place in what Sacado records, which Sacado keeps until it has gone back.
class SacadoValue {
 public:
  using Variable = Sacado::Rad::ADvar<double>;
  using Place = Sacado::Rad::ADvari<double>;

  SacadoValue(double constant) : SacadoValue(static_cast<Place&>(Variable(constant))) {}  // NOLINT: numbers mix
  explicit SacadoValue(Place& place) : place_(&place) {}

  double val() const { return place_->Val; }
  double adj() const { return place_->aval; }
  Place& place() const { return *place_; }

  friend SacadoValue operator-(const SacadoValue& x) { return SacadoValue(-*x.place_); }
  friend SacadoValue operator+(const SacadoValue& x, const SacadoValue& y) {
    return SacadoValue(*x.place_ + *y.place_);
  }
  friend SacadoValue operator-(const SacadoValue& x, const SacadoValue& y) {
    return SacadoValue(*x.place_ - *y.place_);
  }
  friend SacadoValue operator*(const SacadoValue& x, const SacadoValue& y) {
    return SacadoValue(*x.place_ * *y.place_);
  }
  friend SacadoValue operator/(const SacadoValue& x, const SacadoValue& y) {
    return SacadoValue(*x.place_ / *y.place_);
  }
  friend bool operator<(const SacadoValue& x, const SacadoValue& y) { return x.val() < y.val(); }
  friend bool operator<=(const SacadoValue& x, const SacadoValue& y) { return x.val() <= y.val(); }
  friend bool operator>(const SacadoValue& x, const SacadoValue& y) { return x.val() > y.val(); }
  friend bool operator>=(const SacadoValue& x, const SacadoValue& y) { return x.val() >= y.val(); }
  friend bool operator==(const SacadoValue& x, const SacadoValue& y) { return x.val() == y.val(); }

 private:
  Place* place_;
};

struct SacadoLibrary {
  using Native = SacadoValue;

  // A function of the given value and slopes, as Sacado lets one define it.
  static Native of(const Native& x, double value, double slope) {
    return Native(Sacado::Rad::ADf1(value, slope, x.place()));
  }
  static Native of(const Native& x, const Native& y, double value, double slope_x, double slope_y) {
    return Native(Sacado::Rad::ADf2(value, slope_x, slope_y, x.place(), y.place()));
  }

  static Native sqrt(const Native& x) {
    const double f = std::sqrt(x.val());
    return of(x, f, 0.5 / f);
  }
  static Native exp(const Native& x) {
    const double f = std::exp(x.val());
    return of(x, f, f);
  }
  static Native log(const Native& x) { return of(x, std::log(x.val()), 1 / x.val()); }
  static Native sin(const Native& x) { return of(x, std::sin(x.val()), std::cos(x.val())); }
  static Native cos(const Native& x) { return of(x, std::cos(x.val()), -std::sin(x.val())); }
  static Native tan(const Native& x) {
    const double f = std::tan(x.val());
    return of(x, f, 1 + f * f);
  }
  static Native asin(const Native& x) { return of(x, std::asin(x.val()), 1 / std::sqrt(1 - x.val() * x.val())); }
  static Native acos(const Native& x) { return of(x, std::acos(x.val()), -1 / std::sqrt(1 - x.val() * x.val())); }
  static Native atan(const Native& x) { return of(x, std::atan(x.val()), 1 / (1 + x.val() * x.val())); }
  static Native sinh(const Native& x) { return of(x, std::sinh(x.val()), std::cosh(x.val())); }
  static Native cosh(const Native& x) { return of(x, std::cosh(x.val()), std::sinh(x.val())); }
  static Native tanh(const Native& x) {
    const double f = std::tanh(x.val());
    return of(x, f, 1 - f * f);
  }
  static Native abs(const Native& x) { return of(x, std::fabs(x.val()), x.val() < 0 ? -1 : 1); }
  static Native expm1(const Native& x) { return of(x, std::expm1(x.val()), std::exp(x.val())); }
  static Native log1p(const Native& x) { return of(x, std::log1p(x.val()), 1 / (1 + x.val())); }
  static Native cbrt(const Native& x) {
    const double f = std::cbrt(x.val());
    return of(x, f, 1 / (3 * f * f));
  }
  static Native atan2(const Native& y, const Native& x) {
    const double square = x.val() * x.val() + y.val() * y.val();
    return of(y, x, std::atan2(y.val(), x.val()), x.val() / square, -y.val() / square);
  }
  static Native hypot(const Native& x, const Native& y) {
    const double f = std::hypot(x.val(), y.val());
    return of(x, y, f, x.val() / f, y.val() / f);
  }
  static Native(min)(const Native& x, const Native& y) { return y.val() < x.val() ? y : x; }
  static Native(max)(const Native& x, const Native& y) { return x.val() < y.val() ? y : x; }
  static Native pow(const Native& x, const Native& p) {
    const double f = std::pow(x.val(), p.val());
    return of(x, p, f, p.val() == 0 ? 0 : p.val() * std::pow(x.val(), p.val() - 1), f == 0 ? 0 : f * std::log(x.val()));
  }
  static Native pow(const Native& x, double p) {
    return of(x, std::pow(x.val(), p), p == 0 ? 0 : p * std::pow(x.val(), p - 1));
  }
};

class SacadoEngine {
 public:
  using Number = ActiveNumber<SacadoLibrary>;
  static constexpr const char* name = "sacado_vjp";
  static constexpr bool needs_time = false;

  void pull_back(const VjpQuestion<Number>& question) {
    using Variable = SacadoValue::Variable;
    const std::lock_guard lock(everything());
    std::vector<Number> in, out(question.shape.outputs());
    in.reserve(question.inputs.size());
    for (const double x : question.inputs) in.emplace_back(x);
    try {
      question.record(in.data(), out.data());
    } catch (...) {
      Variable nothing(0.0);
      go_back({&nothing}, {0.0});  // after which Sacado forgets what was recorded
      throw;
    }
    // Of each output a variable of its own, for two may be the same number.
    std::vector<Variable> variables;
    std::vector<Variable*> seeded;
    variables.reserve(out.size());
    for (Number& number : out) variables.emplace_back(number.native().place() * 1.0);
    for (Variable& variable : variables) seeded.push_back(&variable);
    go_back(seeded, {question.w.begin(), question.w.end()});
    for (std::size_t i = 0; i < in.size(); ++i) question.bars[i] += in[i].native().adj();
  }

  void doubt() {}

 private:
  static void go_back(std::vector<SacadoValue::Variable*> from, std::vector<double> w) {
    SacadoValue::Variable::Weighted_Gradcomp(from.size(), from.data(), w.data());
  }
  static std::mutex& everything() {
    static std::mutex mutex;
    return mutex;
  }
};

}  // namespace detail

// The field of f(t, y, theta, dy) with parameters theta0, an Eigen column vector of double. Take the time as auto where gradients
// with respect to t0 and t1 are wanted.
template <class Function, class Derived>
auto sacado_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0) {
  return detail::reverse_vjp<detail::SacadoEngine>(std::move(function), theta0);
}

// The field of f(t, y, dy), without parameters.
template <class Function>
auto sacado_vjp(Function function) {
  return detail::reverse_vjp<detail::SacadoEngine>(std::move(function), detail::NoTheta{});
}

}  // namespace antistrophe
