// A force identified from noisy data. A hard spring was shaken, and its position was seen 150 times with errors of 0.02:
//   x'' + 0.2 x' + x + x³ = g(t),   g unknown, straight from knot to knot, 61 values at t = 0, 0.5, …, 30.
// Sought are the values, by L-BFGS (NLopt), that make least Σ (x − seen)² / 0.02² + λ Σ (second differences of g)², a smoothest
// g that explains the data. One gradient holds all 61 derivatives and costs two to three solves.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/random.hpp"

#include <antistrophe/antistrophe.hpp>
#include <nlopt.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::VectorXd;
using Position = Eigen::Vector<double, 1>;

constexpr Index pieces = 60;
constexpr double between = 0.5, duration = pieces * between, error = 0.02, smoothness = 20;
constexpr int observations = 150;

// y = (x, x'), θ the values at the knots.
struct Spring {
  VectorXd theta;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const {
    const auto [k, part] = place(t);
    dy[0] = y[1];
    dy[1] = (1 - part) * theta[k] + part * theta[k + 1] - 0.2 * y[1] - y[0] - y[0] * y[0] * y[0];
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const auto [k, part] = place(t);
    y_bar[0] -= (1 + 3 * y[0] * y[0]) * w[1];
    y_bar[1] += w[0] - 0.2 * w[1];
    theta_bar[k] += (1 - part) * w[1];
    theta_bar[k + 1] += part * w[1];
  }

 private:
  struct Place {
    Index k;
    double part;  // of the way from knot k to the next
  };
  static Place place(double t) {
    const Index k = std::clamp<Index>(static_cast<Index>(t / between), 0, pieces - 1);
    return {k, t / between - static_cast<double>(k)};
  }
};

Problem<Spring, Eigen::Vector2d> at_rest(const VectorXd& g) {
  return {Spring{g}, Eigen::Vector2d::Zero(), 0.0, duration};
}

const SaveAt seen = [] {
  SaveAt save;
  for (int i = 1; i <= observations; ++i) save.times.push_back(duration * i / observations);
  return save;
}();

// The misfit of x alone, in units of its error: its mean is 1 where g is the truth.
auto misfit(const std::vector<Position>& data) {
  return Objective{at_rest(VectorXd::Zero(pieces + 1)), Reversible<RK4>{}, FixedSteps{10 * pieces},
                   MeanSquaredError{data}.observe({0}), seen};  // each knot is a node: no step crosses a kink of g
}

struct Search {
  decltype(misfit({})) objective;
  int gradients = 0;
};

// As NLopt calls it.
double penalised(const std::vector<double>& g, std::vector<double>& slope, void* data) {
  Search& search = *static_cast<Search*>(data);
  ++search.gradients;
  const Eigen::Map<const VectorXd> theta(g.data(), pieces + 1);
  const auto& [value, gradient] = search.objective(VectorXd(theta));
  constexpr double weight = observations / (error * error);
  const VectorXd bend = theta.head(pieces - 1) - 2 * theta.segment(1, pieces - 1) + theta.tail(pieces - 1);
  if (!slope.empty()) {
    Eigen::Map<VectorXd> sum(slope.data(), pieces + 1);
    sum = weight * gradient.theta;
    for (Index k : {0, 1, 2}) sum.segment(k, pieces - 1) += (k == 1 ? -4 : 2) * smoothness * bend;
  }
  return weight * value + smoothness * bend.squaredNorm();
}

void write_csv(const std::vector<Position>& data, const VectorXd& theta, const VectorXd& truth) {
  support::Csv of_data("forcing_seen.csv", {"t", "x"}), csv("forcing.csv", {"t", "x", "g", "truth"});
  for (std::size_t i = 0; i < data.size(); ++i) of_data.row({seen.times[i], data[i][0]});
  const auto at_knots = solve(at_rest(theta), RK4{}, FixedSteps{10 * pieces}, SaveAt{.t0 = true, .every = 10});
  Index k = 0;
  for (std::size_t i = 0; i < at_knots.ts().size(); ++i, ++k)
    csv.row({at_knots.ts()[i], at_knots.ys()[i][0], theta[k], truth[k]});
}

int main() try {
  VectorXd truth(pieces + 1);  // slow swings, and one push
  for (Index k = 0; k <= pieces; ++k) {
    const double t = between * static_cast<double>(k);
    truth[k] = std::sin(0.8 * t) + 2 * std::exp(-(t - 17) * (t - 17));
  }
  support::Random random(3);
  std::vector<Position> data;
  for (const Eigen::Vector2d& y : solve(at_rest(truth), RK4{}, FixedSteps{1200}, seen).ys())
    data.emplace_back(y[0] + error * random.normal());

  Search search{misfit(data)};
  std::vector<double> g(pieces + 1, 0.0);
  nlopt::opt lbfgs(nlopt::LD_LBFGS, pieces + 1);
  lbfgs.set_min_objective(penalised, &search);
  lbfgs.set_ftol_rel(1e-7);
  lbfgs.set_maxeval(3000);
  double least = 0;
  lbfgs.optimize(g, least);
  const VectorXd theta = Eigen::Map<const VectorXd>(g.data(), pieces + 1);
  const double residual = search.objective(theta).value / (error * error);
  const double off = (theta - truth).norm() / truth.norm();
  std::printf("%d gradients; residuals of %.3f times the data's error; g within %.1f %% of the truth\n",
              search.gradients, std::sqrt(residual), 100 * off);
  write_csv(data, theta, truth);
  support::draw("forcing", 860, 520);
  support::Expectations result;
  result.expect(std::fabs(std::sqrt(residual) - 0.9) < 0.2, "the residuals are not those of the data's errors");
  result.expect(off < 0.08, "this is not the force");
  return result.exit_code();
} catch (const std::exception& failure) {
  std::cerr << failure.what() << '\n';
  return 1;
}
