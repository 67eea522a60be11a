// ErrorBars: bars against true errors, for every kind of method, steps, save, event and adjoint; refinement; refusals.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"
#include "reversible_methods.hpp"
#include "switched.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

using Pendulum = problems::DrivenPendulum<>;
const Problem pendulum{Pendulum{}, Vector2d(1, 0.5), 0.5, 6.0};
const SaveAt often{.times = {0.7, 2.5, 4.0}, .t1 = true};
const battery::WeightedSum loss;

// The same by steps so short that their errors do not show.
const auto& truth(bool saves) {
  static const auto last = value_and_gradient(pendulum, Dop853{}, FixedSteps{3000}, loss);
  static const auto several = value_and_gradient(pendulum, Dop853{}, StepTo{{0.7, 2.5, 4.0}, 1000}, loss,
                                                 SaveAt{.times = {0.7, 2.5, 4.0}, .t1 = true});
  return saves ? several : last;
}

// Every entry of value and gradient with its bar and its true error. check(bar, error, |entry|).
template <class Result, class Truth, class Check>
void with_bars(const Result& result, const Truth& right, const Check& check) {
  const auto one = [&](double bar, double found, double true_one) {
    check(bar, std::fabs(found - true_one), std::fabs(true_one));
  };
  one(result.error.value, result.value, right.value);
  for (Eigen::Index i = 0; i < 2; ++i) one(result.error.y0[i], result.gradient.y0[i], right.gradient.y0[i]);
  if constexpr (requires { result.error.theta[0]; })
    for (Eigen::Index i = 0; i < result.error.theta.size(); ++i)
      one(result.error.theta[i], result.gradient.theta[i], right.gradient.theta[i]);
  one(result.error.t0, result.gradient.t0, right.gradient.t0);
  one(result.error.t1, result.gradient.t1, right.gradient.t1);
}

// Bars of the size of true errors: the widest within a factor of two, every one at least a third of its error.
template <class Result, class Truth>
void check_bars(const Result& result, const Truth& right) {
  double widest = 0, largest = 0;
  with_bars(result, right, [&](double bar, double error, double entry) {
    CAPTURE(bar, error, entry);
    CHECK(error <= 3 * bar);
    widest = std::fmax(widest, bar), largest = std::fmax(largest, error);
  });
  CAPTURE(widest, largest);
  CHECK(largest > 0);
  CHECK(widest <= 2 * largest);
  CHECK(widest >= 0.5 * largest);
}

template <class M>
void check_method(const M& method, const auto& steps, bool saves) {
  // Bars judge a gradient, so that the errors of steps are not recorded to judge it by.
  auto unjudged = steps;
  if constexpr (requires { unjudged.gradient_rtol; }) unjudged.gradient_rtol = HUGE_VAL;
  const auto check = [&](const auto& adjoint) {
    const auto once = value_and_gradient(pendulum, method, unjudged, loss, saves ? often : SaveAt{.t1 = true}, adjoint);
    const auto result =
        value_and_gradient(pendulum, method, steps, loss, saves ? often : SaveAt{.t1 = true}, adjoint, ErrorBars{});
    check_bars(result, truth(saves));
    // What is asked for is what one gets, beside its bars; and all that at three times the cost.
    CHECK(result.value == once.value);
    CHECK(battery::same_bits(result.gradient.y0, once.gradient.y0));
    CHECK(battery::same_bits(result.gradient.theta, once.gradient.theta));
    CHECK(result.solves == 2);
    CHECK(static_cast<double>(result.evaluations) <=
          3.1 * static_cast<double>(once.stats.evaluations + once.gradient.stats.evaluations));
    CHECK(result.stats.bytes_kept == once.stats.bytes_kept);
  };
  check(DirectAdjoint{});
  if constexpr (ReversibleStepper<typename M::template Stepper<Pendulum, Vector2d>>) check(ReversibleAdjoint{});
}

