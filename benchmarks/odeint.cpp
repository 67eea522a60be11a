// Lorenz' equations forward beside Boost's odeint: RK4 in 2,000 equal steps; Dopri5 in steps chosen to 1e-9. Both are held against
// Dop853 before they are timed. `ratio` is ours to odeint's CPU time of a whole solve, the median over runs that alternate;
// `ratio_a_step` is that of an evaluation of f, for two controllers do not take the same number of steps; errors are those of the end.
#include <antistrophe/antistrophe.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <boost/numeric/odeint.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "alternating.hpp"

namespace {

namespace odeint = boost::numeric::odeint;
using namespace antistrophe;

struct Lorenz {
  static constexpr bool autonomous = true;
  Eigen::Vector3d theta{10, 28, 8.0 / 3};
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = theta[0] * (y[1] - y[0]);
    dy[1] = y[0] * (theta[1] - y[2]) - y[1];
    dy[2] = y[0] * y[1] - theta[2] * y[2];
  }
};

constexpr double end = 5;
constexpr std::int64_t steps = 2000;
constexpr double tolerance = 1e-9;
const Problem problem{Lorenz{}, Eigen::Vector3d(1, 1, 1), 0.0, end};

struct Solved {
  std::array<double, 3> y;
  std::int64_t evaluations;
};
Solved taken(const auto& solution) {
  const Eigen::Vector3d& y = solution.ys().back();
  return {{y[0], y[1], y[2]}, solution.stats().evaluations};
}

using State = std::array<double, 3>;
// f as odeint calls it, which counts as we do.
struct Counted {
  Lorenz f;
  std::int64_t* calls;
  void operator()(const State& y, State& dy, double t) const {
    ++*calls;
    f(t, y, dy);
  }
};

struct EqualSteps {
  static Solved ours() { return taken(solve(problem, RK4{}, FixedSteps{steps})); }
  static Solved theirs() {
    State y{1, 1, 1};
    std::int64_t calls = 0;
    odeint::runge_kutta4<State> stepper;
    odeint::integrate_n_steps(stepper, Counted{{}, &calls}, y, 0.0, end / steps, steps);
    return {y, calls};
  }
};
struct Chosen {
  static Solved ours() { return taken(solve(problem, Dopri5{}, Adaptive{.rtol = tolerance, .atol = tolerance})); }
  static Solved theirs() {
    State y{1, 1, 1};
    std::int64_t calls = 0;
    odeint::integrate_adaptive(odeint::make_controlled<odeint::runge_kutta_dopri5<State>>(tolerance, tolerance),
                               Counted{{}, &calls}, y, 0.0, end, 1e-3);
    return {y, calls};
  }
};

template <class Steps>
void to_odeint(benchmark::State& state) {
  const Solved exact = taken(solve(problem, Dop853{}, Adaptive{.rtol = 1e-13, .atol = 1e-13}));
  const auto error = [&](const Solved& solved) {
    double most = 0;
    for (std::size_t i = 0; i < 3; ++i) most = std::max(most, std::fabs(solved.y[i] - exact.y[i]));
    return most;
  };
  const Solved ours = Steps::ours(), theirs = Steps::theirs();
  if (!(error(ours) < 1e-4 && error(theirs) < 1e-4)) return state.SkipWithError("another solution than that of Dop853");
  const double ratio = benchmarks::alternate(state, &Steps::ours, &Steps::theirs).ratio;
  state.counters["ratio_a_step"] =
      ratio * static_cast<double>(theirs.evaluations) / static_cast<double>(ours.evaluations);
  state.counters["error"] = error(ours);
  state.counters["error_of_odeint"] = error(theirs);
}
BENCHMARK_TEMPLATE(to_odeint, EqualSteps)->Name("odeint/rk4/to_odeint");
BENCHMARK_TEMPLATE(to_odeint, Chosen)->Name("odeint/dopri5/to_odeint");

template <class Steps>
void ours(benchmark::State& state) {
  const std::int64_t evaluations = Steps::ours().evaluations;
  for (auto _ : state) benchmark::DoNotOptimize(Steps::ours());
  state.SetItemsProcessed(state.iterations() * evaluations);
}
template <class Steps>
void theirs(benchmark::State& state) {
  const std::int64_t evaluations = Steps::theirs().evaluations;
  for (auto _ : state) benchmark::DoNotOptimize(Steps::theirs());
  state.SetItemsProcessed(state.iterations() * evaluations);
}
BENCHMARK_TEMPLATE(ours, EqualSteps)->Name("odeint/rk4/ours");
BENCHMARK_TEMPLATE(theirs, EqualSteps)->Name("odeint/rk4/theirs");
BENCHMARK_TEMPLATE(ours, Chosen)->Name("odeint/dopri5/ours");
BENCHMARK_TEMPLATE(theirs, Chosen)->Name("odeint/dopri5/theirs");

}  // namespace
