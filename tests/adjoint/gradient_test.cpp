// The gradient of every method and adjoint, against complex steps of the real-valued map, which share no code with it.
#include "battery.hpp"
#include "catch.hpp"

using namespace antistrophe;

namespace {

constexpr std::int64_t n = 40;

auto lotka_volterra(double t0, double t1) {
  return Problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), t0, t1};
}
auto pendulum(double t0, double t1) {
  return Problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), t0, t1};
}

// t0, times given twice, every other node, t1: nodes are multiples of a power of two's share, hence met exactly.
SaveAt some_saves(double t0, double t1) {
  const auto node = [&](int i) { return t0 + (t1 - t0) * i / static_cast<double>(n); };
  return {.times = {t0, t0, node(5), node(20), node(20), node(21), t1}, .t0 = true, .t1 = true};
}

// Round-off: n = 40 steps of at most 24 stages of some 20 operations, each with 2^−53 of its result, amplified by the
// sensitivity of the flow over 2 units of time, less than e^{2·3}: 40 · 24 · 20 · 1.1e−16 · 400 = 8.5e−10 if all
// conspired, their square root's share if not: 6e−12. An exact path is off by at most 3 · 2^−52 a step besides, 3e−14.
constexpr double round_off = 1e-11;

template <class M, class Adjoint>
void check_pendulum(const M& method, const Adjoint& adjoint) {
  CAPTURE(battery::Facts<M>::name);
  for (const double t1 : {2.5, -1.5}) {
    CAPTURE(t1);
    const auto distance = [&](const SaveAt& save_at) {
      return battery::distance_from_complex_step(pendulum(0.5, t1), method, n, save_at, adjoint);
    };
    CHECK(distance({}) < round_off);
    CHECK(distance({.t0 = true, .steps = true}) < round_off);
    CHECK(distance(some_saves(0.5, t1)) < round_off);
  }
}

template <class M, class Adjoint>
void check_lotka_volterra(const M& method, const Adjoint& adjoint) {
  CAPTURE(battery::Facts<M>::name);
  for (const double t1 : {2.0, -1.0}) {
    CAPTURE(t1);
    CHECK(battery::distance_from_complex_step(lotka_volterra(0, t1), method, n, some_saves(0, t1), adjoint) <
          round_off);
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("The gradient of a plain method is that of its map", "[gradient]", battery::PlainMethods) {
  check_pendulum(battery::Facts<TestType>::method(), DirectAdjoint{});
}

TEMPLATE_LIST_TEST_CASE("The gradient of an exact pair is that of the real-valued pair", "[gradient]",
                        battery::ExactMethods) {
  check_pendulum(battery::Facts<TestType>::method(), ReversibleAdjoint{});
}

TEMPLATE_LIST_TEST_CASE("Gradients of Lotka-Volterra, plain", "[gradient]", battery::FewPlainMethods) {
  check_lotka_volterra(battery::Facts<TestType>::method(), DirectAdjoint{});
}

TEMPLATE_LIST_TEST_CASE("Gradients of Lotka-Volterra, exact pairs", "[gradient]", battery::FewExactMethods) {
  check_lotka_volterra(battery::Facts<TestType>::method(), ReversibleAdjoint{});
}
