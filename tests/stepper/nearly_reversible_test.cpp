// EES25 and EES27: of order 2, and undone by their own step of −h up to h⁶ and h⁸, no further. What ReversibleAdjoint makes of
// them is near the exact gradient by as much, and says how far it went astray.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

using namespace antistrophe;

namespace {

template <class M>
inline constexpr int reversible_order = 0;
template <class Tableau>
inline constexpr int reversible_order<NearlyReversible<RungeKutta<Tableau>>> = Tableau::reversible_order;

using Methods = std::tuple<NearlyReversible<EES25>, NearlyReversible<EES27>>;

const Problem pendulum{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), 0.5, 2.5};

template <class M>
using StepperOf = typename M::template Stepper<problems::DrivenPendulum<>, Eigen::Vector2d>;
static_assert(StepperOf<NearlyReversible<EES25>>::reversibility == Reversibility::to_order);
static_assert(StepperOf<NearlyReversible<EES25>>::reversible_order == 5 &&
              StepperOf<NearlyReversible<EES27>>::reversible_order == 7);
static_assert(StepperOf<EES25>::reversibility == Reversibility::no,
              "by itself a plain method, whose gradient is exact");
static_assert(std::is_same_v<DefaultAdjoint<EES25, problems::DrivenPendulum<>, Eigen::Vector2d>, DirectAdjoint>);
static_assert(std::is_same_v<DefaultAdjoint<NearlyReversible<EES25>, problems::DrivenPendulum<>, Eigen::Vector2d>,
                             ReversibleAdjoint>);

}  // namespace

TEMPLATE_TEST_CASE("EES methods have order 2, their Euler step order 1", "[ees]", EES25, EES27,
                   NearlyReversible<EES27>) {
  for (const double to : {1.5, -1.5})
    CHECK(std::fabs(battery::observed_order<long double>(TestType{}, 0.0, to, 512) - 2) < 0.2);
}

TEMPLATE_LIST_TEST_CASE("A step there and back misses its start by O(h^{p+1})", "[ees]", Methods) {
  // One step of h and one of −h, in long double, from ten points of a coupled field in explicit time.
  using Field = battery::WarpedHopf<long double>;
  using Y = Eigen::Vector<long double, 2>;
  const auto defect = [](double h) {
    long double sum = 0;
    for (int i = 0; i < 10; ++i) {
      const double t = 0.1 * i;
      const Y y0 = Field::solution(t);
      const Y y1 = solve(Problem{Field{}, y0, t, t + h}, TestType{}, FixedSteps{1}).ys().back();
      sum += (assert_reversible(Problem{Field{}, y0, t, t + h}, TestType{}, FixedSteps{1}).y0 - y0).norm();
      CHECK(static_cast<double>((y1 - y0).norm()) > h);
    }
    return static_cast<double>(sum);
  };
  constexpr int order = reversible_order<TestType>;
  const double h = order == 5 ? 1.0 / 256 : 1.0 / 64;
  CHECK(std::fabs(std::log2(defect(h) / defect(h / 2)) - (order + 1)) < 0.2);
}

TEMPLATE_LIST_TEST_CASE("Over a solve the drift is of order p, and is reported", "[ees]", Methods) {
  constexpr int order = reversible_order<TestType>;
  const Problem problem{problems::DrivenPendulum<long double>{}, Eigen::Vector<long double, 2>(0.4L, -0.6L), 0.5, 2.5};
  const auto drift = [&](std::int64_t n) {
    return value_and_gradient(problem, TestType{}, FixedSteps{n}, battery::WeightedSum{}).gradient.stats.drift;
  };
  const std::int64_t n = order == 5 ? 64 : 24;
  CHECK(drift(n) > 0);
  CHECK(drift(n) < 1e-6);
  CHECK(std::fabs(std::log2(drift(n) / drift(2 * n)) - order) < 0.4);
}

TEMPLATE_LIST_TEST_CASE("The reversible gradient is as near the exact one as the states are", "[ees]", Methods) {
  const SaveAt saves{.times = {0.51, 1.03, 1.04, 2.49}, .t0 = true, .steps = true};
  const auto compare = [&](std::int64_t n) {
    const auto back = value_and_gradient(pendulum, TestType{}, FixedSteps{n}, battery::WeightedSum{}, saves).gradient;
    const auto stored =
        value_and_gradient(pendulum, TestType{}, FixedSteps{n}, battery::WeightedSum{}, saves, DirectAdjoint{})
            .gradient;
    CHECK(stored.stats.drift == 0);
    // The gradient's sensitivity to the states is below 100.
    CHECK(battery::gradient_difference(stored, back) < 100 * back.stats.drift + 1e-12);
    return stored;
  };
  (void)compare(40);
  (void)compare(320);
  // And the stored one is the map's, to round-off (adjoint/gradient_test.cpp).
  const auto expected = battery::complex_step_gradient<problems::DrivenPendulum>(pendulum, TestType{}, 40, saves);
  const auto stored = compare(40);
  CHECK(battery::relative_difference(expected.y0, stored.y0) < 1e-11);
  CHECK(battery::relative_difference(expected.theta, stored.theta) < 1e-11);
}

TEMPLATE_LIST_TEST_CASE("A step costs s evaluations forth, 2s and s vjps back", "[ees]", Methods) {
  constexpr std::int64_t s = std::is_same_v<TestType, NearlyReversible<EES25>> ? 3 : 4;
  auto pass = solve_with_pullback(pendulum, TestType{}, FixedSteps{10});
  CHECK(pass.stats().evaluations == 10 * s);
  const auto gradient = pass.pullback({Eigen::Vector2d(1, 2)});
  CHECK(gradient.stats.evaluations == 20 * s);
  CHECK(gradient.stats.vjps == 10 * s);
  CHECK(pass.stats().bits == 0);
  CHECK(pass.stats().bytes_kept < 64);
}

TEMPLATE_LIST_TEST_CASE("Adaptive steps go back over the same nodes", "[ees]", Methods) {
  const Adaptive steps{.rtol = 1e-5, .atol = 1e-5, .first_step = 1};
  const auto back =
      value_and_gradient(pendulum, TestType{}, steps, battery::WeightedSum{}, SaveAt{.times = {1.3}, .t1 = true})
          .gradient;
  const auto stored = value_and_gradient(pendulum, TestType{}, steps, battery::WeightedSum{},
                                         SaveAt{.times = {1.3}, .t1 = true}, DirectAdjoint{})
                          .gradient;
  CHECK(battery::gradient_difference(stored, back) < 1e-8);
  CHECK(back.stats.drift > 0);
}

namespace {

// Towards about cos t forth, by 0.18 a step; away from it back, by 7.5.
struct Attracted {
  void operator()(double t, const auto& y, auto& dy) const { dy.array() = 2.3 * (std::cos(t) - y.array()); }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= 2.3 * w; }
};

}  // namespace

TEST_CASE("Where the way forth contracts too much, the error says what to do", "[ees]") {
  const Problem problem{Attracted{}, Eigen::Vector2d(50, 1), 0.0, 1000.0};
  try {
    (void)value_and_gradient(problem, NearlyReversible<EES25>{}, FixedSteps{1000}, battery::WeightedSum{});
    FAIL("no SolveError");
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::not_finite);
    CHECK(error.cause().find("goes back to an order in h only") != std::string::npos);
    CHECK(error.cause().find("use DirectAdjoint") != std::string::npos);
  }
}
