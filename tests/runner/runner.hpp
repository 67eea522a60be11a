// Methods behind one interface: laws are compiled once, and every method once for each kind of state. What is erased is a
// whole solve, so that the machine code of a step is what a user gets.
#pragma once

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/adjoint/compressed_checkpoints.hpp>
#include <antistrophe/antistrophe.hpp>

#include "runner/field.hpp"

#include <complex>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace antistrophe::runner {

// --- Arguments of a solve, each of one type --------------------------------------------------------------------------------

// Steps laid out before the solve, of any kind.
struct LaidOut {
  std::function<Timeline(double t0, double t1)> layout;
  Timeline timeline(double t0, double t1) const { return layout(t0, t1); }
};

class AnySteps {
 public:
  AnySteps(Adaptive adaptive) : steps_(std::move(adaptive)) {}
  template <class Laid>
    requires requires(const Laid& steps, double t) {
      { steps.timeline(t, t) } -> std::same_as<Timeline>;
    }
  AnySteps(Laid steps)
      : steps_(LaidOut{[steps = std::move(steps)](double t0, double t1) { return steps.timeline(t0, t1); }}) {}

  const Adaptive* adaptive() const { return std::get_if<Adaptive>(&steps_); }
  const LaidOut& laid_out() const { return std::get<LaidOut>(steps_); }

 private:
  std::variant<LaidOut, Adaptive> steps_;
};

class AnyAdjoint {
 public:
  AnyAdjoint() = default;  // the one that the library chooses
  AnyAdjoint(DirectAdjoint) : way_(Way::stored) {}
  AnyAdjoint(CheckpointedAdjoint adjoint) : way_(Way::stored), checkpointed_(std::move(adjoint)) {}
  AnyAdjoint(CompressedCheckpointsAdjoint adjoint) : way_(Way::stored), compressed_checkpoints_(adjoint) {}
  AnyAdjoint(CompressedAdjoint adjoint) : way_(Way::stored), compressed_(std::move(adjoint)) {}
  AnyAdjoint(ReversibleAdjoint) : way_(Way::reversible) {}
  bool by_default() const { return way_ == Way::by_default; }
  // Whether the states that were passed are met again on the way back.
  bool stored() const { return way_ == Way::stored; }
  const std::optional<CheckpointedAdjoint>& checkpointed() const { return checkpointed_; }
  const std::optional<CompressedCheckpointsAdjoint>& compressed_checkpoints() const { return compressed_checkpoints_; }
  const std::optional<CompressedAdjoint>& compressed() const { return compressed_; }

 private:
  enum class Way { by_default, stored, reversible };
  Way way_ = Way::by_default;
  std::optional<CheckpointedAdjoint> checkpointed_;
  std::optional<CompressedCheckpointsAdjoint> compressed_checkpoints_;
  std::optional<CompressedAdjoint> compressed_;
};

// The slots of CheckpointedAdjoint, or those of CompressedCheckpointsAdjoint.
class EitherSlots {
 public:
  explicit EitherSlots(const std::string& file) : slots_(std::in_place_type<detail::CheckpointStore>, file) {}
  explicit EitherSlots(detail::CodedSlots slots) : slots_(std::move(slots)) {}

  template <class Carry>
  static auto pieces_of(const Carry& carry) {
    return std::pair{detail::CheckpointStore::pieces_of(carry), detail::CodedSlots::pieces_of(carry)};
  }
  void reserve(std::int64_t slots, std::int64_t most, std::size_t slot_bytes) {
    std::visit([&](auto& at) { at.reserve(slots, most, slot_bytes); }, slots_);
  }
  void put(std::int64_t slot, const auto& pieces) {
    if (coded() != nullptr) return coded()->put(slot, pieces.second);
    std::get<detail::CheckpointStore>(slots_).put(slot, pieces.first);
  }
  void get(std::int64_t slot, const auto& pieces) {
    if (coded() != nullptr) return coded()->get(slot, pieces.second);
    std::get<detail::CheckpointStore>(slots_).get(slot, pieces.first);
  }
  std::size_t slot_bytes() const {
    return std::visit([](const auto& at) { return at.slot_bytes(); }, slots_);
  }
  std::size_t bytes() const {
    return std::visit([](const auto& at) { return at.bytes(); }, slots_);
  }
  std::size_t bytes_in_file() const {
    return std::visit([](const auto& at) { return at.bytes_in_file(); }, slots_);
  }

 private:
  detail::CodedSlots* coded() { return std::get_if<detail::CodedSlots>(&slots_); }

  std::variant<detail::CheckpointStore, detail::CodedSlots> slots_;
};

// The adjoints that store carries, all, some or all compressed, as one type: the solve around them is compiled once.
struct StoredAdjoint {
  static constexpr bool is_adjoint = true;
  std::optional<CheckpointedAdjoint> checkpointed;
  std::optional<CompressedCheckpointsAdjoint> compressed_checkpoints;
  std::optional<CompressedAdjoint> compressed;

  explicit StoredAdjoint(const AnyAdjoint& any = {})
      : checkpointed(any.checkpointed()),
        compressed_checkpoints(any.compressed_checkpoints()),
        compressed(any.compressed()) {}

