// Bad input: std::invalid_argument that names the argument, its value and what it may be, from every entry point, before
// the field is called.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include "catch.hpp"
#include "problems.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

// Counts its calls in all copies.
struct Counted : problems::LotkaVolterra<> {
  static inline int calls = 0;
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    ++calls;
    problems::LotkaVolterra<>::operator()(t, y, dy);
  }
};

using Given = Problem<Counted, Eigen::Vector2d>;
const Given good{{}, {1.0, 2.0}, 0.0, 1.0};

constexpr auto half_square = [](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
};

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "not refused";
}

template <class M, class StepsType>
void refused_by(const std::string& text, const Given& problem, const M& method, const StepsType& steps,
                const SaveAt& save_at) {
  const TerminalLoss loss{half_square};
  Counted::calls = 0;
  CHECK(refusal([&] { (void)solve(problem, method, steps, save_at); }) == text);
  CHECK(refusal([&] { (void)solve(problem, method, steps, save_at, OnFailure::return_status); }) == text);
  CHECK(refusal([&] { (void)solve_with_pullback(problem, method, steps, save_at); }) == text);
  CHECK(refusal([&] { (void)value_and_gradient(problem, method, steps, loss, save_at); }) == text);
  CHECK(refusal([&] { (void)value_and_gradient(problem, method, steps, loss, save_at, DirectAdjoint{}); }) == text);
  CHECK(Counted::calls == 0);
}

template <class StepsType>
void refused(const std::string& text, const Given& problem, const StepsType& steps, const SaveAt& save_at = {}) {
  INFO(text);
  refused_by(text, problem, Midpoint{}, steps, save_at);
  refused_by(text, problem, Reversible<Midpoint>{}, steps, save_at);
}

template <class Change>
Given changed(const Change& change) {
  Given problem = good;
  change(problem);
  return problem;
}

struct Root {
  static constexpr bool autonomous = true;
  void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy = std::sqrt(y[0]) * y; }
  void vjp(double, const Eigen::Vector2d&, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto&) const {
    y_bar += w;
  }
};

}  // namespace

TEST_CASE("Good input is not refused", "[bad_input]") {
  Counted::calls = 0;
  CHECK(refusal([] { (void)solve(good, Midpoint{}, FixedSteps{10}); }) == "not refused");
  CHECK(Counted::calls == 20);
}

TEST_CASE("Numbers of steps", "[bad_input]") {
  refused("antistrophe: FixedSteps::n is 0; it must be at least 1", good, FixedSteps{0});
  refused("antistrophe: FixedSteps::n is -3; it must be at least 1", good, FixedSteps{-3});
  refused(
      "antistrophe: FixedSteps::n is 4611686018427387904; it must be such that t + h differs from t by more than "
      "round-off (a step of 2.168404344971009e-19 vanishes between t0 = 0 and t1 = 1)",
      good, FixedSteps{std::int64_t{1} << 62});
  // At t = 1e9 round-off is 1e-7: 1000 steps over 1e-6 would each be a hundredth of that.
  const Given late = changed([](Given& p) { p.t0 = 1e9, p.t1 = 1e9 + 1.0 / (1 << 20); });
  refused(
      "antistrophe: FixedSteps::n is 1000; it must be such that t + h differs from t by more than round-off (a step "
      "of 9.5367431640625e-10 vanishes between t0 = 1e+09 and t1 = 1000000000.000001)",
      late, FixedSteps{1000});
  // So near to t = 0 that numbers have no more digits: an eighth of the smallest is 0. Eight times the smallest is eight steps.
  constexpr double smallest = std::numeric_limits<double>::denorm_min();
  refused(
      "antistrophe: FixedSteps::n is 8; it must be such that t + h differs from t by more than round-off (a step "
      "of 0 vanishes between t0 = 0 and t1 = 4.94066e-324)",
      changed([](Given& p) { p.t1 = smallest; }), FixedSteps{8});
  CHECK(refusal([] { (void)solve(changed([](Given& p) { p.t1 = 8 * smallest; }), Midpoint{}, FixedSteps{8}); }) ==
        "not refused");
  // Where there is nothing to solve, the number of steps is looked at all the same.
  const Given instant = changed([](Given& p) { p.t1 = p.t0; });
  refused("antistrophe: FixedSteps::n is 0; it must be at least 1", instant, FixedSteps{0});
}

