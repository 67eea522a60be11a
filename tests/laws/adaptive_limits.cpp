// Where adaptive steps come to an end or to an edge, for every method with an error estimate and every adjoint: scales of time,
// steps that vanish, stiffness, and fields that jump.
#include "laws/adaptive_edge_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace antistrophe::laws {
namespace {

// y1' = ω y2, y2' = −ω y1.
struct Turning {
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

ProblemOf<Vector2d> turning(double speed, const Vector2d& y0, double t0, double t1) {
  return erased_problem<Vector2d>(Turning{speed}, y0, t0, t1);
}

// y1' = θ0 before `at`, θ1 after it; and at it, `there`. y2 rests.
struct Switch {
  double at, there;
  Eigen::Vector2d theta;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double t, const auto&, auto& dy) const {
    dy[0] = t < at ? theta[0] : t > at ? theta[1] : there;
    dy[1] = 0;
  }
  void vjp(double t, const auto&, const auto& w, auto&, auto& theta_bar, auto&) const {
    if (t != at) theta_bar[t < at ? 0 : 1] += w[0];
  }
};

ProblemOf<Vector2d> switching(double at, double there, const Vector2d& theta, double y0, double t0, double t1) {
  return erased_problem<Vector2d>(Switch{at, there, theta}, Vector2d(y0, 0), t0, t1);
}

// --- 11. Scales of time -------------------------------------------------------------------------------------------------------

LAW("Adaptive steps: 11. Solves to 1e-11 and to 1e11 are the same but for the unit of time", "[edge_cases]",
    adaptive_methods()) {
  const double c = std::cos(3.0), s = std::sin(3.0);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const auto to = [&](double t1) {
      return m.solve_with_pullback(turning(3 / t1, {1, 0.5}, 0, t1), by_rule(m),
                                   SaveAt{.times = {t1 / 4, t1 / 2}, .t1 = true}, adjoint);
    };
    const std::int64_t accepted = to(1).stats().accepted;
    for (const double t1 : {1e-11, 1e11, -1e-11, -1e11}) {
      CAPTURE(t1);
      auto pass = to(t1);
      REQUIRE(pass.ts() == std::vector<double>{t1 / 4, t1 / 2, t1});
      // Only the first step's rule knows units: from its worst guess, 22 decades off, tenfold steps get back.
      CHECK(std::abs(pass.stats().accepted - accepted) <= 22);
      // Some tens of steps at the tolerance.
      CHECK((pass.ys()[2] - Eigen::Vector2d(c + s / 2, c / 2 - s)).cwiseAbs().maxCoeff() < 100 * tolerance(m));
      const auto gradient = pass.pullback({Eigen::Vector2d(0, 0), Eigen::Vector2d(0, 0), Eigen::Vector2d(1, 0)});
      CHECK((gradient.y0 - Eigen::Vector2d(c, s)).cwiseAbs().maxCoeff() < 100 * tolerance(m));
      CHECK(gradient.t1 * t1 == Approx(3 * (c / 2 - s)).epsilon(100 * tolerance(m)));
    }
  });
}

// --- 12. Steps that vanish ------------------------------------------------------------------------------------------------------

LAW("Adaptive steps: 12. A step that vanishes is given up", "[edge_cases]", adaptive_methods()) {
  // Half a turn in a thousandth of the distance between neighbouring numbers.
  const auto fast = turning(2e4, {1, 0}, 1e16, 1e16 + 200);
  const auto vanished = m.solve(fast, by_rule(m), SaveAt{.t0 = true, .steps = true}, OnFailure::return_status);
  // The last trial of an exact pair, of an increment of 2e4 · 200 at first, may leave the range of its numbers, ±512.
  CHECK((vanished.status() == Status::step_size_vanished || (m->exact && vanished.status() == Status::out_of_range)));
  CHECK(vanished.ts() == vanished.steps());
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    CHECK_THROWS_AS((void)m.solve_with_pullback(fast, by_rule(m), {}, adjoint), SolveError);
  });
  // A first step that t0 cannot resolve.
  Adaptive tiny = by_rule(m);
  tiny.first_step = 1e-30;
  const auto grown = m.solve(turning(1, {1, 0}, 1, 2), tiny, {}, OnFailure::return_status);
  CHECK(grown.stats().steps < 1000);
  if (grown.success()) CHECK(grown.ts().back() == 2.0);
  // Ends a few numbers apart, either way.
  for (const double next : {std::nextafter(1.0, 2.0), std::nextafter(1.0, 0.0)}) {
    const auto short_way = m.solve(turning(1, {1, 0.5}, 1, next), by_rule(m));
    CHECK(short_way.ts() == std::vector<double>{next});
    CHECK((short_way.ys()[0] - Eigen::Vector2d(1, 0.5)).norm() < 1e-14);
  }
  // Clipped at the end, and rejected there.
  const auto clipped = m.solve(switching(1 - 1e-9, 0, {0, 1e6}, 0, 0, 1), by_rule(m));
  CHECK(clipped.ts().back() == 1.0);
  // Methods whose estimate has a stage there see the jump.
  if (m->sees_the_end) CHECK(clipped.stats().rejected > 0);
}

// --- 14. Stiffness ----------------------------------------------------------------------------------------------------------------

