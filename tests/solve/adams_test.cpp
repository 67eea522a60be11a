// Adams methods in adaptive steps: they reach a tolerance and replay bit for bit; and what they refuse.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;

namespace {

struct Sum {
  template <class Y>
  RealOf<Y> operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    ys_bar.back().setOnes();
    return ys.back().sum();
  }
};

}  // namespace

TEMPLATE_TEST_CASE("Value and gradient of Lotka–Volterra at a tolerance of 1e-9 to 1e-7", "[adaptive]",
                   ReversibleAdams<5>, ReversibleAdams<8>, ReversibleAdamsPece<5>) {
  // The reference: Dop853 in long double; 2,000, 4,000 and 8,000 equal steps agree in all digits given.
  constexpr double value = 1.93603584571113093;
  using Vector6d = Eigen::Vector<double, 6>;
  const Vector6d theta_then_y0{-4.096212993658198,   -0.509408811911299171, -1.14583488642973711,
                               -1.80432786876710130, -0.777983101192011992, 0.400282266222744243};
  CAPTURE(battery::Facts<TestType>::name);
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
  const auto result = value_and_gradient(problem, TestType{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, Sum{});
  Vector6d found;
  found << result.gradient.theta, result.gradient.y0;
  CAPTURE(result.value - value, found.transpose());
  CHECK(std::fabs(result.value - value) <= 1e-7);
  CHECK(battery::relative_difference(theta_then_y0, found) <= 1e-6);
}

TEST_CASE("The error follows the tolerance, and so does the number of steps by the order of the estimate",
          "[adaptive]") {
  const Problem problem{problems::VanDerPol<>{}, Eigen::Vector2d(2, 0), 0.0, 15.0};
  const auto reference = solve(problem, Dop853{}, Adaptive{.rtol = 1e-13, .atol = 1e-13}).ys().back();
  std::int64_t steps = 0;
  for (const double tolerance : {1e-5, 1e-8, 1e-11}) {
    const auto solution = solve(problem, ReversibleAdams<6>{}, Adaptive{.rtol = tolerance, .atol = tolerance});
    const double error = (solution.ys().back() - reference).norm();
    CAPTURE(tolerance, error, solution.stats().accepted);
    CHECK(error < 100 * tolerance);
    CHECK(error > 1e-3 * tolerance);
    // A thousandth of the tolerance asks for 10^{3/6} = 3.2 times the steps; restarts and rejections take their share.
    if (steps > 0) CHECK(static_cast<double>(solution.stats().accepted) < 4.5 * static_cast<double>(steps));
    steps = solution.stats().accepted;
    CHECK(solution.stats().rejected < steps / 2);
    // Hardly more than one evaluation a step.
    if (tolerance < 1e-9) CHECK(static_cast<double>(solution.stats().evaluations) < 1.5 * static_cast<double>(steps));
  }
}

namespace {

const Problem driven{problems::DrivenPendulum<>{}, Eigen::Vector2d(1, 0.5), 0.5, 12.0};
const Adaptive hasty{.rtol = 1e-4, .atol = 1e-4, .first_step = 4};
const SaveAt inside_and_steps{.times = {1.0, 1.0, 2.5, 7.75, 7.76}, .t1 = true};

}  // namespace

TEMPLATE_TEST_CASE("The steps taken, replayed, give the same states and gradients bit for bit", "[adaptive]",
                   ReversibleAdams<2>, ReversibleAdams<6>, ReversibleAdamsPece<4>) {
  CAPTURE(battery::Facts<TestType>::name);
  const TestType method{.resolution = 0x1p-45};
  auto pass = solve_with_pullback(driven, method, hasty, inside_and_steps);
  REQUIRE(pass.stats().rejected > 0);
  const std::vector<double> steps = pass.solution().steps();
  auto replay = solve_with_pullback(driven, method, StepTo{steps}, inside_and_steps);
  CHECK(replay.stats().rejected == 0);
  CHECK(replay.stats().bits == pass.stats().bits);
  for (std::size_t i = 0; i < pass.ys().size(); ++i) CHECK(battery::same_bits(replay.ys()[i], pass.ys()[i]));
  std::vector<Eigen::Vector2d> ys_bar = pass.ys();
  battery::WeightedSum{}(pass.ys(), ys_bar);
  const auto gradient = pass.pullback(ys_bar), replayed = replay.pullback(ys_bar);
  CHECK((battery::all_nonzero(gradient.y0) && battery::all_nonzero(gradient.theta) && gradient.t0 != 0 &&
         gradient.t1 != 0));
  CHECK(battery::same_bits(gradient.y0, replayed.y0));
  CHECK(battery::same_bits(gradient.theta, replayed.theta));
  CHECK((gradient.t0 == replayed.t0 && gradient.t1 == replayed.t1));
}

TEST_CASE("After a step has changed it is kept, for as many steps as the weights see", "[adaptive]") {
  const auto solution = solve(driven, ReversibleAdams<5>{}, Adaptive{.rtol = 1e-7, .atol = 1e-7});
  const std::vector<double> t = solution.steps();
  int since_growth = 0, growths = 0;
  for (std::size_t i = 2; i + 1 < t.size(); ++i) {  // the last is cut to fit
    const double ratio = (t[i] - t[i - 1]) / (t[i - 1] - t[i - 2]);
    CHECK(ratio < 2 + 1e-9);
    ++since_growth;
    if (ratio < 1 + 1e-9) {
      if (ratio < 1 - 1e-9) since_growth = 0;
      continue;
    }
    CHECK(ratio > 1.2 - 1e-9);
    CHECK(since_growth >= 5);
    since_growth = 0;
    ++growths;
  }
  CHECK(growths > 3);
}

// --- What is refused -----------------------------------------------------------------------------------------------------------

namespace {

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "not refused";
}

}  // namespace

