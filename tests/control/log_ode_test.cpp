// The log-ODE method with brackets of known vector fields: exact where brackets end, of its order elsewhere, with its gradient.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/log_ode.hpp>
#include <antistrophe/control/matrix_field.hpp>

#include "catch.hpp"

#include <cmath>
#include <random>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

namespace {

MatrixXd walk(Index channels, Index steps, double size, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal(0, size);
  MatrixXd result = MatrixXd::Zero(channels, steps + 1);
  for (Index i = 1; i <= steps; ++i)
    for (Index c = 0; c < channels; ++c) result(c, i) = result(c, i - 1) + normal(engine);
  return result;
}

// All iterated integrals up to depth 3, dS³ = S²⊗dX, dS² = S¹⊗dX, dS¹ = dX: no bracket of four of its columns is left.
const auto iterated = [](const auto& y, const auto&, auto& A) {
  const Index n = A.cols();
  A.setZero();
  for (Index k = 0; k < n; ++k) {
    A(k, k) += 1;
    for (Index i = 0; i < n; ++i) A(n + i * n + k, k) += y[i];
    for (Index ij = 0; ij < n * n; ++ij) A(n + n * n + ij * n + k, k) += y[n + ij];
  }
};

// Two fields that do not commute, however often they are bracketed.
const auto swirl = [](const auto& y, const auto& theta, auto& A) {
  using std::sin, std::cos;
  A(0, 0) = theta[0] * y[1];
  A(1, 0) = -sin(y[0]);
  A(0, 1) = cos(y[1]);
  A(1, 1) = theta[1] * y[0] * y[1];
};
struct Swirl {
  void matrix(double, const auto& y, auto& A) const { swirl(y, Eigen::Vector2d(0.8, -0.5), A); }
};

}  // namespace

TEST_CASE("Where brackets end the log-ODE method is exact, in one step a window", "[log-ode]") {
  for (const Index channels : {2, 3}) {
    const MatrixXd points = walk(channels, 12, 0.7, 1);
    const VectorXd times = VectorXd::LinSpaced(13, 0, 2);
    const Index n = channels, size = n + n * n + n * n * n;
    Signature expected(n, 3);
    for (Index i = 1; i < points.cols(); ++i) expected.extend(points.col(i) - points.col(i - 1));
    for (const Index window : {12, 5}) {
      const auto field = log_ode(iterated, LogSignaturePath{times, points, window, 3}, VectorXd::Zero(1));
      // The solution is a polynomial of degree 3 in t, by elementary differentials of order 3 at most: RK4 has all of them.
      const VectorXd end =
          solve(Problem{field, VectorXd(VectorXd::Zero(size)), 0.0, 2.0}, RK4{}, FixedSteps{1}).ys().back();
      CHECK((end.head(n) - expected.level(1)).norm() < 1e-11);
      CHECK((end.segment(n, n * n) - expected.level(2)).norm() < 1e-11);
      CHECK((end.tail(n * n * n) - expected.level(3)).norm() < 1e-11);
    }
  }
}

TEST_CASE("A deeper log-ODE method is more accurate, by its order in the size of a window", "[log-ode]") {
  // A straight-line equation through all observations is the truth. Over a window of increments of size d what depth n leaves
  // out is of size d^(n + 1).
  const auto error = [](double size, int depth) {
    const MatrixXd points = walk(2, 8, size, 3);
    const VectorXd times = VectorXd::LinSpaced(9, 0, 1);
    const Eigen::Vector2d y0(0.4, 0.9);
    const Adaptive fine{.rtol = 1e-12, .atol = 1e-14};
    const auto truth =
        solve(Problem{ControlledField{MatrixField{Swirl{}}, LinearPath{times, points}}, y0, 0.0, 1.0}, Dopri5{}, fine);
    const auto field = log_ode(swirl, LogSignaturePath{times, points, 8, depth}, Eigen::Vector2d(0.8, -0.5));
    return (solve(Problem{field, y0, 0.0, 1.0}, Dopri5{}, fine).ys().back() - truth.ys().back()).norm();
  };
  for (int depth = 1; depth <= 3; ++depth) {
    const double order = std::log2(error(0.02, depth) / error(0.01, depth));
    CHECK(order == Approx(depth + 1).margin(0.3));
  }
  CHECK(error(0.05, 2) < 0.2 * error(0.05, 1));
  CHECK(error(0.05, 3) < 0.2 * error(0.05, 2));
}

TEST_CASE("The log-ODE method has its gradient, and lands on the ends of windows", "[log-ode]") {
  const MatrixXd points = walk(2, 12, 0.2, 5);
  const VectorXd times = VectorXd::LinSpaced(13, 0, 3);
  const Eigen::Vector2d y0(0.4, 0.9), theta(0.8, -0.5);
  const auto field = log_ode(swirl, LogSignaturePath{times, points, 4, 2}, theta);
  CHECK(check_vjp(field, 0.7, y0).ok);
  CHECK(check_vjp(log_ode(swirl, LogSignaturePath{times, points, 4, 3}, theta), 0.7, y0).ok);
  const Problem problem{field, y0, 0.0, 3.0};
  CHECK(solve(problem, RK4{}, FixedSteps{1}).steps() == std::vector<double>{0, 1, 2, 3});
  const auto report = check_gradient(problem, Reversible<Midpoint>{}, FixedSteps{30}, [](const auto& ys, auto& ys_bar) {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  });
  INFO(report.message);
  CHECK(report.ok);
}

TEST_CASE("The log-ODE method of a batch meets a sentence", "[log-ode]") {
  const std::vector<MatrixXd> two{walk(2, 4, 1, 1), walk(2, 4, 1, 2)};
  const LogSignaturePath path{VectorXd::LinSpaced(5, 0, 1), two, 2, 2};
  CHECK_THROWS_WITH(log_ode(swirl, path, Eigen::Vector2d(1, 1)),
                    Catch::Matchers::ContainsSubstring("the number of samples of log_ode's path is 2; it must be 1"));
}
