// Gradients through events: their times, their states and their jumps.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using problems::Ball, problems::Bounce, problems::Ground;

// The closed form between bounces, y(s) = y0 − (g/c) s + (v0 + g/c)(1 − e^{−cs})/c, whose zeros are bisected.
using L = long double;
struct Flight {
  L e, c, y, v, t = 0;
  static constexpr L g = static_cast<L>(9.81);  // the very number the field has
  L height(L s) const { return y - g / c * s - (v + g / c) * std::expm1(-c * s) / c; }
  L speed(L s) const { return (v + g / c) * std::exp(-c * s) - g / c; }
  L time_to_ground() const {
    L above = v > 0 ? std::log1p(v * c / g) / c : 0, below = above + 1;  // from the highest point
    while (height(below) > 0) below += 1;
    for (int i = 0; i < 100; ++i) {
      const L middle = (above + below) / 2;
      (height(middle) > 0 ? above : below) = middle;
    }
    return below;
  }
  L height_at(L t1) {
    for (;;) {
      const L s = time_to_ground();
      if (t + s > t1) return height(t1 - t);
      v = -e * speed(s), y = 0, t += s;
    }
  }
};

// Differences of fourth order: at δ = 1e-4 truncation is of order δ⁴ times fifth derivatives of some 10^4, or 1e-12.
template <class Function>
double derivative(const Function& f) {
  constexpr L delta = 1e-4L;
  return static_cast<double>((8 * (f(delta) - f(-delta)) - (f(2 * delta) - f(-2 * delta))) / (12 * delta));
}

const Adaptive tight{.rtol = 1e-12, .atol = 1e-12};
const auto final_height = [](const auto& ys, auto& ys_bar) {
  ys_bar.back()[0] = 1;
  return ys.back()[0];
};

}  // namespace

TEST_CASE("Ten bounces with drag: the gradient of the final height to 1e-8, by both adjoints", "[events]") {
  constexpr double t1 = 10.0;
  const Problem problem{Ball{}, Vector2d(10, 0), 0.0, t1};
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  const auto height = [](L e, L c, L y, L v, L shift) {
    return Flight{0.8L + e, 0.1L + c, 10 + y, v}.height_at(static_cast<L>(t1) + shift);
  };
  Eigen::Vector<double, 5> expected;
  expected << derivative([&](L d) { return height(d, 0, 0, 0, 0); }),
      derivative([&](L d) { return height(0, d, 0, 0, 0); }), derivative([&](L d) { return height(0, 0, d, 0, 0); }),
      derivative([&](L d) { return height(0, 0, 0, d, 0); }), derivative([&](L d) { return height(0, 0, 0, 0, d); });
  REQUIRE(battery::all_nonzero(expected));
  const auto check = [&](const auto& method, const auto& steps, const auto& adjoint) {
    CHECK(solve(problem, method, steps, {}, bounces).events().size() >= 10);
    const auto result = value_and_gradient(problem, method, steps, final_height, {}, adjoint, bounces);
    CHECK(std::fabs(result.value - static_cast<double>(height(0, 0, 0, 0, 0))) < 1e-9);
    Eigen::Vector<double, 5> found;
    found << result.gradient.theta, result.gradient.y0, result.gradient.t1;
    CAPTURE(found.transpose(), expected.transpose());
    CHECK(battery::relative_difference(expected, found) < 1e-8);
    CHECK(result.gradient.t0 == Approx(-result.gradient.t1).epsilon(1e-9));  // nothing depends on the clock
  };
  check(Dopri5{}, tight, DirectAdjoint{});
  check(Dop853{}, tight, DirectAdjoint{});
  check(Reversible<Dopri5>{}, tight, ReversibleAdjoint{});
  check(Reversible<Dopri5>{}, tight, DirectAdjoint{});
  check(Reversible<Dopri5>{}, FixedSteps{2000}, ReversibleAdjoint{});
}

