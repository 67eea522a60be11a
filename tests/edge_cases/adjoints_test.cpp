// Nasty cases of gradients by the adjoints that the laws do not ask: those that keep states in few bits, that push tangents, that choose, and
// that solve an equation of their own. Where there is no closed form, DirectAdjoint says what is right.
#include <antistrophe/adjoint/automatic.hpp>
#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/adjoint/compressed_checkpoints.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;
using Eigen::Vector3d;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// What a field is asked, and at which call of its derivatives, or from which on, it answers NaN.
struct Told {
  double from = std::numeric_limits<double>::infinity(), to = -from;
  std::int64_t calls = 0, derivatives = 0, bad_derivative = -1;
  bool stays_bad = false;
  double call(double t) {
    note(t);
    ++calls;
    return 1;
  }
  double derivative(double t) {
    note(t);
    ++derivatives;
    return derivatives == bad_derivative || (stays_bad && derivatives > bad_derivative) ? not_a_number : 1;
  }
  void note(double t) { from = std::fmin(from, t), to = std::fmax(to, t); }
};

// x' = v, v' = −θ0 sin x + θ1 cos t, in a unit of time; θ2 is not used.
struct Pendulum {
  Vector3d theta{1.2, 0.8, 5.0};
  double unit = 1;
  Told* told = nullptr;
  const Vector3d& parameters() const { return theta; }

  void operator()(double t, const auto& y, auto& dy) const {
    const double rate = (told != nullptr ? told->call(t) : 1) / unit;
    dy[0] = rate * y[1];
    dy[1] = rate * (-theta[0] * std::sin(y[0]) + theta[1] * std::cos(t / unit));
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    const double rate = (told != nullptr ? told->derivative(t) : 1) / unit;
    y_bar[0] -= rate * w[1] * theta[0] * std::cos(y[0]);
    y_bar[1] += rate * w[0];
    theta_bar[0] -= rate * w[1] * std::sin(y[0]);
    theta_bar[1] += rate * w[1] * std::cos(t / unit);
    t_bar -= rate / unit * w[1] * theta[1] * std::sin(t / unit);
  }
  void jvp(double t, const auto& y, const auto& y_dot, const auto& theta_dot, const auto& t_dot, auto& dy_dot) const {
    const double rate = (told != nullptr ? told->derivative(t) : 1) / unit;
    dy_dot[0] = rate * y_dot[1];
    dy_dot[1] = rate * (-theta[0] * std::cos(y[0]) * y_dot[0] - theta_dot[0] * std::sin(y[0]) +
                        theta_dot[1] * std::cos(t / unit) - theta[1] * std::sin(t / unit) * t_dot / unit);
  }
};

// Σ w_i · y_i over all that is saved.
struct Weighted {
  template <class Y>
  double operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    double sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      for (Eigen::Index e = 0; e < ys[i].size(); ++e) ys_bar[i][e] = (e == 0 ? 1.0 : -0.5) * static_cast<double>(i + 1);
      sum += ys_bar[i].dot(ys[i]);
    }
    return sum;
  }
};

const Adaptive tight{.rtol = 1e-9, .atol = 1e-9};

using Asked = Problem<Pendulum, Vector2d>;
Asked problem(double t0 = 0, double t1 = 2) { return {Pendulum{}, Vector2d(0.4, 0.9), t0, t1}; }
template <class Adjoint>
Gradient<Pendulum, Vector2d> gradient(const Asked& asked, const SaveAt& save_at = {}, const Adaptive& steps = tight) {
  return value_and_gradient(asked, Dopri5{}, steps, Weighted{}, save_at, Adjoint{}).gradient;
}

// Adjoints of the steps that were taken agree to round-off, and those in few bits or of an equation of their own within some hundreds of
// tolerances, as docs/adjoints.md and docs/continuous_adjoints.md have it.
template <class Adjoint>
constexpr double bound = 3e-7;
template <>
inline constexpr double bound<ForwardMode> = 1e-12;
template <>
inline constexpr double bound<AutomaticAdjoint> = 1e-12;

