// Steps laid out before that are too long for the problem: a gradient through them is refused, with the step that would do;
// and fast growth that is the problem's own is not.
#include "battery.hpp"
#include "catch.hpp"
#include "reversible_methods.hpp"

#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

// y1' = −k (y1 − cos t), y2' = −y2.
struct ForcedDecay {
  double k;
  void operator()(double t, const auto& y, auto& dy) const {
    dy[0] = -k * (y[0] - std::cos(t));
    dy[1] = -y[1];
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto&, auto& t_bar) const {
    y_bar[0] -= k * w[0];
    y_bar[1] -= w[1];
    t_bar -= k * std::sin(t) * w[0];
    (void)y;
  }
};

// y' = a y.
struct Growth {
  static constexpr bool autonomous = true;
  double a;
  void operator()(double, const auto& y, auto& dy) const { dy = a * y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar += a * w; }
};

// y turns round 0 at the rate |y|⁴: it is late by t times what errors have made of its radius, and the gradient grows with t too.
// y(t) = R(|y0|⁴ t) y0.
struct Turning {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    const double rate = y.squaredNorm() * y.squaredNorm();
    dy << -rate * y[1], rate * y[0];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    const double square = y.squaredNorm(), across = 4 * square * (w[1] * y[0] - w[0] * y[1]);
    y_bar[0] += square * square * w[1] + across * y[0];
    y_bar[1] += -square * square * w[0] + across * y[1];
  }
  // Of the sum of y(t), which began at (1, 0).
  static Vector2d gradient(double t) {
    const double c = std::cos(t), s = std::sin(t);
    return {c + s + 4 * t * (c - s), c - s};
  }
};

const auto sum = [](const auto& ys, auto& ys_bar) {
  ys_bar.back().setOnes();
  return ys.back().sum();
};

template <class Call>
std::optional<SolveError> thrown(const Call& call) {
  try {
    (void)call();
  } catch (const SolveError& error) {
    return error;
  }
  return std::nullopt;
}

// The step that the sentence advises.
double advised(const std::string& sentence) {
  const std::string before = "steps of at most ";
  const std::size_t at = sentence.find(before);
  return at == std::string::npos ? 0 : std::stod(sentence.substr(at + before.size()));
}

}  // namespace

TEMPLATE_TEST_CASE("A gradient through fixed steps beyond the stable ones is refused, with steps that are stable",
                   "[instability]", Euler, RK4, Dopri5, Reversible<RK4>, Reversible<Dopri5>, TwoPoint<Bosh3>) {
  for (const double k : {20.0, 300.0}) {
    const Problem problem{ForcedDecay{k}, Vector2d(0, 1), 0.0, 10.0};
    const auto stepper =
        typename TestType::template Stepper<ForcedDecay, Vector2d>(TestType{}, problem.field, problem.y0);
    const double edge = std::fmin(stepper.stability().real_interval, stepper.stability().parasite_edge);
    REQUIRE(std::isfinite(edge));
    for (const double beyond : {1.3, 1.8}) {
      CAPTURE(k, edge, beyond);
      // By both adjoints; the way back of a pair may be lost, or the range left, before anything else is seen.
      const FixedStep too_long{beyond * edge / k};
      const auto check = [&](const auto& adjoint) {
        const auto error = thrown([&] { return value_and_gradient(problem, TestType{}, too_long, sum, adjoint); });
        REQUIRE(error);
        const Status status = error->status();
        CAPTURE(std::string(error->what()));
        CHECK((status == Status::unstable || status == Status::not_finite || status == Status::out_of_range));
        if (status != Status::unstable) return;
        const double h = advised(error->what());
        CHECK(h > 0.4 * edge / k);
        CHECK(h < edge / k);
        const auto stable = value_and_gradient(problem, TestType{}, FixedStep{h}, sum, adjoint);
        CHECK(std::fabs(stable.gradient.y0[0]) < 1e-3);
      };
      check(DirectAdjoint{});
      if constexpr (ReversibleStepper<typename TestType::template Stepper<ForcedDecay, Vector2d>>)
        check(ReversibleAdjoint{});
    }
  }
}

