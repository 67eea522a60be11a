// y' = A y has the closed form of every method: a plain step is R(hA), R its stability function, so that
// dL/dy0 = R(hA)ᵀ^n w; a pair's step is a product of two block matrices of R(hA) − 1 and R(−hA) − 1.
#include "battery.hpp"
#include "catch.hpp"

using namespace antistrophe;

namespace {

using Real = long double;
using Matrix = Eigen::Matrix<Real, 3, 3>;
using Pair = Eigen::Matrix<Real, 6, 6>;

Eigen::Matrix3d matrix() {
  Eigen::Matrix3d a;
  a << -0.5, 2, 0.25, -2, -0.25, 1, 0.5, -1, 0.125;
  return a;
}

// R(Z) − 1 = Σ_k (bᵀ A^{k−1} 1) Z^k, from the tableau alone.
template <class Tableau>
Matrix increment_of(const Matrix& z) {
  constexpr int s = Tableau::stages;
  Eigen::Matrix<Real, s, s> a;
  Eigen::Vector<Real, s> b, power = Eigen::Vector<Real, s>::Ones();
  for (int i = 0; i < s; ++i) {
    b[i] = tableau::coefficient<Real>(Tableau::b[static_cast<std::size_t>(i)]);
    for (int j = 0; j < s; ++j)
      a(i, j) = tableau::coefficient<Real>(Tableau::a[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
  }
  Matrix sum = Matrix::Zero(), z_power = z;
  for (int k = 1; k <= s; ++k) {
    sum += b.dot(power) * z_power;
    power = (a * power).eval();
    z_power = (z_power * z).eval();
  }
  return sum;
}

template <class Tableau>
Matrix plain_step(Real h) {
  return Matrix::Identity() + increment_of<Tableau>(h * matrix().cast<Real>());
}

template <class Tableau>
Pair pair_step(Real h, Real lambda) {
  const Matrix one = Matrix::Identity();
  const Matrix forth = increment_of<Tableau>(h * matrix().cast<Real>()),
               back = increment_of<Tableau>(-h * matrix().cast<Real>());
  Pair first = Pair::Identity(), second = Pair::Identity();
  first.topLeftCorner<3, 3>() = lambda * one;
  first.topRightCorner<3, 3>() = (1 - lambda) * one + forth;
  second.bottomLeftCorner<3, 3>() = -back;
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
const Eigen::Vector3d y0(1, -0.5, 2);
const Eigen::Vector3d w(0.5, 2, -1);

// Round-off of 200 steps of at most 24 stages of 3 · 3 products, each 1.1e−16, adding up as their root on a flow that does
// not amplify: 1.1e−16 · √43,200 = 2.3e−14; a factor of ten for safety.
constexpr double round_off = 2.5e-13;

template <class M, class Adjoint>
void check(const M& method, const Adjoint& adjoint, double t1, const Matrix& whole, double tolerance) {
  CAPTURE(battery::Facts<M>::name, t1);
  const Problem problem{problems::Linear<3>(matrix()), y0, 0.0, t1};
  auto pass = solve_with_pullback(problem, method, FixedSteps{n}, {}, adjoint);
  const Eigen::Vector3d y1 = (whole * y0.cast<Real>()).cast<double>();
  const Eigen::Vector3d y0_bar = (whole.transpose() * w.cast<Real>()).cast<double>();
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

}  // namespace

TEMPLATE_LIST_TEST_CASE("A plain method on a linear problem is a power of its stability function", "[gradient]",
                        battery::PlainMethods) {
  for (const double t1 : {2.0, -2.0}) {
    const auto whole = power(plain_step<typename battery::Facts<TestType>::TableauType>(static_cast<Real>(t1) / n), n);
    check(TestType{}, DirectAdjoint{}, t1, whole, round_off);
  }
}

TEMPLATE_LIST_TEST_CASE("An exact pair on a linear problem is a power of its step matrix", "[gradient]",
                        battery::ExactMethods) {
  using Tableau = typename battery::Facts<TestType>::TableauType;
  for (const double lambda : {0.5, 0.75}) {
    CAPTURE(lambda);
    for (const double t1 : {2.0, -2.0}) {
      const Pair pairs = power(pair_step<Tableau>(static_cast<Real>(t1) / n, static_cast<Real>(lambda)), n);
      // y(t0) = z(t0): the state at the end is the upper half of the pair's, of both initial halves.
      const Matrix whole = pairs.topLeftCorner<3, 3>() + pairs.topRightCorner<3, 3>();
      // Each step rounds thrice at 2^−52: 200 · 3 · 2.2e−16 = 1.3e−13 at most, besides round-off.
      check(TestType{.lambda = lambda, .resolution = std::ldexp(1.0, -52)}, ReversibleAdjoint{}, t1, whole,
            2 * round_off);
    }
  }
}