template <class Adjoint>
void check_against_direct(const Asked& asked, const SaveAt& save_at = {}) {
  const auto expected = gradient<DirectAdjoint>(asked, save_at), got = gradient<Adjoint>(asked, save_at);
  REQUIRE(expected.y0.cwiseAbs().minCoeff() > 1e-3);
  REQUIRE(expected.theta.head<2>().cwiseAbs().minCoeff() > 1e-3);
  REQUIRE(std::fabs(expected.t0) > 1e-3);
  CHECK((got.y0 - expected.y0).norm() < bound<Adjoint> * expected.y0.norm());
  CHECK((got.theta - expected.theta).norm() < bound<Adjoint> * expected.theta.norm());
  CHECK(std::fabs(got.t0 - expected.t0) < bound<Adjoint> * std::fabs(expected.t0));
  CHECK(std::fabs(got.t1 - expected.t1) < bound<Adjoint> * (1 + std::fabs(expected.t1)));
  CHECK(got.theta[2] == 0);  // 8.
}

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "not refused";
}

using Adjoints = std::tuple<CompressedAdjoint, CompressedCheckpointsAdjoint, ForwardMode, AutomaticAdjoint,
                            BacksolveAdjoint<>, InterpolatingAdjoint<>, GaussLegendreAdjoint<>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("Adjoints: 1. NaN is refused by name, before the field is called", "[edge_cases]", Adjoints) {
  Told told;
  Asked asked = problem();
  asked.field.told = &told;
  asked.y0[1] = not_a_number;
  CHECK(refusal([&] { (void)gradient<TestType>(asked); }).find("y0[1]") != std::string::npos);
  asked.y0[1] = 1;
  asked.field.theta[0] = not_a_number;
  CHECK(refusal([&] { (void)gradient<TestType>(asked); }).find("parameters()[0]") != std::string::npos);
  asked.field.theta[0] = 1;
  asked.t1 = not_a_number;
  CHECK(refusal([&] { (void)gradient<TestType>(asked); }).find("t1") != std::string::npos);
  CHECK(told.calls + told.derivatives == 0);
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 2. Derivatives that are NaN have no gradient", "[edge_cases]", Adjoints) {
  Told told;
  Asked asked = problem();
  asked.field.told = &told;
  (void)gradient<TestType>(asked);
  const std::int64_t all = told.derivatives;
  REQUIRE(all > 20);
  const auto expected = gradient<DirectAdjoint>(problem());
  // One NaN may be met where another look is taken: a trial that is rejected, a gradient that is taken again, an eigenvalue. Then the gradient is
  // right.
  const auto is_refused_unless_right = [&] {
    try {
      const auto got = gradient<TestType>(asked);
      CHECK((got.y0 - expected.y0).norm() < 3e-7 * expected.y0.norm());
      CHECK((got.theta - expected.theta).norm() < 3e-7 * expected.theta.norm());
      return false;
    } catch (const SolveError& error) {
      CHECK(std::string(error.what()).find("finite") != std::string::npos);
      return true;
    }
  };
  for (const std::int64_t bad : {all / 3, all / 2, all - 3}) {
    CAPTURE(all, bad);
    told = {};
    told.bad_derivative = bad;
    (void)is_refused_unless_right();
    told = {};
    told.bad_derivative = bad;
    told.stays_bad = true;
    if (bad == all - 3)
      (void)is_refused_unless_right();
    else
      CHECK(is_refused_unless_right());
  }
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 3. Where t0 == t1 the gradient is the cotangent", "[edge_cases]", Adjoints) {
  const auto got = gradient<TestType>(problem(1.5, 1.5));
  CHECK(got.y0 == Vector2d(1, -0.5));
  CHECK(got.theta.isZero(0));
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 4. Towards smaller times", "[edge_cases]", Adjoints) {
  check_against_direct<TestType>(problem(2, 0));
  check_against_direct<TestType>(problem(2, 0), {.times = {1.3, 0.4}, .t1 = true});
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 6, 7, 8. Save times that are one alone, double, or the ends", "[edge_cases]",
                        Adjoints) {
  check_against_direct<TestType>(problem(), {.times = {0.7}});
  check_against_direct<TestType>(problem(), {.times = {0.7, 0.7, 1.9}});
  check_against_direct<TestType>(problem(), {.times = {0, 0, 0.7, 2, 2}});
  check_against_direct<TestType>(problem(), {.t0 = true, .t1 = true, .steps = true});
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 10. What rests has its gradient", "[edge_cases]", Adjoints) {
  Asked asked = problem();
  asked.y0.setZero();
  asked.field.theta[1] = 0;
  const auto got = gradient<TestType>(asked);
  // x'' = −ω² x nearby.
  const double omega = std::sqrt(1.2), c = std::cos(2 * omega), s = std::sin(2 * omega);
  CHECK((got.y0 - Vector2d(c + 0.5 * omega * s, s / omega - 0.5 * c)).norm() < 1e-6);
  CHECK(got.theta[0] == 0);
  CHECK(std::isfinite(got.theta[1]));
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 11. Solves to 1e-11 and to 1e11 are the same but for the unit of time",
                        "[edge_cases]", Adjoints) {
  const auto expected = gradient<DirectAdjoint>(problem());
  for (const double unit : {1e-11, 1e11}) {
    CAPTURE(unit);
    Asked asked = problem(0, 2 * unit);
    asked.field.unit = unit;
    const auto got = gradient<TestType>(asked);
    CHECK((got.y0 - expected.y0).norm() < 3e-7 * expected.y0.norm());
    CHECK((got.theta - expected.theta).norm() < 3e-7 * expected.theta.norm());
    CHECK(std::fabs(got.t0 * unit - expected.t0) < 3e-7 * std::fabs(expected.t0));
  }
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 13. No call is outside the interval, on either way", "[edge_cases]", Adjoints) {
  for (const auto& [t0, t1] : {std::pair{0.25, 2.0}, std::pair{2.0, 0.25}}) {
    Told told;
    Asked asked = problem(t0, t1);
    asked.field.told = &told;
    (void)gradient<TestType>(asked, {.times = {0.5}, .t1 = true});
    CHECK(told.derivatives > 0);
    CHECK(told.from >= 0.25);
    CHECK(told.to <= 2.0);
  }
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 15. No more than max_steps are tried, and there is no gradient of that",
                        "[edge_cases]", Adjoints) {
  Adaptive few = tight;
  few.max_steps = 5;
  CHECK_THROWS_AS(gradient<TestType>(problem(), {}, few), SolveError);
}

