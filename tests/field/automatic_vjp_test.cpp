#include <antistrophe/field/automatic_vjp.hpp>

#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/solve.hpp>

#include <antistrophe/field/check_vjp.hpp>

#include "support/catch.hpp"
#include "support/problems.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

using namespace antistrophe;
using namespace antistrophe::problems;

namespace {

template <class Y, class Theta>
struct Cotangents {
  Y y_bar;
  Theta theta_bar;
  typename Y::Scalar t_bar{0};

  template <class Field>
  Cotangents(const Field& field, double t, const Y& y, const Y& w, const Theta& like)
      : y_bar(Y::Constant(y.rows(), y.cols(), 0.5F)), theta_bar(Theta::Constant(like.size(), 0.5F)) {
    if constexpr (detail::HasTimedVjp<Field, Y>)
      field.vjp(t, y, w, y_bar, theta_bar, t_bar);
    else
      field.vjp(t, y, w, y_bar, theta_bar);
  }
};

// Eight roundings of numbers of the result's size.
template <class Hand, class Equations, class Y>
void compare(const Hand& hand, const Equations& equations, const Y& y, const Y& w) {
  using Theta = Parameters<Hand, Y>;
  using S = typename Y::Scalar;
  Theta theta;
  const auto automatic = [&] {
    if constexpr (detail::HasParameters<Hand>) {
      theta = hand.parameters();
      return automatic_vjp(equations, hand.parameters());
    } else {
      return automatic_vjp(equations);
    }
  }();
  Y dy = y, dy_by_hand = y;
  automatic(0.3, y, dy);
  hand(0.3, y, dy_by_hand);
  CHECK((dy - dy_by_hand).norm() <=
        4 * std::numeric_limits<S>::epsilon() * dy_by_hand.norm());  // one may be contracted
  const Cotangents<Y, Theta> found(automatic, 0.3, y, w, theta), expected(hand, 0.3, y, w, theta);
  const S tolerance =
      8 * std::numeric_limits<S>::epsilon() * (S(1) + expected.y_bar.norm() + expected.theta_bar.norm());
  CHECK((found.y_bar - expected.y_bar).norm() <= tolerance);
  CHECK((found.theta_bar - expected.theta_bar).norm() <= tolerance);
  CHECK(std::abs(found.t_bar - expected.t_bar) <= tolerance);
  if constexpr (std::is_same_v<S, double>)
    CHECK(check_vjp(automatic, 0.3, y));  // which has its own tests of precisions
}

}  // namespace

TEMPLATE_TEST_CASE("The automatic vjp is that written by hand", "", float, double, long double) {
  using S = TestType;
  const Eigen::Vector<S, 2> y2{S(1.2), S(0.7)}, w2{S(0.3), S(-0.8)};
  const Eigen::Vector<S, 3> y3{S(1.2), S(7.7), S(20)}, w3{S(0.3), S(-0.8), S(0.5)};
  const Eigen::Vector<S, 4> y4{S(0.1), S(0.2), S(0.3), S(0.4)}, w4{S(0.3), S(-0.8), S(0.5), S(1)};
  compare(LotkaVolterra<S>{}, LotkaVolterraEquations{}, y2, w2);
  compare(Lorenz<S>{}, LorenzEquations{}, y3, w3);
  compare(VanDerPol<S>{}, VanDerPolEquations{}, y2, w2);
  compare(HenonHeiles<S>{}, HenonHeilesEquations{}, y4, w4);
  compare(DrivenPendulum<S>{}, DrivenPendulumEquations{}, y2, w2);
}

// More inputs than a chunk holds, and states of dynamic size.
TEST_CASE("The inputs are gone through in chunks") {
  using Matrix5 = Eigen::Matrix<double, 5, 5>;
  const auto times_matrix = [](auto, const auto& y, const auto& theta, auto& dy) {
    for (Eigen::Index i = 0; i < 5; ++i) {
      dy[i] = theta[i] * y[0];
      for (Eigen::Index j = 1; j < 5; ++j) dy[i] += theta[5 * j + i] * y[j];
    }
  };
  Linear<5> hand;
  hand.matrix() = Matrix5::NullaryExpr([](Eigen::Index i, Eigen::Index j) { return std::sin(double(3 * i + 2 * j)); });
  const auto automatic = automatic_vjp(times_matrix, hand.parameters());
  const Eigen::VectorXd y = Eigen::VectorXd::LinSpaced(5, 0.5, 1.5), w = Eigen::VectorXd::LinSpaced(5, -1, 2);
  Eigen::VectorXd y_bar = Eigen::VectorXd::Zero(5), expected = y_bar;
  Eigen::Vector<double, 25> theta_bar = Eigen::Vector<double, 25>::Zero(), expected_theta = theta_bar;
  automatic.vjp(0.0, y, w, y_bar, theta_bar);
  hand.vjp(0.0, y, w, expected, expected_theta);
  CHECK((y_bar - expected).norm() < 1e-14);
  CHECK((theta_bar - expected_theta).norm() < 1e-14);
  CHECK(check_vjp(automatic, 0.3, y));
}

