// The gradient of Adams methods against complex steps of the real-valued map, which share no code with it.
#include "battery.hpp"
#include "catch.hpp"

#include <cstdint>

using namespace antistrophe;

namespace {

constexpr std::int64_t n = 40;

auto pendulum(double t0, double t1) {
  return Problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), t0, t1};
}

// t0, nodes given twice, t1; and times inside the first steps, the last one, and between.
SaveAt some_saves(double t0, double t1) {
  const auto at = [&](double i) { return t0 + (t1 - t0) * i / static_cast<double>(n); };
  return {.times = {t0, at(0.5), at(2.25), at(5), at(20), at(20), at(20.75), at(21), at(21.5), at(39.5), t1},
          .t0 = true,
          .t1 = true};
}

// As of other methods (gradient_test.cpp): 40 steps of some 100 operations, over a flow that amplifies less than 400 times,
// and an exact path that is off by 2 · 2^−52 a step.
constexpr double round_off = 1e-11;

template <class M, class Adjoint>
void check(const Adjoint& adjoint) {
  CAPTURE(battery::Facts<M>::name);
  for (const double t1 : {2.5, -1.5}) {
    CAPTURE(t1);
    const auto distance = [&](const SaveAt& save_at) {
      return battery::distance_from_complex_step(pendulum(0.5, t1), battery::Facts<M>::method(), n, save_at, adjoint);
    };
    CHECK(distance({}) < round_off);
    CHECK(distance({.t0 = true, .steps = true}) < round_off);
    CHECK(distance(some_saves(0.5, t1)) < round_off);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("The gradient of an Adams method is that of its real-valued map", "[gradient]", ReversibleAdams<1>,
                   ReversibleAdams<3>, ReversibleAdams<8>) {
  check<TestType>(ReversibleAdjoint{});
}
TEMPLATE_TEST_CASE("And so with a corrector", "[gradient]", ReversibleAdamsPece<1>, ReversibleAdamsPece<4>) {
  check<TestType>(ReversibleAdjoint{});
}
TEST_CASE("The direct adjoint gives it too", "[gradient]") { check<ReversibleAdams<4>>(DirectAdjoint{}); }

TEMPLATE_TEST_CASE("The dot-product test", "[gradient]", ReversibleAdams<4>) {
  for (unsigned seed = 1; seed <= 3; ++seed)
    CHECK(battery::dot_product_mismatch(pendulum(0.5, 2.5), battery::Facts<TestType>::method(), n, some_saves(0.5, 2.5),
                                        ReversibleAdjoint{}, seed) < 1e-12);
}
