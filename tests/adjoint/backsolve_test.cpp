// BacksolveAdjoint: its gradient comes to that of the equation as its tolerance is tightened, whatever the problem; and where the
// way back cannot be gone, it says so. The reference is the gradient of stored states at a tolerance of 1e-12.
#include "battery.hpp"
#include "catch.hpp"
#include "laid_out.hpp"
#include "runner/field.hpp"
#include "switched.hpp"

#include <antistrophe/adjoint/backsolve.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

using battery::LaidOut, battery::laid_out, battery::WeightedSum;
using runner::erased_problem;
using Erased = runner::ProblemOf<Vector2d>;
using ErasedGradient = Gradient<runner::Field<Vector2d>, Vector2d>;

Adaptive to(double tolerance) { return {.rtol = tolerance, .atol = tolerance}; }

// Of a field behind a pointer, so that each is compiled once.
ErasedGradient reference(const Erased& problem, const SaveAt& save_at, const std::vector<double>& jumps = {}) {
  Adaptive steps = to(1e-12);
  steps.jumps = jumps;
  return value_and_gradient(problem, Dop853{}, steps, WeightedSum{}, save_at, DirectAdjoint{}).gradient;
}
ErasedGradient backsolve(const Erased& problem, const SaveAt& save_at, const Adaptive& steps,
                         const BacksolveAdjoint<>& adjoint = {}) {
  return value_and_gradient(problem, Dopri5{}, steps, WeightedSum{}, save_at, adjoint).gradient;
}
ErasedGradient backsolve(const Erased& problem, const SaveAt& save_at, const LaidOut& steps) {
  return value_and_gradient(problem, RK4{}, steps, WeightedSum{}, save_at, BacksolveAdjoint<>{}).gradient;
}
// Of a reversible way forth.
ErasedGradient of_pair(const Erased& problem, const SaveAt& save_at, std::int64_t n, const auto& adjoint) {
  return value_and_gradient(problem, Reversible<RK4>{}, laid_out(FixedSteps{n}), WeightedSum{}, save_at, adjoint)
      .gradient;
}

const Erased pendulum = erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 6.0);
const SaveAt on_the_way{.times = {0.5, 0.7, 2.5, 2.5, 4.0}, .t0 = true, .t1 = true};

// y' = a(t) (y − cos t) + sin(y − cos t) − sin t, a = 8 tanh(5 − t), along y = cos t.
struct Waist {
  static double rate(double t) { return 8 * std::tanh(5 - t); }
  void operator()(double t, const auto& y, auto& dy) const {
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      const double off = y[i] - std::cos(t);
      dy[i] = rate(t) * off + std::sin(off) - std::sin(t);
    }
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto&) const {
    for (Eigen::Index i = 0; i < y.size(); ++i) y_bar[i] += (rate(t) + std::cos(y[i] - std::cos(t))) * w[i];
  }
};

