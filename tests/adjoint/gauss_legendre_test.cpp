// GaussLegendreAdjoint: state and cotangent backwards, and the parameters' cotangent by quadrature. The reference is the gradient of
// stored states at a tolerance of 1e-12.
#include "battery.hpp"
#include "catch.hpp"
#include "runner/field.hpp"
#include "switched.hpp"

#include <antistrophe/adjoint/gauss_legendre.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

using battery::WeightedSum;
using runner::erased_problem;
using Erased = runner::ProblemOf<Vector2d>;
using ErasedGradient = Gradient<runner::Field<Vector2d>, Vector2d>;

Adaptive to(double tolerance) { return {.rtol = tolerance, .atol = tolerance}; }

// Of a field behind a pointer, so that each is compiled once.
ErasedGradient reference(const Erased& problem, const SaveAt& save_at, const std::vector<double>& jumps = {}) {
  Adaptive steps = to(1e-12);
  steps.jumps = jumps;
  return value_and_gradient(problem, Dop853{}, steps, WeightedSum{}, save_at, DirectAdjoint{}).gradient;
}
ErasedGradient quadrature(const Erased& problem, const SaveAt& save_at, const Adaptive& steps, double gtol = 0) {
  return value_and_gradient(problem, Dopri5{}, steps, WeightedSum{}, save_at,
                            GaussLegendreAdjoint<>{.method = {}, .steps = {}, .gtol = gtol})
      .gradient;
}

Erased driven_pendulum(double t1, double drive, double frequency) {
  problems::DrivenPendulum<> field;
  field.theta << 0.25, drive, frequency;
  return erased_problem<Vector2d>(field, Vector2d(1, 0.5), 0.5, t1);
}
const Erased pendulum = driven_pendulum(6, 1.2, 0.7);
const SaveAt on_the_way{.times = {0.5, 0.7, 2.5, 2.5, 4.0}, .t0 = true, .t1 = true};

// y' = θ0 s(t) − y, s a sign that changes at known times: ∂f/∂θ0 jumps, and λ does not.
struct Flipped {
  std::vector<double> flips;
  Eigen::Vector<double, 1> theta{0.7};
  const auto& parameters() const { return theta; }
  double sign(double t) const {
    double s = 1;
    for (const double flip : flips)
      if (t > flip) s = -s;
    return s;
  }
  void operator()(double t, const auto& y, auto& dy) const { dy[0] = theta[0] * sign(t) - y[0]; }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] -= w[0];
    theta_bar[0] += sign(t) * w[0];
  }
};

// z' = a z.
struct Growth {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{0.2};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& z, auto& dz) const { dz = theta[0] * z; }
  void vjp(double, const auto& z, const auto& w, auto& z_bar, auto& theta_bar) const {
    z_bar += theta[0] * w;
    theta_bar[0] += z[0] * w[0];
  }
};