TEST_CASE("A bounded state with an unstable gradient is seen by its cotangents", "[instability]") {
  // At rest, the state has nothing of the mode that grows.
  const Problem problem{ForcedDecay{0}, Vector2d(1, 0), 0.0, 60.0};
  const auto error = thrown([&] { return value_and_gradient(problem, RK4{}, FixedStep{3.0}, sum); });
  REQUIRE_FALSE(error);  // 1.4^20 is no growth to speak of
  const Problem longer{Growth{-1}, Vector2d(0, 0), 0.0, 150.0};
  const auto refused = thrown([&] { return value_and_gradient(longer, RK4{}, FixedStep{3.0}, sum); });
  REQUIRE(refused);
  CHECK(refused->status() == Status::unstable);
  CHECK_THAT(refused->what(), ContainsSubstring("too long to be stable") && ContainsSubstring("Adaptive"));
  CHECK(advised(refused->what()) == Approx(0.9 * 2.785).epsilon(0.05));
}

TEST_CASE("A pair whose halves have come apart is refused in a gradient", "[instability]") {
  // λ e^{h k} > 1, though the plain method is stable there.
  const Problem problem{ForcedDecay{10}, Vector2d(0, 1), 0.0, 4.0};
  const auto error = thrown([&] {
    return value_and_gradient(problem, Reversible<RK4, Floating>{.lambda = 0.9}, FixedStep{0.05}, sum, DirectAdjoint{});
  });
  REQUIRE(error);
  CHECK(error->status() == Status::unstable);
}

namespace {

// y' = (re + im i) y, of a real state of two.
struct Mode {
  static constexpr bool autonomous = true;
  double re, im;
  void operator()(double, const auto& y, auto& dy) const { dy << re * y[0] - im * y[1], im * y[0] + re * y[1]; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] += re * w[0] + im * w[1];
    y_bar[1] += re * w[1] - im * w[0];
  }
};

// By what factor a step of length 1 multiplies, once the fastest growing has outgrown the rest.
template <class M>
double measured_growth(const M& method, const Mode& mode) {
  const auto size = [&](int n) {
    return solve(Problem{mode, Vector2d(1, 0.5), 0.0, double(n)}, method, FixedSteps{n}).ys().back().norm();
  };
  return std::pow(size(80) / size(60), 1.0 / 20);
}

}  // namespace

TEMPLATE_TEST_CASE("A stepper's growth is what its steps do", "[instability]", RK4, Dopri5, (Reversible<RK4, Floating>),
                   (Reversible<Dopri5, Floating>), (TwoPoint<Bosh3, Floating>), ReversibleHeun<Floating>,
                   AsynchronousLeapfrog<Floating>) {
  const Vector2d y0(1, 0.5);
  const auto stepper = typename TestType::template Stepper<Mode, Vector2d>(TestType{}, Mode{0, 1}, y0);
  for (const Mode& mode : {Mode{0, 3.5}, Mode{-2.5, 2.5}, Mode{0.3, 1.5}, Mode{-3.5, 0}}) {
    CAPTURE(mode.re, mode.im);
    const double growth = stepper.growth({mode.re, mode.im});
    CHECK(growth > 1);
    CHECK(measured_growth(TestType{}, mode) == Approx(growth).epsilon(1e-3));
  }
}

