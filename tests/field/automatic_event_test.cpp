// Events and jumps whose derivatives come from the functions alone, against those written by hand.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_event.hpp>
#include <antistrophe/running_cost.hpp>

#include "catch.hpp"

using namespace antistrophe;

namespace {

// A ball in air: height and speed, θ = (restitution, drag).
struct Ball {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{0.8, 0.1};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -9.81 - theta[1] * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[1] -= y[1] * w[1];
  }
};

// A floor that sinks with time and whose height is a parameter: g = y − θ_1 + t/10.
struct Floor {
  double operator()(double t, const auto& y, const auto& theta) const { return y[0] - theta[1] + 0.1 * t; }
  void gradient(double, const auto&, const auto&, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    y_bar[0] += 1;
    theta_bar[1] -= 1;
    t_bar += 0.1;
  }
};
struct Bounce {
  void operator()(double t, const auto& y, const auto& theta, auto& y_new) const {
    y_new[0] = y[0] + 0.01 * t;
    y_new[1] = -theta[0] * y[1];
  }
  void vjp(double, const auto& y, const auto& theta, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    y_bar[0] += w[0];
    y_bar[1] -= theta[0] * w[1];
    theta_bar[0] -= y[1] * w[1];
    t_bar += 0.01 * w[0];
  }
};

const Problem<Ball, Eigen::Vector2d> problem{Ball{}, {10, 0}, 0.0, 6.0};
const TerminalLoss height{[](const auto& y, auto& y_bar) {
  y_bar[0] = 1;
  return y[0];
}};

}  // namespace

TEST_CASE("Automatic derivatives of an event and its jump are those by hand, to round-off", "[field][events]") {
  const Events by_hand{JumpEvent{Floor{}, Bounce{}, Crossing::falling}};
  const Events automatic{
      JumpEvent{automatic_event([](auto t, const auto& y, const auto& theta) { return y[0] - theta[1] + 0.1 * t; }),
                automatic_jump([](auto t, const auto& y, const auto& theta, auto& y_new) {
                  y_new[0] = y[0] + 0.01 * t;
                  y_new[1] = -theta[0] * y[1];
                }),
                Crossing::falling}};
  const auto a = value_and_gradient(problem, Dopri5{}, Adaptive{}, height, {}, DirectAdjoint{}, by_hand);
  const auto b = value_and_gradient(problem, Dopri5{}, Adaptive{}, height, {}, DirectAdjoint{}, automatic);
  CHECK(a.value == b.value);
  CHECK(a.gradient.theta[0] != 0);
  // The same numbers in another order of summation.
  CHECK((a.gradient.theta - b.gradient.theta).norm() <= 1e-12 * a.gradient.theta.norm());
  CHECK((a.gradient.y0 - b.gradient.y0).norm() <= 1e-12 * a.gradient.y0.norm());
  CHECK(a.gradient.t0 == Approx(b.gradient.t0).epsilon(1e-12));
}

TEST_CASE("A terminal event needs no parameters, and its time is differentiated", "[field][events]") {
  const Events ground{Event{automatic_event([](auto, const auto& y) { return y[0]; }), Crossing::falling}};
  const auto time_of_impact = [](const auto& ts, const auto&, auto& ts_bar, auto&) {
    ts_bar.back() = 1;
    return ts.back();
  };
  auto still = problem;
  still.field.theta[1] = 0;
  const auto impact =
      value_and_gradient(still, Reversible<Dopri5>{}, Adaptive{}, time_of_impact, {}, ReversibleAdjoint{}, ground);
  // Without drag t = √(2 h/g), dt/dh = t/(2 h); Dopri5 is exact on a parabola, exact arithmetic to its grain of 2^-38.
  CHECK(impact.value == Approx(std::sqrt(20 / 9.81)).epsilon(1e-10));
  CHECK(impact.gradient.y0[0] == Approx(std::sqrt(20 / 9.81) / 20).epsilon(1e-9));
}

TEST_CASE("A g, a jump and a running cost that read parameters beyond their end are refused by name",
          "[field][events]") {
  const auto told = [](const auto& extra, const char* message) {
    CHECK_THROWS_WITH((void)solve(problem, Dopri5{}, FixedSteps{100}, extra), message);
  };
  const auto of_height = automatic_event([](auto, const auto& y) { return y[0]; });
  const auto reversing = automatic_jump([](auto, const auto& y, const auto& theta, auto& y_new) {
    y_new[0] = y[0];
    y_new[1] = -theta[0] * y[1];
  });
  told(Events{JumpEvent{of_height, reversing},
              Event{automatic_event([](auto, const auto& y, const auto& theta) { return y[0] - theta[2]; })}},
       "antistrophe: the length of the field's parameters() is 2; it must be longer, for the g of event 1 reads "
       "theta[2]");
  told(Events{JumpEvent{
           of_height, [](double, const auto& y, const auto& theta, auto& y_new) { y_new << y[0], -theta[3] * y[1]; }}},
       "antistrophe: the length of the field's parameters() is 2; it must be longer, for the jump of event 0 reads "
       "theta[3]");
  told(RunningCost{[](auto, const auto& y, const auto& theta) { return theta[2] * y[0]; }},
       "antistrophe: the length of the field's parameters() is 2; it must be longer, for the q of the RunningCost "
       "reads theta[2]");
}
