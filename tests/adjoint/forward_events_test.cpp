// ForwardMode goes through events: the gradient of stored states, to 1e-12, with several events, some that only are recorded, jumps
// that depend on the time and on parameters, ends of the solve, saves and running costs before and after them, in all kinds of steps.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"
#include "pushed_pendulum.hpp"

#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/field/automatic_event.hpp>
#include <antistrophe/running_cost.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d, Eigen::Vector3d;

namespace {

using problems::Ball, problems::Ground, problems::OfAll, problems::PushedBounce, problems::Tired, problems::Turning;
using problems::DrivenPendulum, problems::DrivenPendulumEquations, problems::PushedPendulum;

// A hundred steps of some tens of operations, each with 2^−53 of its result, of which most cancel like a random walk; solutions
// of these problems part from each other by a factor of ten at most.
constexpr double round_off = 1e-12;

// The largest difference of the gradients by tangents and by stored states; infinite where values, steps or ends of the solves
// differ at all, or fewer than `least` events were met, or an entry of what is compared is 0.
template <class F, class M, class StepsType, class Loss, class... Extras>
double difference(const Problem<F, Vector2d>& problem, const M& method, const StepsType& steps, std::size_t least,
                  const Loss& loss, const Extras&... extras) {
  const auto expected = value_and_gradient(problem, method, steps, loss, extras..., DirectAdjoint{});
  const auto got = value_and_gradient(problem, method, steps, loss, extras..., ForwardMode{});
  const std::size_t met = solve_with_pullback(problem, method, steps, extras..., ForwardMode{}).events().size();
  CAPTURE(expected.gradient, got.gradient, expected.value, got.value, met);
  CHECK(met >= least);
  CHECK(got.value == expected.value);
  CHECK(got.status() == expected.status());
  CHECK(got.stats.accepted == expected.stats.accepted);
  CHECK(got.stats.rejected == expected.stats.rejected);
  CHECK(battery::all_nonzero(expected.gradient.y0));
  CHECK(battery::all_nonzero(expected.gradient.theta) == (expected.stats.accepted > 0));
  return battery::gradient_difference(expected.gradient, got.gradient);
}

struct PushedBall : Ball {
  void jvp(double, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    dy_dot[0] = y_dot[1];
    dy_dot[1] = -theta_dot[1] * y[1] - theta[1] * y_dot[1];
  }
};
auto bounces(double level) {
  return Events{JumpEvent{Ground{}, PushedBounce{}, Crossing::falling},
                Event<Turning>{Turning{}, Crossing::falling, false, 0},
                Event<Tired>{Tired{level}, Crossing::falling, true, 0}};
}

}  // namespace

TEST_CASE("Tangents bounce: states and times of bounces, of highest points, of the end", "[forward_mode]") {
  const Problem ball{PushedBall{}, Vector2d(10, 0.5), 0.0, 5.0};
  const auto check = [&](const auto& steps, double level, const SaveAt& save_at) {
    CAPTURE(level, save_at.times.size());
    CHECK(difference(ball, Dopri5{}, steps, 3, OfAll{}, save_at, bounces(level)) < round_off);
  };
  // 55 is passed after the first bounce, 40 after the second one, 0 never.
  for (const double level : {0.0, 40.0, 55.0}) {
    for (const SaveAt& save_at :
         {SaveAt{.times = {0.5, 1.75, 2.5}, .t0 = true, .t1 = true}, SaveAt{.t1 = true}, SaveAt{.steps = true}}) {
      check(FixedSteps{60}, level, save_at);
      check(Adaptive{.rtol = 1e-6, .atol = 1e-6}, level, save_at);
    }
  }
}

