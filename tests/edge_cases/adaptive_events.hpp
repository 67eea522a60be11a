// Events where they are nasty, for every method with an error estimate and every adjoint: at t0, at t1, at a step's edge, at a
// save time, several at once, two in a step; with the gradient of the closed form. Define Methods, then include this once.
#pragma once

#include "edge_cases/adaptive_laws.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

namespace antistrophe::edge_cases {

// y1' = y2, y2' = −y1, whose solution is y(t) = R(t) y0.
struct Circle {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -y[0];
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] -= w[1];
    y_bar[1] += w[0];
  }
  static Eigen::Matrix2d rotation(double t) {
    return Eigen::Matrix2d{{std::cos(t), std::sin(t)}, {-std::sin(t), std::cos(t)}};
  }
};

// y1 passes `level`.
struct Level {
  double level;
  double operator()(double, const auto& y) const { return y[0] - level; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

// The clock passes `time`.
struct Clock {
  double time;
  double operator()(double t, const auto&) const { return t - time; }
  void gradient(double, const auto&, auto&, auto&, auto& t_bar) const { t_bar += 1; }
};

struct Twice {
  void operator()(double, const auto& y, auto& y_new) const { y_new = 2 * y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const { y_bar += 2 * w; }
};

inline const Problem circle{Circle{}, Eigen::Vector2d(0.25, 1), 0.0, 4.0};

template <class M>
Adaptive of_events() {
  const double tolerance = battery::Facts<M>::order <= 3 ? 1e-5 : 1e-8;
  return {.rtol = tolerance, .atol = tolerance};
}
// Some hundreds of steps of that.
template <class M>
inline constexpr double near = battery::Facts<M>::order <= 3 ? 5e-3 : 5e-6;

// A floating pair loses λ^−n on its way back.
template <class M>
M method_of_events() {
  M result = method<M>();
  if constexpr (reversible<M> && !battery::Facts<M>::exact) result.lambda = 0.999;
  return result;
}

template <class M, class Adjoint, class EventsType>
auto pass_of(const Adaptive& options, const SaveAt& save_at, const Adjoint& adjoint, const EventsType& events) {
  return solve_with_pullback(circle, method_of_events<M>(), options, save_at, adjoint, events);
}

inline double distance(const Eigen::Vector2d& a, const Eigen::Vector2d& b) { return (a - b).cwiseAbs().maxCoeff(); }

// A solve that starts on g = 0 does not fire there: it is the solve without the event, to the last bit of its gradient.
template <class M>
void events_at_t0_do_not_fire() {
  with_adjoints<M>([](const auto& adjoint) {
    const SaveAt save_at{.times = {0, 1, 4}};
    const std::vector<Eigen::Vector2d> w{{1, 2}, {-1, 0.5}, {2, 1}};
    auto plain = pass_of<M>(of_events<M>(), save_at, adjoint, Events<>{});
    auto watched = pass_of<M>(of_events<M>(), save_at, adjoint, Events{Event{Clock{0}}, Event{Level{2}}});
    CHECK((watched.solution().status() == Status::success && watched.solution().events().empty()));
    CHECK(watched.ys() == plain.ys());
    const auto a = watched.pullback(w), b = plain.pullback(w);
    CHECK((a.y0 == b.y0 && a.t0 == b.t0 && a.t1 == b.t1));
    CHECK(battery::all_nonzero(a.y0));
    // The state's own zero at t0 does not fire there either, but where it comes again, at π + arctan of … : y1 = 1/4 at t0.
    const auto again = pass_of<M>(of_events<M>(), {}, adjoint, Events{Event{Level{0.25}}});
    REQUIRE(again.solution().events().size() == 1);
    CHECK(again.ts()[0] == Approx(2 * std::atan(4.0)).margin(near<M>));
  });
}

// At t1 it fires, once; its state is the last one, with the same gradient, but t1 is no longer what ends the solve.
template <class M>
void events_at_t1_fire_once() {
  with_adjoints<M>([](const auto& adjoint) {
    const SaveAt save_at{.t0 = true, .t1 = true};
    const Eigen::Vector2d w(1, -2), nothing(0, 0);
    auto plain = pass_of<M>(of_events<M>(), save_at, adjoint, Events<>{});
    auto ended = pass_of<M>(of_events<M>(), save_at, adjoint, Events{Event{Clock{4}}});
    CHECK(ended.solution().status() == Status::event);
    CHECK(ended.ts() == std::vector<double>{0, 4});
    CHECK(ended.solution().events().size() == 1);
    CHECK(distance(ended.ys()[1], plain.ys()[1]) < 1e-12);
    const auto a = ended.pullback({nothing, w}), b = plain.pullback({nothing, w});
    CHECK(distance(a.y0, Circle::rotation(4).transpose() * w) < near<M>);
    CHECK(distance(a.y0, b.y0) < 1e-11);
    CHECK(a.t1 == 0);
    CHECK(a.t0 == Approx(b.t0).margin(near<M>));
  });
}

// A jump at a save time, which may be a step's edge too: the state before it is saved, once; what is saved later has gone through
// it, in value and gradient.
template <class M>
void events_at_a_save_time_have_the_right_gradient() {
  Adaptive landing = of_events<M>();
  landing.step_to = {2};
  const SaveAt save_at{.times = {1, 2, 3}, .t1 = true};
  const std::vector<Eigen::Vector2d> w{{1, 2}, {-1, 0.5}, {2, 1}, {0.5, -3}};
  Eigen::Vector2d expected(0, 0);
  for (std::size_t i = 0; i < 4; ++i)
    expected += (i < 2 ? 1 : 2) * Circle::rotation(static_cast<double>(i + 1)).transpose() * w[i];
  for (const Adaptive& options : {of_events<M>(), landing})
    with_adjoints<M>([&](const auto& adjoint) {
      auto pass = pass_of<M>(options, save_at, adjoint, Events{JumpEvent{Clock{2}, Twice{}}});
      CHECK(pass.ts() == std::vector<double>{1, 2, 3, 4});
      REQUIRE(pass.solution().events().size() == 1);
      CHECK(pass.solution().events()[0].t == Approx(2).epsilon(1e-14));
      for (std::size_t i = 0; i < 4; ++i)
        CHECK(distance(pass.ys()[i], (i < 2 ? 1 : 2) * Circle::rotation(pass.ts()[i]) * circle.y0) < near<M>);
      CHECK(distance(pass.pullback(w).y0, expected) < 10 * near<M>);

      // Of twins one jump is made, and the gradient is the same to the bit.
      auto twins =
          pass_of<M>(options, save_at, adjoint, Events{JumpEvent{Clock{2}, Twice{}}, JumpEvent{Clock{2}, Twice{}}});
      CHECK(twins.solution().events().size() == 1);
      CHECK(twins.ys() == pass.ys());
      CHECK(twins.pullback(w).y0 == pass.pullback(w).y0);

      // Terminal there: the save is made, and none later.
      auto cut = pass_of<M>(options, save_at, adjoint, Events{Event{Clock{2}}});
      CHECK(cut.ts() == std::vector<double>{1, 2});
      CHECK(distance(cut.pullback({w[0], w[1]}).y0,
                     Circle::rotation(1).transpose() * w[0] + Circle::rotation(2).transpose() * w[1]) < 10 * near<M>);
    });
}

// Where the solution itself sets the time: t of y1 = x cos t + v sin t = 1/2, falling, moves with (x, v) by
// −(cos t, sin t)/(v cos t − x sin t).
template <class M>
void the_time_of_an_event_has_its_gradient() {
  const double x = circle.y0[0], v = circle.y0[1], t = std::atan2(v, x) + std::acos(0.5 / std::hypot(x, v));
  const Eigen::Vector2d expected = -Eigen::Vector2d(std::cos(t), std::sin(t)) / (v * std::cos(t) - x * std::sin(t));
  with_adjoints<M>([&](const auto& adjoint) {
    auto pass = pass_of<M>(of_events<M>(), SaveAt{.times = {0.5, 1}, .t1 = true}, adjoint,
                           Events{Event{Level{0.5}, Crossing::falling}});
    REQUIRE(pass.ts().size() == 3);
    CHECK(pass.ts()[2] == Approx(t).margin(near<M>));
    const Eigen::Vector2d nothing(0, 0);
    CHECK(distance(pass.pullback({nothing, nothing, nothing}, {0, 0, 1}).y0, expected) < 10 * near<M>);
  });
}

// Two zeros of one g inside one step are missed; steps that are bounded by their distance find both.
template <class M>
void two_roots_in_a_step_want_a_bound() {
  const Problem to_four{Circle{}, Eigen::Vector2d(0, 1), 0.0, 4.0};  // sin t passes 0.999 at π/2 ∓ 0.0447
  Adaptive bounded = of_events<M>();
  bounded.dtmax = 0.05;
  const auto found =
      solve(to_four, method_of_events<M>(), bounded, {}, Events{Event<Level>{.g = Level{0.999}, .terminal = false}});
  REQUIRE(found.events().size() == 2);
  CHECK(found.events()[0].t == Approx(std::asin(0.999)).margin(30 * near<M>));
  CHECK(found.events()[1].t == Approx(std::acos(-1.0) - std::asin(0.999)).margin(30 * near<M>));
  // Whatever is found comes in order and does not repeat.
  const auto any = solve(to_four, method_of_events<M>(), of_events<M>(), {},
                         Events{Event<Level>{.g = Level{0.999}, .terminal = false}});
  CHECK((any.status() == Status::success && any.events().size() <= 2));
}

}  // namespace antistrophe::edge_cases

#define LAW(title, function)                                \
  TEMPLATE_LIST_TEST_CASE(title, "[edge_cases]", Methods) { \
    INFO(antistrophe::battery::Facts<TestType>::name);      \
    antistrophe::edge_cases::function<TestType>();          \
  }

LAW("21. At t0 an event does not fire", events_at_t0_do_not_fire)
LAW("21. At t1 it fires once", events_at_t1_fire_once)
LAW("21, 22. At a save time, a step's edge, and twice at once, an event fires once, with the right gradient",
    events_at_a_save_time_have_the_right_gradient)
LAW("21. The time of an event has its gradient", the_time_of_an_event_has_its_gradient)
LAW("22. Two zeros in a step are found where the step is bounded", two_roots_in_a_step_want_a_bound)
