// Fields driven by paths: known solutions, knots that steps land on by themselves, every adjoint, gradients with respect to the data.
#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/data_as_parameters.hpp>
#include <antistrophe/control/hermite_cubic_path.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/matrix_field.hpp>
#include <antistrophe/control/mlp_matrix.hpp>
#include <antistrophe/control/natural_cubic_path.hpp>
#include <antistrophe/control/rectilinear_path.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Index, Eigen::MatrixXd, Eigen::Vector2d, Eigen::VectorXd;

namespace {

const VectorXd knots = (VectorXd(6) << 0, 0.5, 1.25, 2, 3.5, 4).finished();

MatrixXd random_matrix(Index rows, Index columns, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  MatrixXd result(rows, columns);
  for (double& x : result.reshaped()) x = normal(engine);
  return result;
}
const MatrixXd data = random_matrix(2, 6, 1);

// y' = y (θ0 X0' + θ1 X1'): y = y0 exp(θ·(X(t) − X(t0))).
struct Exponential {
  Vector2d theta{0.7, -0.4};
  static constexpr bool autonomous = true;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, const auto& dX, auto& dy) const { dy = theta.dot(dX) * y; }
  void vjp(double, const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& dX_bar, auto& theta_bar) const {
    y_bar += theta.dot(dX) * w;
    dX_bar += w.dot(y) * theta;
    theta_bar += w.dot(y) * dX;
  }
};

// The same without gradients with respect to the data, or times.
struct ExponentialOfFixedData {
  Vector2d theta{0.7, -0.4};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, const auto& dX, auto& dy) const { dy = theta.dot(dX) * y; }
  void vjp(double, const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar += theta.dot(dX) * w;
    theta_bar += w.dot(y) * dX;
  }
};

// A matrix that does not commute with itself, of y and θ, and of t.
struct Turning {
  Vector2d theta{1.1, 0.3};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void matrix(double t, const auto& y, auto& A) const {
    A << theta[0] * y[1], std::sin(y[0]) + t, -y[0] * y[1], theta[1] * theta[0];
  }
  void matrix_vjp(double, const auto& y, const auto& A_bar, auto& y_bar, auto& theta_bar) const {
    y_bar[0] += A_bar(0, 1) * std::cos(y[0]) - A_bar(1, 0) * y[1];
    y_bar[1] += A_bar(0, 0) * theta[0] - A_bar(1, 0) * y[0];
    theta_bar[0] += A_bar(0, 0) * y[1] + A_bar(1, 1) * theta[1];
    theta_bar[1] += A_bar(1, 1) * theta[0];
  }
};

// With all that a vjp may add.
struct Timed {
  void operator()(double t, const auto& y, const auto& dX, auto& dy) const {
    dy = (std::sin(t) * dX[0]) * y + (t * dX[1]) * y.cwiseProduct(y);
  }
  void vjp(double t, const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& dX_bar, auto&,
           auto& t_bar) const {
    y_bar += (std::sin(t) * dX[0]) * w + (2 * t * dX[1]) * y.cwiseProduct(w);
    const auto square = w.dot(y.cwiseProduct(y));
    dX_bar[0] += std::sin(t) * w.dot(y);
    dX_bar[1] += t * square;
    t_bar += std::cos(t) * dX[0] * w.dot(y) + dX[1] * square;
  }
};

auto network() {
  std::mt19937 engine(5);
  MlpMatrix<double, Tanh> F{{3, 7}, 2};
  F.initialise(FanInUniform{engine});
  return F;
}
const MatrixXd batch_y0 = random_matrix(3, 4, 8) / 2;
const std::vector<MatrixXd> batch{random_matrix(2, 6, 2), random_matrix(2, 4, 3), random_matrix(2, 6, 4),
                                  random_matrix(2, 5, 5)};

