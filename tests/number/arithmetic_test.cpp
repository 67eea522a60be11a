#include <antistrophe/number/arithmetic.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using namespace antistrophe;
using antistrophe::detail::FixedPoint;
using antistrophe::detail::FloatingPoint;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("nearest rounds to the nearest integer, ties to even") {
  CHECK(detail::nearest(0.5) == 0);
  CHECK(detail::nearest(1.5) == 2);
  CHECK(detail::nearest(-2.5) == -2);
  CHECK(detail::nearest(-0.75) == -1);
  CHECK(detail::nearest(std::ldexp(1.0, 61)) == std::int64_t{1} << 61);
  CHECK(detail::nearest(-std::ldexp(1.0, 61)) == -(std::int64_t{1} << 61));
}

TEST_CASE("A machine without an instruction for it rounds to the same integers") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int trial = 0; trial < 10000; ++trial) {
    const double x = std::ldexp(uniform(random), trial % 63);
    const double tie = std::floor(std::ldexp(uniform(random), 50)) + 0.5;
    REQUIRE(detail::nearest_anywhere(x) == detail::nearest(x));
    REQUIRE(detail::nearest_anywhere(tie) == detail::nearest(tie));
    // By the floor, and by remainders of halves: to even.
    const double below = std::floor(tie);
    const double even = std::fmod(below, 2) == 0 ? below : below + 1;
    REQUIRE(detail::nearest_anywhere(tie) == static_cast<std::int64_t>(even));
  }
  for (const double x : {0.0, -0.0, 0.49999999999999994, -0.5, 0x1p61, -0x1p61})
    CHECK(detail::nearest_anywhere(x) == detail::nearest(x));
}

TEST_CASE("Holding rounds to the resolution, and what is held is read back") {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(-100, 100);
  const Eigen::Vector3d like = Eigen::Vector3d::Zero();
  const FixedPoint<Eigen::Vector3d> numbers(0.5, std::ldexp(1.0, -20), like);
  for (int trial = 0; trial < 1000; ++trial) {
    const Eigen::Vector3d x(uniform(random), uniform(random), uniform(random));
    auto held = numbers.zeros(like);
    Eigen::Vector3d back;
    REQUIRE(numbers.store(x, held));
    CHECK((numbers.real(held, back) - x).cwiseAbs().maxCoeff() <= std::ldexp(1.0, -21));
    // What is on the grid stays, bit for bit.
    auto again = numbers.zeros(like);
    REQUIRE(numbers.store(back, again));
    CHECK((again == held).all());
  }
}

TEST_CASE("The default resolution is 2^-42 of the initial state rounded up to a power of two, of 1 at least") {
  CHECK(detail::default_resolution(Eigen::Vector2d(0.3, -1.0)) == std::ldexp(1.0, -42));
  CHECK(detail::default_resolution(Eigen::Vector2d(0.0, 0.0)) == std::ldexp(1.0, -42));
  CHECK(detail::default_resolution(Eigen::Vector2d(-5.0, 1.0)) == std::ldexp(1.0, -39));
  CHECK(detail::default_resolution(Eigen::Vector2f(8.0f, 1.0f)) == std::ldexp(1.0, -39));
  CHECK(detail::default_resolution(Eigen::VectorXd()) == std::ldexp(1.0, -42));
}

TEST_CASE(
    "A default resolution under which the initial state would vanish is refused, and asks for one that holds it") {
  const Eigen::Vector2d tiny(1e-12, -3e-13);
  CHECK_THROWS_AS((FixedPoint<Eigen::Vector2d>(0.5, 0, tiny)), std::invalid_argument);
  CHECK_THROWS_WITH((FixedPoint<Eigen::Vector2d>(0.5, 0, tiny)),
                    ContainsSubstring("y0") && ContainsSubstring(".resolution"));
  const FixedPoint<Eigen::Vector2d> numbers(0.5, std::ldexp(1e-12, -30), tiny);
  auto held = numbers.zeros(tiny);
  Eigen::Vector2d back;
  CHECK(numbers.store(tiny, held));
  CHECK((numbers.real(held, back) - tiny).norm() < 1e-20);
}

TEST_CASE("A resolution is rounded down to a power of two, and refused where it cannot be one") {
  const Eigen::Vector2d y0(1, 2);
  CHECK(FixedPoint<Eigen::Vector2d>(0.5, 1e-3, y0).resolution() == std::ldexp(1.0, -10));
  CHECK(FixedPoint<Eigen::Vector2d>(0.5, 0.25, y0).resolution() == 0.25);
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e-320, 1e-30}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((FixedPoint<Eigen::Vector2d>(0.5, bad, y0)), std::invalid_argument);
    CHECK_THROWS_WITH((FixedPoint<Eigen::Vector2d>(0.5, bad, y0)), ContainsSubstring("resolution"));
  }
}

