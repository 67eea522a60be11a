// The symplectic ODE-Net of an acrobot, and what the seminorm of "Hey, that's not an ODE" spares on its way back (Kidger, Chen & Lyons, ICML 2021,
// arXiv 2009.09457). Two rods with torques u at their joints are seen in windows of 8 states, 0.05 apart; y = (cos θ, sin θ, θ', u), two of each.
// One network N, 4–w–w–8, gives of q = (cos θ, sin θ) a triangle L with M⁻¹ = L Lᵀ + 0.1, a potential V and a 2×2 matrix g, and with p = M θ'
//   H = ½ pᵀ M⁻¹ p + V,   p' = −∂H/∂θ + g u,   θ'' = M⁻¹ p' + (M⁻¹)' p,
// so that f has derivatives of N in it: by the two angles, tangents, which go through N beside the values. Trained by ReversibleHeun's exact
// gradients; then the adjoint equation is solved to several tolerances, in the full norm and in the seminorm. Argument: `full` for wider N.
#include "support/acrobot.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/minibatches.hpp"
#include "support/norms.hpp"
#include "support/stopwatch.hpp"
#include "support/symplectic_net.hpp"

#include <antistrophe/antistrophe.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::MatrixXd;
using support::Windows, support::chosen, support::window_times;

Problem<support::SymplecticNet, MatrixXd> problem(const support::SymplecticNet& net, const Windows& windows) {
  return {net, windows[0], 0.0, 0.35};
}

// What the adjoint equation costs, in either norm: three gradients of 48 windows for each tolerance. The most that the seminorm spares, in per cent.
double table(const char* name, double number, const support::SymplecticNet& net, const Windows& windows,
             const SaveAt& at, support::Csv& csv, support::Expectations& expectations) {
  std::printf("%s\n", name);
  double most = 0;
  for (const double rtol : {1e-4, 1e-5, 1e-6, 1e-7}) {
    support::NormsCompared row{.rtol = rtol};
    for (std::size_t third = 0; third < 3; ++third) {
      std::vector<std::size_t> columns;
      for (std::size_t i = 0; i < 48; ++i) columns.push_back(third + 3 * i);
      const Windows some = chosen(windows, columns);
      const MeanSquaredError<MatrixXd> loss{at.times.size() > 1 ? some : Windows{some.back()}};
      row.add([&](const auto& method, const auto& adjoint) {
        const Adaptive steps{.rtol = rtol, .atol = rtol};
        const auto found = value_and_gradient(problem(net, some), method, steps, loss, at, adjoint);
        return support::CountedGradient{found.gradient.theta, found.stats.evaluations,
                                        found.gradient.stats.evaluations};
      });
    }
    const auto forth = static_cast<double>(row.forth), reversible = static_cast<double>(row.reversible);
    const auto full = static_cast<double>(row.full), seminorm = static_cast<double>(row.seminorm);
    std::printf(
        "  rtol = atol = %.0e %5.0f forth; back: reversible %5.0f, full norm %5.0f (%.0e), seminorm %5.0f (%.0e), "
        "%4.1f %% fewer\n",
        rtol, forth, reversible, full, row.full_error, seminorm, row.seminorm_error, row.fewer());
    csv.row({number, rtol, forth, reversible, full, seminorm, row.full_error, row.seminorm_error});
    expectations.expect(row.seminorm_error < 2 * row.full_error + 100 * rtol, "the seminorm spoils a gradient");
    expectations.expect(seminorm <= 1.05 * full, "the seminorm takes more evaluations");
    most = std::max(most, row.fewer());
  }
  return most;
}

int main(int argc, char** argv) try {
  const bool in_full = argc > 1 && std::string(argv[1]) == "full";
  const int epochs = in_full ? 200 : 60;
  const Windows training = support::simulated(in_full ? 32 : 8, 1), testing = support::simulated(3, 2);
  const auto count = static_cast<std::size_t>(training[0].cols());
  support::SymplecticNet net(in_full ? 128 : 32, 3);
  const auto loss_of = [&](const Windows& windows) {
    const auto ys = solve(problem(net, windows), Dopri5{}, Adaptive{}, window_times()).ys();
    auto unused = ys;
    return MeanSquaredError<MatrixXd>{windows}(ys, unused);
  };
  support::Expectations expectations;
  {
    support::Csv csv("acrobot.csv", {"case", "rtol", "forth", "reversible", "full", "seminorm", "error", "its error"});
    const double untrained = table("untrained, 8 saves", 0, net, training, window_times(), csv, expectations);
    const double before = loss_of(testing);
    const support::Stopwatch stopwatch;
    const auto losses = support::train(
        net.parameters(), {.samples = count, .batch = 48, .epochs = epochs, .adamw = {.rate = 3e-3}, .seed = 4},
        "training", [&](const std::vector<std::size_t>& columns) {
          const Windows some = chosen(training, columns);
          auto found = value_and_gradient(problem(net, some), ReversibleHeun<>{}, FixedSteps{28},
                                          MeanSquaredError<MatrixXd>{some}, window_times());
          return support::ValueAndGradient{found.value, found.gradient.theta};
        });
    support::write_epochs("acrobot_training.csv", {"epoch", "loss"}, {losses});
    const double after = loss_of(testing);
    std::printf("trained in %.1f s: mean square error of other swings %.3g, %.3g before\n", stopwatch.seconds(), after,
                before);
    const double trained = table("trained, 8 saves", 1, net, training, window_times(), csv, expectations);
    table("trained, the last state alone", 2, net, training, SaveAt{.times = {0.35}}, csv, expectations);
    expectations.expect(after < before / 10, "the net has not learnt the acrobot");
    expectations.expect(untrained >= 15, "the seminorm spares less than 15 % of an untrained net's evaluations");
    expectations.expect(trained < untrained, "training does not lessen what the seminorm spares");
  }
  support::draw("acrobot", 900, 380);
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
