// SPDX-License-Identifier: MIT
// Problems of an ensemble in lanes, each in steps of its own: its own time, length of step, control and status. A lane whose problem
// has ended takes up the next one, on the way forth and again on the way back. The bits of a problem are those that it has alone,
// whoever was beside it; what lanes cannot vouch for, or what fails, is left to be solved alone.
#pragma once

#include <antistrophe/adjoint/detail/accumulated_errors.hpp>
#include <antistrophe/adjoint/detail/differentiated_solve.hpp>
#include <antistrophe/adjoint/detail/instability.hpp>
#include <antistrophe/adjoint/detail/mistakes.hpp>
#include <antistrophe/adjoint/detail/repeats.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/detail/local_errors.hpp>
#include <antistrophe/detail/saver.hpp>
#include <antistrophe/detail/step_control.hpp>
#include <antistrophe/ensemble/detail/calm_lanes.hpp>
#include <antistrophe/ensemble/detail/lane_stepper.hpp>
#include <antistrophe/ensemble/detail/lanes.hpp>
#include <antistrophe/ensemble/detail/packed_increment.hpp>
#include <antistrophe/gradient.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// A field on packs, called with a time for each lane; one that does not depend on time is given that of the first.
template <class Field>
struct FieldInOwnTimes {
  Field field;

  template <class Time>
  static ANTISTROPHE_ALWAYS_INLINE decltype(auto) as_taken(const Time& t) {
    if constexpr (DeclaredAutonomous<Field>)
      return t.lane[0];
    else
      return (t);
  }
  template <class Time>
  ANTISTROPHE_ALWAYS_INLINE void operator()(const Time& t, const auto& y, auto& dy) const {
    field(as_taken(t), y, dy);
  }
  template <class Time>
  ANTISTROPHE_ALWAYS_INLINE void vjp(const Time& t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    typename std::remove_cvref_t<decltype(y)>::Scalar t_bar(0);
    if constexpr (requires { field.vjp(as_taken(t), y, w, y_bar, theta_bar, t_bar); })
      field.vjp(as_taken(t), y, w, y_bar, theta_bar, t_bar);
    else
      field.vjp(as_taken(t), y, w, y_bar, theta_bar);
  }
};

// Whether the compiler makes one rounding of a product and a sum. Where it does, it need not do so with packs as it does with
// numbers, and their bits may differ.
ANTISTROPHE_OUT_OF_LINE inline bool contracts_products() {
  const volatile double x = 1 + 0x1p-30;
  const volatile double product = x * x;
  return x * x - product != 0;
}

template <class A>
bool same_numbers(const A& a, const A& b, bool to_round_off) {
  if (!to_round_off) {
    for (Eigen::Index i = 0; i < a.size(); ++i)
      if (!(a.data()[i] == b.data()[i])) return false;
    return true;
  }
  const A off = a - b;
  constexpr auto round_off = static_cast<double>(std::numeric_limits<typename A::Scalar>::epsilon());
  return largest_entry(off) <= 1000 * round_off * largest_entry(b);
}

template <class E, class M, class L, int W>
class GradientsInAdaptiveLanes {
  using P = ProblemOf<E>;
  using F = typename P::Field;
  using Y = typename P::State;
  using Theta = Parameters<F, Y>;
  using Packed = LanePack<typename Y::Scalar, W>;
  using PackedY = WithPacks<Y, Packed>;
  using PackedTheta = WithPacks<Theta, Packed>;
  using Time = LanePack<double, W>;
  using OnPacks = FieldInOwnTimes<typename FieldForParameters<F, PackedTheta>::type>;
  using Alone = typename M::template Stepper<F, Y>;
  using Increment = PackedIncrement<TableauOf<M>, OnPacks, PackedY, PackedTheta, Time>;
  using S = LaneStepper<Alone, Increment>;
  using Carry = typename Alone::Carry;
  using Control = AdaptiveControl<S>;
  using Calm = CalmLanes<Control, Increment, PackedY, W>;
  static constexpr std::size_t lanes = W;
  static constexpr auto used = static_cast<std::int64_t>(Increment::used);
  // Problems that are gone through together, first forth and then back.
  static constexpr std::size_t most = 32;

 public:
  GradientsInAdaptiveLanes(const E& ensemble, const M& method, const Adaptive& steps, const L& loss,
                           const SaveAt& save_at, bool looks_again = true)
      : ensemble_(ensemble),
        method_(method),
        steps_(steps),
        loss_(loss),
        save_at_(save_at),
        looks_again_(looks_again) {}
  GradientsInAdaptiveLanes(const GradientsInAdaptiveLanes&) = delete;
  GradientsInAdaptiveLanes& operator=(const GradientsInAdaptiveLanes&) = delete;

  // Whether problem i is solved, now with its neighbours before `end` or already with those before it, and then its result.
  bool solve(std::size_t i, std::size_t end, ValueAndGradient<F, Y>& result) {
    if (i < first_ || i >= first_ + count_) {
      first_ = i;
      numbers_.clear();
      for (std::size_t number = i; number < std::min(end, i + most); ++number) numbers_.push_back(number);
      tolerances_.assign(numbers_.size(), &steps_);
      solve_batch();
      look_again();
    }
    if (!paths_[i - first_].solved) return false;
    result = paths_[i - first_].result;
    return true;
  }

