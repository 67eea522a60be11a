// The resolutions that exact methods get from y0, its slope and the tolerances: room to grow whatever the tolerance, and entries
// of very different size in one state, each held at its own. Closed forms throughout.
#include "battery.hpp"
#include "catch.hpp"
#include "reversible_methods.hpp"
#include "split_problems.hpp"

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;
using Eigen::VectorXd;

namespace {

// y_i' = θ_i y_i, halves of v' = θ_0 w, w' = θ_1 v where it is split.
struct Rates {
  static constexpr bool autonomous = true;
  Eigen::VectorXd theta;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    for (Eigen::Index i = 0; i < y.size(); ++i) dy[i] = theta[i] * y[i];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      y_bar[i] += theta[i] * w[i];
      theta_bar[i] += y[i] * w[i];
    }
  }
};

Rates rates(double first, double second) { return {Vector2d(first, second)}; }

template <class M, class Steps>
VectorXd end_of(const Rates& field, const Vector2d& y0, double t1, const M& method, const Steps& steps) {
  return solve(Problem{field, VectorXd(y0), 0.0, t1}, method, steps).ys().back();
}

// Relative to what each entry is, e^{θ_i t}.
template <class M, class Steps>
double worst_entry(const Rates& field, const Vector2d& y0, double t1, const M& method, const Steps& steps) {
  const Vector2d expected = y0.array() * (field.theta.array() * t1).exp();
  return ((end_of(field, y0, t1, method, steps) - expected).array() / expected.array()).abs().maxCoeff();
}

const Vector2d far_apart(1e6, 1e-12);

using OneField = std::tuple<Reversible<Dopri5>, Reversible<RK4>, TwoPoint<Dopri5>, LeapfrogMidpoint<>, ReversibleHeun<>,
                            AsynchronousLeapfrog<>, ReversibleAdams<2>, ReversibleAdams<5>, ReversibleAdamsPece<3>>;

}  // namespace

TEST_CASE("A tolerance far below the state leaves it room", "[resolution]") {
  // rtol asks for 1e-6 a step: some 1e-5 at the end.
  CHECK(worst_entry(rates(-1, -0.5), Vector2d(1e6, 3e5), 2, Reversible<Dopri5>{},
                    Adaptive{.rtol = 1e-6, .atol = 1e-12}) < 1e-5);
  CHECK(worst_entry(rates(-1, 0.5), Vector2d(1e6, 3e5), 2, ReversibleAdams<4>{},
                    Adaptive{.rtol = 1e-6, .atol = 1e-18}) < 1e-4);
  // From 1 to 1000, past 32, which is 2^61 of a 64th of 1e-15.
  CHECK(worst_entry(rates(1, 0.5), Vector2d(1, 1), std::log(1000.0), Reversible<Dopri5>{},
                    Adaptive{.rtol = 1e-6, .atol = 1e-15}) < 1e-4);
  // One tiny entry of several.
  CHECK(worst_entry(rates(-1, -0.5), Vector2d(1e6, 1), 2, Reversible<Dopri5>{},
                    Adaptive{.rtol = 1e-6, .atol = Vector2d(1, 1e-15)}) < 1e-5);
}

TEST_CASE("A tolerance of each entry gives it a resolution of its own", "[resolution]") {
  const Problem problem{rates(-1, -0.5), VectorXd(Vector2d(1e6, 1)), 0.0, 1.0};
  const auto steps = solve(problem, Reversible<Dopri5>{}, Adaptive{.rtol = 1e-9, .atol = Vector2d(1e-3, 1e-9)})
                         .steps()
                         .resolutions.state;
  REQUIRE(steps.per_entry());
  CHECK(steps(0) == 0x1p-22);  // 2^-42 of 1e6, which is below 1e-3/64
  CHECK(steps(1) == 0x1p-30);  // the finest beside 1e6: 1e-9/64 would be 2^-36
  CHECK_FALSE(solve(problem, Reversible<Dopri5>{}, Adaptive{.atol = Vector2d(1e-3, 1e-3)})
                  .steps()
                  .resolutions.state.per_entry());
}

