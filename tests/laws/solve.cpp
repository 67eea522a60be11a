// What a solve promises of every method: where it ends, what it saves, what it refuses, and the corner cases.
#include "laws/law.hpp"

#include "support/battery.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace antistrophe::laws {
namespace {

using Catch::Matchers::ContainsSubstring;

Methods some_methods() {
  return methods("Midpoint, Bosh3, Reversible<Midpoint>, Reversible<Bosh3>, Reversible<Midpoint, Floating>");
}

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

// Counts its calls, so that a refused argument can be seen to be refused before the field is called.
struct Watched {
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

// y' = −y, without parameters.
struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

struct Mirrored {
  double sign;
  void operator()(double, const Vector2d& y, Vector2d& dy) const {
    dy << sign * (y[1] - 0.25 * y[0]), sign * (y[0] * y[1] - y[0]);
  }
  void vjp(double, const Vector2d& y, const Vector2d& w, Vector2d& y_bar, auto&) const {
    y_bar[0] += sign * (w[1] * (y[1] - 1) - 0.25 * w[0]);
    y_bar[1] += sign * (w[0] + w[1] * y[0]);
  }
};

LAW("A solve ends at t1 and saves what was asked, in order, either way in time", "[solve]",
    joined({some_methods(), quiet_ito_schemes()})) {
  const AnyMethod method = m.by_default();
  for (const auto& [t0, t1] : {std::pair{0.1, 0.8}, std::pair{0.8, 0.1}}) {
    if (t1 < t0 && !m->both_ways) continue;
    const auto problem = erased_problem<Vector2d>(battery::WarpedHopf<>{}, battery::WarpedHopf<>::solution(t0), t0, t1);
    const auto all = method.solve(problem, FixedSteps{700}, SaveAt{.t0 = true, .steps = true});
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
    const auto last = method.solve(problem, FixedSteps{700});
    REQUIRE(last.ys().size() == 1);
    CHECK(last.ys()[0] == all.ys().back());
    const auto some = method.solve(problem, FixedSteps{700}, SaveAt{.times = {t0, all.ts()[350], all.ts()[350], t1}});
    REQUIRE(some.ys().size() == 4);
    CHECK(some.ys()[0] == problem.y0);
    CHECK(some.ys()[1] == all.ys()[350]);
    CHECK(some.ys()[2] == all.ys()[350]);
    CHECK(some.ys()[3] == all.ys().back());
  }
}

// Along the same path, where there is one.
LAW("A solve in two spans is the solve in one", "[solve]", and_ito(plain())) {
  const auto of = [](const Vector2d& y0, double t0, double t1) {
    return erased_problem<Vector2d>(battery::WarpedHopf<>{}, y0, t0, t1);
  };
  const Vector2d y0(0.5, 0.25);
  const auto whole = m.solve(of(y0, 0.25, 1.75), FixedSteps{48});
  const auto first = m.solve(of(y0, 0.25, 1.0), FixedSteps{24});
  const auto second = m.solve(of(first.ys().back(), 1.0, 1.75), FixedSteps{24});
  CHECK(second.ys().back() == whole.ys().back());
  CHECK(first.ys().back() != y0);
}

LAW("A solve towards smaller times is the mirror image of one towards larger", "[solve]", some_methods()) {
  const AnyMethod method = m.by_default();
  // y' = f(y) to −T is y' = −f(y) to T: the same numbers up to a sign, hence the same bits.
  const Eigen::Vector2d y0(0.5, 0.25);
  const auto forth = method.solve(erased_problem<Vector2d>(Mirrored{1}, y0, 0.0, 2.0), FixedSteps{100});
  const auto back = method.solve(erased_problem<Vector2d>(Mirrored{-1}, y0, 0.0, -2.0), FixedSteps{100});
  CHECK(forth.ys().back() == back.ys().back());
  CHECK(forth.ys().back() != y0);
}

LAW("t0 == t1 gives y0, and its cotangent back", "[solve]", and_ito(some_methods())) {
  const AnyMethod method = m.by_default();
  int calls = 0;
  const auto problem = erased_problem<Vector2d>(Watched{&calls}, Vector2d(1, 2), 0.5, 0.5);
  auto pass = method.solve_with_pullback(problem, FixedSteps{10});
  REQUIRE(pass.ys().size() == 1);
  CHECK(pass.ys()[0] == problem.y0);
  CHECK(pass.ts()[0] == 0.5);
  CHECK(pass.stats().steps == 0);
  const Eigen::Vector2d w(3, -4);
  const auto gradient = pass.pullback({w});
  CHECK(gradient.y0 == w);
  CHECK((gradient.theta.array() == 0).all());
}

LAW("Bad arguments are refused by name and value before the field is called", "[solve]", and_ito(some_methods())) {
  const AnyMethod method = m.by_default();
  int calls = 0;
  const auto good = erased_problem<Vector2d>(Watched{&calls}, Vector2d(1, 2), 0.0, 1.0);
  const auto refused = [&](const auto& problem, const auto& words) {
    CHECK_THROWS_AS((void)method.solve(problem, FixedSteps{3}), std::invalid_argument);
    CHECK_THROWS_WITH((void)method.solve(problem, FixedSteps{3}), words);
    CHECK_THROWS_WITH((void)method.value_and_gradient(problem, FixedSteps{3}, battery::WeightedSum{}), words);
    CHECK_THROWS_WITH((void)method.solve_with_pullback(problem, FixedSteps{3}), words);
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
  CHECK_THROWS_AS((void)method.solve(good, FixedSteps{0}), std::invalid_argument);
  CHECK_THROWS_AS((void)method.solve(good, FixedStep{-0.1}), std::invalid_argument);
  CHECK_THROWS_AS((void)method.solve(good, FixedSteps{3}, SaveAt{.times = {2.0}}), std::invalid_argument);
  CHECK(calls == 0);
}

LAW("Cotangents that are not finite, or of the wrong shape, are refused", "[solve]", and_ito(some_methods())) {
  int calls = 0;
  const auto problem = erased_problem<Vector2d>(Watched{&calls}, Vector2d(1, 2), 0.0, 1.0);
  auto pass = m.by_default().solve_with_pullback(problem, FixedSteps{3});
  CHECK_THROWS_WITH((void)pass.pullback({Vector2d(1, nan_value)}), ContainsSubstring("ys_bar[0][1]"));
  CHECK_THROWS_WITH((void)pass.pullback({}), ContainsSubstring("length of ys_bar is 0"));
  CHECK_NOTHROW((void)pass.pullback({Vector2d(1, 1)}));
}

LAW("A resting solution at zero stays there, with a finite gradient", "[solve]",
    joined({some_methods(), quiet_ito_schemes()})) {
  const AnyMethod method = m.by_default();
  const auto problem = erased_problem<Vector2d>(problems::LotkaVolterra<>{}, Vector2d(0, 0), 0.0, 1.0);
  auto pass = method.solve_with_pullback(problem, FixedSteps{20});
  // Exact arithmetic rounds λD, by the dither up or down: by half a unit, and the method's own damping keeps it there.
  CHECK(pass.ys()[0].norm() < 1e-10);
  const auto gradient = pass.pullback({Eigen::Vector2d(1, 1)});
  CHECK(gradient.y0.allFinite());
  CHECK(gradient.y0[0] > 1);
  CHECK(gradient.theta.cwiseAbs().maxCoeff() < 1e-9);
}

LAW("No parameters: an empty gradient; unused ones: exactly 0", "[solve]", and_ito(some_methods())) {
  const AnyMethod method = m.by_default();
  const auto gradient_of = [&](const auto& field) {
    return method
        .value_and_gradient(erased_problem<Vector2d>(field, Vector2d(1, 2), 0.0, 1.0), FixedSteps{10},
                            battery::WeightedSum{})
        .gradient;
  };
  CHECK(gradient_of(Decay{}).theta.size() == 0);
  const auto gradient = gradient_of(Unused{});
  CHECK(gradient.theta[0] == 0);
  CHECK(gradient.theta[1] != 0);
  CHECK(gradient.theta[2] == 0);
}

LAW("A state of size 0 gives an empty result", "[solve]", and_ito(some_methods())) {
  const AnyMethod method = m.by_default();
  const auto problem = erased_problem<Batch>(Decay{}, Batch(2, 0), 0.0, 1.0);
  auto pass = method.solve_with_pullback(problem, FixedSteps{5}, SaveAt{.steps = true});
  REQUIRE(pass.ys().size() == 5);
  CHECK(pass.ys()[4].size() == 0);
  CHECK(pass.pullback(std::vector<Batch>(5, Batch(2, 0))).y0.size() == 0);
}

LAW("float states over a long time keep their last save", "[solve]", and_ito(some_methods())) {
  const problems::Linear<2, float> field((Eigen::Matrix2f() << -0.5f, 1, -1, -0.5f).finished());
  const auto problem = erased_problem<Vector2f>(field, Vector2f(1, 2), 0.0, 1e3);
  std::vector<double> times;
  for (int i = 0; i <= 1000; ++i) times.push_back(i);
  const auto solution = m.solve(problem, FixedSteps{20'000}, SaveAt{.times = times});
  CHECK(solution.ys().size() == 1001);
  CHECK(solution.ts().back() == 1e3);
  CHECK(solution.ys().back().allFinite());
}

TEST_CASE("λ is refused by an exact pair unless 1 − 2^−m or 2^−q, by a floating one outside (0, 1]", "[solve]") {
  int calls = 0;
  const auto problem = erased_problem<Vector2d>(Watched{&calls}, Vector2d(1, 2), 0.0, 1.0);
  const AnyMethod exact = methods("Reversible<RK4>").front(), floating = methods("Reversible<RK4, Floating>").front();
  for (const double bad : {0.9, 0.999, 0.0, -0.5, 1.5, nan_value})
    CHECK_THROWS_WITH((void)exact.with_lambda(bad).solve(problem, FixedSteps{3}),
                      ContainsSubstring("lambda of an exact coupling"));
  for (const double bad : {0.0, -0.5, 1.5, nan_value})
    CHECK_THROWS_WITH((void)floating.with_lambda(bad).solve(problem, FixedSteps{3}),
                      ContainsSubstring("lambda of a floating coupling"));
  CHECK(calls == 0);
}

}  // namespace
}  // namespace antistrophe::laws
