// Every way to a gradient beside each other: on W1 (the complexity problem of arXiv 2410.11648, an Mlp 1–10–1), on Lotka–Volterra and
// on a neural field of 4,218 parameters. forward is the time of a gradient in times of the solution alone by the same method and
// steps (of the base method, where a pair goes back), error how far the gradient is from that of a fine solve, relative to its
// largest entry; evaluations and vjps are those of the way forth and back; heap_kB is the most that operator new handed out within the call;
// the label is what AutomaticAdjoint chose. adjoints.awk makes the tables of docs/adjoints.md of it.
#include <antistrophe/adjoint/automatic.hpp>
#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/field/mlp.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "cpu_seconds.hpp"
#include "support/counted_heap.hpp"
#include "support/workloads.hpp"
#include "tried.hpp"
#include "turning_network.hpp"

namespace {

using namespace antistrophe;
using benchmarks::measured_or_tried;

struct Squares {
  double operator()(const auto& ys, auto& ys_bar) const {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  }
};

// Each of so many steps where their number is given.
struct W1 {
  using Base = Midpoint;
  static auto problem(std::int64_t n) {
    return Problem{workloads::W1::field(), workloads::W1::y0(), 0.0, workloads::W1::h * static_cast<double>(n)};
  }
  static auto steps(std::int64_t n) { return FixedSteps{n}; }
};
struct LotkaVolterra {
  using Base = Dopri5;
  static auto problem(std::int64_t) {
    const auto f = [](auto, const auto& y, const auto& theta, auto& dy) {
      dy[0] = theta[0] * y[0] - theta[1] * y[0] * y[1];
      dy[1] = theta[3] * y[0] * y[1] - theta[2] * y[1];
    };
    return Problem{automatic_vjp(f, Eigen::Vector4d(1.5, 1, 3, 1)), Eigen::Vector2d(1, 1), 0.0,
                   measured_or_tried(10.0, 2.0)};
  }
  static auto steps(std::int64_t) { return Adaptive{.rtol = 1e-9, .atol = 1e-9, .repeats = 0}; }
};
struct NeuralField {
  using Base = Dopri5;
  static auto problem(std::int64_t) {
    using State = Eigen::Matrix<double, 2, measured_or_tried(64, 4)>;
    return Problem{benchmarks::turning_network(), State(State::NullaryExpr([](Eigen::Index i, Eigen::Index j) {
                     return 0.01 * static_cast<double>(2 * j + i) - 0.6;
                   })),
                   0.0, measured_or_tried(10.0, 2.0)};
  }
  static auto steps(std::int64_t) { return Adaptive{.rtol = 1e-6, .atol = 1e-6, .repeats = 0}; }
};

template <class Workload>
auto reference(std::int64_t n) {
  const auto problem = Workload::problem(n);
  if (n > 0) return value_and_gradient(problem, Dop853{}, FixedSteps{n / 4}, Squares{}, DirectAdjoint{}).gradient;
  const Adaptive fine{.rtol = 1e-12, .atol = 1e-12};
  return value_and_gradient(problem, Dop853{}, fine, Squares{}, DirectAdjoint{}).gradient;
}

// Of the solution by the base method, in seconds of the processor, the least of some.
template <class Workload>
double forward_time(const auto& problem, const auto& steps) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double begin = benchmarks::cpu_seconds();
    for (int j = 0; j < 3; ++j) benchmark::DoNotOptimize(solve(problem, typename Workload::Base{}, steps));
    least = std::min(least, (benchmarks::cpu_seconds() - begin) / 3);
  }
  return least;
}

template <class Workload, class Adjoint, class Method = typename Workload::Base>
void gradient(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const auto problem = Workload::problem(n);
  const auto steps = Workload::steps(n);
  const auto once = [&] { return value_and_gradient(problem, Method{}, steps, Squares{}, Adjoint{}); };
  const auto right = reference<Workload>(n);
  counted_heap::begin();
  const auto got = once();
  const auto heap = static_cast<double>(counted_heap::most_since_begin());
  const double largest = std::max(right.y0.cwiseAbs().maxCoeff(), right.theta.cwiseAbs().maxCoeff());
  const double off = std::max((got.gradient.y0 - right.y0).cwiseAbs().maxCoeff(),
                              (got.gradient.theta - right.theta).cwiseAbs().maxCoeff());
  double least = 1e9;
  for (auto _ : state) {
    const double begin = benchmarks::cpu_seconds();
    benchmark::DoNotOptimize(once());
    least = std::min(least, benchmarks::cpu_seconds() - begin);
  }
  state.counters["forward"] = least / forward_time<Workload>(problem, steps);
  state.counters["evaluations"] = static_cast<double>(got.stats.evaluations + got.gradient.stats.evaluations);
  state.counters["vjps"] = static_cast<double>(got.gradient.stats.vjps);
  state.counters["heap_kB"] = heap / 1000;
  state.counters["error"] = off / largest;
  state.SetLabel(got.gradient.stats.chosen);
}

// Arguments: the number of steps, 0 where they choose themselves.
#define GRADIENTS(Workload, ...)                                                                     \
  BENCHMARK(gradient<Workload, DirectAdjoint>) __VA_ARGS__;                                          \
  BENCHMARK(gradient<Workload, CheckpointedAdjoint>) __VA_ARGS__;                                    \
  BENCHMARK(gradient<Workload, CompressedAdjoint>) __VA_ARGS__;                                      \
  BENCHMARK(gradient<Workload, ReversibleAdjoint, Reversible<typename Workload::Base>>) __VA_ARGS__; \
  BENCHMARK(gradient<Workload, BacksolveAdjoint<>>) __VA_ARGS__;                                     \
  BENCHMARK(gradient<Workload, InterpolatingAdjoint<>>) __VA_ARGS__;                                 \
  BENCHMARK(gradient<Workload, GaussLegendreAdjoint<>>) __VA_ARGS__;                                 \
  BENCHMARK(gradient<Workload, AutomaticAdjoint>) __VA_ARGS__

GRADIENTS(W1, ->Arg(measured_or_tried(1'000, 100))->Arg(measured_or_tried(100'000, 1'000)));
GRADIENTS(LotkaVolterra, ->Arg(0));
BENCHMARK(gradient<LotkaVolterra, ForwardMode>)->Arg(0);
BENCHMARK(gradient<LotkaVolterra, ReversibleAdjoint, ReversibleAdams<6>>)->Arg(0);
GRADIENTS(NeuralField, ->Arg(0));
BENCHMARK(gradient<NeuralField, ReversibleAdjoint, ReversibleAdams<6>>)->Arg(0);

}  // namespace
