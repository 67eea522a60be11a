// SPDX-License-Identifier: MIT
// DirectAdjoint: every carry is stored in the forward pass, and the stages of each step too, while they fit a memory budget; those
// of other steps are evaluated again in the backward pass. Exact for every stepper; its memory grows with the number of steps.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/core/detail/growing_rows.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/stepper/stepper.hpp>
#include <antistrophe/stepper/strides.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// The carries of steps, each array by itself: of those that are expected flat in one block, which is there before the first step.
template <class Carry>
class CarryStore {
 public:
  void reserve(std::int64_t n, const Carry& like) { lay_out(n, like, std::make_index_sequence<parts>{}); }

  // Grows where the number of steps was not known.
  void put(std::int64_t i, const Carry& carry) {
    while (i >= size_) [[unlikely]]
      grow(std::make_index_sequence<parts>{});
    put(i, carry.parts(), std::make_index_sequence<parts>{});
  }
  // Entry i of the first array, with those before `end` side by side.
  auto* row(std::int64_t i, std::int64_t end, const Carry& like) {
    auto& first = std::get<0>(arrays_);
    if (end > first.side_by_side()) reserve(end, like);
    return first.row(static_cast<std::size_t>(i), size_of(std::get<0>(like.parts())));
  }
  void get(std::int64_t i, Carry& carry) const { get(i, carry.parts(), std::make_index_sequence<parts>{}); }

  std::int64_t size() const { return size_; }
  std::size_t bytes() const {
    return std::apply([](const auto&... array) { return (array.bytes() + ... + 0); }, arrays_);
  }

 private:
  using Parts = decltype(std::declval<const Carry&>().parts());
  static constexpr std::size_t parts = std::tuple_size_v<Parts>;
  template <std::size_t P>
  using Part = std::remove_cvref_t<std::tuple_element_t<P, Parts>>;

  template <std::size_t... P>
  static std::tuple<GrowingRows<typename Part<P>::Scalar>...> arrays_of(std::index_sequence<P...>);
  static std::size_t size_of(const auto& part) { return static_cast<std::size_t>(part.size()); }

  template <std::size_t... P>
  void lay_out(std::int64_t n, const Carry& like, std::index_sequence<P...>) {
    (std::get<P>(arrays_).lay_out(static_cast<std::size_t>(n), size_of(std::get<P>(like.parts()))), ...);
    count_rows();
  }
  template <std::size_t... P>
  ANTISTROPHE_OUT_OF_LINE void grow(std::index_sequence<P...>) {
    const auto full = static_cast<std::size_t>(size_);
    ((std::get<P>(arrays_).rows() == full ? std::get<P>(arrays_).grow() : void()), ...);
    count_rows();
  }
  void count_rows() {
    size_ = std::apply([](const auto&... array) { return static_cast<std::int64_t>(std::min({array.rows()...})); },
                       arrays_);
  }
  template <std::size_t... P>
  void put(std::int64_t i, const Parts& from, std::index_sequence<P...>) {
    (put_part(std::get<P>(from), std::get<P>(arrays_).row(static_cast<std::size_t>(i), size_of(std::get<P>(from)))),
     ...);
  }
  // Few numbers one by one: a packet of them, just written, would be waited for.
  template <class Stored>
  static void put_part(const Stored& from, typename Stored::Scalar* to) {
    if constexpr (has_few_entries<Stored>)
      for_entries<Stored>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to[e] = in_register(from.coeff(e)); });
    else
      Eigen::Map<Stored>(to, from.rows(), from.cols()) = from;
  }
  template <class To, std::size_t... P>
  void get(std::int64_t i, const To& to, std::index_sequence<P...>) const {
    ((std::get<P>(to) =
          Eigen::Map<const Part<P>>(std::get<P>(arrays_).row(static_cast<std::size_t>(i), size_of(std::get<P>(to))),
                                    std::get<P>(to).rows(), std::get<P>(to).cols())),
     ...);
  }

  decltype(arrays_of(std::make_index_sequence<parts>{})) arrays_;
  std::int64_t size_ = 0;  // carries for which there is room in all
};

// Bytes of stages that are kept unless another number is given: about what caches hold. Beyond, reading them from memory, and the first
// touch of that memory, soon costs more than evaluating them again.
inline constexpr std::size_t cached_stages = std::size_t{4} << 20;

// The stages of the first steps of a solve, as many as fit a budget of bytes.
template <class S>
class StageStore {
 public:
  explicit StageStore(const std::optional<std::size_t>&) {}
  void allow(std::size_t) {}
  void restart() {}
  void reserve(const S&, std::int64_t) {}
  void put(std::int64_t, S&) {}
  void hand(std::int64_t, S&) {}
  static bool keeps_any() { return false; }
  static std::size_t bytes() { return 0; }
};

template <class S>
  requires KeepsStages<S>
class StageStore<S> {
 public:
  explicit StageStore(const std::optional<std::size_t>& budget)
      : budget_(budget.value_or(S::worth_keeping ? cached_stages : 0)) {}

  // So many bytes at most, as far as they are likely to save time.
  void allow(std::size_t budget) {
    if (!S::worth_keeping) return;
    budget_ = std::min(budget, cached_stages);
    fit_ = -1;
  }
  void restart() { size_ = 0; }
  // Before the first of n steps, so that nothing is allocated later; n is 0 if unknown.
  void reserve(const S& stepper, std::int64_t n) {
    if (fit_ < 0) {
      kept_bytes_ = budget_ > 0 ? stepper.make_kept().bytes() : 1;
      fit_ = static_cast<std::int64_t>(budget_ / kept_bytes_);
    }
    const std::int64_t expected = std::min(n, fit_);
    if (blocks_.empty()) first_.reserve(static_cast<std::size_t>(expected));
    while (made_ < expected) make(stepper);
  }
  void put(std::int64_t i, S& stepper) {
    if (i >= fit_) return;
    while (made_ <= i) make(stepper);
    stepper.set_aside(kept(i));
    size_ = i + 1;
  }
  void hand(std::int64_t i, S& stepper) {
    if (i < size_) stepper.take_up(kept(i));
  }
  bool keeps_any() const { return fit_ > 0; }
  std::size_t bytes() const { return static_cast<std::size_t>(made_) * kept_bytes_; }