TEST_CASE("Oscillations that grow by the steps alone are refused, and the steps that are advised do", "[instability]") {
  const auto refused = [&](const auto& method, const Mode& mode, double h) {
    CAPTURE(mode.re, mode.im, h);
    const Problem problem{mode, Vector2d(1, 0.2), 0.0, 40.0};
    const auto error = thrown([&] { return value_and_gradient(problem, method, FixedStep{h}, sum, DirectAdjoint{}); });
    REQUIRE(error);
    CAPTURE(std::string(error->what()));
    CHECK(error->status() == Status::unstable);
    CHECK_THAT(error->what(), ContainsSubstring("the steps made them grow"));
    const auto stable = value_and_gradient(problem, method, FixedStep{advised(error->what())}, sum, DirectAdjoint{});
    CHECK(stable.gradient.y0.norm() < 1.5 * std::sqrt(2.0) * std::exp(40 * mode.re));
  };
  refused(Dopri5{}, Mode{0, 12}, 0.2);  // stable on the negative real axis as far as 3.3, on the imaginary one to 1
  refused(Tsit5{}, Mode{-0.05, 12}, 0.2);
  refused(Midpoint{}, Mode{0, 3}, 0.3);  // stable nowhere on it
  // The parasite of a pair, which is not apart where both halves are as large.
  const Problem damped{Mode{-1.2, 12}, Vector2d(1, 0.2), 0.0, 20.0};
  const auto parasite = thrown(
      [&] { return value_and_gradient(damped, Reversible<RK4, Floating>{}, FixedSteps{120}, sum, DirectAdjoint{}); });
  REQUIRE(parasite);
  CHECK(parasite->status() == Status::unstable);
  // Large and turning, and as large before.
  const Problem turning{Mode{0, 12}, Vector2d(100, 20), 0.0, 40.0};
  CHECK(value_and_gradient(turning, Dopri5{}, FixedStep{0.04}, sum).success());
  // Growth of its own, which steps do not add to, though it turns.
  const Problem growing{Mode{0.3, 2}, Vector2d(1, 0.2), 0.0, 40.0};
  CHECK(value_and_gradient(growing, Dopri5{}, FixedStep{0.1}, sum).success());
  CHECK(value_and_gradient(growing, Reversible<Dopri5>{.resolution = 1e-6}, FixedStep{0.1}, sum).success());
}

TEST_CASE("Growth that is the problem's own has its gradient", "[instability]") {
  const auto value = [&](const auto& problem, const auto& method, const auto& steps) {
    return value_and_gradient(problem, method, steps, sum);
  };
  const Problem growth{Growth{3}, Vector2d(1, 2), 0.0, 10.0};
  CHECK(value(growth, RK4{}, FixedSteps{300}).gradient.y0[0] == Approx(std::exp(30)).epsilon(1e-3));
  CHECK(value(growth, Reversible<RK4>{.lambda = 0.5, .resolution = 1e-4}, FixedSteps{300}).gradient.y0[0] ==
        Approx(std::exp(30)).epsilon(1e-3));
  const Problem lorenz{problems::Lorenz<>{}, Eigen::Vector3d(1, 2, 20), 0.0, 20.0};
  CHECK(value(lorenz, RK4{}, FixedSteps{2000}).gradient.y0.norm() > 1e4);
  CHECK(value(lorenz, Reversible<RK4>{}, FixedSteps{2000}).gradient.y0.norm() > 1e4);
  CHECK(value(lorenz, ReversibleAdams<4>{}, FixedSteps{8000}).gradient.y0.norm() > 1e4);
}

