// Products by second derivatives: against differences of gradients in long double, in the same steps; symmetric; by every adjoint; and
// Gauss and Newton's against the Jacobians themselves.
#include <antistrophe/second_order.hpp>

#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d, Eigen::Vector4d, Eigen::VectorXd;

namespace {

template <class Scalar>
auto hares_and_lynxes(const Eigen::Vector<Scalar, 4>& theta) {
  return automatic_vjp(problems::LotkaVolterraEquations{}, theta);
}

// Σ (log u − log data)², generic in its scalar; the record of the Hudson's Bay Company, in thousands of pelts.
struct SquaredLogResiduals {
  static constexpr int years = 21;
  static constexpr double hares[years] = {30,   47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22,   25.4, 27.1,
                                          40.3, 57,   76.6, 52.3, 19.5, 11.2, 7.6,  14.6, 16.2, 24.7};
  static constexpr double lynxes[years] = {4, 6.1,  9.8,  35.2, 59.4, 41.7, 19,   13,  8.3,  9.1, 7.4,
                                           8, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6};
  auto operator()(const auto& us, auto& us_bar) const {
    using Scalar = typename std::decay_t<decltype(us[0])>::Scalar;
    using std::log;
    Scalar sum(0);
    for (std::size_t i = 0; i < us.size(); ++i) {
      for (Eigen::Index c = 0; c < 2; ++c) {
        const Scalar residual = log(us[i][c]) - std::log(c == 0 ? hares[i] : lynxes[i]);
        us_bar[i][c] = 2.0 * residual / us[i][c];
        sum += residual * residual;
      }
    }
    return sum;
  }
};

const Vector4d fitted(0.540159, 0.0271654, 0.796386, 0.0236946);
const Vector2d in_1900(34.6024, 5.84451);
const SaveAt each_year = [] {
  SaveAt save_at;
  for (int i = 0; i < SquaredLogResiduals::years; ++i) save_at.times.push_back(i);
  return save_at;
}();
constexpr double last_year = SquaredLogResiduals::years - 1;

template <class F, class Y>
double dot_of(const DirectionOf<F, Y>& a, const DirectionOf<F, Y>& b) {
  return (a.y0.array() * b.y0.array()).sum() + a.theta.dot(b.theta);
}

template <class F, class Y>
double distance(const DirectionOf<F, Y>& a, const DirectionOf<F, Y>& b) {
  const double scale = std::fmax(a.y0.cwiseAbs().maxCoeff(), a.theta.cwiseAbs().maxCoeff());
  return std::fmax((a.y0 - b.y0).cwiseAbs().maxCoeff(), (a.theta - b.theta).cwiseAbs().maxCoeff()) / scale;
}

// H v by central differences of long double gradients: h² of the fourth derivative, and 2^−64/h of round-off.
template <class M, class StepsType, class L, class V>
V by_differences(const auto& field_of, const auto& y0, const auto& theta, double t0, double t1, const M& method,
                 const StepsType& steps, const L& loss, const SaveAt& save_at, const V& v) {
  using Long = long double;
  const auto gradient_at = [&](Long shift) {
    auto field = field_of(theta.template cast<Long>().eval());
    field.parameters() += shift * v.theta.template cast<Long>();
    const auto start = (y0.template cast<Long>() + shift * v.y0.template cast<Long>()).eval();
    return value_and_gradient(Problem{field, start, t0, t1}, method, steps, loss, save_at, DirectAdjoint{}).gradient;
  };
  const Long h = 1e-6L;
  const auto above = gradient_at(h), below = gradient_at(-h);
  return {((above.y0 - below.y0) / (2 * h)).template cast<double>(),
          ((above.theta - below.theta) / (2 * h)).template cast<double>()};
}

}  // namespace

