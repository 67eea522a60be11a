// The extras of a call: in any order, in every call that takes them; what observers, progress and failures are in gradient
// calls; losses that read times and events.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"
#include "reversible_methods.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using Pendulum = problems::DrivenPendulum<>;
const Problem pendulum{Pendulum{}, Vector2d(1, 0.5), 0.5, 6.0};
const SaveAt often{.times = {0.7, 2.5, 4.0}, .t1 = true};

template <class G>
bool same(const G& a, const G& b) {
  return battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta) && a.t0 == b.t0 && a.t1 == b.t1;
}

// g = y1 − 0.1 along the pendulum, whose velocity crosses it several times; recorded, or ends the solve.
struct Slow {
  double operator()(double, const auto& y) const { return y[1] - 0.1; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[1] += 1; }
};

// Fails after t = 3.
struct FailsLate : Pendulum {
  void operator()(double t, const Vector2d& y, Vector2d& dy) const {
    Pendulum::operator()(t, y, dy);
    if (t > 3) dy[0] = std::numeric_limits<double>::quiet_NaN();
  }
};

// L = Σ (k + 1) t_k + Σ y1(t_k) over the events of the record.
struct SumOfEvents {
  template <class Y>
  double operator()(const std::vector<double>&, const std::vector<Y>&, const std::vector<EventRecord<Y>>& events,
                    std::vector<double>&, std::vector<Y>&, std::vector<EventCotangent<Y>>& events_bar) const {
    double sum = 0;
    for (std::size_t k = 0; k < events.size(); ++k) {
      const auto weight = static_cast<double>(k + 1);
      sum += weight * events[k].t + events[k].y[1];
      events_bar[k].t = weight;
      events_bar[k].y[1] = 1;
    }
    return sum;
  }
};

}  // namespace

TEST_CASE("Extras are told by their types, whatever their order", "[extras]") {
  const battery::WeightedSum loss;
  const Events record{Event{Slow{}, Crossing::any, false}};
  const auto a = value_and_gradient(pendulum, Reversible<RK4>{}, FixedSteps{50}, loss, often, DirectAdjoint{}, record);
  const auto b = value_and_gradient(pendulum, Reversible<RK4>{}, FixedSteps{50}, loss, record, DirectAdjoint{}, often);
  CHECK(a.value == b.value);
  CHECK(same(a.gradient, b.gradient));
  const auto c = value_and_gradient(pendulum, Reversible<RK4>{}, FixedSteps{50}, loss,
                                    {.times = {0.7, 2.5, 4.0}, .t1 = true}, record, DirectAdjoint{});
  CHECK(same(a.gradient, c.gradient));
  const std::vector<double> ts{0.7, 2.5, 4.0, 6.0};
  CHECK(solve(pendulum, RK4{}, FixedSteps{50}, record, OnFailure::return_status, often).ts() == ts);
}

