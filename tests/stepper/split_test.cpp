// Symplectic methods of split fields: there and back bit for bit, orders, energy, costs, states of every kind.
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

namespace {

constexpr std::int64_t million = 1'000'000;

// Of eccentricity 0.5, semi-axis 1, period 2π, in numbers that a binary grid holds.
const Vector4d perihelion(0.5, 0, 0, 1.73205080756887719);

Problem<problems::Kepler<>, Vector4d> kepler(double t1) {
  Vector4d y0 = perihelion;
  y0[3] = std::ldexp(std::round(std::ldexp(y0[3], 30)), -30);
  return {{}, y0, 0.0, t1};
}

}  // namespace

TEST_CASE("Kepler by exact Verlet, a million steps there and back: the initial state bit for bit", "[split]") {
  // 3183 revolutions of 314 steps each.
  const auto problem = kepler(0.02 * static_cast<double>(million));
  CHECK(battery::comes_back(problem, Verlet<>{}, million));
  CHECK(assert_reversible(problem, Verlet<>{}, FixedSteps{million}).bits == 0);
}

TEMPLATE_LIST_TEST_CASE("The error of the energy stays bounded, and is of the method's order", "[split]",
                        battery::SplitMethods) {
  CAPTURE(battery::Facts<TestType>::name);
  // The largest over 100 revolutions and over 1000: bounded, and divided by 2^order as h is halved (Hairer, Lubich & Wanner,
  // IX.8). A method that is not symplectic drifts: RK4's grows with the revolutions.
  const auto worst = [](const auto& method, double h, double revolutions) {
    const double t1 = revolutions * 6.283185307179586;
    const auto problem = kepler(t1);
    const double e0 = problem.field.energy(problem.y0);
    double largest = 0;
    const Observer look{
        [&](double, const Vector4d& y) { largest = std::fmax(largest, std::fabs(problem.field.energy(y) / e0 - 1)); }};
    (void)solve(problem, method, FixedStep{h}, SaveAt{.steps = true}, look);
    return largest;
  };
  const double h = battery::Facts<TestType>::order == 1 ? 0.002 : 0.01;
  const TestType method{.resolution = 0x1p-56};  // whose roundings are far below
  const double few = worst(method, h, 100), many = worst(method, h, 1000);
  CHECK(many < 1.01 * few);
  CHECK(few > 1e-9);
  CHECK(std::fabs(std::log2(few / worst(method, h / 2, 100)) - battery::Facts<TestType>::order) < 0.2);
  if constexpr (battery::Facts<TestType>::order == 4) CHECK(worst(RK4{}, 0.01, 100) > 5 * worst(RK4{}, 0.01, 10));
}

TEST_CASE("Kepler by Verlet: the relative error of the energy that theory bounds", "[split]") {
  // Of Verlet's modified Hamiltonian H + h² H2, H2 = {T,{T,V}}/12-type terms: |H2| ≤ (|force|² / 24 + |w|² |∂force| / 12), largest at
  // the perihelion, r = e = 1/2: |force| = 4, |w|² = 3, |∂force| ≤ 2/r³ = 16, so that |ΔH| ≤ h² (16/24 + 48/12) = 4.7 h², of
  // |H| = 1/2.
  constexpr double h = 0.01;
  const auto problem = kepler(1000 * 6.283185307179586);
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
  CHECK(battery::comes_back(driven, TestType{}, 100'000));
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

// --- States and resolutions ------------------------------------------------------------------------------------------------

namespace {

template <class Y, class M>
void check_state(const M& method, const Y& y0) {
  const Problem<problems::Oscillators<typename Y::Scalar>, Y> problem{{}, y0, 0.0, 500.0};
  CAPTURE(y0.rows(), y0.cols());
  CHECK(battery::comes_back(problem, method, 100'000));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("States of float and double, vectors, arrays and batches come back", "[split]",
                        battery::SplitMethods) {
  const TestType method;
  const Eigen::Matrix<double, 2, 3> batch = (Eigen::Matrix<double, 2, 3>() << 1, 0.5, -2, 0.25, -1, 3).finished();
  check_state(method, Eigen::Vector2d(1, 0.5));
  check_state(method, Eigen::Vector2f(1, 0.5f));
  check_state(method, Eigen::VectorXd(Vector4d(1, 0.5, -0.25, 0.125)));
  check_state(method, Eigen::ArrayXd(Eigen::Array4d(1, 0.5, -0.25, 0.125)));
  check_state(method, batch);
  check_state(method, Eigen::MatrixXd(batch));
  check_state(method, Eigen::Matrix<double, 2, 3, Eigen::RowMajor>(batch));
  check_state(method, Eigen::MatrixXf(batch.cast<float>()));
}

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