TEST_CASE("The times of bounces have gradients", "[events]") {
  const Problem problem{Ball{}, Vector2d(10, 0), 0.0, 6.0};
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  // L = Σ (k + 1) t_k; a saved state on the ground is one at a bounce.
  const auto loss = [](const std::vector<double>& ts, const auto& ys, auto& ts_bar, auto&) {
    double sum = 0, k = 0;
    for (std::size_t i = 0; i < ts.size(); ++i) {
      if (std::fabs(ys[i][0]) > 1e-10) continue;
      ts_bar[i] = ++k;
      sum += k * ts[i];
    }
    return sum;
  };
  const auto exact = [](L e, L c, L y) {
    Flight flight{0.8L + e, 0.1L + c, 10 + y, 0};
    L sum = 0;
    for (int k = 1; k <= 3; ++k) {
      const L s = flight.time_to_ground();
      flight.v = -flight.e * flight.speed(s), flight.y = 0, flight.t += s;
      sum += k * flight.t;
    }
    return sum;
  };
  const Eigen::Vector3d expected(derivative([&](L d) { return exact(d, 0, 0); }),
                                 derivative([&](L d) { return exact(0, d, 0); }),
                                 derivative([&](L d) { return exact(0, 0, d); }));
  const auto check = [&](const auto& method, const auto& adjoint) {
    const auto result = value_and_gradient(problem, method, tight, loss, SaveAt{.steps = true}, adjoint, bounces);
    CHECK(std::fabs(result.value - static_cast<double>(exact(0, 0, 0))) < 1e-9);
    const Eigen::Vector3d found(result.gradient.theta[0], result.gradient.theta[1], result.gradient.y0[0]);
    CAPTURE(found.transpose(), expected.transpose());
    CHECK(battery::relative_difference(expected, found) < 1e-8);
  };
  check(Dopri5{}, DirectAdjoint{});
  check(Reversible<Dopri5>{}, ReversibleAdjoint{});
}

TEST_CASE("The steps of a solve with events, taken again, give the same bits: states, events and gradients",
          "[events]") {
  const Problem problem{Ball{}, Vector2d(10, 0), 0.0, 10.0};
  const SaveAt save_at{.times = {0.3, 2.5, 9.9}, .t1 = true};
  const auto check = [&](const auto& method, const auto& steps, const auto& events) {
    auto pass = solve_with_pullback(problem, method, steps, save_at, events);
    auto again = solve_with_pullback(problem, method, StepTo{pass.solution().steps()}, save_at, events);
    CHECK(again.solution().status() == pass.solution().status());
    CHECK(again.solution().steps() == pass.solution().steps());
    REQUIRE(again.ts() == pass.ts());
    for (std::size_t i = 0; i < pass.ys().size(); ++i) CHECK(battery::same_bits(again.ys()[i], pass.ys()[i]));
    const auto& met = pass.solution().events();
    REQUIRE(again.solution().events().size() == met.size());
    CHECK(met.size() > 0);
    for (std::size_t i = 0; i < met.size(); ++i)
      CHECK(
          (again.solution().events()[i].t == met[i].t && battery::same_bits(again.solution().events()[i].y, met[i].y)));
    std::vector<Vector2d> ys_bar(pass.ys().size(), Vector2d(1, -2));
    const auto a = pass.pullback(ys_bar), b = again.pullback(ys_bar);
    CHECK((battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta)));
    // Nodes taken again stay, as those of adaptive steps do; equal steps move, which makes a difference of their error.
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(steps)>, Adaptive>)
      CHECK((a.t0 == b.t0 && a.t1 == b.t1));
    else
      CHECK((a.t0 == Approx(b.t0).epsilon(1e-6) && a.t1 == Approx(b.t1).epsilon(1e-6)));
  };
  const Adaptive steps{.rtol = 1e-5, .atol = 1e-5};
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  const Events impact{Event{Ground{}, Crossing::falling}};
  check(Dopri5{}, steps, bounces);
  check(Tsit5{}, steps, impact);
  check(Reversible<Dopri5>{}, steps, bounces);
  check(Reversible<Dopri5>{}, tight, impact);
  check(Dop853{}, FixedSteps{33}, bounces);

  // Where the parameters have moved and an event comes elsewhere or not at all, the steps go on from there to the next.
  const auto taken = solve(problem, Dopri5{}, tight, {}, bounces).steps();
  const Problem dropped{Ball{Vector2d(0.79, 0.1)}, Vector2d(10, 0), 0.0, 10.0},
      risen{Ball{}, Vector2d(1e3, 0), 0.0, 10.0};
  CHECK(solve(dropped, Dopri5{}, StepTo{taken}, {}, bounces).ys().back()[0] ==
        Approx(solve(dropped, Dopri5{}, tight, {}, bounces).ys().back()[0]).epsilon(1e-6));
  CHECK(solve(risen, Dopri5{}, StepTo{taken}, {}, bounces).ys().back()[0] ==
        Approx(solve(risen, Dopri5{}, tight).ys().back()[0]).epsilon(1e-9));
}

