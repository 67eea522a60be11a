// The expansion of Brownian motion by cosines: its derivatives, its statistics, its independence, and the equations it drives.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/wong_zakai_path.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

namespace {

constexpr double pi = 3.14159265358979323846;

// dy = μ y dt + σ y ∘ dW: y0 exp(μ (t − t0) + σ W(t)), along any smooth W.
struct Growth {
  Eigen::Vector2d theta{0.3, 0.6};
  static constexpr bool autonomous = true;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, const auto& dX, auto& dy) const {
    for (Index s = 0; s < y.cols(); ++s) dy.col(s) = theta.dot(dX.col(s)) * y.col(s);
  }
  void vjp(double, const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& dX_bar, auto& theta_bar) const {
    for (Index s = 0; s < y.cols(); ++s) {
      y_bar.col(s) += theta.dot(dX.col(s)) * w.col(s);
      dX_bar.col(s) += w.col(s).dot(y.col(s)) * theta;
      theta_bar += w.col(s).dot(y.col(s)) * dX.col(s);
    }
  }
};

}  // namespace

TEST_CASE("A Wong–Zakai path has the derivatives of its values, and begins at 0", "[wong-zakai]") {
  const WongZakaiPath path({.seed = 3, .channels = 2, .samples = 3, .t0 = 1, .t1 = 5, .terms = 7, .with_time = true});
  REQUIRE((path.channels() == 3 && path.samples() == 3));
  CHECK(path(1).bottomRows(2).norm() == 0);
  for (const double t : {1.3, 2.0, 4.4}) {
    // Fourth order: h⁴ times the fifth derivative, at most 5.1⁵ of the path, over 30; and rounding, 1e-16/h.
    const double h = 1e-3;
    const MatrixXd slope = (8 * (path(t + h) - path(t - h)) - (path(t + 2 * h) - path(t - 2 * h))) / (12 * h);
    CHECK((path.derivative(t) - slope).cwiseAbs().maxCoeff() < 1e-9);
    MatrixXd second(3, 3);
    path.second_derivative(t, second);
    const MatrixXd bend = (8 * (path.derivative(t + h) - path.derivative(t - h)) -
                           (path.derivative(t + 2 * h) - path.derivative(t - 2 * h))) /
                          (12 * h);
    CHECK((second - bend).cwiseAbs().maxCoeff() < 1e-8);
    CHECK((path(t).row(0).array() == t && path.derivative(t).row(0).array() == 1).all());
  }
}

TEST_CASE("A Wong–Zakai path has the statistics of Brownian motion, as far as its terms go", "[wong-zakai]") {
  constexpr Index samples = 20000, terms = 40;
  const double T = 4;
  const WongZakaiPath path({.seed = 11, .channels = 1, .samples = samples, .t0 = 0, .t1 = T, .terms = terms});
  const double four_sigmas = 4 / std::sqrt(static_cast<double>(samples));
  for (const double t : {0.5, 2.0, 4.0}) {
    double variance = 0;
    for (Index n = 0; n < terms; ++n) {
      const double omega = (static_cast<double>(n) + 0.5) * pi / T;
      variance += 2 / T * std::pow(std::sin(omega * t) / omega, 2);
    }
    const VectorXd W = path(t).row(0).transpose();
    CHECK(std::fabs(W.mean()) < four_sigmas * std::sqrt(variance));
    CHECK(W.squaredNorm() / samples == Approx(variance).epsilon(four_sigmas * std::sqrt(2.0)));
    CHECK(variance == Approx(t).epsilon(0.05));  // the rest is in the terms left out
  }
  // Kolmogorov and Smirnov: all numbers drawn against the normal distribution, at a level of 0.1 %.
  const MatrixXd& xi = path.coefficients();
  std::vector<double> all(xi.data(), xi.data() + xi.size());
  std::sort(all.begin(), all.end());
  double worst = 0;
  const auto count = static_cast<double>(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double below = std::erfc(-all[i] / std::sqrt(2.0)) / 2;
    worst = std::max({worst, std::fabs(below - static_cast<double>(i) / count),
                      std::fabs(below - static_cast<double>(i + 1) / count)});
  }
  CHECK(worst < 1.95 / std::sqrt(count));
  // Terms do not know each other.
  for (const Index n : {1, 7}) CHECK(std::fabs(xi.col(0).dot(xi.col(n))) / samples < four_sigmas);
}

TEST_CASE("A sample does not change with others, with more terms, nor a channel with more", "[wong-zakai]") {
  const WongZakaiPath few({.seed = 5, .channels = 1, .samples = 2, .terms = 3});
  const WongZakaiPath many({.seed = 5, .channels = 3, .samples = 9, .terms = 8});
  CHECK(many.coefficients()(0, 2) == few.coefficients()(0, 2));
  CHECK(many.coefficients()(3, 1) == few.coefficients()(1, 1));
  CHECK(WongZakaiPath({.seed = 6}).coefficients()(0, 0) != WongZakaiPath({.seed = 5}).coefficients()(0, 0));
}

TEST_CASE("Equations driven by a Wong–Zakai path follow it, with exact gradients", "[wong-zakai]") {
  const WongZakaiPath path({.seed = 2, .channels = 1, .samples = 4, .t0 = 0, .t1 = 3, .terms = 6, .with_time = true});
  const MatrixXd y0 = MatrixXd::Constant(1, 4, 0.8);
  const Problem problem{ControlledField{Growth{}, path}, y0, 0.0, 3.0};
  const auto end = solve(problem, Dopri5{}, Adaptive{.rtol = 1e-10, .atol = 1e-10}).ys().back();
  for (Index s = 0; s < 4; ++s) CHECK(end(0, s) == Approx(0.8 * std::exp(0.3 * 3 + 0.6 * path(3)(1, s))).epsilon(1e-8));
  CHECK(check_vjp(problem.field, 1.3, y0).ok);
  const Problem inside{problem.field, y0, 0.1, 2.9};  // both ends are moved, and the path ends at 0 and 3
  const auto report = check_gradient(inside, Reversible<Midpoint>{}, FixedSteps{100}, [](const auto& ys, auto& ys_bar) {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  });
  INFO(report.message);
  CHECK(report.ok);
}

TEST_CASE("Wong–Zakai paths that cannot be meet a sentence", "[wong-zakai]") {
  CHECK_THROWS_WITH(WongZakaiPath({.terms = 0}),
                    ContainsSubstring("WongZakaiOptions::terms is 0; it must be at least 1"));
  CHECK_THROWS_WITH(WongZakaiPath({.t0 = 1, .t1 = 1}),
                    ContainsSubstring("WongZakaiOptions::t1 is 1; it must be finite and beyond t0 = 1"));
  const WongZakaiPath path({.t0 = 1, .t1 = 2});
  CHECK_THROWS_WITH(
      path(2.5),
      ContainsSubstring("the time at which a path is asked for is 2.5; it must be between t0 = 1 and t1 = 2"));
}
