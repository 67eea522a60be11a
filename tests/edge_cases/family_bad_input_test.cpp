// Bad input to the other reversible methods: std::invalid_argument that names the argument, its value and what it may be, before
// the field is called.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"
#include "problems.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

using namespace antistrophe;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// Counts its calls in all copies.
struct Counted : problems::LotkaVolterra<> {
  static inline int calls = 0;
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    ++calls;
    problems::LotkaVolterra<>::operator()(t, y, dy);
  }
};

struct Halves {
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void force(double, const auto& v, auto& dw) const { dw = -v; }
};

const Problem<Counted, Eigen::Vector2d> good{{}, {1.0, 2.0}, 0.0, 1.0};

template <class M>
std::string refusal(const M& method, const Problem<Counted, Eigen::Vector2d>& problem = good) {
  Counted::calls = 0;
  std::string text = "not refused";
  try {
    (void)solve(problem, method, FixedSteps{10});
    return text;
  } catch (const std::invalid_argument& error) {
    text = error.what();
  }
  try {
    (void)solve_with_pullback(problem, method, FixedSteps{10});
    return "refused by solve alone";
  } catch (const std::invalid_argument& error) {
    CHECK(error.what() == text);
  }
  CHECK(Counted::calls == 0);
  return text;
}

}  // namespace

TEST_CASE("The damping of an asynchronous leapfrog", "[bad_input]") {
  const std::string range =
      "; it must be in (0, 1] and not 1/2, where a step forgets the slope it came with and cannot be gone back";
  for (const double damping : {0.5, 0.0, -0.25, 1.5, not_a_number}) {
    CAPTURE(damping);
    CHECK(refusal(AsynchronousLeapfrog<>{.damping = damping}) ==
          "antistrophe: AsynchronousLeapfrog::damping is " + detail::in_words(damping) + range);
    CHECK(refusal(AsynchronousLeapfrog<Floating>{.damping = damping}) ==
          "antistrophe: AsynchronousLeapfrog::damping is " + detail::in_words(damping) + range);
  }
  CHECK(refusal(AsynchronousLeapfrog<>{.damping = 0.7}) ==
        "antistrophe: AsynchronousLeapfrog::damping is 0.7; it must be such that |1 - 2 damping| is 1 - 2^-m or 2^-q "
        "with m, q <= "
        "40, as with 1, 3/4, 7/8 or 1/4 (Floating takes any in (0, 1] but 1/2)");
  CHECK(refusal(AsynchronousLeapfrog<Floating>{.damping = 0.7}) == "not refused");
  for (const double damping : {1.0, 0.75, 0.875, 0.25, 0.9375, 0.5625})
    CHECK(refusal(AsynchronousLeapfrog<>{.damping = damping}) == "not refused");
}

TEST_CASE("The factor of two points", "[bad_input]") {
  for (const double lambda : {0.999, 0.0, -0.5, 1.5, not_a_number})
    CHECK(refusal(TwoPoint<Midpoint>{.lambda = lambda}) ==
          "antistrophe: lambda of an exact coupling is " + detail::in_words(lambda) +
              "; it must be 1 - 2^-m or 2^-q with m, q <= 40, such as 1/2, 3/4, 1/4 or 1023/1024 (Floating takes any "
              "in (0, 1])");
  for (const double lambda : {0.0, 1.01, not_a_number})
    CHECK(refusal(TwoPoint<Midpoint, Floating>{.lambda = lambda}) ==
          "antistrophe: lambda of a floating coupling is " + detail::in_words(lambda) + "; it must be in (0, 1]");
  for (const double lambda : {0.5, 0.25, 0.75, 1.0})
    CHECK(refusal(TwoPoint<Midpoint>{.lambda = lambda}) == "not refused");
}

TEMPLATE_TEST_CASE("Resolutions", "[bad_input]", TwoPoint<Midpoint>, LeapfrogMidpoint<>, ReversibleHeun<>,
                   AsynchronousLeapfrog<>) {
  const auto with = [](double resolution) { return refusal(TestType{.resolution = resolution}); };
  CHECK(with(-1) == "antistrophe: resolution is -1; it must be positive, or 0 for the default");
  CHECK(with(not_a_number) == "antistrophe: resolution is nan; it must be positive, or 0 for the default");
  CHECK(with(1e-310) == "antistrophe: resolution is 1e-310; it must be a normal number with a normal inverse");
  CHECK(with(1000) ==
        "antistrophe: resolution is 1000; it must be at most the largest entry of y0, 2, or y0 would be lost");
  CHECK(with(1e-9) == "not refused");
  auto small = good;
  small.y0 = {1e-11, -3e-12};
  CHECK(refusal(TestType{}, small) == "not refused");
}

TEST_CASE("Second resolutions", "[bad_input]") {
  for (const double bad : {-1.0, not_a_number, std::numeric_limits<double>::infinity()}) {
    CHECK(refusal(AsynchronousLeapfrog<>{.slope_resolution = bad}) ==
          "antistrophe: slope_resolution is " + detail::in_words(bad) + "; it must be positive, or 0 for the default");
    try {
      (void)solve(Problem{SplitField{Halves{}}, Eigen::Vector2d(1, 2), 0.0, 1.0}, Verlet<>{.resolution_w = bad},
                  FixedSteps{10});
      FAIL("not refused");
    } catch (const std::invalid_argument& error) {
      CHECK(error.what() ==
            "antistrophe: resolution_w is " + detail::in_words(bad) + "; it must be positive, or 0 for the default");
    }
  }
}

TEST_CASE("A slope that its resolution cannot hold names that resolution", "[bad_input]") {
  try {
    (void)solve(good, AsynchronousLeapfrog<>{.slope_resolution = 1e-19}, FixedSteps{10});
    FAIL("no SolveError");
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::out_of_range);
    CHECK(error.cause().find(".slope_resolution = ") != std::string::npos);
    CHECK(error.template solution<Solution<Eigen::Vector2d>>().ys().empty());  // only the last was to be saved
  }
}

// Scale: with t a million times as long and f a millionth of itself, the same path to round-off of the times.
TEST_CASE("The asynchronous leapfrog's resolution of slopes goes with the scale of time", "[bad_input]") {
  struct Slow {
    double scale;
    void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy << scale * y[1], -scale * y[0]; }
  };
  const auto at = [](double scale) {
    return solve(Problem{Slow{scale}, Eigen::Vector2d(1, 0.5), 0.0, 4 / scale}, AsynchronousLeapfrog<>{},
                 FixedSteps{400})
        .ys()
        .back();
  };
  const Eigen::Vector2d expected = at(1);
  for (const double scale : {0x1p-40, 0x1p-20, 0x1p20, 0x1p40}) CHECK((at(scale) - expected).norm() == 0);
}