// y1' = y1 (1 − y2), y2' = y2 (y1 − 1) rests at (1, 1), where its sensitivities turn and steps would grow.
struct Resting {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[0] * (1 - y[1]);
    dy[1] = y[1] * (y[0] - 1);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] += w[0] * (1 - y[1]) + w[1] * y[1];
    y_bar[1] += -w[0] * y[0] + w[1] * (y[0] - 1);
  }
};

template <class Call>
std::string refusal(const Call& call) {
  try {
    (void)call();
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::not_accurate);
    return error.what();
  }
  return {};
}

}  // namespace

TEMPLATE_TEST_CASE("Error bars of steps laid out before are of the size of true errors", "[error_bars]", Euler, RK4,
                   Reversible<Bosh3>, (Reversible<RK4, Floating>), TwoPoint<Midpoint>, ReversibleHeun<>,
                   AsynchronousLeapfrog<>, ReversibleAdams<3>, (ReversibleAdamsPece<2>)) {
  const std::int64_t n = detail::order_of<Pendulum, Vector2d>(TestType{}) <= 2 ? 800 : 100;
  check_method(TestType{}, FixedSteps{n}, false);
}

TEMPLATE_TEST_CASE("Error bars of adaptive steps are of the size of true errors", "[error_bars]", Dopri5,
                   Reversible<Tsit5>, ReversibleAdams<4>) {
  const double tolerance = GENERATE(1e-4, 1e-6);
  CAPTURE(tolerance);
  const Adaptive adaptive{.rtol = tolerance, .atol = tolerance};
  check_method(TestType{}, adaptive, false);
  check_method(TestType{}, adaptive, true);
}

TEST_CASE("Error bars of steps of h and of given times; the better value is far better", "[error_bars]") {
  check_method(RK4{}, FixedStep{0.0371}, false);
  check_method(RK4{}, FixedStep{0.4}, false);
  check_method(RK4{}, StepTo{{0.7, 2.5, 4.0}, 25}, true);
  check_method(Reversible<RK4>{}, FixedStep{0.03}, true);
  const auto result = value_and_gradient(pendulum, RK4{}, FixedSteps{100}, loss, ErrorBars{});
  const auto& right = truth(false);
  CHECK(std::fabs(result.extrapolated.value - right.value) < 0.05 * std::fabs(result.value - right.value));
  CHECK((result.extrapolated.y0 - right.gradient.y0).norm() < 0.05 * (result.gradient.y0 - right.gradient.y0).norm());
  CHECK(std::fabs(result.extrapolated.t1 - right.gradient.t1) <
        0.05 * std::fabs(result.gradient.t1 - right.gradient.t1));
  const auto& [value, gradient, error] = result;
  CHECK(value == result.value);
  CHECK(&gradient == &result.gradient);
  CHECK(&error == &result.error);
}

TEST_CASE("Steps of a solve that are taken again have its error bars", "[error_bars]") {
  const Reversible<Dopri5> method;
  const Adaptive adaptive{.rtol = 1e-5, .atol = 1e-5};
  const auto chosen = value_and_gradient(pendulum, method, adaptive, loss, ErrorBars{});
  const StepTo taken{solve(pendulum, method, adaptive, SaveAt{.t1 = true}).steps()};
  const auto plain = value_and_gradient(pendulum, method, taken, loss);
  const auto again = value_and_gradient(pendulum, method, taken, loss, ErrorBars{});
  CHECK(plain.value == again.value);
  check_bars(again, truth(false));
  // The guard of sensitivities has steps of its own, so that these are not the very steps of `chosen`.
  CHECK(again.error.value == Approx(chosen.error.value).epsilon(0.5));
}

