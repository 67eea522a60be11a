// SPDX-License-Identifier: MIT
// CheckpointedAdjoint: a few carries are kept on the way forth, and steps are gone forth again from these on the way back. The
// gradient is DirectAdjoint's, bit for bit, at the memory of so many carries. With c slots and n < C(c + r, c) steps laid out
// before, no step is gone forth more than r times in all (r + 1 where the number is not known), so that a step of s stages costs
// up to r s evaluations of f, and s more with s vjps on the way back. adjoint/detail/checkpoint_schedule.hpp has the sources.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/checkpoint_schedule.hpp>
#include <antistrophe/adjoint/detail/checkpoint_store.hpp>
#include <antistrophe/adjoint/detail/impure.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe {

namespace detail {

// Zero where it is not given.
ANTISTROPHE_COLD inline std::int64_t checked_slots(const std::optional<std::int64_t>& slots) {
  if (slots && *slots < 1)
    refuse("CheckpointedAdjoint::slots", *slots, "at least 1, or not given: then about the root of twice the steps");
  return slots.value_or(0);
}

// A number of 64 bits that is the same for the same numbers, and for others hardly ever.
ANTISTROPHE_COLD inline std::uint64_t mixed(std::uint64_t before, const void* data, std::size_t bytes) {
  const auto* from = static_cast<const unsigned char*>(data);
  for (std::size_t at = 0; at < bytes; at += sizeof before) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, std::min(sizeof word, bytes - at));
    before = (before ^ word) * 0x9E3779B97F4A7C15U;
    before ^= before >> 32;
  }
  return before;
}
template <class Carry>
std::uint64_t fingerprint(const Carry& carry) {
  std::uint64_t sum = 0;
  const auto add = [&](const auto& part) {
    using Scalar = typename std::remove_cvref_t<decltype(part)>::Scalar;
    if constexpr (std::is_same_v<typename Eigen::NumTraits<Scalar>::Real, long double>) {  // whose bytes have gaps
      for (Eigen::Index i = 0; i < part.size(); ++i)
        for (const long double number : {Eigen::numext::real(part.data()[i]), Eigen::numext::imag(part.data()[i])}) {
          const auto high = static_cast<double>(number), low = static_cast<double>(number - high);
          sum = mixed(mixed(sum, &high, sizeof high), &low, sizeof low);
        }
    } else {
      sum = mixed(sum, part.data(), static_cast<std::size_t>(part.size()) * sizeof(Scalar));
    }
  };
  std::apply([&](const auto&... parts) { (add(parts), ...); }, carry.parts());
  return sum;
}

template <class... Parts>
constexpr bool are_plain(const std::tuple<Parts...>*) {
  return (std::is_trivially_copyable_v<typename std::remove_cvref_t<Parts>::Scalar> && ...);
}

// What keeps checkpoints in a Store, which has the members of CheckpointStore and pieces_of(carry).
template <class S, class Store>
class CheckpointTrace {
  using Carry = typename S::Carry;

 public:
  NoBits bits;

  CheckpointTrace(std::int64_t slots, Store store) : slots_(slots), store_(std::move(store)) {}

  void restart() { begun_ = false; }
  // At the start of each segment of a solve; `n` steps are expected of all, 0 if unknown.
  void begin(const S&, std::int64_t n, const Carry& carry) {
    const auto pieces = Store::pieces_of(carry);
    if (!begun_) {
      begun_ = true;
      first_ = -1;
      schedule_.begin(slots_, n);
      store_.reserve(n > 0 ? schedule_.capacity() : 0, slots_, bytes_of(detail::pieces_of(carry)));
    }
    store_.put(schedule_.start_segment(), pieces);
  }
  void before_step(std::int64_t n, const Carry& carry) {
    if (first_ < 0) first_ = n;
    const std::int64_t slot = schedule_.keep(n - first_);
    if (slot >= 0) store_.put(slot, Store::pieces_of(carry));
  }
  std::size_t bytes() const { return store_.bytes() + schedule_.bytes(); }
  static std::int64_t bits_kept() { return 0; }

  struct WayBack {};
  WayBack way_back() {
    schedule_.turn();
    return {};
  }

