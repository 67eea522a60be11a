// SPDX-License-Identifier: MIT
// Events of a solve that takes tangents along: they look at y alone, and tangents go through them by the saltation formula. With
// y' the slope of y at the event and ẏ_j tangent j there, at a time that stays where it is,
//   τ̇_j  = −(∂g/∂y ẏ_j + ∂g/∂θ θ̇_j) / (∂g/∂t + ∂g/∂y y')            its time moves by,
//   ẏ⁺_j = ∂jump/∂y (ẏ_j + y' τ̇_j) + ∂jump/∂θ θ̇_j + ∂jump/∂t τ̇_j    the state after its jump, where the next segment begins
// (Aizerman & Gantmacher 1958): exact to round-off for the steps taken, since y' and ẏ_j are read off the polynomial on which the
// event was found.
#pragma once

#include <antistrophe/adjoint/detail/ways_back.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/detail/event_detector.hpp>
#include <antistrophe/problem/detail/event_functions.hpp>
#include <antistrophe/problem/events.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// A jump that can be pushed forward: jvp(t, y, y_dot, theta_dot, t_dot, y_new_dot), or with theta after y.
template <class Jump, class F, class Y>
concept PushableJump =
    requires(const Jump& jump, const F& field, double t, const Y& y, const Parameters<F, Y>& theta_dot,
             const typename Y::Scalar& t_dot, Y& y_new_dot) { jump.jvp(t, y, y, theta_dot, t_dot, y_new_dot); } ||
    requires(const Jump& jump, const F& field, double t, const Y& y, const Parameters<F, Y>& theta_dot,
             const typename Y::Scalar& t_dot,
             Y& y_new_dot) { jump.jvp(t, y, field.parameters(), y, theta_dot, t_dot, y_new_dot); };

template <class E, class F, class Y>
inline constexpr bool jump_goes_forward = true;
template <class G, class Jump, class F, class Y>
inline constexpr bool jump_goes_forward<JumpEvent<G, Jump>, F, Y> =
    PushableJump<Jump, F, Y> || DifferentiableJump<Jump, F, Y>;

template <class G>
struct MayFireAtStart {};
template <class G>
  requires requires { G::fires_at_start; }
struct MayFireAtStart<G> {
  static constexpr bool fires_at_start = G::fires_at_start;
};

// The g of an event, of the state in front of its tangents.
template <class G, class Y>
class OfStateAlone : public MayFireAtStart<G> {
 public:
  OfStateAlone(const G& g, const Y& like) : g_(g), y_(like) {}

  template <class Field, class Large>
  double of(const Field& field, double t, const Large& x) const {
    field.layout().take_state(x, y_);
    return event_value(g_, field.primal(), t, y_);
  }

 private:
  G g_;
  mutable Y y_;
};
template <class Y>
inline constexpr bool looks_at_field<OfStateAlone<SteadyState, Y>> = true;

// In the place of a jump, which the detector below makes itself.
struct JumpElsewhere {
  void operator()(double, const auto&, auto&) const {}
};

template <class E, class Y>
struct WatchedEvent;
template <class G, class Y>
struct WatchedEvent<Event<G>, Y> {
  using type = Event<OfStateAlone<G, Y>>;
  static type of(const Event<G>& event, const Y& like) {
    return {{event.g, like}, event.crossing, event.terminal, event.tolerance};
  }
};
template <class G, class Jump, class Y>
struct WatchedEvent<JumpEvent<G, Jump>, Y> {
  using type = JumpEvent<OfStateAlone<G, Y>, JumpElsewhere>;
  static type of(const JumpEvent<G, Jump>& event, const Y& like) {
    return {{event.g, like}, {}, event.crossing, event.tolerance};
  }
};

// The detector of a solve of a Field with tangents of F's state Y; it finds events as that of y alone does.
template <class Field, class F, EigenState Y, class... E>
class TangentDetector : public EventDetector<Field, typename Field::Augmented, typename WatchedEvent<E, Y>::type...> {
  using Large = typename Field::Augmented;
  using Scalar = typename Y::Scalar;
  using Base = EventDetector<Field, Large, typename WatchedEvent<E, Y>::type...>;

 public:
  using Along = typename Field::Along;

