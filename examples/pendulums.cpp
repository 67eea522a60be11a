// Two trainings of the reversible literature (McCallum & Foster, arXiv 2410.11648, section 5) in form, by every reversible
// method of this library: a neural ODE 4–10–4 that learns
//   two coupled oscillators,  x1'' = −2 x1 + (x2 − x1) − x1'/5,   x2'' = −x2 − (x2 − x1) − x2'/5,   0 ≤ t ≤ 3,
//     from their states at 500 times, in 500 equal steps;
//   a double pendulum, two rods of length 1 with a mass of 1 at the end of each,   0 ≤ t ≤ 2,
//     from its angles and angular velocities at 100 times, in steps chosen to 1e-6.
// The data are simulated from these equations. All methods start from the same weights and take the same number of AdamW
// steps along exact gradients; printed is what is left of the loss, the time a gradient takes, and what a method keeps for
// its way back, beside the direct adjoint, which keeps every state.
#include "support/adamw.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/network_halves.hpp"
#include "support/oscillators.hpp"
#include "support/progress.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/field/split_field.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Eigen::Vector4d;

// Weights from a formula instead of a random number generator, so that every machine trains the same network.
double initial_weight(const MlpParameter& p) {
  return 0.5 * std::sin(1.3 * static_cast<double>(p.index) + 0.7) /
         (p.is_bias ? 1 : std::sqrt(static_cast<double>(p.fan_in)));
}

template <class Network>
Network network() {
  Network mlp;
  mlp.initialise(initial_weight);
  return mlp;
}
using Whole = Mlp<double, Layers<4, 10, 4>>;
using Half = Mlp<double, Layers<2, 10, 2>>;

struct Row {
  std::string method;
  double first = 0, last = 0, seconds = 0;
  std::size_t bytes = 0;
};
std::vector<Row> table;

// `iterations` steps of AdamW; the time is that of a gradient, in the mean.
template <class F, class M, class StepsType, class... Adjoint>
void train(const std::string& name, const F& field, const M& method, const StepsType& steps,
           const Solution<Vector4d>& data, int iterations, const Adjoint&... adjoint) {
  const Problem problem{field, data.ys().front(), data.ts().front(), data.ts().back()};
  Objective objective{problem,   method, steps, MeanSquaredError<Vector4d>{data.ys()}, SaveAt{.times = data.ts()},
                      adjoint...};
  auto theta = problem.field.parameters();
  support::AdamW optimiser({.rate = 1e-2, .decay = 1e-5}, theta.size());
  support::Progress progress(name, iterations);
  Row row{name};
  const support::Stopwatch stopwatch;
  for (int i = 0; i < iterations; ++i) {
    const auto& result = objective(theta);
    row.last = result.value;
    if (i == 0) row.first = row.last;
    row.bytes = result.stats.bytes_kept;
    optimiser.step(theta, result.gradient.theta);
    progress.show(i + 1, "loss " + std::to_string(row.last));
  }
  row.seconds = stopwatch.seconds() / iterations;
  table.push_back(row);
}

void show(const char* title, double promised, support::Expectations& result) {
  std::printf("%s\n  %-36s %12s %12s %14s %14s\n", title, "", "first loss", "last loss", "ms a gradient", "bytes kept");
  for (const Row& row : table) {
    std::printf("  %-36s %12.3g %12.3g %14.3f %14zu\n", row.method.c_str(), row.first, row.last, 1e3 * row.seconds,
                row.bytes);
    result.expect(row.last < promised, row.method + " has not learnt: its loss is still " + std::to_string(row.last));
  }
  std::printf("\n");
  table.clear();
}

// Methods that go with any steps, and estimate their error.
template <class StepsType>
void train_each(const StepsType& steps, const Solution<Vector4d>& data, int iterations) {
  const auto run = [&](const char* name, const auto& method, const auto&... adjoint) {
    train(name, network<Whole>(), method, steps, data, iterations, adjoint...);
  };
  run("Bosh3, states stored", Bosh3{}, DirectAdjoint{});
  run("Reversible<Bosh3>", Reversible<Bosh3>{});
  run("Reversible<Bosh3, Floating>, λ = 0.99", Reversible<Bosh3, Floating>{.lambda = 0.99});
  run("TwoPoint<Bosh3>", TwoPoint<Bosh3>{});
  run("ReversibleAdams<3>", ReversibleAdams<3>{});
  run("ReversibleAdamsPece<3>", ReversibleAdamsPece<3>{});
  run("ReversibleHeun", ReversibleHeun<>{});
  run("AsynchronousLeapfrog", AsynchronousLeapfrog<>{});
  run("NearlyReversible<EES25>", NearlyReversible<EES25>{});
  run("NearlyReversible<EES27>", NearlyReversible<EES27>{});
}

int main() try {
  support::Expectations result;
  const auto times = [](double t1, int n) {
    std::vector<double> all;
    for (int i = 0; i < n; ++i) all.push_back(t1 * i / (n - 1));
    return SaveAt{.times = all};
  };
  const Adaptive fine{.rtol = 1e-10, .atol = 1e-10};

  const auto oscillations =
      solve(Problem{support::CoupledOscillators{}, Vector4d{1, 0, 0, 0.5}, 0.0, 3.0}, Dopri5{}, fine, times(3, 500));
  const FixedSteps steps{499};
  train_each(steps, oscillations, 400);
  train("LeapfrogMidpoint", network<Whole>(), LeapfrogMidpoint<>{}, steps, oscillations, 400);
  const SplitField halves{support::NetworkHalves{network<Half>()}};  // x' by the one, v' by the other
  train("SemiImplicitEuler, two networks", halves, SemiImplicitEuler<>{}, steps, oscillations, 400);
  train("Verlet, two networks", halves, Verlet<>{}, steps, oscillations, 400);
  show("Two coupled oscillators, 499 equal steps, 400 gradients", 0.02, result);

  const auto swings =
      solve(Problem{support::DoublePendulum{}, Vector4d{0.6, 0.3, 0, 0}, 0.0, 2.0}, Dopri5{}, fine, times(2, 100));
  train_each(Adaptive{.rtol = 1e-6, .atol = 1e-6}, swings, 400);
  show("A double pendulum, steps chosen to 1e-6, 400 gradients", 0.2, result);
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
