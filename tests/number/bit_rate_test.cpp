// Bits kept: 2(1−λ) a component a step for λ = 1 − 2^−m, q for λ = 2^−q, whatever the solution does.
#include "battery.hpp"
#include "catch.hpp"

using namespace antistrophe;

namespace {

struct Resting {
  void operator()(double, const Eigen::Vector4d&, Eigen::Vector4d& dy) const { dy.setZero(); }
};

// Two oscillators of different frequencies.
struct Oscillating {
  void operator()(double, const Eigen::Vector4d& y, Eigen::Vector4d& dy) const {
    dy << y[1], -y[0], 2 * y[3], -2 * y[2];
  }
  void vjp(double, const Eigen::Vector4d&, const Eigen::Vector4d& w, Eigen::Vector4d& y_bar, auto&) const {
    y_bar += Eigen::Vector4d(-w[1], w[0], -2 * w[3], 2 * w[2]);
  }
};

const Eigen::Vector4d origin(0.5, 0.25, -0.375, 0.125);

// The bits are independent draws of probability p = 2 · 2^−m (for m = 1: one each), so that their number strays by
// √expected: with 30,000 expected bits 2 % are 3.5 deviations. The draws are hashed from the step: always the same.
template <class F, class M>
void check_rate(const F& field, const Eigen::Vector4d& start, const M& method, double rate, double h) {
  const auto n = static_cast<std::int64_t>(std::ceil(30'000 / (4 * rate)));
  const Problem problem{field, start, 0.0, h * static_cast<double>(n)};
  const auto trip = assert_reversible(problem, method, FixedSteps{n});
  const double expected = 4 * rate * static_cast<double>(n);
  CAPTURE(method.lambda, n, trip.bits, expected);
  CHECK(std::fabs(static_cast<double>(trip.bits) / expected - 1) < 0.02);
  CHECK(battery::same_bits(trip.y0, start));
}

template <class F>
void check_rates(const F& field, const Eigen::Vector4d& start, double h) {
  for (int m = 1; m <= 10; ++m) {
    const double share = std::ldexp(1.0, -m);
    check_rate(field, start, Reversible<Midpoint>{.lambda = 1 - share}, 2 * share, h);
  }
}

}  // namespace

TEST_CASE("The bit rate of a resting solution", "[bits]") {
  check_rates(Resting{}, origin, 0.005);
  check_rates(Resting{}, Eigen::Vector4d::Zero(), 0.005);
}

TEST_CASE("The bit rate of an oscillating solution", "[bits]") { check_rates(Oscillating{}, origin, 0.005); }

TEST_CASE("The bit rate of a chaotic solution", "[bits]") {
  // Energy 0.15, where almost all of Hénon and Heiles's energy surface is chaotic; below 1/6, so that it is bounded.
  const problems::HenonHeiles<> field;
  Eigen::Vector4d start(0, -0.125, 0.5, 0);
  start[2] =
      std::ldexp(std::round(std::ldexp(std::sqrt(0.3 - 2.0 / 64 * 0.5 - 2 * 0.125 * 0.125 * 0.125 / 3), 20)), -20);
  REQUIRE(std::fabs(field.energy(start) - 0.15) < 0.01);
  check_rates(field, start, 0.005);
}

TEST_CASE("λ = 2^−q keeps q bits exactly", "[bits]") {
  for (int q = 0; q <= 6; ++q) {
    const Problem problem{Oscillating{}, origin, 0.0, 2.0};
    const auto trip = assert_reversible(problem, Reversible<Midpoint>{.lambda = std::ldexp(1.0, -q)}, FixedSteps{1000});
    CHECK(trip.bits == q * 4 * 1000);
    CHECK(battery::same_bits(trip.y0, origin));
  }
}

TEST_CASE("What is kept is reported: bits, and bytes near an eighth of them", "[bits]") {
  const Problem problem{Oscillating{}, origin, 0.0, 500.0};
  constexpr std::int64_t n = 100'000;
  const auto exact = solve_with_pullback(problem, Reversible<Midpoint>{.lambda = 0.75}, FixedSteps{n});
  CHECK(std::fabs(static_cast<double>(exact.stats().bits) - 200'000) < 0.02 * 200'000);
  CHECK(exact.stats().bytes_kept >= 200'000 / 8 - 500);
  CHECK(exact.stats().bytes_kept <= 200'000 / 8 + 1000);
  const auto floating = solve_with_pullback(problem, Reversible<Midpoint, Floating>{}, FixedSteps{n});
  CHECK(floating.stats().bits == 0);
  CHECK(floating.stats().bytes_kept < 64);
  const auto stored = solve_with_pullback(problem, Midpoint{}, FixedSteps{n}, {}, DirectAdjoint{});
  CHECK(stored.stats().bytes_kept == static_cast<std::size_t>(n) * 4 * sizeof(double));
  CHECK(solve(problem, Reversible<Midpoint>{}, FixedSteps{n}).stats().bits == 0);
}
