#include "antistrophe/method/runge_kutta/tableau/rational.hpp"

#include <array>
#include <complex>
#include <cstdint>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <type_traits>

#include "support/catch.hpp"

namespace antistrophe::tableau {
static std::ostream& operator<<(std::ostream& out, const Rational& x) { return out << x.num << '/' << x.den; }
}  // namespace antistrophe::tableau

using namespace antistrophe::tableau;

TEST_CASE("a rational is in lowest terms with a positive denominator", "[tableau][rational]") {
  CHECK(Rational(6, 8).num == 3);
  CHECK(Rational(6, 8).den == 4);
  CHECK(Rational(3, -6) == Rational(-1, 2));
  CHECK(Rational(0, -7).num == 0);
  CHECK(Rational(0, -7).den == 1);
  CHECK(Rational() == 0);
  CHECK_THROWS_AS(Rational(1, 0), std::domain_error);
  STATIC_REQUIRE(std::is_convertible_v<int, Rational>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<double, Rational>);
}

TEST_CASE("rational arithmetic is exact", "[tableau][rational]") {
  STATIC_REQUIRE(Rational(1, 6) + Rational(1, 10) == Rational(4, 15));
  STATIC_REQUIRE(Rational(1, 6) - Rational(2, 3) == Rational(-1, 2));
  STATIC_REQUIRE(Rational(-4, 9) * Rational(3, 8) == Rational(-1, 6));
  STATIC_REQUIRE(Rational(3, 4) / Rational(-9, 2) == Rational(-1, 6));
  STATIC_REQUIRE(-Rational(1, 3) + 1 == Rational(2, 3));
  CHECK_THROWS_AS(Rational(1) / 0, std::domain_error);
}

// Telescopes to n/(n + 1), with denominators far beyond 64 bits if the terms were not reduced.
TEST_CASE("a sum of rationals stays in lowest terms", "[tableau][rational]") {
  Rational sum;
  for (int k = 1; k <= 1000; ++k) sum = sum + Rational(1, k) - Rational(1, k + 1);
  CHECK(sum == Rational(1000, 1001));
}

TEST_CASE("rationals refuse what 64 bits do not hold", "[tableau][rational]") {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  CHECK(Rational(largest) - 1 + 1 == largest);
  CHECK(Rational(largest, 7) * Rational(7, largest) == 1);
  CHECK_THROWS_AS(Rational(largest) + 1, std::overflow_error);
  CHECK_THROWS_AS(Rational(largest) * 2, std::overflow_error);
  CHECK_THROWS_AS(Rational(1, largest) / 2, std::overflow_error);
  CHECK_THROWS_AS(-Rational(std::numeric_limits<std::int64_t>::min()), std::overflow_error);
}

TEST_CASE("a coefficient is the nearest scalar", "[tableau][rational]") {
  STATIC_REQUIRE(coefficient<double>(Rational(19372, 6561)) == 19372.0 / 6561.0);
  STATIC_REQUIRE(coefficient<float>(Rational(-1, 3)) == -1.0f / 3.0f);
  STATIC_REQUIRE(coefficient<long double>(Rational(1, 3)) == 1.0L / 3.0L);
  STATIC_REQUIRE(coefficient<double>(0.1L) == 0.1);
  STATIC_REQUIRE(coefficient<long double>(0.1L) == 0.1L);
  // 2^24 + 1 is no float; the quotient is 1 + 2^-24 and a little more, which rounds upwards
  STATIC_REQUIRE(coefficient<float>(Rational(16777219, 16777217)) == 1.0f + 0x1p-23f);
}

TEST_CASE("a coefficient of a complex state is real", "[tableau][rational]") {
  CHECK(coefficient<std::complex<double>>(Rational(1, 3)) == std::complex<double>(1.0 / 3.0, 0.0));
  CHECK(coefficient<std::complex<float>>(0.1L) == std::complex<float>(0.1f, 0.0f));
  CHECK(coefficient<std::complex<long double>>(Rational(2, 3)) == std::complex<long double>(2.0L / 3.0L, 0.0L));
}

TEST_CASE("a coefficient serves scalars that are made from a double", "[tableau][rational]") {
  struct Dual {
    double value, derivative = 0;
    constexpr explicit Dual(double x) : value(x) {}
  };
  CHECK(coefficient<Dual>(Rational(1, 3)).value == 1.0 / 3.0);
  CHECK(coefficient<Dual>(0.25L).value == 0.25);
}

TEST_CASE("nonzero and difference", "[tableau][rational]") {
  STATIC_REQUIRE(nonzero(Rational(1, 9)));
  STATIC_REQUIRE_FALSE(nonzero(Rational(0, 9)));
  STATIC_REQUIRE(nonzero(-1e-30L));
  STATIC_REQUIRE_FALSE(nonzero(-0.0L));
  constexpr std::array<Rational, 2> b{0, 1}, b_hat{1, 0};
  STATIC_REQUIRE(difference(b, b_hat) == std::array<Rational, 2>{-1, 1});
}
