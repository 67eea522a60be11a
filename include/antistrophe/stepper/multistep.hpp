// SPDX-License-Identifier: MIT
// What a multistep method asks of those who choose its steps.
#pragma once

#include <antistrophe/step/timeline.hpp>

#include <concepts>
#include <cstdint>

namespace antistrophe {

struct MultistepRequirements {
  // The minimum number of fixed steps: as many as the method looks at. Steps of a solve taken again may be fewer.
  std::int64_t minimum_steps = 0;
  // Growth below this is ignored: a step of new length costs weights and accuracy.
  double worthwhile_growth = 1.2;
};

// Says so in a static constant `multistep`; maximum_growth(step) is the factor by which the step after the attempted one may
// be longer.
template <class S>
concept MultistepStepper = requires(const S s, const Step step) {
  { S::multistep } -> std::convertible_to<MultistepRequirements>;
  { s.maximum_growth(step) } -> std::convertible_to<double>;
};

}  // namespace antistrophe
