// SPDX-License-Identifier: MIT
// Finds the events of a solve: signs of g at the ends of steps, zeros of it on the dense output.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/problem/detail/event_functions.hpp>
#include <antistrophe/problem/events.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// The zero of φ between a, where φ is of the sign of fa, and b, where it is 0 or of the other: bisection's safety with the
// speed of regula falsi (Illinois: Dowell & Jarratt 1971), to round-off or a bracket of `tolerance`.
template <class Phi>
double find_zero(Phi&& phi, double a, double fa, double b, double fb, double tolerance) {
  if (fb == 0) return b;
  for (int i = 0; i < 200; ++i) {
    const double width = b - a;
    if (std::fabs(width) <= larger_of(tolerance, 2 * std::numeric_limits<double>::epsilon() * std::fabs(b))) break;
    double c = i % 4 == 3 ? a + width / 2 : b - fb * width / (fb - fa);
    if (!(c > smaller_of(a, b) && c < larger_of(a, b))) c = a + width / 2;
    if (c == a || c == b) break;
    const double fc = phi(c);
    if (fc == 0) return c;
    if ((fc > 0) != (fb > 0)) {
      a = b, fa = fb;
    } else {
      fa /= 2;
    }
    b = c, fb = fc;
  }
  return b;
}

// Where, in a step that starts on φ = 0, the side of φ can be told: the smallest σ at which φ has left 0 by more than its own
// round-off, which is seen in its first few numbers; a hundredth where there is none before.
template <class Phi>
double leaves_zero(Phi&& phi) {
  constexpr double epsilon = std::numeric_limits<double>::epsilon(), hundredth = 0.01;
  const double start = phi(0.0);
  double noise = std::fabs(start);
  for (double sigma : {epsilon, 3 * epsilon, 7 * epsilon}) noise = larger_of(noise, std::fabs(phi(sigma) - start));
  for (double sigma = 64 * epsilon; sigma < hundredth; sigma *= 4)
    if (std::fabs(phi(sigma)) > 8 * noise) return sigma;
  return hundredth;
}

// Where a step is cut by an event that interrupts it.
struct EventHit {
  std::size_t index = 0;
  double sigma = 1;
};

// Watches the events of one solve.
template <class F, EigenState Y, class... E>
class EventDetector {
  static_assert((event_is_callable<E, F, Y> && ...),
                "antistrophe: the g of an event is called as g(t, y), or g(t, y, theta), and returns a number.");
  static_assert(
      (!event_is_condition<E, F, Y> && ...),
      "antistrophe: the g of an event returns a bool, which crosses no zero: return a number that changes its sign "
      "where the condition begins to hold, y[0] - 1 instead of y[0] > 1.");
  static_assert((jump_is_callable<E, F, Y> && ...),
                "antistrophe: a jump is called as jump(t, y, y_new), or jump(t, y, theta, y_new), and writes y_new.");
  static_assert((!jump_copies_result<E, F, Y> && ...),
                "antistrophe: a jump takes y_new by value, and what it writes to a copy is lost: [](double t, const "
                "auto& y, auto& y_new) { … }, or with const auto& theta before y_new.");

 public:
  static constexpr std::size_t count = sizeof...(E);
  static constexpr bool none = count == 0;
  static constexpr bool any_jumps = (jumps<E> || ...);

  EventDetector(const Events<E...>& events, const F& field, const Y& like)
      : events_(events), field_(&field), y_(like) {}

  // Forgets all of the solve before.
  void restart() {
    passed_.fill(false);
    started_at_ = side_before_ = 0;
    resumed_at_ = resumed_before_ = std::numeric_limits<double>::quiet_NaN();
    fired_last_ = fired_before_ = recurring_ = std::nullopt;
    in_a_row_ = 0;
    evaluations_ = 0;
  }

  // At the start of a segment; `fired` is the event that led there.
  void start(double t, const Y& y, std::optional<std::size_t> fired) {
    try_out(t, y);
    for (std::size_t i = 0; i < count; ++i) {
      values_[i] = value(i, t, y);
      if (fired && (fired == i || passed_[i])) values_[i] = 0;
    }
    if (!fired) {
      started_at_ = t;
      return;
    }
    fired_before_ = fired_last_, resumed_before_ = resumed_at_;
    fired_last_ = fired, resumed_at_ = t;
    const bool no_time = std::fabs(resumed_at_ - resumed_before_) <= 1e-9 * std::fabs(resumed_at_ - started_at_);
    in_a_row_ = fired_before_ == fired && no_time ? in_a_row_ + 1 : 0;
    if (in_a_row_ >= endlessly_many) recurring_ = fired;
  }