namespace {

// The gradient of the sum of y(t), and how far off it is, in parts of its size.
template <class M, class... Extras>
auto turned(const M& method, double t, const Adaptive& steps, const Extras&... extras) {
  const Problem problem{Turning{}, Vector2d(1, 0), 0.0, t};
  auto result = value_and_gradient(problem, method, steps, sum, extras...);
  const Vector2d right = Turning::gradient(t);
  const double off = (result.gradient.y0 - right).norm() / right.norm();
  return std::pair{std::move(result), off};
}

template <class M>
void check_refusal(const M& method) {
  CHECK(turned(method, 2, Adaptive{}).second < 1e-3);
  const Adaptive once{.repeats = 0};
  const auto refused = thrown([&] { return turned(method, 300, once); });
  REQUIRE(refused);
  CHECK(refused->status() == Status::not_accurate);
  CHECK_THAT(refused->what(), ContainsSubstring("probably off by about") && ContainsSubstring("gradient_rtol"));
  // Who can do with it has it, with its failure or without.
  const auto [given, off] = turned(method, 300, once, OnFailure::return_status);
  CHECK(given.status() == Status::not_accurate);
  CHECK(off > 1e-3);
  const auto [taken, as_far] = turned(method, 300, Adaptive{.gradient_rtol = 1e9});
  CHECK(taken.success());
  CHECK(taken.gradient.y0 == given.gradient.y0);
  CHECK(taken.value == given.value);
  CHECK(as_far == off);
}

}  // namespace

TEST_CASE("Where cotangents overflow though the state rests, steps that are too long are named", "[instability]") {
  // y' = −1000 y from 0: each step of 0.1 multiplies the cotangents by four million, and y stays where it is.
  const auto refused = thrown([&] {
    return value_and_gradient(Problem{Growth{-1000}, Vector2d(0, 0), 0.0, 10.0}, RK4{}, FixedSteps{100}, sum);
  });
  REQUIRE(refused);
  CHECK(refused->status() == Status::gradient_not_finite);
  CHECK_THAT(std::string(refused->what()), ContainsSubstring("steps that are too long to be stable make them grow"));
}

TEST_CASE("A gradient of which errors of adaptive steps make another is refused, and a good one is not",
          "[instability]") {
  check_refusal(Bosh3{});
  check_refusal(Dopri5{});
  check_refusal(Dop853{});
  check_refusal(Reversible<Dopri5>{});
  check_refusal(TwoPoint<Dopri5>{});
  check_refusal(ReversibleAdams<4>{});
}

TEST_CASE("At a loose tolerance, too, a gradient that is off by its own size is refused", "[instability]") {
  // 1000 tolerances are ten times its size.
  const Adaptive loose{.rtol = 1e-2, .atol = 1e-2, .repeats = 0};
  const auto [given, off] = turned(Dopri5{}, 10, loose, OnFailure::return_status);
  CHECK(given.status() == Status::not_accurate);
  CHECK(off > 0.5);
  CHECK(turned(Dopri5{}, 10, Adaptive{.rtol = 1e-2, .atol = 1e-2, .gradient_rtol = 1e9}).second == off);
}

TEST_CASE("The tolerance that a refusal advises makes the gradient as good as it says", "[instability]") {
  const auto refused = thrown([&] { return turned(Dopri5{}, 300, Adaptive{.repeats = 0}); });
  REQUIRE(refused);
  const std::string sentence = refused->what();
  const auto after = [&](const std::string& words) {
    return std::stod(sentence.substr(sentence.find(words) + words.size()));
  };
  const double rtol = after("a tolerance of about "), enough = after("gradient_rtol = ");
  CHECK(turned(Dopri5{}, 300, Adaptive{.rtol = rtol, .atol = rtol, .gradient_rtol = enough}).second < 3 * enough);
}

