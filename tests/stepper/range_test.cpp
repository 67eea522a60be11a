// At the edge of an exact method's range: what goes forth comes back, up to the last step that fits.
#include "catch.hpp"

#include <antistrophe/antistrophe.hpp>

#include <cstdint>

using namespace antistrophe;

namespace {

using Vector1d = Eigen::Matrix<double, 1, 1>;

struct Decay {
  double rate;
  void operator()(double, const auto& y, auto& dy) const { dy[0] = -rate * y[0]; }
};

Problem<Decay, Vector1d> decay(double rate, std::int64_t n) {
  return {{rate}, Vector1d{1.0}, 0.0, 0.01 * static_cast<double>(n)};
}

}  // namespace

template <class M>
M at_three_quarters() {
  if constexpr (requires(M m) { m.lambda = 0.75; })
    return {.lambda = 0.75};
  else
    return {};
}

// Beyond h |μ| = −ln λ, about 0.29 here, the parasitic solution grows until it leaves the range; y and z then have opposite
// signs, so that y − z is up to twice as large as either; two points likewise have opposite signs, and so have y and ŷ of
// reversible Heun, whose parasite grows at any h |μ|.
TEMPLATE_TEST_CASE("What is about to leave its range still comes back", "[range]", Reversible<Euler>, TwoPoint<Euler>,
                   LeapfrogMidpoint<>, ReversibleHeun<>, AsynchronousLeapfrog<>) {
  const auto method = at_three_quarters<TestType>();
  int came_back = 0, left = 0;
  for (double rate = 30; rate < 80; rate *= 1.01) {
    for (std::int64_t n = 1; n < 300; ++n) {
      const auto status = solve(decay(rate, n), method, FixedSteps{n}, SaveAt{}, OnFailure::return_status).status();
      if (status != Status::success) {
        CHECK(status == Status::out_of_range);
        ++left;
        break;
      }
      INFO("rate " << rate << ", " << n << " steps");
      REQUIRE_NOTHROW(assert_reversible(decay(rate, n), method, FixedSteps{n}));
      ++came_back;
    }
  }
  CHECK(came_back > 1000);
  CHECK(left > 80);  // at the smaller rates some last all 300 steps
}