  template <class S>
  static consteval bool require() {
    return DirectAdjoint::require<S>() && CheckpointedAdjoint::require<S>() &&
           CompressedCheckpointsAdjoint::require<S>() && CompressedAdjoint::require<S>();
  }

  template <class S>
  class Trace {
    using Carry = typename S::Carry;
    using Direct = DirectAdjoint::Trace<S>;
    using Checkpointed = detail::CheckpointTrace<S, EitherSlots>;
    using Compressed = CompressedAdjoint::Trace<S>;

   public:
    NoBits bits;
    explicit Trace(const StoredAdjoint& adjoint) {
      if (adjoint.checkpointed)
        trace_.template emplace<Checkpointed>(detail::checked_slots(adjoint.checkpointed->slots),
                                              EitherSlots(adjoint.checkpointed->file));
      if (adjoint.compressed_checkpoints)
        trace_.template emplace<Checkpointed>(detail::checked_slots(adjoint.compressed_checkpoints->slots),
                                              EitherSlots(detail::CodedSlots{}));
      if (adjoint.compressed) trace_.template emplace<Compressed>(*adjoint.compressed);
    }
    template <class StepsType>
    void take_up(const StepsType& steps, const typename S::State& y0) {
      if (compressed() != nullptr) compressed()->take_up(steps, y0);
    }
    void restart() {
      std::visit([](auto& trace) { trace.restart(); }, trace_);
    }
    void begin(const S& stepper, std::int64_t n, const Carry& carry) {
      std::visit([&](auto& trace) { trace.begin(stepper, n, carry); }, trace_);
    }
    void keep_step(S& stepper, const detail::AttemptedStep<S>& attempted, const Carry& carry, double sigma) {
      if (compressed() != nullptr) compressed()->keep_step(stepper, attempted, carry, sigma);
    }
    void before_step(std::int64_t n, const Carry& carry) {
      std::visit([&](auto& trace) { trace.before_step(n, carry); }, trace_);
    }
    void end() {
      if (compressed() != nullptr) compressed()->end();
    }
    std::int64_t evaluations() const {
      const auto* const trace = std::get_if<Compressed>(&trace_);
      return trace != nullptr ? trace->evaluations() : 0;
    }
    std::size_t bytes() const {
      return std::visit([](const auto& trace) { return trace.bytes(); }, trace_);
    }
    std::int64_t bits_kept() const {
      return std::visit([](const auto& trace) -> std::int64_t { return trace.bits_kept(); }, trace_);
    }

    struct WayBack {
      typename Direct::WayBack direct;
      typename Checkpointed::WayBack checkpointed;
      typename Compressed::WayBack compressed;
    };
    WayBack way_back() {
      if (auto* const trace = std::get_if<Checkpointed>(&trace_)) return {{}, trace->way_back(), {}};
      if (compressed() != nullptr) return {{}, {}, compressed()->way_back()};
      return {};
    }
    template <class Backward>
    Failure sweep(S& stepper, std::size_t segment, const Timeline& timeline, Carry& carry, Backward& backward,
                  WayBack& way_back, BackwardStats& stats) {
      if (auto* const trace = std::get_if<Checkpointed>(&trace_))
        return trace->sweep(stepper, segment, timeline, carry, backward, way_back.checkpointed, stats);
      if (compressed() != nullptr)
        return compressed()->sweep(stepper, segment, timeline, carry, backward, way_back.compressed, stats);
      return std::get<Direct>(trace_).sweep(stepper, segment, timeline, carry, backward, way_back.direct, stats);
    }

   private:
    Compressed* compressed() { return std::get_if<Compressed>(&trace_); }

    std::variant<Direct, Checkpointed, Compressed> trace_;
  };
};

// Events of states Y: up to two that end the solve or are recorded, and up to two that make a jump.
template <class Y>
struct AnyG {
  using Scalar = typename Y::Scalar;
  std::function<double(double, const Y&)> value;
  std::function<void(double, const Y&, Y&, Scalar&)> slope;  // adds ∂g/∂y and ∂g/∂t
  double operator()(double t, const Y& y) const { return value ? value(t, y) : 1.0; }
  void gradient(double t, const Y& y, Y& y_bar, auto&, Scalar& t_bar) const {
    if (slope) slope(t, y, y_bar, t_bar);
  }
};
template <class Y>
struct AnyJump {
  using Scalar = typename Y::Scalar;
  std::function<void(double, const Y&, Y&)> value;
  std::function<void(double, const Y&, const Y&, Y&, Scalar&)> back;
  void operator()(double t, const Y& y, Y& y_new) const { value(t, y, y_new); }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, auto&, Scalar& t_bar) const { back(t, y, w, y_bar, t_bar); }
};
template <class Y>
using ErasedEvents =
    Events<Event<AnyG<Y>>, Event<AnyG<Y>>, JumpEvent<AnyG<Y>, AnyJump<Y>>, JumpEvent<AnyG<Y>, AnyJump<Y>>>;

