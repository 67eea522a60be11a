// The gradient from a few checkpoints, compressed or not, is that from all carries, bit for bit, whatever their number: the very steps are
// taken again.
// That from compressed carries is too, of exact methods; of the others it is off by no more than half a unit of the grid makes it.
#include "laws/law.hpp"

#include "support/battery.hpp"
#include "support/split_problems.hpp"
#include "support/switched.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace antistrophe::laws {
namespace {

using problems::DrivenPendulum, problems::SplitPendulums, problems::SwitchedVortex, problems::switches;

Methods all_but(const Methods& others) {
  Methods result;
  for (const AnyMethod& m : all_methods())
    if (std::none_of(others.begin(), others.end(), [&](const AnyMethod& other) { return other.name() == m.name(); }))
      result.push_back(m);
  return result;
}
Methods of_any_field() { return and_ito(all_but(joined({symplectic(), floating_symplectic()}))); }
Methods splittings() { return joined({symplectic(), floating_symplectic()}); }

ProblemOf<Vector2d> pendulum(double t0, double t1) {
  return erased_problem<Vector2d>(DrivenPendulum<>{}, Vector2d(0.4, -0.6), t0, t1);
}

// Weights of saved states, and of their times.
template <class Y>
GradientOf<Y> pulled_back(AnyPass<Y>& pass) {
  std::vector<Y> ys_bar = pass.ys();
  std::vector<double> ts_bar;
  for (std::size_t i = 0; i < ys_bar.size(); ++i) {
    ys_bar[i] = Y::LinSpaced(ys_bar[i].size(), 1, 2) / static_cast<double>(i + 1);
    ts_bar.push_back(0.25 * static_cast<double>(i) - 1);
  }
  return pass.pullback(ys_bar, ts_bar);
}

template <class Y>
bool same_bits(const GradientOf<Y>& a, const GradientOf<Y>& b) {
  return battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta) && a.t0 == b.t0 && a.t1 == b.t1;
}

// Solves by `pass_of(adjoint)`. The first way back has the checkpoints of the way forth, the second those that are left.
template <class PassOf>
void check_slots(const AnyMethod& m, const PassOf& pass_of) {
  auto direct = pass_of(DirectAdjoint{});
  const std::int64_t n = direct.stats().accepted;
  const auto expected = pulled_back(direct);
  REQUIRE(battery::all_nonzero(expected.y0));
  if (m->exact) {
    auto back = pass_of(ReversibleAdjoint{});
    CHECK(same_bits(pulled_back(back), expected));
  }
  const auto check = [&](const AnyAdjoint& adjoint, std::int64_t slots) {
    auto pass = pass_of(adjoint);
    CHECK(pass.stats().accepted == n);
    const auto first = pulled_back(pass), second = pulled_back(pass);
    CHECK(same_bits(first, expected));
    CHECK(same_bits(second, expected));
    CHECK(first.stats.vjps == expected.stats.vjps);
    CHECK((first.stats.recomputed == 0) == (slots >= n));
  };
  for (const std::int64_t slots : {0, 1, 2, 3, 7, 1000}) {
    CAPTURE(slots);
    const std::optional<std::int64_t> some = slots > 0 ? std::optional(slots) : std::nullopt;
    check(CheckpointedAdjoint{.slots = some}, slots);
    if (slots == 1 || slots == 7) {
      INFO("CompressedCheckpointsAdjoint");
      check(CompressedCheckpointsAdjoint{.slots = some}, slots);
    }
  }
}

double largest(const auto& x) { return x.size() > 0 ? x.cwiseAbs().maxCoeff() : 0; }

