#include "exact_integer.hpp"

#include "support/catch.hpp"

using antistrophe::test::ExactInteger;

TEST_CASE("exact integers agree with 64-bit ones where these suffice", "[tableau][exact_integer]") {
  for (const std::int64_t x : {-1'000'000'007LL, -3LL, -1LL, 0LL, 1LL, 2LL, 4'294'967'296LL})
    for (const std::int64_t y : {-998'244'353LL, -1LL, 0LL, 1LL, 65'537LL, 1'073'741'824LL}) {
      CHECK(ExactInteger(x) + ExactInteger(y) == ExactInteger(x + y));
      CHECK(ExactInteger(x) * ExactInteger(y) == ExactInteger(x * y));
    }
}

TEST_CASE("exact integers keep the binomial theorem at 500 bits", "[tableau][exact_integer]") {
  // (x + 1)² = x² + 2x + 1 and (x + 1)(x − 1) = x² − 1 at |x| = 3^157 ≈ 2^249
  ExactInteger x = 1;
  for (int i = 0; i < 157; ++i) x = x * -3;
  CHECK((x + 1) * (x + 1) == x * x + x * 2 + 1);
  CHECK((x + 1) * (x + -1) == x * x + -1);
  CHECK_FALSE((x + 1) * (x + 1) == x * x + x * 2);
}
