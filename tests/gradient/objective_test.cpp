// Objective: bound once and called often, it gives what value_and_gradient gives, bit for bit, and allocates nothing after
// the first call.
#include "battery.hpp"
#include "catch.hpp"
#include "support/counted_heap.hpp"

#include <cstdint>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;
using Eigen::VectorXd;

namespace {

// A damped turn, of any size alike: u1' = θ0 u2 − θ1 u1, u2' = −θ0 u1 − θ1 u2 + θ2.
struct Turn {
  static constexpr bool autonomous = true;
  VectorXd theta = Eigen::Vector3d(2, 0.25, 0.5);
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& u, auto& du) const {
    du[0] = theta[0] * u[1] - theta[1] * u[0];
    du[1] = -theta[0] * u[0] - theta[1] * u[1] + theta[2];
  }
  void vjp(double, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    u_bar[0] -= theta[1] * w[0] + theta[0] * w[1];
    u_bar[1] += theta[0] * w[0] - theta[1] * w[1];
    theta_bar[0] += w[0] * u[1] - w[1] * u[0];
    theta_bar[1] -= w.dot(u);
    theta_bar[2] += w[1];
  }
};
using Field = Turn;
// v'' = −θ0 x − θ1 v.
struct Spring {
  Vector2d theta{2, 0.3};
  const Vector2d& parameters() const { return theta; }
  Vector2d& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -theta[0] * y[0] - theta[1] * y[1]; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] -= theta[0] * w[1];
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[0] -= w[1] * y[0];
    theta_bar[1] -= w[1] * y[1];
  }
};
const VectorXd start = Vector2d(1, 0.5);

// L = Σ ‖y‖²/2 over what was saved, without memory of its own.
struct Squares {
  template <class Y>
  double operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    double sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      sum += ys[i].squaredNorm() / 2;
      ys_bar[i] = ys[i];
    }
    return sum;
  }
};

template <class R>
bool same(const R& a, const R& b) {
  return a.value == b.value && battery::same_bits(a.gradient.y0, b.gradient.y0) &&
         battery::same_bits(a.gradient.theta, b.gradient.theta);
}

struct Never {
  double operator()(double, const auto&) const { return 1; }
  void gradient(double, const auto&, auto&, auto&, auto&) const {}
};

}  // namespace

TEMPLATE_TEST_CASE("An objective gives what value_and_gradient gives, again and again", "[objective]", Bosh3, Dopri5,
                   Reversible<Dopri5>, (Reversible<Bosh3, Floating>), TwoPoint<Midpoint>, ReversibleAdams<4>,
                   ReversibleHeun<>, AsynchronousLeapfrog<>, NearlyReversible<EES25>) {
  const Problem problem{Field{}, start, 0.0, 3.0};
  const auto check = [&](const auto& steps, const auto&... extras) {
    Objective objective{problem, TestType{}, steps, Squares{}, extras...};
    for (const double factor : {1.0, 0.9, 1.2, 1.0}) {
      for (const double size : {1.0, 40.0, 1e-2}) {
        CAPTURE(factor, size);
        Problem moved = problem;
        moved.field.parameters() *= factor;
        moved.y0 *= size;
        const auto expected = value_and_gradient(moved, TestType{}, steps, Squares{}, extras...);
        CHECK(same(objective(moved.y0, moved.field.parameters()), expected));
        CHECK(same(objective(), expected));
        CHECK(objective().stats.evaluations == expected.stats.evaluations);
        CHECK(objective().gradient.stats.vjps == expected.gradient.stats.vjps);
      }
    }
  };
  check(FixedSteps{40});
  check(FixedSteps{40}, SaveAt{.times = {0.01, 1.0, 1.5}, .t1 = true});
  check(StepTo{{0.5, 1, 1.5, 2, 2.5, 3}, 4}, SaveAt{.steps = true}, DirectAdjoint{});
  check(Adaptive{.rtol = 1e-5, .atol = 1e-5}, Events{Event{Never{}}}, SaveAt{.times = {0.01, 1.0, 1.5}});
}

