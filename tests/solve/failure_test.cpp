// What cannot go on is told: the status, the step, the time, the component, the cause, and the solution so far.
#include "battery.hpp"
#include "catch.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;

namespace {

using Solution2 = Solution<Eigen::Vector2d>;

// Two components that do not know of each other; from `onset` on the second's derivative is `value`.
struct Breaking {
  double onset = 1e300;
  double value = std::numeric_limits<double>::quiet_NaN();
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    dy << -y[0], (t >= onset ? value : 0.5);
  }
  void vjp(double, const Eigen::Vector2d&, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto&) const {
    y_bar[0] -= w[0];
  }
};

using TwoKinds = battery::Joined<battery::FewPlainMethods, battery::FewExactMethods>;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("A state that outgrows the range of exact arithmetic is told with a resolution that holds it", "[failure]") {
  struct Growth {
    void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy << 0.1, y[1]; }
  };
  const auto check = [](const auto& method, double t1) {
    CAPTURE(battery::Facts<std::decay_t<decltype(method)>>::name, t1);
    const Problem problem{Growth{}, Eigen::Vector2d(1, 1), 0.0, t1};
    const auto steps = FixedStep{1.0 / 16};
    const auto failed = solve(problem, method, steps, {}, OnFailure::return_status);
    REQUIRE(failed.status() == Status::out_of_range);
    CHECK(failed.failure().component == 1);
    // 2^61 · 2^−42 is reached at e^t = 2^19 (increments of 2^60 units earlier, if the steps are long).
    CHECK(std::fabs(failed.failure().t - 19 * std::log(2.0)) < 1);
    const std::string& cause = failed.failure().cause;
    const std::string before = ".resolution = ";
    const std::size_t at = cause.find(before);
    REQUIRE(at != std::string::npos);
    auto coarser = method;
    coarser.resolution = std::stod(cause.substr(at + before.size()));
    CHECK(coarser.resolution.smallest() > std::ldexp(1.0, -42));
    const auto held = solve(problem, coarser, steps);
    CHECK(held.ys().back()[1] == Approx(std::exp(t1)).epsilon(0.1));
    CHECK(held.stats().steps == static_cast<std::int64_t>(16 * t1));
    // And it comes back.
    CHECK(assert_reversible(problem, coarser, steps).drift == 0);
  };
  check(Reversible<RK4>{}, 15.0);
  check(Reversible<Midpoint>{.lambda = 0.75}, 16.0);
}

TEST_CASE("An initial state or increment beyond the range does not wrap around", "[failure]") {
  struct Fast {
    double speed;
    void operator()(double, const Eigen::Vector2d&, Eigen::Vector2d& dy) const { dy << 0, speed; }
  };
  // One increment of 1e20 at a resolution of 2^−42: 4e32 units, or four times around 64 bits and more.
  for (const double speed : {1e7, 1e20, -1e20, 1e300}) {
    const Problem problem{Fast{speed}, Eigen::Vector2d(1, 1), 0.0, 1.0};
    const auto solution = solve(problem, Reversible<Euler>{}, FixedSteps{2}, {}, OnFailure::return_status);
    CHECK(solution.status() == Status::out_of_range);
    CHECK(solution.failure().component == 1);
  }
  CHECK_THROWS_AS((void)solve(Problem{Fast{1}, Eigen::Vector2d(1, 1e30), 0.0, 1.0},
                              Reversible<Euler>{.resolution = 1e-9}, FixedSteps{2}),
                  std::invalid_argument);
}

namespace {

// A linear field with an impurity: noise, a counter, or a parameter that is shared with the world outside.
struct Impure {
  enum class Kind { none, counter, noise };
  Kind kind;
  std::int64_t* calls;
  std::mt19937* engine;
  Eigen::Vector2d theta{-0.5, 1};
  auto& parameters() { return theta; }
  const auto& parameters() const { return theta; }

  void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    dy << theta[0] * y[0] + theta[1] * y[1], theta[0] * y[1] - theta[1] * y[0];
    ++*calls;
    if (kind == Kind::counter && *calls == 300) dy[0] += 1e-6;
    if (kind == Kind::noise) dy[1] += 1e-6 * std::uniform_real_distribution<double>(-1, 1)(*engine);
  }
  void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[0] * w[0] - theta[1] * w[1];
    y_bar[1] += theta[0] * w[1] + theta[1] * w[0];
    theta_bar[0] += w.dot(y);
    theta_bar[1] += w[0] * y[1] - w[1] * y[0];
  }
};

template <class M, class L>
Status status_of(const Problem<Impure, Eigen::Vector2d>& problem, const M& method, const L& loss) {
  try {
    (void)value_and_gradient(problem, method, FixedSteps{200}, loss);
    return Status::success;
  } catch (const SolveError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("not a pure function"));
    CHECK(error.solution<Solution2>().ys().size() == 1);
    return error.status();
  }
}

}  // namespace

