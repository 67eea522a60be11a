// What a solve promises of every method: where it ends, what it saves, what it refuses, and the corner cases.
#include "battery.hpp"
#include "catch.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;

namespace {

using Methods = std::tuple<Midpoint, Bosh3, Reversible<Midpoint>, Reversible<Bosh3>, Reversible<Midpoint, Floating>>;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

// Counts its calls, so that a refused argument can be seen to be refused before the field is called.
struct Watched {
  static constexpr bool autonomous = true;
  int* calls;
  Eigen::Vector2d theta{-1, 0.5};
  auto& parameters() { return theta; }
  const auto& parameters() const { return theta; }
  void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    ++*calls;
    dy << theta[0] * y[0], theta[1];
  }
  void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[0] * w[0];
    theta_bar[0] += w[0] * y[0];
    theta_bar[1] += w[1];
  }
};

// Its first and last parameters are used nowhere.
struct Unused {
  Eigen::Vector3d theta{1, 2, 3};
  const auto& parameters() const { return theta; }
  void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy = -y * theta[1]; }
  void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar) const {
    y_bar -= theta[1] * w;
    theta_bar[1] -= w.dot(y);
  }
};

struct Nothing {
  void operator()(double, const Eigen::VectorXd&, Eigen::VectorXd&) const {}
  void vjp(double, const Eigen::VectorXd&, const Eigen::VectorXd&, Eigen::VectorXd&, auto&) const {}
};

template <class M>
auto gradient_of(const auto& problem, const M& method, std::int64_t n) {
  return value_and_gradient(problem, method, FixedSteps{n}, battery::WeightedSum{}).gradient;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("A solve ends at t1 and saves what was asked, in order, either way in time", "[solve]",
                        Methods) {
  CAPTURE(battery::Facts<TestType>::name);
  for (const auto& [t0, t1] : {std::pair{0.1, 0.8}, std::pair{0.8, 0.1}}) {
    const Problem problem{battery::WarpedHopf<>{}, battery::WarpedHopf<>::solution(t0), t0, t1};
    const auto all = solve(problem, TestType{}, FixedSteps{700}, SaveAt{.t0 = true, .steps = true});
    REQUIRE(all.ys().size() == 701);
    CHECK(all.success());
    CHECK(all.ts().front() == t0);
    CHECK(all.ts().back() == t1);
    CHECK(all.ys().front() == problem.y0);
    // Error of order h = 1e−3 at least, with constants of this field below 50.
    bool near = true;
    for (std::size_t i = 0; i < all.ys().size(); ++i)
      near = near && (all.ys()[i] - battery::WarpedHopf<>::solution(all.ts()[i])).norm() < 0.05;
    CHECK(near);
    // One solve, whatever is saved of it.
    const auto last = solve(problem, TestType{}, FixedSteps{700});
    REQUIRE(last.ys().size() == 1);
    CHECK(last.ys()[0] == all.ys().back());
    const auto some =
        solve(problem, TestType{}, FixedSteps{700}, SaveAt{.times = {t0, all.ts()[350], all.ts()[350], t1}});
    REQUIRE(some.ys().size() == 4);
    CHECK(some.ys()[0] == problem.y0);
    CHECK(some.ys()[1] == all.ys()[350]);
    CHECK(some.ys()[2] == all.ys()[350]);
    CHECK(some.ys()[3] == all.ys().back());
  }
}

TEMPLATE_LIST_TEST_CASE("A solve towards smaller times is the mirror image of one towards larger", "[solve]", Methods) {
  // y' = f(y) to −T is y' = −f(y) to T: the same numbers up to a sign, hence the same bits.
  struct Mirrored {
    double sign;
    void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
      dy << sign * (y[1] - 0.25 * y[0]), sign * (y[0] * y[1] - y[0]);
    }
  };
  const Eigen::Vector2d y0(0.5, 0.25);
  const auto forth = solve(Problem{Mirrored{1}, y0, 0.0, 2.0}, TestType{}, FixedSteps{100});
  const auto back = solve(Problem{Mirrored{-1}, y0, 0.0, -2.0}, TestType{}, FixedSteps{100});
  CHECK(forth.ys().back() == back.ys().back());
  CHECK(forth.ys().back() != y0);
}

