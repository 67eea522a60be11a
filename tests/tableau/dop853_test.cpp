#include "antistrophe/method/runge_kutta/tableau/dop853.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "support/catch.hpp"

using namespace antistrophe::tableau;

// The nodes in closed form, from Hairer, Nørsett & Wanner I, section II.5.
TEST_CASE("Dop853's nodes are the roots they stand for", "[tableau]") {
  const long double q = std::sqrt(6.0L);
  const std::array<long double, 12> c{{0, (12 - 2 * q) / 135, (6 - q) / 45, (6 - q) / 30, (6 + q) / 30, 1.0L / 3,
                                       1.0L / 4, 4.0L / 13, 127.0L / 195, 3.0L / 5, 6.0L / 7, 1}};
  for (std::size_t i = 0; i < c.size(); ++i) {
    INFO("node " << i + 1);
    // ε/2 for the last quotient, and what the root and the sum lose (4 ε below 16) over 30 or more
    CHECK(std::abs(Dop853::c[i] - c[i]) <= std::numeric_limits<long double>::epsilon());
  }
}

TEST_CASE("Dop853's estimates see no error in a constant field", "[tableau]") {
  for (const auto& error : Dop853::error) {
    long double sum = 0, magnitude = 0;
    for (const long double e : error) {
      sum += e;
      magnitude += std::abs(e);
    }
    // twelve additions, and two roundings in each b − b̂
    CHECK(std::abs(sum) <= 14 * std::numeric_limits<long double>::epsilon() / 2 * magnitude);
  }
}
