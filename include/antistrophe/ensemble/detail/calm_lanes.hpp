// SPDX-License-Identifier: MIT
// Control of adaptive steps in lanes where nothing happens but that steps are accepted or are too long: none lands, saves, is slow or
// stiff. All that AdaptiveControl does then is to choose the length of the next step, which is done here for all lanes at once, by
// the same operations. Tests are a little stricter than its own: a lane in doubt goes back to its own control, which judges the
// same step.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/step_control.hpp>
#include <antistrophe/ensemble/detail/pack.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/detail/controller.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class Control, class Increment, class PackedY, int W>
class CalmLanes {
  using Time = LanePack<double, W>;
  using Scalar = typename PackedY::Scalar;
  static constexpr std::size_t lanes = W;

 public:
  // What all lanes have done in a step. Of a lane that is not calm, or whose step does not stand, nothing counts.
  struct Row {
    PackedY y, error;  // before it; its estimate
    Time to, factor;   // its end; the size of all estimates in that of the first
    std::array<bool, lanes> stands;
  };

  explicit CalmLanes(const Adaptive& options) : longest_(options.dtmax) {}

  void begin(const PackedY& like) {
    if (rows_.size() < most) rows_.assign(most, Row{like, like, Time(0), Time(1), {}});
    filled_ = 0;
    is_calm_.fill(false);
    t_ = h_ = landing_ = end_ = saves_ = rtol_ = rho_ = harmless_ = Time(0);
    sign_ = Time(1);
  }

  // Lane l comes from its own control, for `trials` steps from t before that is asked again.
  void enter(std::size_t l, double t, double saves, double rtol, std::int64_t trials, const CalmStretch& stretch,
             Control& control) {
    is_calm_[l] = true;
    set(rtol_, l, rtol);
    set(t_, l, t);
    set(h_, l, stretch.h);
    set(landing_, l, stretch.landing);
    set(end_, l, stretch.end);
    set(saves_, l, saves);
    set(sign_, l, stretch.landing > t ? 1.0 : -1.0);
    controls_[l] = &control;
    tried_[l] = taken_[l] = 0;
    begun_[l] = filled_;
    renew(l, trials, stretch);
  }
  void renew(std::size_t l, std::int64_t trials, const CalmStretch& stretch) {
    trials_[l] = trials;
    set(rho_, l, stretch.rho);
    set(harmless_, l, stretch.harmless);
  }
  void leave(std::size_t l) { is_calm_[l] = false; }
  // A lane without a problem stands at t.
  void rest(std::size_t l, double t) { set(t_, l, t); }

  bool has(std::size_t l) const { return is_calm_[l]; }
  bool has_any() const {
    bool any = false;
    for (const bool one : is_calm_) any = any || one;
    return any;
  }
  bool is_to_ask(std::size_t l) const { return trials_[l] <= 0; }
  double time(std::size_t l) const { return t_.lane[static_cast<int>(l)]; }
  double length(std::size_t l) const { return h_.lane[static_cast<int>(l)]; }