TEMPLATE_LIST_TEST_CASE("t0 == t1 gives y0, and its cotangent back", "[solve]", Methods) {
  int calls = 0;
  const Problem problem{Watched{&calls}, Eigen::Vector2d(1, 2), 0.5, 0.5};
  auto pass = solve_with_pullback(problem, TestType{}, FixedSteps{10});
  REQUIRE(pass.ys().size() == 1);
  CHECK(pass.ys()[0] == problem.y0);
  CHECK(pass.ts()[0] == 0.5);
  CHECK(pass.stats().steps == 0);
  const Eigen::Vector2d w(3, -4);
  const auto gradient = pass.pullback({w});
  CHECK(gradient.y0 == w);
  CHECK((gradient.theta.array() == 0).all());
}

TEMPLATE_LIST_TEST_CASE("Bad arguments are refused by name and value before the field is called", "[solve]", Methods) {
  int calls = 0;
  const Problem good{Watched{&calls}, Eigen::Vector2d(1, 2), 0.0, 1.0};
  const auto refused = [&](const auto& problem, const auto& words) {
    CHECK_THROWS_AS((void)solve(problem, TestType{}, FixedSteps{3}), std::invalid_argument);
    CHECK_THROWS_WITH((void)solve(problem, TestType{}, FixedSteps{3}), words);
    CHECK_THROWS_WITH((void)value_and_gradient(problem, TestType{}, FixedSteps{3}, battery::WeightedSum{}), words);
    CHECK_THROWS_WITH((void)solve_with_pullback(problem, TestType{}, FixedSteps{3}), words);
  };
  for (const double bad : {nan_value, infinity, -infinity}) {
    auto problem = good;
    problem.y0[1] = bad;
    refused(problem, ContainsSubstring("y0[1]") && ContainsSubstring("finite"));
    problem = good;
    problem.t0 = bad;
    refused(problem, ContainsSubstring("t0") && ContainsSubstring("finite"));
    problem = good;
    problem.t1 = bad;
    refused(problem, ContainsSubstring("t1") && ContainsSubstring("finite"));
    problem = good;
    problem.field.theta[0] = bad;
    refused(problem, ContainsSubstring("parameters()[0]") && ContainsSubstring("finite"));
  }
  CHECK_THROWS_AS((void)solve(good, TestType{}, FixedSteps{0}), std::invalid_argument);
  CHECK_THROWS_AS((void)solve(good, TestType{}, FixedStep{-0.1}), std::invalid_argument);
  CHECK_THROWS_AS((void)solve(good, TestType{}, FixedSteps{3}, SaveAt{.times = {2.0}}), std::invalid_argument);
  CHECK(calls == 0);
}

TEMPLATE_LIST_TEST_CASE("A loss or cotangents that are not finite, or of the wrong shape, are refused", "[solve]",
                        Methods) {
  int calls = 0;
  const Problem problem{Watched{&calls}, Eigen::Vector2d(1, 2), 0.0, 1.0};
  const auto of_nan = [](const auto&, auto&) { return nan_value; };
  CHECK_THROWS_WITH((void)value_and_gradient(problem, TestType{}, FixedSteps{3}, of_nan),
                    ContainsSubstring("loss") && ContainsSubstring("nan"));
  const auto bar_of_nan = [](const auto&, auto& ys_bar) {
    ys_bar[0][1] = nan_value;
    return 1.0;
  };
  CHECK_THROWS_WITH((void)value_and_gradient(problem, TestType{}, FixedSteps{3}, bar_of_nan),
                    ContainsSubstring("ys_bar[0][1]"));
  auto pass = solve_with_pullback(problem, TestType{}, FixedSteps{3});
  CHECK_THROWS_WITH((void)pass.pullback({}), ContainsSubstring("length of ys_bar is 0"));
  CHECK_NOTHROW((void)pass.pullback({Eigen::Vector2d(1, 1)}));
}

