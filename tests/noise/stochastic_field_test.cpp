// StochasticField and ItoField: any method and adjoint solves them as it solves any field, along the same path in both directions.
#include <antistrophe/noise/stochastic_field.hpp>
//
#include "counted_heap.hpp"

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/method/stochastic/ito.hpp>
#include <antistrophe/noise/ito_to_stratonovich.hpp>
#include <antistrophe/running_cost.hpp>

#include "battery.hpp"
#include "catch.hpp"
#include "noisy_problems.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Eigen::MatrixXd;
using Eigen::Vector2d;
using Eigen::VectorXd;

namespace {

const VectorXd start = VectorXd::LinSpaced(10, -1.0, 1.25);

template <class S = double>
auto ring(std::uint64_t seed = 3, double tolerance = 0) {
  return StochasticField{noisy::Ring<S>{}, noisy::Waves<S>{},
                         BrownianPath{.seed = seed, .channels = 3, .t0 = 0, .t1 = 2, .tolerance = tolerance}};
}

// Of ten numbers, with any of the library's diffusions.
template <template <class, class> class Field, class S>
auto shaken(S, noisy::Kind kind) {
  using G = noisy::AnyNoise<S>;
  return Field<noisy::Ring<S>, G>{
      noisy::Ring<S>{}, G(kind, start.size()),
      BrownianPath{.seed = 3, .channels = G::channels(kind, start.size()), .t0 = 0, .t1 = 2}};
}

// No drift, and no parameters.
struct Still {
  void operator()(double, const auto&, auto& dy) const { dy.setZero(); }
  void vjp(double, const auto&, const auto&, auto&, auto&) const {}
};
// g dW = y0 y1 dW, without parameters.
struct Shaken {
  void operator()(double, const auto& y, const auto& dw, auto& dy) const { dy = y[0] * y[1] * dw; }
  void vjp(double, const auto& y, const auto& dw, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] += y[1] * dw.dot(w);
    y_bar[1] += y[0] * dw.dot(w);
  }
};

// One channel for each of two numbers.
struct OfTwo {
  static constexpr Eigen::Index channels = 2;
  void operator()(double, const auto& y, const auto& dw, auto& dy) const {
    dy[0] = y[1] * dw[0];
    dy[1] = y[0] * dw[1];
  }
};

template <class G>
bool same_gradient(const G& a, const G& b) {
  return battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta);
}
template <class G, class H>
double distance(const G& a, const H& b) {
  return std::fmax(battery::relative_difference(a.y0, b.y0), battery::relative_difference(a.theta, b.theta));
}

template <class M>
M real_valued(const M& method) {
  return method;
}
template <class Solver>
auto real_valued(const Reversible<Solver>& method) {
  return Reversible<Solver, Floating>{.lambda = method.lambda};
}
template <class Solver>
auto real_valued(const TwoPoint<Solver>& method) {
  return TwoPoint<Solver, Floating>{.lambda = method.lambda};
}
auto real_valued(const ReversibleHeun<>&) { return ReversibleHeun<Floating>{}; }

// Of the real-valued method, by complex steps along the same path: exact but for round-off.
template <class Make, class Y, class M, class StepsType>
auto by_complex_steps(const Make& make, const Y& y0, double t0, double t1, const M& method, const StepsType& steps,
                      const SaveAt& save_at) {
  using C = std::complex<double>;
  using YC = Eigen::Matrix<C, Y::RowsAtCompileTime, Y::ColsAtCompileTime>;
  const Problem problem{make(C{}), YC(y0.template cast<C>()), t0, t1};
  const auto value = [&](const auto& p) { return battery::WeightedSum::value(solve(p, method, steps, save_at).ys()); };
  struct {
    Y y0;
    VectorXd theta;
  } gradient{y0, VectorXd(problem.field.parameters().size())};
  const auto step = [&](auto&& of) {
    auto moved = problem;
    of(moved) += C(0, 1e-40);
    return value(moved).imag() / 1e-40;
  };
  for (Eigen::Index i = 0; i < y0.size(); ++i)
    gradient.y0.data()[i] = step([i](auto& p) -> auto& { return p.y0.data()[i]; });
  for (Eigen::Index i = 0; i < gradient.theta.size(); ++i)
    gradient.theta[i] = step([i](auto& p) -> auto& { return p.field.parameters()[i]; });
  return gradient;
}

}  // namespace

