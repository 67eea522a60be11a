// The test problems: their vjps, their reference values against published ones and against tight solves, and trials.
#include <antistrophe/test_problems.hpp>

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/check_vjp.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("There are more than forty problems, each of one name, with values of the right number") {
  const std::vector<test_problems::TestProblem> tests = test_problems::all();
  CHECK(tests.size() >= 45);
  std::set<std::string> names;
  std::size_t number = 0;
  for (const test_problems::TestProblem& test : tests) {
    INFO(test.name);
    CHECK(names.insert(test.name).second);
    CHECK(test.name == test_problems::detail::references[number].name);
    CHECK(static_cast<std::size_t>(2 * test.problem.y0.size() + test.problem.field.parameters().size()) ==
          test_problems::detail::references[number++].size);
    CHECK(test.y1.allFinite());
    CHECK(test.gradient_y0.allFinite());
    CHECK(test.gradient_theta.allFinite());
  }
  CHECK(number == std::size(test_problems::detail::references));
  CHECK(test_problems::named("Lorenz").problem.y0.size() == 3);
  CHECK_THROWS_WITH(test_problems::named("Lorentz"), ContainsSubstring("one of test_problems::all()"));
}

TEST_CASE("Every vjp and jvp agrees with differences") {
  for (const test_problems::TestProblem& test : test_problems::all()) {
    INFO(test.name);
    const Eigen::VectorXd y = test.problem.y0.array() + 0.1;
    const auto report = check_vjp(test.problem.field, 0.3, y);
    INFO(report);
    CHECK(report.ok);
  }
}

TEST_CASE("A copy of a field has parameters of its own") {
  const test_problems::TestProblem test = test_problems::named("Lotka-Volterra");
  test_problems::Field copy = test.problem.field;
  copy.parameters()[0] = 7;
  CHECK(test.problem.field.parameters()[0] == 1.5);
  Eigen::VectorXd dy(2), other(2);
  copy(0, test.problem.y0, dy);
  test.problem.field(0, test.problem.y0, other);
  CHECK(dy[0] == 7 - 1);
  CHECK(other[0] == 1.5 - 1);
}

// Hull et al., and Hairer, Nørsett & Wanner, Hairer & Wanner, in the digits that are printed there.
TEST_CASE("Reference values are those that were published, and those of formulas") {
  const auto y1 = [](const char* name) { return test_problems::named(name).y1; };
  CHECK(std::fabs(y1("A1")[0] - std::exp(-20.0)) <= 1e-15 * std::exp(-20.0));
  CHECK(std::fabs(y1("A2")[0] - 1 / std::sqrt(21.0)) <= 1e-15);
  CHECK(std::fabs(y1("A3")[0] - std::exp(std::sin(20.0))) <= 1e-14);
  CHECK(std::fabs(y1("A4")[0] - 20 / (1 + 19 * std::exp(-5.0))) <= 1e-14);
  CHECK(std::fabs(y1("A5")[0] + 0.7887826688964196) <= 1e-12);
  CHECK((y1("B1") - Eigen::Vector2d(0.6761876008576667, 0.1860816099640036)).norm() <= 1e-12);
  CHECK((y1("B5") - Eigen::Vector3d(-0.9396570798729192, -0.3421177754000779, 0.7414126596199957)).norm() <= 1e-12);
  CHECK((y1("D5") - Eigen::Vector4d(-1.295266250987574, 0.4003938963792321, -0.6775390924707566, -0.1270838154278686))
            .norm() <= 1e-12);
  // Arenstorf's orbit is closed.
  CHECK((y1("Arenstorf") - test_problems::named("Arenstorf").problem.y0).norm() <= 1e-9);
  Eigen::VectorXd hires(8);
  hires << 0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
      0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2;
  CHECK((y1("HIRES") - hires).cwiseAbs().maxCoeff() <= 1e-14);
  CHECK(std::fabs(y1("Robertson")[0] - 0.7158270688) <= 1e-9);
  const test_problems::TestProblem trap = test_problems::named("gradient trap");
  CHECK(std::fabs(trap.gradient_y0[1] - std::exp(-5.0)) <= 1e-15);
}

TEST_CASE("A tight solve comes to the reference values, in state and gradient") {
  std::vector<test_problems::TestProblem> tests = test_problems::all();
  std::erase_if(tests, [](const auto& test) { return test.stiff || test.name == "F5"; });
  const test_problems::Trials trials = test_problems::try_out(tests, Dop853{}, Adaptive{.rtol = 1e-11, .atol = 1e-11});
  INFO(trials);
  CHECK(trials.solved() == std::ssize(tests));
  // Arenstorf's orbit and Pleiades multiply errors: the former's is 4e3 to 1.3e4 at tolerances within 5 % of this.
  CHECK(trials.worst() < 2e4);
  CHECK(trials.worst_gradient() < 1e5);
}

TEST_CASE("A trial says what came of each problem, and in what units") {
  const std::vector<test_problems::TestProblem> tests{test_problems::named("A1"), test_problems::named("Robertson"),
                                                      test_problems::named("Lotka-Volterra")};
  const test_problems::Trials trials =
      test_problems::try_out(tests, Bosh3{}, Adaptive{.rtol = 1e-5, .atol = 1e-5, .max_steps = 500});
  std::ostringstream out;
  out << trials;
  INFO(out.str());
  CHECK(trials.solved() == 2);
  CHECK(!trials.each[1].solved);
  CHECK(trials.each[2].error < 1e-2);
  CHECK(trials.each[2].error > 0);
  CHECK(trials.worst() >= trials.each[2].error / 1e-5);
  CHECK_THAT(out.str(), ContainsSubstring("Lotka-Volterra"));
  // Laid-out steps have no tolerance: errors are plain.
  const test_problems::Trials fixed = test_problems::try_out(tests, RK4{}, FixedSteps{20});
  CHECK(fixed.tolerance == 1);
}

TEST_CASE("Tests go with other adjoints and methods") {
  const std::vector<test_problems::TestProblem> tests{test_problems::named("B1"), test_problems::named("F2")};
  const test_problems::Trials trials =
      test_problems::try_out(tests, Reversible<Dopri5>{}, Adaptive{.rtol = 1e-7, .atol = 1e-7});
  INFO(trials);
  CHECK(trials.solved() == 2);
  CHECK(trials.worst_gradient() < 500);
}
