// There and back with Adams methods in steps of any length: over every restart, and what a restart costs in bits.
#include "battery.hpp"
#include "catch.hpp"

#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

auto van_der_pol(double t1) { return Problem{problems::VanDerPol<>{}, Eigen::Vector2d(2, 0.25), 0.0, t1}; }
auto pendulum(double t1) { return Problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.5, -1), 0.25, t1}; }

template <class M>
void check_adaptive(const M& method, const auto& problem, const Adaptive& adaptive) {
  CAPTURE(battery::Facts<M>::name);
  const auto trip = assert_reversible(problem, method, adaptive);
  CHECK(trip.y0 == problem.y0);
  CHECK(trip.y1 != problem.y0);
}

}  // namespace

TEMPLATE_TEST_CASE("Adaptive steps come back, over all their restarts", "[round trip]", ReversibleAdams<1>,
                   ReversibleAdams<4>, ReversibleAdams<7>, ReversibleAdamsPece<3>) {
  // Slow, fast, slow: trials are rejected, steps shrink beyond what an interpolant bears.
  const double tolerance = battery::Facts<TestType>::order == 1 ? 1e-2 : 1e-6;
  check_adaptive(TestType{}, van_der_pol(40), {.rtol = tolerance, .atol = tolerance});
  check_adaptive(TestType{}, pendulum(-12), {.rtol = 1e-4, .atol = 1e-4, .first_step = -4, .jumps = {-3.0}});
}

TEST_CASE("A hundred thousand adaptive steps come back", "[round trip]") {
  const auto problem = van_der_pol(1700);
  const auto trip = assert_reversible(problem, ReversibleAdams<4>{}, Adaptive{.rtol = 1e-6, .atol = 1e-6});
  CHECK(trip.steps > 100'000);
  CHECK(trip.y0 == problem.y0);
}

TEST_CASE("A batch comes back, in equal steps and adaptive ones", "[round trip]") {
  // Five damped rotations about one axis; entries that any resolution holds.
  const problems::Linear<3> field(Eigen::Matrix3d{{-0.01, 2, 0}, {-2, -0.01, 0.5}, {0, -0.5, -0.02}});
  Eigen::MatrixXd y0(3, 5);
  for (Eigen::Index i = 0; i < y0.size(); ++i) y0.data()[i] = 0.0625 * static_cast<double>(i % 9) - 0.25;
  const Problem problem{field, y0, 0.0, 100.0};
  const auto check = [&](const auto& method, const auto& steps, std::int64_t at_least) {
    const auto trip = assert_reversible(problem, method, steps);
    CHECK(trip.steps >= at_least);
    CHECK(trip.y0 == y0);
    CHECK(trip.y1 != y0);
  };
  check(ReversibleAdams<4>{}, FixedSteps{100'000}, 100'000);
  check(ReversibleAdams<6>{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}, 500);
}

TEST_CASE("A restart keeps the ring it gives up: 64 bits a number, and no more", "[round trip]") {
  // Ten steps of 1/16, then ten of 1/64: one restart, of K states and the node at which the first start was.
  std::vector<double> nodes;
  double t = 0;
  for (int i = 0; i < 20; ++i) nodes.push_back(t += i < 10 ? 1.0 / 16 : 1.0 / 64);
  const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, t};
  constexpr int K = 4, size = 2, q = 2;
  const auto trip = assert_reversible(problem, ReversibleAdams<K>{.lambda = 0.25}, StepTo{nodes});
  CHECK(trip.steps == 20);
  CHECK(trip.bits == q * size * (20 - 2 * K) + 64 * (K * size + 1));
  CHECK(trip.y0 == problem.y0);
  // Steps that double are not so far apart.
  nodes.clear(), t = 0;
  for (int i = 0; i < 20; ++i) nodes.push_back(t += i < 10 ? 1.0 / 64 : 1.0 / 32);
  const Problem mild{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, t};
  CHECK(assert_reversible(mild, ReversibleAdams<K>{.lambda = 0.25}, StepTo{nodes}).bits == q * size * (20 - K));
  // Nor is the last one, cut to fit, of steps of h.
  const Problem cut{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, 1.01};
  CHECK(assert_reversible(cut, ReversibleAdams<K>{.lambda = 0.25}, FixedStep{0.1}).bits == q * size * (11 - K));
}

TEST_CASE("A floating method keeps whole states at a restart, and comes back over it", "[round trip]") {
  std::vector<double> nodes;
  double t = 0;
  for (int i = 0; i < 20; ++i) nodes.push_back(t += i < 10 ? 1.0 / 16 : 1.0 / 64);
  const auto check = [&](const auto& field, const auto& y0) {
    const Problem problem{field, y0, 0.0, t};
    const auto trip = assert_reversible(problem, ReversibleAdams<4, Floating>{.lambda = 0.5}, StepTo{nodes});
    // 20 steps, of which 12 divide by λ, every one 5 states after another: 2^(12/5) ulp and some.
    CHECK(trip.drift < 1e-13);
    CHECK(trip.bits > 0);
  };
  check(problems::LotkaVolterra<double>{}, Eigen::Vector2d(1, 0.5));
  check(problems::LotkaVolterra<long double>{}, Eigen::Vector<long double, 2>(1, 0.5));
}
