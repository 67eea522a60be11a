// EIGEN_USE_BLAS: the products of a wide network on a batch are BLAS's then. f is what plain loops say, the gradient what
// differences say, and an exact pair comes back bit for bit, or it throws.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <cmath>
#include <cstdio>

#ifndef EIGEN_USE_BLAS
#error "compile this with -DEIGEN_USE_BLAS"
#endif

using namespace antistrophe;

namespace {

constexpr int rows = 24, width = 60, samples = 40;

// tanh of W1 x + b1, and W2 of that + b2, from the parameters in their order: W row by row, then b.
double entry_by_loops(const Eigen::VectorXd& theta, const Eigen::MatrixXd& y, int row, int column) {
  const auto first = [&](int i, int j) { return theta[i * rows + j]; };
  const int second = rows * width + width;
  double sum = theta[second + rows * width + row];
  for (int i = 0; i < width; ++i) {
    double z = theta[rows * width + i];
    for (int j = 0; j < rows; ++j) z += first(i, j) * y(j, column);
    sum += theta[second + row * width + i] * std::tanh(z);
  }
  return sum;
}

}  // namespace

int main() {
  Mlp<double> network{{rows, width, rows}};
  auto& theta = network.parameters();
  for (Eigen::Index i = 0; i < theta.size(); ++i) theta[i] = 0.3 * std::sin(1.7 * static_cast<double>(i) + 0.2);
  Eigen::MatrixXd y(rows, samples), dy(rows, samples);
  for (Eigen::Index i = 0; i < y.size(); ++i) y.data()[i] = std::cos(0.9 * static_cast<double>(i));

  network(0.0, y, dy);
  double worst = 0;
  for (int column = 0; column < samples; ++column)
    for (int row = 0; row < rows; ++row)
      worst = std::fmax(worst, std::fabs(dy(row, column) - entry_by_loops(theta, y, row, column)));
  // Round-off of sums of 60 terms of at most 0.3, and of tanh.
  const bool same = worst < 1e-13;

  Eigen::MatrixXd weights(rows, samples);
  for (Eigen::Index i = 0; i < weights.size(); ++i) weights.data()[i] = std::sin(static_cast<double>(i));
  const TerminalLoss loss{[&](const auto& end, auto& end_bar) {
    end_bar = weights;
    return end.cwiseProduct(weights).sum();
  }};
  const FixedSteps steps{5};
  Problem problem{network, y, 0.0, 0.5};
  const auto gradient = value_and_gradient(problem, Reversible<RK4>{}, steps, loss).gradient;

  // Along a direction of θ, by differences of the fourth order. The values move by the grain of exact numbers, 2^-42, in each
  // of 5 steps of 960 pairs: at random some 5e-12, over h 5e-9, which is 4e-8 of the slope; h⁴ is far below.
  Eigen::VectorXd direction(theta.size());
  for (Eigen::Index i = 0; i < theta.size(); ++i) direction[i] = std::cos(2.3 * static_cast<double>(i));
  const auto value_at = [&](double s) {
    Problem moved = problem;
    moved.field.parameters() += s * direction;
    return solve(moved, Reversible<RK4>{}, steps).ys().back().cwiseProduct(weights).sum();
  };
  const double h = 1e-3;
  const double slope = (8 * (value_at(h) - value_at(-h)) - (value_at(2 * h) - value_at(-2 * h))) / (12 * h);
  const double by_gradient = gradient.theta.dot(direction);
  const bool agrees = std::fabs(slope - by_gradient) < 2e-7 * std::fabs(by_gradient);
  std::printf("f differs from loops by %.1e; the slope is %.12g, the gradient's %.12g\n", worst, slope, by_gradient);
  return same && agrees ? 0 : 1;
}