TEMPLATE_TEST_CASE("After its first call an objective allocates nothing, with steps laid out before", "[objective]",
                   Dopri5, Reversible<Dopri5>, (Reversible<Bosh3, Floating>), TwoPoint<Midpoint>, ReversibleAdams<4>,
                   ReversibleHeun<>, AsynchronousLeapfrog<>) {
  const Problem problem{Field{}, start, 0.0, 3.0};
  const auto check = [&](const auto&... extras) {
    Objective objective{problem, TestType{}, FixedSteps{40}, Squares{}, extras...};
    VectorXd theta = problem.field.parameters(), y0 = start;
    (void)objective(theta);
    const std::int64_t before = counted_heap::allocations;
    double sum = 0;
    for (int i = 0; i < 3; ++i) {
      theta *= 1.01;
      y0 *= 3;
      sum += objective(theta).value + objective(y0, theta).gradient.y0[0];
    }
    CHECK(counted_heap::allocations == before);
    CHECK(std::isfinite(sum));
  };
  check();
  check(SaveAt{.times = {0.01, 1.0, 1.5}, .t0 = true, .t1 = true});
  check(DirectAdjoint{}, SaveAt{.steps = true});
}

TEST_CASE("Copies of an objective are independent, and it survives a throw", "[objective]") {
  const Problem problem{Field{}, start, 0.0, 3.0};
  Objective objective{problem, Reversible<Dopri5>{}, FixedSteps{40}, Squares{}};
  const auto first = objective();
  Objective copy = objective;
  VectorXd theta = problem.field.parameters();
  theta[0] *= 1.5;
  const auto& others = copy(theta);
  CHECK_FALSE(same(others, first));
  CHECK(same(objective(), first));
  CHECK(objective.problem().field.parameters() == problem.field.parameters());
  Objective moved = std::move(copy);
  CHECK(same(moved(), moved(theta)));

  CHECK_THROWS_WITH(objective(VectorXd::Zero(2)),
                    "antistrophe: the length of theta is 2; it must be 3, that of the field's parameters()");
  CHECK_THROWS_WITH(objective.at(VectorXd::Zero(3)),
                    "antistrophe: the shape of y0 is 3x1; it must be 2x1, that of the problem's y0");
  theta[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(objective(theta), std::invalid_argument);
  theta = -1e9 * problem.field.parameters();
  CHECK_THROWS_AS(objective(theta), SolveError);
  CHECK(same(objective(problem.field.parameters()), first));
}

// A state and parameters of one length.
TEST_CASE("An objective that is given its y0 for theta says so", "[objective]") {
  const Problem problem{Spring{}, Vector2d(1, 0.5), 0.0, 1.0};
  Objective objective{problem, RK4{}, FixedSteps{20}, Squares{}};
  CHECK_THROWS_WITH(objective(problem.y0),
                    "antistrophe: theta, of which the one vector of objective(theta) consists, is the problem's y0; it "
                    "must be the field's parameters(): objective.at(y0) takes a state, and objective.at_theta(theta) "
                    "what is meant to be equal to it");
  CHECK(objective.problem().field.theta == problem.field.theta);
  const double value = objective().value;
  CHECK(objective.at(problem.y0).value == value);
  CHECK(objective(problem.field.theta).value == value);
  Problem meant = problem;
  meant.field.theta = problem.y0;
  const double other = value_and_gradient(meant, RK4{}, FixedSteps{20}, Squares{}).value;
  CHECK(other != value);
  CHECK(objective.at_theta(problem.y0).value == other);
  CHECK(objective(problem.y0).value == other);  // they are the parameters now
  CHECK(objective(problem.y0, problem.field.theta).value == value);

  // Zeros may be both.
  Objective at_rest{Problem{Spring{}, Vector2d(0, 0), 0.0, 1.0}, RK4{}, FixedSteps{20}, Squares{}};
  CHECK_NOTHROW(at_rest(Vector2d(0, 0)));
}

TEST_CASE("An objective takes up another problem of the same field", "[objective]") {
  const Problem problem{Field{}, start, 0.0, 1.0};
  Objective objective{problem, Dopri5{}, FixedSteps{20}, Squares{}};
  (void)objective();
  Problem other = problem;
  other.y0 *= 2;
  other.field.theta[0] = 1;
  CHECK(same(objective(other), value_and_gradient(other, Dopri5{}, FixedSteps{20}, Squares{})));
  CHECK(objective.problem().y0 == other.y0);
  const std::int64_t before = counted_heap::allocations;
  (void)objective(problem);
  CHECK(counted_heap::allocations == before);  // the same times and sizes
  other.t0 = -1;
  other.t1 = 3;
  CHECK(same(objective(other), value_and_gradient(other, Dopri5{}, FixedSteps{20}, Squares{})));
  // A field that can be copied and not assigned.
  struct Rigid : Field {
    const double kept = 1;
  };
  const Problem rigid{Rigid{}, start, 0.0, 1.0};
  Objective rigid_objective{rigid, Dopri5{}, FixedSteps{20}, Squares{}};
  (void)rigid_objective();
  Problem<Rigid, VectorXd> rigid_other{Rigid{}, 3 * start, 0.0, 2.0};
  rigid_other.field.theta[1] = 0;
  CHECK(same(rigid_objective(rigid_other), value_and_gradient(rigid_other, Dopri5{}, FixedSteps{20}, Squares{})));
}

TEST_CASE("An objective of a problem that saves nothing is one of nothing, and goes on", "[objective]") {
  const Problem problem{Field{}, start, 0.0, 3.0};
  Problem instant = problem;
  instant.t1 = 0;  // no step, and none is saved
  Objective objective{problem, Dopri5{}, FixedSteps{40}, Squares{}, SaveAt{.steps = true}};
  const double value = objective().value;
  CHECK(objective(instant).value == 0);
  CHECK(objective().gradient.y0.isZero(0));
  CHECK(objective(problem).value == value);
}

TEST_CASE("An objective that fails has no statistics of the solve before", "[objective]") {
  const Problem problem{Field{}, start, 0.0, 1.0};
  Objective objective{problem, Dopri5{}, FixedSteps{20}, Squares{}, OnFailure::return_status};
  CHECK(objective().gradient.stats.vjps > 0);
  const auto& failed = objective(Eigen::Vector3d(1e300, 0, 0));
  CHECK(!failed.success());
  CHECK(failed.gradient.stats.vjps == 0);
}

namespace {

// y' = θ y, which can only be called frozen to a step.
struct FrozenDecay {
  VectorXd theta = VectorXd::Ones(1);
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  struct OverOneStep {
    VectorXd theta;
    const auto& parameters() const { return theta; }
    void operator()(double, const auto& y, auto& dy) const { dy = theta[0] * y; }
    void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
      y_bar += theta[0] * w;
      theta_bar[0] += w.dot(y);
    }
  };
  OverOneStep frozen(double, double) const { return {theta}; }
};

}  // namespace