TEST_CASE("Progress, observers and failures in gradient calls", "[extras]") {
  const battery::WeightedSum loss;
  const auto plain = value_and_gradient(pendulum, Reversible<Dopri5>{}, FixedSteps{500}, loss, often);
  std::vector<double> told;
  std::vector<Vector2d> seen;
  const auto watched =
      value_and_gradient(pendulum, Reversible<Dopri5>{}, FixedSteps{500}, loss,
                         Observer{[&](double, const Vector2d& y) { seen.push_back(y); }}, often,
                         Progress{[&](double fraction, const Stats&) { told.push_back(fraction); }, 0});
  CHECK(watched.value == plain.value);
  CHECK(same(watched.gradient, plain.gradient));
  CHECK(seen.size() == 4);
  // The way forth is the first half of the progress, the way back the second; the end is told once.
  REQUIRE(told.size() > 10);
  CHECK(std::is_sorted(told.begin(), told.end()));
  CHECK((told.front() < 0.1 && told.back() == 1));
  CHECK(std::count_if(told.begin(), told.end(), [](double x) { return x > 0.5; }) > 5);
  CHECK(std::count_if(told.begin(), told.end(), [](double x) { return x < 0.5; }) > 5);

  // Stopped by an observer, the gradient is that of the solve so far.
  const auto stopped =
      value_and_gradient(pendulum, Reversible<Dopri5>{}, FixedSteps{500}, loss, SaveAt{.times = {0.7, 2.5, 4.0}},
                         Observer{[](double t, const Vector2d&) { return t < 2; }});
  CHECK(stopped.status() == Status::stopped);
  const auto shorter =
      value_and_gradient(pendulum, Reversible<Dopri5>{}, FixedSteps{500}, loss, SaveAt{.times = {0.7, 2.5}});
  CHECK(stopped.value == shorter.value);
  // Of the times it knows less: nodes beyond the end do not move.
  CHECK(battery::relative_difference(shorter.gradient.y0, stopped.gradient.y0) < 1e-13);
  CHECK(battery::relative_difference(shorter.gradient.theta, stopped.gradient.theta) < 1e-13);

  const Problem fails{FailsLate{}, Vector2d(1, 0.5), 0.5, 6.0};
  const auto failed = value_and_gradient(fails, Dopri5{}, FixedSteps{50}, loss, OnFailure::return_status);
  CHECK(failed.status() == Status::not_finite);
  CHECK_FALSE(failed.success());
  CHECK(failed.failure.t > 2.8);
  CHECK((std::isnan(failed.value) && std::isnan(failed.gradient.y0[0]) && std::isnan(failed.gradient.theta[0])));
  CHECK_THROWS_AS(value_and_gradient(fails, Dopri5{}, FixedSteps{50}, loss), SolveError);
  auto pass = solve_with_pullback(fails, Dopri5{}, FixedSteps{50}, OnFailure::return_status, often);
  CHECK(pass.solution().status() == Status::not_finite);
  CHECK(pass.ys().size() == 2);
  CHECK_THROWS_AS((void)pass.pullback(pass.ys()), SolveError);
}

TEMPLATE_TEST_CASE("A loss reads the events of the record, and its gradient goes through their times and states",
                   "[extras]", Dop853, Reversible<Dop853>, ReversibleAdams<6>, TwoPoint<Dopri5>) {
  // Exact methods at a resolution that differences do not see.
  const TestType method = battery::Facts<TestType>::method();
  Problem longer = pendulum;
  longer.t1 = 12;
  for (const bool terminal : {false, true}) {
    CAPTURE(terminal);
    const Events events{Event{Slow{}, Crossing::any, terminal}};
    const auto solution = solve(longer, method, FixedSteps{600}, events);
    CHECK((terminal ? solution.events().size() == 1 : solution.events().size() >= 2));
    const auto report = check_gradient(longer, method, FixedSteps{600}, SumOfEvents{}, events);
    CAPTURE(report);
    CHECK(report);
    if constexpr (ReversibleStepper<typename TestType::template Stepper<Pendulum, Vector2d>>) {
      const auto a = value_and_gradient(longer, method, FixedSteps{600}, SumOfEvents{}, events);
      const auto b = value_and_gradient(longer, method, FixedSteps{600}, SumOfEvents{}, events, DirectAdjoint{});
      CHECK(battery::gradient_difference(b.gradient, a.gradient) < 1e-11);
    }
  }
  // Through jumps: each record is that before its jump.
  using problems::Ball, problems::Bounce, problems::Ground;
  const Problem ball{Ball{}, Vector2d(10, 0), 0.0, 6.0};
  const auto report = check_gradient(ball, method, FixedSteps{200}, SumOfEvents{}, SaveAt{.times = {1.0}},
                                     Events{JumpEvent{Ground{}, Bounce{}, Crossing::falling}});
  CAPTURE(report);
  CHECK(report);
}

TEST_CASE("A round trip goes through events", "[extras]") {
  using problems::Ball, problems::Bounce, problems::Ground;
  const Problem ball{Ball{}, Vector2d(10, 0), 0.0, 6.0};
  const auto trip = assert_reversible(ball, Reversible<Dopri5>{}, FixedSteps{100},
                                      Events{JumpEvent{Ground{}, Bounce{}, Crossing::falling}});
  CHECK(battery::same_bits(trip.y0, ball.y0));
  CHECK(trip.y1[0] < 6);
}