TEMPLATE_LIST_TEST_CASE("Entries of 1e6 and 1e-12 in one state keep their digits, and come back bit for bit",
                        "[resolution]", OneField) {
  const TestType method{};
  const Rates field = rates(-0.25, -0.5);
  const auto check = [&](const auto& steps, double tolerance) {
    const Problem problem{field, VectorXd(far_apart), 0.0, 1.0};
    CHECK(worst_entry(field, far_apart, 1, method, steps) < tolerance);
    CHECK(assert_reversible(problem, method, steps).drift == 0);
    // L = Σ log |y_i(1)| has ∂L/∂θ_i = 1 and ∂L/∂y0_i = 1/y0_i, of an entry as of the other.
    const auto loss = [](const auto& ys, auto& ys_bar) {
      ys_bar.back() = ys.back().cwiseInverse();
      return ys.back().array().log().sum();
    };
    const auto gradient = value_and_gradient(problem, method, steps, loss).gradient;
    CHECK((gradient.theta - Vector2d::Ones()).norm() < tolerance);
    CHECK((gradient.y0.cwiseProduct(far_apart) - Vector2d::Ones()).norm() < tolerance);
  };
  // Of order 2 with 400 steps: (0.5/400)²/6 and less; and the grain of the small entry, 1e-6 of it at the start, four roundings
  // a step, which the asynchronous leapfrog and the midpoint add up: √1600/√12 · 1e-6 · e^{1/2}.
  check(FixedSteps{400}, 1e-4);
  if constexpr (!std::is_same_v<TestType, Reversible<RK4>> && !std::is_same_v<TestType, LeapfrogMidpoint<>>)
    check(Adaptive{.rtol = 1e-6, .atol = 1e-18}, 1e-3);
}

TEST_CASE("A small entry is held at what its slope makes of it", "[resolution]") {
  const auto resolution = [](const Rates& field, const Vector2d& y0, double t1) {
    return solve(Problem{field, VectorXd(y0), 0.0, t1}, Reversible<Dopri5>{}, FixedSteps{20}).steps().resolutions.state;
  };
  // e^{20} of 1e-12 in the solve: its slope makes 2e-11 of it, and there is room for 2^41 times that.
  const Resolution seed = resolution(rates(-1, 10), Vector2d(1, 1e-12), 2);
  REQUIRE(seed.per_entry());
  CHECK(seed(1) == std::exp2(std::floor(std::log2(2e-11 / 0x1p20))));
  CHECK(worst_entry(rates(-1, 10), Vector2d(1, 1e-12), 2, Reversible<Dopri5>{}, FixedSteps{200}) < 1e-5);
  // 2^20 units or more: nothing to do.
  CHECK_FALSE(resolution(rates(-1, 1), Vector2d(1, 3e-7), 1).per_entry());
  CHECK_FALSE(resolution(rates(-1, 1), Vector2d(1, 0), 1).per_entry());
  // A state that is small as a whole is held too.
  CHECK(worst_entry(rates(-1, 1), Vector2d(1e-11, -3e-12), 1, Reversible<Dopri5>{}, FixedSteps{50}) < 1e-5);
}

TEST_CASE("An entry that is round-off of 0 and moved by the others is one of them", "[resolution]") {
  // A satellite in metres and seconds: x = 7000 km · cos(π/2), which is 4e-10 and grows to 7e6.
  struct Orbit {
    void operator()(double, const Eigen::Vector4d& y, Eigen::Vector4d& dy) const {
      const double r = y.head<2>().norm();
      dy << y.tail<2>(), -3.986e14 / (r * r * r) * y.head<2>();
    }
  };
  const double quarter = std::acos(-1.0) / 2, radius = 7e6, speed = std::sqrt(3.986e14 / radius);
  const double period = 4 * quarter * radius / speed;
  const Eigen::Vector4d y0(radius * std::cos(quarter), radius, -speed, speed * std::cos(quarter));
  const Problem problem{Orbit{}, y0, 0.0, period};
  const auto check = [&](const auto& steps) {
    const auto solution = solve(problem, Reversible<Dop853>{}, steps);
    CHECK_FALSE(solution.steps().resolutions.state.per_entry());
    CHECK((solution.ys().back() - y0).norm() < 1e-4 * radius);
  };
  check(FixedSteps{200});
  check(Adaptive{.rtol = 1e-9, .atol = 1e-6});
  check(Adaptive{.rtol = 1e-9, .atol = 1e-20});
}

