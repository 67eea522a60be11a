// SPDX-License-Identifier: MIT
// CompressedCheckpointsAdjoint: CheckpointedAdjoint whose slots take few bits (adjoint/detail/coded_slots.hpp). Nothing is lost, so
// that the gradient is DirectAdjoint's, bit for bit. It pays for carries of several states that are near each other: the pairs of
// exact methods, of which one half takes a few bits, and methods of several steps.
#pragma once

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/detail/coded_slots.hpp>
#include <antistrophe/adjoint/detail/ordered_bits.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace antistrophe {

// slots: as of CheckpointedAdjoint. Each takes as many bytes as its numbers need, so that slots for the same memory are the more; that
// is told by gradient.stats.checkpoint_bytes. Of states of less than some tens of numbers the slots' own bookkeeping takes what is
// saved.
// Throws std::invalid_argument where slots is less than 1.
struct CompressedCheckpointsAdjoint {
  static constexpr bool is_adjoint = true;

  std::optional<std::int64_t> slots = {};

  template <class S>
  static consteval bool require() {
    using Parts = decltype(std::declval<const typename S::Carry&>().parts());
    constexpr bool compressible = detail::are_compressible(static_cast<const Parts*>(nullptr));
    static_assert(
        compressible,
        "antistrophe: CompressedCheckpointsAdjoint codes states of double or float, or 64-bit integers; of other "
        "scalars take DirectAdjoint.");
    return compressible;
  }

  template <class S>
  struct Trace : detail::CheckpointTrace<S, detail::CodedSlots> {
    Trace() : Trace(CompressedCheckpointsAdjoint{}) {}
    explicit Trace(const CompressedCheckpointsAdjoint& adjoint)
        : detail::CheckpointTrace<S, detail::CodedSlots>(detail::checked_slots(adjoint.slots), detail::CodedSlots{}) {}
  };
};

}  // namespace antistrophe