namespace {

// The pendulum's angle passes a level that depends on the time and on θ; it is kicked there, by both too.
struct Level {
  double height;
  auto operator()(const auto& t, const auto& y, const auto& theta) const {
    return y[0] - height - theta[0] * y[1] / 8 + t / 32;
  }
};
struct Kick {
  void operator()(const auto& t, const auto& y, const auto& theta, auto& y_new) const {
    y_new[0] = y[0] + t / 64;
    y_new[1] = -0.75 * y[1] + theta[1] * theta[2] / 8 - t * y[0] / 16;
  }
};
auto kicks(double height, double end) {
  return Events{JumpEvent{automatic_event(Level{height}), automatic_jump(Kick{}), Crossing::rising},
                Event{automatic_event(Level{0.1}), Crossing::any, false},
                Event{automatic_event([end](auto t, const auto&) { return t - end; })}};
}
const auto cost = RunningCost{
    [](auto t, const auto& y, const auto& theta) { return y[0] * y[1] / 4 + theta[0] * y[1] * y[1] + t * y[0] / 8; }};

// Of states and times that were saved.
struct OfSaved {
  double operator()(const std::vector<double>& ts, const std::vector<Vector2d>& ys, std::vector<double>& ts_bar,
                    std::vector<Vector2d>& ys_bar) const {
    double value = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] << OfAll::weight(i, 1), OfAll::weight(i, 2);
      ts_bar[i] = OfAll::weight(i, 3);
      value += ys_bar[i].dot(ys[i]) + ts_bar[i] * ts[i];
    }
    return value;
  }
};

struct OneWay {
  double t1, end;
  std::vector<double> saves, nodes;
};
// Both directions of time; with an end by an event, between nodes, and without.
const std::vector<OneWay> ways{{3.5, 9.0, {0.55, 0.9, 1.6, 2.4, 3.45}, {1.3, 2.0, 2.9}},
                               {3.5, 3.1, {0.55, 0.9, 1.6, 2.4, 3.05}, {1.3, 2.0, 2.9}},
                               {-2.5, -9.0, {0.45, 0.1, -0.6, -1.4, -2.45}, {-0.3, -1.0, -1.9}},
                               {-2.5, -2.1, {0.45, 0.1, -0.6, -1.4, -2.05}, {-0.3, -1.0, -1.9}}};

template <class Field, class Check>
void for_each_way(const Field& field, const Check& check) {
  for (const OneWay& way : ways) {
    CAPTURE(way.t1, way.end);
    check(Problem{field, Vector2d(0.4, way.t1 > 0 ? 0.9 : -0.9), 0.5, way.t1}, way, kicks(0.8, way.end));
  }
}

}  // namespace

TEST_CASE("Tangents are kicked, by time and parameters, in every kind of steps", "[forward_mode]") {
  const auto field = automatic_vjp(DrivenPendulumEquations{}, DrivenPendulum<>{}.theta);
  for_each_way(field, [](const auto& problem, const OneWay& way, const auto& events) {
    const SaveAt inside{.times = way.saves, .t0 = true, .t1 = true}, all{.steps = true};
    const double h = (problem.t1 - problem.t0) / 40.3;
    for (const SaveAt& save_at : {inside, all}) {
      CHECK(difference(problem, Dopri5{}, FixedSteps{40}, 2, OfAll{}, save_at, events) < round_off);
      CHECK(difference(problem, Dopri5{}, FixedStep{h}, 2, OfAll{}, save_at, events) < round_off);
      CHECK(difference(problem, Dopri5{}, StepTo{way.nodes, 8}, 2, OfAll{}, save_at, events) < round_off);
      const Adaptive adaptive{.rtol = 1e-6, .atol = 1e-6};
      CHECK(difference(problem, Dopri5{}, adaptive, 2, OfAll{}, save_at, events) < round_off);
      const auto taken = solve(problem, Dopri5{}, adaptive, events);
      CHECK(difference(problem, Dopri5{}, StepTo{taken.steps()}, 2, OfAll{}, save_at, events) < round_off);
    }
    // Saves at nodes that move.
    std::vector<double> nodes = way.nodes;
    nodes.push_back(way.saves.back());
    CHECK(difference(problem, Dopri5{}, StepTo{nodes, 8}, 2, OfAll{}, SaveAt{.times = nodes}, events) < round_off);
  });
}

TEST_CASE("Tangents are kicked by any method whose steps are its own", "[forward_mode]") {
  const auto check = [](const auto& method) {
    for_each_way(PushedPendulum<>{}, [&](const auto& problem, const OneWay& way, const auto& events) {
      const SaveAt save_at{.times = way.saves, .t1 = true};
      CHECK(difference(problem, method, FixedSteps{40}, 2, OfAll{}, save_at, events) < round_off);
      CHECK(difference(problem, method, Adaptive{.rtol = 1e-5, .atol = 1e-5}, 2, OfAll{}, save_at, events) < round_off);
    });
  };
  check(Dop853{});
  check(Reversible<Bosh3, Floating>{});
}

