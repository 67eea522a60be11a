#include <antistrophe/step/adaptive.hpp>

#include <antistrophe/gradient.hpp>
#include <antistrophe/method/coupled/reversible.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/solve.hpp>

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;
using detail::Controller;
using detail::rough_power;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

// y1' = speed y2, y2' = −speed y1, which remembers the times at which it was asked.
struct Remembering {
  static constexpr bool autonomous = true;
  std::vector<double>* times;
  double speed = 1;
  void operator()(double t, const auto& y, auto& dy) const {
    times->push_back(t);
    dy[0] = speed * y[1];
    dy[1] = -speed * y[0];
  }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto&) const {
    times->push_back(t);
    y_bar[0] -= speed * w[1];
    y_bar[1] += speed * w[0];
  }
};

}  // namespace

TEST_CASE("The controller is the PID formula", "[adaptive]") {
  // Of local order 5 with P = 0.2, I = 0.3, D = 0.1: β = (0.6, −0.4, 0.1)/5 = (0.12, −0.08, 0.02). With errors that are
  // powers of two the factors are 0.9 · 2^x 2^y 2^z, by hand, each power as step/detail/rough_power.hpp has it.
  Adaptive options;
  options.P = 0.2, options.I = 0.3, options.D = 0.1;
  Controller controller(options, 5);
  const auto is = [](double factor, double x, double y, double z) {
    CHECK(factor == Approx(0.9 * rough_power(2, x) * rough_power(2, y) * rough_power(2, z)).epsilon(1e-14));
    CHECK(factor == Approx(0.9 * std::exp2(x + y + z)).epsilon(3e-5));
  };
  is(controller.accept(std::exp2(-5)), 0.12 * 5, 0, 0);  // the errors before the first count as 1
  is(controller.accept(std::exp2(-10)), 0.12 * 10, -0.08 * 5, 0);
  is(controller.accept(std::exp2(-20)), 0.12 * 20, -0.08 * 10, 0.02 * 5);
  // Rejections see the history and leave it alone.
  is(controller.reject(std::exp2(5)), -0.12 * 5, -0.08 * 20, 0.02 * 10);
  is(controller.reject(std::exp2(5)), -0.12 * 5, -0.08 * 20, 0.02 * 10);
  CHECK(controller.reject(nan_value) == 0.5);
  is(controller.accept(std::exp2(-30)), 0.12 * 30, -0.08 * 20, 0.02 * 10);
  // Forgetting puts it back to its first step.
  controller.forget();
  is(controller.accept(std::exp2(-5)), 0.12 * 5, 0, 0);
}

TEST_CASE("Factors stay within limits that depend on whether the step was accepted", "[adaptive]") {
  const Adaptive options;
  Controller controller(options, 5);
  CHECK(controller.accept(0) == 10);
  CHECK(controller.accept(1e-300) == 10);
  CHECK(controller.accept(0.999) == 1);  // 0.9 by the formula: an accepted step is not shortened
  CHECK(controller.reject(1) == 0.9);
  CHECK(controller.reject(1.0001) < 0.9);
  CHECK(controller.reject(1e30) == 0.2);
  CHECK(controller.reject(infinity) == 0.5);
  CHECK(controller.reject(nan_value) == 0.5);
  // A rejected step is never lengthened, whatever the history says.
  Adaptive eager;
  eager.P = 2, eager.I = 0.1;
  CHECK(Controller(eager, 5).reject(1.0) == 0.9);
  Adaptive narrow;
  narrow.lowest_factor = 0.5, narrow.highest_factor = 2, narrow.safety = 0.8;
  Controller bounded(narrow, 5);
  CHECK(bounded.reject(1e9) == 0.5);
  CHECK(bounded.accept(1e-9) == 2);
  CHECK(bounded.accept(std::exp2(-2.5)) == Approx(0.8 * rough_power(std::exp2(-2.5), -0.2)).epsilon(1e-14));
}