// `within`: how far entries may be off, in parts of the largest, where the method is not exact. Off in a state by r/2 at each of n
// steps of length h, they are off by less than n h ‖∂²f/∂y²‖ r/2 times what cotangents grow by, which is a few r here.
template <class PassOf>
void check_compressed(const AnyMethod& m, double within, const PassOf& pass_of) {
  auto direct = pass_of(DirectAdjoint{});
  const auto expected = pulled_back(direct);
  auto pass = pass_of(CompressedAdjoint{});
  const auto first = pulled_back(pass), second = pulled_back(pass);
  CHECK(pass.ys() == direct.ys());
  CHECK(pass.stats().accepted == direct.stats().accepted);
  CHECK(pass.stats().bits > 0);
  CHECK(same_bits(first, second));
  CHECK(first.stats.vjps == expected.stats.vjps);
  CHECK(first.stats.evaluations >= expected.stats.evaluations);
  auto without = pass_of(CompressedAdjoint{.worth_a_step = std::numeric_limits<double>::infinity()});
  const auto slopes_alone = pulled_back(without);
  CHECK(same_bits(slopes_alone, first));
  CHECK(slopes_alone.stats.evaluations <= expected.stats.evaluations + pass.stats().accepted);
  // Steps back predict where they save anything, and change nothing else.
  auto stepping = pass_of(CompressedAdjoint{.worth_a_step = 0});
  const auto stepped = pulled_back(stepping);
  CHECK(same_bits(stepped, pulled_back(stepping)));
  CHECK(same_bits(stepped, first));
  if (m->exact) {
    CHECK(same_bits(first, expected));
  } else {
    CHECK(largest(first.y0 - expected.y0) <= within * largest(expected.y0));
    CHECK(largest(first.theta - expected.theta) <= within * largest(expected.theta));
    const double size = std::fabs(expected.t0) + std::fabs(expected.t1) + largest(expected.y0);
    CHECK(std::fabs(first.t0 - expected.t0) <= within * size);
    CHECK(std::fabs(first.t1 - expected.t1) <= within * size);
  }
}

// check(pass_of), of steps laid out before, with saves inside them.
template <class Check>
void in_steps_laid_out(const AnyMethod& m, const Check& check) {
  const SaveAt forth{.times = {0.51, 0.52, 1.0, 1.23, 1.24, 1.24, 2.49}, .t0 = true, .t1 = true};
  const SaveAt back{.times = {0.49, 0.0, -0.73, -0.74, -1.49}, .steps = true};
  check([&](const AnyAdjoint& a) { return m.solve_with_pullback(pendulum(0.5, 2.5), FixedSteps{23}, forth, a); });
  if (m->both_ways)
    check([&](const AnyAdjoint& a) { return m.solve_with_pullback(pendulum(0.5, -1.5), FixedStep{-0.1}, back, a); });
  const std::vector<double> nodes{0.5, 0.625, 0.75, 0.8, 1.0, 1.125, 1.5, 1.625, 1.75, 2.5};
  check([&](const AnyAdjoint& a) { return m.solve_with_pullback(pendulum(0.5, 2.5), StepTo{nodes}, forth, a); });
}
template <class Check>
void of_split_fields(const AnyMethod& m, const Check& check) {
  const auto pendulums = erased_problem<Vector4d>(SplitPendulums<>{}, Vector4d(0.5, -0.25, 0.1, 0.7), 0.5, 2.5);
  const SaveAt save_at{.times = {0.51, 0.52, 1.0, 1.23, 2.49}, .t1 = true};
  check([&](const AnyAdjoint& a) { return m.solve_with_pullback(pendulums, FixedSteps{23}, save_at, a); });
}
template <class Check>
void where_f_jumps(const AnyMethod& m, const Check& check) {
  const double t0 = m->both_ways ? 3.5 : 0.5;
  const auto vortex = erased_problem<Vector2d>(SwitchedVortex<>{}, Vector2d(0.9, -0.4), t0, 4 - t0);
  const FixedSteps steps{.n = 60, .jumps = switches()};
  check([&](const AnyAdjoint& a) { return m.solve_with_pullback(vortex, steps, {}, a); });
}
double tolerance_of(const AnyMethod& m) { return m->order <= 2 ? 1e-3 : 1e-6; }
template <class Check>
void in_adaptive_steps(const AnyMethod& m, const Check& check) {
  const SaveAt save_at{.times = {0.51, 1.23, 1.24, 2.49}, .t1 = true};
  const Adaptive steps{.rtol = tolerance_of(m), .atol = tolerance_of(m)};
  check([&](const AnyAdjoint& a) { return m.solve_with_pullback(pendulum(0.5, 2.5), steps, save_at, a); });
  check([&](const AnyAdjoint& a) { return m.solve_with_pullback(pendulum(2.5, 0.5), steps, {}, a); });
}