  // Sweeps segment `number` from the carry after its last step to the one at its start; `carry` is overwritten on the way.
  template <class Backward>
  Failure sweep(S& stepper, std::size_t number, const Timeline& timeline, Carry& carry, Backward& backward, WayBack&,
                BackwardStats& stats) {
    using Kind = CheckpointSchedule::Action::Kind;
    const std::int64_t n = timeline.steps(), begin = timeline.first() - first_;
    bool checks = false;  // whether the steps gone forth again lead to where they led before
    std::uint64_t end = 0;
    std::int64_t i = n, slot = 0,
                 kept = 0;  // the node that the carry is at; the checkpoint before it, and the node of that
    backward.meet_saves(n, carry);
    schedule_.enter(number, begin, begin + n);
    for (auto action = schedule_.next(); action.kind != Kind::done; action = schedule_.next()) {
      if (action.kind == Kind::restore) {
        if (i == n && !action.goes_back) {
          checks = true;
          end = fingerprint(carry);
        }
        store_.get(action.slot, Store::pieces_of(carry));
        slot = action.slot;
        kept = i = action.step - begin;
        if (!action.goes_back) stepper.forget();
      } else if (action.kind == Kind::advance) {
        if (Failure failure = advance(stepper, timeline, i, action.step - begin, carry, stats);
            failure.status != Status::success)
          return failure;
        i = action.step - begin;
      } else if (action.kind == Kind::keep) {
        store_.put(action.slot, Store::pieces_of(carry));
        slot = action.slot;
        kept = i;
      } else {
        const Step step = step_at(timeline, i);
        if (checks) {
          checks = false;
          if (!goes_forth(stepper, step, carry, stats) || fingerprint(carry) != end) return impure_at(step.t0, step.n);
          // Back to the step's start, for which no carry was held.
          store_.get(slot, Store::pieces_of(carry));
          if (kept < i) stepper.forget();
          if (Failure failure = advance(stepper, timeline, kept, i, carry, stats); failure.status != Status::success)
            return failure;
        }
        TimeCotangents step_bar;
        stepper.pullback(step, carry, backward.carry_bar, backward.theta_bar, step_bar, backward.saves_inside(i));
        backward.after_step(i, step_bar);
        backward.meet_saves(i, carry);
      }
    }
    stats.checkpoints = schedule_.used();
    stats.checkpoint_bytes = bytes() + store_.bytes_in_file();
    return {};
  }

 private:
  static bool goes_forth(S& stepper, const Step& step, Carry& carry, BackwardStats& stats) {
    NoBits none;
    ++stats.recomputed;
    return stepper.attempt(step, carry) == Outcome::ok && stepper.commit(step, carry, none) == Outcome::ok;
  }
  static Failure advance(S& stepper, const Timeline& timeline, std::int64_t from, std::int64_t to, Carry& carry,
                         BackwardStats& stats) {
    for (std::int64_t i = from; i < to; ++i)
      if (!goes_forth(stepper, step_at(timeline, i), carry, stats)) return impure_at(timeline[i], timeline.first() + i);
    return {};
  }

  std::int64_t slots_;
  Store store_;
  CheckpointSchedule schedule_;
  bool begun_ = false;
  std::int64_t first_ = -1;  // the number of the solve's first step
};

}  // namespace detail

// slots: the most carries that are kept at a time, but for one more for each event that interrupts the solve; of steps laid out
// before no more than these are set aside. Not given, they are as many as keep every step from being recomputed more than once,
// (c + 1)(c + 2)/2 > n, about √(2n), as in diffrax's RecursiveCheckpointAdjoint; more as the steps of an adaptive solve become more,
// each of which is recomputed twice at most.
// file: the path of a file that is not there yet, to hold them in the place of memory; it is gone when the solve is, however it ends.
// Throws std::invalid_argument where slots is less than 1 or the file cannot be made, std::system_error where it cannot be written
// or read, as on a full disk. A pull-back through the same solve again recomputes from the first carries of its segments.
struct CheckpointedAdjoint {
  static constexpr bool is_adjoint = true;

  std::optional<std::int64_t> slots = {};
  std::string file = {};

  template <class S>
  static consteval bool require() {
    using Parts = decltype(std::declval<const typename S::Carry&>().parts());
    constexpr bool plain = detail::are_plain(static_cast<const Parts*>(nullptr));
    static_assert(plain,
                  "antistrophe: CheckpointedAdjoint keeps carries as bytes, and these numbers are more than their "
                  "bytes; take DirectAdjoint.");
    return plain;
  }

  template <class S>
  struct Trace : detail::CheckpointTrace<S, detail::CheckpointStore> {
    Trace() : Trace(CheckpointedAdjoint{}) {}
    explicit Trace(const CheckpointedAdjoint& adjoint)
        : detail::CheckpointTrace<S, detail::CheckpointStore>(detail::checked_slots(adjoint.slots),
                                                              detail::CheckpointStore(adjoint.file)) {}
  };
};

}  // namespace antistrophe
