// The same problem in states of other kinds gives the same answers: float and double, fixed and dynamic, vectors, arrays
// and row vectors.
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>

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

// Two modes apart, of which the first dies out. Tangents go through the one field by numbers that carry derivatives, and through the
// other, which has parameters, by its jvp.
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

struct TwoPushedModes : TwoModes {
  Eigen::Vector<double, 1> theta{0.0};
  const auto& parameters() const { return theta; }
  void jvp(double t, const auto&, const auto& y_dot, const auto& theta_dot, const auto&, auto& dy_dot) const {
    (*this)(t, y_dot, dy_dot);
    dy_dot[1] += theta_dot[0];
  }
};
// e^{−2000}, by steps of hμ = −1/5.
template <class Field, class Y>
Problem<Field, Y> dying(const Y& y0) {
  return {Field{}, y0, 0.0, 2000.0};
}
constexpr FixedSteps steps_of_dying{10000};

Eigen::VectorXd in_double(const Eigen::VectorXf& x) { return x.cast<double>(); }

template <class Method>
void check_dying(const auto& y0, const auto&... adjoint) {
  const TerminalLoss sum{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const auto y0_bar = value_and_gradient(dying<TwoModes>(y0), Method{}, steps_of_dying, sum, adjoint...).gradient.y0;
  CHECK(y0_bar[0] == 0);
  CHECK(std::fabs(static_cast<double>(y0_bar[1]) * std::exp(2.0) - 1) < 1e-3);
}

void check_tangents(const auto& problem, const auto& method) {
  const auto solution = solve_with_tangents(problem, method, steps_of_dying);
  const auto along = solution.y0(0);
  CHECK(along(0, 0) == 0);
  CHECK(along(0, 1) == 0);
  CHECK(along(1, 0) == 0);
  CHECK(std::fabs(static_cast<double>(along(1, 1)) * std::exp(2.0) - 1) < 1e-3);
  CHECK(battery::same_bits(solution.ys().back(), solve(problem, method, steps_of_dying).ys().back()));
}

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
  const auto check = [](const auto& y0, const auto&... adjoint) { check_dying<TestType>(y0, adjoint...); };
  check(Eigen::Vector2d(1, 1));
  check(Eigen::Vector2d(1, 1), CheckpointedAdjoint{.slots = 30});
  check(Eigen::VectorXd(Eigen::Vector2d(1, 1)));
  check(Eigen::Vector2f(1, 1));
}

TEMPLATE_TEST_CASE("So do their tangents, and the states keep their bits", "[states]", Bosh3, RK4, Dopri5) {
  check_tangents(dying<TwoModes>(Eigen::Vector2d(1, 1)), TestType{});
  check_tangents(dying<TwoModes>(Eigen::VectorXd(Eigen::Vector2d(1, 1))), TestType{});
  check_tangents(dying<TwoModes>(Eigen::Vector2f(1, 1)), TestType{});
  check_tangents(dying<TwoPushedModes>(Eigen::Vector2d(1, 1)), TestType{});
}

TEST_CASE("So do tangents of both halves of a pair", "[states]") {
  check_tangents(dying<TwoPushedModes>(Eigen::VectorXd(Eigen::Vector2d(1, 1))),
                 Reversible<RK4, Floating>{.lambda = 0.5});
}

// (From a state at rest, for y of a mode that dies out explodes on the way back.)
TEMPLATE_TEST_CASE("So do cotangents that are solved backwards", "[states]", Bosh3, Dopri5) {
  check_dying<TestType>(Eigen::Vector2d(0, 0), BacksolveAdjoint{});
  check_dying<TestType>(Eigen::Vector2d(0, 0), InterpolatingAdjoint{});
  check_dying<TestType>(Eigen::Vector2d(0, 0), GaussLegendreAdjoint{});
  check_dying<TestType>(Eigen::VectorXf(Eigen::Vector2f(0, 0)), BacksolveAdjoint{});
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
