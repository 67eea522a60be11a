// A latent stochastic equation learns the Lorenz system that noise shakes (Li, Wong, Chen & Duvenaud, AISTATS 2020, arXiv 2001.01328):
//   dx = 10 (y − x) dt + 0.1 x dW,   dy = (x (28 − z) − y) dt + 0.28 y dW,   dz = (x y − 8/3 z) dt + 0.3 z dW   (Itô),   0 ≤ t ≤ 2,
// 20 series at 100 times, standardised, seen with a deviation of 0.01. Latent z of 4 numbers goes by dz = f(z, X) dt + σ dW, X the series at t and 0.1
// later, from z(0) ~ N(μ, s²), read linearly off the first observations; they are read off z linearly. With the prior's drift h(z) and p(z(0)) = N(0, 1)
//   loss = −E log p(series | z) + β (KL(q(z(0)) ‖ p) + E ∫ ½ |(f − h)/σ|² dt):
// the integral is a RunningCost, expectations are by two paths for each series, new ones for each gradient, β goes up to 1. Gradients are by a method
// that goes back along these paths bit for bit. Argument: `full` trains ten times as long.
#include "support/adamw.hpp"
#include "support/csv.hpp"
#include "support/dense.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/progress.hpp"
#include "support/random.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/method/stochastic/ito.hpp>
#include <antistrophe/noise/stochastic_field.hpp>
#include <antistrophe/running_cost.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::ArrayXd, Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

constexpr Index series = 20, of_each = 2, columns = series * of_each, times = 100, latent = 4, width = 32;
constexpr double seen_to = 0.1;  // the deviation of the model's observations
const support::Dense posterior_net(latent + 6, width, latent), prior_net(latent, width, latent);

SaveAt observation_times() {
  SaveAt result;
  for (Index k = 0; k < times; ++k) result.times.push_back(2.0 * static_cast<double>(k) / (times - 1));
  return result;
}

// Of each time a 3 × series matrix, of mean 0 and variance 1.
std::vector<MatrixXd> observed() {
  const auto drift = [](double, const auto& y, auto& dy) {
    dy.row(0) = 10 * (y.row(1) - y.row(0));
    dy.row(1).array() = y.row(0).array() * (28 - y.row(2).array()) - y.row(1).array();
    dy.row(2).array() = y.row(0).array() * y.row(1).array() - 8.0 / 3 * y.row(2).array();
  };
  const auto sigma = [](double, const auto& y, auto& s) { s = Eigen::Vector3d(0.1, 0.28, 0.3).asDiagonal() * y; };
  support::Random random(1);
  const MatrixXd y0 = MatrixXd::NullaryExpr(3, series, [&] { return random.normal(); });
  const ItoField field{drift, DiagonalNoise{sigma}, BrownianPath{.seed = 1, .channels = 3, .samples = series, .t1 = 2}};
  std::vector<MatrixXd> ys =
      solve(Problem{field, y0, 0.0, 2.0}, EulerMaruyama{}, FixedSteps{990}, observation_times()).ys();
  for (Index c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (const MatrixXd& y : ys) sum += y.row(c).mean() / times;
    for (const MatrixXd& y : ys) squares += (y.row(c).array() - sum).square().mean() / times;
    for (MatrixXd& y : ys) y.row(c).array() = (y.row(c).array() - sum) / std::sqrt(squares);
  }
  for (MatrixXd& y : ys) y += 0.01 * MatrixXd::NullaryExpr(3, series, [&] { return random.normal(); });
  return ys;
}

// f, and the parameters of h beside its own: what the prior does is in the cost.
struct Posterior {
  VectorXd theta;
  std::shared_ptr<const LinearPath> context;
  const VectorXd& parameters() const { return theta; }
  VectorXd& parameters() { return theta; }
  MatrixXd input(double t, const MatrixXd& z) const {
    MatrixXd x(latent + 6, z.cols());
    x << z, (*context)(t), (*context)(std::min(t + 0.1, 2.0));
    return x;
  }
  void operator()(double t, const MatrixXd& z, MatrixXd& dz) const {
    MatrixXd hidden;
    dz = posterior_net(theta.data(), input(t, z), hidden);
  }
  void vjp(double t, const MatrixXd& z, const MatrixXd& w, MatrixXd& z_bar, VectorXd& theta_bar) const {
    MatrixXd hidden;
    const MatrixXd x = input(t, z);
    posterior_net(theta.data(), x, hidden);
    z_bar += posterior_net.pull_back(theta.data(), x, hidden, w, theta_bar.data()).topRows(latent);
  }
};