  // The field must outlive it.
  TangentDetector(const Events<E...>& events, const Field& field, const Large& large, const Y& y0)
      : Base(std::apply([&](const E&... event) { return Events(WatchedEvent<E, Y>::of(event, y0)...); }, events.list),
             field, large),
        events_(events),
        of_state_(events, field.primal(), y0),
        field_(&field),
        x_(zeros_like(large)),
        dx_(x_),
        y_(zeros_like(y0)),
        moved_(y_),
        y_dot_(y_),
        y_new_(y_),
        theta_dot_(zero_parameters<F, Y>(field.primal())),
        slopes_{y_, theta_dot_} {}

  void restart() {
    Base::restart();
    motions_.clear();
    grazing_ = {};
  }

  template <class S, class Record>
  std::optional<EventHit> look(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& carry, const Large& x1,
                               const Record& record) {
    bool tells = true;
    const auto tell = [&](const EventHit& hit, double t, const Large& x, const auto& polynomial) {
      if (tells) record(hit, t, x, polynomial);
    };
    // A step that lands on t1 moves with it, unless an event cuts it. Which it does is known when it has been attempted.
    if (Field::with_times && field_->lands_on_t1(attempted.step())) {
      const typename Base::Mark mark = Base::mark();
      tells = false;
      const bool cut = Base::look(stepper, attempted, carry, x1, tell).has_value();
      tells = true;
      Base::rewind(mark);
      if (cut) attempt_again(stepper, attempted, carry);
    }
    const std::optional<EventHit> hit = Base::look(stepper, attempted, carry, x1, tell);
    if (hit) meet(*hit, attempted.step(), attempted.polynomial(stepper, carry));
    return hit;
  }

  // The state after the jump of an event, and its tangents.
  void jump(std::size_t index, double t, const Large& x, Large& x_new) {
    for_event(index, [&](const auto& event) {
      if constexpr (jumps<std::remove_cvref_t<decltype(event)>>) push(event.jump, t, x, x_new);
    });
    field_->stand_still();
  }

  // What the time of an event moves by: x is the state there, dx its slope. The failure says that it is grazing.
  Failure motion(std::size_t index, double t, std::int64_t step, const Large& x, const Large& dx, Along& motion) {
    const auto& layout = field_->layout();
    layout.take_state(x, y_);
    layout.take_state(dx, moved_);
    slopes_.y.setZero();
    slopes_.theta.setZero();
    Scalar g_t{0};
    of_state_.gradient(index, t, y_, slopes_.y, slopes_.theta, g_t);
    const Scalar rate = g_t + dot(slopes_.y, moved_);
    motion = Along::Zero(layout.room());
    for (Eigen::Index j = 0; j < layout.k(); ++j) {
      Scalar sum{0};
      for (Eigen::Index i = 0; i < layout.n(); ++i) sum += slopes_.y.data()[i] * x[layout.at(i, j)];
      for (Eigen::Index m = 0; m < slopes_.theta.size(); ++m)
        sum += slopes_.theta.data()[m] * field_->seeds().theta(m, j);
      motion[j] = -sum / rate;
    }
    if (is_finite(1 / rate)) return {};
    motion.setZero();
    return grazes(index, t, step);
  }

  // Of the event that ended a segment; what its tangents move by with it; and whether one of them grazes.
  const Along& motion_at_end(std::size_t segment) const { return motions_[segment]; }
  const Failure& grazing() const { return grazing_; }

