// The gradient of a neural SDE by ReversibleHeun, for neural_sde.py, which says what it is and holds it beside others. As every worker does,
// it answers each line of standard input by one of standard output:
//   check        loss, then its gradient with respect to y0 (4 sums over the batch) and to the drift's parameters
//   time <seed>  milliseconds of a gradient along the path of this seed
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

using namespace antistrophe;
using State = Eigen::MatrixXf;
using Network = Mlp<float, Layers<4, 64, 4>>;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t steps = 100;

struct SquaredEnd {
  float operator()(const std::vector<State>& ys, std::vector<State>& ys_bar) const {
    ys_bar.back() = ys.back() / 256;
    return ys.back().squaredNorm() / 512;
  }
};

BrownianPath path_of(std::uint64_t seed) { return {.seed = seed, .channels = 4, .samples = 256, .tolerance = 0.01}; }

auto problem_of(const char* weights, float loudness) {
  Network drift, sigma;
  std::ifstream file(weights, std::ios::binary);
  const auto read = [&](Network& network) {
    auto& theta = network.parameters();
    file.read(reinterpret_cast<char*>(theta.data()), static_cast<std::streamsize>(theta.size() * sizeof(float)));
  };
  read(drift), read(sigma);
  if (!file) throw std::runtime_error("there are not enough weights in the file");
  sigma.parameters() *= loudness;
  return Problem{StochasticField{drift, DiagonalNoise{sigma}, path_of(0)}, State(State::Ones(4, 256)), 0.0, 1.0};
}

}  // namespace

int main(int, char** arguments) {
  std::cout.precision(9);
  auto problem = problem_of(arguments[1], 1);
  Objective objective(problem, ReversibleHeun{}, FixedSteps{steps}, SquaredEnd{});
  for (std::string word; std::cin >> word;) {
    if (word == "check") {
      const auto quiet = problem_of(arguments[1], 0);
      const auto [value, gradient] = value_and_gradient(quiet, ReversibleHeun{}, FixedSteps{steps}, SquaredEnd{});
      std::cout << value << " " << gradient.y0.rowwise().sum().transpose() << " "
                << gradient.theta.head(quiet.field.parameters().size() / 2).transpose() << std::endl;
    } else {
      std::uint64_t seed = 0;
      std::cin >> seed;
      problem.field.take(path_of(seed));
      const auto before = Clock::now();
      const auto& result = objective(problem);
      const std::chrono::duration<double, std::milli> spent = Clock::now() - before;
      if (!(result.value > 0)) throw std::logic_error("no loss");
      std::cout << spent.count() << std::endl;
    }
  }
}
