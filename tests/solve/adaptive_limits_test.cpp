// Where adaptive steps come to an end, or to an edge: scales, times to land on, stiffness, NaN, and steps that vanish.
#include "battery.hpp"
#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

struct Turning {
  static constexpr bool autonomous = true;
  double speed = 1;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = speed * y[1];
    dy[1] = -speed * y[0];
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] -= speed * w[1];
    y_bar[1] += speed * w[0];
  }
};

using One = Eigen::Vector<double, 1>;

// y' = a before `at`, b after it; and at it, one or the other.
struct Switch {
  double at, a, b, there;
  void operator()(double t, const One&, One& dy) const { dy[0] = t < at ? a : t > at ? b : there; }
};

}  // namespace

TEMPLATE_TEST_CASE("A solve to 1e-11 and one to 1e11 are the same but for the unit of time", "[adaptive]", Dopri5,
                   Reversible<Tsit5>) {
  const auto to = [](double t1) {
    const Problem problem{Turning{3 / t1}, Vector2d(1, 0.5), 0.0, t1};
    return solve_with_pullback(problem, TestType{}, Adaptive{}, SaveAt{.times = {t1 / 4, t1 / 2}, .t1 = true});
  };
  auto unit = to(1);
  const double c = std::cos(3.0), s = std::sin(3.0);
  for (const double t1 : {1e-11, 1e11, -1e-11, -1e11}) {
    CAPTURE(t1);
    auto pass = to(t1);
    REQUIRE(pass.ts() == std::vector<double>{t1 / 4, t1 / 2, t1});
    // Only the first step's rule knows units: from its worst guess, 22 decades off, tenfold steps get back.
    CHECK(std::abs(pass.stats().accepted - unit.stats().accepted) <= 22);
    CHECK((pass.ys()[2] - Vector2d(c + s / 2, c / 2 - s)).cwiseAbs().maxCoeff() < 1e-4);
    const auto gradient = pass.pullback({Vector2d(0, 0), Vector2d(0, 0), Vector2d(1, 0)});
    CHECK((gradient.y0 - Vector2d(c, s)).cwiseAbs().maxCoeff() < 1e-4);
    CHECK(gradient.t1 * t1 == Approx(3 * (c / 2 - s)).epsilon(1e-3));
  }
}

TEST_CASE("A step that t cannot resolve ends the solve instead of standing still", "[adaptive]") {
  // Half a turn in a thousandth of the distance between neighbouring numbers.
  const auto vanished = solve(Problem{Turning{2e4}, Vector2d(1, 0), 1e16, 1e16 + 200}, Dopri5{}, Adaptive{}, {},
                              OnFailure::return_status);
  CHECK(vanished.status() == Status::step_size_vanished);
  // A first step that t1 cannot resolve.
  const auto tiny = solve(Problem{Turning{1}, Vector2d(1, 0), 1.0, 2.0}, Dopri5{}, Adaptive{.first_step = 1e-30}, {},
                          OnFailure::return_status);
  CHECK(tiny.stats().steps < 1000);
  if (tiny.success()) CHECK(tiny.ts().back() == 2.0);
  // Ends a few numbers apart.
  const double next = std::nextafter(1.0, 2.0);
  CHECK(solve(Problem{Turning{1}, Vector2d(1, 0), 1.0, next}, Dopri5{}, Adaptive{}).ts().back() == next);
  // A discontinuity just before t1: clipped at the end and rejected there.
  const auto clipped = solve(Problem{Switch{1 - 1e-9, 0, 1e6, 0}, One{0.0}, 0.0, 1.0}, Dopri5{}, Adaptive{});
  CHECK(clipped.stats().rejected > 0);
  CHECK(clipped.ts().back() == 1.0);
  CHECK(clipped.ys().back()[0] == Approx(1e-3).epsilon(0.1));  // an undeclared jump fools an estimate to some extent
}

