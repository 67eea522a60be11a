// There and back with Adams methods in equal steps: bit for bit, at every order.
#include "battery.hpp"
#include "catch.hpp"

#include <cstdint>

using namespace antistrophe;

namespace {

// Initial values are multiples of every resolution used here, so that holding them changes no bit.
auto lorenz(double h, std::int64_t n) {
  return Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1.5, 20), 0.0, h * static_cast<double>(n)};
}
auto pendulum(double t1) { return Problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.5, -1), 0.25, t1}; }

constexpr std::int64_t many = 100'000;

}  // namespace

TEST_CASE("A hundred thousand steps there and back, bit for bit, on a chaotic solution", "[round trip]") {
  CHECK(battery::comes_back(lorenz(0.001, many), ReversibleAdams<1>{}, many));
  CHECK(battery::comes_back(lorenz(0.001, many), ReversibleAdams<2>{}, many));
  CHECK(battery::comes_back(lorenz(0.001, many), ReversibleAdams<3>{}, many));
  CHECK(battery::comes_back(lorenz(0.001, many), ReversibleAdams<4>{}, many));
  CHECK(battery::comes_back(lorenz(0.001, many), ReversibleAdams<5>{}, many));
  CHECK(battery::comes_back(lorenz(0.001, many), ReversibleAdams<6>{}, many));
  CHECK(battery::comes_back(lorenz(0.0005, many), ReversibleAdams<7>{}, many));
  CHECK(battery::comes_back(lorenz(0.0005, many), ReversibleAdams<8>{}, many));
  CHECK(battery::comes_back(lorenz(0.001, many), ReversibleAdamsPece<3>{}, many));
}

TEMPLATE_LIST_TEST_CASE("Every carry passed is met again", "[round trip]", battery::FewAdamsMethods) {
  CAPTURE(battery::Facts<TestType>::name);
  CHECK(battery::meets_every_carry(lorenz(0.001, 1000), TestType{}, 1000));
  CHECK(battery::meets_every_carry(pendulum(-2), TestType{}, 777));
  CHECK(battery::meets_every_carry(pendulum(1), TestType{}, 4));  // hardly more than the start
}
