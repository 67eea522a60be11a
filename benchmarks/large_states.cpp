// Large states: the Brusselator on rings of 1,024 and 100,000 cells, f and its vjp the very functions of the loops written by hand
// (kernels/large_kernels.hpp). Each result is held against the kernel's before it is timed; a ratio is that of CPU times, the median over
// runs that alternate. RK4 forward and its gradient from stored states to the kernel's; the exact pair and ReversibleAdams<4> forward to our RK4
// forward; time a step.
#include <antistrophe/antistrophe.hpp>

#include <benchmark/benchmark.h>

#include <malloc.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "alternating.hpp"
#include "kernels/large_kernels.hpp"
#include "tried.hpp"

namespace {

using namespace antistrophe;

struct Field {
  static constexpr bool autonomous = true;
  Eigen::Vector3d theta{1, 3, 0.1};
  const auto& parameters() const { return theta; }
  kernels::Brusselator system() const { return {theta[0], theta[1], theta[2]}; }
  void operator()(double, const auto& y, auto& dy) const {
    system().f(y.data(), dy.data(), static_cast<std::size_t>(y.size()) / 2);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    system().vjp(y.data(), w.data(), y_bar.data(), theta_bar.data(), static_cast<std::size_t>(y.size()) / 2);
  }
};

// Memory that was freed is kept and used again on both sides: what is timed are steps, not the pages of a first touch.
const bool keeps_memory = mallopt(M_MMAP_THRESHOLD, 1 << 30) == 1 && mallopt(M_TRIM_THRESHOLD, 1 << 30) == 1;

constexpr double h = 0.02;
Eigen::VectorXd start(std::size_t cells) {
  const auto n = static_cast<Eigen::Index>(cells);
  Eigen::VectorXd y(2 * n);
  for (Eigen::Index i = 0; i < n; ++i) {
    y[i] = 1 + std::sin(6.283185307179586 * static_cast<double>(i) / static_cast<double>(n)) / 2;
    y[n + i] = 3;
  }
  return y;
}

// An objective keeps its room from call to call, as the kernel does: what is timed are steps.
template <class M, class Adjoint>
auto objective(std::size_t cells, std::int64_t steps) {
  return Objective{Problem{Field{}, start(cells), 0.0, h * static_cast<double>(steps)}, M{}, FixedSteps{steps},
                   [](const auto& ys, auto& ys_bar) {
                     ys_bar.back().setOnes();
                     return ys.back().sum();
                   },
                   Adjoint{}};
}
template <class M>
double last_sum(std::size_t cells, std::int64_t steps) {
  const Problem problem{Field{}, start(cells), 0.0, h * static_cast<double>(steps)};
  return solve(problem, M{}, FixedSteps{steps}).ys().back().sum();
}
double kernel_sum(std::size_t cells, std::int64_t steps) {
  const Eigen::VectorXd y0 = start(cells);
  std::vector<double> y(y0.data(), y0.data() + y0.size());
  kernels::LargeRk4 kernel({}, cells);
  kernel.forward(y, h, static_cast<std::size_t>(steps));
  double sum = 0;
  for (const double x : y) sum += x;
  return sum;
}

template <class Ours, class Theirs>
void alternate(benchmark::State& state, std::int64_t steps, const Ours& ours, const Theirs& theirs) {
  const double time = benchmarks::alternate(state, ours, theirs).seconds;
  state.counters["us_a_step"] = 1e6 * time / static_cast<double>(steps);
}
// So many that what a call costs beside its steps does not count, and few enough to be stored.
std::int64_t steps_of(std::size_t cells) {
  return cells > 10000 ? benchmarks::measured_or_tried(50, 5) : benchmarks::measured_or_tried(1000, 20);
}
bool near(double a, double b) { return std::fabs(a - b) < 1e-4 * std::fabs(b); }

void rk4_forward(benchmark::State& state) {
  const auto cells = static_cast<std::size_t>(state.range(0));
  const std::int64_t steps = steps_of(cells);
  if (!near(last_sum<RK4>(cells, steps), kernel_sum(cells, steps)))
    return state.SkipWithError("another solution than that of the kernel");
  alternate(
      state, steps, [&] { return last_sum<RK4>(cells, steps); }, [&] { return kernel_sum(cells, steps); });
}
template <class M>
void to_rk4(benchmark::State& state) {
  const auto cells = static_cast<std::size_t>(state.range(0));
  const std::int64_t steps = steps_of(cells);
  if (!near(last_sum<M>(cells, steps), kernel_sum(cells, steps)))
    return state.SkipWithError("another solution than that of the kernel");
  alternate(
      state, steps, [&] { return last_sum<M>(cells, steps); }, [&] { return last_sum<RK4>(cells, steps); });
}
template <class M, class Adjoint>
void gradient(benchmark::State& state) {
  const auto cells = static_cast<std::size_t>(state.range(0));
  const std::int64_t steps = steps_of(cells);
  kernels::LargeRk4 kernel({}, cells);
  std::vector<double> states, y_bar;
  double theta_bar[3];
  const Eigen::VectorXd y0 = start(cells);
  const auto theirs = [&] {
    std::vector<double> y(y0.data(), y0.data() + y0.size());
    theta_bar[0] = theta_bar[1] = theta_bar[2] = 0;
    kernel.gradient(y, h, static_cast<std::size_t>(steps), states, y_bar, theta_bar);
    return theta_bar[1];
  };
  auto ours = objective<M, Adjoint>(cells, steps);
  const auto differentiate = [&] { return ours().gradient.theta[1]; };
  if (!near(differentiate(), theirs())) return state.SkipWithError("another gradient than that of the kernel");
  alternate(state, steps, differentiate, theirs);
}

BENCHMARK(rk4_forward)->Name("brusselator/rk4/to_kernel")->Arg(1024)->Arg(100000);
BENCHMARK_TEMPLATE(gradient, RK4, DirectAdjoint)->Name("brusselator/direct/to_kernel")->Arg(1024)->Arg(100000);
BENCHMARK_TEMPLATE(to_rk4, Reversible<RK4>)->Name("brusselator/pair/to_rk4")->Arg(1024)->Arg(100000);
BENCHMARK_TEMPLATE(to_rk4, ReversibleAdams<4>)->Name("brusselator/adams4/to_rk4")->Arg(1024)->Arg(100000);
BENCHMARK_TEMPLATE(gradient, Reversible<RK4>, ReversibleAdjoint)
    ->Name("brusselator/pair_gradient/to_kernel")
    ->Arg(1024)
    ->Arg(100000);

}  // namespace