TEST_CASE("Fewer steps than K, and a λ that is none, are refused in a sentence", "[bad input]") {
  const auto with = [&](const auto& method, const auto& steps) {
    return refusal([&] { (void)solve(driven, method, steps); });
  };
  const std::string few = "; it must be at least 4, the order of the multistep method, or 0";
  CHECK(with(ReversibleAdams<4>{}, FixedSteps{3}) == "antistrophe: the number of steps is 3" + few);
  CHECK(with(ReversibleAdams<4>{}, FixedStep{6.0}) == "antistrophe: the number of steps is 2" + few);
  CHECK(with(ReversibleAdamsPece<4>{}, FixedSteps{1}) == "antistrophe: the number of steps is 1" + few);
  CHECK(with(ReversibleAdams<4>{}, FixedSteps{4}) == "not refused");
  const std::string exact =
      "; it must be ±(1 - 2^-m) or ±2^-q with m, q <= 40, such as 1/2, 1/4, -1/4 or -3/4 (Floating takes "
      "any in [-1, 1] but 0)";
  CHECK(with(ReversibleAdams<4>{.lambda = 0}, FixedSteps{9}) ==
        "antistrophe: lambda of an exact Adams method is 0" + exact);
  CHECK(with(ReversibleAdams<4>{.lambda = -0.3}, FixedSteps{9}) ==
        "antistrophe: lambda of an exact Adams method is -0.3" + exact);
  const std::string floating = "; it must be in [-1, 1] and not 0, at which there is no way back";
  for (const auto& [lambda, text] : {std::pair{0.0, "0"}, std::pair{-1.5, "-1.5"}, std::pair{std::nan(""), "nan"}})
    CHECK(with(ReversibleAdams<3, Floating>{.lambda = lambda}, FixedSteps{9}) ==
          std::string("antistrophe: lambda of a floating Adams method is ") + text + floating);
}

TEST_CASE("t0 == t1 takes no step, which is enough", "[bad input]") {
  Problem problem = driven;
  problem.t1 = problem.t0;
  CHECK(solve(problem, ReversibleAdams<4>{}, FixedSteps{10}).ys().back() == problem.y0);
}

