// The Arenstorf orbit: a closed path that passes a small body closely, so that steps vary by four orders of magnitude.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <vector>

using namespace antistrophe;

namespace {

// The restricted three-body problem: x'' = x + 2y' − (1−μ)(x+μ)/D1 − μ(x−1+μ)/D2, y'' = y − 2x' − (1−μ)y/D1 − μy/D2 with
// D1 = ((x+μ)² + y²)^(3/2), D2 = ((x−1+μ)² + y²)^(3/2); state (x, y, x', y'), θ = (μ).
struct ArenstorfEquations {
  void operator()(auto, const auto& y, const auto& theta, auto& dy) const {
    using std::sqrt;
    using S = typename std::decay_t<decltype(y)>::Scalar;
    const S mu = theta[0], rest = S(1) - mu;
    const S a = y[0] + mu, b = y[0] - rest;
    const S r1 = a * a + y[1] * y[1], r2 = b * b + y[1] * y[1];
    const S d1 = r1 * sqrt(r1), d2 = r2 * sqrt(r2);
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = y[0] + S(2) * y[3] - rest * a / d1 - mu * b / d2;
    dy[3] = y[1] - S(2) * y[2] - rest * y[1] / d1 - mu * y[1] / d2;
  }
};

struct LongArenstorf {
  Eigen::Vector<long double, 1> theta;
  void operator()(double t, const auto& y, auto& dy) const { ArenstorfEquations{}(t, y, theta, dy); }
};

}  // namespace

TEST_CASE("The Arenstorf orbit closes, and its gradient is that of the steps taken", "[adaptive]") {
  constexpr double mu = 0.012277471, period = 17.0652165601579625588917206249;
  const Eigen::Vector4d y0(0.994, 0, 0, -2.00158510637908252240537862224);
  const Eigen::Vector4d w(0.5, -1, 0.25, 0.75);
  const Problem problem{automatic_vjp(ArenstorfEquations{}, Eigen::Vector<double, 1>{mu}), y0, 0.0, period};

  const auto check = [&](const auto& method, double closes) {
    const auto solution = solve(problem, method, Adaptive{.rtol = 1e-12, .atol = 1e-12});
    CAPTURE((solution.ys().back() - y0).norm(), solution.stats().accepted);
    CHECK((solution.ys().back() - y0).cwiseAbs().maxCoeff() < closes);

    const std::vector<double> steps = solution.steps();
    auto pass = solve_with_pullback(problem, method, StepTo{steps});
    const auto gradient = pass.pullback({w});
    // Five-point differences in long double over the same steps. One revolution stretches a perturbation by some 10^4 near
    // the smaller body, and k-th derivatives go up by that again and again: at δ = 1e-9 the truncation, δ⁴ 10^16, and the
    // round-off, 1e-19 · 10^4/δ, are both below 1e-6 of the gradient.
    using Y = Eigen::Vector<long double, 4>;
    const auto value = [&](long double mu_shift, const Y& y_shift) {
      const Problem moved{LongArenstorf{Eigen::Vector<long double, 1>{static_cast<long double>(mu) + mu_shift}},
                          Y(y0.cast<long double>() + y_shift), 0.0, period};
      return w.cast<long double>().dot(solve(moved, Dop853{}, StepTo{steps}).ys().back());
    };
    const auto difference = [&](auto&& f) {
      constexpr long double delta = 1e-9L;
      return static_cast<double>((8 * (f(delta) - f(-delta)) - (f(2 * delta) - f(-2 * delta))) / (12 * delta));
    };
    Eigen::Vector<double, 5> expected, found;
    for (Eigen::Index i = 0; i < 4; ++i)
      expected[i] = difference([&](long double d) { return value(0, Y(d * Y::Unit(i))); });
    expected[4] = difference([&](long double d) { return value(d, Y::Zero()); });
    found << gradient.y0, gradient.theta;
    CAPTURE(expected.transpose(), found.transpose());
    CHECK(battery::all_nonzero(expected));
    CHECK(battery::relative_difference(expected, found) < 1e-6);
  };
  check(Dop853{}, 1e-6);
}