  // What is known of g at the start of a step; rewind goes back to it when the step is not committed.
  struct Mark {
    std::array<double, count> values;
    double side_before;
  };
  Mark mark() const { return {values_, side_before_}; }
  void rewind(const Mark& mark) {
    values_ = mark.values;
    side_before_ = mark.side_before;
  }

  // The event that fires again and again within a time that numbers do not resolve, if there is one.
  std::optional<std::size_t> recurring() const { return recurring_; }

  // The event that ends a solve where it begins, if there is one.
  std::optional<std::size_t> over_at_start() const {
    std::optional<std::size_t> met;
    for_each([&]<std::size_t I>(const auto& event) {
      if constexpr (requires { event.g.fires_at_start; }) {
        if (!met && values_[I] <= 0) met = I;
      }
    });
    return met;
  }

  // Of f, by events that look at it.
  std::int64_t evaluations() const { return evaluations_; }

  // The earliest event of an attempted step that interrupts it. Those before it that do not are told to
  // record(hit, t, y, polynomial).
  template <class S, class Record>
  std::optional<EventHit> look(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& carry, const Y& y1,
                               Record&& record) {
    static_assert(Extensible<S>, "antistrophe: events need a method with dense output.");
    const Step& step = attempted.step();
    std::array<double, count> ends{};
    bool crossed = false;
    for (std::size_t i = 0; i < count; ++i) {
      ends[i] = value(i, step.t1, y1);
      crossed = crossed || values_[i] == 0 || (values_[i] > 0) != (ends[i] > 0) || ends[i] == 0;
    }
    if (!crossed) {
      values_ = ends;
      return std::nullopt;
    }
    const auto& polynomial = attempted.polynomial(stepper, carry);
    if (!attempted.finite()) return std::nullopt;
    std::array<EventHit, count> hits{};
    std::size_t found = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::optional<double> sigma = zero(i, step, polynomial, ends[i]);
      if (!sigma) continue;
      // In the order of their times; of simultaneous ones, that of the list.
      std::size_t place = found++;
      for (; place > 0 && hits[place - 1].sigma > *sigma; --place) hits[place] = hits[place - 1];
      hits[place] = {i, *sigma};
    }
    values_ = ends;
    for (std::size_t i = 0; i < found; ++i) {
      if (interrupts(hits[i].index)) {
        passed_.fill(false);
        for (std::size_t j = i + 1; j < found; ++j)
          passed_[hits[j].index] = hits[j].sigma - hits[i].sigma <= same_time(step);
        return hits[i];
      }
      polynomial.value(hits[i].sigma, y_);
      record(hits[i], step.t0 + hits[i].sigma * step.h(), y_, polynomial);
    }
    return std::nullopt;
  }

  bool interrupts(std::size_t index) const {
    bool result = false;
    for_each([&]<std::size_t I>(const auto& event) {
      if (I != index) return;
      if constexpr (jumps<std::remove_cvref_t<decltype(event)>>)
        result = true;
      else
        result = event.terminal;
    });
    return result;
  }
  bool ends_solve(std::size_t index) const {
    bool result = false;
    for_each([&]<std::size_t I>(const auto& event) {
      if constexpr (!jumps<std::remove_cvref_t<decltype(event)>>) result = result || (I == index && event.terminal);
    });
    return result;
  }

  // The state after the jump of an event.
  void jump(std::size_t index, double t, const Y& y, Y& y_new) const {
    for_each([&]<std::size_t I>(const auto& event) {
      if constexpr (jumps<std::remove_cvref_t<decltype(event)>>) {
        if (I != index) return;
        if (!jump_tried_[I]) try_out_jump(event.jump, *field_, t, y, "the jump of event " + std::to_string(I));
        jump_tried_[I] = true;
        event_jump(event.jump, *field_, t, y, y_new);
      }
    });
  }

  // Adds (∂jump/∂·)ᵀ w.
  template <class Theta>
  void jump_vjp(std::size_t index, double t, const Y& y, const Y& w, Y& y_bar, Theta& theta_bar,
                typename Y::Scalar& t_bar) const {
    for_each([&]<std::size_t I>(const auto& event) {
      if constexpr (jumps<std::remove_cvref_t<decltype(event)>>) {
        if (I == index) event_jump_vjp(event.jump, *field_, t, y, w, y_bar, theta_bar, t_bar);
      }
    });
  }

  // Adds ∂g/∂·.
  template <class Theta>
  void gradient(std::size_t index, double t, const Y& y, Y& y_bar, Theta& theta_bar, typename Y::Scalar& t_bar) const {
    for_each([&]<std::size_t I>(const auto& event) {
      if (I == index) event_gradient(event.g, *field_, t, y, y_bar, theta_bar, t_bar);
    });
  }

 private:
  void try_out(double t, const Y& y) {
    if (tried_) return;
    for_each([&]<std::size_t I>(const auto& event) {
      try_out_event(event.g, *field_, t, y, "the g of event " + std::to_string(I));
    });
    tried_ = true;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit.template operator()<I>(std::get<I>(events_.list)), ...);
    }(std::make_index_sequence<count>{});
  }

  // Where event i is met inside the step, if it is and counts.
  template <class Polynomial>
  std::optional<double> zero(std::size_t i, const Step& step, const Polynomial& polynomial, double end) {
    const auto phi = [&](double sigma) {
      polynomial.value(sigma, y_);
      return value(i, sigma == 1 ? step.t1 : step.t0 + sigma * step.h(), y_);
    };
    double from = 0, before = values_[i];
    if (before == 0) {
      from = leaves_zero(phi), before = phi(from);
      if (fired_last_ == i && resumed_at_ == step.t0) watch_for_rest(i, before);
    }
    const bool changes = before != 0 && (end == 0 || (before > 0) != (end > 0));
    Crossing crossing = Crossing::any;
    double tolerance = 0;
    for_each([&]<std::size_t I>(const auto& event) {
      if (I == i) crossing = event.crossing, tolerance = event.tolerance;
    });
    if (!changes || (crossing != Crossing::any && (crossing == Crossing::rising) != (before < 0))) return std::nullopt;
    const double sigma = find_zero(phi, from, before, 1.0, end, tolerance / std::fabs(step.h()));
    if (resumed_at_ != step.t0 || sigma > same_time(step)) return sigma;
    if (fired_last_ == i) recurring_ = i;
    return std::nullopt;  // it was simultaneous with the event that fired there
  }

  // A ball whose bounces have become shorter than the state's numbers resolve goes through the floor: it leaves g = 0 on the
  // other side than after the bounce before, a moment ago.
  void watch_for_rest(std::size_t index, double side) {
    const bool moment = std::fabs(resumed_at_ - resumed_before_) <= 1e-4 * std::fabs(resumed_at_ - started_at_);
    if (fired_before_ == index && moment && side * side_before_ < 0) recurring_ = index;
    side_before_ = side;
  }

  // Two zeros of a step closer than this, as a share of it, are at the same time to round-off.
  static double same_time(const Step& step) {
    return 64 * std::numeric_limits<double>::epsilon() * larger_of(1.0, std::fabs(step.t0 / step.h()));
  }

  // g of event i.
  double value(std::size_t i, double t, const Y& y) {
    double g = 0;
    for_each([&]<std::size_t I>(const auto& event) {
      if (I != i) return;
      if constexpr (looks_at_field<std::remove_cvref_t<decltype(event.g)>>) ++evaluations_;
      g = event_value(event.g, *field_, t, y);
    });
    if (std::isnan(g)) refuse("g of event " + std::to_string(i) + " at t = " + in_words(t), g, "a number");
    return g;
  }

  // Bounces that the grain of exact numbers keeps from becoming shorter, a thousand million of them to double the time.
  static constexpr int endlessly_many = 1000;

  Events<E...> events_;
  const F* field_;
  Y y_;                                 // where g is looked at
  std::array<double, count> values_{};  // g where the step begins; 0 where its side is not known yet
  std::array<bool, count> passed_{};    // at the time of the event that fired last
  bool tried_ = false;                  // whether g and jumps have been called with parameters that know their end
  mutable std::array<bool, count> jump_tried_{};
  double started_at_ = 0, resumed_at_ = std::numeric_limits<double>::quiet_NaN(), resumed_before_ = resumed_at_,
         side_before_ = 0;
  std::optional<std::size_t> fired_last_, fired_before_, recurring_;
  int in_a_row_ = 0;  // times that one event fired while next to no time passed
  std::int64_t evaluations_ = 0;
};

}  // namespace antistrophe::detail
