#include "antistrophe/method/runge_kutta/tableau/dopri5.hpp"

#include "support/catch.hpp"

using namespace antistrophe::tableau;

TEST_CASE("Dopri5's error weights are those that Hairer's code dopri5.f holds", "[tableau]") {
  constexpr std::array<Rational, 7> published{
      {{71, 57600}, 0, {-71, 16695}, {71, 1920}, {-17253, 339200}, {22, 525}, {-1, 40}}};
  STATIC_REQUIRE(Dopri5::error[0] == published);
}
