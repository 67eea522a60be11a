// y' = A y has the closed form of every method: a plain step is R(hA), R its stability function, so that
// dL/dy0 = R(hA)ᵀ^n w; a pair's step is a product of two block matrices of R(hA) − 1 and R(−hA) − 1.
#include "laws/law.hpp"

#include "support/battery.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>

namespace antistrophe::laws {
namespace {

using Real = long double;
using Matrix = Eigen::Matrix<Real, 2, 2>;
using Pair = Eigen::Matrix<Real, 4, 4>;

Eigen::Matrix2d matrix() {
  Eigen::Matrix2d a;
  a << -0.5, 2, -1.75, 0.125;
  return a;
}

struct Coefficients {
  Eigen::MatrixX<Real> a;
  Eigen::VectorX<Real> b;
};
template <class Tableau>
Coefficients coefficients_of() {
  constexpr int s = Tableau::stages;
  Coefficients result{Eigen::MatrixX<Real>(s, s), Eigen::VectorX<Real>(s)};
  for (int i = 0; i < s; ++i) {
    result.b[i] = tableau::coefficient<Real>(Tableau::b[static_cast<std::size_t>(i)]);
    for (int j = 0; j < s; ++j)
      result.a(i, j) = tableau::coefficient<Real>(Tableau::a[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
  }
  return result;
}

// Of the tableau of that name.
template <class... M>
Coefficients coefficients_among(const std::string& name, std::tuple<M...>*) {
  Coefficients result;
  const bool found = ((battery::Facts<M>::name == name &&
                       (result = coefficients_of<typename battery::Facts<M>::TableauType>(), true)) ||
                      ...);
  if (!found) throw std::logic_error("no tableau by the name of " + name);
  return result;
}
Coefficients coefficients_of(const AnyMethod& m) {
  const std::string& name = m.name();  // of a plain method, or "Reversible<…>"
  const auto bracket = name.find('<');
  const std::string base = bracket == std::string::npos ? name : name.substr(bracket + 1, name.size() - bracket - 2);
  return coefficients_among(base, static_cast<battery::PlainMethods*>(nullptr));
}

// R(Z) − 1 = Σ_k (bᵀ A^{k−1} 1) Z^k, from the tableau alone.
Matrix increment_of(const Coefficients& of, const Matrix& z) {
  Eigen::VectorX<Real> power = Eigen::VectorX<Real>::Ones(of.b.size());
  Matrix sum = Matrix::Zero(), z_power = z;
  for (Eigen::Index k = 1; k <= of.b.size(); ++k) {
    sum += of.b.dot(power) * z_power;
    power = (of.a * power).eval();
    z_power = (z_power * z).eval();
  }
  return sum;
}

Matrix plain_step(const Coefficients& of, Real h) {
  return Matrix::Identity() + increment_of(of, h * matrix().cast<Real>());
}

Pair pair_step(const Coefficients& of, Real h, Real lambda) {
  const Matrix one = Matrix::Identity();
  const Matrix forth = increment_of(of, h * matrix().cast<Real>()), back = increment_of(of, -h * matrix().cast<Real>());
  Pair first = Pair::Identity(), second = Pair::Identity();
  first.topLeftCorner<2, 2>() = lambda * one;
  first.topRightCorner<2, 2>() = (1 - lambda) * one + forth;
  second.bottomLeftCorner<2, 2>() = -back;
  return second * first;
}

template <class M>
M power(M base, std::int64_t n) {
  M result = M::Identity();
  for (; n > 0; n >>= 1, base = (base * base).eval())
    if ((n & 1) != 0) result = (result * base).eval();
  return result;
}

constexpr std::int64_t n = 200;
const Vector2d y0(1, -0.5);
const Vector2d w(0.5, 2);

// Round-off of 200 steps of at most 24 stages of 2 · 2 products, each 1.1e−16, adding up as their root on a flow that does
// not amplify: 1.1e−16 · √19,200 = 1.5e−14; a factor of ten for safety.
constexpr double round_off = 1.5e-13;

void check(const AnyMethod& m, double t1, const Matrix& whole, double tolerance) {
  CAPTURE(t1);
  const auto problem = erased_problem<Vector2d>(problems::Linear<2>(matrix()), y0, 0.0, t1);
  auto pass = m.solve_with_pullback(problem, FixedSteps{n});  // back by the adjoint that goes with the method
  const Vector2d y1 = (whole * y0.cast<Real>()).cast<double>();
  const Vector2d y0_bar = (whole.transpose() * w.cast<Real>()).cast<double>();
  CHECK(battery::relative_difference(y1, pass.ys().back()) < tolerance);
  const auto gradient = pass.pullback({w});
  CHECK(battery::relative_difference(y0_bar, gradient.y0) < tolerance);
  // The loss is linear in y0, so that its gradient gives the loss; and of degree zero in (A, 1/t): Σ A dL/dA = t dL/dt.
  CHECK(std::fabs(gradient.y0.dot(y0) - w.dot(y1)) < tolerance * 10);
  const double moment = problem.field.theta.dot(gradient.theta);
  CHECK(std::fabs(moment) > 0.1);
  CHECK(std::fabs(moment - t1 * gradient.t1) < tolerance * 10);
  CHECK(std::fabs(gradient.t0 + gradient.t1) < tolerance * 10);
}

LAW("A plain method on a linear problem is a power of its stability function", "[gradient]", plain()) {
  for (const double t1 : {2.0, -2.0})
    check(m.by_default(), t1, power(plain_step(coefficients_of(m), static_cast<Real>(t1) / n), n), round_off);
}

LAW("An exact pair on a linear problem is a power of its step matrix", "[gradient]", exact_pairs()) {
  for (const double lambda : {0.5, 0.75}) {
    CAPTURE(lambda);
    for (const double t1 : {2.0, -2.0}) {
      const Pair pairs = power(pair_step(coefficients_of(m), static_cast<Real>(t1) / n, static_cast<Real>(lambda)), n);
      // y(t0) = z(t0): the state at the end is the upper half of the pair's, of both initial halves.
      const Matrix whole = pairs.topLeftCorner<2, 2>() + pairs.topRightCorner<2, 2>();
      // Each step rounds thrice at 2^−52: 200 · 3 · 2.2e−16 = 1.3e−13 at most, besides round-off.
      check(m.with({.by_default = true, .lambda = lambda, .resolution = 0x1p-52}), t1, whole, 2 * round_off);
    }
  }
}

}  // namespace
}  // namespace antistrophe::laws