TEST_CASE("The Hessian of the lynx-hare sum of squares is that of long double differences", "[second_order]") {
  const auto field = hares_and_lynxes(fitted);
  using Direction = DirectionOf<std::decay_t<decltype(field)>, Vector2d>;
  const Problem problem{field, in_1900, 0.0, last_year};
  const auto field_of = [](const auto& theta) { return hares_and_lynxes(theta); };
  for (int k = 0; k < 6; ++k) {
    CAPTURE(k);
    Direction v{Vector2d::Zero(), Vector4d::Zero()};
    // Each parameter moves in proportion to its size.
    (k < 4 ? v.theta[k] : v.y0[k - 4]) = k < 4 ? fitted[k] : in_1900[k - 4];
    const auto got = hessian_vector_product(problem, Dopri5{}, FixedSteps{200}, SquaredLogResiduals{}, v, each_year);
    const auto expected = by_differences(field_of, in_1900, fitted, 0, last_year, Dopri5{}, FixedSteps{200},
                                         SquaredLogResiduals{}, each_year, v);
    CHECK(distance(expected, got.product) < 1e-9);
    const auto once = value_and_gradient(problem, Dopri5{}, FixedSteps{200}, SquaredLogResiduals{}, each_year);
    CHECK(got.value == once.value);
    CHECK(distance(Direction{once.gradient.y0, once.gradient.theta}, got.gradient) < 1e-10);
  }
}

namespace {

// All that Dual has of its own, twice differentiated; with time.
struct Menagerie {
  void operator()(auto t, const auto& y, const auto& theta, auto& dy) const {
    using std::abs, std::atan, std::atan2, std::cbrt, std::cos, std::exp, std::expm1, std::hypot, std::log, std::log1p,
        std::pow, std::sin, std::sqrt, std::tan, std::tanh;
    dy[0] = 0.3 * atan(y[0] * theta[0]) - 0.2 * pow(y[1] - 3.0, 2) * theta[1] + 0.1 * cos(t) + hypot(y[0], y[1]) * 0.1 -
            pow(y[1] + 2.0, theta[0]) * 0.1;
    dy[1] = 0.2 * tanh(y[0]) - expm1(0.2 * y[1]) * theta[1] + 0.1 * log1p(y[0] * y[0]) + 0.1 * cbrt(2.0 + y[1]) -
            0.1 * atan2(y[0], 3.0 + y[1]) + 0.1 * sqrt(2.0 + sin(y[0])) * exp(-theta[0]) + 0.05 * tan(0.3 * y[1]) +
            0.1 * abs(y[0] - 9.0) + 0.1 * log(y[1] + 4.0);
  }
};

struct Terminal {
  auto operator()(const auto& ys, auto& ys_bar) const {
    const auto& y = ys.back();
    auto& bar = ys_bar.back();
    bar[0] = 2.0 * y[0] * y[1];
    bar[1] = y[0] * y[0] + 3.0 * y[1] * y[1];
    return typename std::decay_t<decltype(y)>::Scalar(y[0] * y[0] * y[1] + y[1] * y[1] * y[1]);
  }
};

}  // namespace

TEST_CASE("Functions of numbers that carry derivatives of derivatives, in both directions of time", "[second_order]") {
  const Vector2d theta(0.7, 0.4), y0(0.5, 0.8);
  const auto field = automatic_vjp(Menagerie{}, theta);
  const DirectionOf<std::decay_t<decltype(field)>, Vector2d> v{Vector2d(0.6, -0.3), Vector2d(-0.5, 0.9)};
  const auto field_of = [](const auto& of) { return automatic_vjp(Menagerie{}, of); };
  for (const double t1 : {1.5, -1.0}) {
    CAPTURE(t1);
    const auto got = hessian_vector_product(Problem{field, y0, 0.25, t1}, Dopri5{}, FixedSteps{40}, Terminal{}, v);
    const auto expected =
        by_differences(field_of, y0, theta, 0.25, t1, Dopri5{}, FixedSteps{40}, Terminal{}, SaveAt{}, v);
    CHECK(distance(expected, got.product) < 1e-9);
  }
}

