// The power by which steps are lengthened, held against std::pow.
#include <antistrophe/step/detail/rough_power.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <vector>

using antistrophe::detail::rough_power;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<double> exponents{-1, -0.7, -0.5, -0.25, -0.2, -1.0 / 6, -0.125, -1e-3, 1e-3, 0.2, 0.4, 1};

}  // namespace

TEST_CASE("a rough power is that of pow to 1e-5", "[step]") {
  // L and R are off by 3e-6 of log2 x and by 5e-6: the power by 2.1e-6 |p| + 5e-6.
  for (const double p : exponents) {
    double worst = 0;
    for (double x = 1e-300; x < 1e300; x *= 1.0137) {
      if (std::fabs(p * std::log2(x)) > 999) continue;
      worst = std::fmax(worst, std::fabs(rough_power(x, p) / std::pow(x, p) - 1));
    }
    for (double x = 0.5; x < 4; x += 1e-4) worst = std::fmax(worst, std::fabs(rough_power(x, p) / std::pow(x, p) - 1));
    CAPTURE(p);
    CHECK(worst < 1e-5);
    CHECK(worst > 0);
  }
  CHECK(rough_power(4, 3) == Approx(64).epsilon(2e-5));
  CHECK(rough_power(3, -7) == Approx(std::pow(3, -7)).epsilon(3e-5));
}

TEST_CASE("a rough power of 1, and one by 0, are 1", "[step]") {
  for (const double p : exponents) CHECK(rough_power(1, p) == 1.0);
  for (const double x : {1e-310, 1e-10, 0.3, 1.0, 2.0, 7.7e200}) CHECK(rough_power(x, 0) == 1.0);
}

TEST_CASE("a rough power is monotonic, but for round-off", "[step]") {
  constexpr double round_off = 4 * std::numeric_limits<double>::epsilon();
  for (const double p : exponents) {
    CAPTURE(p);
    const auto goes_on = [&](double x, double next) {
      const double here = rough_power(x, p), there = rough_power(next, p);
      return p > 0 ? there >= here * (1 - round_off) : there <= here * (1 + round_off);
    };
    bool monotonic = true;
    for (double x = 1e-12; x < 1e6; x *= 1.000731) monotonic = monotonic && goes_on(x, x * 1.000731);
    // Neighbours, where one power of 2 meets the next, of x and of the result.
    for (int i = -40; i <= 40; ++i)
      for (const double meeting : {std::exp2(i), std::exp2(i / p)}) {
        if (!(meeting > 1e-300 && meeting < 1e300)) continue;
        double x = meeting * (1 - 40 * std::numeric_limits<double>::epsilon());
        for (int k = 0; k < 80; ++k) {
          const double next = std::nextafter(x, infinity);
          monotonic = monotonic && goes_on(x, next);
          x = next;
        }
      }
    CHECK(monotonic);
  }
}

TEST_CASE("a rough power of what is extreme", "[step]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(rough_power(0, -0.2) == infinity);
  CHECK(rough_power(0, 0.2) == 0.0);
  CHECK(rough_power(infinity, -0.2) == 0.0);
  CHECK(rough_power(infinity, 0.2) == infinity);
  CHECK(std::isnan(rough_power(nan, 0.2)));
  CHECK(std::isnan(rough_power(2, nan)));
  CHECK(std::isnan(rough_power(-1, 0.2)));
  CHECK(rough_power(1e300, 4) == infinity);
  CHECK(rough_power(1e300, -4) == 0.0);
  for (const double p : {-0.2, -0.125, 0.4, 0.9})
    for (const double x : {std::numeric_limits<double>::denorm_min(), 3e-320, 2.2e-308,
                           std::numeric_limits<double>::min(), std::numeric_limits<double>::max()})
      CHECK(rough_power(x, p) == Approx(std::pow(x, p)).epsilon(2e-5));
}
