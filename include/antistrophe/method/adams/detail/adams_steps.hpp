// SPDX-License-Identifier: MIT
// Where a step stands among others, to an Adams method: whether its interpolant may reach it, which is never carried across a
// jump of f, and whether all steps that it sees are equal. Functions of the times alone, so that both passes decide alike.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/method/adams/detail/adams_carry.hpp>
#include <antistrophe/step/timeline.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace antistrophe::detail {

// A step's place in its timeline and in the ring; the place at which the method started; whether it is one of the first K
// steps from there, and whether it starts anew itself.
struct AdamsPlace {
  std::int64_t i = 0;
  std::size_t slot = 0;
  std::int64_t begun = 0;
  bool starts = true, restarts = false;
};

// False of a step so much longer or shorter than the one before it that an interpolant on its nodes is not to be trusted,
// there or, by the mirror, where it leaves the ring.
inline bool continues(const Step& step, std::int64_t i) {
  constexpr double shortest = 0.45, longest = 2.2;
  if (step.timeline->equal_up_to(i)) return true;  // one that is cut to fit comes last, and is seen by none
  const double ratio = step.h() / (step.t0 - step.earlier(1));
  return ratio >= shortest && ratio <= longest;
}

// In the forward pass, from where the method started before the step. Written member by member: a place built elsewhere and
// copied whole is read by wide loads that wait for narrow stores.
template <std::size_t K>
void place_forth(const Step& step, std::int64_t begun, AdamsPlace& place) {
  const std::int64_t i = step.n - step.timeline->first();
  const bool restarts = i > begun && (step.begins_at_jump() || !continues(step, i));
  place.i = i;
  place.slot = ring_slot<K>(step.n);
  place.begun = restarts ? i : begun;
  place.starts = i - place.begun < static_cast<std::int64_t>(K);
  place.restarts = restarts;
}

// On the way back, from where it had started after the step.
template <std::size_t K>
void place_back(const Step& step, std::int64_t begun, AdamsPlace& place) {
  const std::int64_t i = step.n - step.timeline->first();
  place.i = i;
  place.slot = ring_slot<K>(step.n);
  place.begun = begun;
  place.starts = i - begun < static_cast<std::int64_t>(K);
  place.restarts = i == begun && i > 0;
}

// True where this step and the K before it are equal but for the rounding of their times.
template <std::size_t K>
bool has_equal_steps(const Step& step) {
  if (step.timeline->equal_up_to(step.n - step.timeline->first() + 1)) return true;
  constexpr auto count = static_cast<std::int64_t>(K);
  const double h = step.h();
  const double rounding =
      4 * std::numeric_limits<double>::epsilon() * larger_of(std::fabs(step.t1), std::fabs(step.earlier(count)));
  double t = step.t0;
  for (std::int64_t j = 1; j <= count; ++j) {
    const double earlier = step.earlier(j);
    if (!(std::fabs(t - earlier - h) <= rounding)) return false;
    t = earlier;
  }
  return true;
}

}  // namespace antistrophe::detail