namespace {

// y[0] crosses 0 after t = 290.
struct LateCrossing {
  double operator()(double t, const auto& y) const { return t < 290 ? 1 : y[0]; }
  void gradient(double t, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += t < 290 ? 0 : 1; }
};

template <class M>
void check_repeat(const M& method) {
  for (const double tolerance : {1e-3, 1e-6}) {
    CAPTURE(tolerance);
    const Adaptive steps{.rtol = tolerance, .atol = tolerance};
    const double t = tolerance > 1e-4 ? 40 : 300;
    const auto [result, off] = turned(method, t, steps);
    CHECK(result.success());
    CHECK(off < 1000 * tolerance / (1 + 1000 * tolerance));
    CHECK(result.gradient.stats.tightened < 1);
    CHECK(result.gradient.stats.discarded > 0);
    std::ostringstream told;
    told << result.gradient;
    CHECK_THAT(told.str(),
               ContainsSubstring(" of the tolerance, beside " + std::to_string(result.gradient.stats.discarded) +
                                 " evaluations of solves at other tolerances"));
    // They are those of a solve with these tolerances.
    Adaptive tighter = steps.tightened(result.gradient.stats.tightened);
    tighter.gradient_rtol = HUGE_VAL;
    const auto [as_asked, as_far] = turned(method, t, tighter);
    CHECK(as_asked.gradient.y0 == result.gradient.y0);
    CHECK(as_asked.value == result.value);
    CHECK(as_asked.stats.accepted == result.stats.accepted);
  }
}

}  // namespace

TEST_CASE("A gradient of which errors of adaptive steps make another is taken again at tighter tolerances",
          "[instability]") {
  check_repeat(Dopri5{});
  check_repeat(Tsit5{});
  check_repeat(Dop853{});
  check_repeat(Reversible<Dopri5>{});
  check_repeat(TwoPoint<Dopri5>{});
  check_repeat(ReversibleAdams<4>{});
}

namespace {

// y1' = y2, y2' = −16 y1.
struct Oscillation {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -16 * y[0]; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] -= 16 * w[1];
    y_bar[1] += w[0];
  }
};

}  // namespace

TEST_CASE("Turns of a small oscillation whose phase is lost are taken again", "[instability]") {
  const double t1 = 600, c = std::cos(4 * t1), s = std::sin(4 * t1), tolerance = 1e-3;
  const Problem problem{Oscillation{}, Vector2d(200 * tolerance, 0), 0.0, t1};
  const auto off = [&](const auto& method, const Adaptive& steps) {
    return (value_and_gradient(problem, method, steps, sum).gradient.y0 - Vector2d(c - 4 * s, s / 4 + c)).norm();
  };
  const auto check = [&](const auto& method) {
    CHECK(off(method, {.rtol = tolerance, .atol = tolerance, .gradient_rtol = HUGE_VAL}) > 1);
    CHECK(off(method, {.rtol = tolerance, .atol = tolerance}) < 0.2);
  };
  check(Dopri5{});
  check(Tsit5{});
  check(Reversible<Dopri5>{});
}

// Each look at the fastest mode came from a tangent that the state's own scales pumped twice a turn: three million steps.
TEST_CASE("Turns of an oscillation not far above the tolerance cost no more and more steps", "[instability]") {
  const auto steps_to = [](double t1) {
    const Problem problem{Oscillation{}, Vector2d(0.02, 0), 0.0, t1};
    return solve_with_pullback(problem, Bosh3{}, Adaptive{.rtol = 1e-3, .atol = 1e-3}).stats().steps;
  };
  CHECK(steps_to(300) < 4 * steps_to(100));
}

TEST_CASE("A gradient in doubt that a looser solve shows to be good is the one that was asked for", "[instability]") {
  const auto [once, off] = turned(Dopri5{}, 40, Adaptive{.gradient_rtol = 0.04, .repeats = 0});
  REQUIRE(once.gradient.stats.estimated_error > 0.04 / 8);
  REQUIRE(once.gradient.stats.estimated_error < 0.04);
  const auto [result, as_far] = turned(Dopri5{}, 40, Adaptive{.gradient_rtol = 0.04});
  CHECK(result.gradient.y0 == once.gradient.y0);
  CHECK(result.value == once.value);
  CHECK(result.gradient.stats.tightened == 1);
  CHECK(result.gradient.stats.discarded > 0);
  CHECK(result.gradient.stats.discarded < once.stats.evaluations + once.gradient.stats.evaluations);
}

