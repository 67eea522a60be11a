// Continuous adjoints on a neural ODE of some 4,000 parameters (arXiv 2009.09457 and 2308.10644 measure the like): how often f and its vjp
// are asked for on the way back, and how far the gradient is off. Counters: `error` of the gradient, the worst entry's over the
// largest, of y0 and θ; `vjps`, and of these `theta_vjps`, which form (∂f/∂θ)ᵀλ; `forth`, evaluations of the way forth. Each is
// held against the gradient of stored states at 1e-12 before it is timed.
#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <string>

#include "tried.hpp"

namespace {

using namespace antistrophe;

using Net = Mlp<double, RuntimeLayers, Tanh, TimeAndState>;

Problem<Net, Eigen::VectorXd> neural_ode() {
  constexpr Eigen::Index units = benchmarks::measured_or_tried(56, 12);
  Net net({9, units, units, 8});  // 4208 parameters where it is measured
  std::mt19937 engine(1);
  net.initialise(GlorotUniform{engine});
  net.parameters() *= 1.5;
  Eigen::VectorXd y0(8);
  for (Eigen::Index i = 0; i < 8; ++i) y0[i] = std::sin(1.0 + static_cast<double>(i));
  return {net, y0, 0.0, 2.0};
}

// A fifth of the squared distance from the origin at ten times.
struct Distance {
  double operator()(const std::vector<Eigen::VectorXd>& ys, std::vector<Eigen::VectorXd>& ys_bar) const {
    double sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] = 0.2 * ys[i];
      sum += 0.1 * ys[i].squaredNorm();
    }
    return sum;
  }
};

double distance(const auto& a, const auto& b) { return (a - b).cwiseAbs().maxCoeff() / a.cwiseAbs().maxCoeff(); }

// `arguments`: −log10 of rtol, that of atol, and how many states are in the loss.
template <class Adjoint>
void gradient(benchmark::State& state, const Adjoint& adjoint) {
  static const Problem problem = neural_ode();
  const Adaptive steps{.rtol = std::pow(10.0, -static_cast<double>(state.range(0))),
                       .atol = std::pow(10.0, -static_cast<double>(state.range(1)))};
  SaveAt save_at;
  for (std::int64_t i = 1; i <= state.range(2); ++i)
    save_at.times.push_back(2.0 * static_cast<double>(i) / static_cast<double>(state.range(2)));
  Objective exactly{problem, Dopri5{}, Adaptive{.rtol = 1e-12, .atol = 1e-12}, Distance{}, save_at, DirectAdjoint{}};
  Objective objective{problem, Dopri5{}, steps, Distance{}, save_at, adjoint};
  const auto &exact = exactly().gradient, &got = objective().gradient;
  const double error = std::fmax(distance(exact.y0, got.y0), distance(exact.theta, got.theta));
  if (!(error < 3000 * steps.rtol)) {
    state.SkipWithError("the gradient is wrong");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(objective().value);
  const BackwardStats& back = got.stats;
  state.counters["error"] = error;
  state.counters["vjps"] = static_cast<double>(back.vjps);
  state.counters["theta_vjps"] = static_cast<double>(back.vjps - back.state_vjps);
  state.counters["forth"] = static_cast<double>(objective().stats.evaluations);
}

void direct(benchmark::State& state) { gradient(state, DirectAdjoint{}); }
void backsolve(benchmark::State& state) { gradient(state, BacksolveAdjoint<>{}); }
void backsolve_seminorm(benchmark::State& state) {
  gradient(state, BacksolveAdjoint<>{.method = {}, .steps = {}, .norm = AdjointNorm::seminorm});
}
void interpolating(benchmark::State& state) { gradient(state, InterpolatingAdjoint<>{}); }
void gauss_legendre(benchmark::State& state) { gradient(state, GaussLegendreAdjoint<>{}); }

void tolerances(benchmark::internal::Benchmark* of) {
  for (const std::int64_t states : {1, 10})
    for (const std::int64_t rtol : {3, 5, 7})
      for (const std::int64_t finer : {0, 3}) of->Args({rtol, rtol + finer, states});
}
BENCHMARK(direct)->Apply(tolerances);
BENCHMARK(backsolve)->Apply(tolerances);
BENCHMARK(backsolve_seminorm)->Apply(tolerances);
BENCHMARK(interpolating)->Apply(tolerances);
BENCHMARK(gauss_legendre)->Apply(tolerances);

}  // namespace
