// SPDX-License-Identifier: MIT
// Mistakes in a vjp or a loss that leave every number finite and every gradient wrong, found at next to no cost.
//   A vjp, of the field or of a jump, is called once with w = 0, from cotangents that are all 1. It is linear in w and adds, so that
//   they stay 1: what assigns makes them 0, and what has taken y for w makes them anything.
//   A loss whose cotangents are all 0 is asked twice more, at states a little way off: its value must not move in
//   proportion while the cotangents stay 0.
#pragma once

#include <antistrophe/core/detail/splitmix64.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/split.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// Thrown before a wrong gradient is given; check_gradient makes a report of it.
class WrongDerivative : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// `jump`: the number of the event whose jump it is the vjp of, or -1 for the field's.
ANTISTROPHE_COLD [[noreturn]] inline void refuse_vjp(const char* bar, std::ptrdiff_t i, double was_one,
                                                     std::ptrdiff_t jump = -1) {
  std::string text = "antistrophe: the vjp ";
  if (jump >= 0) text.append("of the jump of event ").append(std::to_string(jump)).append(" ");
  if (was_one == 0)
    text.append("overwrites ").append(bar);
  else
    text.append("adds to ").append(bar);
  if (i >= 0) text.append("[").append(std::to_string(i)).append("]");
  text.append(was_one == 0 ? ", which must be added to: write += in the place of ="
                           : " although w is 0, and is not linear in w: are y and w swapped in its arguments, "
                             "vjp(t, y, w, y_bar, theta_bar)?");
  throw WrongDerivative(text + (jump >= 0 ? " (check_gradient looks at every component)"
                                          : " (check_vjp(field, t, y) looks at every component)"));
}

// What has another shape than it came with, of a size that the compiler does not know.
template <class A>
void require_shape([[maybe_unused]] const char* bar, [[maybe_unused]] const A& given,
                   [[maybe_unused]] Eigen::Index rows, [[maybe_unused]] Eigen::Index columns) {
  if constexpr (A::SizeAtCompileTime == Eigen::Dynamic)
    if (given.rows() != rows || given.cols() != columns)
      refuse(std::string("the shape that the vjp gives ") + bar, shape(given),
             std::to_string(rows) + "x" + std::to_string(columns) + ": it adds to what it finds");
}

// Entries that were 1. NaN says that f has no derivative there, which is for others to say.
template <class A>
void require_ones(const char* bar, const A& ones, std::ptrdiff_t jump = -1) {
  using Scalar = typename A::Scalar;
  for (Eigen::Index i = 0; i < ones.size(); ++i) {
    const Scalar entry = ones.data()[i];
    if (entry != Scalar(1) && entry == entry) refuse_vjp(bar, i, entry == Scalar(0) ? 0.0 : 2.0, jump);
  }
}

// One vjp, and one evaluation where the field keeps a tape. Throws WrongDerivative.
template <class Field, EigenState Y>
void try_vjp(const Field& field, double t, const Y& y) {
  using Scalar = typename Y::Scalar;
  Y y_bar = filled<Y>(y.rows(), y.cols(), Scalar(1));
  const Y w = zeros_like(y);
  Parameters<Field, Y> theta_bar = zero_parameters<Field, Y>(field);
  fill(theta_bar, Scalar(1));
  Scalar t_bar(1);
  Tape<Field, Y> tape = make_tape<Field, Y>(field, y);
  if constexpr (uses_tape<Field, Y>) {
    Y dy = w;
    evaluate<Field, Y>(field, t, y, dy, tape);
  }
  const Eigen::Index parameters = theta_bar.size();
  pull_back<Field, Y>(field, t, y, tape, w, y_bar, theta_bar, t_bar);
  require_shape("y_bar", y_bar, y.rows(), y.cols());
  require_shape("theta_bar", theta_bar, parameters, 1);
  require_ones("y_bar", y_bar);
  require_ones("theta_bar", theta_bar);
  if (t_bar != Scalar(1) && t_bar == t_bar) refuse_vjp("t_bar", -1, t_bar == Scalar(0) ? 0.0 : 2.0);
}

// Those of a split field's halves, which a method may call by themselves.
template <class Field, EigenState Y>
void try_half_vjps(const Field& field, double t, const Y& y) {
  using Half = HalfOf<Y>;
  using Scalar = typename Y::Scalar;
  const Eigen::Index rows = y.rows() / 2;
  const Half v = y.topRows(rows), w = y.bottomRows(rows), zero = zeros_like(v);
  Half v_bar = filled<Half>(v.rows(), v.cols(), Scalar(1)), w_bar = v_bar;
  Parameters<Field, Y> theta_bar = zero_parameters<Field, Y>(field);
  fill(theta_bar, Scalar(1));
  Scalar t_bar(1);
  if constexpr (HasTimedHalfVjps<Field, Y>) {
    field.velocity_vjp(t, w, zero, w_bar, theta_bar, t_bar);
    field.force_vjp(t, v, zero, v_bar, theta_bar, t_bar);
  } else {
    field.velocity_vjp(t, w, zero, w_bar, theta_bar);
    field.force_vjp(t, v, zero, v_bar, theta_bar);
  }
  require_ones("w_bar, by velocity_vjp,", w_bar);
  require_ones("v_bar, by force_vjp,", v_bar);
  require_ones("theta_bar", theta_bar);
}