TEST_CASE("A running cost is cut by events, and its tangents with it", "[forward_mode]") {
  for_each_way(PushedPendulum<>{}, [](const auto& problem, const OneWay& way, const auto& events) {
    const SaveAt save_at{.times = way.saves, .t1 = true};
    CHECK(difference(problem, Dopri5{}, FixedSteps{40}, 2, OfSaved{}, save_at, events, cost) < round_off);
    CHECK(difference(problem, Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}, 2, OfSaved{}, save_at, events, cost) <
          round_off);
  });
}

TEST_CASE("A running cost over no time moves with either end", "[forward_mode]") {
  const Problem problem{PushedPendulum<>{}, Vector2d(0.4, 0.9), 0.5, 0.5};
  const auto expected = value_and_gradient(problem, Dopri5{}, FixedSteps{10}, OfSaved{}, cost, DirectAdjoint{});
  const auto got = value_and_gradient(problem, Dopri5{}, FixedSteps{10}, OfSaved{}, cost, ForwardMode{});
  CHECK(expected.gradient.t1 != 0);
  CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
}

namespace {

// The same bounce, pushed by hand, by automatic differentiation, and row by row of its vjp.
struct BounceByHand : PushedBounce {
  void jvp(double, const auto& y, const auto& theta, const auto& y_dot, const auto& theta_dot, const auto& t_dot,
           auto& y_new_dot) const {
    y_new_dot[0] = 0;
    y_new_dot[1] = -theta_dot[0] * y[1] - theta[0] * y_dot[1] + t_dot / 16;
  }
};
struct BounceAlone {
  void operator()(auto t, const auto& y, const auto& theta, auto& y_new) const {
    y_new[0] = 0;
    y_new[1] = t / 16 - theta[0] * y[1];
  }
};

}  // namespace

TEST_CASE("A jump is pushed by its jvp, by automatic_jump or by its vjp alike; and in float", "[forward_mode]") {
  const Problem ball{PushedBall{}, Vector2d(10, 0.5), 0.0, 5.0};
  const auto pushed = [&](const auto& jump) {
    return value_and_gradient(ball, RK4{}, FixedSteps{50}, OfSaved{}, Events{JumpEvent{Ground{}, jump}}, ForwardMode{})
        .gradient;
  };
  const auto by_rows = pushed(PushedBounce{});
  CHECK(battery::gradient_difference(by_rows, pushed(BounceByHand{})) < 1e-14);
  CHECK(battery::gradient_difference(by_rows, pushed(automatic_jump(BounceAlone{}))) < 1e-14);

  using Eigen::Vector2f;
  const Problem single{PushedPendulum<float>{}, Vector2f(0.4F, 0.9F), 0.5, 3.5};
  const auto of = [&](const auto& adjoint) {
    return value_and_gradient(single, RK4{}, FixedSteps{40}, TerminalLoss{[](const Vector2f& y, Vector2f& y_bar) {
                                y_bar = y;
                                return y.squaredNorm() / 2;
                              }},
                              Events{JumpEvent{automatic_event([](auto, const auto& y) { return y[0] - 0.8F; }),
                                               automatic_jump([](auto, const auto& y, auto& y_new) {
                                                 y_new[0] = y[0];
                                                 y_new[1] = -0.75F * y[1];
                                               })}},
                              adjoint)
        .gradient;
  };
  CHECK(battery::gradient_difference(of(DirectAdjoint{}), of(ForwardMode{})) <
        1e-5);  // 2^29 times as much as of double
}

