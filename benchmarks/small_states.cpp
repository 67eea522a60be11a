// Small states, from 2 to 28 numbers, with fields written by hand: Lotka–Volterra, Lorenz, the Pleiades. Times are per step of
// equal length: a forward solve by RK4, the gradient by its stored states, by its exact pair, and by ReversibleAdams<4>. Each
// result is compared with that of Dop853 in the same steps before it is timed. `…/to_kernel` is the same beside a loop written by
// hand for that system (kernels/small_kernels.hpp; pair and Adams in floating point there): the ratio of CPU times, the median over
// runs that alternate, which a noisy machine moves least, once both have been seen to give the same. `call/…` are one-step solves:
// what a call costs.
#include <antistrophe/antistrophe.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "alternating.hpp"
#include "kernels/small_kernels.hpp"
#include "seven_stars.hpp"
#include "support/problems.hpp"
#include "tried.hpp"

namespace {

using namespace antistrophe;

// f as the kernel writes it: g++ 12 at -O3 with -mfma compiles the other form of it wrongly in the kernel.
struct LotkaVolterra : problems::LotkaVolterra<> {
  using Kernel = kernels::LotkaVolterra;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = (theta[0] - theta[1] * y[1]) * y[0];
    dy[1] = (theta[3] * y[0] - theta[2]) * y[1];
  }
  static Eigen::Vector2d start() { return {1, 1}; }
  static constexpr double end = benchmarks::measured_or_tried(10.0, 2.5);
};

// For no longer, for it contracts, and the way back of the kernel's floating pair strays.
struct Lorenz : problems::Lorenz<> {
  using Kernel = kernels::Lorenz;
  static Eigen::Vector3d start() { return {1, 1, 1}; }
  static constexpr double end = benchmarks::measured_or_tried(0.5, 0.125);
};

struct Pleiades : SevenStars<double> {
  using Kernel = kernels::Pleiades;
  using Real = double;
  static constexpr bool autonomous = true;
  static constexpr double end = benchmarks::measured_or_tried(0.5, 0.125);  // before stars meet closely
};

constexpr std::int64_t steps = benchmarks::measured_or_tried(2000, 500);
const auto sum_of_last = [](const auto& ys, auto& ys_bar) {
  ys_bar.back().setOnes();
  return ys.back().sum();
};

template <class F>
auto problem() {
  return Problem{F{}, F::start(), 0.0, F::end};
}

template <class F, class M>
void forward(benchmark::State& state) {
  const auto given = problem<F>();
  const auto expected = solve(given, Dop853{}, FixedSteps{steps}).ys().back();
  if (!((solve(given, M{}, FixedSteps{steps}).ys().back() - expected).norm() < 1e-4 * expected.norm()))
    return state.SkipWithError("another solution than that of Dop853");
  for (auto _ : state) benchmark::DoNotOptimize(solve(given, M{}, FixedSteps{steps}).ys().back().sum());
  state.SetItemsProcessed(state.iterations() * steps);
}

template <class F, class M, class Adjoint>
void gradient(benchmark::State& state) {
  const auto given = problem<F>();
  const auto expected = value_and_gradient(given, Dop853{}, FixedSteps{steps}, sum_of_last).gradient.theta;
  const auto differentiate = [&] {
    return value_and_gradient(given, M{}, FixedSteps{steps}, sum_of_last, SaveAt{}, Adjoint{}).gradient.theta;
  };
  if (!((differentiate() - expected).norm() < 1e-3 * expected.norm()))
    return state.SkipWithError("another gradient than that of Dop853");
  for (auto _ : state) benchmark::DoNotOptimize(differentiate().sum());
  state.SetItemsProcessed(state.iterations() * steps);
}

// The two sides of a ratio. Each gives numbers to compare: the last state, or ∂L/∂θ.
template <class F>
constexpr double step_length = F::end / static_cast<double>(steps);
constexpr double kernel_lambda = 0.999;  // a floating pair strays the less, the nearer it is to 1

template <class F>
kernels::small::State<typename F::Kernel> kernel_start() {
  kernels::small::State<typename F::Kernel> y{};
  const auto start = F::start();
  std::copy(start.data(), start.data() + start.size(), y.begin());
  return y;
}

template <class Numbers>
std::vector<double> as_vector(const Numbers& numbers) {
  return {numbers.data(), numbers.data() + numbers.size()};
}