 private:
  using Kept = typename S::Kept;
  // What is beside those that were expected lies in blocks of so many, in the place of one vector that would be copied as it grows.
  static constexpr std::int64_t in_block = std::max<std::int64_t>(4096 / static_cast<std::int64_t>(sizeof(Kept)), 1);

  void make(const S& stepper) {
    ++made_;
    if (first_.size() < first_.capacity() && blocks_.empty()) return first_.push_back(stepper.make_kept());
    if (blocks_.empty() || std::ssize(blocks_.back()) == in_block)
      blocks_.emplace_back().reserve(static_cast<std::size_t>(in_block));
    blocks_.back().push_back(stepper.make_kept());
  }
  Kept& kept(std::int64_t i) {
    if (i < std::ssize(first_)) return first_[static_cast<std::size_t>(i)];
    i -= std::ssize(first_);
    return blocks_[static_cast<std::size_t>(i / in_block)][static_cast<std::size_t>(i % in_block)];
  }

  std::size_t budget_, kept_bytes_ = 0;
  std::int64_t fit_ = -1, made_ = 0, size_ = 0;  // steps that fit, for which there is room, and that are kept
  std::vector<Kept> first_;
  std::vector<std::vector<Kept>> blocks_;
};

}  // namespace detail

// memory_budget: bytes for the stages of steps, with the tapes of the field, beside the carries. Not given, it is 4 MiB where a
// Runge–Kutta method's field keeps a tape that says how many bytes it holds, as a network does; else nothing is kept, for a cheap
// field is sooner evaluated than read. With s stages, a gradient takes s evaluations and s vjps a step where they fit, and s
// evaluations more where they do not; the gradient is the same bit for bit. Other methods keep no stages, nor does one of a field
// whose tape does not say what it holds, and those of a step inside which values were saved are evaluated again.
struct DirectAdjoint {
  static constexpr bool is_adjoint = true;

  std::optional<std::size_t> memory_budget = {};

  template <class S>
  static consteval bool require() {
    return true;
  }

  template <class S>
  class Trace {
   public:
    static constexpr bool heeds_steps = !StridesOverStates<S>;
    NoBits bits;

    Trace() : Trace(DirectAdjoint{}) {}
    explicit Trace(const DirectAdjoint& adjoint) : kept_(adjoint.memory_budget) {}

    void restart() {
      first_ = -1;
      kept_.restart();
    }
    // At the start of each segment of a solve; `n` steps are expected of all, 0 if unknown.
    void begin(const S& stepper, std::int64_t n, const typename S::Carry& carry) {
      if (store_.size() == 0) store_.reserve(n, carry);
      kept_.reserve(stepper, n);
    }
    void before_step(std::int64_t n, const typename S::Carry& carry) {
      if (first_ < 0) first_ = n;
      store_.put(n - first_, carry);
    }
    // Whether a stepper may stride over the states that are stored; and those of a timeline, with room for what lies before node `end`.
    bool offers_states() const { return !kept_.keeps_any(); }
    auto states(const Timeline& timeline, std::int64_t end, const typename S::Carry& like) {
      if (first_ < 0) first_ = timeline.first();
      const std::int64_t begin = timeline.first() - first_;
      return StateRow<typename S::State>(store_.row(begin, begin + end, like));
    }
    // Bytes that there are for stages, which are kept as far as that is likely to save time.
    void allow(std::size_t bytes) { kept_.allow(bytes); }
    void set_aside(S& stepper, std::int64_t n) { kept_.put(n - first_, stepper); }
    std::size_t bytes() const { return store_.bytes() + kept_.bytes(); }
    static std::int64_t bits_kept() { return 0; }

    struct WayBack {};
    static WayBack way_back() { return {}; }

    // Sweeps a segment from the carry after its last step to the one at its start; `carry` is overwritten on the way.
    template <class Backward>
    Failure sweep(S& stepper, std::size_t, const Timeline& timeline, typename S::Carry& carry, Backward& backward,
                  WayBack&, BackwardStats&) {
      const std::int64_t n = timeline.steps();
      backward.meet_saves(n, carry);
      double t1 = timeline[n];
      for (std::int64_t i = n; i-- > 0;) {
        if constexpr (StridesOverStates<S>) {
          if (const std::int64_t end = backward.quiet_down_to(i + 1); end <= i && offers_states()) {
            auto rows = states(timeline, n, carry);
            if (backward.stride_back(i, end, carry, rows)) {
              t1 = timeline[i];
              continue;
            }
          }
        }
        const double t0 = timeline[i];
        const Step step{timeline.first() + i, t0, t1, &timeline};
        t1 = t0;
        TimeCotangents step_bar;
        store_.get(step.n - first_, carry);
        kept_.hand(step.n - first_, stepper);
        stepper.pullback(step, carry, backward.carry_bar, backward.theta_bar, step_bar, backward.saves_inside(i));
        backward.after_step(i, step_bar);
        backward.meet_saves(i, carry);
      }
      return {};
    }

   private:
    detail::CarryStore<typename S::Carry> store_;
    detail::StageStore<S> kept_;
    std::int64_t first_ = -1;
  };
};

}  // namespace antistrophe
