// A network learns a spiral from its points: steps down the gradient of a mean squared error.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <iostream>
#include <random>
#include <vector>

int main() {
  using namespace antistrophe;
  std::mt19937 engine(1);
  Mlp<double, Layers<2, 16, 2>> network;
  network.initialise(GlorotUniform{engine});

  std::vector<double> times;
  std::vector<Eigen::Vector2d> points;
  for (int i = 1; i <= 20; ++i) {
    const double t = 0.1 * i;
    times.push_back(t);
    points.emplace_back(std::exp(-0.1 * t) * std::cos(t), std::exp(-0.1 * t) * std::sin(t));
  }
  MeanSquaredError loss{points};
  Problem problem{network, Eigen::Vector2d{1, 0}, 0.0, 2.0};
  for (int epoch = 0; epoch < 100; ++epoch) {
    auto [value, gradient] =
        value_and_gradient(problem, Reversible<RK4>{}, FixedSteps{40}, loss, SaveAt{.times = times});
    problem.field.parameters() -= 0.05 * gradient.theta;
    if (epoch % 10 == 0) std::cout << value << '\n';
  }
}