template <class Call>
std::string thrown_by(const Call& call) {
  try {
    (void)call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("What is left out in braces is that of the way forth", "[backsolve]") {
  using Own = BacksolveAdjoint<Dopri5, Adaptive>;
  STATIC_REQUIRE(std::is_same_v<decltype(BacksolveAdjoint{}), BacksolveAdjoint<>>);
  STATIC_REQUIRE(std::is_same_v<decltype(BacksolveAdjoint{Dopri5{}}), BacksolveAdjoint<Dopri5>>);
  STATIC_REQUIRE(std::is_same_v<decltype(BacksolveAdjoint{Dopri5{}, Adaptive{}}), Own>);
#if !defined(__clang__) || __clang_major__ >= 17
  STATIC_REQUIRE(std::is_same_v<decltype(BacksolveAdjoint{.method = Dopri5{}, .steps = Adaptive{}}), Own>);
  STATIC_REQUIRE(std::is_same_v<decltype(BacksolveAdjoint{.norm = AdjointNorm::seminorm}), BacksolveAdjoint<>>);
  STATIC_REQUIRE(std::is_same_v<decltype(BacksolveAdjoint{.steps = FixedSteps{10}, .reset_every = 2}),
                                BacksolveAdjoint<ThoseOfTheWayForth, FixedSteps>>);
#endif
}

TEST_CASE("The gradient comes to that of the equation at the tolerance's order", "[backsolve]") {
  const auto check = [](const Erased& problem, const SaveAt& save_at) {
    const ErasedGradient expected = reference(problem, save_at);
    for (const double tolerance : {1e-5, 1e-7, 1e-9}) {
      CAPTURE(tolerance);
      const ErasedGradient got = backsolve(problem, save_at, to(tolerance));
      // Forth and back there are a few tens of steps, of an error below the tolerance each, which grow by the flow.
      CHECK(battery::gradient_difference(expected, got) < 100 * tolerance);
      CHECK(got.stats.drift > 0);
      CHECK(got.stats.drift < 100 * tolerance);
      CHECK(got.stats.evaluations >= got.stats.vjps);
    }
  };
  check(pendulum, on_the_way);
  check(pendulum, {});
  check(erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, -4.0),
        {.times = {0.5, 0.4, -1.0, -1.0, -4.0}});
  problems::VanDerPol<> van_der_pol;
  van_der_pol.theta[0] = 0.5;
  check(erased_problem<Vector2d>(van_der_pol, Vector2d(2, 0), 0.0, 4.0), {.times = {1.0, 3.0}, .t1 = true});
  check(erased_problem<Vector2d>(problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 3.0), {.times = {0.5, 2.0}});
}

TEST_CASE("Along the nodes of the way forth, backwards, by its method and of its order", "[backsolve]") {
  // The last node moves with t1, and those given stay.
  const ErasedGradient exact = reference(pendulum, SaveAt{.times = {1.1, 2.2, 4.7}, .t1 = true});
  const ErasedGradient exact_end = reference(pendulum, {});
  const auto check = [](const ErasedGradient& expected, const SaveAt& save_at, const auto& make_steps) {
    const auto error = [&](std::int64_t k) {
      return battery::gradient_difference(expected, backsolve(pendulum, save_at, laid_out(make_steps(k))));
    };
    const double coarse = error(1), halved = error(2);
    CHECK(coarse < 1e-3);
    CHECK(std::log2(coarse / halved) > 3.5);
    CHECK(std::log2(coarse / halved) < 5.5);
  };
  const auto equal = [](std::int64_t k) { return FixedSteps{40 * k}; };
  check(exact, {.times = {1.1, 2.2, 4.7}, .t1 = true}, equal);
  check(exact_end, {.t1 = true}, equal);
  check(exact_end, {.times = {6.0}}, equal);
  check(exact_end, {}, [](std::int64_t k) { return FixedStep{0.13 / static_cast<double>(k)}; });
  check(exact_end, {}, [](std::int64_t k) { return StepTo{{1.0, 1.5, 2.0, 3.0, 4.0, 5.0}, 6 * k}; });
}

TEST_CASE("Saved nodes move with both ends", "[backsolve]") {
  const SaveAt nodes{.t0 = true, .steps = true};
  const LaidOut steps = laid_out(FixedSteps{50});
  const auto direct = value_and_gradient(pendulum, RK4{}, steps, WeightedSum{}, nodes, DirectAdjoint{}).gradient;
  // In steps of 0.11 both are off by some 1e-6.
  CHECK(battery::gradient_difference(direct, backsolve(pendulum, nodes, steps)) < 1e-5);
  CHECK(std::fabs(direct.t0) > 0.1);
  CHECK(std::fabs(direct.t1) > 0.1);
}

TEST_CASE("Where f jumps each side is seen by itself on the way back too", "[backsolve]") {
  // At a jump itself the field is NaN.
  for (const double t1 : {3.0, 1.7}) {
    const Erased problem = erased_problem<Vector2d>(problems::SwitchedVortex<>{}, Vector2d(1, 0.5), 0.5, t1);
    const SaveAt save_at{.times = {1.06, 1.2}, .t1 = true};
    const ErasedGradient expected = reference(problem, save_at, problems::switches());
    Adaptive steps = to(1e-8);
    steps.jumps = problems::switches();
    CHECK(battery::gradient_difference(expected, backsolve(problem, save_at, steps)) < 1e-6);
    CHECK(battery::gradient_difference(
              expected, backsolve(problem, save_at, laid_out(FixedSteps{100, problems::switches()}))) < 1e-5);
  }
}

TEST_CASE("A method and steps of its own", "[backsolve]") {
  const ErasedGradient expected = reference(pendulum, on_the_way);
  const auto error = [&](const auto& adjoint) {
    return battery::gradient_difference(expected, of_pair(pendulum, on_the_way, 2000, adjoint));
  };
  // The pair is off by some h⁴, 6e-11.
  using Tolerance = BacksolveAdjoint<Dopri5, Adaptive>;
  CHECK(error(Tolerance{{}, to(1e-11)}) < 1e-9);
  CHECK(error(Tolerance{{}, to(1e-4)}) > 1e-7);
  CHECK(error(Tolerance{{}, to(1e-4)}) < 1e-2);
  // n steps in all, shared out by length: 1.1 of 5.5 units of time is 8 of them.
  const auto fixed =
      of_pair(pendulum, {.times = {1.6, 2.7}, .t1 = true}, 100, BacksolveAdjoint<RK4, FixedSteps>{{}, {40}});
  // And an end's slope for the dense output of those steps in which the state is compared, at most 32.
  CHECK(fixed.stats.vjps >= 4 * 40);
  CHECK(fixed.stats.vjps <= 4 * 40 + 32);
  // By default Dopri5 along the nodes of a reversible way forth, six stages a step.
  const auto own = of_pair(pendulum, {.times = {1.6, 2.7}, .t1 = true}, 100, BacksolveAdjoint<>{});
  CHECK(own.stats.vjps == 6 * 100);
  CHECK(battery::gradient_difference(own, fixed) < 1e-2);
}

TEST_CASE("The counts are those of the field, which is called between t0 and t1 alone", "[backsolve]") {
  runner::Faults faults;
  Erased problem = pendulum;
  problem.field.faults = &faults;
  auto pass = solve_with_pullback(problem, Dopri5{}, to(1e-6), on_the_way, BacksolveAdjoint<>{});
  const std::vector<Vector2d> ys_bar(pass.ys().size(), Vector2d(1, -1));
  for (int i = 0; i < 2; ++i) {
    const runner::Faults before = faults;
    const auto gradient = pass.pullback(ys_bar);
    CHECK(gradient.stats.evaluations == faults.calls - before.calls);
    CHECK(gradient.stats.vjps == faults.vjps - before.vjps);
  }
  CHECK(faults.earliest == problem.t0);
  CHECK(faults.latest == problem.t1);
  CHECK(!faults.overlapping);
  CHECK(!faults.unaligned);
}

TEST_CASE("What nothing depends on costs nothing", "[backsolve]") {
  const auto first_only = [](std::vector<Vector2d> ys_bar) {
    for (Vector2d& w : ys_bar) w.setZero();
    ys_bar.front()[0] = 1;
    return ys_bar;
  };
  Erased longer = pendulum;
  longer.t1 = 60;
  auto pass = solve_with_pullback(longer, Dopri5{}, to(1e-8), SaveAt{.times = {1.0, 50.0}}, BacksolveAdjoint<>{});
  const ErasedGradient got = pass.pullback(first_only(pass.ys()));
  Erased shorter = pendulum;
  shorter.t1 = 1;
  auto of_shorter = solve_with_pullback(shorter, Dopri5{}, to(1e-8), SaveAt{.times = {1.0}}, BacksolveAdjoint<>{});
  const ErasedGradient expected = of_shorter.pullback(first_only(of_shorter.ys()));
  CHECK(got.stats.vjps == expected.stats.vjps);
  CHECK(battery::relative_difference(expected.theta, got.theta) < 1e-6);
  CHECK(got.t1 == 0);
}

TEST_CASE("No tolerance depends on the units of the loss", "[backsolve]") {
  auto pass = solve_with_pullback(pendulum, Dopri5{}, to(1e-5), on_the_way, BacksolveAdjoint<>{});
  std::vector<Vector2d> ys_bar;
  for (std::size_t i = 0; i < pass.ys().size(); ++i) ys_bar.emplace_back(std::sin(1.0 + static_cast<double>(i)), 0.25);
  const ErasedGradient one = pass.pullback(ys_bar);
  for (const double unit : {0x1p-60, 0x1p40}) {
    std::vector<Vector2d> scaled = ys_bar;
    for (Vector2d& w : scaled) w *= unit;
    const ErasedGradient got = pass.pullback(scaled);
    CHECK(battery::same_bits(Vector2d(one.y0 * unit), got.y0));
    CHECK((one.theta * unit - got.theta).isZero(0));
    CHECK(got.t0 == one.t0 * unit);
    CHECK(got.stats.vjps == one.stats.vjps);
  }
}

TEST_CASE("The state is reset to saved ones, after as many as are asked for", "[backsolve]") {
  // Solutions contract by e^{−2} between saves, and misses grow by e² without a reset.
  problems::Linear<2> contracting((Eigen::Matrix2d() << -2, 1, -1, -2).finished());
  const Erased problem = erased_problem<Vector2d>(contracting, Vector2d(1, 0.5), 0.0, 6.0);
  const SaveAt save_at{.times = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}};
  const ErasedGradient expected = reference(problem, save_at);
  const auto every = [&](std::int64_t k) {
    return backsolve(problem, save_at, to(1e-6), {.method = {}, .steps = {}, .reset_every = k});
  };
  const ErasedGradient each = every(1), third = every(3), never = every(1000);
  CHECK(each.stats.drift < 1e-5);
  CHECK(third.stats.drift > 2 * each.stats.drift);
  CHECK(never.stats.drift > 5 * third.stats.drift);
  CHECK(battery::gradient_difference(expected, each) < 1e-5);
  CHECK(battery::gradient_difference(expected, never) < 1e-3);
}