TEMPLATE_LIST_TEST_CASE("A resting solution at zero stays there, with a finite gradient", "[solve]", Methods) {
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(0, 0), 0.0, 1.0};
  auto pass = solve_with_pullback(problem, TestType{}, FixedSteps{20});
  // Exact arithmetic rounds λD, by the dither up or down: by half a unit, and the method's own damping keeps it there.
  CHECK(pass.ys()[0].norm() < 1e-10);
  const auto gradient = pass.pullback({Eigen::Vector2d(1, 1)});
  CHECK(gradient.y0.allFinite());
  CHECK(gradient.y0[0] > 1);
  CHECK(gradient.theta.cwiseAbs().maxCoeff() < 1e-9);
}

TEMPLATE_LIST_TEST_CASE("No parameters: an empty gradient; unused ones: exactly 0", "[solve]", Methods) {
  const Problem none{problems::HenonHeiles<>{}, Eigen::Vector4d(0.1, 0.2, 0.3, 0), 0.0, 1.0};
  CHECK(gradient_of(none, TestType{}, 10).theta.size() == 0);
  const auto gradient = gradient_of(Problem{Unused{}, Eigen::Vector2d(1, 2), 0.0, 1.0}, TestType{}, 10);
  CHECK(gradient.theta[0] == 0);
  CHECK(gradient.theta[1] != 0);
  CHECK(gradient.theta[2] == 0);
}

TEMPLATE_LIST_TEST_CASE("A state of size 0 gives an empty result", "[solve]", Methods) {
  const Problem problem{Nothing{}, Eigen::VectorXd(), 0.0, 1.0};
  auto pass = solve_with_pullback(problem, TestType{}, FixedSteps{5}, SaveAt{.steps = true});
  REQUIRE(pass.ys().size() == 5);
  CHECK(pass.ys()[4].size() == 0);
  CHECK(pass.pullback(std::vector<Eigen::VectorXd>(5)).y0.size() == 0);
}

TEMPLATE_LIST_TEST_CASE("float states over a long time keep their last save", "[solve]", Methods) {
  const Problem problem{problems::Linear<2, float>((Eigen::Matrix2f() << -0.5f, 1, -1, -0.5f).finished()),
                        Eigen::Vector2f(1, 2), 0.0, 1e3};
  std::vector<double> times;
  for (int i = 0; i <= 1000; ++i) times.push_back(i);
  const auto solution = solve(problem, battery::Facts<TestType>::method(), FixedSteps{20'000}, SaveAt{.times = times});
  CHECK(solution.ys().size() == 1001);
  CHECK(solution.ts().back() == 1e3);
  CHECK(solution.ys().back().allFinite());
}

TEST_CASE("λ is refused by an exact pair unless 1 − 2^−m or 2^−q, by a floating one outside (0, 1]", "[solve]") {
  int calls = 0;
  const Problem problem{Watched{&calls}, Eigen::Vector2d(1, 2), 0.0, 1.0};
  for (const double bad : {0.9, 0.999, 0.0, -0.5, 1.5, nan_value})
    CHECK_THROWS_WITH((void)solve(problem, Reversible<RK4>{.lambda = bad}, FixedSteps{3}),
                      ContainsSubstring("lambda of an exact coupling"));
  for (const double bad : {0.0, -0.5, 1.5, nan_value})
    CHECK_THROWS_WITH((void)solve(problem, Reversible<RK4, Floating>{.lambda = bad}, FixedSteps{3}),
                      ContainsSubstring("lambda of a floating coupling"));
  CHECK(calls == 0);
}
