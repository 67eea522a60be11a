// SPDX-License-Identifier: MIT
// Many problems of one field: what they are, and what a call for all of them may be told.
#pragma once

#include <antistrophe/core/detail/shared.hpp>
#include <antistrophe/field/detail/copied_cotangents.hpp>
#include <antistrophe/problem/problem.hpp>
#include <antistrophe/problem/solution.hpp>

#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// `count` problems, the i-th of which is made of `problem` by vary(i, problem), i from 0: another y0, other parameters, another t0
// or t1. It is made where and when it is solved, so an ensemble takes no room, whatever its size.
//
//   Ensemble ensemble{problem, 100'000, [&](std::size_t i, auto& p) { p.y0 = starts[i]; }};
//
// vary must be a pure function of i, and may be called by several threads at a time.
template <class F, class Y, class Vary>
struct Ensemble {
  using Field = F;
  using State = Y;

  Problem<F, Y> problem;
  std::size_t count = 0;
  Vary vary;

  std::size_t size() const { return count; }
  Problem<F, Y> operator[](std::size_t i) const {
    Problem<F, Y> made = problem;
    vary(i, made);
    return made;
  }
};
template <class F, class Y, class Count, class Vary>
Ensemble(Problem<F, Y>, Count, Vary) -> Ensemble<F, Y, Vary>;

// Extras of the calls for ensembles, beside those of solve and value_and_gradient.

// Threads that solve problems side by side; 0 for as many as the machine has processors. Without it there is one. What the
// field, the loss and the extras refer to is shared by all threads; they have copies of the field itself.
struct Threads {
  static constexpr bool is_ensemble_extra = true;
  std::size_t count = 0;
};

// W problems at a time in the lanes of vector instructions: with a Runge-Kutta method or, in steps laid out before the solve, its
// exact pair, and a field that is generic in its scalar (ensembles.md has the details). W: a power of two, by default what
// the program is compiled for.
#if defined(__AVX512F__)
inline constexpr int default_lanes = 8;
#else
inline constexpr int default_lanes = 4;
#endif
template <int W = default_lanes>
struct Lanes {
  static constexpr bool is_ensemble_extra = true;
  // Last: clang leaves out of a class what comes after one that fails.
  static_assert(W == 2 || W == 4 || W == 8, "antistrophe: Lanes<W> are 2, 4 or 8.");
};

// The gradient with respect to the parameters of each problem is kept, beside their sum.
struct EachTheta {
  static constexpr bool is_ensemble_extra = true;
};

// Events that differ from problem to problem: EachEvents{[&](std::size_t i) { return Events{…}; }}.
template <class Make>
struct EachEvents {
  static constexpr bool is_ensemble_extra = true;
  Make make;
};
template <class Make>
EachEvents(Make) -> EachEvents<Make>;

// A loss of what all problems saved, such as a distance of two distributions: f(all, all_bar) -> value, where all[i] is what problem i
// saved, a std::vector as `loss(ys, ys_bar)` gets it, and all_bar[i] has its cotangents, which come as zeros. It needs all states before
// the first cotangent, so each problem is solved once more on its way back.
template <class L>
struct JointLoss {
  L loss;
};
template <class L>
JointLoss(L) -> JointLoss<L>;

// A problem of an ensemble that failed, and why.
struct ProblemFailure {
  std::size_t index = 0;
  Failure failure;
};

// Thrown where problems of an ensemble failed, after all others have been solved; `result` gives what these gave.
class EnsembleError : public std::runtime_error {
 public:
  template <class Result>
  ANTISTROPHE_COLD EnsembleError(std::vector<ProblemFailure> failures, std::size_t count, Result result)
      : std::runtime_error(sentence(failures, count)),
        failures_(detail::Shared::of(std::move(failures))),
        result_(detail::Shared::of(std::move(result))) {}

  // In the order of their numbers.
  const std::vector<ProblemFailure>& failures() const { return failures_.as<std::vector<ProblemFailure>>(); }
  // What the call would have returned with OnFailure::return_status. Throws std::bad_any_cast if asked for another type.
  template <class Result>
  const Result& result() const {
    return result_.require<Result>();
  }

 private:
  ANTISTROPHE_COLD static std::string sentence(const std::vector<ProblemFailure>& failures, std::size_t count) {
    std::ostringstream text;
    text << "antistrophe: " << failures.size() << " of " << count << " problems failed; the first of them, problem "
         << failures.front().index << ": " << failures.front().failure;
    return text.str();
  }

  detail::Shared failures_;  // a std::vector<ProblemFailure>; an exception's copies must not throw
  detail::Shared result_;
};

namespace detail {

// An ensemble is whatever has a size() and gives problems by [i]: Ensemble, or a std::vector of problems.
template <class E>
using ProblemOf = std::remove_cvref_t<decltype(std::declval<const E&>()[std::size_t{}])>;
template <class P>
inline constexpr bool is_problem = false;
template <class F, class Y>
inline constexpr bool is_problem<Problem<F, Y>> = true;
template <class E>
concept EnsembleOfProblems = requires(const E& ensemble) {
  { ensemble.size() } -> std::convertible_to<std::size_t>;
  ensemble[std::size_t{}];
} && is_problem<ProblemOf<E>>;

template <class L>
inline constexpr bool is_joint_loss = false;
template <class L>
inline constexpr bool is_joint_loss<JointLoss<L>> = true;

// In the place of a gradient, of what is no ensemble.
struct NoResult {
  double value = 0, gradient = 0;
};

// vary takes the problem that it is to change by value.
template <class E>
inline constexpr bool vary_copies_problem = false;
template <class F, class Y, class Vary>
inline constexpr bool vary_copies_problem<Ensemble<F, Y, Vary>> =
    operator_takes_values<Vary, 1, Problem<F, Y>>() || operator_takes_values<Vary, 1, std::size_t, Problem<F, Y>>();

template <class E>
consteval bool require_ensemble() {
  constexpr bool is_ensemble = EnsembleOfProblems<E>;  // said of a bool, what fails is not told atom by atom
  static_assert(
      is_ensemble,
      "antistrophe: an ensemble is Ensemble{problem, count, vary}, where vary(i, problem) makes the i-th problem of "
      "the given one, or a std::vector of problems.");
  constexpr bool copied = vary_copies_problem<E>;
  static_assert(!copied,
                "antistrophe: the vary of an Ensemble takes the problem by value, and what it changes of a copy is "
                "lost: [&](std::size_t i, auto& problem) { problem.y0 = starts[i]; }.");
  return is_ensemble && !copied;
}

}  // namespace detail
}  // namespace antistrophe
