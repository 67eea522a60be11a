// Ensembles in lanes: 10,000 Lorenz problems that differ in where they start, a hundred steps of RK4 or of its exact pair each, or adaptive steps of Dopri5,
// values and gradients. The ratio is the CPU time of the problems one at a time to that of `Lanes<W>`, the median over runs that alternate, once both have been
// seen to give the same.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>

#include "alternating.hpp"
#include "tried.hpp"

namespace {

using namespace antistrophe;

struct Lorenz {
  static constexpr bool autonomous = true;
  Eigen::Vector3d theta{10, 28, 8.0 / 3};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = theta[0] * (y[1] - y[0]);
    dy[1] = y[0] * (theta[1] - y[2]) - y[1];
    dy[2] = y[0] * y[1] - theta[2] * y[2];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] += w[1] * (theta[1] - y[2]) + w[2] * y[1] - w[0] * theta[0];
    y_bar[1] += w[0] * theta[0] - w[1] + w[2] * y[0];
    y_bar[2] -= w[1] * y[0] + w[2] * theta[2];
    theta_bar[0] += w[0] * (y[1] - y[0]);
    theta_bar[1] += w[1] * y[0];
    theta_bar[2] -= w[2] * y[2];
  }
};

constexpr std::size_t problems = benchmarks::measured_or_tried(10000, 100);
const Problem first{Lorenz{}, Eigen::Vector3d(1, 1, 1), 0.0, 1.0};
const auto squares = [](const auto& ys, auto& ys_bar) {
  ys_bar[0] = 2 * ys[0];
  return ys[0].squaredNorm();
};

template <class M, class StepsType, class... Extras>
auto differentiated(const M& method, const StepsType& steps, const Extras&... extras) {
  const Ensemble ensemble{first, problems, [](std::size_t i, auto& p) { p.y0[0] += 1e-5 * static_cast<double>(i); }};
  return ensemble_value_and_gradient(ensemble, method, steps, squares, extras...);
}

template <int W, class M, class StepsType>
void compare(benchmark::State& state, const M& method, const StepsType& steps, double allowed) {
  const auto alone = differentiated(method, steps);
  const auto packed = differentiated(method, steps, Lanes<W>{});
  if (!(std::fabs(alone.value - packed.value) < allowed * std::fabs(alone.value)) ||
      !((alone.gradient.theta - packed.gradient.theta).norm() < allowed * alone.gradient.theta.norm()))
    return state.SkipWithError("another result than that of the problems alone");
  benchmarks::alternate(
      state, [&] { return differentiated(method, steps).value; },
      [&] { return differentiated(method, steps, Lanes<W>{}).value; });
}
template <int W>
void in_lanes(benchmark::State& state) {
  compare<W>(state, RK4{}, FixedSteps{100}, 1e-12);
}
BENCHMARK_TEMPLATE(in_lanes, 2)->Name("lanes/2/alone_to_lanes");
BENCHMARK_TEMPLATE(in_lanes, 4)->Name("lanes/4/alone_to_lanes");
BENCHMARK_TEMPLATE(in_lanes, 8)->Name("lanes/8/alone_to_lanes");

template <int W>
void pairs_in_lanes(benchmark::State& state) {
  compare<W>(state, Reversible<RK4>{}, FixedSteps{100}, 1e-9);
}
BENCHMARK_TEMPLATE(pairs_in_lanes, 2)->Name("lanes/2/pairs_alone_to_lanes");
BENCHMARK_TEMPLATE(pairs_in_lanes, 4)->Name("lanes/4/pairs_alone_to_lanes");
BENCHMARK_TEMPLATE(pairs_in_lanes, 8)->Name("lanes/8/pairs_alone_to_lanes");

// Where the compiler contracts products into sums, round-off decides of a step now and then; else bits are the same.
template <int W>
void in_adaptive_lanes(benchmark::State& state) {
  const double tolerance = state.range(0) == 6 ? 1e-6 : 1e-9;
  compare<W>(state, Dopri5{}, Adaptive{.rtol = tolerance, .atol = tolerance, .repeats = 0}, tolerance);
}
BENCHMARK_TEMPLATE(in_adaptive_lanes, 2)->Arg(6)->Name("lanes/2/adaptive_alone_to_lanes");
BENCHMARK_TEMPLATE(in_adaptive_lanes, 4)->Arg(6)->Arg(9)->Name("lanes/4/adaptive_alone_to_lanes");
BENCHMARK_TEMPLATE(in_adaptive_lanes, 8)->Arg(6)->Name("lanes/8/adaptive_alone_to_lanes");

// The same with gradients in doubt looked at again, as all of these are.
template <int W>
void looked_at_in_lanes(benchmark::State& state) {
  compare<W>(state, Dopri5{}, Adaptive{}, 1e-6);
}
BENCHMARK_TEMPLATE(looked_at_in_lanes, 4)->Name("lanes/4/looked_at_alone_to_lanes");
BENCHMARK_TEMPLATE(looked_at_in_lanes, 8)->Name("lanes/8/looked_at_alone_to_lanes");

}  // namespace
