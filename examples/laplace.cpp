// How sure is the fit of lynxes and hares? A Laplace approximation: near the optimum the sum of squares S(x) of the logarithms of the
// six numbers is a paraboloid, so that x is normal about it with the covariance C = 2 s² H⁻¹, H the Hessian of S and
// s² = S / (42 − 6) the variance of log pelts. H comes column by column from hessian_vector_product, exactly, and takes Newton's
// method to the optimum first. The populations' bands are σ(t)² = J C Jᵀ, J from solve_with_tangents.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/lynx_hare.hpp"

#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/second_order.hpp>

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <cmath>
#include <cstdio>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;
using Vector6d = Eigen::Matrix<double, 6, 1>;
using Matrix6d = Eigen::Matrix<double, 6, 6>;

// θ = (α, β, γ, δ): u1' = α u1 − β u1 u2 (hares), u2' = −γ u2 + δ u1 u2 (lynxes), generic in its scalar.
struct LotkaVolterra {
  void operator()(auto /*t*/, const auto& u, const auto& theta, auto& du) const {
    du[0] = theta[0] * u[0] - theta[1] * u[0] * u[1];
    du[1] = theta[3] * u[0] * u[1] - theta[2] * u[1];
  }
};
using Field = AutomaticVjp<LotkaVolterra, Eigen::Vector4d>;

// x = log (α, β, γ, δ, hares in 1900, lynxes in 1900).
struct Fit {
  std::vector<double> years;
  support::SquaredLogResiduals loss;

  Problem<Field, Vector2d> problem(const Vector6d& x) const {
    const Vector6d p = x.array().exp();
    return {Field(LotkaVolterra{}, p.head<4>()), p.tail<2>(), years.front(), years.back()};
  }

  struct Expansion {
    double value = 0;
    Vector6d slope;
    Matrix6d hessian;
  };
  // S, dS/dx and d²S/dx². With p = exp x, d²S/dx² = diag(p) (d²S/dp²) diag(p) + diag(p dS/dp).
  Expansion at(const Vector6d& x) const {
    const Vector6d p = x.array().exp();
    Expansion s;
    for (Eigen::Index k = 0; k < 6; ++k) {
      const Vector6d v = p[k] * Vector6d::Unit(k);
      const auto product = hessian_vector_product(problem(x), Dopri5{}, StepTo{.times = years, .each = 10}, loss,
                                                  {v.tail<2>(), v.head<4>()}, SaveAt{years});
      Vector6d column, slope;
      column << product.product.theta, product.product.y0;
      slope << product.gradient.theta, product.gradient.y0;
      s.value = product.value;
      s.slope = p.cwiseProduct(slope);
      s.hessian.col(k) = p.cwiseProduct(column);
      s.hessian(k, k) += s.slope[k];
    }
    return s;
  }
};

// The curves of log u, and how they move with x: ∂ log u/∂x = (∂u/∂p) p / u. The largest standard deviation of a log u.
double write_curves(const Fit& fit, const Vector6d& x, const Matrix6d& covariance) {
  const Vector6d p = x.array().exp();
  const auto curve = solve_with_tangents(fit.problem(x), Dopri5{}, FixedSteps{400}, SaveAt{.t0 = true, .steps = true});
  support::Csv csv("laplace_curve.csv", {"t", "hare", "hare low", "hare high", "lynx", "lynx low", "lynx high"});
  double widest = 0;
  for (std::size_t i = 0; i < curve.ts().size(); ++i) {
    Eigen::Matrix<double, 2, 6> jacobian;
    jacobian << curve.theta(i), curve.y0(i);
    const Vector2d u = curve.ys()[i];
    jacobian = u.cwiseInverse().asDiagonal() * jacobian * p.asDiagonal();
    const Vector2d deviation = (jacobian * covariance * jacobian.transpose()).diagonal().array().sqrt();
    widest = std::fmax(widest, deviation.maxCoeff());
    const auto band = [&](Eigen::Index c, double side) { return u[c] * std::exp(side * 2 * deviation[c]); };
    csv.row({curve.ts()[i], u[0], band(0, -1), band(0, 1), u[1], band(1, -1), band(1, 1)});
  }
  support::Csv data("laplace_data.csv", {"year", "hare", "lynx"});
  for (std::size_t i = 0; i < fit.years.size(); ++i) data.row({fit.years[i], fit.loss.data[i][0], fit.loss.data[i][1]});
  return widest;
}

int main() {
  const auto [years, loss] = support::lynx_hare();
  const Fit fit{years, loss};

  // From two digits of what examples/lynx_hare.cpp finds, by Newton's method.
  Vector6d x;
  x << 0.54, 0.027, 0.80, 0.024, 35, 5.8;
  x = x.array().log();
  Fit::Expansion s = fit.at(x);
  int newton = 0;
  for (; s.slope.norm() > 1e-9 && newton < 20; ++newton) {
    x -= s.hessian.ldlt().solve(s.slope);
    s = fit.at(x);
  }
  const double asymmetry = (s.hessian - s.hessian.transpose()).norm() / s.hessian.norm();
  std::printf("sum of squares %.6f, slope %.1e after %d steps of Newton's method\n", s.value, s.slope.norm(), newton);

  const double variance = s.value / (2.0 * static_cast<double>(fit.years.size()) - 6);
  const Matrix6d covariance = 2 * variance * s.hessian.inverse();
  const char* const names[] = {"alpha", "beta", "gamma", "delta", "hares in 1900", "lynxes in 1900"};
  std::printf("\n                   optimum       68 per cent between\n");
  for (Eigen::Index k = 0; k < 6; ++k) {
    const double deviation = std::sqrt(covariance(k, k));
    std::printf("  %-14s %10.5f   %10.5f %10.5f\n", names[k], std::exp(x[k]), std::exp(x[k] - deviation),
                std::exp(x[k] + deviation));
  }

  const double widest = write_curves(fit, x, covariance);
  std::printf("\nthe bands of two standard deviations are at most a factor of %.2f wide on either side\n",
              std::exp(2 * widest));
  support::draw("laplace", 860, 430);

  support::Expectations result;
  const Vector6d optimum = support::lynx_hare_optimum();
  const Vector6d p = x.array().exp();
  result.expect(((p - optimum).array() / optimum.array()).abs().maxCoeff() < 1e-4, "not the known optimum");
  result.expect(newton < 20 && s.slope.norm() <= 1e-9, "Newton's method has not come to rest");
  result.expect(asymmetry < 1e-10, "the Hessian is not symmetric");
  result.expect(Eigen::LLT<Matrix6d>(s.hessian).info() == Eigen::Success, "the Hessian is not positive definite");
  return result.exit_code();
}
