// The known table of orders (Kloeden & Platen 1992; Rößler 2010; Foster, Lyons & Oberhauser 2020; torchsde's), measured by equations whose
// solutions are known functions of W, along the same paths: for every scheme within 0.1.
#include <antistrophe/noise/stochastic_field.hpp>
//
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/method/stochastic/ito.hpp>
#include <antistrophe/noise/ito_to_stratonovich.hpp>

#include "catch.hpp"
#include "noisy_problems.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;
using Eigen::MatrixXd;

namespace {

// The slope of log2 of the errors against log2 of h, h halved each time, by least squares.
double slope(const std::vector<double>& errors) {
  double x_mean = 0, y_mean = 0, xy = 0, xx = 0;
  const double count = static_cast<double>(errors.size());
  for (std::size_t i = 0; i < errors.size(); ++i) {
    x_mean -= static_cast<double>(i) / count;
    y_mean += std::log2(errors[i]) / count;
  }
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const double x = -static_cast<double>(i) - x_mean;
    xy += x * (std::log2(errors[i]) - y_mean);
    xx += x * x;
  }
  return xy / xx;
}

// √E |y_h − y|², or |E (y_h − y)|, both along the same paths.
enum class Error { strong, weak };

template <class F, class M>
double order(const F& field, const MatrixXd& y0, const M& method, const MatrixXd& exact, int first, int last,
             Error of = Error::strong) {
  std::vector<double> errors;
  for (int n = first; n <= last; n *= 2) {
    const MatrixXd off = solve(Problem{field, y0, 0.0, 1.0}, method, FixedSteps{n}).ys().back() - exact;
    errors.push_back(of == Error::strong ? std::sqrt(off.squaredNorm() / static_cast<double>(off.size()))
                                         : std::fabs(off.mean()));
  }
  return slope(errors);
}

BrownianPath along(Eigen::Index samples, Eigen::Index channels = 1, double tolerance = 1e-3, bool area = false) {
  return {.seed = 1, .channels = channels, .samples = samples, .tolerance = tolerance, .area = area};
}

// dy = −p² sin y cos³ y dt + p cos² y dW (Itô), whose solution is arctan(p W + tan y0); in Stratonovich's sense without the drift.
constexpr double p = 0.7;
struct ArctanDrift {
  void operator()(double, const auto& y, auto& dy) const {
    dy.array() = -p * p * y.array().sin() * y.array().cos().cube();
  }
};
struct ArctanNoise {
  void operator()(double, const auto& y, auto& s) const { s.array() = p * y.array().cos().square(); }
};
struct Still {
  void operator()(double, const auto&, auto& dy) const { dy.setZero(); }
};

// dy = (b/√(1+t) − y/(2+2t)) dt + a b/√(1+t) dW, whose solution is (y0 + b (t + a W))/√(1+t).
constexpr double a = 0.5, b = 0.8;
struct FadingDrift {
  void operator()(double t, const auto& y, auto& dy) const {
    dy.array() = b / std::sqrt(1 + t) - y.array() / (2 + 2 * t);
  }
};
struct FadingNoise {
  static constexpr bool additive = true;
  void operator()(double t, const auto&, const auto& dw, auto& dy) const { dy = a * b / std::sqrt(1 + t) * dw; }
};

struct Relaxing {
  void operator()(double, const auto& y, auto& dy) const { dy = -1.5 * y; }
};
struct Folding {
  void operator()(double, const auto& y, auto& dy) const { dy.array() = (2 * y.array()).cos(); }
};

// dy0 = dW0, dy1 = cos(y0) ∘ dW1: columns that do not commute.
struct Turning {
  void operator()(double, const auto& y, const auto& dw, auto& dy) const {
    dy.row(0) = dw.row(0);
    dy.row(1).array() = y.row(0).array().cos() * dw.row(1).array();
  }
};

void check_order(const char* name, double expected, double measured) {
  CAPTURE(name);
  CAPTURE(measured);
  CHECK(std::fabs(measured - expected) < 0.1);
}

}  // namespace

