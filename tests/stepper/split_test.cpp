// Symplectic methods of split fields: orders, energy, formulas, resolutions; split_round_trip_test.cpp has their long ways.
#include "catch.hpp"
#include "reversible_methods.hpp"
#include "split_problems.hpp"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Vector4d;
using problems::kepler;

TEST_CASE("Kepler by Verlet: the relative error of the energy that theory bounds", "[split]") {
  // Of Verlet's modified Hamiltonian H + h² H2, H2 = {T,{T,V}}/12-type terms: |H2| ≤ (|force|² / 24 + |w|² |∂force| / 12), largest at
  // the perihelion, r = e = 1/2: |force| = 4, |w|² = 3, |∂force| ≤ 2/r³ = 16, so that |ΔH| ≤ h² (16/24 + 48/12) = 4.7 h², of
  // |H| = 1/2.
  constexpr double h = 0.01;
  const auto problem = kepler(100 * 6.283185307179586);
  const double e0 = problem.field.energy(problem.y0);
  double largest = 0;
  (void)solve(problem, Verlet<>{}, FixedStep{h}, SaveAt{.steps = true}, Observer{[&](double, const Vector4d& y) {
                largest = std::fmax(largest, std::fabs(problem.field.energy(y) / e0 - 1));
              }});
  CHECK(largest < 2 * 4.7 * h * h);
  CHECK(largest > 0.1 * h * h);
}

TEMPLATE_LIST_TEST_CASE("Each meets every carry it passed, to either side", "[split]", battery::SplitMethods) {
  CHECK(battery::meets_every_carry(kepler(10), TestType{}, 1000));
  CHECK(battery::meets_every_carry(kepler(-10), TestType{}, 777));
  const Problem driven{problems::SplitPendulums<>{}, Vector4d(0.5, -0.25, 0.125, 0.75), 3.0, -20.0};
  CHECK(battery::meets_every_carry(driven, TestType{}, 1234));
  CHECK(battery::comes_back(driven, TestType{}, 2000));
}

// --- Orders ----------------------------------------------------------------------------------------------------------------