// What a stepper calls on the way back, over one step: the vjp of the whole field, or those of its halves.
template <class S, class F, EigenState Y>
void try_vjps_of(const F& field, double t0, double t1, const Y& y) {
  using Field = typename OverStep<F>::Field;
  OverStep<F> over(field);
  if constexpr (requires { requires S::calls_halves; })
    try_half_vjps<Field, Y>(over(t0, t1), t1, y);
  else
    try_vjp<Field, Y>(over(t0, t1), t1, y);
}

// Of the jump of an event that was met there. Its t_bar may be assigned, for nothing is there before.
template <class Detector, class Y, class Theta>
ANTISTROPHE_COLD void try_jump_vjp(const Detector& detector, std::size_t index, double t, const Y& y, Theta theta_bar) {
  using Scalar = typename Y::Scalar;
  Y y_bar = filled<Y>(y.rows(), y.cols(), Scalar(1));
  fill(theta_bar, Scalar(1));
  Scalar t_bar(0);
  detector.jump_vjp(index, t, y, zeros_like(y), y_bar, theta_bar, t_bar);
  const auto jump = static_cast<std::ptrdiff_t>(index);
  require_ones("y_bar", y_bar, jump);
  require_ones("theta_bar", theta_bar, jump);
  if (t_bar != Scalar(0) && t_bar == t_bar) refuse_vjp("t_bar", -1, 2, jump);
}

template <class A>
bool is_all_zero(const A& a) {
  if constexpr (std::is_arithmetic_v<A>) {
    return a == 0;
  } else {
    for (Eigen::Index i = 0; i < a.size(); ++i)
      if (a.data()[i] != typename A::Scalar(0)) return false;
    return true;
  }
}
template <class A>
bool all_zero(const std::vector<A>& list) {
  return std::all_of(list.begin(), list.end(), [](const A& a) { return is_all_zero(a); });
}

// Every entry moved by `distance` of itself, or of 1 where it is 0, one way or the other.
template <class A>
A moved(const A& a, double distance, std::uint64_t& seed) {
  const auto move = [&](const auto& x) {
    using X = std::remove_cvref_t<decltype(x)>;
    const std::uint64_t z = splitmix64(seed);
    seed += golden_increment;
    const double way = (z & 1U) != 0 ? distance : -distance;
    using R = typename Eigen::NumTraits<X>::Real;
    if (x == X(0)) return X(static_cast<R>(way));
    return X(x + x * static_cast<R>(way * (1 + static_cast<double>(z >> 12U) * 0x1p-52)));
  };
  if constexpr (std::is_arithmetic_v<A>) {
    return move(a);
  } else {
    A result = a;
    for (Eigen::Index i = 0; i < result.size(); ++i) result.data()[i] = move(a.data()[i]);
    return result;
  }
}

ANTISTROPHE_COLD [[noreturn]] inline void refuse_silent_loss() {
  throw WrongDerivative(
      "antistrophe: the value of the loss changes with ys, but the loss writes nothing to ys_bar: write ys_bar[i] = "
      "∂L/∂ys[i], and take ys_bar by reference (auto& ys_bar)");
}

// `evaluate(ys)` gives the value of the loss of other states and writes its cotangents, of which `silent()` says whether all are 0.
template <class Saved, class Evaluate, class Silent>
ANTISTROPHE_COLD void require_cotangents(const std::vector<Saved>& ys, double value, const Evaluate& evaluate,
                                         const Silent& silent) {
  // A jump of a loss that is constant by pieces is the same at both distances, a slope is twice at the second.
  double changes[2] = {};
  for (int i = 0; i < 2; ++i) {
    std::uint64_t seed = 1;
    std::vector<Saved> elsewhere;
    for (const Saved& y : ys) elsewhere.push_back(moved(y, i == 0 ? 0x1p-12 : 0x1p-11, seed));
    try {
      changes[i] = static_cast<double>(evaluate(elsewhere)) - value;
    } catch (...) {
      return;  // a loss may refuse states that no solve gave it
    }
    if (!silent()) return;
  }
  const double ratio = changes[1] / changes[0];
  if (std::fabs(changes[0]) > 0x1p-20 * std::fabs(value) && ratio > 1.5 && ratio < 2.5) refuse_silent_loss();
}

}  // namespace antistrophe::detail