TEST_CASE("Where what contracts explodes backwards there is an error and no gradient", "[backsolve]") {
  // e^{−20}: y(1) is far below the tolerance.
  problems::Linear<2> stiff((Eigen::Matrix2d() << -20, 0, 1, -1).finished());
  const Erased problem = erased_problem<Vector2d>(stiff, Vector2d(1, 0.5), 0.0, 1.0);
  try {
    (void)backsolve(problem, {}, to(1e-6));
    FAIL("no error");
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::drifted);
    CHECK(error.t() == 0);
    CHECK_THAT(error.what(), ContainsSubstring("misses the one on the way forth by"));
  }
  const auto returned =
      value_and_gradient(problem, Dopri5{}, to(1e-6), WeightedSum{}, BacksolveAdjoint<>{}, OnFailure::return_status);
  CHECK(returned.status() == Status::drifted);
  CHECK(std::isnan(returned.value));
  CHECK(returned.gradient.y0.array().isNaN().all());
  CHECK(returned.gradient.theta.array().isNaN().all());

  const std::string what = thrown_by([&] {
    return of_pair(pendulum, {}, 100,
                   BacksolveAdjoint<Dopri5, Adaptive>{{}, Adaptive{.rtol = 1e-6, .atol = 1e-6, .max_steps = 3}});
  });
  CHECK_THAT(what, ContainsSubstring("too many steps at t = ") &&
                       ContainsSubstring("on the way back, where the adjoint equation is solved: all 3 steps"));
}