TEMPLATE_LIST_TEST_CASE("Adjoints: 24. Threads share nothing but the problem", "[edge_cases]", Adjoints) {
  const auto asked = problem();
  const auto alone = gradient<TestType>(asked, {.times = {0.7}});
  std::vector<Gradient<Pendulum, Vector2d>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) threads.emplace_back([&] { mine = gradient<TestType>(asked, {.times = {0.7}}); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : got) {
    CHECK(one.y0 == alone.y0);
    CHECK(one.theta == alone.theta);
    CHECK(one.t0 == alone.t0);
  }
}

namespace {

struct Decay {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("Adjoints: 8, 9. Without parameters, and of an empty state", "[edge_cases]", Adjoints) {
  const auto of = [](const Eigen::VectorXd& y0) {
    return value_and_gradient(Problem{Decay{}, y0, 0.0, 1.0}, Dopri5{}, tight, Weighted{}, TestType{}).gradient;
  };
  const auto got = of(Vector2d(1, 2));
  CHECK(got.theta.size() == 0);
  CHECK((got.y0 - std::exp(-1.0) * Vector2d(1, -0.5)).norm() < 1e-7);
  const auto empty = of(Eigen::VectorXd(0));
  CHECK(empty.y0.size() == 0);
  CHECK(empty.t1 == 0);
}