// --- What goes wrong on the way ------------------------------------------------------------------------------------------------

TEST_CASE("A solution that outgrows its fixed-point numbers is stopped, with advice", "[range]") {
  using One = Eigen::Vector<double, 1>;
  const auto growth = [](double, const auto& y, auto& dy) { dy = y; };
  // 2^61 · 2^−42 is reached at e^t = 2^19, t = 13.2; increments of 2^60 units, or D, a little earlier if steps are long.
  for (const double sign : {1.0, -1.0}) {
    const Problem problem{growth, One(sign), 0.0, 20.0};
    const auto solution = solve(problem, ReversibleAdams<4>{}, FixedSteps{2000}, {}, OnFailure::return_status);
    CHECK(solution.failure().status == Status::out_of_range);
    CHECK(solution.failure().t > 12.4);
    CHECK(solution.failure().t < 13.3);
    CHECK(solution.failure().component == 0);
    CHECK(solution.failure().cause.find("would have held it") != std::string::npos);
    CHECK(std::fabs(solve(problem, ReversibleAdams<4>{.resolution = 0x1p-28}, FixedSteps{2000}).ys().back()[0] -
                    sign * std::exp(20.0)) < 1e-4 * std::exp(20.0));
  }
}

TEST_CASE("A stiff problem is told as stiff, in bounded time", "[stiff]") {
  const auto stiff = [](double t, const auto& y, auto& dy) { dy = (-1e12 * (y.array() - std::cos(t))).matrix(); };
  const Problem problem{stiff, Eigen::Vector2d(1, 1), 0.0, 10.0};
  const auto solution =
      solve(problem, ReversibleAdams<3>{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}, {}, OnFailure::return_status);
  CHECK(solution.failure().status != Status::success);
  CHECK(solution.failure().cause.find("stiff") != std::string::npos);
}

namespace {

// u1' = a u1 − u1 u2, u2' = −a u2 + u1 u2, at its fixed point.
struct Trap {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{1.0};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const Eigen::Vector2d& u, Eigen::Vector2d& du) const {
    du << theta[0] * u[0] - u[0] * u[1], u[0] * u[1] - theta[0] * u[1];
  }
  void vjp(double, const Eigen::Vector2d& u, const Eigen::Vector2d& w, Eigen::Vector2d& u_bar,
           Eigen::Vector<double, 1>& a_bar) const {
    u_bar[0] += w[0] * (theta[0] - u[1]) + w[1] * u[1];
    u_bar[1] += w[1] * (u[0] - theta[0]) - w[0] * u[0];
    a_bar[0] += w[0] * u[0] - w[1] * u[1];
  }
};

}  // namespace

// A state at rest, whose error estimates are 0 while its sensitivities oscillate (gradient_trap_test.cpp).
TEMPLATE_TEST_CASE("The gradient trap: steps stay where the method is stable", "[adaptive]", ReversibleAdams<2>,
                   ReversibleAdams<5>, ReversibleAdams<8>, ReversibleAdamsPece<4>) {
  const Problem problem{Trap{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
  std::vector<double> times;
  for (int i = 0; i <= 100; ++i) times.push_back(0.1 * i);
  auto pass = solve_with_pullback(problem, TestType{}, Adaptive{}, SaveAt{.times = times});
  const double slope = pass.pullback(std::vector<Eigen::Vector2d>(times.size(), Eigen::Vector2d::Ones())).theta[0];
  CAPTURE(battery::Facts<TestType>::name, slope);
  // The value that gradient_trap_test.cpp derives; at a tolerance of 1e-6 it is met to 1e-4.
  CHECK(std::fabs(slope / 212.7104 - 1) < 1e-4);
}

TEST_CASE("An empty state takes adaptive steps too", "[adaptive]") {
  const auto nothing = [](double, const auto& y, auto& dy) { dy = -y; };
  const Problem problem{nothing, Eigen::VectorXd(0), 0.0, 1.0};
  CHECK(solve(problem, ReversibleAdams<4>{}, Adaptive{}).ys().back().size() == 0);
}