const auto loss = [](const auto& ys, auto& ys_bar) {
  double sum = 0;
  for (std::size_t i = 0; i < ys.size(); ++i)
    for (Index k = 0; k < ys[i].size(); ++k) {
      const double weight = std::sin(1.0 + static_cast<double>(k) + 2 * static_cast<double>(i)), y = ys[i].data()[k];
      sum += weight * y + 0.1 * y * y;
      ys_bar[i].data()[k] = weight + 0.2 * y;
    }
  return sum;
};

bool passes_check(const auto& field, const auto& y) {
  const auto report = check_vjp(field, 1.4, y);
  INFO(report.message);
  CHECK(report.ok);
  return report.ok;
}

double difference(const VectorXd& a, const VectorXd& b) { return (a - b).norm() / b.norm(); }

}  // namespace

TEST_CASE("A controlled field has the solution that its path makes", "[controlled]") {
  const Vector2d theta(0.7, -0.4), y0(1, 2);
  const auto check = [&](const auto& path, const auto& method, const auto& steps, double tolerance) {
    const auto end = solve(Problem{ControlledField{Exponential{}, path}, y0, 0.25, 3.75}, method, steps).ys().back();
    const double growth = std::exp(theta.dot(VectorXd(path(3.75) - path(0.25))));
    CHECK((end - growth * y0).norm() < tolerance);
  };
  // Smooth paths have kinks of X' or X'' at their knots, which cost digits where steps do not land there.
  const auto all = [&](const auto& method, auto steps, double tolerance) {
    check(LinearPath{knots, data}, method, steps, tolerance);
    steps.jumps = LinearPath{knots, data}.inner_knots();
    check(HermiteCubicPath{knots, data}, method, steps, tolerance);
    check(NaturalCubicPath{knots, data}, method, steps, tolerance);
  };
  all(RK4{}, FixedSteps{200}, 1e-6);
  all(Dopri5{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, 1e-7);
  all(Reversible<Dopri5>{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, 1e-7);
  all(ReversibleAdams<4>{}, FixedSteps{2000}, 1e-6);
}

TEST_CASE("Steps land on the knots of a linear path by themselves, and lose no order", "[controlled]") {
  const LinearPath path{knots, data};
  const Problem problem{ControlledField{Exponential{}, path}, Vector2d(1, 2), 0.25, 3.75};
  const auto lands = [&](const auto& steps) {
    const auto taken = solve(problem, Dopri5{}, steps).steps();
    for (const double at : path.jumps()) CHECK(std::count(taken.begin(), taken.end(), at) == 1);
  };
  lands(FixedSteps{10});
  lands(FixedStep{0.4});
  lands(StepTo{.times = std::vector<double>{1.0, 3.0}});
  lands(Adaptive{});
  const auto error = [&](std::int64_t n) {
    const double growth = std::exp(Exponential{}.theta.dot(VectorXd(path(3.75) - path(0.25))));
    return (solve(problem, RK4{}, FixedSteps{n}).ys().back() - growth * problem.y0).norm();
  };
  CHECK(std::log2(error(40) / error(80)) == Approx(4).margin(0.3));
  // Backwards in time it comes home.
  const auto end = solve(problem, Dopri5{}, Adaptive{.rtol = 1e-10, .atol = 1e-10}).ys().back();
  const Problem back{problem.field, end, 3.75, 0.25};
  CHECK((solve(back, Dopri5{}, Adaptive{.rtol = 1e-10, .atol = 1e-10}).ys().back() - problem.y0).norm() < 1e-7);
}

TEST_CASE("The vjps of controlled fields are those of the fields", "[controlled]") {
  const Vector2d y(0.8, -0.5);
  const auto check = [&](const auto& path) {
    passes_check(ControlledField{Exponential{}, path}, y);
    passes_check(ControlledField{ExponentialOfFixedData{}, path}, y);
    passes_check(ControlledField{MatrixField{Turning{}}, path}, y);
    passes_check(ControlledField{Timed{}, path}, y);
    passes_check(data_as_parameters(ControlledField{Exponential{}, path}), y);
    passes_check(data_as_parameters(ControlledField{Timed{}, path}), y);
    passes_check(data_as_parameters(ControlledField{MatrixField{Turning{}}, path}), y);
  };
  check(LinearPath{knots, data});
  check(HermiteCubicPath{knots, data});
  check(NaturalCubicPath{knots, data});
  passes_check(ControlledField{network(), HermiteCubicPath{knots, batch}}, batch_y0);
  passes_check(data_as_parameters(ControlledField{network(), NaturalCubicPath{knots, batch}}), batch_y0);
  passes_check(ControlledField{network(), LinearPath{knots, batch[0]}}, VectorXd(batch_y0.col(0)));
  std::mt19937 engine(6);
  MlpMatrix<double, Relu, Unbounded> unbounded{{3, 5, 4}, 2};
  unbounded.initialise(FanInUniform{engine});
  passes_check(ControlledField{unbounded, LinearPath{knots, batch}}, batch_y0);
  MlpMatrix<double> linear{{3}, 2};
  linear.initialise(FanInUniform{engine});
  passes_check(ControlledField{linear, LinearPath{knots, batch}}, batch_y0);

  static_assert(TimeDifferentiable<ControlledField<Timed, LinearPath>, Vector2d>);
  static_assert(TimeDifferentiable<ControlledField<Exponential, LinearPath>, Vector2d>);
  static_assert(!TimeDifferentiable<ControlledField<ExponentialOfFixedData, LinearPath>, Vector2d>);
  static_assert(!TimeDifferentiable<ControlledField<MatrixField<Turning>, LinearPath>, Vector2d>);
}

TEST_CASE("A network's matrix is that of its layers", "[controlled]") {
  // 1 → 2 → 1 × 2 by hand.
  MlpMatrix<double, Relu> F{{1, 2}, 2};
  F.parameters() << 2, -3, 0.5, 1, 0.1, 0.2, 0.3, 0.4, -0.5, 0.6;
  const double y = 0.4, first = 2 * y + 0.5, second = 0;  // relu of 1 − 1.2
  const double a = std::tanh(0.1 * first + 0.2 * second - 0.5), b = std::tanh(0.3 * first + 0.4 * second + 0.6);
  const ControlledField field{F, LinearPath{knots, data}};
  VectorXd dy(1);
  field(1.0, VectorXd::Constant(1, y).eval(), dy);
  const MatrixXd dX = field.path.derivative(1.0);
  CHECK(dy[0] == Approx(a * dX(0, 0) + b * dX(1, 0)).epsilon(1e-14));
}

TEST_CASE("Gradients through controlled fields pass their check", "[controlled]") {
  const SaveAt save_at{.times = {0.5, 1.1, 2.2}, .t1 = true};
  const auto check = [&](const auto& problem, const auto& method, const auto& steps) {
    const auto report = check_gradient(problem, method, steps, loss, save_at);
    INFO(report.message);
    CHECK(report.ok);
  };
  const Vector2d y0(0.6, -0.3);
  const Problem timed{data_as_parameters(ControlledField{Timed{}, LinearPath{knots, data}}), y0, 0.25, 3.75};
  const Problem turning{ControlledField{MatrixField{Turning{}}, HermiteCubicPath{knots, data / 3}}, y0, 0.25, 3.75};
  const Problem of_batch{ControlledField{network(), LinearPath{knots, batch}}, batch_y0, 0.0, 4.0};
  check(timed, Reversible<Dopri5>{}, Adaptive{.rtol = 1e-6, .atol = 1e-6});
  check(timed, RK4{}, FixedSteps{30});
  check(turning, ReversibleHeun<>{}, FixedSteps{200});
  check(turning, TwoPoint<Heun>{}, FixedSteps{100});
  check(of_batch, Reversible<Midpoint>{}, FixedSteps{60});
  check(of_batch, ReversibleAdams<3>{}, FixedSteps{80});
}

TEST_CASE("All adjoints agree on a controlled field", "[controlled]") {
  const Problem problem{data_as_parameters(ControlledField{network(), LinearPath{knots, batch}}), batch_y0, 0.0, 4.0};
  const Adaptive steps{.rtol = 1e-6, .atol = 1e-8};
  const SaveAt save_at{.times = {0.5, 1.1}, .t1 = true};
  const auto by = [&](const auto& method, const auto&... adjoint) {
    const auto gradient = value_and_gradient(problem, method, steps, loss, save_at, adjoint...).gradient;
    VectorXd all(gradient.y0.size() + gradient.theta.size());
    all << gradient.y0.reshaped(), gradient.theta;
    return all;
  };
  const VectorXd reversible = by(Reversible<Dopri5>{}), stored = by(Reversible<Dopri5>{}, DirectAdjoint{});
  CHECK(difference(reversible, stored) < 1e-12);
  const VectorXd direct = by(Dopri5{}, DirectAdjoint{});
  CHECK(by(Dopri5{}, CheckpointedAdjoint{.slots = 5}) == direct);
  CHECK(difference(by(Dopri5{}, CompressedAdjoint{}), direct) < 1e-8);
  CHECK(difference(direct, stored) < 1e-4);
  const auto exactly = [&](const auto& adjoint) {
    return value_and_gradient(problem, Dopri5{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, loss, save_at, adjoint);
  };
  const auto exact = exactly(DirectAdjoint{}).gradient;
  const auto full = exactly(BacksolveAdjoint{Dopri5{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}}).gradient;
  const auto semi =
      exactly(BacksolveAdjoint{Dopri5{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, AdjointNorm::seminorm}).gradient;
  CHECK(difference(full.theta, exact.theta) < 1e-6);
  CHECK(difference(semi.theta, exact.theta) < 1e-6);
  CHECK(assert_reversible(Problem{problem.field, batch_y0, 0.0, 4.0}, Reversible<Midpoint>{}, FixedSteps{200}).drift ==
        0);
}

TEST_CASE("The gradient with respect to the data is that of moved data", "[controlled]") {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  std::vector<MatrixXd> holes = batch;
  holes[0](1, 0) = holes[0](1, 2) = holes[0](1, 3) = holes[2](0, 5) = missing;
  const auto check = [&](const auto& make) {
    const auto field_of = [&](const std::vector<MatrixXd>& x) {
      return data_as_parameters(ControlledField{network(), make(x)});
    };
    const auto value = [&](const auto& field) {
      return value_and_gradient(Problem{field, batch_y0, 0.0, 4.0}, RK4{}, FixedSteps{24}, loss, DirectAdjoint{});
    };
    const auto cde = field_of(holes);
    const auto gradient = value(cde).gradient;
    const MatrixXd of_data = cde.data_of(gradient.theta);
    CHECK(difference(cde.theta_of(gradient.theta), value(ControlledField{network(), make(holes)}).gradient.theta) <
          1e-13);
    REQUIRE((of_data.rows() == 8 && of_data.cols() == 6));
    double worst = 0;
    for (std::size_t s = 0; s < 4; ++s)
      for (Index j = 0; j < 6; ++j)
        for (Index c = 0; c < 2; ++c) {
          double expected = 0;
          if (j < holes[s].cols() && !std::isnan(holes[s](c, j))) {
            const auto moved = [&](double by) {
              std::vector<MatrixXd> x = holes;
              x[s](c, j) += by;
              return value(field_of(x)).value;
            };
            // Fourth order: errors of 1e-12 by truncation, 1e-13 by rounding.
            const double h = 1e-3;
            expected = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
          }
          worst = std::max(worst, std::fabs(of_data(2 * Index(s) + c, j) - expected));
        }
    CHECK(worst < 1e-10);
    CHECK(of_data.cwiseAbs().maxCoeff() > 0.01);
  };
  check([](const auto& x) { return LinearPath{knots, x}; });
  check([](const auto& x) { return HermiteCubicPath{knots, x, Missing::fill_forward}; });
  check([](const auto& x) { return NaturalCubicPath{knots, x}; });
}

TEST_CASE("Error bars of a controlled solve are those of steps that know the jumps", "[controlled]") {
  const LinearPath path{knots, data};
  const Problem problem{ControlledField{Exponential{}, path}, Vector2d(1, 2), 0.25, 3.75};
  const auto check = [&](const auto& steps) {
    const auto [value, gradient, bars] = value_and_gradient(problem, Dopri5{}, steps, loss, ErrorBars{});
    const double growth = std::exp(Exponential{}.theta.dot(VectorXd(path(3.75) - path(0.25))));
    std::vector<Vector2d> end{growth * problem.y0}, end_bar = end;
    const double error = std::fabs(value - loss(end, end_bar));
    // A bar is a factor of two wide, and one of two solves of which one goes over knots would be far wider than the error.
    CHECK(error < 2 * bars.value);
    CHECK(bars.value < 2 * error);
  };
  check(FixedSteps{12});
  check(Adaptive{.rtol = 1e-6, .atol = 1e-6});
}

TEST_CASE("A float state is driven in float, and nothing is allocated in a call", "[controlled]") {
  MlpMatrix<float, Relu> F{{3, 40}, 2};
  std::mt19937 engine(1);
  F.initialise(FanInUniform{engine});
  const Eigen::MatrixXf y = batch_y0.cast<float>(), w = Eigen::MatrixXf::Ones(3, 4);
  const auto quiet = [&](const auto& field) {
    auto tape = field.make_tape(y);
    Eigen::MatrixXf dy = y, y_bar = y;
    Eigen::VectorXf theta_bar = field.parameters();
    Eigen::internal::set_is_malloc_allowed(false);
    field(1.3, y, dy, tape);
    field.vjp(1.3, y, std::as_const(tape), w, y_bar, theta_bar);
    Eigen::internal::set_is_malloc_allowed(true);
    CHECK(dy.allFinite());
  };
  quiet(ControlledField{F, NaturalCubicPath{knots, batch}});
  quiet(data_as_parameters<float>(ControlledField{F, NaturalCubicPath{knots, batch}}));
  const Problem problem{ControlledField{F, LinearPath{knots, batch}}, y, 0.0, 4.0};
  CHECK(assert_reversible(problem, Reversible<Midpoint>{}, FixedSteps{100}).drift == 0);
}

TEST_CASE("What does not fit a controlled field meets a sentence", "[controlled]") {
  const ControlledField of_batch{network(), LinearPath{knots, batch}};
  CHECK_THROWS_WITH(
      solve(Problem{of_batch, MatrixXd(batch_y0.leftCols(3)), 0.0, 4.0}, RK4{}, FixedSteps{10}),
      ContainsSubstring("the number of columns of a controlled state is 3; it must be 4, the number of the "
                        "path's samples"));
  CHECK_THROWS_WITH(solve(Problem{of_batch, batch_y0, 0.0, 5.0}, RK4{}, FixedSteps{10}),
                    ContainsSubstring("the time at which a path is asked for is") &&
                        ContainsSubstring("between its first knot, 0, and its last, 4"));
  CHECK_THROWS_WITH(solve(Problem{of_batch, MatrixXd(batch_y0.topRows(2)), 0.0, 4.0}, RK4{}, FixedSteps{10}),
                    ContainsSubstring("the number of rows of the state is 2; it must be 3, MlpMatrix::sizes[0]"));
  CHECK_THROWS_WITH(
      solve(Problem{ControlledField{network(), RectilinearPath{knots, batch}}, batch_y0, 0.0, 4.0}, RK4{},
            FixedSteps{10}),
      ContainsSubstring("the number of the path's channels is 3; it must be 2, that of MlpMatrix's columns"));
  CHECK_THROWS_WITH((MlpMatrix<double>{{3, 0}, 2}),
                    ContainsSubstring("MlpMatrix::sizes[1] is 0; it must be at least 1"));
  CHECK_THROWS_WITH((MlpMatrix<double>{{3}, 0}), ContainsSubstring("MlpMatrix::channels is 0; it must be at least 1"));
}