 private:
  template <class Visit>
  void for_event(std::size_t index, Visit&& visit) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == index ? visit(std::get<I>(events_.list)) : void()), ...);
    }(std::index_sequence_for<E...>{});
  }

  template <class S>
  void attempt_again(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& carry) {
    const Step step = attempted.step();
    field_->hold_t1(true);
    (void)stepper.attempt(step, carry);  // of y the same to the last bit
    field_->hold_t1(false);
    attempted.begin(step.n, step.t0, step.t1, step.timeline);
  }

  template <class Polynomial>
  void meet(const EventHit& hit, const Step& step, const Polynomial& polynomial) {
    polynomial.value(hit.sigma, x_);
    polynomial.slope(hit.sigma, dx_);
    dx_ /= static_cast<Scalar>(step.h());
    const double t = hit.sigma == 1 ? step.t1 : step.t0 + hit.sigma * step.h();
    Failure failure = motion(hit.index, t, step.n, x_, dx_, motions_.emplace_back());
    if (grazing_.status == Status::success) grazing_ = std::move(failure);
    field_->cut_by_event(motions_.back());
  }

  // y_dot_ is tangent j of the state at the event, which moves with its time.
  void take_moved(const Large& x, Eigen::Index j) {
    field_->layout().take_tangent(x, j, y_dot_);
    y_dot_ += motions_.back()[j] * moved_;
  }

  template <class Jump>
  void push(const Jump& jump, double t, const Large& x, Large& x_new) {
    const auto& layout = field_->layout();
    const F& field = field_->primal();
    layout.take_state(x, y_);
    layout.take_state(dx_, moved_);
    event_jump(jump, field, t, y_, y_new_);
    x_new.setZero();
    for (Eigen::Index i = 0; i < layout.n(); ++i) x_new[i] = y_new_.data()[i];
    if constexpr (PushableJump<Jump, F, Y>)
      push_along(jump, t, x, x_new);
    else
      push_by_rows(jump, t, x, x_new);
  }

  template <class Jump>
  void push_along(const Jump& jump, double t, const Large& x, Large& x_new) {
    const auto& layout = field_->layout();
    for (Eigen::Index j = 0; j < layout.k(); ++j) {
      take_moved(x, j);
      for (Eigen::Index m = 0; m < theta_dot_.size(); ++m) theta_dot_.data()[m] = field_->seeds().theta(m, j);
      const Scalar t_dot = motions_.back()[j];
      if constexpr (requires { jump.jvp(t, y_, y_dot_, theta_dot_, t_dot, y_new_); })
        jump.jvp(t, std::as_const(y_), std::as_const(y_dot_), std::as_const(theta_dot_), t_dot, y_new_);
      else
        jump.jvp(t, std::as_const(y_), field_->primal().parameters(), std::as_const(y_dot_), std::as_const(theta_dot_),
                 t_dot, y_new_);
      for (Eigen::Index i = 0; i < layout.n(); ++i) x_new[layout.at(i, j)] = y_new_.data()[i];
    }
  }
  // The vjp of a unit vector is a row of the Jacobian.
  template <class Jump>
  void push_by_rows(const Jump& jump, double t, const Large& x, Large& x_new) {
    const auto& layout = field_->layout();
    for (Eigen::Index i = 0; i < layout.n(); ++i) {
      y_new_.setZero();
      y_new_.data()[i] = 1;
      slopes_.y.setZero();
      slopes_.theta.setZero();
      Scalar of_time{0};
      event_jump_vjp(jump, field_->primal(), t, y_, y_new_, slopes_.y, slopes_.theta, of_time);
      for (Eigen::Index j = 0; j < layout.k(); ++j) {
        take_moved(x, j);
        Scalar sum = dot(slopes_.y, y_dot_) + of_time * motions_.back()[j];
        for (Eigen::Index m = 0; m < slopes_.theta.size(); ++m)
          sum += slopes_.theta.data()[m] * field_->seeds().theta(m, j);
        x_new[layout.at(i, j)] = sum;
      }
    }
  }

  Events<E...> events_;
  EventDetector<F, Y, E...> of_state_;  // for the derivatives of g alone
  const Field* field_;
  Large x_, dx_;  // where a step was cut, and the slope there
  Y y_, moved_, y_dot_, y_new_;
  Parameters<F, Y> theta_dot_;
  EventSlopes<Y, Parameters<F, Y>> slopes_;
  std::vector<Along> motions_;  // of the events that ended segments
  Failure grazing_;             // the first
};

// The detector of a solve with tangents: where there are no events, that which finds none.
template <class Field, class F, class Y, class... E>
struct TangentDetectorOf {
  using type = TangentDetector<Field, F, Y, E...>;
  static type make(const Events<E...>& events, const Field& field, const typename Field::Augmented& large,
                   const Y& y0) {
    return type(events, field, large, y0);
  }
};
template <class Field, class F, class Y>
struct TangentDetectorOf<Field, F, Y> {
  using type = EventDetector<Field, typename Field::Augmented>;
  static type make(const Events<>& events, const Field& field, const typename Field::Augmented& large, const Y&) {
    return type(events, field, large);
  }
};

}  // namespace antistrophe::detail
