// A latent stochastic equation learns the Lorenz system that noise shakes (Li, Wong, Chen & Duvenaud, AISTATS 2020, arXiv 2001.01328).
// 20 series at 100 times, standardised, seen with a deviation of 0.01. Latent z of 4 numbers goes by dz = f(z, X) dt + σ dW, X the series at t and 0.1
// later, from z(0) ~ N(μ, s²), read linearly off the first observations; they are read off z linearly. With the prior's drift h(z) and p(z(0)) = N(0, 1)
//   loss = −E log p(series | z) + β (KL(q(z(0)) ‖ p) + E ∫ ½ |(f − h)/σ|² dt):
// the integral is a RunningCost, expectations are by two paths for each series, new ones for each gradient, β goes up to 1. Gradients are by a method
// that goes back along these paths bit for bit. Argument: `full` trains ten times as long.
#include "support/adamw.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/latent_model.hpp"
#include "support/progress.hpp"
#include "support/random.hpp"
#include "support/shaken_lorenz.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/noise/stochastic_field.hpp>
#include <antistrophe/running_cost.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;
using support::latent, support::seen_to;
using Model = support::LatentModel;

constexpr Index series = 20, of_each = 2, columns = series * of_each, times = 100;

SaveAt observation_times() {
  SaveAt result;
  for (Index k = 0; k < times; ++k) result.times.push_back(2.0 * static_cast<double>(k) / (times - 1));
  return result;
}

struct Found {
  double log_p = 0, divergence = 0, error = 0;  // the last: mean square of what is read off less what was seen
  VectorXd gradient;
};

Found evaluate(const Model& model, const std::vector<MatrixXd>& seen, const std::shared_ptr<const LinearPath>& path,
               double beta, std::uint64_t seed) {
  MatrixXd first = MatrixXd::Ones(16, columns);
  for (Index k = 0; k < 5; ++k) first.middleRows(3 * k, 3) = seen[static_cast<std::size_t>(k)];
  const MatrixXd encoded = model.encoder() * first, mu = encoded.topRows(4), s = encoded.bottomRows(4).array().exp();
  support::Random random(static_cast<unsigned>(seed));
  const MatrixXd chance = MatrixXd::NullaryExpr(latent, columns, [&] { return random.normal(); });
  const MatrixXd z0 = mu + s.cwiseProduct(chance);
  const double of_start =
      ((s.array().square() + mu.array().square() - 1) / 2 - encoded.bottomRows(4).array()).sum() / columns;

  const support::PosteriorDrift drift{model.theta.head(Model::of_field() - latent), path};
  StochasticField field{
      drift, support::Shaking{},
      BrownianPath{.seed = seed, .channels = latent, .samples = columns, .t1 = 2, .tolerance = 1.0 / 64}};
  field.parameters() = model.theta.head(Model::of_field());
  MatrixXd C_bar;
  const support::Likelihood loss{seen, model.read_out(), &C_bar};
  const auto found =
      value_and_gradient(Problem{field, z0, 0.0, 2.0}, Reversible<Midpoint>{}, FixedSteps{times - 1}, loss,
                         observation_times(), RunningCost{support::Divergence{drift, beta / columns}});
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
  const VectorXd of_h = model.theta.segment(support::posterior_net.count(), support::prior_net.count());
  const auto h = [of_h](double, const MatrixXd& z, MatrixXd& dz) {
    MatrixXd hidden;
    dz = support::prior_net(of_h.data(), z, hidden);
  };
  support::Shaking sigma;
  sigma.theta = model.theta.segment(Model::of_field() - latent, latent);
  support::Random random(5);
  const MatrixXd z0 = MatrixXd::NullaryExpr(latent, paths, [&] { return random.normal(); }), C = model.read_out();
  const StochasticField field{h, sigma, BrownianPath{.seed = 77, .channels = latent, .samples = paths, .t1 = 2}};
  std::vector<MatrixXd> xs =
      solve(Problem{field, z0, 0.0, 2.0}, Midpoint{}, FixedSteps{times - 1}, observation_times()).ys();
  for (MatrixXd& x : xs) x = MatrixXd((C.leftCols(latent) * x).colwise() + C.col(latent));
  return xs;
}

int main(int argc, char** argv) try {
  const int gradients = argc > 1 && std::string(argv[1]) == "full" ? 2500 : 250;
  const std::vector<MatrixXd> data = support::shaken_lorenz(series, observation_times());
  const std::vector<MatrixXd> seen = support::repeated(data, of_each);
  const VectorXd at = VectorXd::LinSpaced(times, 0, 2);
  const auto path = std::make_shared<const LinearPath>(at, support::by_series(seen));
  Model model(2);
  support::AdamW optimiser({.decay = 0}, model.theta.size());
  support::Progress progress("training", gradients);
  const support::Stopwatch stopwatch;
  Found first, last;
  {
    support::Csv training("latent_sde_training.csv", {"gradient", "log p", "divergence", "error"});
    for (int i = 0; i < gradients; ++i) {
      last = evaluate(model, seen, path, std::fmin(1.0, (i + 1) / 100.0), static_cast<std::uint64_t>(i));
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
  support::draw("latent_sde", 900, 380);
  support::Expectations expectations;
  expectations.expect(last.log_p > first.log_p + 1000, "the series have not become likelier");
  expectations.expect(last.error < 0.15, "what is read off is not what was seen");
  expectations.expect(squares > 0.3 && squares < 5, "paths of the prior are of another size than the series");
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