TEMPLATE_TEST_CASE("f that is not finite where a solve or a segment begins is told at once", "[adaptive]", Dopri5,
                   Reversible<Tsit5>, ReversibleAdams<4>) {
  const auto told = [](const auto& field, double t0, const Vector2d& y0) {
    std::int64_t calls = 0;
    const auto counted = [&](double t, const Vector2d& y, Vector2d& dy) { ++calls, field(t, y, dy); };
    const auto solution = solve(Problem{counted, y0, t0, t0 + 1}, TestType{}, Adaptive{}, OnFailure::return_status);
    if (solution.failed()) CHECK(calls < 20);
    return solution.failure();
  };
  const auto unwritten = [](double, const Vector2d& y, Vector2d& dy) { dy[0] = -y[0]; };
  const auto root = [](double t, const Vector2d& y, Vector2d& dy) { dy << std::sqrt(t), y[0]; };
  const auto pole = [](double, const Vector2d& y, Vector2d& dy) { dy << y[0], 1 / y[1]; };
  for (const Failure& failure : {told(unwritten, 0, Vector2d(1, 2)), told(pole, 0, Vector2d(1, 0))}) {
    CHECK(failure.status == Status::not_finite);
    CHECK(failure.component == 1);
    CHECK_THAT(failure.cause, ContainsSubstring("where a step is to begin"));
  }
  const Failure failure = told(root, -2, Vector2d(1, 2));
  CHECK(failure.component == 0);
  CHECK(failure.t == -2);
  CHECK(failure.step == 0);
  CHECK(told(root, 0, Vector2d(1, 2)).status == Status::success);

  const auto slide = [](double, const Vector2d& y, Vector2d& dy) { dy << 1, 1 / y[1]; };
  const JumpEvent to_pole{[](double, const auto& y) { return y[0] - 0.5; },
                          [](double, const auto& y, auto& y_new) { y_new << y[0], 0; }};
  const auto after_jump = solve(Problem{slide, Vector2d(0, 1), 0.0, 1.0}, TestType{}, Adaptive{}, Events{to_pole},
                                OnFailure::return_status);
  CHECK(after_jump.status() == Status::not_finite);
  CHECK(after_jump.failure().t == Approx(0.5));
  CHECK(after_jump.failure().component == 1);
}

// Steps of Bosh3 evaluate f at their end for the error estimate alone. Halved from 2^-10 on, the last of them sees NaN there only.
TEST_CASE("A step that vanishes over NaN which the error estimate alone meets says so", "[adaptive]") {
  constexpr double least = std::numeric_limits<double>::epsilon();
  const auto field = [](double t, const Vector2d& y, Vector2d& dy) {
    dy << -y[0], t > 1 + 3 * least ? std::numeric_limits<double>::quiet_NaN() : y[1];
  };
  const auto solution = solve(Problem{field, Vector2d(1, 2), 1.0, 2.0}, Bosh3{}, Adaptive{.first_step = 0x1p-10},
                              OnFailure::return_status);
  const Failure& failure = solution.failure();
  CHECK(failure.status == Status::step_size_vanished);
  CHECK(failure.h == 4 * least);
  CHECK(failure.component == 1);
  CHECK(failure.value == 2);
  CHECK_THAT(failure.cause, ContainsSubstring("the error estimate is not finite") &&
                                ContainsSubstring("the field returned NaN or infinity"));
}

TEST_CASE("dtmin is where a step is given up", "[adaptive]") {
  const auto solution = solve(Problem{Switch{0.5, 0, 1e3, 0}, One{0.0}, 0.0, 1.0}, Dopri5{}, Adaptive{.dtmin = 1e-3},
                              {}, OnFailure::return_status);
  CHECK(solution.status() == Status::step_size_vanished);
  CHECK(solution.failure().t == Approx(0.5).margin(0.1));
}

TEST_CASE("A tolerance below round-off is not called stiffness", "[adaptive]") {
  const auto solution = solve(Problem{Turning{1}, Vector2d(1, 0.5), 0.0, 2.0}, Dopri5{},
                              Adaptive{.rtol = 1e-30, .atol = 1e-30}, OnFailure::return_status);
  CHECK(solution.status() == Status::max_steps);
  CHECK_THAT(solution.failure().cause,
             ContainsSubstring("the tolerance (rtol 1e-30, atol 1e-30) is below what the state's numbers resolve"));
}

