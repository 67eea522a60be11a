// AutomaticAdjoint chooses by counts and sizes, says what it chose, keeps to its budget, and gives the gradient of any other.
#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"

#include <antistrophe/adjoint/automatic.hpp>
#include <antistrophe/field/automatic_event.hpp>
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/running_cost.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>

using namespace antistrophe;
using Eigen::Vector2d;
using Eigen::VectorXd;

namespace {

// Of sizes that the compiler knows, or not.
template <class Y, class Theta>
auto predators() {
  const auto f = [](auto, const auto& y, const auto& theta, auto& dy) {
    dy[0] = theta[0] * y[0] - theta[1] * y[0] * y[1];
    dy[1] = theta[2] * y[0] * y[1] - theta[3] * y[1];
  };
  const Theta theta = Eigen::Vector4d(1.1, 0.4, 0.1, 0.4);
  const Y y0 = Vector2d(10, 5);
  return Problem{automatic_vjp(f, theta), y0, 0.0, 10.0};
}
const auto fixed_size = predators<Vector2d, Eigen::Vector4d>();
const auto any_size = predators<VectorXd, VectorXd>();

struct Sum {
  double operator()(const auto& ys, auto& ys_bar) const {
    ys_bar[0].setOnes();
    return ys[0].sum();
  }
};

template <class P, class M, class StepsType, class... Extras>
auto gradient(const P& problem, const M& method, const StepsType& steps, const Extras&... extras) {
  return value_and_gradient(problem, method, steps, Sum{}, extras...);
}

bool same_bits(const auto& a, const auto& b) {
  return (a.gradient.y0.array() == b.gradient.y0.array()).all() &&
         (a.gradient.theta.array() == b.gradient.theta.array()).all() && a.gradient.t0 == b.gradient.t0 &&
         a.gradient.t1 == b.gradient.t1 && a.value == b.value;
}

// A field that does not say how it moves with time.
struct Untimed {
  Eigen::Vector<double, 1> theta{0.5};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = -theta[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar -= theta[0] * w;
    theta_bar[0] -= y.dot(w);
  }
  void jvp(double, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    dy_dot = -theta[0] * y_dot - theta_dot[0] * y;
  }
};
struct Level {
  double operator()(double, const auto& y) const { return y[0] - 7; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};
struct Halve {
  void operator()(double, const auto& y, auto& y_new) const { y_new = y / 2; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const { y_bar += w / 2; }
};

}  // namespace

TEST_CASE("Few tangents go forward, where they can", "[automatic]") {
  const auto chosen = gradient(fixed_size, Dopri5{}, FixedSteps{200}, AutomaticAdjoint{});
  CHECK(std::string(chosen.gradient.stats.chosen) == "forward");
  CHECK(std::string(chosen.gradient.stats.why) != "");
  const auto direct = gradient(fixed_size, Dopri5{}, FixedSteps{200}, DirectAdjoint{});
  CHECK(std::string(direct.gradient.stats.chosen).empty());
  CHECK(chosen.value == direct.value);
  CHECK((chosen.gradient.theta - direct.gradient.theta).norm() < 1e-11 * direct.gradient.theta.norm());
  CHECK(chosen.gradient.t1 == Approx(direct.gradient.t1).epsilon(1e-11));

  const Events events{Event{automatic_event([](auto, const auto& y) { return y[0] - 1000; })},
                      JumpEvent{automatic_event([](auto, const auto& y) { return y[0] - 4; }),
                                automatic_jump([](auto, const auto& y, const auto& theta, auto& y_new) {
                                  y_new[0] = y[0];
                                  y_new[1] = theta[1] * y[1];
                                })}};
  const RunningCost cost{[](auto, const auto& y) { return y[0]; }};
  const auto through = [&](const auto& adjoint) {
    return gradient(fixed_size, Dopri5{}, FixedSteps{200}, events, cost, adjoint);
  };
  const auto by_tangents = through(AutomaticAdjoint{}), stored = through(DirectAdjoint{});
  CHECK(std::string(by_tangents.gradient.stats.chosen) == "forward");
  CHECK(by_tangents.value == stored.value);
  CHECK(battery::gradient_difference(stored.gradient, by_tangents.gradient) < 1e-11);

  // A jump that tangents do not go through: the field's jvp knows no time.
  const Problem untimed{Untimed{}, Vector2d(10, 5), 0.0, 2.0};
  CHECK(std::string(gradient(untimed, Dopri5{}, FixedSteps{50}, AutomaticAdjoint{}).gradient.stats.chosen) ==
        "forward");
  CHECK(std::string(gradient(untimed, Dopri5{}, FixedSteps{50}, Events{Event{Level{}}}, AutomaticAdjoint{})
                        .gradient.stats.chosen) == "forward");
  static_assert(!detail::goes_forward<JumpEvent<Level, Halve>, Untimed, Vector2d>);
  CHECK(std::string(
            gradient(fixed_size, Reversible<Dopri5>{}, FixedSteps{200}, AutomaticAdjoint{}).gradient.stats.chosen) ==
        "direct");
}

TEMPLATE_TEST_CASE("All carries where they fit, else checkpoints, bit for bit the same", "[automatic]", Bosh3, Dop853,
                   Reversible<Dopri5>, ReversibleAdams<4>) {
  const auto check = [&](const auto& steps, const auto& direct, std::size_t budget, const std::string& chosen) {
    CAPTURE(budget);
    const auto result = gradient(any_size, TestType{}, steps, AutomaticAdjoint{.memory_budget = budget});
    CHECK(same_bits(result, direct));
    CHECK(std::string(result.gradient.stats.chosen) == chosen);
    return result;
  };
  const auto direct = gradient(any_size, TestType{}, FixedSteps{400}, DirectAdjoint{});
  (void)check(FixedSteps{400}, direct, direct.stats.bytes_kept, "direct");
  const std::size_t tenth = direct.stats.bytes_kept / 10;
  const auto tight = check(FixedSteps{400}, direct, tenth, "checkpointed");
  CHECK(tight.gradient.stats.recomputed > 0);
  CHECK(tight.gradient.stats.checkpoint_bytes <= tenth);
  CHECK(tight.gradient.stats.checkpoint_bytes > tenth / 4);

  const Adaptive adaptive{.rtol = 1e-8, .atol = 1e-8};
  const auto chosen_steps = gradient(any_size, TestType{}, adaptive, DirectAdjoint{});
  const auto roomy = check(adaptive, chosen_steps, std::size_t{1} << 30, "checkpointed");
  CHECK(roomy.gradient.stats.recomputed <= 1);
  (void)check(adaptive, chosen_steps, 4096, "checkpointed");
}

TEST_CASE("An objective chooses anew, and a budget that holds nothing is refused", "[automatic]") {
  Objective objective(any_size, RK4{}, FixedSteps{100}, Sum{}, AutomaticAdjoint{.memory_budget = 1000});
  const auto direct = gradient(any_size, RK4{}, FixedSteps{100}, DirectAdjoint{});
  CHECK(same_bits(objective(), direct));
  CHECK(same_bits(objective(), direct));
  CHECK_THROWS_WITH(
      gradient(any_size, RK4{}, FixedSteps{100}, AutomaticAdjoint{.memory_budget = 31}),
      Catch::Matchers::ContainsSubstring("AutomaticAdjoint::memory_budget is 31; it must be at least 32"));
}
