// There and back: an exact pair ends its way back at the initial state, bit for bit, however many steps it took, and
// meets on it every state of the way forth.
#include "battery.hpp"
#include "catch.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

#include <cstdint>

using namespace antistrophe;

namespace {

// Initial values are multiples of every resolution used here, so that holding them changes no bit.
auto lorenz(double h, std::int64_t n) {
  return Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1.5, 20), 0.0, h * static_cast<double>(n)};
}

auto van_der_pol(double h, std::int64_t n) {
  return Problem{problems::VanDerPol<>{}, Eigen::Vector2d(2, 0.25), 0.0, h * static_cast<double>(n)};
}

auto neural(double h, std::int64_t n) {
  auto field = workloads::sine_weights(Mlp<double, Layers<2, 16, 2>>{});
  return Problem{field, Eigen::Vector2d(0.5, -0.25), 0.0, h * static_cast<double>(n)};
}

constexpr std::int64_t million = 1'000'000;

}  // namespace

TEST_CASE("Lorenz there and back in a million steps, bit for bit", "[round trip]") {
  CHECK(battery::comes_back(lorenz(0.01, million), Reversible<RK4>{}, million));
  CHECK(battery::comes_back(lorenz(0.005, million), Reversible<Midpoint>{.lambda = 0.75}, million));
}

TEST_CASE("Lorenz against time comes back before it runs away", "[round trip]") {
  const auto problem = lorenz(-0.001, 200);
  CHECK(battery::comes_back(problem, Reversible<RK4>{}, 200));
}

TEST_CASE("Van der Pol there and back in a million steps, bit for bit, at several λ", "[round trip]") {
  CHECK(battery::comes_back(van_der_pol(0.01, million), Reversible<Midpoint>{}, million));
  CHECK(battery::comes_back(van_der_pol(0.005, million), Reversible<Midpoint>{.lambda = 0.75}, million));
  CHECK(battery::comes_back(van_der_pol(0.01, million), Reversible<Midpoint>{.lambda = 0.25}, million));
}

TEST_CASE("A neural field there and back in a million steps, bit for bit", "[round trip]") {
  CHECK(battery::comes_back(neural(0.01, million), Reversible<Midpoint>{}, million));
  using workloads::W1;
  const Problem w1{W1::field(), W1::y0(), 0.0, W1::h * static_cast<double>(million)};
  CHECK(battery::comes_back(w1, Reversible<Midpoint>{}, million));
  CHECK(battery::comes_back(w1, Reversible<Midpoint>{.lambda = 1023.0 / 1024}, million));
}

TEST_CASE("A field in explicit time comes back, to either side", "[round trip]") {
  for (const double direction : {1.0, -1.0}) {
    const Problem problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.5, -1), 0.25, 0.25 + direction * 20};
    CHECK(battery::comes_back(problem, Reversible<RK4>{}, 100'000));
    CHECK(battery::comes_back(problem, Reversible<RK4>{}, 99'991));  // a step that no binary fraction is
  }
}

TEST_CASE("Steps numbered past 2^31 and 2^32 are numbered in 64 bits", "[round trip]") {
  const auto problem = van_der_pol(0.01, 100);
  for (const std::int64_t first :
       {(std::int64_t{1} << 31) - 50, (std::int64_t{1} << 32) - 50, (std::int64_t{1} << 53) + 1}) {
    const auto trip = assert_reversible(problem, Reversible<Midpoint>{}, battery::NumberedSteps{100, first});
    CHECK(battery::same_bits(trip.y0, problem.y0));
    // The number is the dither's seed: other numbers, other roundings.
    const auto from_zero = assert_reversible(problem, Reversible<Midpoint>{}, FixedSteps{100});
    CHECK_FALSE(battery::same_bits(trip.y1, from_zero.y1));
    CHECK((trip.y1 - from_zero.y1).norm() < 1e-9);  // 100 steps, a few 2^−41 each, damped by the limit cycle
  }
}