 private:
  // What is kept of a problem between its ways forth and back.
  struct Path {
    Timeline timeline = Timeline::growing(0);
    std::vector<typename Y::Scalar> states;  // at each node; there may be room for more
    std::optional<Saver<Y>> saver;
    LocalErrors<Y> errors;  // of steps
    LossCotangents<Y, Y> bar;
    ValueAndGradient<F, Y> result;
    bool reached = false;  // its end
    bool solved = false;
    // Where the gradient is in doubt.
    GradientError judged;
    std::optional<Repeats> repeats;
    std::int64_t discarded = 0;  // evaluations
  };

  struct Lane {
    std::size_t problem = 0;
    bool busy = false;
    std::optional<F> field;
    std::optional<S> stepper;
    // Way forth.
    std::optional<Control> control;
    std::optional<AttemptedStep<S>> attempted;
    std::optional<Carry> carry;
    double t = 0;
    Stats stats;
    Calls calls;  // of the stepper, before
    // Way back.
    std::int64_t left = 0;  // steps
    std::int64_t loud = 0;  // where no more than so many are left, there is something to be met
    std::size_t saves = 0;
    const double* node = nullptr;  // at which its step began, and the state there
    const typename Y::Scalar* state = nullptr;
    bool alone = false;  // stepper and field are those of its problem
    BackwardStats back;
    AccumulatedErrors<Y> errors;
    Y read;  // a state, for use
    double t0_bar = 0, t1_bar = 0;
  };

  void solve_batch() {
    count_ = numbers_.size();
    if (paths_.size() < count_) paths_.resize(count_);
    for (Path& path : paths_) {
      path.reached = path.solved = false;
      path.repeats.reset();
    }
    if (hopeless_ || (looks_again_ && count_ < 2)) return;
    parted_ = false;
    try {
      problems_.clear();
      for (const std::size_t number : numbers_) problems_.push_back(ensemble_[number]);
      if (!make_room()) return;
      go_forth();
      if (!parted_) evaluate_losses();
      if (!parted_) go_back();
    } catch (...) {  // whatever it is, it is met again alone
      parted_ = true;
    }
    if (!parted_) return;
    for (Path& path : paths_) path.solved = false;
    hopeless_ = !contracted_;  // the bits are the same either way
  }

  // Gradients in doubt are taken again in lanes, too, of each problem at tolerances of its own, as take_again does it; what is not shown
  // to be good is met again alone, from the beginning.
  void look_again() {
    if (parted_ || save_at_.steps || save_at_.every != 0) return;
    std::vector<std::size_t> in_doubt;
    for (std::size_t p = 0; p < count_; ++p)
      if (paths_[p].repeats && doubt_goes_on(paths_[p])) in_doubt.push_back(p);
    if (in_doubt.empty()) return;
    if (!again_) again_.reset(new GradientsInAdaptiveLanes(ensemble_, method_, steps_, loss_, save_at_, false));
    while (!in_doubt.empty()) {
      again_->solve_tightened(*this, in_doubt);
      std::vector<std::size_t> still_in_doubt;
      for (std::size_t k = 0; k < in_doubt.size(); ++k) {
        Path &path = paths_[in_doubt[k]], &other = again_->paths_[k];
        if (!other.solved || other.saver->plan().size() != path.saver->plan().size()) continue;
        path.repeats->compare(compared(other.result, path.result), path.judged);
        if (!path.repeats->looser()) {
          std::swap(path.result, other.result);
          path.result.gradient.stats.tightened = path.repeats->factor();
        }
        path.discarded += evaluations_in(other.result.stats, other.result.gradient.stats);
        if (doubt_goes_on(path)) still_in_doubt.push_back(in_doubt[k]);
      }
      in_doubt = std::move(still_in_doubt);
    }
  }
  // Whether there is to be another gradient; else this one is good, or it is met again alone.
  static bool doubt_goes_on(Path& path) {
    if (path.repeats->another()) return true;
    path.solved = path.repeats->excess() <= 1;
    path.result.gradient.stats.discarded = path.discarded;
    return false;
  }
  void solve_tightened(const GradientsInAdaptiveLanes& of, const std::vector<std::size_t>& problems) {
    numbers_.clear();
    tightened_.clear();
    for (const std::size_t p : problems) {
      numbers_.push_back(of.numbers_[p]);
      tightened_.push_back(steps_.tightened(of.paths_[p].repeats->factor()));
    }
    tolerances_.clear();
    for (const Adaptive& steps : tightened_) tolerances_.push_back(&steps);
    solve_batch();
  }