TEST_CASE("Times to step to are landed on exactly, jumps too, on whatever side the field has its value", "[adaptive]") {
  const double third = 1.0 / 3;
  const auto at = [](const auto& solution, double t) {
    const auto steps = solution.steps();
    return std::count(steps.begin(), steps.end(), t);
  };
  const auto landed = solve(Problem{Turning{1}, Vector2d(1, 0), 0.0, 2.0}, Dopri5{},
                            Adaptive{.step_to = {third, 1.9, third, 0, 2, 7, 0.7}});
  CHECK((at(landed, third) == 1 && at(landed, 0.7) == 1 && at(landed, 1.9) == 1 && at(landed, 7) == 0));
  const auto back = solve(Problem{Turning{1}, Vector2d(1, 0), 2.0, 0.0}, Dopri5{}, Adaptive{.step_to = {third, 1.9}});
  CHECK((at(back, third) == 1 && at(back, 1.9) == 1 && back.ts().back() == 0));

  for (const double there : {1.0, -2.0}) {
    CAPTURE(there);
    const Problem problem{Switch{third, 1, -2, there}, One{0.5}, 0.0, 1.0};
    const auto declared = solve(problem, Dopri5{}, Adaptive{.jumps = {third}});
    CHECK(at(declared, third) == 1);
    CHECK(declared.stats().rejected == 0);
    CHECK(declared.ys().back()[0] == Approx(0.5 + third - 4.0 / 3).margin(1e-14));
    const auto pair = solve(problem, Reversible<Dopri5>{}, Adaptive{.jumps = {third}});
    CHECK(pair.stats().rejected == 0);
    CHECK(pair.ys().back()[0] == Approx(0.5 + third - 4.0 / 3).margin(1e-10));
    CHECK(solve(problem, Dopri5{}, Adaptive{}).stats().rejected > 0);
  }
}

TEMPLATE_TEST_CASE("A stiff problem ends in bounded time, says so, and keeps what it has", "[adaptive]", Dopri5,
                   Reversible<Dopri5>) {
  problems::VanDerPol<> stiff;
  stiff.theta[0] = 1e6;
  const Problem problem{stiff, Vector2d(2, 0), 0.0, 2e6};
  try {
    (void)solve(problem, TestType{}, Adaptive{}, SaveAt{.t0 = true, .steps = true});
    FAIL("nothing was thrown");
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::max_steps);
    CHECK_THAT(error.what(), ContainsSubstring("stiff"));
    const auto& partial = error.solution<Solution<Vector2d>>();
    CHECK(partial.stats().steps < 100'000);
    CHECK(static_cast<std::int64_t>(partial.ys().size()) == partial.stats().accepted + 1);
    CHECK(partial.ys().back()[0] == Approx(2).epsilon(1e-3));
  }
}

TEST_CASE("No more than max_steps are tried, and there is no gradient of that", "[adaptive]") {
  const Problem problem{Turning{1}, Vector2d(1, 0), 0.0, 100.0};
  const Adaptive few{.max_steps = 7};
  const auto solution = solve(problem, Dopri5{}, few, SaveAt{.steps = true}, OnFailure::return_status);
  CHECK(solution.status() == Status::max_steps);
  CHECK(solution.stats().steps == 7);
  CHECK(static_cast<std::int64_t>(solution.ys().size()) == solution.stats().accepted);
  CHECK_THAT(solution.failure().cause, ContainsSubstring("all 7 steps of Adaptive::max_steps"));
  CHECK_THROWS_AS((void)value_and_gradient(problem, Reversible<Dopri5>{}, few, battery::WeightedSum{}), SolveError);
  // As many as it takes are enough.
  const std::int64_t needed = solve(problem, Dopri5{}, Adaptive{}).stats().steps;
  CHECK(solve(problem, Dopri5{}, Adaptive{.max_steps = needed}).success());
  CHECK_FALSE(solve(problem, Dopri5{}, Adaptive{.max_steps = needed - 1}, {}, OnFailure::return_status).success());
}