TEST_CASE("Error bars through bounces, whose times move from one solve to the other", "[error_bars][events]") {
  const Problem ball{problems::Ball{}, Vector2d(10, 0), 0.0, 6.0};
  const Events bounces{JumpEvent{problems::Ground{}, problems::Bounce{}, Crossing::falling}};
  const Adaptive tight{.rtol = 1e-12, .atol = 1e-12};
  const auto right = value_and_gradient(ball, Dop853{}, tight, loss, bounces);
  const auto check = [&](const auto& method, const auto& steps, const auto& adjoint) {
    const auto result = value_and_gradient(ball, method, steps, loss, bounces, adjoint, ErrorBars{});
    check_bars(result, right);
  };
  const Adaptive adaptive{.rtol = 1e-4, .atol = 1e-4};
  check(Bosh3{}, adaptive, DirectAdjoint{});
  check(Reversible<Bosh3>{}, adaptive, ReversibleAdjoint{});
  check(Reversible<Bosh3>{}, adaptive, DirectAdjoint{});
  check(Bosh3{}, FixedSteps{60}, DirectAdjoint{});
}

TEST_CASE("Error bars of a solve that an event ends", "[error_bars][events]") {
  const Problem ball{problems::Ball{}, Vector2d(10, 0), 0.0, 60.0};
  const Events ground{Event{problems::Ground{}, Crossing::falling, true}};
  const auto time_of_flight = [](const std::vector<double>& ts, const auto&, auto& ts_bar, auto&) {
    ts_bar.back() = 1;
    return ts.back();
  };
  const auto right = value_and_gradient(ball, Dop853{}, Adaptive{.rtol = 1e-13, .atol = 1e-13}, time_of_flight, ground);
  const auto result = value_and_gradient(ball, Reversible<Bosh3>{}, Adaptive{.rtol = 1e-3, .atol = 1e-3},
                                         time_of_flight, ground, ErrorBars{});
  CHECK(result.status() == Status::event);
  CHECK(std::fabs(result.value - right.value) <= 3 * result.error.value);
  CHECK(result.error.value <= 30 * std::fabs(result.value - right.value));
  for (int i = 0; i < 2; ++i)
    CHECK(std::fabs(result.gradient.y0[i] - right.gradient.y0[i]) <= 3 * result.error.y0[i] + 1e-12);
}

TEST_CASE("Error bars refine until they are as narrow as asked for", "[error_bars]") {
  const auto check = [](const auto& method, const auto& steps, double rtol) {
    const auto result = value_and_gradient(pendulum, method, steps, loss, often, ErrorBars{.rtol = rtol});
    double largest = 0;
    with_bars(result, truth(true), [&](double, double, double entry) { largest = std::fmax(largest, entry); });
    with_bars(result, truth(true), [&](double bar, double error, double entry) {
      CAPTURE(bar, error, entry, rtol);
      CHECK(bar <= rtol * std::fmax(1.001 * entry, 1e-3 * largest));
      CHECK(error <= 3 * bar + 1e-14);
    });
    CHECK(result.solves > 2);
  };
  check(Dopri5{}, Adaptive{}, 1e-8);
  check(Reversible<Dop853>{}, Adaptive{.rtol = 1e-3, .atol = 1e-3}, 1e-9);
  check(RK4{}, FixedSteps{20}, 1e-8);
  check(ReversibleHeun<>{}, FixedSteps{100}, 1e-6);
  check(RK4{}, FixedStep{0.5}, 1e-6);
}

TEST_CASE("Error bars expose a gradient that is wrong though the solve was a success", "[error_bars]") {
  // Seven steps at rest, with nothing to guard sensitivities.
  const Problem problem{Resting{}, Vector2d(1, 1), 0.0, 30.0};
  Adaptive unguarded;
  unguarded.sensitivity_guard = false;
  const auto result = value_and_gradient(problem, Dopri5{}, unguarded, loss, ErrorBars{});
  const Vector2d w = [] {
    std::vector<Vector2d> ys{Vector2d(1, 1)}, bar{Vector2d(0, 0)};
    (void)loss(ys, bar);
    return bar[0];
  }();
  const double c = std::cos(30.0), s = std::sin(30.0);
  const Vector2d right(c * w[0] + s * w[1], -s * w[0] + c * w[1]);
  CHECK((result.gradient.y0 - right).norm() > 1);
  for (int i = 0; i < 2; ++i) CHECK(std::fabs(result.gradient.y0[i] - right[i]) <= 3 * result.error.y0[i]);
  const auto refined = value_and_gradient(problem, Dopri5{}, unguarded, loss, ErrorBars{.rtol = 1e-6});
  CHECK((refined.gradient.y0 - right).cwiseAbs().maxCoeff() < 3e-6);
}