TEST_CASE("Second derivatives are the same by every adjoint, and symmetric", "[second_order]") {
  const auto field = hares_and_lynxes(Vector4d(1.5, 1, 3, 1));
  const Problem problem{field, Vector2d(1, 0.5), 0.0, 3.0};
  using Direction = DirectionOf<std::decay_t<decltype(field)>, Vector2d>;
  const Direction u{Vector2d(0.3, -0.2), Vector4d(0.1, 0.5, -0.4, 0.2)},
      v{Vector2d(-1, 0.4), Vector4d(0.3, -0.1, 0.2, 0.7)};
  const SaveAt save_at{.times = {0.4, 1.7}, .t1 = true};
  const auto check = [&](const auto& method, const auto& steps, double tolerance, const auto&... adjoint) {
    const auto hu = hessian_vector_product(problem, method, steps, Terminal{}, u, save_at, adjoint...);
    const auto hv = hessian_vector_product(problem, method, steps, Terminal{}, v, save_at, adjoint...);
    CHECK(std::fabs(dot_of(u, hv.product) - dot_of(v, hu.product)) < tolerance * std::fabs(dot_of(u, hv.product)));
    return hv.product;
  };
  const auto direct = check(Dopri5{}, FixedSteps{100}, 1e-11, DirectAdjoint{});
  const auto few = check(Dopri5{}, FixedSteps{100}, 1e-11, CheckpointedAdjoint{.slots = 4});
  CHECK(few.y0 == direct.y0);
  CHECK(few.theta == direct.theta);
  // Exact numbers resolve 2^−42.
  const auto exact = check(Reversible<Dopri5>{}, FixedSteps{400}, 1e-7);
  CHECK(distance(direct, exact) < 1e-5);
  CHECK(distance(direct, check(ReversibleAdams<4>{}, FixedSteps{2000}, 1e-7)) < 1e-5);
  CHECK(distance(direct, check(Dopri5{}, Adaptive{.rtol = 1e-8, .atol = 1e-8}, 1e-11)) < 1e-5);
}

TEST_CASE("Adaptive steps of a product are those of the gradient", "[second_order]") {
  const auto field = hares_and_lynxes(Vector4d(1.5, 1, 3, 1));
  const Problem problem{field, Vector2d(1, 0.5), 0.0, 3.0};
  const DirectionOf<std::decay_t<decltype(field)>, Vector2d> v{Vector2d(-1, 0.4), Vector4d(0.3, -0.1, 0.2, 0.7)};
  const SaveAt save_at{.times = {0.4, 1.7}, .t1 = true};
  const auto once = value_and_gradient(problem, Dopri5{}, Adaptive{}, Terminal{}, save_at);
  for (const auto& product : {hessian_vector_product(problem, Dopri5{}, Adaptive{}, Terminal{}, v, save_at),
                              gauss_newton_product(problem, Dopri5{}, Adaptive{}, Terminal{}, v, save_at)}) {
    CHECK(product.value == once.value);
    CHECK(product.stats.accepted == once.stats.accepted);
    CHECK((product.gradient.theta - once.gradient.theta).norm() < 1e-11 * once.gradient.theta.norm());
  }
}

namespace {

// x' = v, v' = −sin x − θ0 v + θ1 cos(θ2 t), with all derivatives by hand.
struct ByHand : problems::DrivenPendulum<> {
  void jvp(double t, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    const double phase = theta[2] * t;
    dy_dot[0] = y_dot[1];
    dy_dot[1] = theta_dot[1] * std::cos(phase) - theta[1] * std::sin(phase) * theta_dot[2] * t -
                std::cos(y[0]) * y_dot[0] - theta_dot[0] * y[1] - theta[0] * y_dot[1];
  }
  void vjp_of_jvp(double t, const auto& y, const auto& y_dot, const auto& theta_dot, const auto& w, auto& y_bar,
                  auto& theta_bar) const {
    const double phase = theta[2] * t;
    y_bar[0] += w[1] * std::sin(y[0]) * y_dot[0];
    y_bar[1] -= w[1] * theta_dot[0];
    theta_bar[0] -= w[1] * y_dot[1];
    theta_bar[1] -= w[1] * std::sin(phase) * t * theta_dot[2];
    theta_bar[2] -= w[1] * t * (std::sin(phase) * theta_dot[1] + theta[1] * std::cos(phase) * t * theta_dot[2]);
  }
};

}  // namespace

