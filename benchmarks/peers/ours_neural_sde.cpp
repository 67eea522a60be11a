// The gradient of a neural SDE by ReversibleHeun: 256 samples of four numbers in float, drift and diagonal diffusion networks of a hidden
// layer of 64, 100 steps, the mean of |y|²/2 at the end, with respect to y0 and both networks. Without noise everyone solves one ODE by one
// scheme: value and gradient are those. Times are of gradients with noise, each along a new path.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

#include <cstdint>
#include <memory>

#include "peers/ours.hpp"
#include "support/workloads.hpp"

namespace {

using namespace antistrophe;
using State = Eigen::MatrixXf;
using Network = Mlp<float, Layers<4, 64, 4>>;

constexpr std::int64_t steps = 100;

struct SquaredEnd {
  float operator()(const std::vector<State>& ys, std::vector<State>& ys_bar) const {
    const auto samples = static_cast<float>(ys.back().cols());
    ys_bar.back() = ys.back() / samples;
    return ys.back().squaredNorm() / (2 * samples);
  }
};

BrownianPath path_of(std::uint64_t seed, Eigen::Index samples) {
  return {.seed = seed, .channels = 4, .samples = samples, .tolerance = 0.01};
}

auto problem_of(float loudness, Eigen::Index samples) {
  const auto drift = workloads::sine_weights(Network{});
  auto sigma = drift;
  sigma.parameters() *= loudness;
  return Problem{StochasticField{drift, DiagonalNoise{sigma}, path_of(0, samples)}, State(State::Ones(4, samples)), 0.0,
                 1.0};
}

peers::Result without_noise(Eigen::Index samples) {
  const auto quiet = problem_of(0, samples);
  const auto [value, g] = value_and_gradient(quiet, ReversibleHeun{}, FixedSteps{steps}, SquaredEnd{});
  const Eigen::VectorXd drift = g.theta.head(quiet.field.parameters().size() / 2).cast<double>();
  return {static_cast<double>(value), {g.y0.cast<double>().sum(), drift.sum(), drift.norm()}};
}

// As many samples as the argument says; results are the same for any number, for all start alike.
peers::Call gradient(double argument) {
  const auto samples = static_cast<Eigen::Index>(argument);
  auto problem = problem_of(1, samples);
  Objective objective(problem, ReversibleHeun{}, FixedSteps{steps}, SquaredEnd{});
  return [problem, bound = std::make_shared<decltype(objective)>(objective), quiet = without_noise(samples), samples,
          seed = std::uint64_t{0}]() mutable -> peers::Result {
    problem.field.take(path_of(++seed, samples));
    (*bound)(problem);
    return quiet;
  };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(count, arguments, {{"neural_sde", {{"heun", &gradient}}}}, peers::our_version());
}
