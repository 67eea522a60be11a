// The concept Stepper holds methods that users write: with a value of f in the state, with two points, with a ring of states.
// Each gives exact gradients by adjoints that do not know of it, tries a step again without a trace, and takes cotangents of
// states inside a step.
#include <antistrophe/antistrophe.hpp>

#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"
#include "throwaway_steppers.hpp"

#include <array>
#include <complex>
#include <span>
#include <tuple>
#include <vector>

using namespace antistrophe;
using problems::DrivenPendulum;
using throwaway::Multistep2;
using throwaway::TwoPointMidpoint;
using SketchedHeun = throwaway::ReversibleHeun;

namespace {

using Y = Eigen::Vector2d;
using Throwaways = std::tuple<SketchedHeun, TwoPointMidpoint, Multistep2>;

const Problem pendulum{DrivenPendulum<>{}, Y{0.75, -0.5}, 0.25, 1.75};

template <class M>
using StepperOf = typename M::template Stepper<DrivenPendulum<>, Y>;
template <class M>
inline constexpr bool is_held =
    ReversibleStepper<StepperOf<M>> && Extensible<StepperOf<M>> && Method<M, DrivenPendulum<>, Y> &&
    Stepper<typename M::template Stepper<DrivenPendulum<std::complex<double>>, Eigen::Vector2cd>>;
static_assert(is_held<SketchedHeun> && is_held<TwoPointMidpoint> && is_held<Multistep2>);

}  // namespace

TEMPLATE_LIST_TEST_CASE("A throw-away stepper has order 2", "[interface]", Throwaways) {
  CHECK(std::fabs(battery::observed_order<double>(TestType{}, 0.0, 1.5, 512) - 2) < 0.2);
  CHECK(std::fabs(battery::observed_order<double>(TestType{}, 1.5, 0.0, 512) - 2) < 0.2);
}

// Against complex steps of the same map, which are exact to its round-off: 12 steps, gradients of the order of 10; on the
// way back of a floating coupling round-off grows by λ^{−12} = 4096.
TEMPLATE_LIST_TEST_CASE("A throw-away stepper has exact gradients", "[interface]", Throwaways) {
  const SaveAt save_at{.t0 = true, .steps = true};
  const auto expected = battery::complex_step_gradient<DrivenPendulum>(pendulum, TestType{}, 12, save_at);
  REQUIRE(battery::all_nonzero(expected.y0));
  REQUIRE(battery::all_nonzero(expected.theta));
  const auto check = [&](const auto& adjoint, double tolerance) {
    const auto [value, gradient] =
        value_and_gradient(pendulum, TestType{}, FixedSteps{12}, battery::WeightedSum{}, save_at, adjoint);
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < tolerance);
    CHECK(battery::relative_difference(expected.theta, gradient.theta) < tolerance);
    // With respect to t0 and t1 as well: fourth-order differences, good to 1e−7.
    const auto report = check_gradient(pendulum, TestType{}, FixedSteps{12}, battery::WeightedSum{}, save_at, adjoint);
    INFO(report.message);
    CHECK(report.ok);
    CHECK(gradient.t0 != 0);
    CHECK(gradient.t1 != 0);
  };
  check(DirectAdjoint{}, 1e-14);
  check(ReversibleAdjoint{}, 1e-11);
}

TEST_CASE("What a throw-away stepper costs", "[interface]") {
  const auto count = [](const auto& method, const auto& adjoint) {
    auto pass = solve_with_pullback(pendulum, method, FixedSteps{12}, {}, adjoint);
    const auto back = pass.pullback({Y(1, 1)}).stats;
    return std::array{pass.stats().evaluations, back.evaluations, back.vjps};
  };
  using Counts = std::array<std::int64_t, 3>;
  // One evaluation a step and one for f(t0, y0); back the same, that of t1 for its tape, and in finish that of y0.
  CHECK(count(SketchedHeun{}, ReversibleAdjoint{}) == Counts{13, 14, 13});
  // Midpoint's 2 in the first of the steps, 4 in the others.
  CHECK(count(TwoPointMidpoint{}, ReversibleAdjoint{}) == Counts{46, 46, 46});
  // Two midpoint steps of 2, and f at the nodes 1 … 11; back f at the nodes 12 … 1, of which the forward pass left three.
  CHECK(count(Multistep2{}, ReversibleAdjoint{}) == Counts{15, 14, 16});
}

