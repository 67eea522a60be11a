// A stochastic equation is learnt from moments of its paths: 80 starts, 45 paths of each of
//   dX = (0.2 t − 0.1 X) dt + (0.6 + 0.15 t) dW,   0 ≤ t ≤ 10.
// Drift and diffusion are networks of (t, x); the loss is the divergence of N(predicted mean, variance) from N(that of the data), over starts
// and times (Norcliffe & Deisenroth, TMLR 2023, arXiv 2308.10644). There noise is made smooth, the first ten terms of its cosine series, new
// ones for each gradient, and the equation an ordinary one (Wong & Zakai); here too, and the stochastic equation is fitted as it is, by
// methods that go back along its path exactly. Argument: `full` trains five times as long.
#include "support/csv.hpp"
#include "support/driven_networks.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/minibatches.hpp"
#include "support/moments.hpp"
#include "support/random.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/noise/stochastic_field.hpp>
#include <antistrophe/noise/wong_zakai_path.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::ArrayXd, Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;
using support::each_start, support::Moments;
using Network = Mlp<double, RuntimeLayers, Tanh, TimeAndState>;
using Driven = support::DrivenNetworks<Network>;

constexpr std::size_t starts = 80, batch = 10;
constexpr Index paths = 20, times = 10;
constexpr double horizon = 10;

SaveAt save_times() {
  SaveAt result;
  for (int k = 1; k <= times; ++k) result.times.push_back(horizon * k / times);
  return result;
}

VectorXd random_starts(Index count, unsigned seed) {
  support::Random random(seed);
  return VectorXd::NullaryExpr(count, [&] { return random.uniform(-3, 3); });
}

Moments simulated(const VectorXd& x0, Index paths_of_each) {
  const auto drift = [](double t, const auto& x, auto& dx) { dx.array() = 0.2 * t - 0.1 * x.array(); };
  const auto sigma = [](double t, const auto&, auto& s) { s.setConstant(0.6 + 0.15 * t); };
  const MatrixXd y0 = each_start(x0, paths_of_each);
  const StochasticField field{drift, DiagonalNoise{sigma},
                              BrownianPath{.seed = 1, .samples = y0.cols(), .t1 = horizon}};
  return {solve(Problem{field, y0, 0.0, horizon}, Midpoint{}, FixedSteps{100}, save_times()).ys(), x0.size()};
}

// What is learnt, as a smooth and as a stochastic equation, along the path of a seed.
auto smooth(const Driven& driven, const MatrixXd& y0, std::uint64_t seed) {
  const WongZakaiPath path({.seed = seed, .samples = y0.cols(), .t1 = horizon}, 10, TimeChannel::first);
  return Problem{ControlledField{driven, path}, y0, 0.0, horizon};
}
auto stochastic(const Driven& driven, const MatrixXd& y0, std::uint64_t seed) {
  StochasticField field{driven.f, DiagonalNoise{driven.g},
                        BrownianPath{.seed = seed, .samples = y0.cols(), .t1 = horizon, .tolerance = horizon / 256}};
  field.parameters() = driven.theta;
  return Problem{field, y0, 0.0, horizon};
}

support::Expectations expectations;
struct Files {
  support::Csv training{"ornstein_uhlenbeck_training.csv", {"way", "epoch", "divergence"}};
  support::Csv moments{"ornstein_uhlenbeck.csv", {"way", "t", "mean", "deviation", "exact mean", "exact deviation"}};
  int ways = 0;
};

