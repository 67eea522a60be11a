// Ten thousand steps of a heat equation and more, and the gradient of its mean at the end with respect to all of its start:
//   u_t = (1 − u) u_xx,   −1 ≤ x ≤ 1,   u = x² at t = 0,   u = 1 at both ends,   0 ≤ t ≤ 1,
// at 50 points (docs of diffrax, "nonlinear heat PDE", where a reversible pair needs checkpoints on its way). By the exact pair, which needs none; by
// the floating pair, whose round-off grows by 1/λ a step; by methods that are effectively symmetric, EES(2,5) and EES(2,7) (arXiv 2507.21006), whose way
// back is the heat equation backwards, where round-off explodes; and with checkpoints. The two that cannot are refused, not wrong. Then EES(2,7)
// goes back along a network, as in its own benchmark.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/progress.hpp"
#include "support/random.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::VectorXd;

constexpr Index points = 50;
constexpr double per_dx2 = (points - 1) * (points - 1) / 4.0;

struct Heat {
  static constexpr bool autonomous = true;
  void operator()(double, const VectorXd& u, VectorXd& du) const {
    du[0] = du[points - 1] = 0;
    for (Index i = 1; i + 1 < points; ++i) du[i] = (1 - u[i]) * (u[i + 1] - 2 * u[i] + u[i - 1]) * per_dx2;
  }
  void vjp(double, const VectorXd& u, const VectorXd& w, VectorXd& u_bar, auto&) const {
    for (Index i = 1; i + 1 < points; ++i) {
      const double spread = w[i] * (1 - u[i]) * per_dx2;
      u_bar[i - 1] += spread;
      u_bar[i + 1] += spread;
      u_bar[i] -= 2 * spread + w[i] * (u[i + 1] - 2 * u[i] + u[i - 1]) * per_dx2;
    }
  }
};

const Problem heat{Heat{}, VectorXd(VectorXd::LinSpaced(points, -1, 1).array().square()), 0.0, 1.0};
const TerminalLoss mean{[](const VectorXd& u, VectorXd& u_bar) {
  u_bar.setConstant(1.0 / points);
  return u.mean();
}};

support::Expectations expectations;

// A way to the gradient beside that of stored states of the same steps.
template <class M, class Adjoint, class Stored>
VectorXd row(const char* name, std::int64_t steps, const M& method, const Adjoint& adjoint, const Stored& stored,
             bool right) {
  const auto expected = value_and_gradient(heat, stored, FixedSteps{steps}, mean, DirectAdjoint{});
  const support::Stopwatch stopwatch;
  const auto got = value_and_gradient(heat, method, FixedSteps{steps}, mean, adjoint, OnFailure::return_status);
  const double seconds = stopwatch.seconds();
  const double off = got.success() ? (got.gradient.y0 - expected.gradient.y0).norm() / expected.gradient.y0.norm() : 1;
  std::printf("  %-36s %8.3f s  %9.1f kB  %10lld evaluations back,  off by %.0e  %s\n", name, seconds,
              static_cast<double>(got.stats.bytes_kept) / 1024, static_cast<long long>(got.gradient.stats.evaluations),
              off, got.success() ? "" : "refused");
  expectations.expect(got.success() == right, std::string(name) + (right ? " has no gradient" : " is not refused"));
  expectations.expect(!right || off < 1e-8, std::string(name) + " is off");
  return got.gradient.y0;
}

// The loss is the sum of 50 saved states along ½ MLP, 10 to 10 five times, relu.
double along_a_network() {
  Mlp<double, RuntimeLayers, Relu> network{{10, 10, 10, 10, 10, 10}};
  support::Random random(1);
  network.initialise(
      [&](const MlpParameter& p) { return (p.layer == 4 ? 0.5 : 1.0) * FanInUniform{random.engine()}(p); });
  const Problem problem{network, VectorXd(VectorXd::LinSpaced(10, 1, 10)), 0.0, 5.0};
  const auto sum = [](const auto& ys, auto& ys_bar) {
    double value = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      value += ys[i].sum();
      ys_bar[i].setOnes();
    }
    return value;
  };
  const SaveAt saves{.every = 10};
  const auto back = value_and_gradient(problem, NearlyReversible<EES27>{}, FixedSteps{500}, sum, saves);
  const auto stored = value_and_gradient(problem, EES27{}, FixedSteps{500}, sum, saves, DirectAdjoint{});
  const double off = (back.gradient.theta - stored.gradient.theta).cwiseAbs().maxCoeff();
  std::printf(
      "A network of relu, 500 steps: EES27 by stepping back is off by %.0e in its gradient, in its start by %.0e\n",
      off, back.gradient.stats.drift);
  return off;
}

void write(const VectorXd& gradient) {
  SaveAt tenths;
  for (int k = 0; k <= 10; ++k) tenths.times.push_back(k / 10.0);
  const auto us = solve(heat, Tsit5{}, FixedSteps{10'000}, tenths).ys();
  support::Csv csv("heat.csv", {"tenth", "x", "u", "gradient"});
  for (std::size_t k = 0; k < us.size(); ++k)
    for (Index i = 0; i < points; ++i)
      csv.row({static_cast<double>(k), 2.0 * static_cast<double>(i) / (points - 1) - 1, us[k][i], gradient[i]});
}

int main() try {
  VectorXd gradient;
  for (const std::int64_t steps : {10'000, 20'000, 100'000}) {
    std::printf("%lld steps\n", static_cast<long long>(steps));
    const auto half = Reversible<Tsit5>{};
    gradient = row("Reversible<Tsit5>, exact, 1/2", steps, half, ReversibleAdjoint{}, half, true);
    row("Reversible<Midpoint>, exact, 1/2", steps, Reversible<Midpoint>{}, ReversibleAdjoint{}, Reversible<Midpoint>{},
        true);
    row("NearlyReversible<EES25>", steps, NearlyReversible<EES25>{}, ReversibleAdjoint{}, EES25{}, false);
    row("NearlyReversible<EES27>", steps, NearlyReversible<EES27>{}, ReversibleAdjoint{}, EES27{}, false);
    row("EES27, 125 checkpoints", steps, EES27{}, CheckpointedAdjoint{.slots = 125}, EES27{}, true);
    row("Tsit5, 125 checkpoints", steps, Tsit5{}, CheckpointedAdjoint{.slots = 125}, Tsit5{}, true);
    const VectorXd plain = row("Tsit5, states stored", steps, Tsit5{}, DirectAdjoint{}, Tsit5{}, true);
    expectations.expect((gradient - plain).norm() < 1e-8 * plain.norm(),
                        "the pair's gradient is not that of its method");
    row("Reversible<Tsit5, Floating>, 1/2", steps, Reversible<Tsit5, Floating>{.lambda = 0.5}, ReversibleAdjoint{},
        half, false);
  }
  write(gradient);
  support::draw("heat", 900, 380);
  expectations.expect(along_a_network() < 1e-5, "EES27 is off along a network");
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