TEST_CASE("Halves of a split state have entries of their own size", "[resolution]") {
  // Two oscillators, v'' = −θ v, of 1e6 and 1e-12, w(0) = −v(0) ω.
  const double angle = std::sqrt(1.5);
  const Eigen::Vector4d start(1e6, 1e-12, -1e6 * angle, -1e-12 * angle);
  const Problem problem{problems::Oscillators<>{}, VectorXd(start), 0.0, 1.0};
  const double v = std::cos(angle) - std::sin(angle), w = -angle * (std::cos(angle) + std::sin(angle));
  const auto check = [&](const auto& method) {
    const auto y = solve(problem, method, FixedSteps{1000}).ys().back();
    for (const Eigen::Index i : {0, 1}) {
      CHECK(y[i] / start[i] == Approx(v).margin(1e-2));
      CHECK(y[2 + i] / start[i] == Approx(w).margin(1e-2));
    }
    // Both entries of a half are alike to the grain of 1e-6, a thousand steps of roundings.
    CHECK(y[1] / start[1] == Approx(y[0] / start[0]).epsilon(1e-4));
    CHECK(assert_reversible(problem, method, FixedSteps{1000}).drift == 0);
    CHECK(value_and_gradient(problem, method, FixedSteps{1000}, [](const auto& ys, auto& ys_bar) {
            ys_bar.back()[1] = 1;
            return ys.back()[1];
          }).gradient.y0[1] == Approx(std::cos(angle)).margin(1e-2));
  };
  check(Verlet<>{});
  check(SemiImplicitEuler<>{});
  check(Suzuki4<>{});
}

TEST_CASE("Resolutions of entries go with the steps into their replay", "[resolution]") {
  const Problem problem{rates(-0.25, -0.5), VectorXd(far_apart), 0.0, 1.0};
  const auto check = [&](const auto& method) {
    const auto solution = solve(problem, method, Adaptive{.rtol = 1e-6, .atol = 1e-18}, SaveAt{.steps = true});
    const auto replay = solve(problem, method, StepTo{solution.steps()}, SaveAt{.steps = true});
    CHECK(replay.steps().resolutions.state == solution.steps().resolutions.state);
    REQUIRE(replay.ts() == solution.ts());
    for (std::size_t i = 0; i < solution.ys().size(); ++i) CHECK(battery::same_bits(replay.ys()[i], solution.ys()[i]));
  };
  check(Reversible<Dopri5>{});
  check(TwoPoint<Bosh3>{});
  check(AsynchronousLeapfrog<>{});
  check(ReversibleAdams<3>{});
  // Of another number of entries, they are found anew.
  const auto steps = solve(problem, Reversible<Dopri5>{}, Adaptive{.rtol = 1e-6, .atol = 1e-18}).steps();
  const Problem three{Rates{Eigen::Vector3d(1, 1, 1)}, VectorXd(Eigen::Vector3d(1, 1, 1)), 0.0, 1.0};
  CHECK_NOTHROW(solve(three, Reversible<Dopri5>{}, StepTo{steps}));
}

