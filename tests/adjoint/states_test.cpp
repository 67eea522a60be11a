// The same problem in states of other kinds gives the same answers: float and double, fixed and dynamic, vectors, arrays
// and row vectors.
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/adjoint/checkpointed.hpp>

using namespace antistrophe;

namespace {

template <class Y, class M>
auto lotka_volterra(const M& method) {
  using Scalar = typename Y::Scalar;
  const Eigen::Vector<Scalar, 2> start(Scalar(1), Scalar(0.5));
  Y y0;
  if constexpr (Y::RowsAtCompileTime == 1)
    y0 = start.transpose();
  else if constexpr (std::is_base_of_v<Eigen::ArrayBase<Y>, Y>)
    y0 = start.array();
  else
    y0 = start;
  const Problem<problems::LotkaVolterra<Scalar>, Y> problem{{}, y0, 0.0, 3.0};
  return value_and_gradient(problem, method, FixedSteps{150}, battery::WeightedSum{}, SaveAt{.t0 = true, .t1 = true});
}

// Two modes apart, of which the first dies out.
struct TwoModes {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = -y[0];
    dy[1] = -y[1] / 1000;
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] -= w[0];
    y_bar[1] -= w[1] / 1000;
  }
};

Eigen::VectorXd in_double(const Eigen::VectorXf& x) { return x.cast<double>(); }

}  // namespace

TEMPLATE_TEST_CASE("Vectors, arrays and row vectors, fixed and dynamic, take the same way to the bit", "[states]",
                   Bosh3, Reversible<RK4>, ReversibleAdams<4>) {
  const auto expected = lotka_volterra<Eigen::Vector2d>(TestType{});
  CHECK(battery::all_nonzero(expected.gradient.y0));
  CHECK(battery::all_nonzero(expected.gradient.theta));
  const auto check = [&](const auto& got) {
    CHECK(got.value == expected.value);
    CHECK(got.gradient.y0.size() == 2);
    for (Eigen::Index i = 0; i < 2; ++i) CHECK(got.gradient.y0.data()[i] == expected.gradient.y0[i]);
    CHECK(battery::same_bits(got.gradient.theta, expected.gradient.theta));
  };
  check(lotka_volterra<Eigen::VectorXd>(TestType{}));
  check(lotka_volterra<Eigen::ArrayXd>(TestType{}));
  check(lotka_volterra<Eigen::RowVector2d>(TestType{}));
}

TEMPLATE_TEST_CASE("float agrees with double to its own digits", "[states]", RK4, Reversible<RK4>, ReversibleAdams<4>) {
  const auto expected = lotka_volterra<Eigen::Vector2d>(TestType{});
  const auto got = lotka_volterra<Eigen::Vector2f>(TestType{});
  // 150 steps of some 50 roundings of 6e−8, adding up as their root, on a flow that amplifies less than tenfold:
  // 6e−8 · √7500 · 10 = 5e−5.
  CHECK(std::fabs(static_cast<double>(got.value) - expected.value) < 5e-5);
  CHECK(battery::relative_difference(expected.gradient.y0, in_double(got.gradient.y0)) < 5e-5);
  CHECK(battery::relative_difference(expected.gradient.theta, in_double(got.gradient.theta)) < 5e-5);
  const auto dynamic = lotka_volterra<Eigen::VectorXf>(TestType{});
  CHECK(dynamic.value == got.value);
  CHECK(battery::same_bits(dynamic.gradient.theta, got.gradient.theta));
}

TEMPLATE_TEST_CASE("Cotangents of modes that die out end as 0, not among subnormal numbers", "[states]", Bosh3, RK4,
                   Dopri5, Reversible<RK4>, TwoPoint<Bosh3>, ReversibleAdams<2>, ReversibleAdams<4>) {
  // e^{−2000}, by steps of hμ = −1/5.
  const auto check = [](const auto& y0, const auto&... adjoint) {
    const TerminalLoss sum{[](const auto& y, auto& y_bar) {
      y_bar.setOnes();
      return y.sum();
    }};
    const Problem problem{TwoModes{}, y0, 0.0, 2000.0};
    const auto y0_bar = value_and_gradient(problem, TestType{}, FixedSteps{10000}, sum, adjoint...).gradient.y0;
    CHECK(y0_bar[0] == 0);
    CHECK(std::fabs(static_cast<double>(y0_bar[1]) * std::exp(2.0) - 1) < 1e-3);
  };
  check(Eigen::Vector2d(1, 1));
  check(Eigen::Vector2d(1, 1), CheckpointedAdjoint{.slots = 30});
  check(Eigen::VectorXd(Eigen::Vector2d(1, 1)));
  check(Eigen::Vector2f(1, 1));
}

TEMPLATE_TEST_CASE("Cotangents that are small all along are no less exact", "[states]", Dopri5, Reversible<RK4>,
                   ReversibleAdams<4>) {
  // In units so large that dL/dy is as small from the start as what dies out elsewhere ends.
  const TerminalLoss sum{[](const auto& y, auto& y_bar) {
    y_bar.setConstant(0x1p-110f);
    return 0x1p-110f * y.sum();
  }};
  const TerminalLoss in_usual_units{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const Problem problem{TwoModes{}, Eigen::Vector2f(1, 1), 0.0, 4.0};
  const Eigen::Vector2f small = value_and_gradient(problem, TestType{}, FixedSteps{200}, sum).gradient.y0;
  const Eigen::Vector2f usual = value_and_gradient(problem, TestType{}, FixedSteps{200}, in_usual_units).gradient.y0;
  CHECK(battery::same_bits(Eigen::Vector2f(0x1p110f * small), usual));
}
