// A stochastic equation is learnt from moments of its paths: 80 starts, 45 paths of each of
//   dX = (0.2 t − 0.1 X) dt + (0.6 + 0.15 t) dW,   0 ≤ t ≤ 10.
// Drift and diffusion are networks of (t, x); the loss is the divergence of N(predicted mean, variance) from N(that of the data), over starts
// and times (Norcliffe & Deisenroth, TMLR 2023, arXiv 2308.10644). There noise is made smooth, the first ten terms of its cosine series, new
// ones for each gradient, and the equation an ordinary one (Wong & Zakai); here too, and the stochastic equation is fitted as it is, by
// methods that go back along its path exactly. Argument: `full` trains five times as long.
#include "support/adamw.hpp"
#include "support/cde_classifier.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/progress.hpp"
#include "support/random.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/noise/stochastic_field.hpp>
#include <antistrophe/noise/wong_zakai_path.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::ArrayXd, Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;
using Network = Mlp<double, RuntimeLayers, Tanh, TimeAndState>;

constexpr Index starts = 80, batch = 10, paths = 20;
constexpr int times = 10;
constexpr double horizon = 10;

// f dX_0 + g dX_1 of a path whose first channel is t, as a StochasticField has f dt + g dW.
struct Driven {
  Network f, g;
  VectorXd theta;
  const VectorXd& parameters() const { return theta; }
  VectorXd& parameters() { return theta; }
  void operator()(double t, const MatrixXd& y, const MatrixXd& dX, MatrixXd& dy) const {
    const auto [drift, diffusion] = parts();
    MatrixXd of_g(1, y.cols());
    drift(t, y, dy);
    diffusion(t, y, of_g);
    dy.array() = dy.array() * dX.row(0).array() + of_g.array() * dX.row(1).array();
  }
  void vjp(double t, const MatrixXd& y, const MatrixXd& dX, const MatrixXd& w, MatrixXd& y_bar,
           VectorXd& theta_bar) const {
    const auto [drift, diffusion] = parts();
    VectorXd f_bar = VectorXd::Zero(f.parameters().size()), g_bar = VectorXd::Zero(g.parameters().size());
    drift.vjp(t, y, MatrixXd(w.cwiseProduct(dX.row(0))), y_bar, f_bar);
    diffusion.vjp(t, y, MatrixXd(w.cwiseProduct(dX.row(1))), y_bar, g_bar);
    theta_bar.head(f_bar.size()) += f_bar;
    theta_bar.tail(g_bar.size()) += g_bar;
  }

 private:
  std::pair<Network, Network> parts() const {
    std::pair<Network, Network> both{f, g};
    both.first.parameters() = theta.head(f.parameters().size());
    both.second.parameters() = theta.tail(g.parameters().size());
    return both;
  }
};

SaveAt save_times() {
  SaveAt result;
  for (int k = 1; k <= times; ++k) result.times.push_back(horizon * k / times);
  return result;
}

// Mean and variance over the paths of each start, which are columns side by side; a row for each start, a column for each time.
struct Moments {
  MatrixXd mean, variance;
  explicit Moments(Index count) : mean(count, times), variance(count, times) {}
  Moments(const std::vector<MatrixXd>& ys, Index count) : Moments(count) {
    const Index each = ys[0].cols() / count;
    for (std::size_t k = 0; k < ys.size(); ++k)
      for (Index i = 0; i < count; ++i) {
        const auto x = ys[k].row(0).segment(i * each, each).array();
        mean(i, static_cast<Index>(k)) = x.mean();
        variance(i, static_cast<Index>(k)) = (x - x.mean()).square().mean();
      }
  }
};

// The mean over starts and times of KL(N(m, v) ‖ N(M, V)) = ½ (log(V/v) + (v + (m − M)²)/V − 1), M and V those of the data.
struct Divergence {
  Moments data;
  double operator()(const std::vector<MatrixXd>& ys, std::vector<MatrixXd>& ys_bar) const {
    const Index count = data.mean.rows(), each = ys[0].cols() / count;
    const Moments met(ys, count);
    const double share = 1 / static_cast<double>(data.mean.size());
    double sum = 0;
    for (Index k = 0; k < data.mean.cols(); ++k)
      for (Index i = 0; i < count; ++i) {
        const double v = met.variance(i, k), V = data.variance(i, k), off = met.mean(i, k) - data.mean(i, k);
        sum += share * 0.5 * (std::log(V / v) + (v + off * off) / V - 1);
        const double m_bar = share * off / V, v_bar = share * 0.5 * (1 / V - 1 / v);
        const auto column = static_cast<std::size_t>(k);
        const auto from_mean = ys[column].row(0).segment(i * each, each).array() - met.mean(i, k);
        ys_bar[column].row(0).segment(i * each, each) = (m_bar + 2 * v_bar * from_mean) / static_cast<double>(each);
      }
    return sum;
  }
};