// σ dW, a channel for each row; the parameters are log σ.
struct Shaking {
  static constexpr bool additive = true, diagonal = true;
  VectorXd theta = VectorXd::Constant(latent, -1);
  const VectorXd& parameters() const { return theta; }
  VectorXd& parameters() { return theta; }
  void operator()(double, const MatrixXd&, const MatrixXd& dW, MatrixXd& dz) const {
    dz = VectorXd(theta.array().exp()).asDiagonal() * dW;
  }
  void vjp(double, const MatrixXd&, const MatrixXd& dW, const MatrixXd& w, MatrixXd&, VectorXd& theta_bar) const {
    theta_bar.array() += w.cwiseProduct(dW).rowwise().sum().array() * theta.array().exp();
  }
};

// weight · Σ ½ |(f − h)/σ|² over all columns; theta is all of the field's.
struct Divergence {
  Posterior f;
  double weight;
  double operator()(double t, const MatrixXd& z, const VectorXd& theta) const {
    MatrixXd hidden, of_prior;
    return weight / 2 * apart(t, z, theta, hidden, of_prior).squaredNorm();
  }
  void gradient(double t, const MatrixXd& z, const VectorXd& theta, MatrixXd& z_bar, VectorXd& theta_bar,
                double&) const {
    MatrixXd hidden, of_prior;
    const MatrixXd off = apart(t, z, theta, hidden, of_prior);
    theta_bar.tail(latent).array() -= weight * off.rowwise().squaredNorm().array();
    const MatrixXd w = weight * VectorXd((-theta.tail(latent).array()).exp()).asDiagonal() * off;
    z_bar += posterior_net.pull_back(theta.data(), f.input(t, z), hidden, w, theta_bar.data()).topRows(latent);
    const Index begin = posterior_net.count();
    z_bar += prior_net.pull_back(theta.data() + begin, z, of_prior, -w, theta_bar.data() + begin);
  }

 private:
  MatrixXd apart(double t, const MatrixXd& z, const VectorXd& theta, MatrixXd& hidden, MatrixXd& of_prior) const {
    const MatrixXd off = posterior_net(theta.data(), f.input(t, z), hidden) -
                         prior_net(theta.data() + posterior_net.count(), z, of_prior);
    return VectorXd((-theta.tail(latent).array()).exp()).asDiagonal() * off;
  }
};

// −log p of what was seen, the mean over columns; the read-out's cotangent is there after a call.
struct Likelihood {
  const std::vector<MatrixXd>& seen;
  MatrixXd C;  // 3 × (latent + 1), the last column a constant
  MatrixXd* C_bar;
  double operator()(const std::vector<MatrixXd>& zs, std::vector<MatrixXd>& zs_bar) const {
    double sum = 0;
    C_bar->setZero(3, latent + 1);
    for (std::size_t k = 0; k < zs.size(); ++k) {
      const MatrixXd off = ((C.leftCols(latent) * zs[k]).colwise() + C.col(latent)) - seen[k];
      const MatrixXd off_bar = off / (seen_to * seen_to * columns);
      sum += off.squaredNorm() / (2 * seen_to * seen_to * columns) +
             3 * std::log(seen_to * std::sqrt(2 * 3.14159265358979));
      zs_bar[k] = C.leftCols(latent).transpose() * off_bar;
      C_bar->leftCols(latent) += off_bar * zs[k].transpose();
      C_bar->col(latent) += off_bar.rowwise().sum();
    }
    return sum;
  }
};