TEST_CASE("A batch is differentiated sample by sample") {
  const auto field = automatic_vjp(
      [](auto, const auto& y, const auto& theta, auto& dy) {
        for (Eigen::Index c = 0; c < y.cols(); ++c) {
          dy(0, c) = y(1, c);
          dy(1, c) = -theta[0] * sin(y(0, c));
        }
      },
      Eigen::VectorXd::Constant(1, 9.81));
  CHECK(check_vjp(field, 0.0, Eigen::MatrixXd{{0.1, 0.7, -0.4}, {1.0, 0.2, 0.3}}));
  CHECK(check_vjp(field, 0.0, Eigen::Matrix<double, 2, 3>{{0.1, 0.7, -0.4}, {1.0, 0.2, 0.3}}));
}

TEST_CASE("Time as auto gives a t_bar, time as double none") {
  const auto with = automatic_vjp([](auto t, const auto& y, auto& dy) { dy[0] = y[0] * cos(t); });
  const auto without = automatic_vjp([](double t, const auto& y, auto& dy) { dy[0] = y[0] * std::cos(t); });
  using Y = Eigen::Vector<double, 1>;
  STATIC_REQUIRE(TimeDifferentiable<decltype(with), Y>);
  STATIC_REQUIRE(DifferentiableVectorField<decltype(without), Y>);
  STATIC_REQUIRE_FALSE(TimeDifferentiable<decltype(without), Y>);
  STATIC_REQUIRE_FALSE(detail::HasParameters<decltype(with)>);
  CHECK(check_vjp(with, 0.3, Y{1.3}));
  CHECK(check_vjp(without, 0.3, Y{1.3}));
}

TEST_CASE("The jvp is the vjp's transpose") {
  const DrivenPendulum<> hand;
  const auto field = automatic_vjp(DrivenPendulumEquations{}, hand.parameters());
  const Eigen::Vector2d y{0.4, -0.2}, w{0.3, 1.1}, y_dot{0.7, 0.2};
  const Eigen::Vector3d theta_dot{-0.4, 0.9, 0.1};
  const double t_dot = 0.6;
  Eigen::Vector2d dy_dot, y_bar = Eigen::Vector2d::Zero();
  Eigen::Vector3d theta_bar = Eigen::Vector3d::Zero();
  double t_bar = 0;
  field.jvp(0.3, y, y_dot, theta_dot, t_dot, dy_dot);
  hand.vjp(0.3, y, w, y_bar, theta_bar, t_bar);
  CHECK(w.dot(dy_dot) == Approx(y_bar.dot(y_dot) + theta_bar.dot(theta_dot) + t_bar * t_dot).epsilon(1e-14));
  field.jvp(0.3, y, y_dot, theta_dot, dy_dot);
  CHECK(w.dot(dy_dot) == Approx(y_bar.dot(y_dot) + theta_bar.dot(theta_dot)).epsilon(1e-14));
}

TEST_CASE("Every function a Dual has, against differences") {
  const auto all = automatic_vjp(
      [](auto, const auto& y, const auto& theta, auto& dy) {
        using std::abs, std::max, std::min;
        const auto x = y[0] * theta[0];  // held in an auto, as one does
        dy[0] = sqrt(x) + exp(-x) * log(x) + sin(x) / cos(x) - tan(x) + asin(x / 3) * acos(x / 3) + atan(x);
        dy[1] = sinh(x) * cosh(x) - tanh(x) + abs(-x) + expm1(x) * log1p(x) + cbrt(x) + atan2(y[1], x) + hypot(x, y[1]);
        dy[2] = pow(x, 1.5) + pow(x, 2) + pow(x, y[1]) + pow(2 + 0 * x, y[1]) + 3 / x - 2 * x;
        dy[3] = (x < 1 ? x : 2 - x * x) + max(x, y[1]) - min(x, y[2]) + (y[2] > 0 ? 1 : 0);
      },
      Eigen::Vector<double, 1>{0.7});
  CHECK(check_vjp(all, 0.0, Eigen::Vector4d{1.2, 0.6, 0.4, 0.1}));
  CHECK(check_vjp(all, 0.0, Eigen::Vector4d{2.2, 1.6, -0.4, 0.1}));
}

