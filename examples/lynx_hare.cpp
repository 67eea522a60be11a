// The main job: what the Hudson's Bay Company's pelts say about hares and lynxes. The Lotka–Volterra equations
//   u1' = α u1 − β u1 u2   (hares),      u2' = −γ u2 + δ u1 u2   (lynxes)
// are fitted to the record of 1900 to 1920 by least squares of log u − log data, over both species and all 21 years. Six
// numbers are sought: α, β, γ, δ and the two populations of 1900. All are positive, so that their logarithms are what the
// optimiser, NLopt's L-BFGS, sees; dL/d log p = p dL/dp. Each of its steps asks for one solve and its exact gradient.
#include "support/lynx_hare.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/antistrophe.hpp>
#include <nlopt.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <vector>

using namespace antistrophe;
using Vector6d = Eigen::Matrix<double, 6, 1>;

// θ = (α, β, γ, δ).
struct LotkaVolterra {
  Eigen::Vector4d theta;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double, const auto& u, auto& du) const {
    du[0] = theta[0] * u[0] - theta[1] * u[0] * u[1];
    du[1] = -theta[2] * u[1] + theta[3] * u[0] * u[1];
  }

  void vjp(double, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    u_bar[0] += (theta[0] - theta[1] * u[1]) * w[0] + theta[3] * u[1] * w[1];
    u_bar[1] += -theta[1] * u[0] * w[0] + (theta[3] * u[0] - theta[2]) * w[1];
    theta_bar[0] += u[0] * w[0];
    theta_bar[1] -= u[0] * u[1] * w[0];
    theta_bar[2] -= u[1] * w[1];
    theta_bar[3] += u[0] * u[1] * w[1];
  }
};

// p = (α, β, γ, δ, hares in 1900, lynxes in 1900).
Problem<LotkaVolterra, Eigen::Vector2d> problem(const std::vector<double>& years, const Vector6d& p) {
  return {LotkaVolterra{p.head<4>()}, p.tail<2>(), years.front(), years.back()};
}

// From year to year in ten steps of Dopri5: the sum is then right to 7 digits.
auto sum_of_squares(const std::vector<double>& years, const support::SquaredLogResiduals& loss) {
  return Objective{problem(years, Vector6d::Ones()), Reversible<Dopri5>{}, StepTo{.times = years, .each = 10}, loss,
                   SaveAt{years}};
}

struct Fit {
  std::vector<double> years;
  support::SquaredLogResiduals loss;
  decltype(sum_of_squares(years, loss)) objective = sum_of_squares(years, loss);
  int evaluations = 0;

  double value_and_slope(const Vector6d& p, Vector6d& p_bar) {
    ++evaluations;
    const auto& [value, gradient] = objective(p.tail<2>(), p.head<4>());
    p_bar << gradient.theta, gradient.y0;
    return value;
  }
};

// As NLopt calls it: x = log p. The line search tries points so far out that the populations overflow or turn negative;
// told that the value there is infinite, it comes nearer.
double objective(const std::vector<double>& x, std::vector<double>& slope, void* data) {
  const Vector6d p = Eigen::Map<const Vector6d>(x.data()).array().exp();
  Vector6d p_bar;
  try {
    const double value = static_cast<Fit*>(data)->value_and_slope(p, p_bar);
    if (!slope.empty()) Eigen::Map<Vector6d>(slope.data()) = p.cwiseProduct(p_bar);
    return value;
  } catch (const std::exception&) {
    return HUGE_VAL;
  }
}

Vector6d minimise(Fit& fit, const Vector6d& start) {
  std::vector<double> x(6);
  Eigen::Map<Vector6d>(x.data()) = start.array().log();
  nlopt::opt lbfgs(nlopt::LD_LBFGS, 6);
  lbfgs.set_min_objective(objective, &fit);
  // Exact arithmetic makes the sum a staircase with steps of about 1e-11; the search ends well above these.
  lbfgs.set_ftol_rel(1e-9);
  lbfgs.set_maxeval(500);
  double value = 0;
  lbfgs.optimize(x, value);
  return Eigen::Map<const Vector6d>(x.data()).array().exp();
}

void show_table(const Fit& fit, const Vector6d& p) {
  const auto at_years =
      solve(problem(fit.years, p), Dopri5{}, StepTo{.times = fit.years, .each = 10}, SaveAt{fit.years});
  support::Csv csv("lynx_hare.csv", {"year", "hare", "lynx", "fitted hare", "fitted lynx"});
  std::printf("\n  year     hares   fitted    lynxes   fitted   (thousands of pelts)\n");
  for (std::size_t i = 0; i < fit.years.size(); ++i) {
    const auto &data = fit.loss.data[i], &u = at_years.ys()[i];
    std::printf("  %4.0f  %8.1f %8.1f  %8.1f %8.1f\n", fit.years[i], data[0], u[0], data[1], u[1]);
    csv.row({fit.years[i], data[0], data[1], u[0], u[1]});
  }
}

void write_curve(const Fit& fit, const Vector6d& p) {
  const auto curve = solve(problem(fit.years, p), Dopri5{}, FixedSteps{400}, SaveAt{.t0 = true, .steps = true});
  support::Csv csv("lynx_hare_curve.csv", {"t", "hare", "lynx"});
  for (std::size_t i = 0; i < curve.ts().size(); ++i) csv.row({curve.ts()[i], curve.ys()[i][0], curve.ys()[i][1]});
}

int main() try {
  const auto [years, loss] = support::lynx_hare();
  Fit fit{years, loss};

  Vector6d start, unused;
  start << 0.5, 0.03, 0.8, 0.03, 30, 4;
  const double at_start = fit.value_and_slope(start, unused);

  const support::Stopwatch stopwatch;
  const Vector6d p = minimise(fit, start);
  const double seconds = stopwatch.seconds();
  Vector6d slope;
  const double sum = fit.value_and_slope(p, slope);

  show_table(fit, p);
  std::printf("\nalpha %.6g, beta %.6g, gamma %.6g, delta %.6g, hares in 1900 %.6g, lynxes in 1900 %.6g\n", p[0], p[1],
              p[2], p[3], p[4], p[5]);
  std::printf("sum of squares %.5f, from %.5f; %d gradients in %.2f ms\n", sum, at_start, fit.evaluations,
              1e3 * seconds);
  write_curve(fit, p);
  support::draw("lynx_hare", 860, 430);

  // The known optimum. Half a unit in the fourth digit of a number is 5e-5 of it or more.
  const Vector6d optimum = support::lynx_hare_optimum();
  const double off = ((p - optimum).array() / optimum.array()).abs().maxCoeff();
  support::Expectations result;
  result.expect(std::fabs(at_start - 5.96998) < 1e-5, "the sum at the start is not 5.96998");
  result.expect(sum <= 2.01867, "the sum of squares is above 2.01867");
  result.expect(off < 5e-5, "a parameter differs from the known optimum in its fourth digit");
  result.expect(seconds < 1 || !support::judge_speed, "the fit took more than a second");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