// The last step of a way back is the first of the next way forth: what was frozen to it had the old parameters.
TEMPLATE_TEST_CASE("An objective thaws a field that was frozen to steps", "[objective]", Midpoint, TwoPoint<Heun>) {
  const auto sum = [](const auto& ys, auto& y_bars) {
    y_bars.back().setOnes();
    return ys.back().sum();
  };
  Problem problem{FrozenDecay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
  Objective objective(problem, TestType{}, FixedSteps{2}, sum);
  for (const double theta : {1.0, -2.0}) {
    problem.field.theta[0] = theta;
    CHECK(same(objective(problem.field.theta), value_and_gradient(problem, TestType{}, FixedSteps{2}, sum)));
  }
}

TEST_CASE("A plain solve of a state of fixed size allocates twice: times, and states", "[objective]") {
  struct Circle {
    void operator()(double, const Vector2d& y, Vector2d& dy) const { dy = Vector2d(y[1], -y[0]); }
  };
  const Problem problem{Circle{}, Vector2d(1, 0), 0.0, 1.0};
  (void)solve(problem, RK4{}, FixedSteps{1});
  for (const std::int64_t n : {1, 100}) {
    const std::int64_t before = counted_heap::allocations;
    const auto solution = solve(problem, RK4{}, FixedSteps{n});
    CHECK(counted_heap::allocations - before <= 2);
  }
}
