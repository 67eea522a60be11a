#include "antistrophe/method/runge_kutta/tableau/tsit5.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include "support/catch.hpp"

using namespace antistrophe::tableau;

namespace {

// The digits in common use in double precision, 15 decimals at least.
constexpr std::array<long double, 7> b{
    {0.09646076681806523L, 0.01L, 0.4798896504144996L, 1.379008574103742L, -3.290069515436081L, 2.324710524099774L, 0}};
// These come with the sign of b̂ − b.
constexpr std::array<long double, 7> b_hat_minus_b{{-0.00178001105222577714L, -0.0008164344596567469L,
                                                    0.007880878010261995L, -0.1447110071732629L, 0.5823571654525552L,
                                                    -0.45808210592918697L, 1.0L / 66.0L}};

}  // namespace

TEST_CASE("Tsit5's longer digits agree with the shorter ones in use", "[tableau]") {
  for (std::size_t i = 0; i < b.size(); ++i) {
    INFO("weight " << i + 1);
    CHECK(std::abs(Tsit5::b[i] - b[i]) < 1e-15L);
    CHECK(std::abs(Tsit5::error[0][i] + b_hat_minus_b[i]) < 1e-15L);
  }
}