  // Room for states as large as the first problem's; false where it is no problem.
  bool make_room() {
    const P& head = problems_.front();
    if (save_at_.dense) return false;
    theta_ = zero_parameters<F, Y>(head.field).template cast<Packed>();
    increment_.emplace(WithPacks<Y, Packed>(head.y0.template cast<Packed>()), theta_);
    rates_ = increment_->y;
    y_bar_ = increment_->y;
    theta_bar_ = theta_;
    sums_ = rates_;
    no_error_ = zeros_like(head.y0);
    along_ = size_ = carried_ = Time(0);
    for (std::size_t l = 0; l < lanes; ++l) lanes_[l].busy = false;
    if constexpr (HasParameters<F>)
      for (std::size_t l = 0; l < lanes; ++l) put_lane(Theta(head.field.parameters()), l, theta_);
    make_field(head.field);
    for (std::size_t l = 0; l < lanes; ++l) put_lane(head.y0, l, increment_->y);
    increment_->from = increment_->to = Time(head.t0);
    return true;
  }
  void make_field(const F& field) {
    if constexpr (TakesParameters<F, PackedTheta>)
      field_.emplace(OnPacks{field.with_parameters(theta_)});
    else
      field_.emplace(OnPacks{field});
  }
  void take_up_parameters(std::size_t l, const F& field) {
    if constexpr (TakesParameters<F, PackedTheta>) {
      put_lane(Theta(field.parameters()), l, theta_);
      make_field(field);
    }
  }

  // Whether a problem may share lanes with the first of its batch.
  bool fits(const P& problem) const {
    const P& head = problems_.front();
    try {
      validate(problem);
    } catch (const std::exception&) {
      return false;  // it is met again alone, and named
    }
    if (problem.t0 == problem.t1 || !same_shape(problem.y0, head.y0) || !same_field(head.field, problem.field))
      return false;
    if constexpr (HasParameters<F>) {
      if (problem.field.parameters().size() != theta_.size()) return false;
      if constexpr (!TakesParameters<F, PackedTheta>) return problem.field.parameters() == head.field.parameters();
    }
    return true;
  }

  // --- Forth ---

