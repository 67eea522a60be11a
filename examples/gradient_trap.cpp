// The gradient trap. A controller sees the error of the state, not that of its sensitivities:
//   u1' = a u1 − u1 u2,   u2' = −a u2 + u1 u2,   a = 1,   u(0) = (1, 1),   L = Σ (u1 + u2) at t = 0.1, 0.2, …, 10.
// The state rests at a fixed point, so every error estimate is 0 and steps would grow tenfold each, while ∂u/∂a oscillates.
// The gradient is then exact for the seven steps taken, and far from what it is for the equation, 212.7104. By default
// Adaptive guards against it; four other ways out.
#include "support/expect.hpp"

#include <antistrophe/antistrophe.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace antistrophe;

// θ = (a).
struct Resting {
  Eigen::Vector<double, 1> theta{1.0};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double, const auto& u, auto& du) const {
    du[0] = theta[0] * u[0] - u[0] * u[1];
    du[1] = -theta[0] * u[1] + u[0] * u[1];
  }
  void vjp(double, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    u_bar[0] += (theta[0] - u[1]) * w[0] + u[1] * w[1];
    u_bar[1] += -u[0] * w[0] + (u[0] - theta[0]) * w[1];
    theta_bar[0] += u[0] * w[0] - u[1] * w[1];
  }
};

// The same with its sensitivity, (u, s), s = ∂u/∂a: s' = (∂f/∂u) s + ∂f/∂a. For the sake of its steps.
struct WithSensitivity {
  double a = 1;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = a * y[0] - y[0] * y[1];
    dy[1] = -a * y[1] + y[0] * y[1];
    dy[2] = (a - y[1]) * y[2] - y[0] * y[3] + y[0];
    dy[3] = y[1] * y[2] + (y[0] - a) * y[3] - y[1];
  }
};

int main() try {
  const Problem problem{Resting{}, Eigen::Vector2d{1, 1}, 0.0, 10.0};
  std::vector<double> times;
  for (int i = 1; i <= 100; ++i) times.push_back(i / 10.0);
  support::Expectations result;
  const auto row = [&](const char* name, const auto& method, const auto& steps, double expected) {
    auto pass = solve_with_pullback(problem, method, steps, SaveAt{times});
    const auto gradient = pass.pullback(std::vector<Eigen::Vector2d>(times.size(), Eigen::Vector2d::Ones()));
    const double slope = gradient.theta[0];
    std::printf("  %-56s %10.4f   %lld steps\n", name, slope, static_cast<long long>(pass.stats().accepted));
    result.expect(std::fabs(slope - expected) < 1e-3, std::string(name) + " gives another gradient");
  };
  constexpr double right = 212.7104;
  std::printf("dL/da by Dopri5's exact pair; the equation's is %.4f\n", right);
  row("Adaptive{.sensitivity_guard = false}", Reversible<Dopri5>{}, Adaptive{.sensitivity_guard = false}, 13824.3540);
  row("Adaptive{.sensitivity_guard = false}, plain Tsit5", Tsit5{}, Adaptive{.sensitivity_guard = false}, 6278.2104);
  row("Adaptive{}", Reversible<Dopri5>{}, Adaptive{}, right);
  row("Adaptive{}, plain Tsit5", Tsit5{}, Adaptive{}, right);
  row("FixedSteps{100}", Reversible<Dopri5>{}, FixedSteps{100}, right);
  row("… and .dtmax = 0.5", Reversible<Dopri5>{}, Adaptive{.dtmax = 0.5, .sensitivity_guard = false}, right);
  row("… and .step_to = times", Reversible<Dopri5>{}, Adaptive{.step_to = times, .sensitivity_guard = false}, right);
  const Problem seeing{WithSensitivity{}, Eigen::Vector4d{1, 1, 0, 0}, 0.0, 10.0};
  const auto steps = solve(seeing, Dopri5{}, Adaptive{}).steps();
  row("StepTo{the steps of a solve that sees the sensitivity}", Reversible<Dopri5>{}, StepTo{steps}, right);
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
