// WongZakaiPath: the series of the very path it was made of, and an equation that it drives.
#include <antistrophe/noise/wong_zakai_path.hpp>
//
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>

#include "catch.hpp"

#include <cmath>

using namespace antistrophe;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const double pi = std::acos(-1.0);

// dy = μ y dt + σ y dX, by a path whose first channel is t.
struct Growth {
  static constexpr bool autonomous = true;
  Eigen::VectorXd theta = Eigen::Vector2d(0.5, 0.7);
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, const auto& dx, auto& dy) const {
    dy = (theta[0] * dx[0] + theta[1] * dx[1]) * y;
  }
  void vjp(double, const auto& y, const auto& dx, const auto& w, auto& y_bar, auto& dx_bar, auto& theta_bar) const {
    y_bar += (theta[0] * dx[0] + theta[1] * dx[1]) * w;
    dx_bar += theta * w.dot(y);
    theta_bar += dx * w.dot(y);
  }
};

}  // namespace

TEST_CASE("The coefficients of a Brownian path are independent and normal", "[wong_zakai]") {
  constexpr Eigen::Index samples = 8000;
  const WongZakaiPath path({.seed = 3, .samples = samples, .t0 = -1, .t1 = 2}, 6);
  const MatrixXd& xi = path.coefficients();
  const MatrixXd covariance = xi.transpose() * xi / samples;
  // Products of two have deviation 1/√n, squares √(2/n): five of these.
  CHECK((covariance - MatrixXd::Identity(6, 6)).cwiseAbs().maxCoeff() < 5 * std::sqrt(2.0 / samples));
  CHECK(xi.colwise().mean().cwiseAbs().maxCoeff() < 5 / std::sqrt(static_cast<double>(samples)));
}

// What is left out has the variance Σ_{n > N} (2 T/ω_n²) sin²(ω_n s): the path is made of this very W.
TEST_CASE("More terms come closer to the path", "[wong_zakai]") {
  constexpr Eigen::Index samples = 2000;
  const BrownianPath brownian{.seed = 3, .channels = 1, .samples = samples, .t0 = 1, .t1 = 3};
  const double t = 1.7, s = (t - 1) / 2;
  const MatrixXd w = brownian(t);
  for (const Eigen::Index terms : {4, 16, 40}) {
    double left_out = 0;
    for (Eigen::Index n = terms; n < 100'000; ++n) {
      const double omega = (static_cast<double>(n) + 0.5) * pi;
      left_out += 4 / (omega * omega) * std::pow(std::sin(omega * s), 2);
    }
    const double met = (WongZakaiPath(brownian, terms)(t) - w).squaredNorm() / samples;
    CHECK(std::fabs(met / left_out - 1) < 5 * std::sqrt(2.0 / samples));
  }
}

TEST_CASE("Derivatives of the series agree with differences", "[wong_zakai]") {
  const WongZakaiPath path({.seed = 5, .channels = 2, .samples = 3, .t0 = 1, .t1 = 3}, 7, TimeChannel::first);
  REQUIRE(path.channels() == 3);
  const double t = 1.6, h = 1e-5;
  MatrixXd a, b, d;
  const auto differs = [&](const auto& f, const auto& of) {
    f(t + h, a), f(t - h, b), of(t, d);
    return ((a - b) / (2 * h) - d).cwiseAbs().maxCoeff();
  };
  const auto value = [&](double at, MatrixXd& x) { path.value(at, x); };
  const auto derivative = [&](double at, MatrixXd& x) { path.derivative(at, x); };
  const auto second = [&](double at, MatrixXd& x) { path.second_derivative(at, x); };
  CHECK(differs(value, derivative) < 1e-6);  // h² X''', with ω³ up to 10³ and round-off
  CHECK(differs(derivative, second) < 1e-5);
  CHECK(d.row(0).isZero(0));
}

// y(1) = y0 exp(μ t + σ X(1)), in Stratonovich's sense, by any method and with gradients.
TEST_CASE("A smoothed path drives an equation", "[wong_zakai]") {
  const WongZakaiPath path(BrownianPath{.seed = 5}, 10, TimeChannel::first);
  const Problem problem{ControlledField{Growth{}, path}, VectorXd(VectorXd::Ones(1)), 0.0, 1.0};
  VectorXd x;
  path.value(1.0, x);
  const double expected = std::exp(0.5 + 0.7 * x[1]);
  const auto end = [](const auto& ys, auto& bars) {
    bars.back().setOnes();
    return ys.back()[0];
  };
  const auto [value, gradient] =
      value_and_gradient(problem, Reversible<Dopri5>{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, end);
  CHECK(value == Approx(expected).epsilon(1e-7));
  CHECK(gradient.theta[0] == Approx(expected).epsilon(1e-7));
  CHECK(gradient.theta[1] == Approx(expected * x[1]).epsilon(1e-7));
  CHECK(value_and_gradient(problem, ReversibleAdams<4>{}, FixedSteps{4000}, end).value ==
        Approx(expected).epsilon(1e-6));
}

TEST_CASE("A smoothed path says what it cannot do", "[wong_zakai]") {
  const BrownianPath brownian{.seed = 1};
  CHECK_THROWS_WITH(WongZakaiPath(brownian, 0),
                    "antistrophe: the number of terms of a WongZakaiPath is 0; it must be from 1 to 1024");
  VectorXd x;
  CHECK_THROWS_WITH(
      WongZakaiPath(brownian, 3).derivative(2, x),
      "antistrophe: a WongZakaiPath over [0, 1] is asked for X(2); give its BrownianPath .t0 and .t1 around all "
      "times of the solve");
}