MatrixXd each_start(const VectorXd& x0, Index paths_of_each) {
  MatrixXd y0(1, x0.size() * paths_of_each);
  for (Index i = 0; i < x0.size(); ++i) y0.middleCols(i * paths_of_each, paths_of_each).setConstant(x0[i]);
  return y0;
}

VectorXd random_starts(Index count, unsigned seed) {
  support::Random random(seed);
  return VectorXd::NullaryExpr(count, [&] { return random.uniform(-3, 3); });
}

Moments simulated(const VectorXd& x0, Index paths_of_each) {
  const auto drift = [](double t, const auto& x, auto& dx) { dx.array() = 0.2 * t - 0.1 * x.array(); };
  const auto sigma = [](double t, const auto&, auto& s) { s.setConstant(0.6 + 0.15 * t); };
  const MatrixXd y0 = each_start(x0, paths_of_each);
  const StochasticField field{drift, DiagonalNoise{sigma},
                              BrownianPath{.seed = 1, .samples = y0.cols(), .t1 = horizon}};
  return {solve(Problem{field, y0, 0.0, horizon}, Midpoint{}, FixedSteps{100}, save_times()).ys(), x0.size()};
}

// The moments of X, exactly, at the end of t: mean and deviation.
std::pair<double, double> exact_moments(double x0, double t) {
  const double decay = std::exp(-0.1 * t);
  double variance = 0;  // ∫ e^{−(t − s)/5} (0.6 + 0.15 s)² ds, by the midpoint rule
  for (int i = 0; i < 1000; ++i) {
    const double s = t * (i + 0.5) / 1000;
    variance += t / 1000 * std::exp(-0.2 * (t - s)) * std::pow(0.6 + 0.15 * s, 2);
  }
  return {x0 * decay + 2 * t - 20 * (1 - decay), std::sqrt(variance)};
}

// What is learnt, as a smooth and as a stochastic equation, along the path of a seed.
auto smooth(const Driven& driven, const MatrixXd& y0, std::uint64_t seed) {
  const WongZakaiPath path({.seed = seed, .samples = y0.cols(), .t1 = horizon}, 10, TimeChannel::first);
  return Problem{ControlledField{driven, path}, y0, 0.0, horizon};
}
auto stochastic(const Driven& driven, const MatrixXd& y0, std::uint64_t seed) {
  StochasticField field{driven.f, DiagonalNoise{driven.g},
                        BrownianPath{.seed = seed, .samples = y0.cols(), .t1 = horizon, .tolerance = horizon / 256}};
  field.parameters() = driven.theta;
  return Problem{field, y0, 0.0, horizon};
}

support::Expectations expectations;
struct Files {
  support::Csv training{"ornstein_uhlenbeck_training.csv", {"way", "epoch", "divergence"}};
  support::Csv moments{"ornstein_uhlenbeck.csv", {"way", "t", "mean", "deviation", "exact mean", "exact deviation"}};
  int ways = 0;
};