TEST_CASE("A resolution may be given for each entry", "[resolution]") {
  const auto given = [](const Resolution& resolution) { return Reversible<Dopri5>{.resolution = resolution}; };
  const Problem problem{rates(-0.25, -0.5), VectorXd(far_apart), 0.0, 1.0};
  const auto solution = solve(problem, given(Vector2d(1e-6, 1e-24)), FixedSteps{20});
  CHECK(solution.steps().resolutions.state(1) == std::exp2(std::floor(std::log2(1e-24))));
  CHECK(assert_reversible(problem, given(Vector2d(1e-6, 1e-24)), FixedSteps{20}).drift == 0);
  const auto refusal = [&](const Resolution& resolution) -> std::string {
    try {
      (void)solve(problem, given(resolution), FixedSteps{20});
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "not refused";
  };
  CHECK(refusal(Eigen::Vector3d(1, 1, 1)) ==
        "antistrophe: the number of entries of resolution is 3; it must be that of the numbers it is for, 2");
  CHECK(refusal(Vector2d(1e-6, 0)) == "antistrophe: resolution[1] is 0; it must be positive");
  CHECK(refusal(Vector2d(1e-6, 1)) ==
        "antistrophe: resolution[1] is 1; it must be at most y0[1], 1e-12, or y0 would be lost");
  CHECK(refusal(Vector2d(1e-13, 1e-20)) ==
        "antistrophe: resolution[0] is 1e-13; it must be above 8.673617379884035e-13, so that y0 fits in 60 bits");
  // Out of range, the entry is named that is, not the one that is largest.
  const Problem growing{rates(-0.25, 1), VectorXd(far_apart), 0.0, 20.0};
  const auto failed = solve(growing, given(Vector2d(1e-6, 0x1p-90)), FixedSteps{200}, {}, OnFailure::return_status);
  CHECK(failed.status() == Status::out_of_range);
  CHECK(failed.failure().component == 1);
  CHECK(failed.failure().cause.find("one number serves them all") != std::string::npos);
}

namespace {

template <class M>
void check_room(const M& method, double t1) {
  CAPTURE(battery::Facts<std::decay_t<M>>::name, t1);
  for (const double tolerance : {1e-3, 1e-6}) {
    CAPTURE(tolerance);
    const Adaptive steps{.rtol = tolerance, .atol = tolerance};
    const Problem problem{rates(1, 0.5), VectorXd(Vector2d(1, 1)), 0.0, t1};
    const auto solution = solve(problem, method, steps);
    REQUIRE(solution.ys().back()[0] > 0x1p19);
    CHECK(solution.ys().back()[0] == Approx(std::exp(t1)).epsilon(200 * tolerance));
    CHECK(solution.ys().back()[1] == Approx(std::exp(t1 / 2)).epsilon(200 * tolerance));
    CHECK(solve(problem, method, StepTo{solution.steps()}).ys().back() == solution.ys().back());
    CHECK(assert_reversible(problem, method, StepTo{solution.steps()}).drift == 0);
    const TerminalLoss sum{[](const VectorXd& y, VectorXd& y_bar) {
      y_bar.setOnes();
      return y.sum();
    }};
    const auto [value, gradient] = value_and_gradient(problem, method, steps, sum);
    CHECK(value == Approx(solution.ys().back().sum()).epsilon(200 * tolerance));
    CHECK(gradient.theta[0] == Approx(t1 * std::exp(t1)).epsilon(1000 * tolerance));
    CHECK(gradient.theta[1] == Approx(t1 * std::exp(t1 / 2)).epsilon(1000 * tolerance));
  }
}

}  // namespace

TEST_CASE("A state that outgrows numbers which were chosen for it begins again in coarser ones", "[resolution]") {
  check_room(Reversible<Dopri5>{}, 15);
  check_room(Reversible<Dop853>{}, 20);
  check_room(TwoPoint<Dopri5>{}, 15);
  check_room(ReversibleAdams<4>{}, 15);
  const Problem problem{rates(1, 0.5), VectorXd(Vector2d(1, 1)), 0.0, 15.0};
  const auto status = [&](const auto& method, const auto& steps, const auto&... extras) {
    return solve(problem, method, steps, extras..., OnFailure::return_status).status();
  };
  // Each is saved once.
  const auto saved = solve(problem, Reversible<Dopri5>{}, Adaptive{}, SaveAt{.times = {1, 14}, .t1 = true});
  CHECK(saved.ts() == std::vector{1.0, 14.0, 15.0});
  const auto first = [](double, const VectorXd& y) { return y[0]; };
  const auto of = solve(problem, Reversible<Dopri5>{}, Adaptive{}, SaveAt{.times = {1, 14}, .t1 = true}.of(first));
  REQUIRE(of.ts() == saved.ts());
  for (std::size_t i = 0; i < 3; ++i) CHECK(of.ys()[i] == saved.ys()[i][0]);
  // A resolution that was given stays; and who was told of states is not told others.
  CHECK(status(Reversible<Dopri5>{.resolution = 0x1p-42}, Adaptive{}) == Status::out_of_range);
  CHECK(status(Reversible<Dopri5>{}, Adaptive{}, SaveAt{.steps = true}, Observer{[](double, const VectorXd&) {}}) ==
        Status::out_of_range);
  // So tight a tolerance leaves no room.
  CHECK(status(Reversible<Dopri5>{}, Adaptive{.rtol = 1e-12, .atol = 1e-12}) == Status::out_of_range);
}