TEST_CASE("Sizes of steps", "[bad_input]") {
  refused("antistrophe: FixedStep::h is 0; it must be finite and not 0", good, FixedStep{0});
  refused("antistrophe: FixedStep::h is nan; it must be finite and not 0", good, FixedStep{not_a_number});
  refused("antistrophe: FixedStep::h is inf; it must be finite and not 0", good, FixedStep{infinity});
  refused("antistrophe: FixedStep::h is -inf; it must be finite and not 0", good, FixedStep{-infinity});
  refused("antistrophe: FixedStep::h is -0.1; it must be positive, since t1 > t0", good, FixedStep{-0.1});
  const Given towards_the_past = changed([](Given& p) { p.t1 = -1; });
  refused("antistrophe: FixedStep::h is 0.1; it must be negative, since t1 < t0", towards_the_past, FixedStep{0.1});
  refused(
      "antistrophe: FixedStep::h is 2e-15; it must be such that t + h differs from t by more than round-off (a step "
      "of 2e-15 vanishes between t0 = 0 and t1 = 10)",
      changed([](Given& p) { p.t1 = 10; }), FixedStep{2e-15});
  refused("antistrophe: FixedStep::h is 1e-17; it must be large enough for fewer than 9e15 steps", good,
          FixedStep{1e-17});
}

TEST_CASE("Times to step to", "[bad_input]") {
  refused("antistrophe: StepTo::times[1] is 0.25; it must be beyond the time before it, towards t1", good,
          StepTo{{0.5, 0.25}});
  refused("antistrophe: StepTo::times[1] is 0.5; it must be beyond the time before it, towards t1", good,
          StepTo{{0.5, 0.5}});
  refused("antistrophe: StepTo::times[0] is -0.5; it must be between t0 = 0 and t1 = 1", good, StepTo{{-0.5}});
  refused("antistrophe: StepTo::times[1] is 1.5; it must be between t0 = 0 and t1 = 1", good, StepTo{{0.5, 1.5}});
  refused("antistrophe: StepTo::times[0] is nan; it must be finite", good, StepTo{{not_a_number}});
  refused("antistrophe: StepTo::each is 0; it must be at least 1", good, StepTo{{0.5}, 0});
  refused("antistrophe: StepTo::each is -2; it must be at least 1", good, StepTo{{0.5}, -2});
  refused("antistrophe: StepTo::each is 4; it must be small enough for steps that do not vanish", good,
          StepTo{{0.5, std::nextafter(0.5, 1.0)}, 4});
  refused(
      "antistrophe: StepTo::each is 4000000000000; it must be small enough for fewer than 2e9 steps in all, whose "
      "times are kept",
      good, StepTo{{0.5}, 4'000'000'000'000});
}

TEST_CASE("Times of the problem", "[bad_input]") {
  const FixedSteps ten{10};
  refused("antistrophe: t0 is nan; it must be finite", changed([](Given& p) { p.t0 = not_a_number; }), ten);
  refused("antistrophe: t1 is nan; it must be finite", changed([](Given& p) { p.t1 = not_a_number; }), ten);
  refused("antistrophe: t0 is inf; it must be finite", changed([](Given& p) { p.t0 = infinity; }), ten);
  refused("antistrophe: t1 is -inf; it must be finite", changed([](Given& p) { p.t1 = -infinity; }), ten);
}

