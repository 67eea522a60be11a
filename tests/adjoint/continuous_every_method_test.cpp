// Continuous adjoints after every method of the way forth: they come to the gradient of the equation, with respect to y0, θ, t0 and t1, in
// equal steps at the order of the method, in adaptive ones at that of the tolerance; with saves inside steps, through kicks, events that are
// recorded and one that ends the solve, along fields that jump, in both directions of time, in double and float. The reference is
// DirectAdjoint with Dopri5 at 1e-12, in steps so short that the slope of its dense output, by which times of events move, is as good.
#include "battery.hpp"
#include "catch.hpp"
#include "laid_out.hpp"
#include "problems.hpp"
#include "reversible_methods.hpp"
#include "runner/runner.hpp"
#include "switched.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>
#include <antistrophe/field/automatic_event.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

using namespace antistrophe;

namespace {

using runner::AnyEvents, runner::erased_problem, runner::ProblemOf;

template <class Scalar>
using State = Eigen::Vector<Scalar, 2>;

// A problem, where f jumps in it, and what is met on the way.
template <class Scalar>
struct Asked {
  std::string name;
  ProblemOf<State<Scalar>> problem;
  std::vector<double> jumps;
  AnyEvents<State<Scalar>> events;
  std::size_t met;  // events, at least
};

// A kick where the angle passes a level that moves with time, another level that is recorded, and, with `end`, one of the velocity that
// ends the solve.
template <class Scalar>
AnyEvents<State<Scalar>> kicks(double end) {
  const auto level = [](double height, double of_time) {
    return automatic_event([=](auto t, const auto& y) {
      using S = problems::ScalarOf<decltype(y)>;
      return y[0] - S(static_cast<Scalar>(height)) + S(static_cast<Scalar>(of_time)) * S(t);
    });
  };
  const auto kick = automatic_jump([](auto t, const auto& y, auto& y_new) {
    y_new[0] = y[0] + Scalar(0.0625) * problems::ScalarOf<decltype(y)>(t);
    y_new[1] = Scalar(-0.75) * y[1];
  });
  return Events{JumpEvent{level(0.8, 0.03), kick, Crossing::rising}, Event{level(0.1, 0), Crossing::any, false},
                Event{automatic_event([end](auto, const auto& y) { return y[1] - static_cast<Scalar>(end); })}};
}

template <class Scalar>
std::vector<Asked<Scalar>> all_asked() {
  using Y = State<Scalar>;
  const auto pendulum = [](double t1) {
    return erased_problem<Y>(problems::DrivenPendulum<Scalar>{}, Y(Scalar(0.4), Scalar(t1 > 0 ? 0.9 : -0.9)), 0.5, t1);
  };
  const auto vortex = [](double t0, double t1) {
    return erased_problem<Y>(problems::SwitchedVortex<Scalar>{}, Y(Scalar(0.9), Scalar(-0.4)), t0, t1);
  };
  return {{"pendulum", pendulum(3.5), {}, {}, 0},
          {"pendulum, backwards", pendulum(-2.5), {}, {}, 0},
          {"kicked", pendulum(3.5), {}, kicks<Scalar>(99), 2},
          {"kicked, backwards", pendulum(-2.5), {}, kicks<Scalar>(99), 2},
          {"kicked and ended", pendulum(3.5), {}, kicks<Scalar>(-0.9), 2},
          {"vortex", vortex(0.5, 3.5), problems::switches(), {}, 0},
          {"vortex, backwards", vortex(3.5, 0.5), problems::switches(), {}, 0},
          {"Lotka-Volterra", erased_problem<Y>(problems::LotkaVolterra<Scalar>{}, Y(1, 1), 0, 1.5), {}, {}, 0}};
}

struct Found {
  Eigen::VectorXd y0, theta;
  Eigen::Vector2d times;
  std::size_t met;
};

// Of all states and times that are saved, and of the last event's.
template <class Scalar>
Found gradient(const Asked<Scalar>& asked, const auto& method, const auto& steps, const auto& adjoint) {
  using Y = State<Scalar>;
  const double t0 = asked.problem.t0, span = asked.problem.t1 - t0;
  const SaveAt save_at{.times = {t0 + 0.021 * span, t0 + 0.133 * span, t0 + 0.371 * span}, .t0 = true, .t1 = true};
  auto pass = solve_with_pullback(asked.problem, method, steps, save_at, asked.events.events(), adjoint);
  std::vector<Y> ys_bar = pass.ys();
  std::vector<double> ts_bar;
  for (std::size_t i = 0; i < ys_bar.size(); ++i) {
    const double w = std::sin(1 + 2.3 * static_cast<double>(i));
    ys_bar[i] = Y(static_cast<Scalar>(w), static_cast<Scalar>(0.5 - w));
    ts_bar.push_back(0.3 * w);
  }
  std::vector<EventCotangent<Y>> events_bar(pass.events().size(), {0.0, Y::Zero()});
  if (!events_bar.empty()) events_bar.back() = {0.7, Y(Scalar(-0.4), Scalar(0.2))};
  const auto got = pass.pullback(ys_bar, ts_bar, events_bar);
  return {got.y0.template cast<double>(), got.theta.template cast<double>(), {got.t0, got.t1}, events_bar.size()};
}

double difference(const Found& expected, const Found& got) {
  CHECK(got.met == expected.met);
  const double of_times = (expected.times - got.times).cwiseAbs().maxCoeff() / expected.times.cwiseAbs().maxCoeff();
  return std::fmax(of_times, std::fmax(battery::relative_difference(expected.y0, got.y0),
                                       battery::relative_difference(expected.theta, got.theta)));
}

const std::vector<Found>& right() {
  static const std::vector<Found> all = [] {
    std::vector<Found> found;
    for (const Asked<double>& asked : all_asked<double>()) {
      found.push_back(gradient(asked, Dopri5{},
                               Adaptive{.rtol = 1e-12, .atol = 1e-12, .dtmax = 1e-3, .jumps = asked.jumps},
                               DirectAdjoint{}));
      CAPTURE(asked.name);
      REQUIRE(battery::all_nonzero(found.back().y0));
      REQUIRE(found.back().met >= asked.met);
    }
    return found;
  }();
  return all;
}

template <class M, class Adjoint>
void check_equal_steps() {
  constexpr int order = battery::Facts<M>::order;
  const auto method = battery::Facts<M>::method();
  const std::vector<Asked<double>> all = all_asked<double>();
  for (std::size_t k = 0; k < all.size(); ++k) {
    CAPTURE(all[k].name);
    const auto off = [&](std::int64_t n) {
      return difference(right()[k], gradient(all[k], method,
                                             battery::laid_out(FixedSteps{.n = n, .jumps = all[k].jumps}), Adjoint{}));
    };
    // Eight times as many steps: 8^p times as exact, in the end; times of events, and what is saved inside steps, to order 3 at least.
    // Of Euler's method twice as many: with fewer to begin with, states that are solved backwards are too far from those that were met.
    const std::int64_t n = order == 1 ? 4800 : order == 2 ? 100 : 40, times = order == 1 ? 2 : 8;
    const double first = off(n), last = off(times * n);
    CAPTURE(first, last);
    CHECK(first < 0.2);
    CHECK((last < 1e-9 ||
           last < (order == 1 ? 1.5 : 4) * first / std::pow(static_cast<double>(times), std::min(order, 3))));
  }
}

template <class M, class Adjoint, class Scalar = double>
void check_adaptive_steps() {
  constexpr int order = battery::Facts<M>::order;
  const auto method = battery::Facts<M>::method();
  const auto tolerances = sizeof(Scalar) < 8 ? std::vector{1e-3, 1e-5}
                          : order <= 2       ? std::vector{1e-3, 1e-5}
                                             : std::vector{1e-4, 1e-6, 1e-8};
  const std::vector<Asked<Scalar>> all = all_asked<Scalar>();
  for (std::size_t k = 0; k < all.size(); ++k) {
    CAPTURE(all[k].name);
    std::vector<double> errors;
    for (const double tolerance : tolerances) {
      CAPTURE(tolerance);
      const Adaptive steps{.rtol = tolerance, .atol = tolerance, .jumps = all[k].jumps};
      errors.push_back(difference(right()[k], gradient(all[k], method, steps, Adjoint{})));
      CHECK(errors.back() < 300 * tolerance);
    }
    CHECK(errors.back() < 0.1 * errors.front());  // a hundredth, but where the first one was lucky
  }
}

template <class Check>
void with_adjoints(const Check& check) {
  SECTION("BacksolveAdjoint") { check(BacksolveAdjoint<>{}); }
  SECTION("InterpolatingAdjoint") { check(InterpolatingAdjoint<>{}); }
  SECTION("GaussLegendreAdjoint") { check(GaussLegendreAdjoint<>{}); }
}

using Reversibles =
    std::tuple<Reversible<Midpoint>, Reversible<Dopri5, Floating>, TwoPoint<Bosh3>, LeapfrogMidpoint<>,
               ReversibleHeun<>, AsynchronousLeapfrog<Floating>, ReversibleAdams<4>, ReversibleAdamsPece<3>>;
using Adaptives = std::tuple<Midpoint, Heun, Ralston, Bosh3, Tsit5, Dop853, Reversible<Dopri5>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("After equal steps of every plain method they come to the gradient at its order",
                        "[continuous]", battery::PlainMethods) {
  with_adjoints([](auto adjoint) { check_equal_steps<TestType, decltype(adjoint)>(); });
}

TEMPLATE_LIST_TEST_CASE("After equal steps of reversible methods they do, back by Dopri5", "[continuous]",
                        Reversibles) {
  with_adjoints([](auto adjoint) { check_equal_steps<TestType, decltype(adjoint)>(); });
}

TEMPLATE_LIST_TEST_CASE("After adaptive steps they come to it at the tolerance's order", "[continuous]", Adaptives) {
  with_adjoints([](auto adjoint) { check_adaptive_steps<TestType, decltype(adjoint)>(); });
}

TEMPLATE_TEST_CASE("So they do in float", "[continuous]", Bosh3, Reversible<Dopri5>) {
  with_adjoints([](auto adjoint) { check_adaptive_steps<TestType, decltype(adjoint), float>(); });
}