TEST_CASE("A loss of NaN is refused, and so are its cotangents", "[failure]") {
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 2), 0.0, 1.0};
  const auto refused = [&](double value, double cotangent, const auto& words) {
    const auto loss = [=](const auto&, auto& ys_bar) {
      ys_bar[0][1] = cotangent;
      return value;
    };
    CHECK_THROWS_WITH((void)value_and_gradient(problem, Reversible<Midpoint>{}, FixedSteps{3}, loss), words);
    CHECK_THROWS_WITH((void)value_and_gradient(problem, Midpoint{}, FixedSteps{3}, loss), words);
  };
  refused(nan_value, 1.0, ContainsSubstring("loss") && ContainsSubstring("nan"));
  refused(1.0, nan_value, ContainsSubstring("ys_bar[0][1]"));
}

TEMPLATE_LIST_TEST_CASE("An impure field is caught by the way back of an exact pair", "[failure]",
                        battery::FewExactMethods) {
  CAPTURE(battery::Facts<TestType>::name);
  std::int64_t calls = 0;
  std::mt19937 engine(5);
  Problem<Impure, Eigen::Vector2d> problem{{Impure::Kind::none, &calls, &engine}, Eigen::Vector2d(1, 2), 0.0, 2.0};
  for (const double lambda : {0.5, 0.75, 1023.0 / 1024}) {
    const TestType method{.lambda = lambda};
    CAPTURE(lambda);
    problem.field.kind = Impure::Kind::none;
    CHECK(status_of(problem, method, battery::WeightedSum{}) == Status::success);
    problem.field.kind = Impure::Kind::noise;
    CHECK(status_of(problem, method, battery::WeightedSum{}) == Status::impure_field);
    problem.field.kind = Impure::Kind::counter;
    calls = 0;
    CHECK(status_of(problem, method, battery::WeightedSum{}) == Status::impure_field);
    // The last bit of a parameter, changed between the passes by the loss.
    problem.field.kind = Impure::Kind::none;
    const auto meddle = [&](const auto& ys, auto& ys_bar) {
      problem.field.theta[1] += 1e-9;
      return battery::WeightedSum{}(ys, ys_bar);
    };
    CHECK(status_of(problem, method, meddle) == Status::impure_field);
    problem.field.theta[1] = 1;
    CHECK_THROWS_AS((problem.field.kind = Impure::Kind::noise, assert_reversible(problem, method, FixedSteps{200})),
                    SolveError);
  }
}

TEST_CASE("A pass owns its field: parameters stepped afterwards do not touch it", "[failure]") {
  Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, 2.0};
  auto pass = solve_with_pullback(problem, Reversible<RK4>{}, FixedSteps{50});
  const std::vector<Eigen::Vector2d> ys_bar{{1, 1}};
  const auto before = pass.pullback(ys_bar);
  problem.field.parameters() *= 2;
  CHECK(battery::same_bits(pass.pullback(ys_bar).theta, before.theta));
}

TEST_CASE("A chaotic gradient that overflows is told, while the states come back", "[failure]") {
  // Lorenz's largest exponent is 0.9: cotangents pass 1e308 after about 790 time units.
  constexpr std::int64_t n_chaos = 200'000;
  const Problem problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 20), 0.0, 2000.0};
  const auto check = [&](const auto& adjoint) {
    auto pass = solve_with_pullback(problem, Reversible<RK4>{}, FixedSteps{n_chaos}, {}, adjoint);
    try {
      (void)pass.pullback({Eigen::Vector3d(1, 0, 0)});
      FAIL("nothing was thrown");
    } catch (const SolveError& error) {
      CHECK(error.status() == Status::gradient_not_finite);
    }
  };
  check(ReversibleAdjoint{});
  check(DirectAdjoint{});
  CHECK(battery::same_bits(assert_reversible(problem, Reversible<RK4>{}, FixedSteps{n_chaos}).y0, problem.y0));
}