TEST_CASE("States and parameters that are not finite", "[bad_input]") {
  const FixedSteps ten{10};
  refused("antistrophe: y0[1] is nan; it must be finite", changed([](Given& p) { p.y0[1] = not_a_number; }), ten);
  refused("antistrophe: y0[0] is -inf; it must be finite", changed([](Given& p) { p.y0[0] = -infinity; }), ten);
  refused("antistrophe: parameters()[2] is nan; it must be finite",
          changed([](Given& p) { p.field.theta[2] = not_a_number; }), ten);
  refused("antistrophe: parameters()[3] is inf; it must be finite",
          changed([](Given& p) { p.field.theta[3] = infinity; }), ten);
}

TEST_CASE("Save times", "[bad_input]") {
  const FixedSteps ten{10};
  const auto at = [](std::vector<double> times) { return SaveAt{.times = std::move(times)}; };
  refused("antistrophe: SaveAt::times[0] is 1.5; it must be between t0 = 0 and t1 = 1", good, ten, at({1.5}));
  refused("antistrophe: SaveAt::times[0] is -0.1; it must be between t0 = 0 and t1 = 1", good, ten, at({-0.1}));
  refused("antistrophe: SaveAt::times[1] is 0.3; it must be sorted along the direction from t0 to t1", good, ten,
          at({0.5, 0.3}));
  refused("antistrophe: SaveAt::times[2] is nan; it must be finite", good, ten, at({0.1, 0.2, not_a_number}));
  refused("antistrophe: SaveAt::times[0] is inf; it must be finite", good, ten, at({infinity}));
  refused("antistrophe: SaveAt::times[1] is 0.5; it must be sorted along the direction from t0 to t1",
          changed([](Given& p) { p.t0 = 1, p.t1 = 0; }), ten, at({0.3, 0.5}));
  refused("antistrophe: SaveAt::times[0] is 1e-11; it must be between t0 = 0 and t1 = 1e-12",
          changed([](Given& p) { p.t1 = 1e-12; }), ten, at({1e-11}));
  refused("antistrophe: SaveAt::times[0] is 1; it must be between t0 = 0 and t1 = 0",
          changed([](Given& p) { p.t1 = 0; }), ten, at({1.0}));
}

// AddressSanitizer ends the program where memory does not suffice.
#if defined(__SANITIZE_ADDRESS__)
#define ANTISTROPHE_TEST_ENDS_WITHOUT_MEMORY
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ANTISTROPHE_TEST_ENDS_WITHOUT_MEMORY
#endif
#endif
#ifndef ANTISTROPHE_TEST_ENDS_WITHOUT_MEMORY
TEST_CASE("More states to be saved than memory holds", "[bad_input]") {
  refused(
      "antistrophe: the number of states that SaveAt asks for is 10000000000000; it must be small enough for memory "
      "to hold them; save every so many steps (SaveAt::every), or hand them to an Observer",
      good, FixedSteps{10'000'000'000'000}, SaveAt{.steps = true});
}
#endif

TEST_CASE("A solve of no length where the field is not finite has no gradient in time", "[bad_input]") {
  const auto loss = [](const std::vector<Eigen::Vector2d>& ys, std::vector<Eigen::Vector2d>& ys_bar) {
    ys_bar.back().setOnes();
    return ys.back().sum();
  };
  const auto got = value_and_gradient(Problem{Root{}, Eigen::Vector2d(-1, 1), 1.0, 1.0}, Midpoint{}, FixedSteps{3},
                                      loss, OnFailure::return_status);
  CHECK(got.status() == Status::gradient_not_finite);
}

TEST_CASE("A last place outside the interval is its end", "[bad_input]") {
  const double above = std::nextafter(1.0, 2.0);
  const auto solution = solve(good, Midpoint{}, FixedSteps{10}, SaveAt{.times = {-0x1p-60, above}});
  REQUIRE(solution.ys().size() == 2);
  CHECK(solution.ts() == std::vector<double>{-0x1p-60, above});
  CHECK(solution.ys()[0] == good.y0);
  CHECK(solution.ys()[1] == solve(good, Midpoint{}, FixedSteps{10}).ys().back());
}