template <class Y>
class AnyEvents {
 public:
  AnyEvents() = default;
  template <class... E>
  AnyEvents(const Events<E...>& events) : some_(sizeof...(E) > 0) {
    std::apply([&](const auto&... event) { (add(event), ...); }, events.list);
  }
  bool some() const { return some_; }
  ErasedEvents<Y> events() const { return ErasedEvents<Y>(plain_[0], plain_[1], jumps_[0], jumps_[1]); }

 private:
  template <class G>
  static AnyG<Y> erase(const G& g) {
    Eigen::VectorX<typename Y::Scalar> none;
    return {[g](double t, const Y& y) { return g(t, y); },
            [g, none](double t, const Y& y, Y& y_bar, auto& t_bar) mutable { g.gradient(t, y, y_bar, none, t_bar); }};
  }
  template <class G>
  void add(const Event<G>& event) {
    plain_.at(used_plain_++) = {erase(event.g), event.crossing, event.terminal, event.tolerance};
  }
  template <class G, class J>
  void add(const JumpEvent<G, J>& event) {
    Eigen::VectorX<typename Y::Scalar> none;
    const J& jump = event.jump;
    jumps_.at(used_jumps_++) = {erase(event.g),
                                {[jump](double t, const Y& y, Y& y_new) { jump(t, y, y_new); },
                                 [jump, none](double t, const Y& y, const Y& w, Y& y_bar, auto& t_bar) mutable {
                                   jump.vjp(t, y, w, y_bar, none, t_bar);
                                 }},
                                event.crossing,
                                event.tolerance};
  }

  bool some_ = false;
  std::size_t used_plain_ = 0, used_jumps_ = 0;
  std::array<Event<AnyG<Y>>, 2> plain_{};
  std::array<JumpEvent<AnyG<Y>, AnyJump<Y>>, 2> jumps_{};
};

// What a law changes of a method: it is made as its Facts make it (support/battery.hpp), or as a user writes it, `M{}`, and
// then gets these.
struct Options {
  bool by_default = false;
  bool real_valued = false;  // the method for any scalar that makes the same real-valued map
  bool quiet = false;        // of a method for noisy fields: along a path that stands still, which leaves the drift
  std::optional<double> lambda = {}, damping = {}, resolution = {};
};

// --- What a method can be asked for states Y -------------------------------------------------------------------------------

template <class Y>
using GradientOf = Gradient<Field<Y>, Y>;
template <class Y>
using AnyLoss = std::function<RealOf<Y>(const std::vector<Y>& ys, std::vector<Y>& ys_bar)>;

template <class Y>
struct ErasedPass {
  virtual ~ErasedPass() = default;
  virtual const Solution<Y>& solution() const = 0;
  virtual GradientOf<Y> pullback(const std::vector<Y>& ys_bar, const std::vector<double>& ts_bar) = 0;
};

// A finished solve and its pullback.
template <class Y>
class AnyPass {
 public:
  explicit AnyPass(std::unique_ptr<ErasedPass<Y>> pass) : pass_(std::move(pass)) {}
  const Solution<Y>& solution() const { return pass_->solution(); }
  const std::vector<double>& ts() const { return solution().ts(); }
  const std::vector<Y>& ys() const { return solution().ys(); }
  const Stats& stats() const { return solution().stats(); }
  GradientOf<Y> pullback(const std::vector<Y>& ys_bar, const std::vector<double>& ts_bar = {}) {
    return pass_->pullback(ys_bar, ts_bar);
  }

 private:
  std::unique_ptr<ErasedPass<Y>> pass_;
};

// What stepping by hand says of rejected attempts: carries and bits of a run with some and of one without, held together.
struct TracesOfRejection {
  bool same_bits = false, same_carries = false, comes_back = false;
  std::int64_t spent_on_trials = 0;  // evaluations
};

template <class Y>
class Runner {
 public:
  virtual ~Runner() = default;

  virtual Solution<Y> solve(const Options&, const ProblemOf<Y>&, const AnySteps&, const SaveAt&, const AnyEvents<Y>&,
                            OnFailure) const = 0;
  virtual AnyPass<Y> solve_with_pullback(const Options&, const ProblemOf<Y>&, const AnySteps&, const SaveAt&,
                                         const AnyAdjoint&, const AnyEvents<Y>&) const = 0;
  virtual RoundTrip<Y> assert_reversible(const Options&, const ProblemOf<Y>&, const AnySteps&) const = 0;

  // --- A stepper driven by hand ---

  // Every carry that the way forth passes is met on the way back, bit for bit.
  virtual bool meets_every_carry(const Options&, const ProblemOf<Y>&, const AnySteps&) const = 0;
  // Trials of 3h and 1.5h before each step, looked at in every way, change neither carry nor bits.
  virtual TracesOfRejection rejected_attempts(const Options&, const ProblemOf<Y>&, const Timeline&) const = 0;
  // The state after two steps from t0; restarted by each call.
  virtual std::function<Y()> two_steps(const Options&, const ProblemOf<Y>&, const AnySteps&) const = 0;
  // The error estimates of the first step.
  virtual std::vector<Y> estimates(const Options&, const ProblemOf<Y>&, const AnySteps&) const = 0;
};

}  // namespace antistrophe::runner