TEST_CASE("Strong orders of geometric Brownian motion", "[orders]") {
  constexpr double mu = 0.8, sigma = 0.6;
  const auto path = along(1500);
  const MatrixXd w = path(1.0), y0 = MatrixXd::Ones(1, w.cols());
  const StochasticField field{noisy::growth(mu), DiagonalNoise{noisy::growth(sigma)}, path};
  const MatrixXd exact = (mu + sigma * w.array()).exp();
  const auto check = [&](const char* name, double expected, const auto& method, int last = 512) {
    check_order(name, expected, order(field, y0, method, exact, 16, last));
  };
  check("Midpoint", 1, Midpoint{});
  check("Heun", 1, Heun{});
  check("Reversible<Midpoint>", 1, Reversible<Midpoint>{});
  check("Reversible<Heun>", 1, Reversible<Heun>{});
  check("TwoPoint<Heun>", 1, TwoPoint<Heun>{});
  check("ReversibleHeun", 1, ReversibleHeun{});
  check("EES25", 1, EES25{});
  check("RK4", 2, RK4{}, 128);  // of one channel the flow of f + g ΔW/h is the solution, and ΔW⁵ is what is left

  const ItoField ito{noisy::growth(mu), DiagonalNoise{noisy::growth(sigma)}, path};
  const MatrixXd of_ito = (mu - sigma * sigma / 2 + sigma * w.array()).exp();
  check_order("EulerMaruyama", 0.5, order(ito, y0, EulerMaruyama{}, of_ito, 16, 512));
  check_order("Milstein", 1, order(ito, y0, Milstein{}, of_ito, 16, 512));
  check_order("ItoToStratonovich", 1, order(ItoToStratonovich{ito}, y0, Reversible<Midpoint>{}, of_ito, 16, 512));
}

TEST_CASE("Strong orders of a nonlinear equation with diagonal noise", "[orders]") {
  const auto path = along(1500);
  const MatrixXd w = path(1.0), y0 = MatrixXd::Constant(1, w.cols(), 0.3);
  const MatrixXd exact = (p * w.array() + std::tan(0.3)).unaryExpr([](double x) { return std::atan(x); });
  const ItoField ito{ArctanDrift{}, DiagonalNoise{ArctanNoise{}}, path};
  check_order("EulerMaruyama", 0.5, order(ito, y0, EulerMaruyama{}, exact, 16, 512));
  check_order("Milstein", 1, order(ito, y0, Milstein{}, exact, 16, 512));
  check_order("ItoToStratonovich", 1, order(ItoToStratonovich{ito}, y0, Midpoint{}, exact, 16, 512));
  const StochasticField field{Still{}, ScalarNoise{ArctanNoise{}}, path};
  check_order("Midpoint", 1, order(field, y0, Midpoint{}, exact, 16, 512));
  check_order("Reversible<Midpoint>", 1, order(field, y0, Reversible<Midpoint>{}, exact, 16, 512));
  check_order("TwoPoint<Heun>", 1, order(field, y0, TwoPoint<Heun>{}, exact, 16, 512));
  check_order("ReversibleHeun", 1, order(field, y0, ReversibleHeun{}, exact, 16, 512));
}