TEST_CASE("Memory does not grow with the steps but for the bits", "[stochastic]") {
  const Problem problem{ring(3, 1e-5), start, 0.0, 2.0};
  const auto most = [&](std::int64_t n) {
    counted_heap::begin();
    CHECK(value_and_gradient(problem, ReversibleHeun{}, FixedSteps{n}, battery::WeightedSum{}).gradient.y0.allFinite());
    return counted_heap::most_since_begin();
  };
  CHECK(most(2000) <= most(200) + 64 * (2000 - 200));  // of each step its node and its bits; of the path nothing
}

TEST_CASE("A step allocates nothing", "[stochastic]") {
  const Problem problem{ring(), start, 0.0, 2.0};
  const auto allocations = [&](std::int64_t n) {
    const std::int64_t before = counted_heap::allocations;
    CHECK(value_and_gradient(problem, Reversible<Midpoint>{}, FixedSteps{n}, battery::WeightedSum{})
              .gradient.y0.allFinite());
    return counted_heap::allocations - before;
  };
  CHECK(allocations(100) == allocations(50));

  const auto loss = [](const auto& ys, auto& bars) {
    bars.back().setOnes();
    return ys.back().sum();
  };
  Objective objective(problem, Reversible<Midpoint>{}, FixedSteps{20}, loss);
  const VectorXd theta = 2 * problem.field.parameters();
  const double first = objective().value;
  CHECK(objective(theta).value != first);
  const std::int64_t before = counted_heap::allocations;
  (void)objective(theta);
  CHECK(counted_heap::allocations == before);
}

TEMPLATE_TEST_CASE("Gradients of a noisy field are exact, by every adjoint", "[stochastic]", Midpoint, Dopri5,
                   Reversible<Midpoint>, TwoPoint<Heun>, ReversibleHeun<>) {
  const auto kind = GENERATE(noisy::Kind::diagonal, noisy::Kind::scalar, noisy::Kind::additive, noisy::Kind::general);
  CAPTURE(static_cast<int>(kind));
  const auto make = [&](auto s) { return shaken<StochasticField>(s, kind); };
  const Problem problem{make(double{}), start, 0.0, 1.5};
  const SaveAt save_at{.steps = true};
  constexpr bool reversible = !std::is_same_v<TestType, Midpoint> && !std::is_same_v<TestType, Dopri5>;
  const auto expected = by_complex_steps(make, start, 0.0, 1.5, real_valued(TestType{}), FixedSteps{40}, save_at);
  REQUIRE(battery::all_nonzero(expected.y0));
  REQUIRE(battery::all_nonzero(expected.theta));
  const auto gradient = [&](const auto& adjoint) {
    return value_and_gradient(problem, TestType{}, FixedSteps{40}, battery::WeightedSum{}, save_at, adjoint).gradient;
  };
  const auto direct = gradient(DirectAdjoint{});
  // Round-off, and states in units of 2^−42, 40 steps of it.
  CHECK(distance(direct, expected) < (reversible ? 1e-10 : 1e-13));
  CHECK(same_gradient(gradient(CheckpointedAdjoint{.slots = 5}), direct));
  CHECK(distance(gradient(CompressedAdjoint{}), direct) < 1e-8);
  if constexpr (reversible) CHECK(same_gradient(gradient(ReversibleAdjoint{}), direct));
  static_assert(std::is_same_v<decltype(direct.t0), UnknownTimeGradient>);
}