template <class MakeProblem, class M, class StepsType, class... Adjoint>
void learn(Files& files, const char* name, int epochs, const MakeProblem& make, const M& method, const StepsType& steps,
           const Adjoint&... adjoint) {
  const VectorXd x0 = random_starts(starts, 1);
  const Moments data = simulated(x0, 45);
  support::Random random(2);
  Driven learnt{Network{{2, 8, 8, 1}}, Network{{2, 8, 8, 1}}, {}};
  learnt.f.initialise(FanInUniform{random.engine()});
  learnt.g.initialise(FanInUniform{random.engine()});
  learnt.theta.resize(2 * learnt.f.parameters().size());
  learnt.theta << learnt.f.parameters(), learnt.g.parameters();
  support::AdamW optimiser({.decay = 0}, learnt.theta.size());
  support::Shuffled shuffled(static_cast<std::size_t>(starts), 3);
  support::Progress progress(name, epochs);
  const support::Stopwatch stopwatch;
  std::int64_t evaluations = 0;
  int gradients = 0, refused = 0;
  const double way = ++files.ways;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    double sum = 0;
    const auto& order = shuffled();
    optimiser.set_rate(2e-2 * (epochs - epoch) / epochs);
    for (Index begin = 0; begin < starts; begin += batch) {
      VectorXd some(batch);
      Moments of_some(batch);
      for (Index i = 0; i < batch; ++i) {
        const auto from = static_cast<Index>(order[static_cast<std::size_t>(begin + i)]);
        some[i] = x0[from];
        of_some.mean.row(i) = data.mean.row(from);
        of_some.variance.row(i) = data.variance.row(from);
      }
      const auto seed = static_cast<std::uint64_t>(++gradients);
      const auto found = value_and_gradient(make(learnt, each_start(some, paths), seed), method, steps,
                                            Divergence{of_some}, save_times(), adjoint..., OnFailure::return_status);
      if (!found.success()) {  // a state that cannot be solved backwards has no gradient
        ++refused;
        continue;
      }
      optimiser.step(learnt.theta, found.gradient.theta);
      evaluations += found.stats.evaluations + found.gradient.stats.evaluations;
      sum += found.value * batch / starts;
    }
    files.training.row({way, epoch + 1.0, sum});
    progress.show(epoch + 1, "divergence " + std::to_string(sum));
  }
  const double seconds = stopwatch.seconds();

  // New starts, and many paths of each, of the stochastic equation itself.
  const VectorXd test = random_starts(20, 4);
  const Moments met(
      solve(stochastic(learnt, each_start(test, 400), 99), Midpoint{}, FixedSteps{100}, save_times()).ys(), 20);
  ArrayXd off = ArrayXd::Zero(4), size = off;  // of means and deviations, at t = 5 and 10, over the starts
  for (Index k = 0; k < times; ++k)
    for (Index i = 0; i < 20; ++i) {
      const double t = save_times().times[static_cast<std::size_t>(k)];
      const auto [mean, deviation] = exact_moments(test[i], t);
      const double root = std::sqrt(met.variance(i, k));
      if (i == 0) files.moments.row({way, t, met.mean(i, k), root, mean, deviation});
      if (k != times / 2 - 1 && k != times - 1) continue;
      const Index at = k == times - 1 ? 2 : 0;
      off[at] += std::pow(met.mean(i, k) - mean, 2);
      off[at + 1] += std::pow(root - deviation, 2);
      size[at] += std::pow(mean, 2);
      size[at + 1] += std::pow(deviation, 2);
    }
  off = 100 * (off / size).sqrt();
  std::printf("  %-34s %6.1f %% %6.1f %%   %6.1f %% %6.1f %%  %8lld %8d refused %6.1f s\n", name, off[0], off[1],
              off[2], off[3], static_cast<long long>(evaluations / (gradients - refused)), refused, seconds);
  expectations.expect(off.maxCoeff() < 12, std::string(name) + " has not learnt the moments to 12 %");
}

void draw_picture() {
  support::draw("ornstein_uhlenbeck.svg", 900, 380, R"(
set multiplot layout 1,2
set title 'mean and deviation of new paths from one start'
set xlabel 't'; set key top left
plot 'ornstein_uhlenbeck.csv' using ($1==1?$2:NaN):($5-$6):($5+$6) with filledcurves lc rgb '#dddddd' title 'exact', \
     '' using ($1==1?$2:NaN):5 with lines lw 2 lc rgb grey title '', \
     '' using ($1==2?$2:NaN):3:4 with yerrorbars pt 7 lc rgb orange title 'smooth noise, Gauss-Legendre', \
     '' using ($1==4?$2+0.12:NaN):3:4 with yerrorbars pt 7 lc rgb green title 'stochastic, ReversibleHeun'
set title 'training'
set xlabel 'epoch'; set ylabel 'divergence'; set logscale y; set key top right
plot for [w=1:5] 'ornstein_uhlenbeck_training.csv' using ($1==w?$2:NaN):3 with lines lw 2 title word('backsolve Gauss-Legendre Adams Heun pair', w)
unset multiplot
)");
}

int main(int argc, char** argv) try {
  const int epochs = argc > 1 && std::string(argv[1]) == "full" ? 150 : 30;
  const Adaptive coarse{.rtol = 1e-3, .atol = 1e-3};
  std::printf("%-36s off at t = 5: mean, deviation   at t = 10       evaluations a gradient\n", "");
  {
    Files files;
    learn(files, "smooth, Dopri5, BacksolveAdjoint", epochs, smooth, Dopri5{}, coarse, BacksolveAdjoint{});
    learn(files, "smooth, Dopri5, Gauss-Legendre", epochs, smooth, Dopri5{}, coarse, GaussLegendreAdjoint{});
    learn(files, "smooth, ReversibleAdams<3>", epochs, smooth, ReversibleAdams<3>{}, FixedSteps{40});
    learn(files, "stochastic, ReversibleHeun", epochs, stochastic, ReversibleHeun<>{}, FixedSteps{40});
    learn(files, "stochastic, Reversible<Midpoint>", epochs, stochastic, Reversible<Midpoint>{}, FixedSteps{20});
  }
  draw_picture();
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