TEST_CASE("A state that strays on the way back and returns is seen", "[backsolve]") {
  // Solutions part until t = 5 and meet again until 10: backwards it is the other way round, and y(0) is met in any case.
  const Erased problem = erased_problem<Vector2d>(Waist{}, Vector2d(1, 1), 0.0, 10.0);
  CHECK_THROWS_WITH(backsolve(problem, {}, to(1e-6)), ContainsSubstring("drifted at t = 0"));
  // Many more steps than states that are kept.
  CHECK_THROWS_WITH(backsolve(problem, {}, to(1e-10)), ContainsSubstring("drifted at t = 0"));
  const SaveAt half{.times = {5.0}, .t1 = true};
  CHECK_THROWS_WITH(backsolve(problem, half, to(1e-6)), ContainsSubstring("drifted at t = 5"));
}

TEST_CASE("The seminorm leaves the parameters' cotangent out of the error, and by default it is in it", "[backsolve]") {
  const auto by = [](const Erased& problem, double tolerance, AdjointNorm norm) {
    return backsolve(problem, {}, to(tolerance), {.method = {}, .steps = {}, .norm = norm});
  };
  problems::DrivenPendulum<> driven;
  driven.theta << 0.25, 1, 40;
  const Erased fast = erased_problem<Vector2d>(driven, Vector2d(1, 0.5), 0.0, 5.0);
  const ErasedGradient expected = reference(fast, {});
  const ErasedGradient semi = by(fast, 1e-6, AdjointNorm::seminorm), full = by(fast, 1e-6, AdjointNorm::full);
  CHECK(semi.stats.vjps < full.stats.vjps);
  CHECK(battery::gradient_difference(expected, semi) < 1e-4);
  CHECK(battery::gradient_difference(expected, full) < 1e-4);
  // A drive that the state hardly feels turns many times in a step that would do for y and λ.
  driven.theta[1] = 0.01;
  const Erased weak = erased_problem<Vector2d>(driven, Vector2d(1, 0.5), 0.0, 5.0);
  const ErasedGradient of_weak = reference(weak, {});
  CHECK(battery::relative_difference(of_weak.theta, backsolve(weak, {}, to(1e-6)).theta) < 1e-4);
  CHECK(battery::relative_difference(of_weak.theta, by(weak, 1e-6, AdjointNorm::seminorm).theta) > 1e-4);
}