TEST_CASE("All that asks for a gradient takes tangents through events", "[forward_mode]") {
  const Problem problem{PushedPendulum<>{}, Vector2d(0.4, 0.9), 0.5, 3.5};
  const SaveAt save_at{.times = {0.55, 1.6, 2.4}, .t1 = true};
  const auto events = kicks(0.8, 3.1);
  const Adaptive steps{.rtol = 1e-6};

  SECTION("Objective") {
    Objective forth{problem, Dopri5{}, steps, OfAll{}, save_at, events, ForwardMode{}};
    Objective back{problem, Dopri5{}, steps, OfAll{}, save_at, events, DirectAdjoint{}};
    for (const Vector3d& theta : {Vector3d(0.25, 1.2, 0.7), Vector3d(0.5, 0.9, 1.7), Vector3d(0.25, 1.2, 0.7)}) {
      const auto &got = forth(theta), &expected = back(theta);
      CHECK(got.value == expected.value);
      CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
    }
  }
  SECTION("solve_with_pullback: cotangents of the record alone") {
    auto forth = solve_with_pullback(problem, Dopri5{}, steps, save_at, events, ForwardMode{});
    auto back = solve_with_pullback(problem, Dopri5{}, steps, save_at, events, DirectAdjoint{});
    REQUIRE(forth.events().size() == back.events().size());
    CHECK(forth.solution().steps().back() == back.solution().steps().back());
    CHECK(forth.solution().events().size() == back.events().size());
    const std::vector<Vector2d> none(forth.ys().size(), Vector2d::Zero());
    for (std::size_t e = 0; e < forth.events().size(); ++e) {
      CAPTURE(e);
      CHECK(forth.events()[e].t == Approx(back.events()[e].t).epsilon(1e-14));
      std::vector<EventCotangent<Vector2d>> bar(forth.events().size(), {0.0, Vector2d::Zero()});
      bar[e] = {1.5, Vector2d(-0.5, 2)};
      const auto expected = back.pullback(none, {}, bar), got = forth.pullback(none, {}, bar);
      CHECK(battery::all_nonzero(expected.y0));
      CHECK((expected.y0 - got.y0).norm() < round_off * expected.y0.norm() + round_off);
      CHECK((expected.theta - got.theta).norm() < round_off * expected.theta.norm() + round_off);
      CHECK(std::fabs(expected.t0 - got.t0) < round_off * (1 + std::fabs(expected.t0)));
      CHECK(std::fabs(expected.t1 - got.t1) < round_off * (1 + std::fabs(expected.t1)));
    }
    CHECK_THROWS_AS(forth.pullback(none, {}, {{0.0, Vector2d::Zero()}}), std::invalid_argument);
  }
  SECTION("Error bars") {
    const auto expected = value_and_gradient(problem, Dopri5{}, steps, OfSaved{}, events, ErrorBars{}, DirectAdjoint{});
    const auto got = value_and_gradient(problem, Dopri5{}, steps, OfSaved{}, events, ErrorBars{}, ForwardMode{});
    CHECK(got.value == expected.value);
    CHECK(battery::gradient_difference(expected.gradient, got.gradient) < round_off);
    CHECK(battery::relative_difference(expected.error.theta, got.error.theta) < 1e-4);
  }
}

namespace {

struct Grazing : Ground {
  void gradient(double, const auto&, auto&, auto&, auto&) const {}
};

}  // namespace

TEST_CASE("Solves end where they begin, on the way, and where they begin anew after a jump", "[forward_mode]") {
  const auto field = automatic_vjp(
      [](auto t, const auto& y, const auto& theta, auto& dy) {
        dy[0] = -theta[0] * y[0];
        dy[1] = theta[1] * (y[0] - y[1]) - y[1] * t / 8;
      },
      Vector2d(0.75, 0.5));
  const Problem decay{field, Vector2d(2, 0.5), 0.25, 50.0};
  const auto quiet = [](double factor) {
    return automatic_jump([factor](auto t, const auto& y, const auto& theta, auto& y_new) {
      y_new[0] = factor * theta[1] * y[0];
      y_new[1] = factor * y[1] * t;
    });
  };
  const auto check = [&](double tolerance, double factor, double begins, std::size_t met) {
    CAPTURE(tolerance, factor);
    const Events events{JumpEvent{automatic_event([](auto, const auto& y) { return y[0] - 1; }), quiet(factor)},
                        steady_state_event(0, tolerance)};
    const Adaptive steps{.rtol = 1e-6};
    const auto solution = solve(decay, Dopri5{}, steps, events);
    CHECK(solution.events().size() == met);
    CHECK((solution.events().back().t == begins) == (begins == 0.25));
    CHECK(difference(decay, Dopri5{}, steps, met, OfAll{}, SaveAt{.times = {0.25}, .t1 = true}, events) < round_off);
    CHECK(difference(decay, Dopri5{}, steps, met, OfAll{}, SaveAt{.steps = true}, events) < round_off);
  };
  check(100, 0.5, 0.25, 1);  // at t0
  check(0.01, 0.5, 0, 2);    // on the way
  check(0.01, 1e-3, 0, 2);   // at once after the jump
}

