// Events where they are nasty, for every method with an error estimate and every adjoint: at t0, at t1, at a step's edge, at a
// save time, several at once, two in a step; with the gradient of the closed form.
#include "laws/adaptive_edge_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace antistrophe::laws {
namespace {

// y1' = y2, y2' = −y1, whose solution is y(t) = R(t) y0.
struct Circle {
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

const ProblemOf<Vector2d> circle = erased_problem<Vector2d>(Circle{}, Vector2d(0.25, 1), 0, 4);

Adaptive of_events(const AnyMethod& m) {
  const double tolerance = m->order <= 3 ? 1e-5 : 1e-8;
  return {.rtol = tolerance, .atol = tolerance};
}
// Some hundreds of steps of that.
double near(const AnyMethod& m) { return m->order <= 3 ? 5e-3 : 5e-6; }

// A floating pair loses λ^−n on its way back.
AnyMethod method_of_events(const AnyMethod& m) { return m->reversible && !m->exact ? m.with_lambda(0.999) : m; }

AnyPass<Vector2d> pass_of(const AnyMethod& m, const Adaptive& options, const SaveAt& save_at, const AnyAdjoint& adjoint,
                          const auto& events) {
  return method_of_events(m).solve_with_pullback(circle, options, save_at, adjoint, events);
}

inline double distance(const Eigen::Vector2d& a, const Eigen::Vector2d& b) { return (a - b).cwiseAbs().maxCoeff(); }

// A solve that starts on g = 0 does not fire there: it is the solve without the event, to the last bit of its gradient.
LAW("21. At t0 an event does not fire", "[edge_cases]", adaptive_methods()) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const SaveAt save_at{.times = {0, 1, 4}};
    const std::vector<Eigen::Vector2d> w{{1, 2}, {-1, 0.5}, {2, 1}};
    auto plain = pass_of(m, of_events(m), save_at, adjoint, Events<>{});
    auto watched = pass_of(m, of_events(m), save_at, adjoint, Events{Event{Clock{0}}, Event{Level{2}}});
    CHECK((watched.solution().status() == Status::success && watched.solution().events().empty()));
    CHECK(watched.ys() == plain.ys());
    const auto a = watched.pullback(w), b = plain.pullback(w);
    CHECK((a.y0 == b.y0 && a.t0 == b.t0 && a.t1 == b.t1));
    CHECK(battery::all_nonzero(a.y0));
    // The state's own zero at t0 does not fire there either, but where it comes again, at π + arctan of … : y1 = 1/4 at t0.
    const auto again = pass_of(m, of_events(m), {}, adjoint, Events{Event{Level{0.25}}});
    REQUIRE(again.solution().events().size() == 1);
    CHECK(again.ts()[0] == Approx(2 * std::atan(4.0)).margin(near(m)));
  });
}

// At t1 it fires, once; its state is the last one, with the same gradient, but t1 is no longer what ends the solve.
LAW("21. At t1 it fires once", "[edge_cases]", adaptive_methods()) {
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const SaveAt save_at{.t0 = true, .t1 = true};
    const Eigen::Vector2d w(1, -2), nothing(0, 0);
    auto plain = pass_of(m, of_events(m), save_at, adjoint, Events<>{});
    auto ended = pass_of(m, of_events(m), save_at, adjoint, Events{Event{Clock{4}}});
    CHECK(ended.solution().status() == Status::event);
    CHECK(ended.ts() == std::vector<double>{0, 4});
    CHECK(ended.solution().events().size() == 1);
    CHECK(distance(ended.ys()[1], plain.ys()[1]) < 1e-12);
    const auto a = ended.pullback({nothing, w}), b = plain.pullback({nothing, w});
    CHECK(distance(a.y0, Circle::rotation(4).transpose() * w) < near(m));
    CHECK(distance(a.y0, b.y0) < 1e-11);
    CHECK(a.t1 == 0);
    CHECK(a.t0 == Approx(b.t0).margin(near(m)));
  });
}