LAW("Adaptive steps: 14. A stiff problem ends in bounded time, says so, and keeps what it has", "[edge_cases]",
    adaptive_methods()) {
  problems::VanDerPol<> stiff;
  stiff.theta[0] = 1e6;
  const auto problem = erased_problem<Vector2d>(stiff, Vector2d(2, 0), 0, 2e6);
  const SaveAt nodes{.t0 = true, .steps = true};
  const auto look = [&](const Failure& failure, const Solution<Eigen::Vector2d>& partial) {
    CHECK((failure.status == Status::max_steps || failure.status == Status::unstable));
    CHECK(failure.cause.find("stiff") != std::string::npos);
    CHECK(partial.stats().steps < 100'000);
    REQUIRE(static_cast<std::int64_t>(partial.ys().size()) == partial.stats().accepted + 1);
    // A floating pair at λ = 0.9 wanders before it is found out.
    if (!m->reversible || m->exact) CHECK(partial.ys().back()[0] == Approx(2).epsilon(1e-3));
    CHECK(partial.ys().back().allFinite());
    CHECK(partial.ts().back() == failure.t);
  };
  const auto returned = m.solve(problem, Adaptive{}, nodes, OnFailure::return_status);
  look(returned.failure(), returned);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    try {
      (void)m.solve_with_pullback(problem, Adaptive{}, nodes, adjoint);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      CHECK_THAT(error.what(), Catch::Matchers::ContainsSubstring("stiff"));
      look({error.status(), error.t(), error.step(), error.component(), error.cause()},
           error.solution<Solution<Eigen::Vector2d>>());
    }
  });
}

// --- 19. Fields that jump -----------------------------------------------------------------------------------------------------------

// The time of the jump is named: no trial is rejected for it, and the gradient is that of the closed form, on whatever side the
// field has its value there, and either way in time.
LAW("Adaptive steps: 19. A jump of the field that is named is landed on, with the right gradient", "[edge_cases]",
    adaptive_methods()) {
  const double third = 1.0 / 3;
  for (const double there : {1.0, -2.0})
    for (const bool forth : {true, false}) {
      CAPTURE(there, forth);
      const double t0 = forth ? 0 : 1, t1 = 1 - t0, sign = forth ? 1 : -1;
      const auto problem = switching(third, there, {1, -2}, 0.5, t0, t1);
      Adaptive options = by_rule(m);
      options.jumps = {third};
      const SaveAt save_at{.times = forth ? std::vector<double>{0.2, third, 0.9, 1}
                                          : std::vector<double>{0.9, third, 0.2, 0}};
      // From t0 on, how long each branch has been followed at each of these times.
      std::vector<Eigen::Vector2d> spent;
      for (const double t : save_at.times) {
        const double low = std::min(t, t0), high = std::max(t, t0);
        spent.push_back(sign * Eigen::Vector2d(std::min(high, third) - std::min(low, third),
                                               std::max(high, third) - std::max(low, third)));
      }
      const double resolution = m->exact ? 1e-13 : 1e-14;
      with_adjoints(m, [&](const AnyAdjoint& adjoint) {
        auto pass = m.solve_with_pullback(problem, options, save_at, adjoint);
        const std::vector<double> nodes = pass.solution().steps();
        CHECK(std::count(nodes.begin(), nodes.end(), third) == 1);
        CHECK(pass.stats().rejected == 0);
        const std::vector<Vector2d> w{{1.0, 0}, {-3.0, 0}, {0.5, 0}, {2.0, 0}};
        Eigen::Vector2d expected(0, 0);
        for (std::size_t i = 0; i < w.size(); ++i) {
          CHECK(pass.ys()[i][0] == Approx(0.5 + spent[i].dot(problem.field.theta)).margin(resolution));
          expected += w[i][0] * spent[i];
        }
        const auto gradient = pass.pullback(w);
        CHECK((gradient.theta - expected).cwiseAbs().maxCoeff() < 1e-13);
        CHECK(gradient.y0[0] == Approx(0.5).epsilon(1e-13));
      });
    }
}

// The time of the jump is not named: an estimate that meets it makes the controller reject trials, for what it is worth there.
// The gradient is still that of the steps taken, by both adjoints; of the time's own dependence on parameters it knows nothing.
LAW("Adaptive steps: 19. One that is not named is found by rejections", "[edge_cases]", adaptive_methods()) {
  const auto problem = switching(1.0 / 3, 1, {1, -2}, 0.5, 0, 1);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    auto pass = m.solve_with_pullback(problem, by_rule(m), {}, adjoint);
    const auto gradient = pass.pullback({Vector2d(1.0, 0)});
    CHECK(gradient.theta[0] + gradient.theta[1] == Approx(1).epsilon(1e-12));  // every stage is on one side
    CHECK(pass.ys()[0][0] == Approx(0.5 + gradient.theta.dot(problem.field.theta)).margin(1e-12));
    // Methods whose estimate looks at the step's end see that there is something; others may step over it.
    if (!m->sees_the_end) return;
    CHECK(pass.stats().rejected > 0);
    CHECK(pass.ys()[0][0] == Approx(0.5 + 1.0 / 3 - 4.0 / 3).margin(0.03));
    CHECK(gradient.theta[0] == Approx(1.0 / 3).margin(0.03));
  });
}

}  // namespace
}  // namespace antistrophe::laws
