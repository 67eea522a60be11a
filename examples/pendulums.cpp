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

// y = (x1, x2, x1', x2').
struct CoupledOscillators {
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = -2 * y[0] + (y[1] - y[0]) - 0.2 * y[2];
    dy[3] = -y[1] - (y[1] - y[0]) - 0.2 * y[3];
  }
};

// y = (α, β, α', β'), the rods' angles to the vertical and their rates.
struct DoublePendulum {
  void operator()(double, const auto& y, auto& dy) const {
    constexpr double g = 9.81;
    const double difference = y[0] - y[1], s = std::sin(difference), c = std::cos(difference);
    const double a = -y[3] * y[3] * s - 2 * g * std::sin(y[0]), b = y[2] * y[2] * s - g * std::sin(y[1]);
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = (a - c * b) / (2 - c * c);
    dy[3] = (2 * b - c * a) / (2 - c * c);
  }
};

// Weights from a formula instead of a random number generator, so that every machine trains the same network.
double initial_weight(const MlpParameter& p) {
  return 0.5 * std::sin(1.3 * static_cast<double>(p.index) + 0.7) /
         (p.is_bias ? 1 : std::sqrt(static_cast<double>(p.fan_in)));
}

using Network = Mlp<double, Layers<4, 10, 4>>;
Network network() {
  Network mlp;
  mlp.initialise(initial_weight);
  return mlp;
}

// For methods that split the state in positions and velocities: x' = MLP 2–10–2 (v), v' = MLP 2–10–2 (x).
struct NetworkHalves {
  using Half = Mlp<double, Layers<2, 10, 2>>;
  static constexpr bool autonomous = true;
  static constexpr Eigen::Index count = Half::ParameterVector::SizeAtCompileTime;
  Eigen::Vector<double, 2 * count> theta;
  mutable Half of_v, of_x;

  NetworkHalves() {
    of_v.initialise(initial_weight);
    of_x.initialise(initial_weight);
    theta << of_v.parameters(), of_x.parameters();
  }
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void velocity(double t, const auto& v, auto& dx) const {
    of_v.parameters() = theta.head<count>();
    of_v(t, v, dx);
  }
  void force(double t, const auto& x, auto& dv) const {
    of_x.parameters() = theta.tail<count>();
    of_x(t, x, dv);
  }
  void velocity_vjp(double t, const auto& v, const auto& dx_bar, auto& v_bar, auto& theta_bar) const {
    pull_back(of_v, t, v, dx_bar, v_bar, theta_bar.template head<count>());
  }
  void force_vjp(double t, const auto& x, const auto& dv_bar, auto& x_bar, auto& theta_bar) const {
    pull_back(of_x, t, x, dv_bar, x_bar, theta_bar.template tail<count>());
  }

 private:
  static void pull_back(const Half& half, double t, const auto& x, const auto& w, auto& x_bar, auto&& to) {
    typename Half::ParameterVector theta_bar = Half::ParameterVector::Zero(count);
    half.vjp(t, x, w, x_bar, theta_bar);
    to += theta_bar;
  }
};

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
    train(name, network(), method, steps, data, iterations, adjoint...);
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
      solve(Problem{CoupledOscillators{}, Vector4d{1, 0, 0, 0.5}, 0.0, 3.0}, Dopri5{}, fine, times(3, 500));
  const FixedSteps steps{499};
  train_each(steps, oscillations, 400);
  train("LeapfrogMidpoint", network(), LeapfrogMidpoint<>{}, steps, oscillations, 400);
  train("SemiImplicitEuler, two networks", SplitField{NetworkHalves{}}, SemiImplicitEuler<>{}, steps, oscillations,
        400);
  train("Verlet, two networks", SplitField{NetworkHalves{}}, Verlet<>{}, steps, oscillations, 400);
  show("Two coupled oscillators, 499 equal steps, 400 gradients", 0.02, result);

  const auto swings =
      solve(Problem{DoublePendulum{}, Vector4d{0.6, 0.3, 0, 0}, 0.0, 2.0}, Dopri5{}, fine, times(2, 100));
  train_each(Adaptive{.rtol = 1e-6, .atol = 1e-6}, swings, 400);
  show("A double pendulum, steps chosen to 1e-6, 400 gradients", 0.2, result);
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