TEST_CASE("Errors are scaled by atol + rtol max(|y0|, |y1|), entry by entry", "[adaptive]") {
  const Eigen::Vector2d y0(1, -4), y1(-3, 2);
  const std::array<Eigen::Vector2d, 1> error{Eigen::Vector2d(0.04, -0.14)};
  Adaptive options;
  options.rtol = 0.01, options.atol = 0.01;
  // allowed (0.01 + 0.03, 0.01 + 0.04), so e = (1, 2.8)
  CHECK(Controller(options, 5).error(error, y0, y1) == Approx(std::sqrt((1 + 2.8 * 2.8) / 2)).epsilon(1e-14));
  options.atol = Eigen::Vector2d(0.01, 0.1);  // allowed (0.04, 0.14)
  CHECK(Controller(options, 5).error(error, y0, y1) == Approx(1).epsilon(1e-14));
  options.norm = [](const Eigen::Ref<const Eigen::ArrayXd>& e) { return 3 * e.maxCoeff(); };
  CHECK(Controller(options, 5).error(error, y0, y1) == Approx(3).epsilon(1e-14));

  SECTION("two estimates as Hairer combines them: e5²/√(e5² + 0.01 e3²)") {
    Adaptive plain;
    plain.rtol = 0, plain.atol = 1;
    const Eigen::Vector2d e5(3, 3), e3(40, 40);  // 9/√(9 + 16)
    CHECK(Controller(plain, 8).error(std::array{e5, e3}, y0, y1) == Approx(9.0 / 5).epsilon(1e-14));
    const Eigen::Vector2d zero(0, 0);
    CHECK(Controller(plain, 8).error(std::array{zero, zero}, y0, y1) == 0);
    const Eigen::Vector2d broken(0, nan_value);
    CHECK_FALSE(Controller(plain, 8).error(std::array{broken, zero}, y0, y1) < 1);
    CHECK_FALSE(Controller(plain, 8).error(std::array{zero, broken}, y0, y1) < 1);
  }
  SECTION("an entry that is 0, with no error and no absolute tolerance, counts as 0") {
    Adaptive relative;
    relative.rtol = 0.01, relative.atol = 0.0;
    const std::array<Eigen::Vector2d, 1> some{Eigen::Vector2d(0, 0.04)};
    const Eigen::Vector2d state(0, 4);
    CHECK(Controller(relative, 5).error(some, state, state) == Approx(std::sqrt(0.5)).epsilon(1e-14));
  }
}

TEST_CASE("Presets have the coefficients of their sources", "[adaptive]") {
  CHECK((Adaptive{}.P == 0 && Adaptive{}.I == 1 && Adaptive{}.D == 0));
  const Adaptive pi = pi_controller(1e-4, 1e-7), h = h211b(1e-3, 1e-5);
  CHECK((pi.P == 0.4 && pi.I == 0.3 && pi.D == 0 && pi.rtol == 1e-4 && pi.atol(0) == 1e-7));
  // H211b with b = 4: exponents 1/(4k), 1/(4k) of e_n, e_{n−1}, and the last ratio of steps to the −1/4.
  CHECK((h.P == 0.25 && h.I == 0.25 && h.D == 0 && h.rtol == 1e-3 && h.atol(0) == 1e-5));
}

TEST_CASE("Bad options are refused in words, before the field is called", "[adaptive]") {
  std::vector<double> times;
  const auto refused = [&](const Adaptive& options, const std::string& text, double t1 = 1.0) {
    const Problem problem{Remembering{&times}, Eigen::Vector2d(1, 0), 0.0, t1};
    CHECK_THROWS_AS((void)solve(problem, Dopri5{}, options), std::invalid_argument);
    CHECK_THROWS_WITH((void)solve(problem, Dopri5{}, options), "antistrophe: " + text);
    CHECK_THROWS_WITH((void)solve(problem, Reversible<Dopri5>{}, options, {}, OnFailure::return_status),
                      "antistrophe: " + text);
    CHECK_THROWS_WITH((void)solve_with_pullback(problem, Reversible<Dopri5>{}, options), "antistrophe: " + text);
  };
  const auto with = [](auto set) {
    Adaptive options;
    set(options);
    return options;
  };
  refused({.rtol = 0, .atol = 0.0}, "Adaptive::rtol is 0; it must be positive where atol is 0");
  refused({.rtol = 0, .atol = Eigen::Vector2d(1e-6, 0)}, "Adaptive::rtol is 0; it must be positive where atol is 0");
  refused({.rtol = -1e-3}, "Adaptive::rtol is -0.001; it must be at least 0 and finite");
  refused({.rtol = nan_value}, "Adaptive::rtol is nan; it must be at least 0 and finite");
  refused({.rtol = infinity}, "Adaptive::rtol is inf; it must be at least 0 and finite");
  refused({.atol = -1e-3}, "Adaptive::atol is -0.001; it must be at least 0 and finite");
  refused({.atol = nan_value}, "Adaptive::atol is nan; it must be at least 0 and finite");
  refused({.atol = Eigen::Vector2d(1e-6, nan_value)}, "Adaptive::atol is nan; it must be at least 0 and finite");
  refused({.atol = Eigen::Vector3d(1, 1, 1)}, "the size of Adaptive::atol is 3; it must be 1 or that of the state, 2");
  refused(with([](auto& o) { o.dtmin = 0.5, o.dtmax = 0.25; }),
          "Adaptive::dtmin is 0.5; it must be at most dtmax = 0.25");
  refused(with([](auto& o) { o.dtmin = -1; }), "Adaptive::dtmin is -1; it must be at least 0");
  refused(with([](auto& o) { o.dtmin = nan_value; }), "Adaptive::dtmin is nan; it must be at least 0");
  refused(with([](auto& o) { o.dtmax = 0; }), "Adaptive::dtmax is 0; it must be positive");
  refused(with([](auto& o) { o.dtmax = nan_value; }), "Adaptive::dtmax is nan; it must be positive");
  refused(with([](auto& o) { o.first_step = -0.1; }),
          "Adaptive::first_step is -0.1; it must be positive, since t1 > t0");
  refused(with([](auto& o) { o.first_step = 0.1; }), "Adaptive::first_step is 0.1; it must be negative, since t1 < t0",
          -1.0);
  refused(with([](auto& o) { o.first_step = nan_value; }), "Adaptive::first_step is nan; it must be finite");
  refused(with([](auto& o) { o.max_steps = 0; }), "Adaptive::max_steps is 0; it must be at least 1, or not given");
  refused(with([](auto& o) { o.max_steps = -5; }), "Adaptive::max_steps is -5; it must be at least 1, or not given");
  refused(with([](auto& o) { o.safety = 0; }), "Adaptive::safety is 0; it must be in (0, 1]");
  refused(with([](auto& o) { o.lowest_factor = 1; }), "Adaptive::lowest_factor is 1; it must be in (0, 1)");
  refused(with([](auto& o) { o.highest_factor = 1; }), "Adaptive::highest_factor is 1; it must be above 1");
  refused(with([](auto& o) { o.I = nan_value; }), "Adaptive::I is nan; it must be finite");
  refused(with([](auto& o) { o.P = infinity; }), "Adaptive::P is inf; it must be finite");
  refused(with([](auto& o) { o.step_to = {0.5, nan_value}; }), "Adaptive::step_to[1] is nan; it must be finite");
  refused(with([](auto& o) { o.jumps = {infinity}; }), "Adaptive::jumps[0] is inf; it must be finite");
  CHECK(times.empty());
}