namespace {

// Throws at its k-th call, be it of f or of the vjp.
struct Countdown {
  int* left;
  void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    if (--*left == 0) throw std::domain_error("enough");
    dy << y[1], -y[0];
  }
  void vjp(double, const Eigen::Vector2d&, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto&) const {
    if (--*left == 0) throw std::domain_error("enough");
    y_bar[0] -= w[1];
    y_bar[1] += w[0];
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("A field or vjp that throws at any call is passed on, and the pass stays usable", "[failure]",
                        TwoKinds) {
  CAPTURE(battery::Facts<TestType>::name);
  int left = -1;
  const Problem problem{Countdown{&left}, Eigen::Vector2d(1, 0.5), 0.0, 1.0};
  auto pass = solve_with_pullback(problem, TestType{}, FixedSteps{3});
  const std::vector<Eigen::Vector2d> ys_bar{{1, 2}};
  left = std::numeric_limits<int>::max();
  const Eigen::Vector2d expected = pass.pullback(ys_bar).y0;
  const int calls = std::numeric_limits<int>::max() - left;
  REQUIRE(calls > 0);
  for (int k = 1; k <= calls; ++k) {
    left = k;
    CHECK_THROWS_AS((void)pass.pullback(ys_bar), std::domain_error);
    CHECK(battery::same_bits(pass.pullback(ys_bar).y0, expected));
  }
  for (int k = 1; k <= 3 * battery::Facts<TestType>::increments * battery::Facts<TestType>::stages; ++k) {
    left = k;
    CHECK_THROWS_AS((void)solve(problem, TestType{}, FixedSteps{3}), std::domain_error);
  }
}

TEMPLATE_TEST_CASE(
    "NaN from a stage of the dense output alone is not saved: the trial is rejected, fixed steps end there",
    "[failure]", Bosh3, RK4, Dopri5, Dop853, Reversible<Dopri5>, Reversible<Dop853>, Reversible<RK4>,
    (Reversible<Dop853, Floating>)) {
  CAPTURE(battery::Facts<TestType>::name);
  using Base = typename battery::Facts<TestType>::TableauType;
  constexpr std::int64_t used = tableau::increment_stages<Base>, all = tableau::Extended<Base>::stages;
  // The field is NaN at its k-th call.
  struct Once {
    std::int64_t* left;
    void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
      dy << y[1], -y[0];
      if (--*left == 0) dy[1] = nan_value;
    }
  };
  std::int64_t left = 0;
  const Problem problem{Once{&left}, Eigen::Vector2d(0, 1), 0.0, 1.0};
  // The first step's increment takes `used` calls; then come the stages of the dense output alone.
  for (std::int64_t k = used + 1; k <= all; ++k) {
    for (const SaveAt& save_at : {SaveAt{.times = {0.0, 0.125, 1.0}}, SaveAt{.t0 = true, .dense = true}}) {
      left = k;
      const auto failed = solve(problem, TestType{}, FixedSteps{4}, save_at, OnFailure::return_status);
      REQUIRE(failed.status() == Status::not_finite);
      CHECK(failed.failure().component == 1);
      CHECK(failed.failure().t == 0);
      CHECK_THAT(failed.failure().cause,
                 ContainsSubstring("a stage of the dense output is not finite: the field returned NaN"));
      CHECK(failed.ts() == std::vector<double>{0});
      CHECK(failed.stats().rejected == 1);
    }
  }
  // Under a tolerance the trial is made anew, but for a first stage, which a plain method takes to be the same in all trials.
  constexpr bool pair = battery::Facts<TestType>::increments == 2;
  if constexpr (Base::error_estimates > 0 && (Base::fsal || pair)) {
    const SaveAt save_at{.times = {0.001, 0.3, 0.30001, 0.7, 1.0}, .dense = true};
    left = 0;
    const std::int64_t evaluations = solve(problem, TestType{}, Adaptive{}, save_at).stats().evaluations;
    for (std::int64_t k = pair ? 3 : 4; k <= evaluations; ++k) {
      CAPTURE(k);
      left = k;
      const auto solution = solve(problem, TestType{}, Adaptive{}, save_at);
      CHECK(left <= 0);
      for (std::size_t i = 0; i < save_at.times.size(); ++i)
        CHECK(std::fabs(solution.ys()[i][0] - std::sin(save_at.times[i])) < 1e-4);
      for (int i = 0; i <= 32; ++i)
        if (!(std::fabs(solution.evaluate(i / 32.0)[0] - std::sin(i / 32.0)) < 1e-4))
          FAIL_CHECK("the path is broken at " << i / 32.0);
    }
  }
}

TEST_CASE("The steps that are told are those that were taken, where fixed ones end early too", "[failure]") {
  const auto failed = solve(Problem{Breaking{0.55}, Eigen::Vector2d(1, 2), 0.0, 1.0}, RK4{}, FixedSteps{10}, {},
                            OnFailure::return_status);
  REQUIRE(failed.status() == Status::not_finite);
  REQUIRE(failed.steps().size() == 6);
  CHECK((failed.steps().front() == 0 && failed.steps().back() == failed.failure().t));
  const auto whole = solve(Problem{Breaking{}, Eigen::Vector2d(1, 2), 0.0, 1.0}, RK4{}, FixedSteps{10});
  CHECK((whole.steps().size() == 11 && whole.steps().back() == 1));
}