TEMPLATE_TEST_CASE("NaN in mid-solve is rejected; if it stays, the step vanishes there", "[adaptive]", Dopri5,
                   Reversible<Dopri5>) {
  // y = √(1 − t): a trial past t = 1 meets a root of a negative number.
  struct Root {
    void operator()(double t, const One& y, One& dy) const {
      dy[0] = -0.5 / std::sqrt(1 - t) * (y[0] < 0 ? std::sqrt(-1.0) : 1.0);
    }
  };
  const auto good = solve(Problem{Root{}, One{1.0}, 0.0, 0.75}, TestType{}, Adaptive{.first_step = 0.75});
  CHECK(good.ys().back()[0] == Approx(0.5).epsilon(1e-4));
  struct Wall {
    void operator()(double t, const One&, One& dy) const {
      dy[0] = t > 0.625 ? std::numeric_limits<double>::quiet_NaN() : 1.0;
    }
  };
  const auto failed = solve(Problem{Wall{}, One{0.0}, 0.0, 1.0}, TestType{}, Adaptive{}, SaveAt{.steps = true},
                            OnFailure::return_status);
  CHECK(failed.status() == Status::step_size_vanished);
  CHECK(failed.failure().t == Approx(0.625).epsilon(1e-10));
  CHECK(failed.failure().t <= 0.625);
  CHECK(failed.failure().component == 0);
  CHECK_THAT(failed.failure().cause, ContainsSubstring("not finite"));
  CHECK(failed.ys().back().allFinite());
  CHECK(failed.ys().back()[0] == Approx(0.625).epsilon(1e-9));
}

TEST_CASE("A step of a pair that fails as it is committed leaves no trace: in bits, saves, observers or the path",
          "[adaptive]") {
  // The field fails once, at its k-th call.
  struct Once {
    int* left;
    void operator()(double, const Vector2d& y, Vector2d& dy) const {
      dy << y[1], -y[0];
      if (--*left == 0) dy[0] = std::numeric_limits<double>::quiet_NaN();
    }
  };
  const std::vector<double> times{0.1, 0.2, 0.5, 0.9, 1.3, 1.9};
  int left = 0;
  const Problem problem{Once{&left}, Vector2d(0, 1), 0.0, 2.0};
  for (int k = 3; k < 120; ++k) {
    CAPTURE(k);
    left = k;
    const auto solution = solve(problem, Reversible<Dopri5>{}, Adaptive{}, SaveAt{.times = times, .dense = true});
    CHECK(solution.ts() == times);
    for (std::size_t i = 0; i < times.size(); ++i) CHECK(std::fabs(solution.ys()[i][0] - std::sin(times[i])) < 1e-4);
    for (int i = 0; i <= 64; ++i) {
      const double t = i / 32.0;
      if (!(std::fabs(solution.evaluate(t)[0] - std::sin(t)) < 1e-4)) FAIL_CHECK("the path is broken at " << t);
    }
    left = k;
    std::vector<double> seen;
    (void)solve(problem, Reversible<Dopri5>{}, Adaptive{}, SaveAt{.times = times},
                Observer{[&](double t, const Vector2d& y) {
                  seen.push_back(t);
                  CHECK(std::fabs(y[0] - std::sin(t)) < 1e-4);
                }});
    CHECK(seen == times);
  }
}

TEST_CASE("A step that times round to t1, or to a jump, lands there, and none of no length follows") {
  // Steps are six units in the last place of the times, 4 epsilon of them.
  const double t0 = 1e11, unit = std::nextafter(t0, 2 * t0) - t0;
  for (int units = 16; units < 80; ++units) {
    CAPTURE(units);
    for (const double sign : {1.0, -1.0}) {
      const double t1 = t0 + sign * 100 * unit, jump = t0 + sign * units * unit;
      const auto solution = solve(Problem{Turning{}, Vector2d(0, 1), t0, t1}, Dopri5{},
                                  Adaptive{.dtmax = unit, .jumps = {jump}}, SaveAt{.steps = true});
      const std::vector<double>& ts = solution.ts();
      CHECK(ts.back() == t1);
      for (std::size_t i = 1; i < ts.size(); ++i) CHECK(sign * (ts[i] - ts[i - 1]) > 0);
      CHECK(std::find(ts.begin(), ts.end(), jump) != ts.end());
    }
  }
}
