// SaveAt{…}.of(g): g(t, y) is saved in the place of y, and its cotangents flow through g's vjp.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;
using Eigen::Vector3d;

namespace {

// A driven oscillator, θ = (ω, c): y' = v, v' = −ω² y − c v + sin t.
struct Driven {
  Eigen::Vector2d theta{1.7, 0.3};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double t, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -theta[0] * theta[0] * y[0] - theta[1] * y[1] + std::sin(t);
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    y_bar[0] -= theta[0] * theta[0] * w[1];
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[0] -= 2 * theta[0] * y[0] * w[1];
    theta_bar[1] -= y[1] * w[1];
    t_bar += std::cos(t) * w[1];
  }
};

// One number: t y² + v.
struct Energy {
  double operator()(double t, const auto& y) const { return t * y[0] * y[0] + y[1]; }
  void vjp(double t, const auto& y, double w, auto& y_bar, auto& t_bar) const {
    y_bar[0] += 2 * t * y[0] * w;
    y_bar[1] += w;
    t_bar += y[0] * y[0] * w;
  }
};

// More numbers than the state has, as an expression.
struct Features {
  auto operator()(double, const auto& y) const { return Vector3d(y[0], y[1], y[0] * y[1]); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] += w[0] + y[1] * w[2];
    y_bar[1] += w[1] + y[0] * w[2];
  }
};

const Problem problem{Driven{}, Vector2d(1, -0.4), 0.5, 4.0};
const SaveAt everywhere{.times = {0.5, 0.9, 0.9, 2.718, 4.0}, .t0 = true, .t1 = true};

// Of numbers and of vectors alike: Σ sin(i + 1) |g_i|².
struct SumOfSquares {
  template <class Saved>
  double operator()(const std::vector<Saved>& values, std::vector<Saved>& bar) const {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double weight = std::sin(static_cast<double>(i) + 1);
      if constexpr (std::is_same_v<Saved, double>)
        sum += weight * values[i] * values[i];
      else
        sum += weight * values[i].squaredNorm();
      bar[i] = 2 * weight * values[i];
    }
    return sum;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("What is saved is g of the states that would have been saved, at the same times", "[save_at]",
                   Dopri5, Reversible<Dopri5>, (Reversible<RK4, Floating>)) {
  const auto check = [&](const auto& steps) {
    const auto states = solve(problem, TestType{}, steps, everywhere);
    const auto energies = solve(problem, TestType{}, steps, everywhere.of(Energy{}));
    static_assert(std::is_same_v<decltype(energies.ys()), const std::vector<double>&>);
    REQUIRE(energies.ts() == states.ts());
    REQUIRE(states.ts().size() == 5);
    for (std::size_t i = 0; i < states.ts().size(); ++i)
      CHECK(energies.ys()[i] == Energy{}(states.ts()[i], states.ys()[i]));
    CHECK(energies.stats().evaluations == states.stats().evaluations);
    CHECK(energies.steps() == states.steps());
    const auto features = solve(problem, TestType{}, steps, everywhere.of(Features{}));
    static_assert(std::is_same_v<decltype(features.ys()), const std::vector<Vector3d>&>);
    for (std::size_t i = 0; i < states.ts().size(); ++i) CHECK(features.ys()[i] == Features{}(0, states.ys()[i]));
    auto pass = solve_with_pullback(problem, TestType{}, steps, everywhere.of(Energy{}));
    CHECK(pass.ys() == energies.ys());
    CHECK(pass.ts() == energies.ts());
  };
  check(FixedSteps{40});
  if constexpr (!std::is_same_v<TestType, Reversible<RK4, Floating>>) check(Adaptive{.sensitivity_guard = false});
}

TEMPLATE_TEST_CASE("Gradients flow through g, and through its time where that moves", "[save_at]", Dopri5,
                   Reversible<Dopri5>) {
  CHECK(check_gradient(problem, TestType{}, FixedSteps{30}, SumOfSquares{}, everywhere.of(Energy{})));
  CHECK(check_gradient(problem, TestType{}, FixedSteps{30}, SumOfSquares{}, everywhere.of(Features{})));
  CHECK(check_gradient(problem, TestType{}, Adaptive{}, SumOfSquares{}, everywhere.of(Energy{})));
  // The times of nodes move with t0 and t1, and g sees them.
  CHECK(check_gradient(problem, TestType{}, FixedSteps{30}, SumOfSquares{},
                       SaveAt{.t0 = true, .steps = true}.of(Energy{})));
  CHECK(check_gradient(problem, TestType{}, FixedSteps{30}, SumOfSquares{}, SaveAt{.every = 7}.of(Energy{})));
  CHECK(check_gradient(problem, TestType{}, FixedSteps{30}, SumOfSquares{}, SaveAt{}.of(Energy{})));
  // A terminal loss takes a number as well.
  const TerminalLoss identity{[](double value, double& bar) {
    bar = 1;
    return value;
  }};
  CHECK(check_gradient(problem, TestType{}, FixedSteps{30}, identity, SaveAt{}.of(Energy{})));
}

TEST_CASE("An observer is handed g, and may stop the solve", "[save_at]") {
  std::vector<double> seen, times;
  const auto solution = solve(problem, Dopri5{}, FixedSteps{40}, SaveAt{.t0 = true, .steps = true}.of(Energy{}),
                              Observer{[&](double t, double value) {
                                times.push_back(t), seen.push_back(value);
                                return seen.size() < 5;
                              }});
  CHECK(solution.status() == Status::stopped);
  CHECK(solution.ys().empty());
  CHECK(seen.size() == 5);
  const auto all = solve(problem, Dopri5{}, FixedSteps{40}, SaveAt{.t0 = true, .steps = true}.of(Energy{}));
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK((times[i] == all.ts()[i] && seen[i] == all.ys()[i]));
}

TEST_CASE("A solve that fails keeps what g gave up to there", "[save_at]") {
  struct Explodes {
    void operator()(double, const Vector2d& y, Vector2d& dy) const { dy = y.array().square(); }
  };
  const Problem pole{Explodes{}, Vector2d(1, 0.5), 0.0, 2.0};
  const auto save_at = SaveAt{.steps = true}.of(Features{});
  const auto partial = solve(pole, Dopri5{}, Adaptive{}, save_at, OnFailure::return_status);
  CHECK(partial.failed());
  CHECK(partial.ys().size() > 5);
  try {
    (void)solve(pole, Dopri5{}, Adaptive{}, save_at);
    FAIL("it should have thrown");
  } catch (const SolveError& error) {
    CHECK(error.solution<Solution<Vector2d, Vector3d>>().ys() == partial.ys());
  }
}