// A jump at a save time, which may be a step's edge too: the state before it is saved, once; what is saved later has gone through
// it, in value and gradient.
LAW("21, 22. At a save time, a step's edge, and twice at once, an event fires once, with the right gradient",
    "[edge_cases]", adaptive_methods()) {
  Adaptive landing = of_events(m);
  landing.step_to = {2};
  const SaveAt save_at{.times = {1, 2, 3}, .t1 = true};
  const std::vector<Eigen::Vector2d> w{{1, 2}, {-1, 0.5}, {2, 1}, {0.5, -3}};
  Eigen::Vector2d expected(0, 0);
  for (std::size_t i = 0; i < 4; ++i)
    expected += (i < 2 ? 1 : 2) * Circle::rotation(static_cast<double>(i + 1)).transpose() * w[i];
  for (const Adaptive& options : {of_events(m), landing})
    with_adjoints(m, [&](const AnyAdjoint& adjoint) {
      auto pass = pass_of(m, options, save_at, adjoint, Events{JumpEvent{Clock{2}, Twice{}}});
      CHECK(pass.ts() == std::vector<double>{1, 2, 3, 4});
      REQUIRE(pass.solution().events().size() == 1);
      CHECK(pass.solution().events()[0].t == Approx(2).epsilon(1e-14));
      for (std::size_t i = 0; i < 4; ++i)
        CHECK(distance(pass.ys()[i], (i < 2 ? 1 : 2) * Circle::rotation(pass.ts()[i]) * circle.y0) < near(m));
      CHECK(distance(pass.pullback(w).y0, expected) < 10 * near(m));

      // Of twins one jump is made, and the gradient is the same to the bit.
      auto twins =
          pass_of(m, options, save_at, adjoint, Events{JumpEvent{Clock{2}, Twice{}}, JumpEvent{Clock{2}, Twice{}}});
      CHECK(twins.solution().events().size() == 1);
      CHECK(twins.ys() == pass.ys());
      CHECK(twins.pullback(w).y0 == pass.pullback(w).y0);

      // Terminal there: the save is made, and none later.
      auto cut = pass_of(m, options, save_at, adjoint, Events{Event{Clock{2}}});
      CHECK(cut.ts() == std::vector<double>{1, 2});
      CHECK(distance(cut.pullback({w[0], w[1]}).y0,
                     Circle::rotation(1).transpose() * w[0] + Circle::rotation(2).transpose() * w[1]) < 10 * near(m));
    });
}

// Where the solution itself sets the time: t of y1 = x cos t + v sin t = 1/2, falling, moves with (x, v) by
// −(cos t, sin t)/(v cos t − x sin t).
LAW("21. The time of an event has its gradient", "[edge_cases]", adaptive_methods()) {
  const double x = circle.y0[0], v = circle.y0[1], t = std::atan2(v, x) + std::acos(0.5 / std::hypot(x, v));
  const Eigen::Vector2d expected = -Eigen::Vector2d(std::cos(t), std::sin(t)) / (v * std::cos(t) - x * std::sin(t));
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    auto pass = pass_of(m, of_events(m), SaveAt{.times = {0.5, 1}, .t1 = true}, adjoint,
                        Events{Event{Level{0.5}, Crossing::falling}});
    REQUIRE(pass.ts().size() == 3);
    CHECK(pass.ts()[2] == Approx(t).margin(near(m)));
    const Eigen::Vector2d nothing(0, 0);
    CHECK(distance(pass.pullback({nothing, nothing, nothing}, {0, 0, 1}).y0, expected) < 10 * near(m));
  });
}

// Two zeros of one g inside one step are missed; steps that are bounded by their distance find both.
LAW("22. Two zeros in a step are found where the step is bounded", "[edge_cases]", adaptive_methods()) {
  const auto to_four = erased_problem<Vector2d>(Circle{}, Vector2d(0, 1), 0, 4);  // sin t passes 0.999 at π/2 ∓ 0.0447
  Adaptive bounded = of_events(m);
  bounded.dtmax = 0.05;
  const auto found =
      method_of_events(m).solve(to_four, bounded, {}, Events{Event<Level>{.g = Level{0.999}, .terminal = false}});
  REQUIRE(found.events().size() == 2);
  CHECK(found.events()[0].t == Approx(std::asin(0.999)).margin(30 * near(m)));
  CHECK(found.events()[1].t == Approx(std::acos(-1.0) - std::asin(0.999)).margin(30 * near(m)));
  // Whatever is found comes in order and does not repeat.
  const auto any =
      method_of_events(m).solve(to_four, of_events(m), {}, Events{Event<Level>{.g = Level{0.999}, .terminal = false}});
  CHECK((any.status() == Status::success && any.events().size() <= 2));
}

}  // namespace
}  // namespace antistrophe::laws