struct Model {
  VectorXd theta;  // of f, of h, log σ; the encoder, (μ, log s) of (the first five observations, 1); the read-out
  static Index of_field() { return posterior_net.count() + prior_net.count() + latent; }
  explicit Model(support::Random& random) : theta(of_field() + 8 * 16 + 3 * (latent + 1)) {
    theta.head(posterior_net.count()) = posterior_net.initial(random);
    theta.segment(posterior_net.count(), prior_net.count()) = prior_net.initial(random);
    theta.segment(of_field() - latent, latent).setConstant(-1);
    for (double& x : theta.tail(theta.size() - of_field())) x = random.uniform(-0.25, 0.25);
  }
  MatrixXd encoder() const { return theta.segment(of_field(), 8 * 16).reshaped(8, 16); }
  MatrixXd read_out() const { return theta.tail(3 * (latent + 1)).reshaped(3, latent + 1); }
};

// Each of the data beside itself, for its own paths.
std::vector<MatrixXd> repeated(const std::vector<MatrixXd>& seen) {
  std::vector<MatrixXd> result;
  for (const MatrixXd& x : seen) result.push_back(x.replicate(1, of_each));
  return result;
}

struct Found {
  double log_p = 0, divergence = 0, error = 0;  // the last: mean square of what is read off less what was seen
  VectorXd gradient;
};

Found evaluate(const Model& model, const std::vector<MatrixXd>& seen, const std::shared_ptr<const LinearPath>& path,
               double beta, std::uint64_t seed) {
  MatrixXd first(16, columns);
  for (Index k = 0; k < 5; ++k) first.middleRows(3 * k, 3) = seen[static_cast<std::size_t>(k)];
  first.row(15).setOnes();
  const MatrixXd encoded = model.encoder() * first, mu = encoded.topRows(4), s = encoded.bottomRows(4).array().exp();
  support::Random random(static_cast<unsigned>(seed));
  const MatrixXd chance = MatrixXd::NullaryExpr(latent, columns, [&] { return random.normal(); });
  const MatrixXd z0 = mu + s.cwiseProduct(chance);
  const double of_start =
      ((s.array().square() + mu.array().square() - 1) / 2 - encoded.bottomRows(4).array()).sum() / columns;

  const Posterior drift{model.theta.head(Model::of_field() - latent), path};
  StochasticField field{
      drift, Shaking{},
      BrownianPath{.seed = seed, .channels = latent, .samples = columns, .t1 = 2, .tolerance = 1.0 / 64}};
  field.parameters() = model.theta.head(Model::of_field());
  MatrixXd C_bar;
  const Likelihood loss{seen, model.read_out(), &C_bar};
  const auto found = value_and_gradient(Problem{field, z0, 0.0, 2.0}, Reversible<Midpoint>{}, FixedSteps{times - 1},
                                        loss, observation_times(), RunningCost{Divergence{drift, beta / columns}});
  const MatrixXd& z0_bar = found.gradient.y0;
  MatrixXd encoded_bar(8, columns);
  encoded_bar << z0_bar + beta / columns * mu,
      (z0_bar.array() * chance.array() * s.array() + beta / columns * (s.array().square() - 1)).matrix();
  Found result;
  result.log_p = -(found.value - found.running_cost);
  result.divergence = found.running_cost / beta + of_start;
  result.error = (-result.log_p - 3 * times * std::log(seen_to * std::sqrt(2 * 3.14159265358979))) * 2 * seen_to *
                 seen_to / (3 * times);
  result.gradient.resize(model.theta.size());
  result.gradient << found.gradient.theta, (encoded_bar * first.transpose()).reshaped(), C_bar.reshaped();
  return result;
}

// Paths of the prior, read off: of each time a 3 × paths matrix.
std::vector<MatrixXd> from_prior(const Model& model, Index paths) {
  const VectorXd of_h = model.theta.segment(posterior_net.count(), prior_net.count());
  const auto h = [of_h](double, const MatrixXd& z, MatrixXd& dz) {
    MatrixXd hidden;
    dz = prior_net(of_h.data(), z, hidden);
  };
  Shaking sigma;
  sigma.theta = model.theta.segment(Model::of_field() - latent, latent);
  support::Random random(5);
  const MatrixXd z0 = MatrixXd::NullaryExpr(latent, paths, [&] { return random.normal(); }), C = model.read_out();
  const StochasticField field{h, sigma, BrownianPath{.seed = 77, .channels = latent, .samples = paths, .t1 = 2}};
  std::vector<MatrixXd> xs =
      solve(Problem{field, z0, 0.0, 2.0}, Midpoint{}, FixedSteps{times - 1}, observation_times()).ys();
  for (MatrixXd& x : xs) x = MatrixXd((C.leftCols(latent) * x).colwise() + C.col(latent));
  return xs;
}

