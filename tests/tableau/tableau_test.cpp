#include "antistrophe/method/runge_kutta/tableau/tableau.hpp"

#include <array>
#include <string_view>

#include "antistrophe/method/runge_kutta/tableau/all.hpp"
#include "support/catch.hpp"

using namespace antistrophe::tableau;

namespace {

// Each lacks or breaks one thing of a tableau.
struct NoName {
  static constexpr int order = 2;
  static constexpr int stages = 2;
  static constexpr bool fsal = false;
  static constexpr auto c = Midpoint::c;
  static constexpr auto a = Midpoint::a;
  static constexpr auto b = Midpoint::b;
  static constexpr int error_estimates = 1;
  static constexpr auto embedded_order = Midpoint::embedded_order;
  static constexpr auto error = Midpoint::error;
};

struct WrongLength : NoName {
  static constexpr std::string_view name = "WrongLength";
  static constexpr std::array<Rational, 3> b{};
};

struct PlainDoubles : NoName {
  static constexpr std::string_view name = "PlainDoubles";
  static constexpr std::array<double, 2> b{};
};

struct EstimateMissing : NoName {
  static constexpr std::string_view name = "EstimateMissing";
  static constexpr int error_estimates = 2;
};

struct Implicit : NoName {
  static constexpr std::string_view name = "Implicit";
  static constexpr std::array<std::array<Rational, 2>, 2> a{{{}, {{{1, 4}, {1, 4}}}}};
};

struct FalselyFsal : NoName {
  static constexpr std::string_view name = "FalselyFsal";
  static constexpr bool fsal = true;
};

struct UnnoticedFsal : NoName {
  static constexpr std::string_view name = "UnnoticedFsal";
  static constexpr std::array<Rational, 2> c{0, 1};
  static constexpr std::array<std::array<Rational, 2>, 2> a{{{}, {{1}}}};
  static constexpr std::array<Rational, 2> b = a[1];
};

struct Complete : NoName {
  static constexpr std::string_view name = "Complete";
};

}  // namespace

TEST_CASE("a tableau is recognised, and each lack is seen", "[tableau]") {
  STATIC_REQUIRE(Tableau<Complete>);
  STATIC_REQUIRE_FALSE(SaysWhatItIs<int>);
  STATIC_REQUIRE_FALSE(SaysWhatItIs<NoName>);
  STATIC_REQUIRE_FALSE(HasWeights<WrongLength>);
  STATIC_REQUIRE_FALSE(HasWeights<PlainDoubles>);
  STATIC_REQUIRE_FALSE(HasErrorEstimates<EstimateMissing>);
  STATIC_REQUIRE_FALSE(is_explicit<Implicit>());
  STATIC_REQUIRE_FALSE(says_fsal_rightly<FalselyFsal>());
  STATIC_REQUIRE_FALSE(says_fsal_rightly<UnnoticedFsal>());
  STATIC_REQUIRE_FALSE(Tableau<int>);
  STATIC_REQUIRE_FALSE(Tableau<NoName>);
  STATIC_REQUIRE_FALSE(Tableau<WrongLength>);
  STATIC_REQUIRE_FALSE(Tableau<PlainDoubles>);
  STATIC_REQUIRE_FALSE(Tableau<EstimateMissing>);
  STATIC_REQUIRE_FALSE(Tableau<Implicit>);
  STATIC_REQUIRE_FALSE(Tableau<FalselyFsal>);
  STATIC_REQUIRE_FALSE(Tableau<UnnoticedFsal>);
}

TEST_CASE("an increment needs no stage after its last weight", "[tableau]") {
  STATIC_REQUIRE(increment_stages<Euler> == 1);
  STATIC_REQUIRE(increment_stages<Midpoint> == 2);
  STATIC_REQUIRE(increment_stages<Heun> == 2);
  STATIC_REQUIRE(increment_stages<Ralston> == 2);
  STATIC_REQUIRE(increment_stages<Ralston3> == 3);
  STATIC_REQUIRE(increment_stages<Bosh3> == 3);
  STATIC_REQUIRE(increment_stages<RK4> == 4);
  STATIC_REQUIRE(increment_stages<RK38> == 4);
  STATIC_REQUIRE(increment_stages<Tsit5> == 6);
  STATIC_REQUIRE(increment_stages<Dopri5> == 6);
  STATIC_REQUIRE(increment_stages<Dop853> == 12);
}
