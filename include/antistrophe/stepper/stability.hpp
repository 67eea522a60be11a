// SPDX-License-Identifier: MIT
// What a stepper may say of its stability on y' = μy, in terms of hμ. All of it is optional: a stepper that has something to say
// has a member stability() const. What is not known is NaN.
#pragma once

#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/outcome.hpp>

#include <complex>
#include <concepts>
#include <limits>

namespace antistrophe {

struct Stability {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  // s, where (−s, 0) is the stable part of the negative real axis that begins at 0. Of a coupled method this and the next are
  // those of the plain one that it couples, which parasite_edge cuts short.
  double real_interval = unknown;
  // The shortest stable ray from 0 among those within 0.75 radians of the negative real axis.
  double shortest_ray = unknown;
  // −ln λ: the parasitic solution dies out where h|Re μ| is below it. A member parasite() may give
  // that solution: what of the carry is 0 on the solution itself, at the start of the attempted step.
  double parasite_edge = std::numeric_limits<double>::infinity();
  // Step control counts a step as held by stability where the parasite is far above the tolerance, or where h times a
  // Lipschitz constant is near the parasite's edge.
  bool watches_parasite = false;
};

template <class S>
concept HasStability = requires(const S s) {
  { s.stability() } -> std::same_as<Stability>;
};

template <class S>
concept HasParasite = HasStability<S> && requires(S s) {
  { s.parasite() } -> std::same_as<const typename S::State&>;
};

// A stepper that knows by what factor a step multiplies the fastest growing of all that its carry can hold on y' = μy, from q = hμ.
template <class S>
concept KnowsGrowth = requires(const S s, const std::complex<double> q) {
  { s.growth(q) } -> std::same_as<double>;
};

// A stepper that knows whether equal steps multiply it by more than a factor, which may be much less work.
template <class S>
concept JudgesGrowth = KnowsGrowth<S> || requires(const S s, const std::complex<double> q, double factor) {
  { s.outgrows(q, factor) } -> std::same_as<bool>;
};

// A stepper that knows by what factor a step multiplies a solution of y' = μy itself, from q = hμ: e^q, but for its error. Of a
// multistep method in equal steps.
template <class S>
concept KnowsMultiplier = requires(const S s, const std::complex<double> q) {
  { s.multiplier(q) } -> std::same_as<std::complex<double>>;
};

// A stepper that can do the rest of an attempted step before it is committed: after complete(step, carry), which commit does
// not do again, next_parasite() is what of the carry after the step is 0 on the solution itself.
template <class S>
concept ForeseesParasite = HasParasite<S> && requires(S s, const Step step, const typename S::Carry carry) {
  { s.complete(step, carry) } -> std::same_as<Outcome>;
  { s.next_parasite() } -> std::same_as<const typename S::State&>;
};

}  // namespace antistrophe