TEST_CASE("Eigen's own products, sums and norms work on duals") {
  const auto field = automatic_vjp(
      [](auto t, const auto& y, const auto& theta, auto& dy) {
        const Eigen::Matrix2d a{{0.0, 1.0}, {-1.0, 0.0}};
        dy = a * y * theta[0] - y.squaredNorm() * y + theta.sum() * y / y.norm();
        dy[0] += y.dot(theta) * t + y.prod();
      },
      Eigen::Vector2d{0.4, 0.6});
  CHECK(check_vjp(field, 0.3, Eigen::Vector2d{1.2, 0.7}));
}

// 0^p has a slope, though log 0 has none.
TEST_CASE("A power of nothing has no NaN in it") {
  const Dual<double, 1> zero(0.0, Eigen::Vector<double, 1>(1.0));
  CHECK(pow(zero, 2).derivatives()[0] == 0.0);
  CHECK(pow(zero, 1).derivatives()[0] == 1.0);
  CHECK(pow(zero, 0).derivatives()[0] == 0.0);
  CHECK(pow(zero, Dual<double, 1>(2.0)).derivatives()[0] == 0.0);
}

TEST_CASE("Nothing is allocated where sizes are fixed, nor with a tape where they are not") {
  const auto field = automatic_vjp(LotkaVolterraEquations{}, Eigen::Vector4d{1.5, 1.0, 3.0, 1.0});
  STATIC_REQUIRE_FALSE(detail::HasTape<decltype(field), Eigen::Vector2d>);
  STATIC_REQUIRE(detail::HasTimedTapeVjp<std::remove_cvref_t<decltype(field)>, Eigen::VectorXd>);
  const Eigen::Vector2d y{1.2, 0.7};
  const Eigen::VectorXd y_dynamic = y;
  const auto tape = field.make_tape(y_dynamic);
  Eigen::Vector2d dy, y_bar = y;
  Eigen::VectorXd y_bar_dynamic = y;
  Eigen::Vector4d theta_bar = Eigen::Vector4d::Zero(), theta_bar_dynamic = theta_bar;
  double t_bar = 0;
  Eigen::internal::set_is_malloc_allowed(false);
  field(0.0, y, dy);
  field.vjp(0.0, y, y, y_bar, theta_bar, t_bar);
  field.vjp(0.0, y_dynamic, tape, y_dynamic, y_bar_dynamic, theta_bar_dynamic, t_bar);
  Eigen::internal::set_is_malloc_allowed(true);
  CHECK(y_bar == y_bar_dynamic);
  CHECK(theta_bar == theta_bar_dynamic);
}

TEST_CASE("a theta that is too short for the function is refused by name") {
  const auto f = [](auto, const auto& y, const auto& theta, auto& dy) { dy = -theta[2] * y; };
  const Eigen::Vector2d y0{1, 2};
  const auto message =
      "antistrophe: the length of automatic_vjp's theta is 2; it must be longer, for the function reads "
      "theta[2]";
  CHECK_THROWS_WITH(
      (void)solve(Problem{automatic_vjp(f, Eigen::Vector2d{1, 1}), y0, 0.0, 1.0}, Midpoint{}, FixedSteps{2}), message);
  CHECK_THROWS_WITH(
      (void)solve(Problem{automatic_vjp(f, Eigen::VectorXd::Ones(2)), y0, 0.0, 1.0}, Midpoint{}, FixedSteps{2}),
      message);
  CHECK_NOTHROW(
      (void)solve(Problem{automatic_vjp(f, Eigen::VectorXd::Ones(3)), y0, 0.0, 1.0}, Midpoint{}, FixedSteps{2}));
  // In the middle of an expression that Eigen aborts on where it is left.
  const auto by_commas = [](auto, const auto& y, const auto& theta, auto& dy) { dy << y[0], -theta[2] * y[1]; };
  CHECK_THROWS_WITH(
      (void)solve(Problem{automatic_vjp(by_commas, Eigen::Vector2d{1, 1}), y0, 0.0, 1.0}, Midpoint{}, FixedSteps{2}),
      message);
}
