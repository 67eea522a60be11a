// The workloads' values and gradients, to the digits of their references.
#include "workloads.hpp"
#include "battery.hpp"
#include "catch.hpp"

using namespace antistrophe;
using workloads::W1;
using workloads::W2;

namespace {

struct SquareOfLast {
  template <class Y>
  double operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    const double scale = 1 / static_cast<double>(ys.back().size());
    ys_bar.back() = 2 * scale * ys.back();
    return scale * ys.back().squaredNorm();
  }
};

auto w1(std::int64_t n) { return Problem{W1::field(), W1::y0(), 0.0, W1::h * static_cast<double>(n)}; }
auto w2() { return Problem{W2::field(), W2::y0(), 0.0, W2::t1}; }

double relative(double got, double expected) { return std::fabs(got / expected - 1); }

}  // namespace

TEST_CASE("W1, plain midpoint: value and gradient to the digits of the reference", "[workloads]") {
  const auto [value, gradient] = value_and_gradient(w1(1000), Midpoint{}, FixedSteps{1000}, SquareOfLast{});
  // Half a unit of the last digit given.
  CHECK(std::fabs(value - W1::loss) <= 0.5e-9);
  CHECK(std::fabs(gradient.theta.sum() - W1::sum_of_theta_gradient) <= 0.5e-9);
  CHECK(std::fabs(gradient.y0[0] - W1::y0_gradient) <= 0.5e-9);
}

TEST_CASE("W1, the exact pair, by both adjoints: within 1e-8 of the plain method", "[workloads]") {
  const auto check = [](const auto& adjoint) {
    const auto [value, gradient] =
        value_and_gradient(w1(1000), Reversible<Midpoint>{}, FixedSteps{1000}, SquareOfLast{}, {}, adjoint);
    CHECK(relative(value, W1::loss) < 1e-8);
    CHECK(relative(gradient.theta.sum(), W1::sum_of_theta_gradient) < 1e-8);
    CHECK(relative(gradient.y0[0], W1::y0_gradient) < 1e-8);
  };
  check(ReversibleAdjoint{});
  check(DirectAdjoint{});
}

TEST_CASE("W2: value and gradient to the digits of the reference", "[workloads]") {
  const auto plain = value_and_gradient(w2(), Dopri5{}, FixedSteps{W2::n}, SquareOfLast{});
  CHECK(std::fabs(plain.value - W2::loss) <= 0.5e-11);
  CHECK(std::fabs(plain.gradient.theta.sum() - W2::sum_of_theta_gradient) <= 0.5e-11);
  const auto pair = value_and_gradient(w2(), Reversible<Dopri5>{}, FixedSteps{W2::n}, SquareOfLast{});
  CHECK(relative(pair.value, W2::loss) < 1e-8);
  CHECK(relative(pair.gradient.theta.sum(), W2::sum_of_theta_gradient) < 1e-8);
}

TEST_CASE("W1 at a million steps: the exact pair's gradient equals the direct one to ten digits", "[workloads]") {
  constexpr std::int64_t n = 1'000'000;
  const auto back = value_and_gradient(w1(n), Reversible<Midpoint>{}, FixedSteps{n}, SquareOfLast{});
  const auto stored =
      value_and_gradient(w1(n), Reversible<Midpoint>{}, FixedSteps{n}, SquareOfLast{}, {}, DirectAdjoint{});
  CHECK(back.value == stored.value);
  CHECK(battery::all_nonzero(stored.gradient.theta));
  CHECK(battery::gradient_difference(stored.gradient, back.gradient) < 1e-10);
}

TEST_CASE("Lotka-Volterra: value and gradient of the flow itself, to the digits known", "[workloads]") {
  // Dop853 in 1000 steps of 0.01: the error, of order (0.01)^8, is below round-off.
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
  const auto sum = TerminalLoss{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const Eigen::Vector4d expected(-4.09621299, -0.50940881, -1.14583489, -1.80432787);
  const auto plain = value_and_gradient(problem, Dop853{}, FixedSteps{1000}, sum);
  CHECK(std::fabs(plain.value - 1.9360358457111) < 1e-12);
  CHECK((plain.gradient.theta - expected).cwiseAbs().maxCoeff() <= 0.6e-8);
  // The exact pair is off by its resolution 2^−42, three roundings a step, as their root: 2.3e−13 · √3000 = 1.2e−11, times
  // the sensitivity of the flow, below 100.
  const auto pair = value_and_gradient(problem, Reversible<Dop853>{}, FixedSteps{1000}, sum);
  CHECK(std::fabs(pair.value - 1.9360358457111) < 1e-9);
  CHECK((pair.gradient.theta - expected).cwiseAbs().maxCoeff() <= 1.6e-8);
}
