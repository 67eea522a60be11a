// A network learns the equation of second order x'' = net(x, x') behind 15 sines, from their positions at ten times of [0, 2π]: equal ones,
// or random ones, other ones of each, so that a solve passes 61 (Norcliffe & Deisenroth, TMLR 2023, arXiv 2308.10644). By the adjoints
// that are compared there, and by reversible methods, which a time inside a step costs nothing. Argument: `full` has the published
// ten random times, and is wider.
#include "support/adamw.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/progress.hpp"
#include "support/random.hpp"
#include "support/second_order.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd;
using Network = Mlp<double, RuntimeLayers, Softplus>;
using Motion = support::SecondOrder<Network>;

constexpr double pi = 3.14159265358979323846, missing = std::numeric_limits<double>::quiet_NaN();

struct Setting {
  bool regular;
  int seen;  // times of each sine
  Index width;
};

// x = A sin t + B cos t. What was not observed, and all velocities, are NaN, which a MeanSquaredError leaves out.
struct Sines {
  MatrixXd y0;
  SaveAt times;
  std::vector<MatrixXd> targets;
  Sines(Index count, const Setting& setting, unsigned seed) : y0(2, count) {
    support::Random random(seed);
    for (double& entry : y0.reshaped()) entry = random.uniform(-1, 1);
    std::vector<std::pair<double, Index>> seen;
    for (Index i = 0; i < count; ++i)
      for (int k = 0; k < setting.seen; ++k)
        seen.emplace_back(setting.regular || k == 0 ? 2 * pi * k / (setting.seen - 1) : random.uniform(0, 2 * pi), i);
    std::sort(seen.begin(), seen.end());
    for (const auto& [t, i] : seen) {
      if (times.times.empty() || times.times.back() != t) {
        times.times.push_back(t);
        targets.emplace_back(MatrixXd::Constant(2, count, missing));
      }
      targets.back()(0, i) = y0(1, i) * std::sin(t) + y0(0, i) * std::cos(t);
    }
  }
  Problem<Motion, MatrixXd> problem(const Motion& motion) const { return {motion, y0, 0.0, 2 * pi}; }
};

Motion motion(Index width) {
  Motion result{Network{{2, width, width, 2}}};
  support::Random random(3);
  result.network.initialise(FanInUniform{random.engine()});
  return result;
}

struct Row {
  double loss = 0, back = 0, of_theta = 0, milliseconds = 0, wide = 0;
};

template <class M, class StepsType, class... Adjoint>
Row learn(const char* name, const Setting& setting, const M& method, const StepsType& steps,
          const Adjoint&... adjoint) {
  constexpr int epochs = 250;
  const Sines training(15, setting, 4), testing(5, setting, 104);
  Motion learnt = motion(setting.width);
  const MeanSquaredError<MatrixXd> loss{training.targets};
  Objective narrow(training.problem(learnt), method, steps, loss, training.times, adjoint...);
  Objective wide(training.problem(motion(15 * setting.width)), method, steps, loss, training.times, adjoint...);
  auto& theta = learnt.parameters();
  support::AdamW optimiser({.rate = setting.width > 50 ? 2e-3 : 1e-2, .decay = 0}, theta.size());
  support::Progress progress(name, epochs);
  Row row;
  const support::Stopwatch stopwatch;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const auto& [value, gradient] = narrow(theta);
    row.back += static_cast<double>(gradient.stats.evaluations) / epochs;
    row.of_theta += static_cast<double>(gradient.stats.vjps - gradient.stats.state_vjps) / epochs;
    optimiser.step(theta, gradient.theta);
    progress.show(epoch + 1, "loss " + std::to_string(value));
  }
  row.milliseconds = 1e3 * stopwatch.seconds() / epochs;
  row.wide = 1e3 * support::least_seconds(3, [&] { wide(); });
  const auto ys = solve(testing.problem(learnt), method, steps, testing.times).ys();
  auto unused = ys;
  row.loss = MeanSquaredError<MatrixXd>{testing.targets}(ys, unused);
  std::printf("  %-32s %9.1e %9.0f %9.0f %9.2f ms %9.0f ms\n", name, row.loss, row.back, row.of_theta, row.milliseconds,
              row.wide);
  return row;
}

support::Expectations expectations;

void compare(const Setting& setting) {
  std::printf(
      "%s times: loss of 5 other sines; evaluations on a way back, vjps by parameters; time at a width of %d, %d\n",
      setting.regular ? "Equal" : "Random", static_cast<int>(setting.width), static_cast<int>(15 * setting.width));
  const std::string file = setting.regular ? "sines_equal.csv" : "sines_random.csv";
  support::Csv csv(file, {"method", "loss", "back", "vjps by parameters", "ms", "ms wide"});
  const Adaptive coarse{.rtol = 1e-3, .atol = 1e-3};
  std::vector<Row> rows;
  const auto by = [&](const char* name, const auto& method, const auto& steps, const auto&... adjoint) {
    const Row row = rows.emplace_back(learn(name, setting, method, steps, adjoint...));
    csv.row({static_cast<double>(rows.size()), row.loss, row.back, row.of_theta, row.milliseconds, row.wide});
    expectations.expect(row.loss < 3e-3, std::string(name) + " has not learnt the sines");
    expectations.expect(std::fabs(row.loss / rows[0].loss - 1) < 0.3, std::string(name) + " ends at another loss");
  };
  by("Dopri5, DirectAdjoint", Dopri5{}, coarse, DirectAdjoint{});
  by("Dopri5, BacksolveAdjoint", Dopri5{}, coarse, BacksolveAdjoint{});
  by("the same, seminorm", Dopri5{}, coarse, BacksolveAdjoint<>{.norm = AdjointNorm::seminorm});
  by("Dopri5, GaussLegendreAdjoint", Dopri5{}, coarse, GaussLegendreAdjoint{});
  by("Reversible<Dopri5>", Reversible<Dopri5>{}, coarse);
  by("ReversibleAdams<3>, 60 steps", ReversibleAdams<3>{}, FixedSteps{60});
  by("ReversibleHeun, 60 steps", ReversibleHeun<>{}, FixedSteps{60});
  expectations.expect(rows[3].of_theta < 0.6 * rows[1].of_theta, "Gauss-Legendre does not spare parameters' vjps");
  if (!support::judge_speed || setting.regular) return;  // equal times are few, and the ways differ little there
  expectations.expect(rows[3].wide < rows[1].wide, "Gauss-Legendre takes longer than the adjoint of a wide network");
  expectations.expect(rows[6].wide < rows[1].wide, "ReversibleHeun takes longer than the adjoint of a wide network");
}

int main(int argc, char** argv) try {
  const bool in_full = argc > 1 && std::string(argv[1]) == "full";
  compare({true, 10, in_full ? 67 : 20});
  compare({false, in_full ? 10 : 4, in_full ? 67 : 20});
  support::draw("sines", 900, 380);
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
