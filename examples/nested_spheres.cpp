// Networks learn by five adjoints, of which one word is changed (Norcliffe & Deisenroth, TMLR 2023, arXiv 2308.10644): to tell nested
// spheres apart, and the map x ↦ −x, which no equation of one dimension has for a flow.
#include "support/adamw.hpp"
#include "support/cde_classifier.hpp"
#include "support/expect.hpp"
#include "support/minibatches.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;
using Network = Mlp<double, RuntimeLayers, Softplus, TimeAndState>;

namespace {

support::Expectations expectations;
const Adaptive coarse{.rtol = 1e-3, .atol = 1e-3};

// Points of the square, three zeros below them: within a radius of 0.4 of class 0, between 0.7 and 0.9 of class 1.
struct Spheres {
  MatrixXd points;
  std::vector<int> labels;
  Spheres(Index count, unsigned seed) : points(MatrixXd::Zero(5, count)) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (Index i = 0; i < count;) {
      const Eigen::Vector2d point(uniform(engine), uniform(engine));
      const int label = point.norm() < 0.4 ? 0 : point.norm() > 0.7 && point.norm() < 0.9 ? 1 : -1;
      if (label != (i < count / 2 ? 0 : 1)) continue;
      points.col(i++).head<2>() = point;
      labels.push_back(label);
    }
  }
};

template <class M, class StepsType, class Adjoint>
double learn_spheres(const char* name, const M& method, const StepsType& steps, const Adjoint& adjoint) {
  const Spheres training(2000, 1), testing(200, 2);
  Network network{{6, 20, 20, 5}};
  std::mt19937 engine(3);
  network.initialise(FanInUniform{engine});
  std::uniform_real_distribution<double> uniform(-1, 1);
  MatrixXd W = MatrixXd::NullaryExpr(2, 5, [&] { return uniform(engine) / std::sqrt(5.0); }), W_bar;
  VectorXd b = VectorXd::Zero(2), b_bar;
  const Index n = network.parameters().size();
  support::AdamW optimiser({.rate = 1e-2, .decay = 0}, n + 12);
  support::Shuffled shuffled(2000, 4);
  const support::Stopwatch stopwatch;
  double forth = 0, back = 0, of_theta = 0, gradients = 0;
  int refused = 0;
  for (int epoch = 0; epoch < 20; ++epoch) {
    const std::vector<std::size_t>& order = shuffled();
    for (std::size_t begin = 0; begin < 2000; begin += 100) {
      MatrixXd batch(5, 100);
      std::vector<int> labels;
      for (std::size_t i = 0; i < 100; ++i) {
        batch.col(static_cast<Index>(i)) = training.points.col(static_cast<Index>(order[begin + i]));
        labels.push_back(training.labels[order[begin + i]]);
      }
      const auto result =
          value_and_gradient(Problem{network, batch, 0.0, 1.0}, method, steps,
                             support::CrossEntropy{W, b, labels, &W_bar, &b_bar}, adjoint, OnFailure::return_status);
      if (!result.success()) {  // a state that cannot be solved backwards has no gradient
        ++refused;
        continue;
      }
      VectorXd theta(n + 12), theta_bar(n + 12);
      theta << network.parameters(), W.reshaped(), b;
      theta_bar << result.gradient.theta, W_bar.reshaped(), b_bar;
      optimiser.step(theta, theta_bar);
      network.parameters() = theta.head(n);
      W = theta.segment(n, 10).reshaped(2, 5);
      b = theta.tail(2);
      const BackwardStats& stats = result.gradient.stats;
      forth += static_cast<double>(result.stats.evaluations);
      back += static_cast<double>(stats.evaluations);
      of_theta += static_cast<double>(stats.vjps - stats.state_vjps);
      ++gradients;
    }
  }
  const MatrixXd end = solve(Problem{network, testing.points, 0.0, 1.0}, method, steps).ys().back();
  const MatrixXd logits = (W * end).colwise() + b;
  int right = 0;
  for (Index i = 0; i < 200; ++i)
    right += (logits(1, i) > logits(0, i) ? 1 : 0) == testing.labels[static_cast<std::size_t>(i)];
  std::printf("%-34s %6.1f %%  %10.1f %10.1f %10.1f  %7d  %6.2f s\n", name, right / 2.0, forth / gradients,
              back / gradients, of_theta / gradients, refused, stopwatch.seconds());
  expectations.expect(right >= 198, std::string("spheres are told apart by ") + name);
  return of_theta / gradients;
}

// {−1, 1} to {1, −1}, which no equation of one dimension can do: three zeros give it room to go round.
template <class M, class Adjoint>
double learn_to_turn(const M& method, const Adjoint& adjoint) {
  Mlp<double, RuntimeLayers, Softplus> network{{4, 20, 20, 4}};
  std::mt19937 engine(5);
  network.initialise(FanInUniform{engine});
  support::AdamW optimiser({.rate = 1e-2, .decay = 0}, network.parameters().size());
  MatrixXd y0 = MatrixXd::Zero(4, 2);
  y0.row(0) << -1, 1;
  const auto loss = [&](const auto& ys, auto& ys_bar) {
    ys_bar[0].row(0) = ys[0].row(0) + y0.row(0);
    return ys_bar[0].squaredNorm() / 2;
  };
  double value = 0;
  for (int epoch = 0; epoch < 200; ++epoch) {
    const auto result = value_and_gradient(Problem{network, y0, 0.0, 1.0}, method, coarse, loss, adjoint);
    value = result.value;
    optimiser.step(network.parameters(), result.gradient.theta);
  }
  expectations.expect(value < 1e-4, "a network learns to turn");
  return value;
}

}  // namespace

int main() {
  std::printf(
      "Nested spheres, w = 20, 20 epochs: right, a gradient's evaluations forth, back, vjps by parameters, refused\n");
  learn_spheres("Dopri5, DirectAdjoint", Dopri5{}, coarse, DirectAdjoint{});
  learn_spheres("Reversible<Bosh3>, 8 steps", Reversible<Bosh3>{}, FixedSteps{8}, ReversibleAdjoint{});
  const double whole = learn_spheres("Dopri5, BacksolveAdjoint", Dopri5{}, coarse, BacksolveAdjoint{});
  learn_spheres("Dopri5, Backsolve, seminorm", Dopri5{}, coarse, BacksolveAdjoint<>{.norm = AdjointNorm::seminorm});
  const double nodes = learn_spheres("Dopri5, GaussLegendreAdjoint", Dopri5{}, coarse, GaussLegendreAdjoint{});

  expectations.expect(nodes < whole / 2, "Gauss-Legendre takes half of the parameters' vjps at most");
  std::printf(
      "\nx to -x, w = 20, 150 epochs: the loss is %.0e directly, %.0e by the pair, %.0e by backsolve, %.0e by "
      "Gauss-Legendre\n",
      learn_to_turn(Dopri5{}, DirectAdjoint{}), learn_to_turn(Reversible<Dopri5>{}, ReversibleAdjoint{}),
      learn_to_turn(Dopri5{}, BacksolveAdjoint{}), learn_to_turn(Dopri5{}, GaussLegendreAdjoint{}));
  return expectations.exit_code();
}