TEST_CASE("What is NaN, infinite or beyond the range is not held, and the offender is named") {
  const double r = std::ldexp(1.0, -42);
  const Eigen::Vector3d like = Eigen::Vector3d::Zero();
  const FixedPoint<Eigen::Vector3d> numbers(0.5, r, like);
  auto held = numbers.zeros(like);
  const double limit = std::ldexp(r, 60);
  CHECK(numbers.store({0, std::nextafter(limit, 0.0), -std::nextafter(limit, 0.0)}, held));
  for (const double bad :
       {limit, -limit, 1e300, -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(bad);
    for (Eigen::Index i = 0; i < 3; ++i) {
      Eigen::Vector3d x(1, 2, 3);
      x[i] = bad;
      CHECK_FALSE(numbers.store(x, held));
      CHECK(numbers.offender(x) == i);
    }
  }
}

TEST_CASE("The range of held numbers is closed at 2^61, so that sums of two and an increment cannot wrap around") {
  const FixedPoint<Eigen::Vector2d> numbers(0.5, 1.0, Eigen::Vector2d::Zero());
  detail::Units<Eigen::Vector2d> held;
  const std::int64_t limit = std::int64_t{1} << 61;
  held << limit - 1, -(limit - 1);
  CHECK(numbers.in_range(held));
  held << limit, 0;
  CHECK_FALSE(numbers.in_range(held));
  held << 0, -limit;
  CHECK_FALSE(numbers.in_range(held));
}

TEST_CASE("Components are pushed in order and popped in reverse order, for every factor") {
  std::mt19937_64 random(4);
  const Eigen::VectorXd like = Eigen::VectorXd::Zero(17);
  for (const double lambda : {0.5, 0.75, 0.25, 0.875, 1.0, 1023.0 / 1024}) {
    const FixedPoint<Eigen::VectorXd> numbers(lambda, 1.0, like);
    std::vector<detail::Units<Eigen::VectorXd>> gaps;
    std::vector<detail::Units<Eigen::VectorXd>> shrunken;
    BitStack bits;
    for (std::int64_t n = 0; n < 100; ++n) {
      auto gap = numbers.zeros(like);
      for (Eigen::Index i = 0; i < gap.size(); ++i) gap[i] = static_cast<std::int64_t>(random() % 2001) - 1000;
      auto shrunk = gap;
      numbers.shrink(n, gap, shrunk);
      numbers.keep(n, gap, bits);
      gaps.push_back(gap);
      shrunken.push_back(shrunk);
    }
    BitStack::Cursor cursor(bits);
    bool equal = true;
    for (std::int64_t n = 100; n-- > 0;) {
      auto& grown = shrunken[static_cast<std::size_t>(n)];
      numbers.grow(n, grown, cursor);
      equal = equal && (grown == gaps[static_cast<std::size_t>(n)]).all();
    }
    CAPTURE(lambda);
    CHECK(equal);
    CHECK(cursor.at_bottom());
  }
}

TEST_CASE("A floating coupling takes any λ in (0, 1] and refuses others") {
  const Eigen::Vector2d y0(1, 2);
  CHECK(FloatingPoint<Eigen::Vector2d>(0.999, 0, y0).lambda() == 0.999);
  CHECK(FloatingPoint<Eigen::Vector2d>(1.0, 0, y0).lambda() == 1);
  for (const double bad : {0.0, -0.5, 1.0001, std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH((FloatingPoint<Eigen::Vector2d>(bad, 0, y0)),
                      ContainsSubstring("lambda") && ContainsSubstring("(0, 1]"));
  }
}

TEST_CASE("Numbers of loops over many are those of one at a time") {
  std::mt19937_64 random(7);
  const auto whole = [&] { return static_cast<std::int64_t>(random()); };
  std::int64_t misfits = 0;
  const auto check = [&](double x) {
    misfits = 0;
    CHECK(FixedPoint<Eigen::VectorXd>::units_of_many(x, 1.0, misfits) == detail::nearest(x));
    CHECK(misfits >= 0);
  };
  for (int trial = 0; trial < 2000; ++trial) {
    const std::int64_t x = whole() >> (trial % 64);
    if (detail::real_of_many(x) != static_cast<double>(x)) FAIL_CHECK(x);
    check(std::ldexp(static_cast<double>(whole() >> 3), -(trial % 70)));
    check(static_cast<double>(whole() >> (12 + trial % 40)) + 0.5);  // ties
  }
  for (const std::int64_t x : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                               std::numeric_limits<std::int64_t>::max(), (std::int64_t{1} << 53) + 1})
    CHECK(detail::real_of_many(x) == static_cast<double>(x));
  for (const double x : {0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1e-320, -0.0}) check(x);
  check(std::nextafter(std::ldexp(1.0, 60), 0.0));
  for (const double x : {std::ldexp(1.0, 60), -std::ldexp(1.0, 60), 1e300, std::numeric_limits<double>::infinity(),
                         std::numeric_limits<double>::quiet_NaN()}) {
    misfits = 0;
    (void)FixedPoint<Eigen::VectorXd>::units_of_many(x, 1.0, misfits);
    CHECK(misfits < 0);
  }

  using Numbers = FixedPoint<Eigen::VectorXd>;
  constexpr std::int64_t limit = std::int64_t{1} << 61;
  for (const std::int64_t sum :
       {limit - 1, limit, 1 - limit, -limit, 2 * limit - 1, 2 * limit, 1 - 2 * limit, -2 * limit, std::int64_t{0}}) {
    CHECK((Numbers::outside_of_many(sum) >= 0) == Numbers::holds_entry(sum));
    CHECK((Numbers::gap_outside_of_many(sum) >= 0) == Numbers::holds_gap(sum));
  }
  for (const double lambda : {0.5, 0.25, 1.0, 0.75, 1023.0 / 1024}) {
    const ExactFactor factor(lambda);
    for (std::int64_t i = 0; i < 500; ++i) {
      const std::int64_t d = whole() >> (2 + i % 60);
      CHECK(factor.shrink_of_many(d, 99, i) == factor.shrink(d, 99, i));
    }
  }
}