TEMPLATE_TEST_CASE("The field is never called outside [t0, t1], forth and back", "[adaptive]", Bosh3, Dopri5, Dop853,
                   Reversible<Tsit5>) {
  // Ends that are no short binary fractions; a field so slow that the first-step rule would like to look far beyond t1,
  // one in the middle, and one so fast that steps are rejected.
  for (const auto [t0, t1] : {std::array{0.1, 0.4}, {0.7, -0.2}, {-1e-11, 1e-11}, {1.1e6, 1.1e6 + 1e-3}}) {
    for (const double turns : {1e-9, 1.0, 20.0}) {
      CAPTURE(t0, t1, turns);
      std::vector<double> times;
      const Problem problem{Remembering{&times, turns / std::fabs(t1 - t0)}, Eigen::Vector2d(1, 0.5), t0, t1};
      const double middle = t0 + (t1 - t0) / 3;
      auto pass = solve_with_pullback(problem, TestType{}, Adaptive{}, SaveAt{.times = {middle, t1}, .t0 = true});
      const std::size_t forth = times.size();
      (void)pass.pullback({Eigen::Vector2d(1, 1), Eigen::Vector2d(1, 2), Eigen::Vector2d(3, 1)});
      CHECK(times.size() > 2 * forth - forth / 2);
      CHECK(*std::min_element(times.begin(), times.end()) == std::min(t0, t1));
      CHECK(*std::max_element(times.begin(), times.end()) == std::max(t0, t1));
      CHECK(pass.ts().back() == t1);
    }
  }
}

TEST_CASE("A first step that is given is the first tried, and no step is longer than dtmax", "[adaptive]") {
  std::vector<double> times;
  const Problem problem{Remembering{&times}, Eigen::Vector2d(1, 0), 0.0, 1.0};
  const auto given = solve(problem, Dopri5{}, Adaptive{.first_step = 1.0 / 64});
  CHECK(given.steps()[1] == 1.0 / 64);
  CHECK(given.steps()[2] > 2.0 / 64);
  CHECK(solve(problem, Dopri5{}, Adaptive{.rtol = 1, .atol = 1, .first_step = 1e9}).stats().accepted == 1);
  const auto bounded = solve(problem, Dopri5{}, Adaptive{.rtol = 1, .atol = 1, .dtmax = 1.0 / 16});
  CHECK(bounded.stats().accepted == 16);
  const auto steps = bounded.steps();
  for (std::size_t i = 1; i < steps.size(); ++i) CHECK(steps[i] - steps[i - 1] <= 1.0 / 16);
}

TEST_CASE("A norm of errors is made of what takes an array, and none of what is empty", "[adaptive]") {
  using Errors = Eigen::Ref<const Eigen::ArrayXd>;
  CHECK(!ErrorNorm{});
  CHECK(!ErrorNorm{nullptr});
  CHECK(!ErrorNorm{std::function<double(const Errors&)>{}});
  const auto largest = [](const Errors& errors) { return errors.abs().maxCoeff(); };
  const Eigen::Array3d errors(1, -3, 2);
  for (const ErrorNorm& norm : {ErrorNorm{largest}, ErrorNorm{std::function<double(const Errors&)>{largest}},
                                ErrorNorm{[](const auto& each) { return each.abs().maxCoeff(); }}}) {
    REQUIRE(norm);
    CHECK(norm(errors) == 3);
    CHECK(norm(2 * errors) == 6);  // an expression
    CHECK(norm(errors.data(), 2) == 3);
    CHECK(norm(errors.data(), 1) == 1);
  }
}