// A field that offers the halves of its vjp, and counts how often it was asked for what.
struct Asked {
  std::int64_t whole = 0, state = 0, parameters = 0;
};
struct InHalves {
  problems::DrivenPendulum<> field;
  Asked* asked;
  const auto& parameters() const { return field.theta; }
  void operator()(double t, const Vector2d& y, Vector2d& dy) const { field(t, y, dy); }
  void vjp(double t, const Vector2d& y, const Vector2d& w, Vector2d& y_bar, auto& theta_bar, double& t_bar) const {
    ++asked->whole;
    field.vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
  void vjp_state(double t, const Vector2d& y, const Vector2d& w, Vector2d& y_bar) const {
    ++asked->state;
    Eigen::Vector3d theta_bar;
    double t_bar = 0;
    field.vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
  void vjp_parameters(double t, const Vector2d& y, const Vector2d& w, Eigen::Vector3d& theta_bar) const {
    ++asked->parameters;
    Vector2d y_bar;
    double t_bar = 0;
    field.vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
};

}  // namespace

TEST_CASE("Rules integrate polynomials of twice their number exactly, and no more", "[gauss-legendre]") {
  for (const int n : {1, 2, 3, 5, 16, 64, 200}) {
    CAPTURE(n);
    const detail::LegendreRule rule(n);
    const auto moment = [&](int degree) {  // of shifted powers, on [−1, 1]
      double sum = 0;
      for (std::size_t i = 0; i < rule.nodes.size(); ++i)
        sum += rule.weights[i] * std::pow(2 * rule.nodes[i] - 1, degree);
      return sum;
    };
    for (int degree = 0; degree<2 * n; degree += n> 16 ? 7 : 1) {
      CAPTURE(degree);
      CHECK(std::fabs(moment(degree) - (degree % 2 == 0 ? 1.0 / (degree + 1) : 0.0)) < 1e-14);
    }
    if (n <= 5) CHECK(std::fabs(moment(2 * n) - 1.0 / (2 * n + 1)) > 1e-4);
    for (std::size_t i = 1; i < rule.nodes.size(); ++i) CHECK(rule.nodes[i] > rule.nodes[i - 1]);
  }
}

TEST_CASE("The gradient comes to that of the equation at the tolerance's order", "[gauss-legendre]") {
  // Forth and back there are a few tens of steps, of an error below the tolerance each, which grow by the flow.
  const auto check = [](const Erased& problem, const SaveAt& save_at, double growth = 100) {
    const ErasedGradient expected = reference(problem, save_at);
    for (const double tolerance : {1e-5, 1e-7, 1e-9}) {
      CAPTURE(tolerance);
      const ErasedGradient got = quadrature(problem, save_at, to(tolerance));
      CHECK(battery::gradient_difference(expected, got) < growth * tolerance);
      CHECK(got.stats.drift > 0);
      CHECK(got.stats.drift < growth * tolerance);
    }
  };
  check(pendulum, on_the_way);
  check(pendulum, {});
  // Towards smaller times, and over stretches of less than a step.
  check(driven_pendulum(-4, 1.2, 0.7), {.times = {0.5, 0.4, -1.0, -1.0, -4.0}});
  check(driven_pendulum(0.7, 1.2, 0.7), {.times = {0.51, 0.52, 0.53, 0.6}, .t1 = true});
  check(erased_problem<Vector2d>(problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 3.0), {.times = {0.5, 2.0}});
  // Many panels, over three periods.
  check(erased_problem<Vector2d>(problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 12.0), {}, 1000);
}

TEST_CASE("Where f jumps each side is seen by itself", "[gauss-legendre]") {
  const Erased problem = erased_problem<Vector2d>(problems::SwitchedVortex<>{}, Vector2d(1, 0.5), 0.5, 3.0);
  const SaveAt save_at{.times = {1.06, 1.2}, .t1 = true};
  Adaptive steps = to(1e-8);
  steps.jumps = problems::switches();
  CHECK(battery::gradient_difference(reference(problem, save_at, problems::switches()),
                                     quadrature(problem, save_at, steps)) < 1e-6);
}

TEST_CASE("No rule goes over a jump of the vjp", "[gauss-legendre]") {
  const std::vector<double> flips{0.3, 0.61, 1.9, 2.3, 2.35};
  const double end = 3;
  // dy(3)/dθ0 = ∫ s(t) e^{t − 3} dt.
  double exact = 0, from = 0, sign = 1;
  for (const double to : {flips[0], flips[1], flips[2], flips[3], flips[4], end}) {
    exact += sign * (std::exp(to - end) - std::exp(from - end));
    from = to;
    sign = -sign;
  }
  const Problem problem{Flipped{flips}, Eigen::Vector<double, 1>(0.4), 0.0, end};
  const TerminalLoss loss{[](const auto& y, auto& y_bar) {
    y_bar[0] = 1;
    return y[0];
  }};
  for (const double tolerance : {1e-5, 1e-8}) {
    Adaptive steps = to(tolerance);
    steps.jumps = flips;
    for (const double dtmax : {3.0, 0.01}) {
      steps.dtmax = dtmax;
      const double theta_bar =
          value_and_gradient(problem, Dopri5{}, steps, loss, GaussLegendreAdjoint{}).gradient.theta[0];
      CAPTURE(tolerance, dtmax, theta_bar - exact);
      CHECK(std::fabs(theta_bar - exact) < 30 * tolerance);
    }
  }
  const double in_equal_steps =
      value_and_gradient(problem, Dopri5{}, FixedSteps{.n = 300, .jumps = flips}, loss, GaussLegendreAdjoint{})
          .gradient.theta[0];
  CHECK(std::fabs(in_equal_steps - exact) < 1e-10);
}

TEST_CASE("What the state hardly feels is refined until the quadrature sees it", "[gauss-legendre]") {
  // The drive turns many times in a step that would do for y and λ.
  const Erased weak = driven_pendulum(5.5, 0.01, 40);
  const ErasedGradient expected = reference(weak, {});
  CHECK(battery::relative_difference(expected.theta, quadrature(weak, {}, to(1e-6)).theta) < 1e-4);
  // A loose gtol buys fewer nodes.
  const ErasedGradient tight = quadrature(pendulum, {}, to(1e-8)), loose = quadrature(pendulum, {}, to(1e-8), 0.01);
  CHECK(loose.stats.vjps < tight.stats.vjps);
  const ErasedGradient of_pendulum = reference(pendulum, {});
  CHECK(battery::relative_difference(of_pendulum.theta, loose.theta) < 0.01);
  CHECK(battery::relative_difference(of_pendulum.y0, loose.y0) < 1e-6);
}

TEST_CASE("A field that offers the halves of its vjp is asked for these", "[gauss-legendre]") {
  Asked asked;
  const Problem problem{InHalves{{}, &asked}, Vector2d(1, 0.5), 0.5, 6.0};
  const Adaptive steps = to(1e-7);
  auto pass = solve_with_pullback(problem, Dopri5{}, steps, SaveAt{}, GaussLegendreAdjoint<>{});
  asked = {};  // the vjp has been tried once
  const auto got = pass.pullback({Vector2d(1, -1)});
  CHECK(asked.whole == 0);
  CHECK(asked.state == got.stats.state_vjps);
  CHECK(asked.state + asked.parameters == got.stats.vjps);
  CHECK(2 * asked.parameters < asked.state);
  auto whole = solve_with_pullback(pendulum, Dopri5{}, steps, SaveAt{}, GaussLegendreAdjoint<>{});
  const auto expected = whole.pullback({Vector2d(1, -1)});
  CHECK(battery::relative_difference(expected.y0, got.y0) < 1e-12);
  CHECK(battery::relative_difference(expected.theta, got.theta) < 1e-12);
  CHECK(expected.stats.state_vjps == 0);
  CHECK(expected.stats.vjps == got.stats.vjps);
}

TEST_CASE("Between saves that are close there are as few nodes as will do", "[gauss-legendre]") {
  // 200 stretches, of lengths from a thousandth of the mean to twice it.
  SaveAt save_at;
  for (int i = 1; i <= 200; ++i) save_at.times.push_back(0.5 + 5.5 * (i + 0.999 * std::sin(i)) / 201);
  std::sort(save_at.times.begin(), save_at.times.end());
  const ErasedGradient expected = reference(pendulum, save_at);
  for (const double tolerance : {1e-3, 1e-5, 1e-7}) {
    CAPTURE(tolerance);
    Asked asked;
    const Problem problem{InHalves{{}, &asked}, Vector2d(1, 0.5), 0.5, 6.0};
    auto pass = solve_with_pullback(problem, Dopri5{}, to(tolerance), save_at, GaussLegendreAdjoint<>{});
    std::vector<Vector2d> ys_bar;
    for (std::size_t i = 0; i < save_at.times.size(); ++i)
      ys_bar.emplace_back(WeightedSum::weight(i, 0), WeightedSum::weight(i, 1));
    asked = {};
    const auto got = pass.pullback(ys_bar);
    // Three a stretch are what the order is worth; at 1e-3 one will do in most.
    CHECK(asked.parameters < (tolerance > 1e-4 ? 350 : 620));
    // The way back to this tolerance alone is off by 1 to 5 times of it.
    CHECK(battery::relative_difference(expected.theta, got.theta) < 10 * tolerance);
  }
}

TEST_CASE("A few short steps beside many are not judged by a rule and itself", "[gauss-legendre]") {
  // Where a node or less to eight steps has done, the six before the saved state had one in both rules.
  Adaptive steps = to(1e-8);
  steps.dtmax = 0.005;
  const SaveAt early{.times = {0.53}, .t1 = true};
  const auto got = quadrature(pendulum, early, steps), finer = quadrature(pendulum, early, steps, 1e-13);
  CHECK(battery::relative_difference(finer.theta, got.theta) < 1e-8);
}

TEST_CASE("In equal steps there are as many nodes as the order is worth", "[gauss-legendre]") {
  const ErasedGradient expected = reference(pendulum, {});
  const auto error = [&](std::int64_t n) {
    const auto got =
        value_and_gradient(pendulum, Dopri5{}, FixedSteps{n}, WeightedSum{}, SaveAt{}, GaussLegendreAdjoint<>{})
            .gradient;
    // Seven stages a step, for its dense output, of which the last is the next step's first; three nodes.
    CHECK(got.stats.vjps == 6 * n + 1 + 3 * n);
    return battery::gradient_difference(expected, got);
  };
  const double coarse = error(40), fine = error(80);
  CHECK(std::log2(coarse / fine) > 4.5);
}

TEST_CASE("z' = 0.2 z to ten digits", "[gauss-legendre]") {
  // L = z(T)², z(T) = z0 e^{aT}: 2 z0 e^{2aT}, 2 T z0² e^{2aT}, 2 a z0² e^{2aT} and minus that.
  const TerminalLoss square{[](const auto& z, auto& z_bar) {
    z_bar = 2 * z;
    return z.squaredNorm();
  }};
  for (const double t1 : {19.0, 29.0}) {
    const Problem problem{Growth{}, Eigen::Vector<double, 1>(10), 0.0, t1};
    const auto got = value_and_gradient(problem, Dop853{}, to(1e-13), square,
                                        GaussLegendreAdjoint<>{.method = {}, .steps = {}, .gtol = 1e-12});
    const double growth = std::exp(0.4 * t1);
    CHECK(std::fabs(got.value / (100 * growth) - 1) < 1e-10);
    CHECK(std::fabs(got.gradient.y0[0] / (20 * growth) - 1) < 1e-10);
    CHECK(std::fabs(got.gradient.theta[0] / (200 * t1 * growth) - 1) < 1e-10);
    CHECK(std::fabs(got.gradient.t1 / (40 * growth) - 1) < 1e-10);
    CHECK(std::fabs(got.gradient.t0 / (-40 * growth) - 1) < 1e-10);
  }
}

TEST_CASE("Bad options are refused", "[gauss-legendre]") {
  for (const double gtol : {-1e-6, std::nan("")})
    CHECK_THROWS_WITH(quadrature(pendulum, {}, to(1e-6), gtol), ContainsSubstring("GaussLegendreAdjoint::gtol is ") &&
                                                                    ContainsSubstring("at least 0 and finite"));
  CHECK_THROWS_WITH(value_and_gradient(pendulum, Dopri5{}, to(1e-6), WeightedSum{}, SaveAt{},
                                       GaussLegendreAdjoint<>{.method = {}, .steps = {}, .gtol = 0, .reset_every = 0}),
                    ContainsSubstring("GaussLegendreAdjoint::reset_every is 0"));
}