TEST_CASE("A field may have its second derivatives by hand; states and parameters may be of dynamic size",
          "[second_order]") {
  const Eigen::Vector3d theta = problems::DrivenPendulum<>{}.theta;
  const Vector2d y0(0.4, -0.6);
  const SaveAt save_at{.times = {0.7, 2.0}, .t1 = true};
  const auto generic = automatic_vjp(problems::DrivenPendulumEquations{}, theta);
  const auto product = [&](const auto& field, const auto& start) {
    using Y = std::decay_t<decltype(start)>;
    using F = std::decay_t<decltype(field)>;
    const DirectionOf<F, Y> v{Vector2d(0.6, -0.3), Eigen::Vector3d(-0.5, 0.9, 0.2)};
    const auto result =
        hessian_vector_product(Problem<F, Y>{field, start, 0.5, 2.5}, Dopri5{}, FixedSteps{40}, Terminal{}, v, save_at);
    return DirectionOf<ByHand, VectorXd>{result.product.y0, result.product.theta};
  };
  const auto expected = product(generic, y0);
  CHECK(distance(expected, product(ByHand{}, y0)) < 1e-12);
  CHECK(distance(expected, product(ByHand{}, VectorXd(y0))) < 1e-12);
  CHECK(distance(expected, product(automatic_vjp(problems::DrivenPendulumEquations{}, VectorXd(theta)), VectorXd(y0))) <
        1e-12);
}

namespace {

// A network of one layer of tanh on two entries, its weights in a row: more inputs than derivatives are carried at a time.
struct OneLayer {
  void operator()(auto, const auto& y, const auto& theta, auto& dy) const {
    using std::tanh;
    dy[0] = 0.0 * y[0];
    dy[1] = 0.0 * y[1];
    for (Eigen::Index i = 0; i + 4 < theta.size(); i += 5) {
      const auto unit = tanh(theta[i] * y[0] + theta[i + 1] * y[1] + theta[i + 2]);
      dy[0] += theta[i + 3] * unit;
      dy[1] += theta[i + 4] * unit;
    }
  }
};

}  // namespace

TEST_CASE("A Hessian with more unknowns than derivatives are carried at a time", "[second_order]") {
  Eigen::Vector<double, 15> theta, along;
  for (Eigen::Index i = 0; i < 15; ++i) {
    theta[i] = 0.8 * std::sin(1.3 * double(i) + 0.7);
    along[i] = std::cos(0.9 * double(i));
  }
  const Vector2d y0(0.5, -0.8), moved(0.6, -0.3);
  const auto field_of = [](const auto& of) { return automatic_vjp(OneLayer{}, of); };
  const auto field = field_of(theta);
  const DirectionOf<std::decay_t<decltype(field)>, Vector2d> v{moved, along};
  const auto got = hessian_vector_product(Problem{field, y0, 0.0, 2.0}, Dopri5{}, FixedSteps{40}, Terminal{}, v);
  CHECK(distance(by_differences(field_of, y0, theta, 0.0, 2.0, Dopri5{}, FixedSteps{40}, Terminal{}, SaveAt{}, v),
                 got.product) < 1e-9);
  // Sizes that are not known when compiled.
  const auto dynamic = field_of(VectorXd(theta));
  const auto again = hessian_vector_product(Problem{dynamic, VectorXd(y0), 0.0, 2.0}, Dopri5{}, FixedSteps{40},
                                            Terminal{}, {moved, along});
  CHECK((again.product.theta - got.product.theta).norm() < 1e-12 * got.product.theta.norm());
  CHECK((again.product.y0 - got.product.y0).norm() < 1e-12 * got.product.y0.norm());
}

TEST_CASE("Gauss and Newton's product is that of the Jacobians", "[second_order]") {
  const auto field = hares_and_lynxes(Vector4d(1.5, 1, 3, 1));
  const Problem problem{field, Vector2d(1, 0.5), 0.0, 3.0};
  using Direction = DirectionOf<std::decay_t<decltype(field)>, Vector2d>;
  const Direction v{Vector2d(-1, 0.4), Vector4d(0.3, -0.1, 0.2, 0.7)};
  const SaveAt save_at{.times = {0.4, 1.7}, .t1 = true};
  std::vector<Vector2d> targets(3, Vector2d(0.5, 1.5));
  targets[1][0] = std::numeric_limits<double>::quiet_NaN();  // missing
  const MeanSquaredError error{targets};

  const auto with = solve_with_tangents(problem, Dopri5{}, FixedSteps{40}, save_at);
  Eigen::Matrix<double, 6, 1> all, sum = Eigen::Matrix<double, 6, 1>::Zero();
  all << v.y0, v.theta;
  for (std::size_t i = 0; i < 3; ++i) {
    const Eigen::Matrix<double, 2, 6> jacobian =
        with.tangents(i).leftCols<6>();  // of y0 and θ; the rest is of t0 and t1
    Vector2d moved = jacobian * all;
    if (i == 1) moved[0] = 0;
    sum += jacobian.transpose() * (2.0 / 5.0 * moved);
  }
  const Direction expected{sum.head<2>(), sum.tail<4>()};
  const auto got = gauss_newton_product(problem, Dopri5{}, FixedSteps{40}, error, v, save_at);
  CHECK(distance(expected, got.product) < 1e-12);
  CHECK(dot_of(v, got.product) > 0);

  // Where the residuals are 0 it is the Hessian; of other data it is not.
  std::vector<Vector2d> met = solve(problem, Dopri5{}, FixedSteps{40}, save_at).ys();
  const MeanSquaredError perfect{met};
  const auto near = gauss_newton_product(problem, Dopri5{}, FixedSteps{40}, perfect, v, save_at);
  CHECK(distance(near.product, hessian_vector_product(problem, Dopri5{}, FixedSteps{40}, perfect, v, save_at).product) <
        1e-12);
  CHECK(distance(got.product, hessian_vector_product(problem, Dopri5{}, FixedSteps{40}, error, v, save_at).product) >
        1e-2);
}