TEST_CASE("Error bars that cannot be reached say how far they came and what stands in the way", "[error_bars]") {
  CHECK_THAT(refusal([] {
               return value_and_gradient(pendulum, RK4{}, FixedSteps{20}, loss,
                                         ErrorBars{.rtol = 1e-10, .max_steps = 1000});
             }),
             ContainsSubstring("came down to") && ContainsSubstring("is asked for") &&
                 ContainsSubstring("ErrorBars::max_steps = 1000"));
  CHECK_THAT(refusal([] {
               return value_and_gradient(pendulum, Reversible<Dop853>{.lambda = 0.5, .resolution = 1e-7},
                                         FixedSteps{50}, loss, ErrorBars{.rtol = 1e-12, .max_steps = 100'000});
             }),
             ContainsSubstring("grain of") && ContainsSubstring("finer resolution"));
  CHECK_THAT(
      refusal([] { return value_and_gradient(pendulum, Dop853{}, FixedSteps{100}, loss, ErrorBars{.rtol = 1e-16}); }),
      ContainsSubstring("round-off"));
  const Problem lorenz{problems::Lorenz<>{}, Eigen::Vector3d(1, 2, 20), 0.0, 60.0};
  const auto sum = [](const auto& ys, auto& ys_bar) {
    ys_bar.back().setOnes();
    return ys.back().sum();
  };
  CHECK_THAT(refusal([&] {
               return value_and_gradient(lorenz, Dopri5{}, FixedSteps{10'000}, sum,
                                         ErrorBars{.rtol = 1e-3, .max_steps = 200'000});
             }),
             ContainsSubstring("chaos") || ContainsSubstring("ErrorBars::max_steps"));

  const auto kept = value_and_gradient(pendulum, RK4{}, FixedSteps{20}, loss,
                                       ErrorBars{.rtol = 1e-10, .max_steps = 1000}, OnFailure::return_status);
  CHECK(kept.status() == Status::not_accurate);
  check_bars(kept, truth(false));
}

TEST_CASE("Error bars where states are saved at steps, or functions of them", "[error_bars]") {
  const auto mean = [](const auto& ys, auto& ys_bar) {
    double sum = 0;
    const auto n = static_cast<double>(ys.size());
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i].setConstant(1 / n);
      sum += ys[i].sum() / n;
    }
    return sum;
  };
  const auto coarse = value_and_gradient(pendulum, RK4{}, FixedSteps{40}, mean, SaveAt{.steps = true}, ErrorBars{});
  const auto fine = value_and_gradient(pendulum, RK4{}, FixedSteps{2560}, mean, SaveAt{.every = 64});
  check_bars(coarse, fine);
  const auto chosen =
      value_and_gradient(pendulum, Dopri5{}, Adaptive{}, mean, SaveAt{.every = 2}, ErrorBars{.rtol = 1e-9});
  CHECK(chosen.solves > 2);
}

// The event comes a little earlier in the finer solve, or a little later, beyond the nodes of the other.
TEST_CASE("Error bars of solves that an event ends earlier or later", "[error_bars][events]") {
  const Events ground{Event{problems::Ground{}, Crossing::falling, true}};
  const auto time_of_flight = [](const std::vector<double>& ts, const auto&, auto& ts_bar, auto&) {
    ts_bar.back() = 1;
    return ts.back();
  };
  int earlier = 0, later = 0;
  for (const double speed : {-8.0, -3.0, 0.0, 5.0}) {
    CAPTURE(speed);
    problems::Ball heavy;
    heavy.theta[1] = 1.5;
    const Problem ball{heavy, Vector2d(10, speed), 0.0, 60.0};
    const Adaptive tight{.rtol = 1e-13, .atol = 1e-13}, loose{.rtol = 1e-2, .atol = 1e-2};
    const double right = value_and_gradient(ball, Dop853{}, tight, time_of_flight, ground).value;
    const auto result = value_and_gradient(ball, Bosh3{}, loose, time_of_flight, ground, ErrorBars{});
    CHECK(result.status() == Status::event);
    CHECK(std::fabs(result.value - right) <= 3 * result.error.value);
    ++(result.value > right ? earlier : later);
  }
  CHECK((earlier > 0 && later > 0));
}

TEST_CASE("Error bars of exact numbers, each with a resolution of its own", "[error_bars]") {
  const Adaptive steps{.rtol = 1e-5, .atol = Vector2d(1e-5, 1e-7)};
  const auto result = value_and_gradient(pendulum, Reversible<Dopri5>{}, steps, loss, often, ErrorBars{});
  with_bars(result, truth(true), [](double bar, double error, double entry) {
    CAPTURE(bar, error, entry);
    CHECK(error <= 3 * bar);
    CHECK((bar > 0 && bar < 1e-3 * std::fmax(1, entry)));
  });
}

// A bounce cuts a step and is saved, and in steps half as long those after it are counted from there.
TEST_CASE("Error bars where events make other saves at steps say so", "[error_bars][events]") {
  const Problem ball{problems::Ball{}, Vector2d(10, 0), 0.0, 6.0};
  const Events bounces{JumpEvent{problems::Ground{}, problems::Bounce{}, Crossing::falling}};
  const auto call = [&](const auto& steps) {
    return value_and_gradient(ball, Bosh3{}, steps, battery::WeightedSum{}, SaveAt{.steps = true}, bounces, ErrorBars{},
                              OnFailure::return_status);
  };
  for (const auto& result : {call(FixedSteps{60}), call(Adaptive{})}) {
    CAPTURE(result.failure);
    CHECK(result.failure.status == Status::not_accurate);
    CHECK(result.failure.cause.find("error bars need saves at times, not at steps") != std::string::npos);
  }
}

TEST_CASE("Error bars of a loss that shorter steps make no smoother give up and say so", "[error_bars]") {
  // Values that are noise to the solve, and slopes that are larger noise.
  const auto rough = [](const auto& ys, auto& ys_bar) {
    ys_bar.back()[0] = 1 + 1e6 * std::cos(1e12 * ys.back()[0]);
    return ys.back()[0] + 1e-6 * std::sin(1e12 * ys.back()[0]);
  };
  CHECK_THAT(
      refusal([&] { return value_and_gradient(pendulum, RK4{}, FixedSteps{2}, rough, ErrorBars{.rtol = 1e-3}); }),
      ContainsSubstring("f or the loss has kinks or noise"));
}

// y1' = −2 y1 before t = 2 and −y1 / 2 from there on, y2' = y1.
struct Switched {
  void operator()(double t, const auto& y, auto& dy) const {
    dy[0] = -(t < 2 ? 2.0 : 0.5) * y[0];
    dy[1] = y[0];
  }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto&, auto&) const {
    y_bar[0] += -(t < 2 ? 2.0 : 0.5) * w[0] + w[1];
  }
};

TEST_CASE("Error bars where f jumps at a time that is named: the second solve knows it too", "[error_bars]") {
  const Problem problem{Switched{}, Vector2d(1, 0), 0.0, 5.0};
  const auto right =
      value_and_gradient(problem, Dop853{}, FixedSteps{.n = 500, .jumps = {2.0}}, battery::WeightedSum{});
  const auto check = [&](const auto& method, const auto& steps) {
    check_bars(value_and_gradient(problem, method, steps, battery::WeightedSum{}, ErrorBars{}), right);
  };
  const std::vector<double> jumps{2.0};
  check(RK4{}, FixedSteps{.n = 30, .jumps = jumps});
  check(RK4{}, FixedStep{.h = 0.13, .jumps = jumps});
  check(RK4{}, StepTo{.times = {0.5, 2.0, 3.0}, .each = 8, .jumps = jumps});
  check(Reversible<Dopri5>{}, Adaptive{.rtol = 1e-4, .atol = 1e-4, .jumps = jumps});
}

TEST_CASE("A failure of a solve behind error bars is that of the call", "[error_bars]") {
  struct FailsLate : Pendulum {
    void operator()(double t, const Vector2d& y, Vector2d& dy) const {
      Pendulum::operator()(t, y, dy);
      if (t > 3) dy[0] = std::numeric_limits<double>::quiet_NaN();
    }
  };
  const Problem problem{FailsLate{}, Vector2d(1, 0.5), 0.5, 6.0};
  CHECK_THROWS_AS(value_and_gradient(problem, RK4{}, FixedSteps{40}, loss, ErrorBars{}), SolveError);
  const auto result = value_and_gradient(problem, RK4{}, FixedSteps{40}, loss, ErrorBars{}, OnFailure::return_status);
  CHECK(result.status() == Status::not_finite);
  CHECK(std::isnan(result.value));
  CHECK(std::isnan(result.error.value));
  CHECK(std::isnan(result.extrapolated.theta[0]));
}

TEST_CASE("Observers see the solve that was asked for, and progress goes from 0 to 1", "[error_bars]") {
  int seen = 0;
  double before = 0, last = 0;
  bool falls = false;
  const Progress progress{[&](double fraction, const Stats&) {
                            falls = falls || fraction < before;
                            before = last = fraction;
                          },
                          0};
  (void)value_and_gradient(pendulum, RK4{}, FixedSteps{40}, loss, often, ErrorBars{}, progress,
                           Observer{[&](double, const Vector2d&) { ++seen; }});
  CHECK(seen == 4);
  CHECK_FALSE(falls);
  CHECK(last == 1);
}

TEST_CASE("Options of error bars that make no sense are refused", "[error_bars]") {
  const auto message = [](const ErrorBars& bars) {
    try {
      (void)value_and_gradient(pendulum, RK4{}, FixedSteps{40}, loss, bars);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(message({.rtol = -1}), ContainsSubstring("ErrorBars::rtol"));
  CHECK_THAT(message({.atol = std::numeric_limits<double>::infinity()}), ContainsSubstring("ErrorBars::atol"));
  CHECK_THAT(message({.max_steps = 0}), ContainsSubstring("ErrorBars::max_steps"));
}

TEST_CASE("Error bars where f jumps between nodes: every step has its two halves, and saves after every k-th agree",
          "[error_bars]") {
  // f is NaN at the jumps.
  const Problem vortex{problems::SwitchedVortex<>{}, Vector2d(0.9, -0.4), 0.5, 3.5};
  const auto jumps = problems::switches();
  const auto right = value_and_gradient(vortex, Dop853{}, FixedSteps{.n = 600, .jumps = jumps}, battery::WeightedSum{});
  const auto check = [&](const auto& method, const auto& steps) {
    check_bars(value_and_gradient(vortex, method, steps, battery::WeightedSum{}, ErrorBars{}), right);
    const auto every =
        value_and_gradient(vortex, method, steps, battery::WeightedSum{}, SaveAt{.every = 7}, ErrorBars{});
    CHECK((every.error.value > 0 && every.error.value < 1e-2));
  };
  check(Bosh3{}, FixedSteps{.n = 71, .jumps = jumps});
  check(Bosh3{}, FixedStep{.h = 0.041, .jumps = jumps});
}