TEST_CASE("A repeated solve is not told of, ends with its event, and leaves an objective as it was", "[instability]") {
  const Problem problem{Turning{}, Vector2d(1, 0), 0.0, 300.0};
  int told = 0;
  const auto count = Observer{[&](double, const Vector2d&) { ++told; }};
  const auto alone = value_and_gradient(problem, Dopri5{}, Adaptive{}, sum, count);
  CHECK(alone.gradient.stats.tightened < 1);
  CHECK(told == 1);
  Objective objective{problem, Dopri5{}, Adaptive{}, sum};
  const auto one_of = [&](double t) {
    return value_and_gradient(Problem{Turning{}, Vector2d(1, 0), 0.0, t}, Dopri5{}, Adaptive{}, sum);
  };
  for (const double t : {300.0, 2.0, 300.0}) {
    const auto& result = objective(Problem{Turning{}, Vector2d(1, 0), 0.0, t});
    CHECK(result.gradient.y0 == one_of(t).gradient.y0);
    CHECK(result.value == one_of(t).value);
    CHECK((result.gradient.stats.tightened < 1) == (t > 100));
  }
  const auto ended =
      value_and_gradient(problem, Dopri5{}, Adaptive{}, sum, Events{Event{LateCrossing{}, Crossing::any}});
  CHECK(ended.status() == Status::event);
  CHECK(ended.gradient.stats.tightened < 1);
}

namespace {

// Passes from −1 to 1 at t = 3, in a thousandth of a unit of time: steps fall to a hundredth there, and grow again.
struct Switch {
  Eigen::Vector2d theta{1, 1e-3};  // how much, how fast
  const auto& parameters() const { return theta; }
  void operator()(double t, const auto& y, auto& dy) const { dy[0] = theta[0] * std::tanh((t - 3) / theta[1]) - y[0]; }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto& theta_bar) const {
    const double x = (t - 3) / theta[1], s = std::tanh(x);
    y_bar[0] -= w[0];
    theta_bar[0] += s * w[0];
    theta_bar[1] -= theta[0] * (1 - s * s) * x / theta[1] * w[0];
  }
};

template <class M>
void check_switch(const M& method, double tolerance) {
  CAPTURE(tolerance);
  const Problem problem{Switch{}, Eigen::Matrix<double, 1, 1>(1), 0.0, 6.0};
  Adaptive fine{.rtol = 1e-11, .atol = 1e-11};
  for (int i = -40; i <= 40; ++i) fine.step_to.push_back(3 + 2.5e-4 * i);
  const auto right = value_and_gradient(problem, Dop853{}, fine, sum);
  const auto result = value_and_gradient(problem, method, Adaptive{.rtol = tolerance, .atol = tolerance}, sum);
  const double size = right.gradient.theta.cwiseAbs().maxCoeff();
  CHECK((result.gradient.theta - right.gradient.theta).cwiseAbs().maxCoeff() < 1000 * tolerance * (1 + size));
}

// y' = y − y³: from a start far below the absolute tolerance to 1.
struct DoubleWell {
  void operator()(double, const auto& y, auto& dy) const { dy[0] = y[0] * (1 - y[0] * y[0]); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const { y_bar[0] += (1 - 3 * y[0] * y[0]) * w[0]; }
};

template <class M>
void check_from_rest(const M& method) {
  constexpr double y0 = 1e-6, t = 20, tolerance = 1e-6;
  const Problem problem{DoubleWell{}, Eigen::Matrix<double, 1, 1>(y0), 0.0, t};
  const double moved = std::pow(1 / std::sqrt(1 + (1 / (y0 * y0) - 1) * std::exp(-2 * t)) / y0, 3) * std::exp(-2 * t);
  const auto result = value_and_gradient(problem, method, Adaptive{.rtol = tolerance, .atol = tolerance}, sum);
  CHECK(std::fabs(result.gradient.y0[0] - moved) < 1000 * tolerance * (1 + moved));
}

}  // namespace

