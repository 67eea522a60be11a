// What a gradient costs by a reversible multistep method. Lotka–Volterra over ten units of time in equal steps, the loss the
// sum of the last state; cost is counted in evaluations of f, forth and back, a vjp as two of them. A step of the plain RK4
// takes 4, and 4 and 4 vjps on the way back: 16. Its reversible pair takes 32. A reversible Adams method of any order takes 4.
//
// It prints the cost at errors of 1e-4, 1e-6 and 1e-8 of the gradient, and what is kept for the way back.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"

#include <antistrophe/antistrophe.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

using namespace antistrophe;

// u1' = α u1 − β u1 u2,   u2' = −γ u2 + δ u1 u2,   θ = (α, β, γ, δ).
struct LotkaVolterra {
  Eigen::Vector4d theta{1.5, 1, 3, 1};
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

using Vector6d = Eigen::Vector<double, 6>;

struct Point {
  double cost, error, kept;  // in evaluations; the gradient's worst entry over its largest; in bytes
};
using Curve = std::vector<Point>;

template <class Method>
Vector6d gradient_of(const Method& method, std::int64_t n, Point& point) {
  const Problem problem{LotkaVolterra{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
  auto pass = solve_with_pullback(problem, method, FixedSteps{n});
  const auto gradient = pass.pullback({Eigen::Vector2d::Ones()});
  point.cost = static_cast<double>(pass.stats().evaluations + gradient.stats.evaluations + 2 * gradient.stats.vjps);
  point.kept = static_cast<double>(pass.stats().bytes_kept);
  Vector6d all;
  all << gradient.y0, gradient.theta;
  return all;
}

// From coarse to fine; where the steps are too long for a method there is no point.
template <class Method>
Curve curve_of(const Method& method, const Vector6d& reference, double finest) {
  Curve curve;
  for (double steps = 64; steps < finest; steps *= std::sqrt(2.0)) {
    try {
      Point point{};
      const Vector6d found = gradient_of(method, std::lround(steps), point);
      point.error = (found - reference).cwiseAbs().maxCoeff() / reference.cwiseAbs().maxCoeff();
      if (point.error < 0.1) curve.push_back(point);
    } catch (const SolveError&) {
    }
  }
  return curve;
}

// Of an error, between the two points about it, in logarithms. The curves fall.
template <class Member>
double at_error(const Curve& curve, double error, const Member& member) {
  for (std::size_t i = 1; i < curve.size(); ++i) {
    if (curve[i].error > error || curve[i - 1].error < error) continue;
    const double share = std::log(curve[i - 1].error / error) / std::log(curve[i - 1].error / curve[i].error);
    return std::exp(std::log(member(curve[i - 1])) * (1 - share) + std::log(member(curve[i])) * share);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

int main() try {
  support::Expectations result;
  Point ignored{};
  const Vector6d reference = gradient_of(Dop853{}, 8000, ignored);

  struct Row {
    const char* name;
    Curve curve;
  };
  const std::array<Row, 6> rows{{{"RK4, DirectAdjoint", curve_of(RK4{}, reference, 2e4)},
                                 {"Reversible<RK4>", curve_of(Reversible<RK4>{}, reference, 4e4)},
                                 {"ReversibleAdams<4>", curve_of(ReversibleAdams<4>{}, reference, 4e4)},
                                 {"ReversibleAdams<6>", curve_of(ReversibleAdams<6>{}, reference, 6e3)},
                                 {"ReversibleAdams<8>", curve_of(ReversibleAdams<8>{}, reference, 3e3)},
                                 {"ReversibleAdamsPece<4>", curve_of(ReversibleAdamsPece<4>{}, reference, 2e4)}}};
  const std::array<double, 3> errors{1e-4, 1e-6, 1e-8};
  const auto cost = [](const Point& p) { return p.cost; };
  const auto kept = [](const Point& p) { return p.kept; };

  std::printf(
      "Lotka–Volterra, T = 10. Evaluations for an error of   1e-4      1e-6      1e-8      bytes kept at 1e-6\n");
  for (const Row& row : rows) {
    std::printf("  %-44s", row.name);
    for (const double error : errors) std::printf(" %9.0f", at_error(row.curve, error, cost));
    std::printf(" %19.0f\n", at_error(row.curve, 1e-6, kept));
  }
  for (const double error : errors) {
    const double adams = at_error(rows[3].curve, error, cost);
    result.expect(adams <= 0.2 * at_error(rows[1].curve, error, cost),
                  "ReversibleAdams<6> costs more than a fifth of the pair of RK4");
    result.expect(adams < at_error(rows[0].curve, error, cost), "ReversibleAdams<6> costs more than RK4 itself");
  }
  result.expect(at_error(rows[3].curve, 1e-6, kept) < at_error(rows[0].curve, 1e-6, kept) / 40,
                "ReversibleAdams<6> keeps more than a fortieth of what the direct adjoint keeps");

  std::string plot = R"(
set logscale xy
set format x '10^{%L}'; set format y '10^{%L}'
set xlabel 'cost: evaluations of f, forth and back, a vjp as two'; set ylabel 'error of the gradient'
set xrange [5e2:1e6]; set yrange [1e-13:1]
plot )";
  const std::array<const char*, 6> styles{"lc rgb grey dt 2", "lc rgb grey",  "lc rgb orange",
                                          "lc rgb blue",      "lc rgb green", "lc rgb orange dt 2"};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string file = "adams_" + std::to_string(i) + ".csv";
    support::Csv csv(file, {"cost", "error", "kept"});
    for (const Point& p : rows[i].curve) csv.row({p.cost, p.error, p.kept});
    plot += std::string(i > 0 ? ", " : "") + "'" + file + "' using 1:2 with linespoints pt 7 ps 0.4 lw 1.5 " +
            styles[i] + " title '" + rows[i].name + "'";
  }
  support::draw_by_commands("adams.svg", 720, 440, plot);
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