  void go_forth() {
    next_ = 0;
    calm_.begin(increment_->y);
    for (std::size_t l = 0; l < lanes; ++l) take_up_next(l);
    while (std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.busy; })) {
      aim_all();
      parting = false;
      increment_->step(*field_);
      if (norms_in_packs_) increment_->find_norms(atol_, rtol_);
      if (std::exchange(parting, false)) {
        parted_ = true;
        return;
      }
      judge_all();
    }
  }

  void take_up_next(std::size_t l) {
    Lane& lane = lanes_[l];
    lane.busy = false;
    while (next_ < count_ && !lane.busy) lane.busy = begin(l, next_++);
    if (!lane.busy) rest(l);
  }
  // A lane without a problem stands still.
  void rest(std::size_t l) {
    const double t = increment_->from.lane[static_cast<int>(l)];
    set(increment_->h, l, 0.0);
    set(increment_->to, l, t);
    calm_.rest(l, t);
  }
  static void set(Time& times, std::size_t l, double t) { times.lane.set(static_cast<int>(l), t); }

  bool begin(std::size_t l, std::size_t p) {
    Lane& lane = lanes_[l];
    Path& path = paths_[p];
    const P& problem = problems_[p];
    if (!fits(problem)) return false;
    lane.problem = p;
    lane.field.emplace(problem.field);
    lane.stepper.emplace(method_, *lane.field, problem.y0, *increment_, l);
    lane.stepper->know_norms(norms_in_packs_);
    lane.attempted.emplace(problem.y0);
    lane.carry.emplace(lane.stepper->make_carry());
    lane.carry->y = problem.y0;
    lane.calls = lane.stepper->calls();
    lane.stats = {};
    lane.t = problem.t0;
    const Adaptive& steps = *tolerances_[p];
    const Timeline plan = timeline_of(steps, *lane.field, problem.t0, problem.t1);
    path.timeline = Timeline::growing(problem.t0).like(plan);
    if (problem.y0.size() > 0)
      path.timeline.lay_out(path.states.size() / static_cast<std::size_t>(problem.y0.size()) + 1);
    lane.control.emplace(steps, problem.t0, problem.t1, problem.y0, true);
    lane.control->land_on_jumps(plan);
    path.errors.begin(problem.y0.size(), steps);
    set(rtol_, l, steps.rtol);
    if (norms_in_packs_) set(atol_, l, steps.atol(0));
    lane.control->record(path.errors);
    path.saver.emplace(save_at_, plan, problem.t0, problem.t1, problem.y0);
    path.saver->start(problem.t0, problem.y0, false);
    const double sees = path.timeline.sees_after(problem.t0);
    take_up_parameters(l, problem.field);
    put_lane(problem.y0, l, increment_->y);
    set(increment_->from, l, sees);
    set(increment_->to, l, sees);
    if (!agrees(l, sees, problem.y0)) return false;
    lane.control->start(*lane.stepper, sees, problem.y0);
    return true;
  }

  // Whether the field makes of the lane what it makes of the problem alone, f and its vjp. The first stage is known then.
  bool agrees(std::size_t l, double t, const Y& y) {
    const F& alone = *lanes_[l].field;
    Y rate = Y::Constant(y.rows(), y.cols(), unwritten<Y>), of_lane = rate;
    Tape<F, Y> tape = make_tape<F, Y>(alone, y);
    evaluate_alone<F, Y>(alone, t, y, rate, tape);
    parting = false;
    (*field_)(increment_->from, increment_->y, rates_);
    take_lane(rates_, l, of_lane);
    if (!all_finite(rate) || !same_numbers(of_lane, rate, contracted_)) return false;
    if constexpr (Increment::first_is_known) put_lane(rate, l, increment_->k[0]);
    Y bar = zeros_like(y), bar_of_lane = bar;
    Theta theta_bar = zero_parameters<F, Y>(alone), theta_of_lane = theta_bar;
    typename Y::Scalar t_bar(0);
    keep_apart(rate);
    keep_apart(bar);
    detail::pull_back<F, Y>(alone, t, loaded(y), tape, rate, bar, theta_bar, t_bar);
    keep_apart(bar);
    keep_apart(theta_bar);
    y_bar_.setZero();
    theta_bar_.setZero();
    field_->vjp(increment_->from, increment_->y, rates_, y_bar_, theta_bar_);
    take_lane(y_bar_, l, bar_of_lane);
    take_lane(theta_bar_, l, theta_of_lane);
    parting = false;  // what has ended in other lanes is no matter
    return same_numbers(bar_of_lane, bar, contracted_) && same_numbers(theta_of_lane, theta_bar, contracted_);
  }

  void aim_all() {
    const bool any_calm = calm_.has_any();
    if (any_calm) calm_.aim(*increment_);
    for (std::size_t l = 0; l < lanes; ++l) {
      if (calm_.has(l)) {
        if (calm_.is_sound(l)) continue;
        leave_calm(l);
      }
      if (lanes_[l].busy)
        aim(l);
      else if (any_calm)
        rest(l);
    }
  }
  void aim(std::size_t l) {
    Lane& lane = lanes_[l];
    while (lane.busy) {
      const Timeline& timeline = paths_[lane.problem].timeline;
      const double to = lane.control->target(lane.t);
      const Step& step = lane.attempted->begin(timeline.first() + timeline.steps(), lane.t, to, &timeline);
      if (!lane.control->exhausted(step, lane.stats)) {
        ++lane.stats.steps;
        const WayThrough way = step.forth();
        set(increment_->from, l, way.sees_from);
        set(increment_->to, l, way.sees_to);
        set(increment_->h, l, way.to - way.from);
        if (Increment::first_is_known && !lane.stepper->knows_first()) find_first_stage(l, way.sees_from);
        return;
      }
      take_up_next(l);  // what is given up fails alone, too
    }
  }
  void find_first_stage(std::size_t l, double t) {
    Lane& lane = lanes_[l];
    Y rate = zeros_like(lane.carry->y);
    Tape<F, Y> tape = make_tape<F, Y>(*lane.field, lane.carry->y);
    evaluate_alone<F, Y>(*lane.field, t, lane.carry->y, rate, tape);
    put_lane(rate, l, increment_->k[0]);
  }

  void judge_all() {
    std::array<bool, lanes> stands{}, calmly{};
    bool any_calm = calm_.has_any();
    if (any_calm) calm_.judge(*increment_);
    for (std::size_t l = 0; l < lanes; ++l) {
      if (calm_.has(l)) {
        if (calm_.is_sound(l) && calm_.deal_with(*increment_, l, stands[l])) {
          calmly[l] = true;
          continue;
        }
        leave_calm(l);
        aim(l);
      }
      stands[l] = lanes_[l].busy && judge(l);
    }
    if (any_calm) calm_.go_on(*increment_, stands);
    move_on(stands);
    for (std::size_t l = 0; l < lanes; ++l) {
      if (calmly[l]) {
        if (calm_.is_to_ask(l)) [[unlikely]]
          ask_calm(l, stands[l]);
      } else if (lanes_[l].busy && lanes_[l].control->over()) {
        finish(l);
      } else if (stands[l]) {
        try_calm(l);
      }
    }
    if (!any_calm || !calm_.is_full()) return;
    for (std::size_t l = 0; l < lanes; ++l)
      if (calm_.has(l)) tell_of_calm(l);
    calm_.empty();
  }
  void move_on(const std::array<bool, lanes>& stands) {
    if (std::all_of(stands.begin(), stands.end(), [](bool one) { return one; })) {
      increment_->y.swap(increment_->end);
      if constexpr (Increment::first_is_known) increment_->k[0].swap(increment_->k[Increment::last]);
      return;
    }
    Packed rest(0);
    for (std::size_t l = 0; l < lanes; ++l)
      if (!stands[l]) rest.lane.set(static_cast<int>(l), 1);
    const auto move = [&](PackedY& to, const PackedY& from) {
      visit_entries(to, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        auto& lane = to.data()[e].lane;
        lane = from.data()[e].lane.or_where_below(Packed(0).lane, rest.lane, lane);
      });
    };
    move(increment_->y, increment_->end);
    if constexpr (Increment::first_is_known) move(increment_->k[0], increment_->k[Increment::last]);
  }

  void try_calm(std::size_t l) {
    if constexpr (Control::may_be_calm) {
      Lane& lane = lanes_[l];
      const Path& path = paths_[lane.problem];
      if (!norms_in_packs_ || path.timeline.has_jumps() || (Increment::first_is_known && !lane.stepper->knows_first()))
        return;
      if (const std::int64_t trials = calm_trials(lane); trials > 0)
        calm_.enter(l, lane.t, path.saver->quiet_until(), tolerances_[lane.problem]->rtol, trials,
                    lane.control->calm_stretch(), *lane.control);
    }
  }
  static std::int64_t calm_trials(const Lane& lane) {
    return lane.control->calm_trials(*lane.stepper, lane.stats, S::evaluations_a_step);
  }
  // Whether a calm lane goes on; its last step stands or does not.
  ANTISTROPHE_OUT_OF_LINE void ask_calm(std::size_t l, bool stands) {
    Lane& lane = lanes_[l];
    if (!stands) return leave_calm(l);
    know_of_calm(l);
    lane.control->look_now_and_then(*lane.stepper, lane.t, lane.carry->y);
    if (const std::int64_t trials = calm_trials(lane); trials > 0)
      calm_.renew(l, trials, lane.control->calm_stretch());
    else
      calm_.leave(l);
  }
  // The lane goes on by its own control.
  void leave_calm(std::size_t l) {
    know_of_calm(l);
    calm_.leave(l);
  }
  // What a lane must know to go on by itself.
  void know_of_calm(std::size_t l) {
    Lane& lane = lanes_[l];
    tell_of_calm(l);
    const auto [tried, taken] = calm_.take_counts(l);
    lane.stats.steps += tried;
    lane.stats.accepted += taken;
    lane.stats.rejected += tried - taken;
    lane.stepper->count(tried);
    lane.t = calm_.time(l);
    take_lane(increment_->y, l, lane.carry->y);
    if (taken > 0)
      lane.control->went_on_calmly(calm_.length(l));
    else if (tried > 0)
      lane.control->shrank_calmly(calm_.length(l));
  }
  void tell_of_calm(std::size_t l) {
    const auto lane = static_cast<int>(l);
    Path& path = paths_[lanes_[l].problem];
    const bool errors = path.errors.on();
    auto* state = room_for_states(path, increment_->y.size(), calm_.untold(l));
    calm_.tell(l, [&](const typename Calm::Row& row) ANTISTROPHE_INLINE_LAMBDA {
      visit_entries(row.y, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { state[e] = row.y.data()[e].lane[lane]; });
      state += row.y.size();
      if (errors)
        path.errors.add(path.timeline.first() + path.timeline.steps(), row.factor.lane[lane],
                        [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { return row.error.data()[e].lane[lane]; });
      path.timeline.append(row.to.lane[lane]);
    });
  }
  // Room for those of so many nodes, from that on to which the timeline has come.
  static typename Y::Scalar* room_for_states(Path& path, Eigen::Index size, std::int64_t count) {
    const auto begin = static_cast<std::size_t>(path.timeline.steps() * size);
    const std::size_t end = begin + static_cast<std::size_t>(count * size);
    if (path.states.size() < end) {
      path.states.resize(std::max(2 * end, static_cast<std::size_t>(64 * size)));
      path.timeline.lay_out(path.states.size() / static_cast<std::size_t>(size) + 1);
    }
    return path.states.data() + begin;
  }
  static void keep_state(Path& path, const Y& y) {
    std::copy_n(y.data(), y.size(), room_for_states(path, y.size(), 1));
  }

  // True where the step of the lane stands.
  bool judge(std::size_t l) {
    Lane& lane = lanes_[l];
    S& stepper = *lane.stepper;
    Path& path = paths_[lane.problem];
    Saver<Y>& saver = *path.saver;
    const Step& step = lane.attempted->step();
    Outcome outcome = stepper.take_step();
    if (outcome == Outcome::ok) outcome = lane.control->judge(stepper, step, *lane.carry);
    if (outcome == Outcome::ok && saver.looks_inside()) {
      const auto mark = saver.mark();
      saver.inside(stepper, *lane.attempted, step.t1, path.timeline.steps(), *lane.carry);
      if (!lane.attempted->finite()) {
        outcome = Outcome::not_finite;
        saver.rewind(mark);
      }
    }
    if (outcome != Outcome::ok) {
      ++lane.stats.rejected;
      if (lane.control->rejected(stepper, outcome, step)) take_up_next(l);
      return false;
    }
    ++lane.stats.accepted;
    keep_state(path, lane.carry->y);
    path.timeline.append(step.t1);
    copy(stepper.end(), lane.carry->y);
    stepper.go_on(step);
    lane.control->accepted(stepper, step);
    lane.t = step.t1;
    saver.after(stepper, lane.t, path.timeline.steps(), lane.control->over(), *lane.carry);
    return true;
  }

  void finish(std::size_t l) {
    Lane& lane = lanes_[l];
    Path& path = paths_[lane.problem];
    keep_state(path, lane.carry->y);
    Stats& stats = path.result.stats;
    stats = lane.stats;
    stats.guarded = lane.control->guarded();
    stats.evaluations = lane.stepper->calls().evaluations - lane.calls.evaluations;
    stats.bytes_kept =
        path.states.capacity() * sizeof(typename Y::Scalar) + path.timeline.bytes() + path.errors.bytes();
    path.reached = true;
    take_up_next(l);
  }

  // --- Losses ---

  void evaluate_losses() {
    for (std::size_t p = 0; p < count_; ++p)
      if (paths_[p].reached) paths_[p].reached = evaluate_one_loss(paths_[p], numbers_[p]);
  }
  // False where it is to be met alone: a mistake has a sentence there.
  bool evaluate_one_loss(Path& path, std::size_t i) {
    static const std::vector<EventRecord<Y>> no_events;
    const auto of_problem = [&](auto&&... arguments)
      requires(std::is_invocable_v<const L&, decltype(arguments)...> ||
               std::is_invocable_v<const L&, std::size_t, decltype(arguments)...>)
    {
      if constexpr (std::is_invocable_v<const L&, decltype(arguments)...>)
        return loss_(std::forward<decltype(arguments)>(arguments)...);
      else
        return loss_(i, std::forward<decltype(arguments)>(arguments)...);
    };
    const std::vector<Y>& ys = path.saver->states();
    path.bar.ts.clear();
    path.result.value = evaluate_loss(of_problem, path.saver->plan().ts, ys, no_events, path.bar);
    if (!is_finite(path.result.value)) return false;
    try {
      check_cotangents<Y, Y>(ys, no_events, path.bar.ys, path.bar.ts, {});
    } catch (const std::exception&) {
      return false;
    }
    return !path.bar.silent();
  }

  // --- Back ---

  void go_back() {
    next_ = 0;
    if (!vjp_tried_) {  // as a solve does before it gives a gradient
      const P& head = problems_.front();
      try_vjps_of<Alone>(head.field, head.t0, head.t1, head.y0);
      vjp_tried_ = true;
    }
    for (std::size_t l = 0; l < lanes; ++l) turn_next(l);
    while (std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.busy; })) {
      parting = false;
      increment_->step_back(*field_);
      if (std::exchange(parting, false)) {
        parted_ = true;
        return;
      }
      gone_back();
    }
  }

  void turn_next(std::size_t l) {
    Lane& lane = lanes_[l];
    lane.busy = false;
    while (next_ < count_ && !lane.busy) {
      const std::size_t p = next_++;
      if (paths_[p].reached) turn(l, p);
    }
    if (lane.busy) return;
    rest(l);
    const auto at = static_cast<int>(l);
    visit_entries(increment_->y_bar, [&](Eigen::Index e) { increment_->y_bar.data()[e].lane.set(at, 0); });
    visit_entries(increment_->theta_bar, [&](Eigen::Index e) { increment_->theta_bar.data()[e].lane.set(at, 0); });
  }
  void turn(std::size_t l, std::size_t p) {
    Lane& lane = lanes_[l];
    const Path& path = paths_[p];
    lane.problem = p;
    lane.busy = true;
    lane.alone = false;
    lane.left = path.timeline.steps();
    lane.saves = path.saver->plan().size();
    lane.back = {};
    lane.back.evaluations = lane.back.vjps = lane.left * used;  // what a step takes, unless it goes alone
    lane.t0_bar = lane.t1_bar = 0;
    lane.errors.begin(path.errors);
    take_up_errors(l);
    lane.read = problems_[p].y0;
    take_up_parameters(l, problems_[p].field);
    put_lane(zeros_like(problems_[p].y0), l, increment_->y_bar);
    put_lane(zero_parameters<F, Y>(problems_[p].field), l, increment_->theta_bar);
    meet_saves(l);
    aim_back(l);
  }

  // The cotangents of what was saved at the node that the lane has come to.
  void meet_saves(std::size_t l) {
    Lane& lane = lanes_[l];
    const Path& path = paths_[lane.problem];
    const auto& entries = path.saver->plan().entries;
    for (; lane.saves > 0 && entries[lane.saves - 1].node == lane.left && entries[lane.saves - 1].sigma == 0;
         --lane.saves) {
      const std::size_t e = lane.saves - 1;
      Y bar = path.bar.ys[e];
      take_lane(increment_->y_bar, l, bar);
      bar += path.bar.ys[e];
      put_lane(bar, l, increment_->y_bar);
      if (lane.errors.on()) lane.errors.see(path.bar.ys[e]);
      if (entries[e].given || path.bar.ts.empty()) continue;
      lane.t0_bar += path.bar.ts[e] * path.timeline.dt0(lane.left);
      lane.t1_bar += path.bar.ts[e] * path.timeline.dt1(lane.left);
    }
    meet_errors(l);
  }
  // And what the errors of the steps after it make of the gradient.
  ANTISTROPHE_ALWAYS_INLINE void meet_errors(std::size_t l) {
    Lane& lane = lanes_[l];
    const Path& path = paths_[lane.problem];
    if (!lane.errors.on() || path.timeline.first() + lane.left > lane.errors.wanted()) return;
    const double t = path.timeline[lane.left];
    typename Alone::CarryBar bar{lane.read};
    take_lane(increment_->y_bar, l, bar.y);
    put_back_errors(l);
    lane.errors.meet(lane.left < path.timeline.steps() ? path.timeline.sees_after(t) : t, bar, lane.read,
                     [&](Y& y) { read_state(path, lane.left, y); });
    take_up_errors(l);
  }
  void take_up_errors(std::size_t l) {
    set(along_, l, lanes_[l].errors.along());
    set(size_, l, lanes_[l].errors.size());
    set(carried_, l, lanes_[l].errors.carried());
  }
  void put_back_errors(std::size_t l) {
    const auto lane = static_cast<int>(l);
    lanes_[l].errors.put(along_.lane[lane], size_.lane[lane]);
  }
  Step step_of(const Path& path, std::int64_t i) const {
    return {path.timeline.first() + i, path.timeline[i], path.timeline[i + 1], &path.timeline};
  }
  void read_state(const Path& path, std::int64_t i, Y& y) const {
    const auto size = static_cast<std::size_t>(y.size());
    const auto* from = path.states.data() + static_cast<std::size_t>(i) * size;
    visit_entries(y, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { y.data()[e] = from[e]; });
  }

  // Makes the lane's next step back ready, once those that are taken alone are behind it.
  void aim_back(std::size_t l) {
    Lane& lane = lanes_[l];
    const Path& path = paths_[lane.problem];
    while (lane.left > 0 && goes_alone(lane, path)) step_back_alone(l);
    if (lane.left == 0) return arrive(l);
    lane.loud = next_to_be_met(lane, path);
    take_up_step(l, lane.left - 1, step_of(path, lane.left - 1).forth());
  }
  // Saves, steps inside which something was saved, the first step where its times move, and all steps over jumps.
  std::int64_t next_to_be_met(const Lane& lane, const Path& path) const {
    if (path.timeline.has_jumps()) return std::numeric_limits<std::int64_t>::max();
    const std::int64_t first = TimeDifferentiable<F, Y> ? 1 : 0;
    if (lane.saves == 0) return first;
    const SavedEntry& next = path.saver->plan().entries[lane.saves - 1];
    return std::max(first, next.node + (next.sigma > 0 ? 1 : 0));
  }
  ANTISTROPHE_ALWAYS_INLINE void take_up_step(std::size_t l, std::int64_t i, const WayThrough& way) {
    set(increment_->from, l, way.sees_from);
    set(increment_->to, l, way.sees_to);
    set(increment_->h, l, way.to - way.from);
    const Path& path = paths_[lanes_[l].problem];
    lanes_[l].node = path.timeline.nodes() + i;
    lanes_[l].state = path.states.data() + i * increment_->y.size();
    put_entries(lanes_[l].state, l, increment_->y);
  }
  // The step before that.
  ANTISTROPHE_ALWAYS_INLINE void take_up_step_before(std::size_t l) {
    Lane& lane = lanes_[l];
    const double to = *lane.node, from = *--lane.node;
    set(increment_->from, l, from);
    set(increment_->to, l, to);
    set(increment_->h, l, to - from);
    lane.state -= increment_->y.size();
    put_entries(lane.state, l, increment_->y);
  }
  static ANTISTROPHE_ALWAYS_INLINE void put_entries(const typename Y::Scalar* entries, std::size_t l, PackedY& packed) {
    visit_entries(packed, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
      packed.data()[e].lane.set(static_cast<int>(l), entries[e]);
    });
  }
  // After a step back of all lanes. Nodes at which there is nothing but errors of steps to be met are met in packs.
  ANTISTROPHE_ALWAYS_INLINE void gone_back() {
    std::array<bool, lanes> loud{};
    bool any_met = false;
    for (std::size_t l = 0; l < lanes; ++l) {
      Lane& lane = lanes_[l];
      const typename Y::Scalar* sum = nullptr;
      if (lane.busy) {
        const std::int64_t left = --lane.left;
        loud[l] = left <= lane.loud;
        if (!loud[l] && lane.errors.on() && left <= lane.errors.wanted()) {
          sum = lane.errors.met_elsewhere();
          if (sum == nullptr) meet_errors(l);
        }
      }
      any_met = any_met || sum != nullptr;
      if (sum == nullptr)
        put_entries(no_error_.data(), l, sums_);
      else
        put_entries(sum, l, sums_);
    }
    if (any_met) {
      Packed along(0);
      visit_entries(sums_, [&](Eigen::Index e)
                               ANTISTROPHE_INLINE_LAMBDA { along += increment_->y_bar.data()[e] * sums_.data()[e]; });
      along_ += carried_ * Time(along);
      size_ += Time(Packed::of(along.lane.size()));
    }
    for (std::size_t l = 0; l < lanes; ++l) {
      Lane& lane = lanes_[l];
      if (!lane.busy) continue;
      if (loud[l]) [[unlikely]] {
        meet_saves(l);
        aim_back(l);
      } else {
        take_up_step_before(l);
      }
    }
  }

  // Steps inside which something was saved, and those whose times move with t0 and t1.
  bool goes_alone(const Lane& lane, const Path& path) const {
    if (TimeDifferentiable<F, Y> && (lane.left == 1 || lane.left == path.timeline.steps())) return true;
    return lane.saves > 0 && path.saver->plan().entries[lane.saves - 1].node == lane.left - 1 &&
           path.saver->plan().entries[lane.saves - 1].sigma > 0;
  }
  void step_back_alone(std::size_t l) {
    Lane& lane = lanes_[l];
    const Path& path = paths_[lane.problem];
    const P& problem = problems_[lane.problem];
    if (!lane.alone) {
      lane.field.emplace(problem.field);
      lane.stepper.emplace(method_, *lane.field, problem.y0, *increment_, l);
      lane.alone = true;
    }
    Alone& stepper = *lane.stepper;
    const Calls before = stepper.calls();
    const std::int64_t i = lane.left - 1;
    std::vector<SavedInside<Y>> saves;
    const auto& entries = path.saver->plan().entries;
    for (; lane.saves > 0 && entries[lane.saves - 1].node == i && entries[lane.saves - 1].sigma > 0; --lane.saves)
      saves.push_back({entries[lane.saves - 1].sigma, &path.bar.ys[lane.saves - 1]});
    if (lane.errors.on())
      for (const SavedInside<Y>& save : saves) lane.errors.see(*save.w);
    Carry carry = stepper.make_carry();
    carry.y = problem.y0;
    read_state(path, i, carry.y);
    auto bar = stepper.make_carry_bar();
    Theta theta_bar = zero_parameters<F, Y>(problem.field);
    take_lane(increment_->y_bar, l, bar.y);
    take_lane(increment_->theta_bar, l, theta_bar);
    TimeCotangents t_bar;
    stepper.pullback(step_of(path, i), carry, bar, theta_bar, t_bar, saves);
    put_lane(bar.y, l, increment_->y_bar);
    put_lane(theta_bar, l, increment_->theta_bar);
    lane.t0_bar += t_bar.t0 * path.timeline.dt0(i);
    lane.t1_bar += t_bar.t0 * path.timeline.dt1(i);
    lane.t0_bar += t_bar.t1 * path.timeline.dt0(i + 1);
    lane.t1_bar += t_bar.t1 * path.timeline.dt1(i + 1);
    lane.back.evaluations += stepper.calls().evaluations - before.evaluations - used;
    lane.back.vjps += stepper.calls().vjps - before.vjps - used;
    --lane.left;
    meet_saves(l);
  }

  void arrive(std::size_t l) {
    Lane& lane = lanes_[l];
    Path& path = paths_[lane.problem];
    Gradient<F, Y>& gradient = path.result.gradient;
    take_lane(increment_->y_bar, l, gradient.y0);
    gradient.theta = zero_parameters<F, Y>(problems_[lane.problem].field);
    take_lane(increment_->theta_bar, l, gradient.theta);
    if constexpr (TimeDifferentiable<F, Y>) {
      gradient.t0 = lane.t0_bar;
      gradient.t1 = lane.t1_bar;
    }
    gradient.stats = lane.back;
    put_back_errors(l);
    GradientError judged =
        error_of_gradient<Alone>(lane.errors, problems_[lane.problem].field, gradient, steps_.gradient_rtol);
    if (judged.borne > 0 && judged.error < 1) note_mode(lane, gradient, judged);
    gradient.stats.estimated_error = judged.error;
    path.solved = finite_gradient(gradient, path.timeline).status == Status::success;
    if (path.solved && looks_again_) see_doubt(path, judged);
    turn_next(l);
  }
  void see_doubt(Path& path, const GradientError& judged) {
    const Doubt doubt = doubt_about(judged, steps_.repeats, [&] { return steps_dip(path.timeline); });
    path.solved = !doubt.any;
    if (path.solved) return;
    path.judged = judged;
    path.discarded = 0;
    constexpr auto round_off = static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon());
    path.repeats.emplace(judged, steps_.rtol, round_off, steps_.repeats, doubt.dip);
  }
  void note_mode(Lane& lane, Gradient<F, Y>& gradient, GradientError& judged) {
    const P& problem = problems_[lane.problem];
    const Path& path = paths_[lane.problem];
    Y end = problem.y0;
    const auto last = static_cast<std::size_t>(path.timeline.steps() * end.size());
    std::copy_n(path.states.data() + last, end.size(), end.data());
    const double growth = doubtful_growth(
        growth_between(problem.y0, end, injected<Y>({path.bar.ys, path.bar.ts, path.bar.events}), gradient.y0));
    if (!is_worth_a_mode(growth, path.timeline.steps())) return;
    Alone alone(method_, problem.field, problem.y0);
    note_error_of_mode(
        judged, alone, problem.t0, problem.y0, problem.t1, end, growth, path.timeline.steps(),
        [&](const auto& see) { see(path.timeline); },
        [&] { return lane.errors.rate_of_cotangents(problem.field, gradient.stats); });
    gradient.stats.judged += alone.calls().evaluations;
  }

  const E& ensemble_;
  const M& method_;
  const Adaptive& steps_;
  const L& loss_;
  const SaveAt& save_at_;
  const bool looks_again_;  // else gradients are given whatever errors of steps may have made of them
  const bool contracted_ = contracts_products();
  const bool norms_in_packs_ = !steps_.norm && !steps_.atol.per_entry() && steps_.atol(0) > 0;
  std::size_t first_ = 0, count_ = 0, next_ = 0;
  bool parted_ = false, hopeless_ = false, vjp_tried_ = false;
  // Of the problems at hand: their numbers in the ensemble, and their tolerances.
  std::vector<std::size_t> numbers_;
  std::vector<const Adaptive*> tolerances_;
  std::vector<Adaptive> tightened_;
  std::vector<P> problems_;
  std::vector<Path> paths_;
  std::unique_ptr<GradientsInAdaptiveLanes> again_;
  std::array<Lane, lanes> lanes_;
  Calm calm_{steps_};
  PackedTheta theta_;
  std::optional<OnPacks> field_;
  std::optional<Increment> increment_;
  PackedY rates_, y_bar_, sums_;
  Y no_error_;
  Time along_, size_, carried_;  // of errors of steps, of each lane
  Time atol_{1}, rtol_{1};       // of each lane
  PackedTheta theta_bar_;
};

}  // namespace antistrophe::detail