template <class MakeProblem, class M, class StepsType, class... Adjoint>
void learn(Files& files, const char* name, int epochs, const MakeProblem& make, const M& method, const StepsType& steps,
           const Adjoint&... adjoint) {
  const VectorXd x0 = random_starts(starts, 1);
  const Moments data = simulated(x0, 45);
  support::Random random(2);
  Driven learnt(Network{{2, 8, 8, 1}}, random.engine());
  const support::Stopwatch stopwatch;
  std::int64_t evaluations = 0;
  int gradients = 0, refused = 0;
  const auto rate = [&](int epoch) { return 2e-2 * (epochs - epoch) / epochs; };
  const support::Training training{starts, batch, epochs, {.decay = 0}, 3, rate};
  const auto losses = support::train(learnt.theta, training, name, [&](const std::vector<std::size_t>& chosen) {
    const auto problem = make(learnt, each_start(x0(chosen), paths), static_cast<std::uint64_t>(++gradients));
    const auto found = value_and_gradient(problem, method, steps, support::MomentsDivergence{data[chosen]},
                                          save_times(), adjoint..., OnFailure::return_status);
    if (!found.success()) {  // a state that cannot be solved backwards has no gradient
      ++refused;
      return support::ValueAndGradient{};
    }
    evaluations += found.stats.evaluations + found.gradient.stats.evaluations;
    return support::ValueAndGradient{found.value, found.gradient.theta};
  });
  const double seconds = stopwatch.seconds(), way = ++files.ways;
  for (std::size_t i = 0; i < losses.size(); ++i) files.training.row({way, static_cast<double>(i + 1), losses[i]});

  // New starts, and many paths of each, of the stochastic equation itself.
  const VectorXd test = random_starts(20, 4);
  const Moments met(
      solve(stochastic(learnt, each_start(test, 400), 99), Midpoint{}, FixedSteps{100}, save_times()).ys(), 20);
  ArrayXd off = ArrayXd::Zero(4), size = off;  // of means and deviations, at t = 5 and 10, over the starts
  for (Index k = 0; k < times; ++k)
    for (Index i = 0; i < 20; ++i) {
      const double t = save_times().times[static_cast<std::size_t>(k)];
      const auto [mean, deviation] = support::exact_moments(test[i], t);
      const double root = std::sqrt(met.variance(i, k));
      if (i == 0) files.moments.row({way, t, met.mean(i, k), root, mean, deviation});
      if (k != times / 2 - 1 && k != times - 1) continue;
      const Index at = k == times - 1 ? 2 : 0;
      off[at] += std::pow(met.mean(i, k) - mean, 2);
      off[at + 1] += std::pow(root - deviation, 2);
      size[at] += std::pow(mean, 2);
      size[at + 1] += std::pow(deviation, 2);
    }
  off = 100 * (off / size).sqrt();
  std::printf("  %-34s %6.1f %% %6.1f %%   %6.1f %% %6.1f %%  %8lld %8d refused %6.1f s\n", name, off[0], off[1],
              off[2], off[3], static_cast<long long>(evaluations / (gradients - refused)), refused, seconds);
  expectations.expect(off.maxCoeff() < 12, std::string(name) + " has not learnt the moments to 12 %");
}

int main(int argc, char** argv) try {
  const int epochs = argc > 1 && std::string(argv[1]) == "full" ? 150 : 30;
  const Adaptive coarse{.rtol = 1e-3, .atol = 1e-3};
  std::printf("%-36s off at t = 5: mean, deviation   at t = 10       evaluations a gradient\n", "");
  {
    Files files;
    learn(files, "smooth, Dopri5, BacksolveAdjoint", epochs, smooth, Dopri5{}, coarse, BacksolveAdjoint{});
    learn(files, "smooth, Dopri5, Gauss-Legendre", epochs, smooth, Dopri5{}, coarse, GaussLegendreAdjoint{});
    learn(files, "smooth, ReversibleAdams<3>", epochs, smooth, ReversibleAdams<3>{}, FixedSteps{40});
    learn(files, "stochastic, ReversibleHeun", epochs, stochastic, ReversibleHeun<>{}, FixedSteps{40});
    learn(files, "stochastic, Reversible<Midpoint>", epochs, stochastic, Reversible<Midpoint>{}, FixedSteps{20});
  }
  support::draw("ornstein_uhlenbeck", 900, 380);
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
