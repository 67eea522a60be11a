// Continuous adjoints go through events: jumps, those that are recorded, and one that ends the solve; and states and times of all
// of them may be in the loss. Held against the gradient of stored states at a tolerance of 1e-12.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>

#include <cmath>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using problems::Ball, problems::Bounce, problems::Ground;

// Its highest points.
struct Turning {
  double operator()(double, const Vector2d& y) const { return y[1]; }
  void gradient(double, const Vector2d&, Vector2d& y_bar, auto&, double&) const { y_bar[1] += 1; }
};
// Where drag has left so much energy and no more, less and less as time passes.
struct Tired {
  double level;
  double operator()(double t, const Vector2d& y) const { return 9.81 * y[0] + y[1] * y[1] / 2 - level + 0.25 * t; }
  void gradient(double, const Vector2d& y, Vector2d& y_bar, auto&, double& t_bar) const {
    y_bar[0] += 9.81;
    y_bar[1] += y[1];
    t_bar += 0.25;
  }
};
// A bounce that a share of the time pushes up.
struct PushedBounce {
  void operator()(double t, const auto& y, const auto& theta, auto& y_new) const {
    Bounce{}(t, y, theta, y_new);
    y_new[1] += t / 16;
  }
  void vjp(double t, const auto& y, const auto& theta, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    Bounce{}.vjp(t, y, theta, w, y_bar, theta_bar, t_bar);
    t_bar += w[1] / 16;
  }
};

// Everything that was saved and recorded, each with a weight of its own.
struct OfAll {
  static double weight(std::size_t i, double shift) { return std::sin(shift + 2.3 * static_cast<double>(i)); }
  double operator()(const std::vector<double>& ts, const std::vector<Vector2d>& ys,
                    const std::vector<EventRecord<Vector2d>>& events, std::vector<double>& ts_bar,
                    std::vector<Vector2d>& ys_bar, std::vector<EventCotangent<Vector2d>>& events_bar) const {
    double value = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] << weight(i, 1), weight(i, 2);
      ts_bar[i] = weight(i, 3);
      value += ys_bar[i].dot(ys[i]) + ts_bar[i] * ts[i];
    }
    for (std::size_t k = 0; k < events.size(); ++k) {
      events_bar[k].y << weight(k, 4), weight(k, 5);
      events_bar[k].t = weight(k, 6);
      value += events_bar[k].y.dot(events[k].y) + events_bar[k].t * events[k].t;
    }
    return value;
  }
};

auto events(double level) {
  return Events{JumpEvent{Ground{}, PushedBounce{}, Crossing::falling},
                Event<Turning>{Turning{}, Crossing::falling, false, 0},
                Event<Tired>{Tired{level}, Crossing::falling, true, 0}};
}

auto gradient(double t1, double level, const SaveAt& save_at, double tolerance, const auto& adjoint) {
  const Problem ball{Ball{}, Vector2d(10, 0.5), 0.0, t1};
  const auto result = value_and_gradient(ball, Dopri5{}, Adaptive{.rtol = tolerance, .atol = tolerance}, OfAll{},
                                         save_at, events(level), adjoint);
  CHECK(result.status() == (level > 0 ? Status::event : Status::success));
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
}