namespace {

struct Reaches {
  double level;
  double operator()(double, const auto& y) const { return y[0] - level; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

}  // namespace

// Saved states inside steps, a jump of f, an event that ends the solve and a running cost: all as for any field.
TEST_CASE("What goes with a solve goes with a noisy one", "[stochastic]") {
  const Problem problem{ring(), start, 0.0, 1.5};
  const FixedSteps steps{.n = 37, .jumps = {0.6}};
  const SaveAt save_at{std::vector<double>{0.01, 0.1, 0.61, 0.7}};
  const RunningCost cost{[](auto, const auto& y) { return y[0] * y[1] + y[2]; }};
  const double level = solve(problem, Reversible<Midpoint>{}, steps, SaveAt{std::vector<double>{0.975}}).ys()[0][0];
  const Events events{Event{Reaches{level}}};
  REQUIRE(solve(problem, Reversible<Midpoint>{}, steps, events).events().size() == 1);
  const auto gradient = [&](const auto& adjoint) {
    return value_and_gradient(problem, Reversible<Midpoint>{}, steps, battery::WeightedSum{}, save_at, events, cost,
                              adjoint)
        .gradient;
  };
  const auto direct = gradient(DirectAdjoint{});
  CHECK(same_gradient(gradient(ReversibleAdjoint{}), direct));
  const auto report =
      check_gradient(problem, Reversible<Midpoint>{}, steps, battery::WeightedSum{}, save_at, events, cost);
  CAPTURE(report.message);
  CHECK(report);
}

// With y' = ΔW alone all methods add up increments, at jumps as well: W(t1) − W(t0), to round-off.
TEST_CASE("Increments of steps side by side make the whole, through jumps", "[stochastic]") {
  const BrownianPath path{.seed = 12, .channels = 2, .t0 = -1, .t1 = 1};
  const auto still = [](double, const auto&, auto& dy) { dy.setZero(); };
  const auto all = [](double, const auto&, const auto& dw, auto& dy) { dy = dw; };
  const Problem problem{StochasticField{still, all, path}, VectorXd(Vector2d(0, 0)), -0.7, 0.9};
  const VectorXd expected = path.increment(-0.7, 0.9);
  const FixedSteps steps{.n = 23, .jumps = {-0.31, 0.2, 0.77}};
  CHECK((solve(problem, Midpoint{}, steps).ys().back() - expected).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((solve(problem, TwoPoint<Heun>{}, steps).ys().back() - expected).cwiseAbs().maxCoeff() < 1e-11);
  // And towards smaller times, along the same path.
  const Problem back{problem.field, expected, 0.9, -0.7};
  CHECK(solve(back, Midpoint{}, steps).ys().back().cwiseAbs().maxCoeff() < 1e-14);
}

// Trials that are rejected ask the same path again, so that the solution is the one along it, as closely as the tolerance asks. (On a path
// that is nowhere smooth it is a matter of chance how errors of steps add up: the middle one of nine is told.)
TEST_CASE("Adaptive steps go to the solution along the path", "[stochastic]") {
  double first = 0, last = 0;
  std::int64_t rejected = 0;
  for (const double tolerance : {1e-2, 1e-3, 1e-4}) {
    const Adaptive steps{.rtol = tolerance, .atol = tolerance};
    std::array<double, 9> errors{};
    for (std::size_t i = 0; i < errors.size(); ++i) {
      const BrownianPath path{.seed = 21 + i, .channels = 2};
      const Problem problem{StochasticField{noisy::growth(0.5), DiagonalNoise{noisy::growth(0.8)}, path},
                            Vector2d(1, 2), 0.0, 1.0};
      const Vector2d w = path(1.0);
      const Vector2d expected = problem.y0.array() * (0.5 + 0.8 * w.array()).exp();
      const auto solution = solve(problem, Reversible<Midpoint>{}, steps);
      errors[i] = (solution.ys().back() - expected).cwiseAbs().maxCoeff() / expected.maxCoeff();
      rejected += solution.stats().rejected;
      if (i > 0) continue;
      const auto there_and_back = value_and_gradient(problem, Reversible<Midpoint>{}, steps, battery::WeightedSum{});
      const auto direct =
          value_and_gradient(problem, Reversible<Midpoint>{}, steps, battery::WeightedSum{}, DirectAdjoint{});
      CHECK(same_gradient(there_and_back.gradient, direct.gradient));
    }
    std::sort(errors.begin(), errors.end());
    const double error = errors[errors.size() / 2];
    CAPTURE(tolerance, error);
    CHECK(error < tolerance);
    last = error;
    if (first == 0) first = error;
  }
  CHECK(last < first / 20);
  CHECK(rejected > 10);
}

TEST_CASE("A column of a batch is solved as it would be alone", "[stochastic]") {
  const auto field = [](Eigen::Index samples, std::uint64_t stream) {
    return StochasticField{noisy::Ring<>{}, noisy::Waves<>{},
                           BrownianPath{.seed = 3, .channels = 3, .samples = samples, .stream = stream}};
  };
  MatrixXd y0(4, 3);
  y0 << 1, 2, 3, -1, 0.5, 0, 0.25, 1, 2, -3, 0, 1;
  const auto loss = [](const auto& ys, auto& bars) {
    bars.back() = ys.back();
    return ys.back().squaredNorm() / 2;
  };
  const auto whole =
      value_and_gradient(Problem{field(3, 0), y0, 0.0, 1.0}, Reversible<Midpoint>{}, FixedSteps{50}, loss);
  double value = 0;
  VectorXd theta = VectorXd::Zero(6);
  for (Eigen::Index j = 0; j < 3; ++j) {
    const auto one = value_and_gradient(Problem{field(1, static_cast<std::uint64_t>(j)), VectorXd(y0.col(j)), 0.0, 1.0},
                                        Reversible<Midpoint>{}, FixedSteps{50}, loss);
    value += one.value;
    theta += one.gradient.theta;
    CHECK((one.gradient.y0 - whole.gradient.y0.col(j)).norm() < 1e-10);
  }
  CHECK(whole.value == Approx(value).epsilon(1e-11));
  CHECK((theta - whole.gradient.theta).norm() < 1e-10 * theta.norm());
}

TEST_CASE("The parameters of both parts are those of the field", "[stochastic]") {
  auto field = ring();
  REQUIRE(field.parameters().size() == 6);
  CHECK(field.parameters().tail(3) == noisy::Waves<>{}.theta);
  const auto loss = battery::WeightedSum{};
  Objective objective(Problem{field, start, 0.0, 1.0}, Reversible<Midpoint>{}, FixedSteps{20}, loss);
  VectorXd theta = field.parameters();
  for (const double factor : {1.0, 1.5, 0.5}) {
    field.parameters() = factor * theta;
    const auto expected =
        value_and_gradient(Problem{field, start, 0.0, 1.0}, Reversible<Midpoint>{}, FixedSteps{20}, loss);
    const auto& got = objective(factor * theta);
    CHECK(got.value == expected.value);
    CHECK(same_gradient(got.gradient, expected.gradient));
    CHECK(field.drift().theta == factor * theta.head(3));
  }
  // Another path, by the same objective; what was frozen along the old one is not asked again.
  Problem other{field, start, 0.0, 1.0};
  other.field.take(BrownianPath{.seed = 9, .channels = 3});
  CHECK(same_gradient(objective(other).gradient,
                      value_and_gradient(other, Reversible<Midpoint>{}, FixedSteps{20}, loss).gradient));
  const auto before = value_and_gradient(Problem{field, start, 0.0, 1.0}, Midpoint{}, FixedSteps{20}, loss).value;
  field.take(BrownianPath{.seed = 4, .channels = 3});
  CHECK(value_and_gradient(Problem{field, start, 0.0, 1.0}, Midpoint{}, FixedSteps{20}, loss).value != before);
}

TEST_CASE("The vjps of the diffusions agree with differences", "[stochastic]") {
  const BrownianPath two{.seed = 5, .channels = 2, .area = true}, one{.seed = 5};
  const Vector2d y(0.3, -0.8);
  MatrixXd g(2, 2);
  g << 1, 2, 3, 4;
  const auto check = [&](const auto& field) {
    const VjpReport report = check_vjp(field.frozen(0.25, 0.375), 0.25, y);
    CAPTURE(report.message);
    CHECK(report);
  };
  const noisy::Ring<> drift;
  Mlp<double, Layers<2, 5, 2>> mlp;
  mlp.parameters().setLinSpaced(-1, 1.5);
  check(StochasticField{drift, DiagonalNoise{noisy::Swell<>{}}, two});
  check(StochasticField{drift, ScalarNoise{noisy::Swell<>{}}, one});
  check(StochasticField{drift, AdditiveNoise{g}, two});
  check(StochasticField{Still{}, AdditiveNoise{g}, two});
  check(StochasticField{drift, Shaken{}, two});
  check(StochasticField{Still{}, Shaken{}, two});
  check(ItoField{drift, DiagonalNoise{mlp}, two});
  check(ItoToStratonovich{ItoField{drift, DiagonalNoise{noisy::Swell<>{}}, two}});
  check(ItoToStratonovich{ItoField{drift, noisy::Waves<>{}, BrownianPath{.seed = 5, .channels = 3}}});
  check(ItoToStratonovich{ItoField{drift, AdditiveNoise{g}, two}});
}

// The correction is that of the textbook: −½ σ σ' of diagonal noise, −½ Σ_k (∂g_k/∂y) g_k else.
TEST_CASE("Ito's equation in Stratonovich's sense has the corrected drift", "[stochastic]") {
  const Vector2d y(0.3, -0.8);
  const auto slope = [&](const auto& field) {
    Vector2d dy;
    field.frozen(0.5, 0.5)(0.5, y, dy);  // no time, no noise
    return dy;
  };
  const ItoField diagonal{Still{}, DiagonalNoise{noisy::Swell<>{}}, BrownianPath{.channels = 2}};
  const Eigen::Array2d sigma = 0.5 + 0.25 * y.array().sin(), derivative = 0.25 * y.array().cos();
  CHECK((slope(ItoToStratonovich{diagonal}).array() + sigma * derivative / 2).abs().maxCoeff() < 1e-10);

  const noisy::Waves<> waves;
  const ItoField general{Still{}, waves, BrownianPath{.channels = 3}};
  Vector2d expected(0, 0);
  for (Eigen::Index i = 0; i < 2; ++i)
    for (Eigen::Index k = 0; k < 3; ++k) {
      const double at = y[i] + static_cast<double>(k * i);
      expected[i] += waves.theta[k] * waves.theta[k] * std::cos(at) * std::sin(at) / 2;
    }
  CHECK((slope(ItoToStratonovich{general}) - expected).cwiseAbs().maxCoeff() < 1e-10);
  CHECK(slope(ItoToStratonovich{
                  ItoField{Still{}, AdditiveNoise{Eigen::Matrix2d::Identity()}, BrownianPath{.channels = 2}}})
            .isZero(0));
}

TEST_CASE("Gradients of Ito's schemes are exact, by every adjoint", "[stochastic]") {
  const SaveAt save_at{.steps = true};
  const auto check = [&](const auto& make, const auto& method) {
    const Problem problem{make(double{}), start, 0.0, 1.0};
    const auto expected = by_complex_steps(make, start, 0.0, 1.0, method, FixedSteps{12}, save_at);
    REQUIRE(battery::all_nonzero(expected.y0));
    REQUIRE(battery::all_nonzero(expected.theta));
    const auto gradient = [&](const auto& adjoint) {
      return value_and_gradient(problem, method, FixedSteps{12}, battery::WeightedSum{}, save_at, adjoint).gradient;
    };
    const auto direct = gradient(DirectAdjoint{});
    CHECK(distance(direct, expected) < 1e-13);
    CHECK(same_gradient(gradient(CheckpointedAdjoint{.slots = 3}), direct));
    CHECK(distance(gradient(CompressedAdjoint{}), direct) < 1e-8);
  };
  const Eigen::Index n = start.size();
  const BrownianPath path{.seed = 6, .channels = n, .area = true};
  const auto diagonal = [&](auto s) {
    using S = decltype(s);
    return ItoField{noisy::Ring<S>{}, DiagonalNoise{noisy::Swell<S>{}}, path};
  };
  const auto scalar = [&](auto s) {
    using S = decltype(s);
    return ItoField{noisy::Ring<S>{}, ScalarNoise{noisy::Swell<S>{}}, BrownianPath{.seed = 6}};
  };
  const auto additive = [&](auto s) {
    using S = decltype(s);
    Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic> g(n, n);
    for (Eigen::Index i = 0; i < g.size(); ++i) g.data()[i] = S(std::sin(1.0 + static_cast<double>(i)));
    return ItoField{noisy::Ring<S>{}, AdditiveNoise{g}, path};
  };
  for (const auto kind : {noisy::Kind::diagonal, noisy::Kind::scalar, noisy::Kind::additive, noisy::Kind::general}) {
    CAPTURE(static_cast<int>(kind));
    check([&](auto s) { return shaken<ItoField>(s, kind); }, EulerMaruyama{});
  }
  check(diagonal, Milstein{});
  check(scalar, Milstein{});
  check(additive, SRA1{});
  Problem problem{additive(double{}), start, 0.0, 1.0};
  Objective objective(problem, SRA1{}, FixedSteps{1}, battery::WeightedSum{});
  const double first = objective().value;
  problem.field.take(BrownianPath{.seed = 7, .channels = n, .area = true});
  const double second = value_and_gradient(problem, SRA1{}, FixedSteps{1}, battery::WeightedSum{}).value;
  CHECK(first != second);
  CHECK(objective(problem).value == second);
}

TEST_CASE("States of floats and of arrays are shaken too", "[stochastic]") {
  const BrownianPath path{.seed = 5, .channels = 2};
  const auto end = [&](const auto& y0) {
    using S = typename std::remove_cvref_t<decltype(y0)>::Scalar;
    const StochasticField field{noisy::growth<S>(0.5), DiagonalNoise{noisy::growth<S>(0.25)}, path};
    const auto [value, gradient] = value_and_gradient(Problem{field, y0, 0.0, 1.0}, Reversible<Midpoint>{},
                                                      FixedSteps{100}, battery::WeightedSum{});
    return VectorXd(gradient.y0.matrix().template cast<double>());
  };
  const VectorXd expected = end(Vector2d(1, 2));
  CHECK((end(Eigen::Vector2f(1, 2)) - expected).norm() < 1e-5);
  CHECK((end(Eigen::Array2d(1, 2)) - expected).norm() < 1e-13);
}

TEST_CASE("A stochastic field says what does not fit", "[stochastic]") {
  const BrownianPath two{.seed = 5, .channels = 2};
  const noisy::Ring<> drift;
  const auto solved = [](const auto& field, double t0 = 0, double t1 = 1) {
    return solve(Problem{field, Vector2d(1, 2), t0, t1}, Midpoint{}, FixedSteps{10});
  };
  CHECK_THROWS_WITH(
      solved(StochasticField{drift, noisy::Waves<>{}, BrownianPath{.channels = 3}}, 0, 2),
      "antistrophe: the problem goes from 0 to 2, and its BrownianPath is there from 0 to 1 only: give the path "
      ".t0 and .t1 around all of it");
  CHECK_THROWS_WITH(
      solved(StochasticField{drift, DiagonalNoise{noisy::Swell<>{}}, BrownianPath{.channels = 3}}),
      "antistrophe: BrownianPath::channels is 3; it must be 2, one for each row of y0, since the noise is "
      "diagonal");
  CHECK_THROWS_WITH(solved(StochasticField{drift, ScalarNoise{noisy::Swell<>{}}, two}),
                    "antistrophe: BrownianPath::channels is 2; it must be 1, since the noise is scalar");
  CHECK_THROWS_WITH(solved(StochasticField{drift, AdditiveNoise{MatrixXd::Ones(3, 2)}, two}),
                    "antistrophe: the number of rows of AdditiveNoise is 3; it must be 2, as many as y0 has");
  CHECK_THROWS_WITH(solved(StochasticField{drift, AdditiveNoise{MatrixXd::Ones(2, 4)}, two}),
                    "antistrophe: BrownianPath::channels is 2; it must be 4, one for each column of AdditiveNoise");
  CHECK_THROWS_WITH(solved(StochasticField{drift, noisy::Waves<>{}, BrownianPath{.channels = 3, .samples = 2}}),
                    "antistrophe: BrownianPath::samples is 2; it must be 1, one for each column of y0");
  const auto wrong = [](double, const auto&, const auto&, auto& dy) {
    if constexpr (std::remove_cvref_t<decltype(dy)>::RowsAtCompileTime == Eigen::Dynamic) dy.setZero(3);
  };
  CHECK_THROWS_WITH(solve(Problem{StochasticField{drift, wrong, two}, start, 0.0, 1.0}, Midpoint{}, FixedSteps{10}),
                    "antistrophe: the shape of the diffusion's g(t, y) dW is 3x1; it must be 10x1, that of y0");
  CHECK_THROWS_WITH(solved(StochasticField{drift, OfTwo{}, BrownianPath{}}),
                    "antistrophe: BrownianPath::channels is 1; it must be 2, as many as the diffusion says it has");
  CHECK_THROWS_WITH(
      solved(StochasticField{drift, noisy::Waves<>{}, BrownianPath{.channels = 3, .tolerance = 1}}),
      Catch::Matchers::ContainsSubstring("are shorter than the BrownianPath tells times apart, which is 1"));
  CHECK_THROWS_WITH((StochasticField{drift, noisy::Waves<>{}, BrownianPath{.channels = -1}}),
                    "antistrophe: BrownianPath::channels is -1; it must be at least 1");
  CHECK_THROWS_WITH(solve(Problem{ItoField{drift, DiagonalNoise{noisy::Swell<>{}}, two}, Vector2d(1, 2), 1.0, 0.0},
                          EulerMaruyama{}, FixedSteps{10}),
                    "antistrophe: t1 is 0; it must be at least t0, 1: an Ito equation has no way back in time");
  CHECK_THROWS_WITH(solve(Problem{ItoField{drift, AdditiveNoise{MatrixXd::Ones(2, 2)}, two}, Vector2d(1, 2), 0.0, 1.0},
                          SRA1{}, FixedSteps{10}),
                    "antistrophe: the BrownianPath knows no space-time Levy area; give it .area = true");
  CHECK_THROWS_WITH(
      solve(Problem{StochasticField{drift, noisy::Waves<>{}, BrownianPath{.channels = 3, .tolerance = 0.01}},
                    Vector2d(1, 2), 0.0, 1.0},
            Midpoint{}, FixedSteps{1000}),
      Catch::Matchers::ContainsSubstring(
          "are shorter than the BrownianPath tells times apart, which is 0.0078125: give it a smaller .tolerance"));
}
