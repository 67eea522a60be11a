// SPDX-License-Identifier: MIT
// Events: zeros of g(t, y) met on the way, located on the dense output to round-off. One may end the solve, reset the state
// and let it go on, or merely be recorded.
//
// A zero counts as crossed: g that reaches 0 from either side fires. A solve that starts on g = 0 does not fire there, nor
// does an event fire again at the very point where it has just fired; its side is then taken from where g first leaves 0 by
// more than its own round-off. An event that fires again and again at what is one time to round-off (a ball that comes to
// rest bounces infinitely often in finite time) ends the solve with a failure. Only signs at the ends of steps are compared, so two zeros of one g inside one step are missed, a
// grazing zero may be; bound the step (dtmax) where that matters. Of several events in one step the earliest comes first;
// of several at the same time to round-off, the first in the list, and the others count as passed.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/access.hpp>

#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>

namespace antistrophe {

enum class Crossing { any, rising, falling };

// g: called as g(t, y), or g(t, y, theta) with the field's parameters; returns a number. For gradients g has a member
//   gradient(t, y, y_bar, theta_bar, t_bar) that adds ∂g/∂y, ∂g/∂θ, ∂g/∂t   (theta_bar may be left alone),
// or is wrapped in automatic_event (antistrophe/field/automatic_event.hpp).
// crossing: the direction of g that counts. terminal: the solve ends there, with Status::event. tolerance: of the time
// located; 0 for round-off. (clang before 17 deduces Event from arguments in their order only, without .name = ….)
template <class G>
struct Event {
  G g;
  Crossing crossing = Crossing::any;
  bool terminal = true;
  double tolerance = 0;
};
template <class G, class... Rest>
Event(G, Rest...) -> Event<G>;

// An event that resets the state, y ← jump(t, y), after which the solve goes on: jump(t, y, y_new) or
// jump(t, y, theta, y_new) writes y_new. For gradients jump has a member
//   vjp(t, y, w, y_bar, theta_bar, t_bar) that adds (∂jump/∂y)ᵀw, (∂jump/∂θ)ᵀw, (∂jump/∂t)ᵀw.
// ForwardMode takes that too, row by row, and rather, where there is one, its
//   jvp(t, y, y_dot, theta_dot, t_dot, y_new_dot) that writes ∂jump/∂y ẏ + ∂jump/∂θ θ̇ + ∂jump/∂t ṫ
// (with theta after y in both, where the jump is called with it).
template <class G, class Jump>
struct JumpEvent {
  G g;
  Jump jump;
  Crossing crossing = Crossing::any;
  double tolerance = 0;
};
template <class G, class Jump, class... Rest>
JumpEvent(G, Jump, Rest...) -> JumpEvent<G, Jump>;

// g = mean((f_i / (atol + rtol |y_i|))²) − 1, f the field: below 0 where the state hardly moves any more in a unit of time.
struct SteadyState {
  double rtol, atol;
  static constexpr bool fires_at_start = true;

  template <class F, EigenState Y>
  double of(const F& field, double t, const Y& y) const {
    auto tape = detail::make_tape<F, Y>(field, y);
    Y f = detail::zeros_like(y);
    detail::evaluate<F, Y>(field, t, y, f, tape);
    double sum = 0;
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      const double ratio = size(f.data()[i]) / scale(y.data()[i]);
      sum += ratio * ratio;
    }
    return y.size() > 0 ? sum / static_cast<double>(y.size()) - 1 : -1.0;
  }

  template <class F, EigenState Y>
  void gradient_of(const F& field, double t, const Y& y, Y& y_bar, Parameters<F, Y>& theta_bar,
                   typename Y::Scalar& t_bar) const {
    using Scalar = typename Y::Scalar;
    auto tape = detail::make_tape<F, Y>(field, y);
    Y f = detail::zeros_like(y), w = f;
    detail::evaluate<F, Y>(field, t, y, f, tape);
    const double n = static_cast<double>(y.size());
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      const double s = scale(y.data()[i]);
      w.data()[i] = detail::scalar<Y>(2 / (n * s * s)) * f.data()[i];
      const double ratio = size(f.data()[i]) / s;
      if (y.data()[i] != Scalar{0})
        y_bar.data()[i] -= detail::scalar<Y>(2 * ratio * ratio * rtol / (n * s * size(y.data()[i]))) * y.data()[i];
    }
    detail::pull_back<F, Y>(field, t, y, tape, w, y_bar, theta_bar, t_bar);
  }

 private:
  static double size(const auto& x) {
    using std::abs;
    return static_cast<double>(abs(x));
  }
  double scale(const auto& y) const { return atol + rtol * size(y); }
};

// Ends the solve where the solution is steady: where the root mean square of f_i / (atol + rtol |y_i|) falls below 1, at once
// if it is so at t0. Costs an evaluation of f a step. Throws std::invalid_argument unless rtol, atol >= 0 and one is positive.
inline Event<SteadyState> steady_state_event(double rtol = 1e-6, double atol = 1e-6) {
  if (!(rtol >= 0) || !std::isfinite(rtol)) detail::refuse("rtol of steady_state_event", rtol, "at least 0 and finite");
  if (!(atol >= 0) || !std::isfinite(atol)) detail::refuse("atol of steady_state_event", atol, "at least 0 and finite");
  if (rtol == 0 && atol == 0) detail::refuse("atol of steady_state_event", atol, "positive where rtol is 0");
  return {SteadyState{rtol, atol}, Crossing::falling, true, 0};
}

// The events of a solve: Events{Event{…}, JumpEvent{…}}.
template <class... E>
struct Events {
  std::tuple<E...> list;
  explicit Events(E... events) : list(std::move(events)...) {}
};

namespace detail {

template <class E>
inline constexpr bool is_event = false;
template <class G>
inline constexpr bool is_event<Event<G>> = true;
template <class G, class J>
inline constexpr bool is_event<JumpEvent<G, J>> = true;

template <class E>
inline constexpr bool jumps = false;
template <class G, class J>
inline constexpr bool jumps<JumpEvent<G, J>> = true;

template <class T>
inline constexpr bool is_events = false;
template <class... E>
inline constexpr bool is_events<Events<E...>> = true;

}  // namespace detail
}  // namespace antistrophe