struct Forward {
  template <class F>
  static std::vector<double> library() {
    static const auto given = problem<F>();
    return as_vector(solve(given, RK4{}, FixedSteps{steps}).ys().back());
  }
  template <class F>
  static std::vector<double> kernel() {
    return as_vector(kernels::rk4_forward(typename F::Kernel{}, kernel_start<F>(), step_length<F>, steps));
  }
};

template <class M, class Adjoint>
struct GradientBy {
  template <class F>
  static std::vector<double> library() {
    static const auto given = problem<F>();
    return as_vector(
        value_and_gradient(given, M{}, FixedSteps{steps}, sum_of_last, SaveAt{}, Adjoint{}).gradient.theta);
  }
};

struct Direct : GradientBy<RK4, DirectAdjoint> {
  template <class F>
  static std::vector<double> kernel() {
    static std::vector<kernels::small::State<typename F::Kernel>> states;
    return as_vector(kernels::rk4_direct(typename F::Kernel{}, kernel_start<F>(), step_length<F>, steps, states).theta);
  }
};
struct Pair : GradientBy<Reversible<RK4>, ReversibleAdjoint> {
  template <class F>
  static std::vector<double> kernel() {
    return as_vector(
        kernels::rk4_floating_pair(typename F::Kernel{}, kernel_start<F>(), step_length<F>, steps, kernel_lambda)
            .theta);
  }
};
struct Adams4 : GradientBy<ReversibleAdams<4>, ReversibleAdjoint> {
  template <class F>
  static std::vector<double> kernel() {
    return as_vector(
        kernels::adams4_floating(typename F::Kernel{}, kernel_start<F>(), step_length<F>, steps, kernel_lambda).theta);
  }
};

template <class F, class Sides>
void to_kernel(benchmark::State& state) {
  const auto ours = &Sides::template library<F>, theirs = &Sides::template kernel<F>;
  const std::vector<double> a = ours(), b = theirs();
  double off = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    off = std::max(off, std::fabs(a[i] - b[i]));
    size = std::max(size, std::fabs(b[i]));
  }
  if (!(off < 1e-5 * size)) return state.SkipWithError("another result than that of the kernel");
  benchmarks::alternate(state, ours, theirs);
}

// One step of Lotka–Volterra: what a call costs.
const auto one_step = [] { return Problem{LotkaVolterra{}, LotkaVolterra::start(), 0.0, 0.01}; };

void call_solve(benchmark::State& state) {
  const auto given = one_step();
  for (auto _ : state) benchmark::DoNotOptimize(solve(given, RK4{}, FixedSteps{1}).ys().back()[0]);
}
void call_gradient(benchmark::State& state) {
  const auto given = one_step();
  for (auto _ : state)
    benchmark::DoNotOptimize(value_and_gradient(given, RK4{}, FixedSteps{1}, sum_of_last, DirectAdjoint{}).value);
}
void call_objective(benchmark::State& state) {
  Objective objective{one_step(), RK4{}, FixedSteps{1}, sum_of_last, DirectAdjoint{}};
  for (auto _ : state) benchmark::DoNotOptimize(objective().value);
}
BENCHMARK(call_solve)->Name("call/solve");
BENCHMARK(call_gradient)->Name("call/gradient");
BENCHMARK(call_objective)->Name("call/objective");

#define SMALL_STATE(Field)                                                                            \
  BENCHMARK_TEMPLATE(forward, Field, RK4)->Name(#Field "/forward");                                   \
  BENCHMARK_TEMPLATE(gradient, Field, RK4, DirectAdjoint)->Name(#Field "/direct");                    \
  BENCHMARK_TEMPLATE(gradient, Field, Reversible<RK4>, ReversibleAdjoint)->Name(#Field "/pair");      \
  BENCHMARK_TEMPLATE(gradient, Field, ReversibleAdams<4>, ReversibleAdjoint)->Name(#Field "/adams4"); \
  BENCHMARK_TEMPLATE(to_kernel, Field, Forward)->Name(#Field "/forward/to_kernel");                   \
  BENCHMARK_TEMPLATE(to_kernel, Field, Direct)->Name(#Field "/direct/to_kernel");                     \
  BENCHMARK_TEMPLATE(to_kernel, Field, Pair)->Name(#Field "/pair/to_kernel");                         \
  BENCHMARK_TEMPLATE(to_kernel, Field, Adams4)->Name(#Field "/adams4/to_kernel")
SMALL_STATE(LotkaVolterra);
SMALL_STATE(Lorenz);
SMALL_STATE(Pleiades);

}  // namespace
