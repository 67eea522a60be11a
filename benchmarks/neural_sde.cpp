// The gradient of a neural SDE in float: 256 samples of four numbers, drift and diagonal diffusion networks of a hidden layer of 64, 100 steps,
// by three reversible methods and by stored states. The reversible ones are the same, bit for bit, as those of DirectAdjoint by the same
// method, which is checked before they are timed.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

#include <benchmark/benchmark.h>

#include <random>
#include <stdexcept>
#include <vector>

#include "tried.hpp"

namespace {

using namespace antistrophe;
using State = Eigen::MatrixXf;
constexpr Eigen::Index samples = benchmarks::measured_or_tried(256, 8);
using Network = Mlp<float, Layers<4, 64, 4>>;

struct SquaredEnd {
  double operator()(const std::vector<State>& ys, std::vector<State>& ys_bar) const {
    ys_bar.back() = ys.back() / samples;
    return ys.back().squaredNorm() / (2 * samples);
  }
};

auto neural_sde() {
  std::mt19937 random(1);
  Network drift, sigma;
  drift.initialise(GlorotUniform{random});
  sigma.initialise(GlorotUniform{random});
  const BrownianPath path{.seed = 1, .channels = 4, .samples = samples, .tolerance = 0.01};
  return Problem{StochasticField{drift, DiagonalNoise{sigma}, path}, State(State::Ones(4, samples)), 0.0, 1.0};
}

template <class M, class Adjoint>
void gradient(benchmark::State& state) {
  const auto problem = neural_sde();
  if constexpr (ReversibleStepper<typename M::template Stepper<typename decltype(neural_sde())::Field, State>>) {
    const auto back = value_and_gradient(problem, M{}, FixedSteps{100}, SquaredEnd{}, ReversibleAdjoint{});
    const auto stored = value_and_gradient(problem, M{}, FixedSteps{100}, SquaredEnd{}, DirectAdjoint{});
    if (back.gradient.y0 != stored.gradient.y0 || back.gradient.theta != stored.gradient.theta)
      throw std::logic_error("the way back is another one");
  }
  Objective objective(problem, M{}, FixedSteps{100}, SquaredEnd{}, Adjoint{});
  for (auto _ : state) benchmark::DoNotOptimize(objective().value);
}

BENCHMARK(gradient<Midpoint, DirectAdjoint>)->Unit(benchmark::kMillisecond);
BENCHMARK(gradient<ReversibleHeun<>, ReversibleAdjoint>)->Unit(benchmark::kMillisecond);
BENCHMARK(gradient<TwoPoint<Heun>, ReversibleAdjoint>)->Unit(benchmark::kMillisecond);
BENCHMARK(gradient<Reversible<Midpoint>, ReversibleAdjoint>)->Unit(benchmark::kMillisecond);

void path_alone(benchmark::State& state) {
  BrownianWalk walk({.seed = 1, .channels = 4, .samples = samples, .tolerance = 0.01});
  Eigen::MatrixXd dw;
  for (auto _ : state)
    for (int i = 0; i < 100; ++i) walk.increment(i / 100.0, (i + 1) / 100.0, dw);
}
BENCHMARK(path_alone)->Unit(benchmark::kMillisecond);

}  // namespace