TEST_CASE("A mean squared error of some entries, with weights, has a Hessian", "[second_order]") {
  const Vector4d theta(1.5, 1, 3, 1);
  const auto field = hares_and_lynxes(theta);
  const SaveAt save_at{.times = {0.4, 1.7}, .t1 = true};
  const DirectionOf<std::decay_t<decltype(field)>, Vector2d> v{Vector2d(-1, 0.4), Vector4d(0.3, -0.1, 0.2, 0.7)};
  const auto loss = [](auto number) {
    using Scalar = decltype(number);
    return MeanSquaredError{std::vector<Scalar>{0.5, 2, 1}}.observe({1}).time_weights({1, 2, 0.5});
  };
  const auto got = hessian_vector_product(Problem{field, Vector2d(1, 0.5), 0.0, 3.0}, Dopri5{}, FixedSteps{40},
                                          loss(1.0), v, save_at);
  const auto expected = by_differences([](const auto& of) { return hares_and_lynxes(of); }, Vector2d(1, 0.5), theta, 0,
                                       3, Dopri5{}, FixedSteps{40}, loss(1.0L), save_at, v);
  CHECK(distance(expected, got.product) < 1e-9);
}

TEST_CASE("A field without parameters has a Hessian of y0 alone", "[second_order]") {
  using State = Eigen::Vector4d;
  const auto field = automatic_vjp(problems::HenonHeilesEquations{});
  const State y0(0.1, 0.2, 0.3, -0.2), v(1, -0.5, 0.2, 0.7);
  const auto got = hessian_vector_product(Problem{field, y0, 0.0, 2.0}, Dopri5{}, FixedSteps{40}, Terminal{}, {v, {}});
  const auto gradient_at = [&](long double shift) {
    const auto start = (y0.cast<long double>() + shift * v.cast<long double>()).eval();
    const problems::HenonHeiles<long double> by_hand;
    return value_and_gradient(Problem{by_hand, start, 0.0, 2.0}, Dopri5{}, FixedSteps{40}, Terminal{}).gradient.y0;
  };
  const State expected = ((gradient_at(1e-6L) - gradient_at(-1e-6L)) / 2e-6L).cast<double>();
  CHECK((got.product.y0 - expected).norm() < 1e-9 * expected.norm());
}

TEST_CASE("A direction that does not fit is refused", "[second_order]") {
  const auto field = automatic_vjp(problems::LotkaVolterraEquations{}, VectorXd(Vector4d(1.5, 1, 3, 1)));
  const Problem problem{field, VectorXd(Vector2d(1, 0.5)), 0.0, 3.0};
  const auto along = [&](const VectorXd& y0, const VectorXd& theta) {
    return gauss_newton_product(problem, Dopri5{}, FixedSteps{40}, Terminal{}, {y0, theta});
  };
  CHECK_THROWS_AS(along(VectorXd::Ones(3), VectorXd::Ones(4)), std::invalid_argument);
  CHECK_THROWS_AS(along(VectorXd::Ones(2), VectorXd::Ones(3)), std::invalid_argument);
  CHECK_THROWS_AS(along(VectorXd::Constant(2, NAN), VectorXd::Ones(4)), std::invalid_argument);
  CHECK_NOTHROW(along(VectorXd::Ones(2), VectorXd::Ones(4)));
}