TEST_CASE("A gradient is looked at again where steps dip, as they do at a sharp switch", "[instability]") {
  for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
    check_switch(Dopri5{}, tolerance);
    check_switch(Reversible<Tsit5>{}, tolerance);
    check_switch(TwoPoint<Dopri5>{}, tolerance);
  }
}

TEST_CASE("What the two solutions of a coupled method differ by counts as an error", "[instability]") {
  check_from_rest(Reversible<Dopri5>{});
  check_from_rest(Reversible<Dop853>{});
  check_from_rest(TwoPoint<Dop853>{});
}

TEST_CASE("What a loss throws at a looser solve is not told, and what it throws at a tighter one is", "[instability]") {
  const Problem problem{Turning{}, Vector2d(1, 0), 0.0, 40.0};
  const Adaptive steps{.gradient_rtol = 0.04};
  int calls = 0, thrown_at = 2, told = 0;
  const auto observer = Observer{[&](double, const Vector2d&) { ++told; }};
  Objective objective{problem, Dopri5{}, steps, TerminalLoss{[&](const Vector2d& y, Vector2d& y_bar) {
                        if (++calls == thrown_at) throw std::runtime_error("not this one");
                        y_bar.setOnes();
                        return y.sum();
                      }},
                      observer};
  const auto first = objective();
  CHECK(calls == 3);
  CHECK(first.success());
  CHECK(first.gradient.stats.tightened < 1);
  CHECK(told == 1);
  thrown_at = 0;
  CHECK(objective().gradient.stats.tightened == 1);  // a looser one is enough
  const Problem longer{Turning{}, Vector2d(1, 0), 0.0, 300.0};
  calls = 0, thrown_at = 3, told = 0;
  CHECK_THROWS_AS(objective(longer), std::runtime_error);
  CHECK(told == 1);
  thrown_at = 0;
  CHECK(objective(longer).success());
  CHECK(told == 2);
}

TEST_CASE("Where the solve cannot be taken again, the gradient is judged by what is known", "[instability]") {
  // By steps at which it is saved: other steps are another loss.
  const Problem problem{Turning{}, Vector2d(1, 0), 0.0, 300.0};
  const auto squares = [](const std::vector<Vector2d>& ys, std::vector<Vector2d>& ys_bar) {
    for (std::size_t i = 0; i < ys.size(); ++i) ys_bar[i] = ys[i];
    double total = 0;
    for (const Vector2d& y : ys) total += 0.5 * y.squaredNorm() + y[0];
    for (Vector2d& bar : ys_bar) bar[0] += 1;
    return total;
  };
  const auto at_steps =
      thrown([&] { return value_and_gradient(problem, Dopri5{}, Adaptive{}, squares, SaveAt{.steps = true}); });
  REQUIRE(at_steps);
  CHECK(at_steps->status() == Status::not_accurate);
  // By the number of steps it may take.
  const auto limited = thrown([&] { return turned(Dopri5{}, 300, Adaptive{.max_steps = 3000}); });
  REQUIRE(limited);
  CHECK(limited->status() == Status::not_accurate);
  // By chaos, whatever the tolerance.
  const Problem lorenz{problems::Lorenz<>{}, Eigen::Vector3d(1, 2, 20), 0.0, 60.0};
  const auto chaotic = thrown([&] { return value_and_gradient(lorenz, Dopri5{}, Adaptive{}, sum); });
  REQUIRE(chaotic);
  CHECK(chaotic->status() == Status::not_accurate);
}

TEST_CASE("Error bars are given of a gradient that is refused without them", "[instability]") {
  const auto [barred, off] = turned(Dopri5{}, 300, Adaptive{}, ErrorBars{});
  CHECK(barred.error.y0.norm() > 0.3 * off * barred.gradient.y0.norm());
  CHECK(turned(Dopri5{}, 300, Adaptive{}, ErrorBars{.rtol = 1e-4}).second < 1e-4);
}