// --- A rejected attempt ---------------------------------------------------------------------------------------------------

namespace {

// Three steps of 0.1 and two of 0.05, the first of which is preceded by rejected attempts, or not.
template <class M>
struct Trial {
  StepperOf<M> stepper;
  typename StepperOf<M>::Carry carry;
  BitStack bits;

  Trial(const M& method, bool with_rejections, bool with_errors)
      : stepper(method, pendulum.field, pendulum.y0), carry(stepper.make_carry()) {
    const Timeline taken = Timeline::listed({0.0, 0.1, 0.2, 0.3, 0.35, 0.4});
    REQUIRE(stepper.start(0.0, pendulum.y0, carry) == Outcome::ok);
    std::array<Y, static_cast<std::size_t>(StepperOf<M>::error_estimates)> estimates;
    for (std::int64_t i = 0; i < taken.steps(); ++i) {
      if (with_rejections && i == 3) {
        for (const double h : {0.2, 0.1}) {
          const Timeline tried = Timeline::listed({0.0, 0.1, 0.2, 0.3, 0.3 + h});
          REQUIRE(stepper.attempt(step_at(tried, i), carry) == Outcome::ok);
          if (with_errors) stepper.error(step_at(tried, i), carry, estimates);
        }
      }
      REQUIRE(stepper.attempt(step_at(taken, i), carry) == Outcome::ok);
      if (with_errors) stepper.error(step_at(taken, i), carry, estimates);
      Y proposed, reached;
      stepper.proposal(step_at(taken, i), carry, proposed);
      REQUIRE(stepper.commit(step_at(taken, i), carry, bits) == Outcome::ok);
      stepper.read(carry, reached);
      CHECK(proposed == reached);
    }
  }
};

using Tried = battery::Joined<Throwaways, std::tuple<Midpoint, Bosh3, RK4, Tsit5, Dopri5, Dop853>,
                              battery::FewExactMethods, battery::FewFloatingMethods>;

template <class Parts>
bool same_carry(const Parts& a, const Parts& b) {
  return [&]<std::size_t... P>(std::index_sequence<P...>) {
    return ((std::get<P>(a).matrix() == std::get<P>(b).matrix()) && ...);
  }(std::make_index_sequence<std::tuple_size_v<Parts>>{});
}

template <class M>
M tried_method() {
  if constexpr (requires { battery::Facts<M>::method(); })
    return battery::Facts<M>::method();
  else
    return {};
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("A rejected attempt leaves no trace", "[interface]", Tried) {
  for (const bool with_errors : {false, true}) {
    CAPTURE(with_errors);
    const auto method = tried_method<TestType>();
    const Trial<TestType> straight(method, false, with_errors), detour(method, true, with_errors);
    CHECK(same_carry(straight.carry.parts(), detour.carry.parts()));
    CHECK(straight.bits.size() == detour.bits.size());
    // A multistep method knows all that another h needs.
    const bool tries_anew = !std::is_same_v<TestType, Multistep2>;
    CHECK((detour.stepper.calls().evaluations > straight.stepper.calls().evaluations) == tries_anew);
  }
}

// --- Saves inside a step --------------------------------------------------------------------------------------------------

namespace {

constexpr std::int64_t n = 6;

// y(t_k + σh), the carries before steps 0 … k, and the stepper, which then goes to the end of step k.
template <class F, class State, class M>
struct Inside {
  using S = typename M::template Stepper<F, State>;
  Problem<F, State> problem;
  Timeline timeline = FixedSteps{n}.timeline(problem.t0, problem.t1);
  S stepper;
  std::vector<typename S::Carry> before;
  typename S::Carry carry;
  State y;

  Inside(const Problem<F, State>& given, const M& method, std::int64_t k, double sigma)
      : problem(given), stepper(method, problem.field, problem.y0), carry(stepper.make_carry()) {
    NoBits bits;
    REQUIRE(stepper.start(problem.t0, problem.y0, carry) == Outcome::ok);
    for (std::int64_t i = 0; i <= k; ++i) {
      before.push_back(carry);
      REQUIRE(stepper.attempt(step_at(timeline, i), carry) == Outcome::ok);
      if (i == k) {
        StepPolynomial<State, S::dense_degree> polynomial(problem.y0);
        stepper.extend(step_at(timeline, i), carry, polynomial);
        polynomial.value(sigma, y);
      }
      REQUIRE(stepper.commit(step_at(timeline, i), carry, bits) == Outcome::ok);
    }
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("Cotangents of states inside a step", "[interface]", Throwaways) {
  const TestType method;
  using F = DrivenPendulum<>;
  const auto complex = battery::complexified<DrivenPendulum>(pendulum);
  // In the first step, in the second and in the midst: two states at a time.
  for (const std::int64_t k : {0, 1, 4}) {
    CAPTURE(k);
    const std::array sigmas{0.3, 0.85};
    const std::array<Y, 2> w{Y(1.5, -0.5), Y(-2.0, 0.75)};
    const auto value = [&](const auto& problem) {
      using P = std::decay_t<decltype(problem)>;
      std::complex<double> sum = 0;
      for (std::size_t s = 0; s < 2; ++s) {
        const Inside<typename P::Field, typename P::State, TestType> inside(problem, method, k, sigmas[s]);
        sum += inside.y[0] * w[s][0] + inside.y[1] * w[s][1];
      }
      return sum;
    };
    Y y0;
    Eigen::Vector3d theta;
    for (Eigen::Index i = 0; i < 2; ++i)
      y0[i] = battery::complex_step(complex, value, [i](auto& p) -> auto& { return p.y0[i]; });
    for (Eigen::Index i = 0; i < 3; ++i)
      theta[i] = battery::complex_step(complex, value, [i](auto& p) -> auto& { return p.field.theta[i]; });
    REQUIRE(battery::all_nonzero(y0));
    REQUIRE(battery::all_nonzero(theta));

    const std::array<SavedInside<Y>, 2> saves{{{sigmas[0], &w[0]}, {sigmas[1], &w[1]}}};
    const auto saves_of = [&](std::int64_t i) {
      return i == k ? std::span<const SavedInside<Y>>(saves) : std::span<const SavedInside<Y>>{};
    };
    const auto check = [&](bool backwards, double tolerance) {
      Inside<F, Y, TestType> inside(pendulum, method, k, sigmas[0]);
      auto& stepper = inside.stepper;
      stepper.forget();
      auto bar = stepper.make_carry_bar();
      Eigen::Vector3d theta_bar = Eigen::Vector3d::Zero();
      TimeCotangents t_bar;
      const BitStack no_bits;
      BitStack::Cursor cursor(no_bits);
      for (std::int64_t i = k; i >= 0; --i) {
        const Step step = step_at(inside.timeline, i);
        if (backwards) {
          REQUIRE(stepper.step_back(step, inside.carry, bar, theta_bar, t_bar, saves_of(i), cursor) == Outcome::ok);
        } else {
          inside.carry = inside.before[static_cast<std::size_t>(i)];
          stepper.pullback(step, inside.carry, bar, theta_bar, t_bar, saves_of(i));
        }
      }
      Y y0_bar;
      stepper.finish(pendulum.t0, inside.carry, bar, y0_bar, theta_bar, t_bar);
      CHECK(battery::relative_difference(y0, y0_bar) < tolerance);
      CHECK(battery::relative_difference(theta, theta_bar) < tolerance);
    };
    check(false, 1e-14);  // round-off of five steps
    check(true, 1e-13);   // and 0.5^−5 of it
  }
}

// At σ = 0 and 1 the extension meets the ends of the step, and inside it is right to order 2 or better: the largest error
// of 16 states falls by 2² or more as h is halved (a state at a node does so too).
TEMPLATE_LIST_TEST_CASE("Dense output meets the ends and keeps the order", "[interface]", Throwaways) {
  const auto error = [](std::int64_t steps) {
    using F = battery::WarpedHopf<double>;
    const F field;
    typename TestType::template Stepper<F, Y> s(TestType{}, field, F::solution(0));
    auto carry = s.make_carry();
    StepPolynomial<Y, TestType::template Stepper<F, Y>::dense_degree> polynomial(F::solution(0));
    NoBits bits;
    double largest = 0;
    const Timeline timeline = FixedSteps{steps}.timeline(0, 1);
    REQUIRE(s.start(0, F::solution(0), carry) == Outcome::ok);
    for (std::int64_t i = 0; i < steps; ++i) {
      const Step step = step_at(timeline, i);
      Y start, end, y;
      s.read(carry, start);
      REQUIRE(s.attempt(step, carry) == Outcome::ok);
      s.extend(step, carry, polynomial);
      polynomial.value(0, y);
      CHECK((y - start).norm() == 0);
      polynomial.value(1, y);
      s.proposal(step, carry, end);
      CHECK((y - end).norm() < 1e-15);
      polynomial.value(0.4, y);
      largest = std::fmax(largest, (y - F::solution(step.t0 + 0.4 * step.h())).norm());
      REQUIRE(s.commit(step, carry, bits) == Outcome::ok);
    }
    return largest;
  };
  CHECK(std::log2(error(256) / error(512)) > 1.8);
}

// --- Fields frozen to a step ------------------------------------------------------------------------------------------------

namespace {

// y' = f(y) + g ΔW/h over each step: predator and prey, shaken by W(t) = sin 5t in both. It can only be called frozen.
template <class Scalar>
struct Kicked : problems::LotkaVolterra<Scalar> {
  Scalar kick = 0;
  bool at_rest = false;
  void operator()(double t, const auto& y, auto& dy) const {
    if (at_rest)
      dy.setZero();
    else
      problems::LotkaVolterra<Scalar>::operator()(t, y, dy);
    dy.array() += this->theta[0] * kick;
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    if (!at_rest) problems::LotkaVolterra<Scalar>::vjp(t, y, w, y_bar, theta_bar);
    theta_bar[0] += w.sum() * kick;
  }
};
double noise(double t) { return std::sin(5 * t); }

template <class Scalar = double>
struct Shaken {
  Eigen::Vector<Scalar, 4> theta{Scalar(1.5), Scalar(1), Scalar(3), Scalar(1)};
  bool at_rest = false;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  auto frozen(double t0, double t1) const {
    return Kicked<Scalar>{{theta}, Scalar((noise(t1) - noise(t0)) / (t1 - t0)), at_rest};
  }
};

static_assert(VectorField<Shaken<>, Y> && DifferentiableVectorField<Shaken<>, Y>);
static_assert(!TimeDifferentiable<Shaken<>, Y>, "how frozen(t0, t1) depends on the times is not known");

using WithFrozenFields = battery::Joined<std::tuple<TwoPointMidpoint, Midpoint, Dopri5, Tsit5>,
                                         battery::FewExactMethods, battery::FewFloatingMethods>;

}  // namespace

// What both increments of a step, and its pull-back, see of the noise is one number: sums of it telescope.
TEMPLATE_LIST_TEST_CASE("A field frozen to a step", "[interface]", WithFrozenFields) {
  const auto method = tried_method<TestType>();
  Problem problem{Shaken<>{}, Y{1.0, 0.75}, 0.25, 1.0};
  problem.field.at_rest = true;
  const auto walk = solve(problem, method, FixedSteps{12}, SaveAt{.steps = true});
  for (std::size_t i = 0; i < walk.ys().size(); ++i) {
    const double expected = problem.field.theta[0] * (noise(walk.ts()[i]) - noise(0.25));
    // 12 steps of a few roundings of numbers up to 4, and of the resolution 2^−52.
    CHECK((walk.ys()[i] - problem.y0).isApproxToConstant(expected, 1e-13));
  }

  problem.field.at_rest = false;
  const SaveAt save_at{.steps = true};
  const auto real_valued = [] {
    if constexpr (requires { battery::Facts<TestType>::real_valued(); })
      return battery::Facts<TestType>::real_valued();
    else
      return TestType{};
  }();
  const auto expected = battery::complex_step_gradient<Shaken>(problem, real_valued, 12, save_at);
  REQUIRE(battery::all_nonzero(expected.theta));
  const auto check = [&](const auto& adjoint) {
    const auto gradient =
        value_and_gradient(problem, method, FixedSteps{12}, battery::WeightedSum{}, save_at, adjoint).gradient;
    static_assert(std::is_same_v<decltype(gradient.t0), UnknownTimeGradient>);
    // Round-off; λ^−12 of it for floating pairs and two points on the way back.
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-11);
    CHECK(battery::relative_difference(expected.theta, gradient.theta) < 1e-11);
  };
  check(DirectAdjoint{});
  if constexpr (TestType::template Stepper<Shaken<>, Y>::reversibility != Reversibility::no) check(ReversibleAdjoint{});
}

// --- What is known of y' = μy ---------------------------------------------------------------------------------------------

namespace {

using Judging = std::tuple<Heun, RK4, Dopri5, Dop853, Reversible<Dopri5>, TwoPoint<Dopri5>, ReversibleAdams<4>,
                           ReversibleAdams<6>, ReversibleAdamsPece<4>>;

}  // namespace

// A mode alone, in equal steps: after some of them, in which parasites die out, each multiplies it by the same number.
TEMPLATE_LIST_TEST_CASE("A stepper knows what its steps make of an oscillation", "[interface]", Judging) {
  using LinearStepper = typename TestType::template Stepper<problems::Linear<2>, Y>;
  static_assert(KnowsMultiplier<LinearStepper> && JudgesGrowth<LinearStepper>);
  constexpr int steps = 256;
  constexpr double shorter = MultistepStepper<LinearStepper> ? 0.3 : 1;  // so that they are stable
  for (const std::complex<double> unit : {std::complex{-0.01, 0.3}, {0.0, 0.15}, {0.005, -0.2}, {-0.02, 0.0}}) {
    const std::complex<double> q = shorter * unit;
    CAPTURE(q);
    const Problem problem{problems::Linear<2>(Eigen::Matrix2d{{q.real(), -q.imag()}, {q.imag(), q.real()}}), Y(1, 0),
                          0.0, static_cast<double>(steps)};
    const auto solved = solve(problem, TestType{}, FixedSteps{steps}, SaveAt{.steps = true});
    const auto value_at = [&](std::size_t i) { return std::complex(solved.ys()[i][0], solved.ys()[i][1]); };
    const LinearStepper stepper(TestType{}, problem.field, problem.y0);
    const std::complex<double> found = value_at(steps - 1) / value_at(steps - 2);
    CHECK(std::abs(found - stepper.multiplier(q)) < 1e-9);
    const double grown = std::abs(found);
    if constexpr (KnowsGrowth<LinearStepper>) {
      CHECK(stepper.growth(q) > grown - 1e-9);  // or its parasite does
      CHECK(stepper.growth(q) < grown + 0.5);
    } else {
      CHECK(stepper.outgrows(q, grown - 1e-9));
      CHECK_FALSE(stepper.outgrows(q, grown + 0.5));
    }
  }
}