TEST_CASE("The time of a terminal event has a gradient, with saves in the steps before it", "[events]") {
  // L = Σ of weights times the heights at 0.3, 0.31, 0.9 and 1.2, and of the impact's time and speed; against differences of the closed form.
  const std::vector<double> times{0.3, 0.31, 0.9, 1.2};
  const Problem problem{Ball{}, Vector2d(10, 1), 0.0, 5.0};
  const Events impact{Event{Ground{}, Crossing::falling}};
  const auto loss = [&](const std::vector<double>& ts, const auto& ys, auto& ts_bar, auto& ys_bar) {
    REQUIRE(ts.size() == times.size() + 1);
    double value = 2 * ts.back() + 0.5 * ys.back()[1];
    ts_bar.back() = 2, ys_bar.back()[1] = 0.5;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double weight = static_cast<double>(i) - 1.25;
      value += weight * ys[i][0];
      ys_bar[i][0] = weight;
    }
    return value;
  };
  const auto exact = [&](L c, L y, L v) {
    const Flight flight{0.8L, 0.1L + c, 10 + y, 1 + v};
    const L s = flight.time_to_ground();
    L value = 2 * s + 0.5L * flight.speed(s);
    for (std::size_t i = 0; i < times.size(); ++i)
      value += (static_cast<L>(i) - 1.25L) * flight.height(static_cast<L>(times[i]));
    return value;
  };
  Eigen::Vector3d expected(derivative([&](L d) { return exact(d, 0, 0); }),
                           derivative([&](L d) { return exact(0, d, 0); }),
                           derivative([&](L d) { return exact(0, 0, d); }));
  REQUIRE(battery::all_nonzero(expected));
  const auto check = [&](const auto& method, const auto& steps, const auto& adjoint, double end_matters = 0) {
    const auto result =
        value_and_gradient(problem, method, steps, loss, SaveAt{.times = times, .t1 = true}, adjoint, impact);
    CHECK(std::fabs(result.value - static_cast<double>(exact(0, 0, 0))) < 1e-9);
    const Eigen::Vector3d found(result.gradient.theta[1], result.gradient.y0[0], result.gradient.y0[1]);
    CAPTURE(found.transpose(), expected.transpose());
    CHECK(battery::relative_difference(expected, found) < 1e-8);
    CHECK(result.gradient.theta[0] == 0);  // no bounce
    // The end is not reached; but equal steps move with it, which makes a difference of the size of their error.
    CHECK(std::fabs(result.gradient.t1) <= end_matters);
  };
  check(Dopri5{}, tight, DirectAdjoint{});
  check(Reversible<Dopri5>{}, tight, ReversibleAdjoint{});
  check(Reversible<Dopri5>{}, FixedSteps{500}, ReversibleAdjoint{}, 1e-8);  // 0.3, 0.31, … are nodes
  check(Reversible<Dop853>{}, FixedStep{0.47},
        DirectAdjoint{});  // a save at least in each step before the one that is cut
}

TEMPLATE_TEST_CASE("check_gradient holds chosen steps through events that come sooner or later", "[events]", Dopri5,
                   Reversible<Tsit5>, ReversibleAdams<4>) {
  const Problem problem{Ball{}, Vector2d(2, 1), 0.0, 3.0};
  const TerminalLoss loss{[](const auto& y, auto& y_bar) {
    y_bar << 1, 0.3;
    return y[0] + 0.3 * y[1];
  }};
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
    const auto report =
        check_gradient(problem, TestType{}, Adaptive{.rtol = tolerance, .atol = tolerance}, loss, bounces);
    CAPTURE(tolerance, report.message);
    CHECK(report.ok);
  }
}
