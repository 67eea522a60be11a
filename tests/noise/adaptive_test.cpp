// Adaptive steps of noisy equations: steps are rejected where the path shakes most, and that bends no law.
#include <antistrophe/noise/stochastic_field.hpp>
//
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

using namespace antistrophe;

namespace {

using State = Eigen::Vector<double, 1>;

// a + b y, as a drift and as σ.
struct Affine {
  double a, b;
  void operator()(double, const auto& y, auto& dy) const { dy[0] = a + b * y[0]; }
};

// Of y(1) from y(0) = 1.
struct Moments {
  double mean, variance, fourth;  // the last two central
};
struct Case {
  const char* name;
  Affine drift, sigma;
  Moments exact;
};

// dy = μ y dt + σ y dW in Ito's sense.
Case geometric() {
  constexpr double mu = 0.4, sigma = 0.35;
  const double mean = std::exp(mu), w = std::exp(sigma * sigma), variance = mean * mean * (w - 1);
  return {"geometric Brownian motion",
          {0, mu - sigma * sigma / 2},
          {0, sigma},
          {mean, variance, variance * variance * (w * w * w * w + 2 * w * w * w + 3 * w * w - 3)}};
}
// dy = −κ y dt + s dW.
Case ornstein_uhlenbeck() {
  constexpr double kappa = 1.5, s = 0.8;
  const double variance = s * s / (2 * kappa) * (1 - std::exp(-2 * kappa));
  return {"Ornstein-Uhlenbeck", {0, -kappa}, {s, 0}, {std::exp(-kappa), variance, 3 * variance * variance}};
}

// How many of their own deviations the mean and the variance of samples are off.
struct Off {
  double mean, variance;
};
Off off(const std::vector<double>& samples, const Moments& exact) {
  const double n = static_cast<double>(samples.size());
  double mean = 0, variance = 0;
  for (const double y : samples) mean += (y - exact.mean) / n;
  for (const double y : samples) variance += (y - exact.mean) * (y - exact.mean) / n;
  return {mean / std::sqrt(exact.variance / n),
          (variance - exact.variance) / std::sqrt((exact.fourth - exact.variance * exact.variance) / n)};
}

constexpr int paths = 4000;
// Twelve numbers, each further off than this once in 16,000 sets of paths: a set of which one is, once in 1,300. The set is always this one.
constexpr double too_far = 4;

}  // namespace

TEMPLATE_TEST_CASE("Mean and variance are not bent by rejected steps", "[stochastic]", (Reversible<Heun, Floating>),
                   TwoPoint<Heun>, ReversibleHeun<>) {
  for (const Case& it : {geometric(), ornstein_uhlenbeck()}) {
    CAPTURE(it.name);
    const Adaptive adaptive{.rtol = 3e-3, .atol = 3e-3};
    std::vector<double> ends;
    std::int64_t rejected = 0, accepted = 0;
    double furthest = 0;
    Problem problem{StochasticField{it.drift, DiagonalNoise{it.sigma}, BrownianPath{}}, State(1.0), 0.0, 1.0};
    for (int i = 0; i < paths; ++i) {
      problem.field.take(BrownianPath{.seed = 17, .stream = static_cast<std::uint64_t>(i)});
      const auto solution = solve(problem, TestType{}, adaptive);
      ends.push_back(solution.ys().back()[0]);
      rejected += solution.stats().rejected;
      accepted += solution.stats().accepted;
      // Equal steps along the same path end at the same place.
      if (i % 100 == 0) {
        const double fixed = solve(problem, TestType{}, FixedSteps{512}).ys().back()[0];
        furthest = std::fmax(furthest, std::fabs(ends.back() - fixed));
      }
    }
    CAPTURE(rejected, accepted);
    CHECK(rejected > accepted / 50);  // else nothing was tried
    const Off measured = off(ends, it.exact);
    CHECK(std::fabs(measured.mean) < too_far);
    CHECK(std::fabs(measured.variance) < too_far);
    CHECK(furthest < 0.05);  // some tolerances
  }
}

// What the test would see: increments of Brownian motion that are drawn anew where they are large, as by steps that are tried again along
// another path.
TEST_CASE("Steps that draw their noise anew are found out by their variance", "[stochastic]") {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> ends;
  for (int i = 0; i < paths; ++i) {
    double w = 0;
    for (int step = 0; step < 32; ++step) {
      double dw = normal(random);
      while (std::fabs(dw) > 2) dw = normal(random);
      w += dw / std::sqrt(32.0);
    }
    ends.push_back(w);
  }
  CHECK(off(ends, {0, 1, 3}).variance < -too_far);
}