namespace {

// The largest error at nodes, or at 0.4 of each step, of the driven pendulums against RK4 in a hundredth of the steps' length:
// its error, of order (h/100)^4, is far below.
using Driven = Problem<problems::SplitPendulums<long double>, Eigen::Vector<long double, 4>>;
template <class M>
double order_of(const M& method, std::int64_t n, bool inside) {
  Driven problem{{}, {0.5L, -0.25L, 0.125L, 0.75L}, 0.0, 2.0};
  const auto error = [&](std::int64_t steps) {
    std::vector<double> times;
    for (std::int64_t i = 0; i < steps; ++i)
      times.push_back(2.0 * (static_cast<double>(i) + (inside ? 0.4 : 1.0)) / static_cast<double>(steps));
    const auto got = solve(problem, method, FixedSteps{steps}, SaveAt{times});
    const auto expected = solve(problem, Dop853{}, StepTo{times, 2}, SaveAt{times});
    double largest = 0;
    for (std::size_t i = 0; i < times.size(); ++i)
      largest = std::fmax(largest, static_cast<double>((got.ys()[i] - expected.ys()[i]).norm()));
    return largest;
  };
  return std::log2(error(n) / error(2 * n));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("A splitting has its order, inside steps too up to 4", "[split]",
                        battery::FloatingSplitMethods) {
  constexpr int order = battery::Facts<TestType>::order;
  CAPTURE(order);
  const std::int64_t n = order == 1 ? 2048 : 128;
  CHECK(std::fabs(order_of(TestType{}, n, false) - order) < 0.2);
  CHECK(order_of(TestType{}, n, true) > order - 0.3);
}

// --- Against formulas written out ------------------------------------------------------------------------------------------

TEST_CASE("SemiImplicitEuler and Verlet are the textbook's", "[split]") {
  const problems::SplitPendulums<> field;
  using Half = Eigen::Vector2d;
  const double h = 0.0625;
  Half v(0.5, -0.25), w(0.125, 0.75), v_half = v, w_half = w, dv, dw;
  const auto check = [&](const auto& method, const Half& v_expected, const Half& w_expected) {
    const auto y =
        solve(Problem{field, Vector4d(0.5, -0.25, 0.125, 0.75), 1.0, 1.0 + 3 * h}, method, FixedSteps{3}).ys().back();
    CHECK((y - (Vector4d() << v_expected, w_expected).finished()).norm() < 1e-15);
  };
  for (int i = 0; i < 3; ++i) {
    field.velocity(1 + i * h, w, dv);
    v += h * dv;
    field.force(1 + (i + 1) * h, v, dw);
    w += h * dw;
  }
  check(SemiImplicitEuler<Floating>{}, v, w);
  v = v_half, w = w_half;
  for (int i = 0; i < 3; ++i) {
    field.force(1 + i * h, v, dw);
    w += h / 2 * dw;
    field.velocity(1 + (i + 0.5) * h, w, dv);
    v += h * dv;
    field.force(1 + (i + 1) * h, v, dw);
    w += h / 2 * dw;
  }
  check(Verlet<Floating>{}, v, w);
  check(Verlet<>{.resolution = 0x1p-56}, v, w);
}

// --- Resolutions -------------------------------------------------------------------------------------------------------------

TEST_CASE("Each half has a resolution of its own", "[split]") {
  // Positions of 10^11 (metres) and velocities of 10^4, as of a planet in a year: a grain of 2^−5 that suits the positions would
  // cost the velocities, 10^4 seconds a step, hundreds of metres a step.
  problems::Oscillators<> field;
  field.theta[0] = 0x1p-44;
  const Problem planet{field, Eigen::Vector2d(0x1p37, 3e4), 0.0, 1e6};
  const auto distance = [&](const Verlet<>& method) {
    const auto expected = solve(planet, Verlet<Floating>{}, FixedSteps{100}).ys().back();
    return (solve(planet, method, FixedSteps{100}).ys().back() - expected).norm();
  };
  CHECK(distance({}) < 100 * 0x1p-5);  // 100 steps of half of 2^−5, or less
  CHECK(distance({.resolution = 0x1p-5}) > 100);
  CHECK(distance({.resolution = 0x1p-15, .resolution_w = 0x1p-30}) < 1e-2);

  const auto refusal = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "not refused";
  };
  const Problem odd{problems::Oscillators<>{}, Eigen::VectorXd(Eigen::Vector3d(1, 2, 3)), 0.0, 1.0};
  CHECK(refusal([&] { (void)solve(odd, Verlet<>{}, FixedSteps{10}); }) ==
        "antistrophe: the number of rows of y0 is 3; it must be even, for a split state is two halves");
  const Problem tiny{problems::Oscillators<>{}, Eigen::Vector2d(1, 1e-13), 0.0, 1.0};
  CHECK(refusal([&] { (void)solve(tiny, Verlet<>{}, FixedSteps{10}); }) == "not refused");
  CHECK(refusal([&] { (void)solve(tiny, Verlet<>{.resolution_w = 0x1p-55}, FixedSteps{10}); }) == "not refused");
}

namespace {

struct Growing {
  void velocity(double, const auto& w, auto& dv) const { dv = 10 * w; }
  void force(double, const auto& v, auto& dw) const { dw = 10 * v; }
};

}  // namespace

TEST_CASE("A split solve that leaves its range names the entry and the option", "[split]") {
  const Problem problem{SplitField{Growing{}}, Vector4d(0.25, 0.5, 0, 1), 0.0, 10.0};
  const auto solution = solve(problem, Verlet<>{}, FixedSteps{1000}, {}, OnFailure::return_status);
  CHECK(solution.status() == Status::out_of_range);
  CHECK((solution.failure().component == 1 || solution.failure().component == 3));
  CHECK(solution.failure().cause.find(solution.failure().component == 1 ? ".resolution =" : ".resolution_w =") !=
        std::string::npos);
}