LAW("A checkpointed gradient is the direct one, bit for bit", "[gradient][checkpoints]", of_any_field()) {
  in_steps_laid_out(m, [&](const auto& pass_of) { check_slots(m, pass_of); });
}
LAW("A checkpointed gradient of a splitting is the direct one, bit for bit", "[gradient][checkpoints]", splittings()) {
  of_split_fields(m, [&](const auto& pass_of) { check_slots(m, pass_of); });
}
LAW("So it is where f jumps", "[gradient][checkpoints]", of_any_field()) {
  where_f_jumps(m, [&](const auto& pass_of) { check_slots(m, pass_of); });
}
LAW("So it is in adaptive steps, whose number is not known before", "[gradient][checkpoints]", adaptive_methods()) {
  in_adaptive_steps(m, [&](const auto& pass_of) { check_slots(m, pass_of); });
}

// Without a tolerance the grid is 2^-42 of the state's size, 2e-13.
constexpr double by_default_grid = 1e-11;

LAW("A compressed gradient is the direct one, of a plain method to the grid", "[gradient][compressed]",
    of_any_field()) {
  in_steps_laid_out(m, [&](const auto& pass_of) { check_compressed(m, by_default_grid, pass_of); });
}
LAW("A compressed gradient of a splitting is the direct one, to the grid", "[gradient][compressed]", splittings()) {
  of_split_fields(m, [&](const auto& pass_of) { check_compressed(m, by_default_grid, pass_of); });
}
LAW("A compressed gradient is so where f jumps", "[gradient][compressed]", of_any_field()) {
  where_f_jumps(m, [&](const auto& pass_of) { check_compressed(m, by_default_grid, pass_of); });
}
LAW("A compressed gradient is so in adaptive steps, within the tolerance", "[gradient][compressed]",
    adaptive_methods()) {
  in_adaptive_steps(m, [&](const auto& pass_of) { check_compressed(m, tolerance_of(m), pass_of); });
}

// A ball that falls with drag, and bounces: segments, some of few steps.
struct Ball {
  Eigen::Vector2d theta{9.81, 0.1};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -theta[0] - theta[1] * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[0] -= w[1];
    theta_bar[1] -= y[1] * w[1];
  }
};
struct Bounce {
  void operator()(double, const auto& y, auto& y_new) const {
    y_new[0] = 0;
    y_new[1] = -0.8 * y[1];
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const { y_bar[1] -= 0.8 * w[1]; }
};
struct Ground {
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

template <class Check>
void through_bounces(const AnyMethod& m, const Check& check) {
  const auto ball = erased_problem<Vector2d>(Ball{}, Vector2d(10, 0), 0, 6);
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  const Adaptive steps{
      .rtol = 1e-3, .atol = 1e-3, .dtmax = 0.1, .gradient_rtol = std::numeric_limits<double>::infinity()};
  check([&](const AnyAdjoint& a) {
    return m.solve_with_pullback(ball, steps, SaveAt{.times = {1, 2, 5}, .t1 = true}, a, bounces);
  });
}

LAW("So it is through events that reset the state", "[gradient][checkpoints]", adaptive_methods()) {
  through_bounces(m, [&](const auto& pass_of) { check_slots(m, pass_of); });
}
LAW("A compressed gradient is so through events that reset the state", "[gradient][compressed]", adaptive_methods()) {
  through_bounces(m, [&](const auto& pass_of) { check_compressed(m, 1e-3, pass_of); });
}

}  // namespace
}  // namespace antistrophe::laws
