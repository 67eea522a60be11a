// What must hold of every case.
#pragma once

#include "fuzz/case.hpp"

#include <cstdint>
#include <span>
#include <stdexcept>

namespace antistrophe::fuzz {

// It does not: what, and of which case.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Solves the case in all ways and throws Broken where
//   a call throws anything but std::invalid_argument or SolveError with a sentence, or what the field has thrown,
//   the same call twice, the steps taken again, or time turned round do not give the same bits,
//   times are out of order, missing or outside, states not finite, or the field is called outside the interval,
//   a pure field is called impure, or a gradient is not finite,
//   the adjoints see other states or give other gradients: stored, checkpointed and (of exact methods) compressed ones the same
//   bits, the reversible one of an exact method the same to round-off,
//   a pull-back is not linear, or not the same the second time or after a throw,
//   a gradient in adaptive steps that is taken again where it is in doubt is not that of the tolerances that it tells, or is another one by
//   an objective, in an ensemble, by two threads or in lanes.
void try_case(const Case& given);

// What became of the cases so far: a fuzzer that is refused all the time finds nothing.
struct Tally {
  std::int64_t refused = 0, gave_up = 0, solved = 0, gradients = 0, taken_again = 0, taken_again_in_lanes = 0;
};
const Tally& tally();
void try_bytes(std::span<const std::uint8_t> bytes);

}  // namespace antistrophe::fuzz
