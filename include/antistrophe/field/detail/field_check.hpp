// SPDX-License-Identifier: MIT
// What the library relies on of a field's call: f writes all of dy, is a pure function, says the same with and without its
// tape, and does not see the time where it says so.
#pragma once

#include <antistrophe/core/detail/splitmix64.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/vjp_report.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// Numbers of either sign and of size 1/4 to 1, the same on every machine.
class CheckDirections {
 public:
  explicit CheckDirections(std::uint64_t seed) : state_(seed) {}
  double next() {
    const std::uint64_t z = splitmix64(state_);
    state_ += golden_increment;
    const double size = 0.25 + 0.75 * static_cast<double>(z >> 12U) * 0x1p-52;
    return (z & 1U) != 0 ? size : -size;
  }
  template <class A>
  A like(const A& shape) {
    A result = shape;
    for (Eigen::Index i = 0; i < result.size(); ++i) result.data()[i] = scalar<A>(next());
    return result;
  }

 private:
  std::uint64_t state_;
};

template <class A>
bool same_bits(const A& a, const A& b) {
  for (Eigen::Index i = 0; i < a.size(); ++i)
    if (!(a.data()[i] == b.data()[i]) && !(a.data()[i] != a.data()[i] && b.data()[i] != b.data()[i])) return false;
  return true;
}

template <class F, class Y>
class FieldCheck {
 protected:
  using Scalar = typename Y::Scalar;
  using Real = std::common_type_t<Scalar, double>;
  using Theta = Parameters<F, Y>;
  using Index = Eigen::Index;

  FieldCheck(const F& field, double t, const Y& y, const VjpCheckOptions& options)
      : field_(field), t_(t), y_(y), options_(options), directions_(options.seed) {
    constexpr Real epsilon = std::numeric_limits<Scalar>::epsilon();
    report_.tolerance =
        options.tolerance > 0 ? options.tolerance : static_cast<double>(30 * std::pow(epsilon, Real(0.6)));
  }

  bool fail(const std::string& component, const std::string& what) {
    report_.ok = false;
    report_.component = component;
    report_.message = "antistrophe: " + what;
    return false;
  }

  // y_bar[2], or y_bar(1, 0) of a matrix.
  std::string name(const std::string& array, Index i, bool of_state) const {
    if (of_state && y_.rows() != 1 && y_.cols() != 1) {
      const Index row = Y::IsRowMajor ? i / y_.cols() : i % y_.rows(),
                  column = Y::IsRowMajor ? i % y_.cols() : i / y_.rows();
      return array + "(" + std::to_string(row) + ", " + std::to_string(column) + ")";
    }
    return array + "[" + std::to_string(i) + "]";
  }
  static std::string text(Real x) {
    std::ostringstream out;
    out.precision(9);
    out << x;
    return out.str();
  }

  Y evaluated(const F& field, double t, const Y& y, const Scalar& before) const {
    Y dy = Y::Constant(y.rows(), y.cols(), before);
    field(t, y, dy);
    return dy;
  }

  // f writes every component, whatever dy held before; twice the same; finite; and the same with a tape.
  bool check_field() {
    constexpr Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
    const Y first = evaluated(field_, t_, y_, nan), second = evaluated(field_, t_, y_, nan);
    const Y third = evaluated(field_, t_, y_, Scalar(1));
    if (first.rows() != y_.rows() || first.cols() != y_.cols())
      return fail("dy", "f has given dy another shape than y's; it must write into dy as it finds it");
    for (Index i = 0; i < y_.size(); ++i) {
      const Scalar a = first.data()[i], b = second.data()[i], c = third.data()[i];
      const std::string dy = name("dy", i, true);
      if (a != a && c == Scalar(1))
        return fail(dy, "f does not write " + dy + "; it must assign every component of dy");
      if (a != a && c == c)
        return fail(dy, "f makes " + dy + " depend on what dy held before; it must assign (=), not add (+=)");
      if (!is_finite(a))
        return fail(dy, "f is not finite at the given t and y: " + dy + " is " + text(a) + "; check at another point");
      if (a != b || a != c)
        return fail(dy, "f is not a pure function: for the same t and y, " + dy + " was " + text(a) + " and then " +
                            text(a != b ? b : c));
    }
    if constexpr (KeepsTape<F, Y>) {
      const Y with_tape = evaluated_with_tape(make_used_tape());
      for (Index i = 0; i < y_.size(); ++i)
        if (with_tape.data()[i] != first.data()[i])
          return fail(name("dy", i, true), "f with a tape gives another " + name("dy", i, true) +
                                               " than without: " + text(with_tape.data()[i]) + " against " +
                                               text(first.data()[i]) + "; both must be the same to the last bit");
    }
    size_ = Real(0);
    for (Index i = 0; i < y_.size(); ++i) size_ = std::max(size_, std::abs(static_cast<Real>(first.data()[i])));
    return true;
  }

  // A field that is declared autonomous does not see the time.
  bool check_autonomous() {
    if constexpr (DeclaredAutonomous<F>) {
      const Y now = evaluated(field_, t_, y_, Scalar(0)), later = evaluated(field_, t_ + 1, y_, Scalar(0));
      if (F::autonomous && !same_bits(now, later))
        return fail("t_bar", "the field says that it is autonomous, but its value changes with t");
    }
    return true;
  }

  // A tape that has been used at another point: what it kept of that must be gone after the next call.
  auto make_used_tape() const {
    auto tape = make_tape<F, Y>(field_, y_);
    Y dy = y_;
    CheckDirections directions(options_.seed + 1);
    const Y elsewhere = y_ + directions.like(y_) * Scalar(0.125);
    field_(t_, elsewhere, dy, tape);
    return tape;
  }
  template <class T>
  Y evaluated_with_tape(T&& tape) const {
    Y dy = Y::Constant(y_.rows(), y_.cols(), std::numeric_limits<Scalar>::quiet_NaN());
    field_(t_, y_, dy, tape);
    return dy;
  }

  const F& field_;
  double t_;
  const Y& y_;
  VjpCheckOptions options_;
  mutable CheckDirections directions_;
  VjpReport report_;
  Real size_ = 0;  // of f
};

}  // namespace antistrophe::detail
