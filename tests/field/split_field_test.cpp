// A split field is a whole one: any method steps it, its vjp is that of its halves, it can be frozen to a step.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"
#include "split_problems.hpp"

#include <type_traits>

using namespace antistrophe;
using problems::SplitPendulums;

namespace {

struct OnlyForce {
  void force(double, const auto& v, auto& dw) const { dw = -v; }
};
struct Swapped {
  void velocity(double, auto& dv, const auto& w) const { dv = w; }
  void force(double, auto& dw, const auto& v) const { dw = -v; }
};
struct NoVjps {
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void force(double, const auto& v, auto& dw) const { dw = -v; }
};

// A force that is another one in every step.
struct Kicked : problems::OscillatorHalves<> {
  double kick = 0;
  void force(double t, const auto& v, auto& dw) const {
    OscillatorHalves<>::force(t, v, dw);
    dw.array() += kick;
  }
};
struct Shaken {
  Eigen::Vector<double, 1> theta{1.5};
  const auto& parameters() const { return theta; }
  auto frozen(double t0, double t1) const { return Kicked{{theta}, t1 - t0}; }
};

static_assert(SplitVectorField<SplitPendulums<>, Eigen::Vector4d> &&
              DifferentiableSplitField<SplitPendulums<>, Eigen::Vector4d>);
static_assert(TimeDifferentiable<SplitPendulums<>, Eigen::Vector4d>);
static_assert(!SplitVectorField<SplitPendulums<>, Eigen::Vector3d>, "three rows have no halves");
static_assert(!VectorField<SplitField<OnlyForce>, Eigen::Vector2d> &&
              !VectorField<SplitField<Swapped>, Eigen::Vector2d>);
static_assert(SplitVectorField<SplitField<NoVjps>, Eigen::Vector2d> &&
              !DifferentiableSplitField<SplitField<NoVjps>, Eigen::Vector2d>);
static_assert(std::is_same_v<HalfOf<Eigen::Vector4d>, Eigen::Vector2d> &&
              std::is_same_v<HalfOf<Eigen::MatrixXf>, Eigen::MatrixXf> &&
              std::is_same_v<HalfOf<Eigen::Array4d>, Eigen::Array2d>);
static_assert(SplitVectorField<SplitField<Shaken>, Eigen::Vector2d> &&
              DifferentiableSplitField<SplitField<Shaken>, Eigen::Vector2d>);

}  // namespace

TEST_CASE("The whole field's vjp is that of its halves", "[split field]") {
  const auto check = [](const auto& field, const auto& y) {
    const auto report = check_vjp(field, 0.7, y);
    INFO(report.message);
    CHECK(report.ok);
  };
  check(SplitPendulums<>{}, Eigen::Vector4d(0.5, -0.25, 0.125, 0.75));
  check(problems::Kepler<>{}, Eigen::Vector4d(0.5, 0.25, -0.75, 1));
  check(problems::Oscillators<>{}, Eigen::VectorXd(Eigen::Vector4d(1, 2, 3, 4)));
  check(problems::Oscillators<>{}, Eigen::MatrixXd(Eigen::Matrix<double, 4, 3>::Random()));
}

TEST_CASE("Any method steps it, and gives its gradient", "[split field]") {
  const Problem problem{SplitPendulums<>{}, Eigen::Vector4d(0.5, -0.25, 0.125, 0.75), 0.0, 2.0};
  const auto loss = TerminalLoss{[](const auto& y, auto& y_bar) {
    y_bar = y;
    return y.squaredNorm() / 2;
  }};
  const auto a = value_and_gradient(problem, Reversible<RK4>{}, FixedSteps{400}, loss);
  const auto b = value_and_gradient(problem, Suzuki4<>{}, FixedSteps{400}, loss);
  // Both are of order 4 at h = 0.005: h⁴ = 6e−10, times constants below 1.
  CHECK(std::fabs(a.value - b.value) < 1e-9);
  CHECK((a.gradient.theta - b.gradient.theta).norm() < 1e-8);
  CHECK((a.gradient.y0 - b.gradient.y0).norm() < 1e-8);
  CHECK(a.gradient.theta.norm() > 0.1);
  const auto adaptive = solve(problem, Dopri5{}, Adaptive{.rtol = 1e-10, .atol = 1e-10}).ys().back();
  CHECK((adaptive - solve(problem, Suzuki4<>{}, FixedSteps{400}).ys().back()).norm() < 1e-8);
}

TEST_CASE("Halves that are frozen to a step make a field that is", "[split field]") {
  const Problem problem{SplitField{Shaken{}}, Eigen::Vector2d(1, 0.5), 0.0, 1.0};
  // One step of Verlet by hand, with the kick of h = 1/4, four times.
  Eigen::Vector2d y = problem.y0;
  for (int i = 0; i < 4; ++i) {
    y[1] += 0.125 * (-1.5 * y[0] + 0.25);
    y[0] += 0.25 * y[1];
    y[1] += 0.125 * (-1.5 * y[0] + 0.25);
  }
  CHECK((solve(problem, Verlet<Floating>{}, FixedSteps{4}).ys().back() - y).norm() < 1e-15);
  CHECK((solve(problem, Verlet<>{}, FixedSteps{4}).ys().back() - y).norm() < 1e-11);
  const auto loss = TerminalLoss{[](const auto& y1, auto& y_bar) {
    y_bar.setOnes();
    return y1.sum();
  }};
  const auto report = check_gradient(problem, Verlet<Floating>{}, FixedSteps{4}, loss, {}, ReversibleAdjoint{});
  CHECK(report.ok);
  const auto back = value_and_gradient(problem, Verlet<>{}, FixedSteps{4}, loss).gradient;
  const auto stored = value_and_gradient(problem, Verlet<>{}, FixedSteps{4}, loss, {}, DirectAdjoint{}).gradient;
  CHECK((back.theta - stored.theta).norm() < 1e-15);
  CHECK(back.theta[0] != 0);
}