TEST_CASE("An objective, an observer that stops, no time at all", "[backsolve]") {
  const auto gradient = [](const auto& problem) {
    return value_and_gradient(problem, Dopri5{}, to(1e-7), WeightedSum{}, on_the_way, BacksolveAdjoint<>{});
  };
  Objective objective{pendulum, Dopri5{}, to(1e-7), WeightedSum{}, on_the_way, BacksolveAdjoint<>{}};
  Erased moved = pendulum;
  for (int i = 0; i < 3; ++i) {
    moved.field.theta *= 1.125;
    moved.y0 *= 0.875;
    const auto expected = gradient(moved);
    const auto& got = objective(moved.y0, moved.field.theta);
    CHECK(got.value == expected.value);
    CHECK(battery::same_bits(got.gradient.y0, expected.gradient.y0));
    CHECK(got.gradient.t0 == expected.gradient.t0);
  }

  const auto stopped = value_and_gradient(pendulum, Dopri5{}, to(1e-7), WeightedSum{}, on_the_way, BacksolveAdjoint<>{},
                                          Observer{[](double t, const Vector2d&) { return t < 2; }});
  CHECK(stopped.status() == Status::stopped);
  Erased until = pendulum;
  until.t1 = 2.5;
  const auto expected = value_and_gradient(until, Dopri5{}, to(1e-12), WeightedSum{},
                                           SaveAt{.times = {0.5, 0.7, 2.5, 2.5}}, DirectAdjoint{});
  CHECK(stopped.gradient.t1 == 0);
  CHECK(battery::relative_difference(expected.gradient.theta, stopped.gradient.theta) < 1e-5);

  Erased instant = pendulum;
  instant.t1 = instant.t0;
  const auto got = backsolve(instant, {}, to(1e-7));
  const auto direct =
      value_and_gradient(instant, Dopri5{}, to(1e-7), WeightedSum{}, SaveAt{}, DirectAdjoint{}).gradient;
  CHECK(battery::same_bits(got.y0, direct.y0));
  CHECK(got.t0 == direct.t0);
  CHECK(got.t1 == direct.t1);
}

