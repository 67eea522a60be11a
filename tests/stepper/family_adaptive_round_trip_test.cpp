// There and back in steps chosen to a tolerance, a hundred thousand of them: bit for bit, of vectors and batches.
#include "catch.hpp"
#include "reversible_methods.hpp"

using namespace antistrophe;

namespace {

using WithEstimates = std::tuple<Reversible<Heun>, Reversible<Dopri5>, TwoPoint<Heun>, TwoPoint<Dopri5>,
                                 ReversibleHeun<>, AsynchronousLeapfrog<>>;

// Adams methods come back from adaptive steps of one state in adams_restart_test.
using OfBatches = battery::Joined<WithEstimates, std::tuple<ReversibleAdams<3>, ReversibleAdams<6>>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("With resolutions of their own they come back from a hundred thousand adaptive steps",
                        "[adaptive]", WithEstimates) {
  CAPTURE(battery::Facts<TestType>::name);
  // Steps vary with the orbit, up to 0.005; the first is tried at 0.005 where the tolerance wants less.
  const Adaptive steps{.rtol = 1e-7, .atol = 1e-7, .dtmax = 0.005, .first_step = 0.005};
  const auto check = [&](const auto& orbit, const auto& method) {
    const auto trip = assert_reversible(orbit, method, steps);
    CHECK(trip.steps >= 100'000);
    CHECK(trip.drift == 0);
    CHECK(battery::same_bits(trip.y0, orbit.y0));
  };
  if constexpr (requires { battery::Facts<TestType>::is_two_points; }) {
    check(Problem{problems::HenonHeiles<>{}, Eigen::Vector4d(0, -0.125, 0.5, 0), 0.0, 500.0}, TestType{});
  } else {
    // On chaotic orbits a parasite grows: here a pendulum without friction and drive.
    problems::DrivenPendulum<> pendulum;
    pendulum.theta << 0, 0, 1;
    check(Problem{pendulum, Eigen::Vector2d(0.5, -0.25), 0.0, 500.0}, TestType{});
  }
}

TEST_CASE("A damped asynchronous leapfrog goes on where there is friction", "[adaptive]") {
  const Problem problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.5, -0.25), 0.0, 500.0};
  const Adaptive steps{.rtol = 1e-6, .atol = 1e-6};
  const auto trip = assert_reversible(problem, AsynchronousLeapfrog<>{.damping = 0.875}, steps);
  CHECK(trip.steps >= 100'000);
  CHECK(battery::same_bits(trip.y0, problem.y0));
  // Undamped, the parasite grows by e^{0.125 t}.
  const Adaptive bounded{.rtol = 1e-6, .atol = 1e-6, .max_steps = 1'000'000};
  CHECK(solve(problem, AsynchronousLeapfrog<>{}, bounded, {}, OnFailure::return_status).status() != Status::success);
}

TEMPLATE_LIST_TEST_CASE("And from as many of a batch, of doubles and of floats", "[adaptive]", OfBatches) {
  CAPTURE(battery::Facts<TestType>::name);
  const auto check = [](auto scalar) {
    using Scalar = decltype(scalar);
    Eigen::Matrix<Scalar, 2, 2> rotation;
    rotation << 0, 1, -1, 0;
    const Eigen::MatrixX<Scalar> start =
        (Eigen::Matrix<double, 2, 3>() << 1, 0.5, -2, 0.25, -1, 3).finished().template cast<Scalar>();
    const Problem batch{problems::Linear<2, Scalar>(rotation), start, 0.0, 500.0};
    const auto trip = assert_reversible(batch, TestType{}, Adaptive{.rtol = 1e-4, .atol = 1e-4, .dtmax = 0.005});
    CHECK(trip.steps >= 100'000);
    CHECK(battery::same_bits(trip.y0, start));
    CHECK_FALSE(battery::same_bits(trip.y1, start));
  };
  check(1.0);
  check(1.0f);
}
