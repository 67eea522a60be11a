// Continuous adjoints go through events: jumps, those that are recorded, and one that ends the solve; and states and times of all
// of them may be in the loss. Held against the gradient of stored states at a tolerance of 1e-12.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using problems::Ball, problems::Ground, problems::OfAll, problems::PushedBounce, problems::Tired, problems::Turning;

auto events(double level, double steady) {
  return Events{JumpEvent{Ground{}, PushedBounce{}, Crossing::falling},
                Event<Turning>{Turning{}, Crossing::falling, false, 0},
                Event<Tired>{Tired{level}, Crossing::falling, true, 0}, steady_state_event(0, steady)};
}

auto gradient(double t1, double level, const SaveAt& save_at, double tolerance, const auto& adjoint,
              const Vector2d& y0 = Vector2d(10, 0.5), double steady = 1e-9) {
  const Problem ball{Ball{}, y0, 0.0, t1};
  const auto result = value_and_gradient(ball, Dopri5{}, Adaptive{.rtol = tolerance, .atol = tolerance}, OfAll{},
                                         save_at, events(level, steady), adjoint);
  CHECK(result.status() == (level > 0 || steady > 1e-9 ? Status::event : Status::success));
  return result.gradient;
}

}  // namespace

TEMPLATE_TEST_CASE("States and times of bounces, of highest points, of the end", "[events]", BacksolveAdjoint<>,
                   InterpolatingAdjoint<>, GaussLegendreAdjoint<>) {
  // 55 is passed after the first bounce; 0 never.
  for (const double level : {0.0, 55.0}) {
    CAPTURE(level);
    for (const SaveAt& save_at :
         {SaveAt{.times = {0.5, 1.75, 2.5}, .t0 = true, .t1 = true}, SaveAt{}, SaveAt{.t0 = true}}) {
      const auto expected = gradient(5.0, level, save_at, 1e-12, DirectAdjoint{});
      const auto got = gradient(5.0, level, save_at, 1e-9, TestType{});
      CHECK(battery::gradient_difference(expected, got) < 1e-7);
      CHECK(battery::all_nonzero(expected.theta));
    }
  }
  // What the ball loses by its first bounce makes it steady at once, by this measure: it ends where it begins anew.
  const Vector2d thrown(1, -23);
  const auto expected = gradient(5.0, 0, SaveAt{}, 1e-12, DirectAdjoint{}, thrown, 16.5);
  CHECK(battery::gradient_difference(expected, gradient(5.0, 0, SaveAt{}, 1e-9, TestType{}, thrown, 16.5)) < 1e-7);
  CHECK(battery::all_nonzero(expected.theta));
}
