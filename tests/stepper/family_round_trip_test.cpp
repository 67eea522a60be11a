// There and back with two points, reversible Heun and the asynchronous leapfrog: bit for bit, from states of every kind.
#include "catch.hpp"
#include "reversible_methods.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

#include <cstdint>

using namespace antistrophe;

namespace {

constexpr std::int64_t many = 100'000;

auto henon_heiles(double h, std::int64_t n) {
  return Problem{problems::HenonHeiles<>{}, Eigen::Vector4d(0, -0.125, 0.5, 0), 0.0, h * static_cast<double>(n)};
}
auto van_der_pol(double h, std::int64_t n) {
  return Problem{problems::VanDerPol<>{}, Eigen::Vector2d(2, 0.25), 0.0, h * static_cast<double>(n)};
}

using Methods = battery::Joined<battery::FewExactTwoPoints, battery::OneEvaluationMethods>;

// As a user writes them, with resolutions of their own.
template <class M>
M by_default() {
  return {};
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Each meets every carry it passed", "[round trip]", Methods) {
  CAPTURE(battery::Facts<TestType>::name);
  CHECK(battery::meets_every_carry(henon_heiles(0.01, 1000), by_default<TestType>(), 1000));
  const Problem pendulum{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.1, 0.7), 3.0, -2.0};
  CHECK(battery::meets_every_carry(pendulum, by_default<TestType>(), 777));
  const Problem w1{workloads::W1::field(), workloads::W1::y0(), 0.0, 10.0};
  CHECK(battery::meets_every_carry(w1, by_default<TestType>(), 1000));
}

TEMPLATE_TEST_CASE("Two points of a stiffer field come back, at every λ", "[round trip]", TwoPoint<Midpoint>,
                   TwoPoint<Dopri5>) {
  for (const double lambda : {0.5, 0.75, 0.25, 1023.0 / 1024}) {
    CAPTURE(lambda);
    const double h = lambda > 0.9 ? 1e-5 : 0.005;
    CHECK(battery::comes_back(van_der_pol(h, many), TestType{.lambda = lambda}, many));
  }
}

TEST_CASE("A damped asynchronous leapfrog comes back", "[round trip]") {
  for (const double damping : {0.75, 0.875, 0.25}) {
    CAPTURE(damping);
    // At order 1 energy grows, which a limit cycle damps.
    CHECK(battery::comes_back(van_der_pol(0.001, many), AsynchronousLeapfrog<>{.damping = damping}, many));
    CHECK(battery::meets_every_carry(henon_heiles(0.005, 1000), AsynchronousLeapfrog<>{.damping = damping}, 1000));
  }
}

namespace {

template <class M, class Y, class F>
void check_state(const F& field, const Y& y0) {
  const Problem<F, Y> problem{field, y0, 0.0, 500.0};
  CAPTURE(y0.rows(), y0.cols());
  CHECK(battery::comes_back(problem, M{}, many));
  const Problem<F, Y> short_problem{field, y0, 0.0, 1.0};
  CHECK(battery::meets_every_carry(short_problem, M{}, 100));
}

}  // namespace

TEMPLATE_TEST_CASE("States of float and double, vectors, arrays and batches come back", "[round trip]",
                   TwoPoint<Midpoint>, ReversibleHeun<>, AsynchronousLeapfrog<>) {
  check_state<TestType>(problems::HenonHeiles<float>{}, Eigen::Vector4f(0.125f, -0.125f, 0.25f, 0));
  check_state<TestType>(problems::HenonHeiles<>{}, Eigen::ArrayXd(Eigen::Array4d(0.125, -0.125, 0.25, 0)));
  Eigen::Matrix2d rotation;
  rotation << 0, 1, -1, 0;
  const Eigen::Matrix<double, 2, 3> batch = (Eigen::Matrix<double, 2, 3>() << 1, 0.5, -2, 0.25, -1, 3).finished();
  check_state<TestType>(problems::Linear<2>(rotation), batch);
  check_state<TestType>(problems::Linear<2>(rotation), Eigen::MatrixXd(batch));
  check_state<TestType>(problems::Linear<2, float>(rotation.cast<float>()), Eigen::MatrixXf(batch.cast<float>()));
}

// --- Bits ----------------------------------------------------------------------------------------------------------------

namespace {

// With 30,000 expected bits 2 % are 3.5 standard deviations (exact/bit_rate_test.cpp).
template <class M>
void check_rate(const M& method, double rate, double components_per_step) {
  const auto n = static_cast<std::int64_t>(std::ceil(30'000 / (components_per_step * rate)));
  const auto trip = assert_reversible(henon_heiles(0.001, n), method, FixedSteps{n});
  const double expected = components_per_step * rate * static_cast<double>(n);
  CAPTURE(n, trip.bits, expected);
  CHECK(std::fabs(static_cast<double>(trip.bits) / expected - 1) < 0.02);
}

}  // namespace

TEST_CASE("Two points keep 2(1 − λ) bits a component a step, or q", "[bits]") {
  for (int m = 2; m <= 10; m += 2) {
    const double share = std::ldexp(1.0, -m);
    check_rate(TwoPoint<Midpoint>{.lambda = 1 - share}, 2 * share, 4);
  }
  for (int q = 1; q <= 4; ++q) {
    // The first step keeps none.
    const auto trip = assert_reversible(henon_heiles(0.01, 1000), TwoPoint<Midpoint>{.lambda = std::ldexp(1.0, -q)},
                                        FixedSteps{1000});
    CHECK(trip.bits == q * 4 * 999);
  }
}

TEST_CASE("The asynchronous leapfrog keeps 2(1 − |1 − 2η|) bits a component of v a step, or q", "[bits]") {
  for (int m = 2; m <= 6; m += 2) {
    const double share = std::ldexp(1.0, -m);
    check_rate(AsynchronousLeapfrog<>{.damping = 1 - share / 2}, 2 * share, 4);
  }
  const auto trip =
      assert_reversible(henon_heiles(0.01, 1000), AsynchronousLeapfrog<>{.damping = 0.75}, FixedSteps{1000});
  CHECK(trip.bits == 4 * 1000);
}

TEMPLATE_LIST_TEST_CASE("Methods of one evaluation a step need no bits", "[bits]", battery::OneEvaluationMethods) {
  const auto problem = henon_heiles(0.01, 10'000);
  CHECK(assert_reversible(problem, TestType{}, FixedSteps{10'000}).bits == 0);
  const auto pass = solve_with_pullback(problem, TestType{}, FixedSteps{10'000});
  CHECK(pass.stats().bits == 0);
  CHECK(pass.stats().bytes_kept < 64);
}