TEST_CASE("Other states: float, without parameters, a batch", "[backsolve]") {
  const auto check = [](const auto& field, const auto& y0, double tolerance, double bound) {
    const Problem problem{field, y0, 0.0, 1.5};
    const auto direct =
        value_and_gradient(problem, Dopri5{}, to(tolerance), WeightedSum{}, SaveAt{.times = {0.5}, .t1 = true});
    const auto got = value_and_gradient(problem, Dopri5{}, to(tolerance), WeightedSum{},
                                        SaveAt{.times = {0.5}, .t1 = true}, BacksolveAdjoint<>{});
    CHECK(battery::gradient_difference(direct.gradient, got.gradient) < bound);
  };
  check(problems::LotkaVolterra<float>{}, Eigen::Vector2f(1, 0.5), 1e-5, 1e-3);
  check(problems::HenonHeiles<>{}, Eigen::Vector4d(0.1, 0.2, -0.3, 0.1), 1e-9, 1e-6);
  Eigen::MatrixXd batch(2, 3);
  batch << 1, 2, 1.5, 0.5, 0.25, 1;
  check(problems::LotkaVolterraBatch{}, batch, 1e-9, 1e-6);
}

TEST_CASE("Bad options are refused before anything is solved", "[backsolve]") {
  runner::Faults faults;
  Erased problem = pendulum;
  problem.field.faults = &faults;
  const auto refusal = [&](const auto& adjoint) {
    return thrown_by([&] { return of_pair(problem, {}, 10, adjoint); });
  };
  CHECK(refusal(BacksolveAdjoint<>{.method = {}, .steps = {}, .reset_every = 0}) ==
        "antistrophe: BacksolveAdjoint::reset_every is 0; it must be at least 1");
  using Tolerance = BacksolveAdjoint<Dopri5, Adaptive>;
  CHECK_THAT(refusal(Tolerance{{}, Adaptive{.rtol = -1e-6}}),
             ContainsSubstring("Adaptive::rtol is -1e-06; it must be"));
  CHECK_THAT(refusal(Tolerance{{}, Adaptive{.rtol = 0, .atol = 0}}), ContainsSubstring("Adaptive::rtol is 0"));
  CHECK_THAT(refusal(Tolerance{{}, Adaptive{.atol = Eigen::Vector3d(1, 1, 1)}}),
             ContainsSubstring("the size of Adaptive::atol is 3; it must be 1 or that of the state, 2"));
  CHECK(refusal(BacksolveAdjoint<RK4, FixedSteps>{{}, FixedSteps{0}}) ==
        "antistrophe: FixedSteps::n of the way back is 0; it must be at least 1");
  CHECK(faults.calls == 0);
}

TEST_CASE("A tolerance for each entry is one for each of the state, backwards too", "[backsolve]") {
  const ErasedGradient expected = reference(pendulum, on_the_way);
  Adaptive steps = to(1e-8);
  steps.atol = Vector2d(1e-8, 1e-9);
  CHECK(battery::gradient_difference(expected, backsolve(pendulum, on_the_way, steps)) < 1e-6);
  // A norm of the user's is for as many entries as the state has.
  steps.norm = [](const Eigen::Ref<const Eigen::ArrayXd>& errors) {
    REQUIRE(errors.size() == 2);
    return errors.maxCoeff();
  };
  CHECK(battery::gradient_difference(expected, backsolve(pendulum, on_the_way, steps)) < 1e-6);
}