void draw_picture() {
  support::draw("latent_sde.svg", 900, 380, R"(
set multiplot layout 1,2
set title 'log p of a series, and divergence'
set xlabel 'gradients'; set key center right
plot 'latent_sde_training.csv' using 1:2 with lines lw 1.5 lc rgb blue title 'log p', \
     '' using 1:3 with lines lw 1.5 lc rgb orange title 'divergence'
set title 'x of three series, and of three paths of the learnt prior'
set xlabel 't'; set key bottom left
plot 'latent_sde.csv' using 1:2 with lines lc rgb grey title 'series', '' using 1:3 with lines lc rgb grey title '', \
     '' using 1:4 with lines lc rgb grey title '', '' using 1:5 with lines lc rgb green title 'prior', \
     '' using 1:6 with lines lc rgb green title '', '' using 1:7 with lines lc rgb green title ''
unset multiplot
)");
}

int main(int argc, char** argv) try {
  const int gradients = argc > 1 && std::string(argv[1]) == "full" ? 2500 : 250;
  const std::vector<MatrixXd> data = observed(), seen = repeated(data);
  std::vector<MatrixXd> of_columns(static_cast<std::size_t>(columns), MatrixXd(3, times));
  for (Index k = 0; k < times; ++k)
    for (Index j = 0; j < columns; ++j)
      of_columns[static_cast<std::size_t>(j)].col(k) = seen[static_cast<std::size_t>(k)].col(j);
  const VectorXd at = VectorXd::LinSpaced(times, 0, 2);
  const auto path = std::make_shared<const LinearPath>(at, of_columns);
  support::Random random(2);
  Model model(random);
  support::AdamW optimiser({.decay = 0}, model.theta.size());
  support::Progress progress("training", gradients);
  const support::Stopwatch stopwatch;
  Found first, last;
  {
    support::Csv training("latent_sde_training.csv", {"gradient", "log p", "divergence", "error"});
    for (int i = 0; i < gradients; ++i) {
      last = evaluate(model, seen, path, std::min(1.0, (i + 1) / 100.0), static_cast<std::uint64_t>(i));
      if (i == 0) first = last;
      optimiser.set_rate(1e-2 * std::pow(0.1, static_cast<double>(i) / gradients));
      optimiser.step(model.theta, last.gradient);
      training.row({i + 1.0, last.log_p, last.divergence, last.error});
      progress.show(i + 1, "log p " + std::to_string(last.log_p));
    }
  }
  std::printf(
      "%d gradients in %.1f s: log p of a series %.0f, later %.0f; divergence %.1f, later %.1f; error %.3f, later "
      "%.4f\n",
      gradients, stopwatch.seconds(), first.log_p, last.log_p, first.divergence, last.divergence, first.error,
      last.error);
  const std::vector<MatrixXd> prior = from_prior(model, 200);
  double squares = 0;
  for (const MatrixXd& x : prior) squares += x.squaredNorm() / (3 * 200 * times);
  std::printf("paths of the prior: mean square %.2f, that of the data is 1\n", squares);
  {
    support::Csv csv("latent_sde.csv", {"t", "a", "b", "c", "prior a", "prior b", "prior c"});
    for (Index k = 0; k < times; ++k) {
      const MatrixXd &x = data[static_cast<std::size_t>(k)], &p = prior[static_cast<std::size_t>(k)];
      csv.row({at[k], x(0, 0), x(0, 1), x(0, 2), p(0, 0), p(0, 1), p(0, 2)});
    }
  }
  draw_picture();
  support::Expectations expectations;
  expectations.expect(last.log_p > first.log_p + 1000, "the series have not become likelier");
  expectations.expect(last.error < 0.15, "what is read off is not what was seen");
  expectations.expect(squares > 0.3 && squares < 5, "paths of the prior are of another size than the series");
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
