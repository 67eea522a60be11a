// Symplectic methods of split fields, a million steps: there and back bit for bit, for states of every kind, and their energy.
#include "catch.hpp"
#include "reversible_methods.hpp"
#include "split_problems.hpp"

#include <cmath>
#include <cstdint>

using namespace antistrophe;
using Eigen::Vector4d;
using problems::kepler;

namespace {

constexpr std::int64_t million = 1'000'000;

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

TEMPLATE_LIST_TEST_CASE("Driven pendulums come back from a hundred thousand steps to the other side", "[split]",
                        battery::SplitMethods) {
  const Problem driven{problems::SplitPendulums<>{}, Vector4d(0.5, -0.25, 0.125, 0.75), 3.0, -20.0};
  CHECK(battery::comes_back(driven, TestType{}, 100'000));
}

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