TEST_CASE("An event that grazes has no gradient, in the words of all adjoints", "[forward_mode]") {
  const Problem ball{PushedBall{}, Vector2d(10, 0.5), 0.0, 2.0};
  const auto grazes = [&](const auto& adjoint) {
    try {
      (void)value_and_gradient(ball, Dopri5{}, FixedSteps{60}, OfSaved{}, Events{JumpEvent{Grazing{}, PushedBounce{}}},
                               adjoint);
      return std::string();
    } catch (const SolveError& error) {
      return std::string(error.what());
    }
  };
  CHECK(grazes(DirectAdjoint{}).find("event 0 is grazing") != std::string::npos);
  CHECK(grazes(ForwardMode{}) == grazes(DirectAdjoint{}));
}

TEST_CASE("A solve gives the derivatives of events", "[forward_mode]") {
  // A ball falls from height H in the field θ0 and bounces with restitution θ1: it lands at T = √(2H/θ0), at −V = −√(2Hθ0), and is
  // at θ1 V s − θ0 s²/2 a time s = t − T later.
  const auto fall = automatic_vjp(
      [](auto, const auto& y, const auto& theta, auto& dy) {
        dy[0] = y[1];
        dy[1] = -theta[0];
      },
      Vector2d(9.81, 0.75));
  const auto turn = automatic_jump([](auto, const auto& y, const auto& theta, auto& y_new) {
    y_new[0] = 0 * y[0];
    y_new[1] = -theta[1] * y[1];
  });
  const double H = 5, g = 9.81, e = 0.75, T = std::sqrt(2 * H / g), V = std::sqrt(2 * H * g), t1 = 1.5, s = t1 - T;
  const Problem problem{fall, Vector2d(H, 0), 0.0, t1};
  const Events events{JumpEvent{automatic_event([](auto, const auto& y) { return y[0]; }), turn, Crossing::falling}};
  const auto near = [](double a, double b) { return std::fabs(a - b) < 1e-11 * (1 + std::fabs(b)); };

  const auto solution = solve_with_tangents(problem, RK4{}, FixedSteps{10}, events);
  REQUIRE(solution.events().size() == 1);
  CHECK(near(solution.events()[0].t, T));
  // Of H, the speed at first, g, e and the times, which are known to a field generic in t.
  REQUIRE(solution.event_times(0).size() == 6);
  CHECK(near(solution.event_times(0)[0], 1 / V));
  CHECK(near(solution.event_times(0)[2], -T / (2 * g)));
  CHECK(near(solution.event_times(0)[3], 0));
  CHECK(near(solution.event_times(0)[4], 1));
  CHECK(near(solution.event_tangents(0)(0, 0), 0));
  CHECK(near(solution.event_tangents(0)(1, 0), -g / V));
  CHECK(near(solution.event_tangents(0)(1, 2), -H / V));
  const double rate = e * V - g * s;  // at the end
  CHECK(near(solution.y0(0)(0, 0), e * g / V * s - rate / V));
  CHECK(near(solution.theta(0)(0, 0), e * H / V * s - s * s / 2 + rate * T / (2 * g)));
  CHECK(near(solution.theta(0)(0, 1), V * s));
  CHECK(near(solution.t1(0)[0], rate));
  CHECK(near(solution.t0(0)[0], -rate));

  const auto along = solve_with_tangents(problem, RK4{}, FixedSteps{10}, Directions{.y0 = Vector2d(2, 0)}, events);
  CHECK(near(along.event_times(0)[0], 2 / V));
  const Events grazing{JumpEvent{Grazing{}, turn, Crossing::falling}};
  CHECK_THROWS_AS(solve_with_tangents(problem, RK4{}, FixedSteps{10}, grazing), SolveError);
  CHECK(solve_with_tangents(problem, RK4{}, FixedSteps{10}, grazing, OnFailure::return_status).solution().failed());
}