  // The next step of every lane, as AdaptiveControl::target has it; is_sound says whether that of lane l is calm so far.
  ANTISTROPHE_ALWAYS_INLINE void aim(Increment& increment) {
    const Time wished = larger(smaller(size(h_), Time(longest_)), shortest(t_));
    increment.from = t_;
    increment.to = t_ + wished * sign_;
    increment.h = increment.to - t_;
    sound_ = where_below(wished * Time(1.01), size(landing_ - t_), Time(1));
    sound_ = where_below(sign_ * increment.to, sign_ * landing_, sound_);
    sound_ = where_below(sign_ * increment.to, sign_ * saves_, sound_);
    sound_ = where_below(size(end_ - increment.to), Time(0.5 * Control::far_too_many) * size(increment.h), sound_);
  }
  // After the step and its norms: not slow, as SensitivityGuard::judge has it, nor stiff, as AdaptiveControl::watch_stiffness has
  // it. Where the error is finite and something moved, but not without bounds, the end is finite.
  ANTISTROPHE_ALWAYS_INLINE void judge(const Increment& increment) {
    error_ = increment.norms[0];
    if constexpr (Increment::estimates > 1)
      error_ = Time::by_lanes(increment.norms[0], increment.norms[1], &Controller::combined);
    const Time moved = increment.norms[Increment::estimates], h = size(increment.h);
    sound_ = where_below(error_, Time(std::numeric_limits<double>::max()), sound_);
    sound_ = where_below(Time(1), moved, sound_);
    sound_ = where_below(h * rho_, Time(19.99) * rtol_ * moved, sound_);
    sound_ = where_below(h * rho_, Time(0.99) * harmless_, sound_);
    if constexpr (Increment::used > 1) {
      Time size_of_end(0), size_of_move(0);
      visit_entries(increment.end, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
        const Time after(increment.end.data()[i]), move = after - Time(increment.y.data()[i]);
        size_of_end += after * after;
        size_of_move += move * move;
      });
      const Time near = Time(1e5) * size_of_move * Time(increment.distance);  // of 1000², so that no rounding counts
      sound_ = where_below(h * Time(increment.difference) * h * size_of_end, near, sound_);
      sound_ = where_below(Time(1e-200), near, sound_);
      sound_ = where_below(size_of_end, Time(1e100), sound_);
    }
  }
  bool is_sound(std::size_t l) const { return sound_.lane[static_cast<int>(l)] != 0; }

  // Whether the step of lane l, which is sound, can be dealt with here: it stands, or is tried again.
  ANTISTROPHE_ALWAYS_INLINE bool deal_with(const Increment& increment, std::size_t l, bool& stands) {
    const double error = error_.lane[static_cast<int>(l)];
    stands = error < 1;
    if (stands) [[likely]] {
      growth_[l] = controls_[l]->calm_growth(error);
      ++taken_[l];
    } else {
      if constexpr (!Increment::first_is_known) return false;  // the next trial knows its first stage, this did not
      const double shrinking = controls_[l]->calm_shrinking(error);
      if (!controls_[l]->is_long_enough(increment.from.lane[static_cast<int>(l)],
                                        increment.h.lane[static_cast<int>(l)] * shrinking))
        return false;
      growth_[l] = shrinking;
    }
    --trials_[l];
    ++tried_[l];
    return true;
  }
  // After that, where a lane was calm.
  ANTISTROPHE_ALWAYS_INLINE void go_on(const Increment& increment, const std::array<bool, lanes>& stands) {
    Row& row = rows_[filled_++];
    assign(row.y, increment.y);
    assign(row.error, increment.errors[0]);
    row.to = increment.to;
    row.stands = stands;
    if constexpr (Increment::estimates > 1)
      row.factor = Time::by_lanes(error_, increment.norms[0],
                                  [](double all, double first) { return first > 0 ? all / first : 1.0; });
    t_ = increment.to;
    Time growth(1);
    for (std::size_t l = 0; l < lanes; ++l) {
      growth.lane.set(static_cast<int>(l), growth_[l]);
      if (!stands[l]) [[unlikely]]
        set(t_, l, increment.from.lane[static_cast<int>(l)]);
    }
    h_ = increment.h * growth;
  }

  // Steps of lane l that its problem has not been told of, which it is now; there are no more of them than that.
  std::int64_t untold(std::size_t l) const { return static_cast<std::int64_t>(filled_ - begun_[l]); }
  template <class Tell>
  void tell(std::size_t l, const Tell& tell_one) {
    const std::size_t begin = std::exchange(begun_[l], filled_);
    for (std::size_t r = begin; r < filled_; ++r)
      if (rows_[r].stands[l]) tell_one(rows_[r]);
  }
  // Those that were tried and those that stand, since it was last asked.
  std::pair<std::int64_t, std::int64_t> take_counts(std::size_t l) {
    return {std::exchange(tried_[l], 0), std::exchange(taken_[l], 0)};
  }
  // Before the next step there must be room; not before all lanes have told all.
  bool is_full() const { return filled_ == most; }
  void empty() {
    filled_ = 0;
    begun_.fill(0);
  }

 private:
  static constexpr std::size_t most = 16;

  static void set(Time& times, std::size_t l, double x) { times.lane.set(static_cast<int>(l), x); }
  static ANTISTROPHE_ALWAYS_INLINE Time size(const Time& x) { return Time::of(x.lane.size()); }
  static ANTISTROPHE_ALWAYS_INLINE Time larger(const Time& a, const Time& b) {
    return Time::of(a.lane.or_if_larger(b.lane));
  }
  static ANTISTROPHE_ALWAYS_INLINE Time smaller(const Time& a, const Time& b) { return -larger(-a, -b); }
  static ANTISTROPHE_ALWAYS_INLINE Time shortest(const Time& t) {
    return Time(4 * std::numeric_limits<double>::epsilon()) * size(t) + Time(std::numeric_limits<double>::min());
  }
  // x where a < b, else 0.
  static ANTISTROPHE_ALWAYS_INLINE Time where_below(const Time& a, const Time& b, const Time& x) {
    return Time::of(x.lane.where_below(a.lane, b.lane));
  }

  double longest_;
  Time t_, h_, landing_, end_, saves_, rtol_, rho_, harmless_, sign_;  // of each lane
  Time sound_, error_;
  std::array<bool, lanes> is_calm_{};
  std::array<double, lanes> growth_{};
  std::array<std::int64_t, lanes> trials_{}, tried_{}, taken_{};
  std::array<std::size_t, lanes> begun_{};
  std::array<Control*, lanes> controls_{};
  std::vector<Row> rows_;
  std::size_t filled_ = 0;
};

}  // namespace antistrophe::detail
