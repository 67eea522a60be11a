// Which way does a spiral turn? 128 noisy spirals, half of them clockwise, are seen at 100 times each, of which many are dropped at
// random, other ones of each spiral and of each coordinate (Kidger et al., arXiv 2005.08926: a controlled equation does not mind). What
// is left is filled in by straight lines and made a smooth path by Hermite pieces with backward differences, time its first channel:
//   z' = F(z) X'(t),   z of 8 numbers, F a network 8–128–8×3,
// trained by the exact gradients of a reversible pair. 128 new spirals test it. Then other ways to the gradient begin the same
// training, an epoch each, to the published tolerances, 1e-4 and 1e-6.
#include "support/cde_classifier.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/labelled_series.hpp"
#include "support/minibatches.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/hermite_cubic_path.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

constexpr double pi = 3.14159265358979323846;
const VectorXd times = VectorXd::LinSpaced(100, 0, 4 * pi);

// 1: clockwise. NaN where x or y was dropped.
support::LabelledSeries spirals(int count, double dropped, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> noise(0, 0.01);
  std::uniform_real_distribution<double> angle(0, 2 * pi), chance(0, 1);
  support::LabelledSeries result;
  for (int i = 0; i < count; ++i) {
    const double start = angle(engine);
    MatrixXd series(2, times.size());
    for (Index j = 0; j < times.size(); ++j) {
      const double phase = start + times[j], radius = 1 / (1 + times[j] / 2);
      series(0, j) = radius * std::cos(phase) + noise(engine);
      series(1, j) = radius * std::sin(phase) + noise(engine);
    }
    result.labels.push_back(i < count / 2 ? 1 : 0);
    if (result.labels.back() == 1) series.row(0) = -series.row(0);
    for (double& x : series.reshaped())
      if (chance(engine) < dropped) x = std::numeric_limits<double>::quiet_NaN();
    result.series.push_back(with_time(times, series));
  }
  return result;
}

struct Learnt {
  double accuracy = 0, seconds = 0, back = 0, by_parameters = 0;  // evaluations, and vjps by parameters, of a gradient
  double gradient = std::numeric_limits<double>::infinity();      // seconds of the quickest one
  std::vector<double> losses;
};

template <class M, class StepsType, class... Adjoint>
Learnt learn(double dropped, int epochs, const M& method, const StepsType& steps, const Adjoint&... adjoint) {
  const auto training = spirals(128, dropped, 1), testing = spirals(128, dropped, 2);
  support::CdeClassifier<Relu> model(3, 8, 128, 2, 3);
  Learnt learnt;
  const support::Stopwatch stopwatch;
  learnt.losses = support::train(
      model.parameters(), {.samples = 128, .batch = 32, .epochs = epochs, .adamw = {.decay = 0}, .seed = 4}, "training",
      [&](const std::vector<std::size_t>& chosen) {
        const support::LabelledSeries batch = training[chosen];
        const support::Stopwatch of_gradient;
        auto found = model.gradient(HermiteCubicPath{times, batch.series}, batch.labels, method, steps, adjoint...);
        learnt.gradient = std::min(learnt.gradient, of_gradient.seconds());
        learnt.back += static_cast<double>(found.stats.evaluations) / (4 * epochs);
        learnt.by_parameters += static_cast<double>(found.stats.vjps - found.stats.state_vjps) / (4 * epochs);
        return found;
      });
  learnt.seconds = stopwatch.seconds();
  learnt.accuracy = model.accuracy(HermiteCubicPath{times, testing.series}, testing.labels, method, steps);
  return learnt;
}

// One spiral of each kind, its path and what was observed.
void write_spirals(double dropped) {
  const support::LabelledSeries some = spirals(128, dropped, 2);
  for (const std::size_t i : {std::size_t{0}, std::size_t{100}}) {
    const HermiteCubicPath path{times, some.series[i]};
    const std::string name = i == 0 ? "clockwise" : "anticlockwise";
    support::Csv curve("cde_spirals_" + name + ".csv", {"x", "y"}),
        seen("cde_spirals_" + name + "_seen.csv", {"x", "y"});
    for (double t = 0; t < times[99]; t += 0.02) curve.row({path(t)(1, 0), path(t)(2, 0)});
    for (const auto& point : some.series[i].colwise()) seen.row({point[1], point[2]});
  }
}

// The first epoch by each way: what gradients cost, and that the loss is the same. (Later the adjoint equation is refused: the state that it solves
// backwards strays.)
void compare(support::Expectations& result) {
  std::printf("The first epoch: loss; evaluations on a way back, vjps by parameters; ms a gradient\n");
  const Adaptive published{.rtol = 1e-4, .atol = 1e-6};
  std::vector<Learnt> all;
  const auto by = [&](const char* name, const auto& method, const auto& steps, const auto&... adjoint) {
    const Learnt& learnt = all.emplace_back(learn(0, 1, method, steps, adjoint...));
    std::printf("  %-32s %.3g %8.0f %8.0f %8.1f ms\n", name, learnt.losses.back(), learnt.back, learnt.by_parameters,
                1e3 * learnt.gradient);
    result.expect(std::fabs(learnt.losses.back() / all[0].losses.back() - 1) < 0.1,
                  std::string(name) + " ends at another loss");
  };
  by("Dopri5, DirectAdjoint", Dopri5{}, published, DirectAdjoint{});
  by("Dopri5, BacksolveAdjoint", Dopri5{}, published, BacksolveAdjoint{});
  by("the same, seminorm", Dopri5{}, published, BacksolveAdjoint<>{.norm = AdjointNorm::seminorm});
  by("Dopri5, GaussLegendreAdjoint", Dopri5{}, published, GaussLegendreAdjoint{});
  by("Reversible<Dopri5>", Reversible<Dopri5>{}, published);
  by("Reversible<Midpoint>, 60 steps", Reversible<Midpoint>{}, FixedSteps{60});
  by("ReversibleHeun, 120 steps", ReversibleHeun<>{}, FixedSteps{120});
  result.expect(all[2].back < 0.9 * all[1].back, "the seminorm spares less than a tenth");
  result.expect(all[3].by_parameters < 0.6 * all[1].by_parameters, "Gauss-Legendre does not spare parameters' vjps");
  result.expect(all[3].gradient < all[1].gradient || !support::judge_speed,
                "Gauss-Legendre takes longer than backsolve");
}

int main() try {
  constexpr double half = 0.5;
  const Learnt whole = learn(0, 30, Reversible<Midpoint>{}, FixedSteps{60});
  const Learnt holes = learn(half, 30, Reversible<Midpoint>{}, FixedSteps{60});
  const auto say = [](const char* what, const Learnt& learnt) {
    std::printf("%s: %.1f %% of 128 new spirals right, loss %.3g, %.1f s\n", what, 100 * learnt.accuracy,
                learnt.losses.back(), learnt.seconds);
  };
  say("all observed", whole);
  say("half dropped", holes);
  write_spirals(half);
  support::write_epochs("cde_spirals.csv", {"epoch", "all", "dropped"}, {whole.losses, holes.losses});
  support::draw("cde_spirals", 900, 400);

  support::Expectations result;
  compare(result);
  result.expect(whole.accuracy >= 0.99, "fewer than 99 % of the whole spirals are right");
  result.expect(holes.accuracy >= 0.99, "fewer than 99 % of the spirals with holes are right");
  result.expect(whole.seconds + holes.seconds < 30 || !support::judge_speed, "training took more than 30 s");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