TEST_CASE("The factor of a pair", "[bad_input]") {
  const FixedSteps ten{10};
  for (const double lambda :
       {0.999, 0.0, -0.5, 1.5, 0.3, not_a_number, std::ldexp(1.0, -41), 1 - std::ldexp(1.0, -41)}) {
    CAPTURE(lambda);
    const std::string text = refusal([&] { (void)solve(good, Reversible<Midpoint>{.lambda = lambda}, ten); });
    CHECK(text ==
          "antistrophe: lambda of an exact coupling is " + detail::in_words(lambda) +
              "; it must be 1 - 2^-m or 2^-q with m, q <= 40, such as 1/2, 3/4, 1/4 or 1023/1024 (Floating takes "
              "any in (0, 1])");
  }
  CHECK(refusal([&] { (void)solve(good, Reversible<Midpoint>{.lambda = 0.999}, ten); }).find(" is 0.999; ") !=
        std::string::npos);
  for (const double lambda : {0.5, 0.25, 0.75, 1.0, 1023.0 / 1024, std::ldexp(1.0, -10)})
    CHECK(refusal([&] { (void)solve(good, Reversible<Midpoint>{.lambda = lambda}, ten); }) == "not refused");

  for (const double lambda : {0.0, 1.01, -0.5, not_a_number})
    CHECK(refusal([&] { (void)solve(good, Reversible<Midpoint, Floating>{.lambda = lambda}, ten); }) ==
          "antistrophe: lambda of a floating coupling is " + detail::in_words(lambda) + "; it must be in (0, 1]");
  for (const double lambda : {0.3, 1.0})
    CHECK(refusal([&] { (void)solve(good, Reversible<Midpoint, Floating>{.lambda = lambda}, ten); }) == "not refused");
}

TEST_CASE("The resolution of an exact pair", "[bad_input]") {
  const auto with = [](double resolution, const Given& problem) {
    return refusal([&] { (void)solve(problem, Reversible<Midpoint>{.resolution = resolution}, FixedSteps{10}); });
  };
  CHECK(with(-1, good) == "antistrophe: resolution is -1; it must be positive, or 0 for the default");
  CHECK(with(not_a_number, good) == "antistrophe: resolution is nan; it must be positive, or 0 for the default");
  CHECK(with(infinity, good) == "antistrophe: resolution is inf; it must be positive, or 0 for the default");
  CHECK(with(1e-310, good) == "antistrophe: resolution is 1e-310; it must be a normal number with a normal inverse");
  // 2/2^60 = 2^-59.
  CHECK(with(1e-30, good) ==
        "antistrophe: resolution is 1e-30; it must be above 1.734723475976807e-18, so that y0 fits in 60 bits");
  CHECK(with(1000, good) ==
        "antistrophe: resolution is 1000; it must be at most the largest entry of y0, 2, or y0 would be lost");
  CHECK(with(1e-9, good) == "not refused");

  // 2^-42 is 2.3e-13, which would leave 1e-11 five bits: it is held at its own size.
  const Given small = changed([](Given& p) { p.y0 = {1e-11, -3e-12}; });
  CHECK(with(0, small) == "not refused");
  CHECK(with(1e-25, small) == "not refused");
  CHECK(with(0, changed([](Given& p) { p.y0.setZero(); })) == "not refused");
}

TEST_CASE("Parameters and states that do not fit the field", "[bad_input]") {
  Mlp<double> network{{2, 3, 2}};  // 2·3 + 3 + 3·2 + 2 = 17 parameters
  const auto solved = [&](const Eigen::VectorXd& y0) {
    return refusal([&] { (void)solve(Problem{network, y0, 0.0, 1.0}, Midpoint{}, FixedSteps{10}); });
  };
  CHECK(solved(Eigen::VectorXd::Ones(2)) == "not refused");
  CHECK_THAT(solved(Eigen::VectorXd::Ones(3)),
             Catch::Matchers::ContainsSubstring("the state has 3 rows, the network 2 outputs"));
  network.parameters() = Eigen::VectorXd::Zero(16);
  CHECK_THAT(solved(Eigen::VectorXd::Ones(2)),
             Catch::Matchers::ContainsSubstring("parameters() has 16 entries, the network 17"));
}