TEST_CASE("Strong orders of additive noise", "[orders]") {
  const auto path = along(1500, 1, 1.0 / 4096, true);
  const MatrixXd w = path(1.0), y0 = MatrixXd::Ones(1, w.cols());
  {  // y √(1+t) has a constant noise, so that no error is left but that of an ODE, of order 2 (and 1 of Euler)
    const MatrixXd exact = (1 + b * (1 + a * w.array())) / std::sqrt(2.0);
    const ItoField field{FadingDrift{}, FadingNoise{}, path};
    check_order("EulerMaruyama", 1, order(field, y0, EulerMaruyama{}, exact, 16, 512));
    check_order("SRA1", 2, order(field, y0, SRA1{}, exact, 16, 512));
    check_order("Reversible<Midpoint>", 2, order(field, y0, Reversible<Midpoint>{}, exact, 16, 512));
  }
  {  // Ornstein and Uhlenbeck's; SRA1 is of order 2 where f is linear in y and does not depend on t
    const ItoField field{Relaxing{}, AdditiveNoise{MatrixXd::Constant(1, 1, 0.5)}, path};
    const MatrixXd exact = solve(Problem{field, y0, 0.0, 1.0}, SRA1{}, FixedSteps{4096}).ys().back();
    check_order("EulerMaruyama", 1, order(field, y0, EulerMaruyama{}, exact, 16, 512));
    check_order("Midpoint", 1, order(field, y0, Midpoint{}, exact, 16, 512));
    check_order("Reversible<Midpoint>", 1, order(field, y0, Reversible<Midpoint>{}, exact, 16, 512));
    check_order("TwoPoint<Heun>", 1, order(field, y0, TwoPoint<Heun>{}, exact, 16, 512));
    check_order("ReversibleHeun", 1, order(field, y0, ReversibleHeun{}, exact, 16, 512));
    check_order("SRA1", 2, order(field, y0, SRA1{}, exact, 16, 256));
  }
  {
    const ItoField field{Folding{}, AdditiveNoise{MatrixXd::Constant(1, 1, 1.0)}, path};
    const MatrixXd exact = solve(Problem{field, y0, 0.0, 1.0}, SRA1{}, FixedSteps{4096}).ys().back();
    check_order("SRA1", 1.5, order(field, y0, SRA1{}, exact, 32, 512));
  }
}

// The solution is ∫ cos W0 ∘ dW1, whose areas no increments of a step tell: order ½ for every scheme that sees these alone.
TEST_CASE("Strong orders where the noise does not commute", "[orders]") {
  const auto path = along(400, 2, 1.0 / 8192);
  const StochasticField field{Still{}, Turning{}, path};
  const MatrixXd y0 = MatrixXd::Zero(2, 400);
  MatrixXd exact = path(1.0);
  exact.row(1).setZero();
  BrownianWalk walk(path);
  MatrixXd dw, before = y0;
  for (int i = 0, n = 8192; i < n; ++i) {
    walk.increment(i / static_cast<double>(n), (i + 1) / static_cast<double>(n), dw);
    const MatrixXd after = before + dw;
    exact.row(1).array() += (before.row(0).array().cos() + after.row(0).array().cos()) / 2 * dw.row(1).array();
    before = after;
  }
  check_order("Midpoint", 0.5, order(field, y0, Midpoint{}, exact, 8, 128));
  check_order("Reversible<Midpoint>", 0.5, order(field, y0, Reversible<Midpoint>{}, exact, 8, 128));
  check_order("TwoPoint<Heun>", 0.5, order(field, y0, TwoPoint<Heun>{}, exact, 8, 128));
  check_order("ReversibleHeun", 0.5, order(field, y0, ReversibleHeun{}, exact, 8, 128));
}

TEST_CASE("Weak orders of geometric Brownian motion", "[orders]") {
  constexpr double mu = 0.8, sigma = 0.6;
  const auto path = along(20'000, 1, 1e-2);
  const MatrixXd w = path(1.0), y0 = MatrixXd::Ones(1, w.cols());
  const StochasticField field{noisy::growth(mu), DiagonalNoise{noisy::growth(sigma)}, path};
  const MatrixXd exact = (mu + sigma * w.array()).exp();
  check_order("Midpoint", 1, order(field, y0, Midpoint{}, exact, 8, 64, Error::weak));
  check_order("Reversible<Midpoint>", 1, order(field, y0, Reversible<Midpoint>{}, exact, 8, 64, Error::weak));
  check_order("TwoPoint<Heun>", 1, order(field, y0, TwoPoint<Heun>{}, exact, 8, 64, Error::weak));
  check_order("ReversibleHeun", 1, order(field, y0, ReversibleHeun{}, exact, 8, 64, Error::weak));
  const ItoField ito{noisy::growth(mu), DiagonalNoise{noisy::growth(sigma)}, path};
  const MatrixXd of_ito = (mu - sigma * sigma / 2 + sigma * w.array()).exp();
  check_order("EulerMaruyama", 1, order(ito, y0, EulerMaruyama{}, of_ito, 8, 64, Error::weak));
  check_order("Milstein", 1, order(ito, y0, Milstein{}, of_ito, 8, 64, Error::weak));
}
