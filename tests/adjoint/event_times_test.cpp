// dL/dt0 and dL/dt1 of solves in steps laid out before that events cut and go on from: the nodes move with t0 and t1 as they do
// without events. (laws/times.cpp has every method without events.)
#include "battery.hpp"
#include "catch.hpp"
#include "laid_out.hpp"

#include <cmath>
#include <functional>
#include <vector>

using namespace antistrophe;

namespace {

using L = long double;
using State = Eigen::Vector<L, 2>;
using battery::laid_out, problems::DrivenPendulum;

// Where the angle passes `level`.
struct Angle {
  L level;
  L operator()(double, const State& y) const { return y[0] - level; }
  void gradient(double, const State&, State& y_bar, auto&, L&) const { y_bar[0] += 1; }
};
// The velocity is turned and damped, and the angle pushed by a share of the time.
struct Kick {
  void operator()(double t, const State& y, State& y_new) const {
    y_new << y[0] + static_cast<L>(t) / 64, L(-0.75) * y[1];
  }
  void vjp(double, const State&, const State& w, State& y_bar, auto&, L& t_bar) const {
    y_bar[0] += w[0];
    y_bar[1] -= L(0.75) * w[1];
    t_bar += w[0] / 64;
  }
};

// Sixth-order central differences at 2^−10: truncation is 2^−60/140 of the seventh derivative, below 1e−14 of L for these
// fields. Times are doubles, those of nodes and of events, which bisection finds to some units in the last place, 2e−15: over
// 2^−10 that makes 2e−12 of the slopes of L.
constexpr double tolerance = 2e-11;
double difference(const std::function<L(double)>& f, double x) {
  constexpr double h = 0x1p-10;
  const L slope = 45 * (f(x + h) - f(x - h)) - 9 * (f(x + 2 * h) - f(x - 2 * h)) + (f(x + 3 * h) - f(x - 3 * h));
  return static_cast<double>(slope / (60 * static_cast<L>(h)));
}

template <class Method, class... E>
void check(const Method& method, const battery::LaidOut& steps, const SaveAt& save_at, std::size_t met,
           const Events<E...>& events, const auto&... adjoints) {
  const Problem problem{DrivenPendulum<L>{}, State(L(0.4), L(0.9)), 0.5, 3.5};
  const auto value = [&](double t0, double t1) {
    const auto solution = solve(Problem{problem.field, problem.y0, t0, t1}, method, steps, save_at, events);
    REQUIRE(solution.events().size() == met);
    return battery::WeightedSum::value(solution.ys());
  };
  const double expected_t0 = difference([&](double t0) { return value(t0, 3.5); }, 0.5);
  const double expected_t1 = difference([&](double t1) { return value(0.5, t1); }, 3.5);
  // Neither vanishes beside the tolerance: that of t1 is the method's error where a terminal event comes before it.
  REQUIRE((std::fabs(expected_t0) > 1e-2 && std::fabs(expected_t1) > 1e4 * tolerance * std::fabs(expected_t0)));
  const auto by = [&](const auto& adjoint) {
    const auto gradient =
        value_and_gradient(problem, method, steps, battery::WeightedSum{}, save_at, events, adjoint).gradient;
    CAPTURE(gradient.t0, expected_t0, gradient.t1, expected_t1);
    CHECK(std::fabs(gradient.t0 - expected_t0) < tolerance * std::fabs(expected_t0));
    CHECK(std::fabs(gradient.t1 - expected_t1) < tolerance * std::fmax(std::fabs(expected_t0), std::fabs(expected_t1)));
  };
  (by(adjoints), ...);
}

// Through a kick and an event that is only recorded, and to an event that ends the solve; in steps that move in three ways.
// Times of saves lie a quarter of a step and more from nodes, in steps that move and that do not.
template <class Method>
void check_all(const Method& method, const auto&... adjoints) {
  const SaveAt inside{.times = {0.55, 0.9, 1.6, 2.4, 3.45}, .t1 = true};
  const Events kicks{JumpEvent{Angle{L(0.9)}, Kick{}, Crossing::rising}, Event{Angle{L(0.1)}, Crossing::any, false}};
  {
    INFO("StepTo, three steps each");
    check(method, laid_out(StepTo{{1.3, 2.0, 2.9}, 3}), inside, 2, kicks, adjoints...);
  }
  {
    INFO("StepTo without times between");
    check(method, laid_out(StepTo{{}, 17}), {}, 2, kicks, adjoints...);
  }
  {
    INFO("FixedSteps");
    check(method, laid_out(FixedSteps{23}), SaveAt{.times = {0.55, 1.61}, .t1 = true}, 2, kicks, adjoints...);
  }
  {
    INFO("FixedStep");
    check(method, laid_out(FixedStep{0.1303}), SaveAt{.steps = true}, 2, kicks, adjoints...);
  }
  {
    INFO("a terminal event in the last interval");
    const Events stops{JumpEvent{Angle{L(0.9)}, Kick{}, Crossing::rising}, Event{Angle{L(-0.3)}}};
    check(method, laid_out(StepTo{{1.0, 1.9}, 5}), SaveAt{.times = {0.58}, .t1 = true}, 2, stops, adjoints...);
  }
}

}  // namespace

TEST_CASE("Nodes move with t0 and t1 through events: plain methods and those near to reversible", "[times]") {
  check_all(RK4{}, DirectAdjoint{});
  check_all(Dopri5{}, DirectAdjoint{});
  check_all(NearlyReversible<EES25>{}, DirectAdjoint{});
}
TEST_CASE("Nodes move with t0 and t1 through events: pairs and two points", "[times]") {
  check_all(Reversible<Bosh3, Floating>{.lambda = 0.75}, ReversibleAdjoint{}, DirectAdjoint{});
  check_all(TwoPoint<Midpoint, Floating>{.lambda = 0.75}, ReversibleAdjoint{}, DirectAdjoint{});
}
TEST_CASE("Nodes move with t0 and t1 through events: one evaluation a step", "[times]") {
  check_all(ReversibleHeun<Floating>{}, ReversibleAdjoint{}, DirectAdjoint{});
  check_all(AsynchronousLeapfrog<Floating>{}, ReversibleAdjoint{}, DirectAdjoint{});
}
TEST_CASE("Nodes move with t0 and t1 through events: Adams methods", "[times]") {
  check_all(ReversibleAdams<3, Floating>{}, ReversibleAdjoint{}, DirectAdjoint{});
  check_all(ReversibleAdamsPece<2, Floating>{}, ReversibleAdjoint{}, DirectAdjoint{});
}