TEST_CASE("Cotangents of saved states", "[bad_input]") {
  const Problem batch{problems::Linear<2>{}, Eigen::MatrixXd::Ones(2, 3), 0.0, 1.0};
  const auto check = [&](const auto& method) {
    auto pass = solve_with_pullback(batch, method, FixedSteps{10}, SaveAt{.t0 = true, .t1 = true});
    const auto pulled = [&](const std::vector<Eigen::MatrixXd>& ys_bar) {
      return refusal([&] { (void)pass.pullback(ys_bar); });
    };
    const Eigen::MatrixXd ones = Eigen::MatrixXd::Ones(2, 3);
    Eigen::MatrixXd holed = ones;
    holed(1, 2) = not_a_number;
    CHECK(pulled({}) == "antistrophe: the length of ys_bar is 0; it must be that of ys(), 2");
    CHECK(pulled({ones}) == "antistrophe: the length of ys_bar is 1; it must be that of ys(), 2");
    CHECK(pulled({ones, Eigen::MatrixXd::Ones(3, 2)}) == "antistrophe: the shape of ys_bar[1] is 3x2; it must be 2x3");
    CHECK(pulled({ones, holed}) == "antistrophe: ys_bar[1][5] is nan; it must be finite");
    CHECK(pulled({ones, ones}) == "not refused");       // and the pass is as good as before
    CHECK(pass.pullback({ones, ones}).y0 == 2 * ones);  // y' = 0: each saved state is y0
  };
  check(Midpoint{});
  check(Reversible<Midpoint>{});
}

TEST_CASE("Losses", "[bad_input]") {
  const auto of = [](const auto& problem, const auto& loss) {
    return refusal([&] { (void)value_and_gradient(problem, Midpoint{}, FixedSteps{10}, loss); });
  };
  const Problem batch{problems::Linear<2>{}, Eigen::MatrixXd::Ones(2, 3), 0.0, 1.0};
  CHECK(of(good, TerminalLoss{[](const auto&, auto&) { return not_a_number; }}) ==
        "antistrophe: the value of the loss is nan; it must be finite");
  CHECK(of(good, TerminalLoss{[](const auto&, auto&) { return infinity; }}) ==
        "antistrophe: the value of the loss is inf; it must be finite");
  CHECK(of(good, TerminalLoss{[](const auto&, auto& y_bar) {
             y_bar[1] = not_a_number;
             return 1.0;
           }}) == "antistrophe: ys_bar[0][1] is nan; it must be finite");
  CHECK(of(batch, TerminalLoss{[](const auto&, auto& y_bar) {
             y_bar = Eigen::MatrixXd::Ones(1, 2);
             return 1.0;
           }}) == "antistrophe: the shape of ys_bar[0] is 1x2; it must be 2x3");
  CHECK(of(good, [](const auto&, auto& ys_bar) {
          ys_bar.clear();
          return 1.0;
        }) == "antistrophe: the length of ys_bar is 0; it must be that of ys(), 1");
  CHECK(of(good, MeanSquaredError<Eigen::Vector2d>{}) ==
        "antistrophe: MeanSquaredError::targets.size() is 0; it must be the number of saved states, 1");
  CHECK(of(batch, MeanSquaredError<Eigen::MatrixXd>{{Eigen::MatrixXd::Ones(3, 2)}}) ==
        "antistrophe: the shape of MeanSquaredError::targets[0] is 3x2; it must be 2x3");
}

TEST_CASE("Values are told in their shortest decimals", "[bad_input]") {
  CHECK(detail::in_words(0.1) == "0.1");
  CHECK(detail::in_words(0.1F) == "0.1");
  CHECK(detail::in_words(1.0 / 3) == "0.3333333333333333");
  CHECK(detail::in_words(std::int64_t{1} << 40) == "1099511627776");
  CHECK(detail::in_words(not_a_number) == "nan");
}
