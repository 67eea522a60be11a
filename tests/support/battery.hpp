// The battery: laws that every method obeys, and the one list of methods they are run for. A new stepper joins by a
// Facts entry and a place in a list below; a law is a function template over the method.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include "problems.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::battery {

// --- The methods -------------------------------------------------------------------------------------------------------

// What a law asks about a method:
//   method(y)     the method as it is tried, for states of about the size of y
//   RealValued    a method for any scalar, complex ones too, that makes the same real-valued map; real_valued() makes it
//   order, increments (how many of `stages` evaluations each a step takes), name
//   reversible    whether ReversibleAdjoint goes with it, and exact, whether bit for bit
template <class M>
struct Facts;

template <class Tableau>
struct Facts<RungeKutta<Tableau>> {
  using TableauType = Tableau;
  using RealValued = RungeKutta<Tableau>;
  static constexpr std::string_view name = Tableau::name;
  static constexpr int order = Tableau::order;
  static constexpr int stages = tableau::increment_stages<Tableau>;
  static constexpr int increments = 1;
  static constexpr bool reversible = false, exact = false;
  static RungeKutta<Tableau> method() { return {}; }
  static RealValued real_valued() { return {}; }
};

// At λ = 1/2, and at a resolution (2^−52, which holds numbers up to 512) that leaves the real-valued map alone.
template <class Tableau>
struct Facts<Reversible<RungeKutta<Tableau>, Exact>> {
  using TableauType = Tableau;
  using RealValued = Reversible<RungeKutta<Tableau>, Floating>;
  static constexpr std::string_view name = Tableau::name;
  static constexpr int order = Tableau::order;
  static constexpr int stages = tableau::increment_stages<Tableau>;
  static constexpr int increments = 2;
  static constexpr bool reversible = true, exact = true;
  static constexpr double resolution = 1.0 / (std::int64_t{1} << 52);
  static Reversible<RungeKutta<Tableau>> method() { return {.lambda = 0.5, .resolution = resolution}; }
  static RealValued real_valued() { return {.lambda = 0.5}; }
};

template <class Tableau>
struct Facts<Reversible<RungeKutta<Tableau>, Floating>> {
  using TableauType = Tableau;
  using RealValued = Reversible<RungeKutta<Tableau>, Floating>;
  static constexpr std::string_view name = Tableau::name;
  static constexpr int order = Tableau::order;
  static constexpr int stages = tableau::increment_stages<Tableau>;
  static constexpr int increments = 2;
  static constexpr bool reversible = true, exact = false;
  static RealValued method() { return {.lambda = 0.9}; }
  static RealValued real_valued() { return {.lambda = 0.9}; }
};

// At its default λ. `stages` and `increments` are those of a step after the first K.
template <int K, bool Corrected, bool IsExact>
struct AdamsFacts {
  static constexpr std::string_view name =
      std::array{"Adams 1", "Adams 2", "Adams 3", "Adams 4", "Adams 5", "Adams 6", "Adams 7", "Adams 8"}[K - 1];
  static constexpr int order = K;
  static constexpr int stages = Corrected ? 2 : 1;
  static constexpr int increments = 1;
  static constexpr bool reversible = true, exact = IsExact;
  static constexpr double resolution = 1.0 / (std::int64_t{1} << 52);
};
template <int K>
struct Facts<ReversibleAdams<K, Exact>> : AdamsFacts<K, false, true> {
  using RealValued = ReversibleAdams<K, Floating>;
  static ReversibleAdams<K> method() { return {.resolution = AdamsFacts<K, false, true>::resolution}; }
  static RealValued real_valued() { return {}; }
};
template <int K>
struct Facts<ReversibleAdams<K, Floating>> : AdamsFacts<K, false, false> {
  using RealValued = ReversibleAdams<K, Floating>;
  static RealValued method() { return {}; }
  static RealValued real_valued() { return {}; }
};
template <int K>
struct Facts<ReversibleAdamsPece<K, Exact>> : AdamsFacts<K, true, true> {
  using RealValued = ReversibleAdamsPece<K, Floating>;
  static ReversibleAdamsPece<K> method() { return {.resolution = AdamsFacts<K, true, true>::resolution}; }
  static RealValued real_valued() { return {}; }
};
template <int K>
struct Facts<ReversibleAdamsPece<K, Floating>> : AdamsFacts<K, true, false> {
  using RealValued = ReversibleAdamsPece<K, Floating>;
  static RealValued method() { return {}; }
  static RealValued real_valued() { return {}; }
};
// Evaluations of n steps, and evaluations and vjps of their way back: `stages` for each increment, unless Facts know better.
template <class M>
constexpr std::int64_t evaluations_forth(std::int64_t n) {
  if constexpr (requires { Facts<M>::forth(n); })
    return Facts<M>::forth(n);
  else
    return n * Facts<M>::stages * Facts<M>::increments;
}
template <class M>
constexpr std::int64_t evaluations_back(std::int64_t n) {
  if constexpr (requires { Facts<M>::back(n); })
    return Facts<M>::back(n);
  else
    return evaluations_forth<M>(n);
}
template <class M>
constexpr std::int64_t vjps_back(std::int64_t n) {
  if constexpr (requires { Facts<M>::vjps(n); })
    return Facts<M>::vjps(n);
  else
    return evaluations_forth<M>(n);
}
// The step to which evaluation `call` of a solve belongs; what is evaluated at the start counts as the first's.
template <class M>
constexpr std::int64_t step_of_call(std::int64_t call) {
  std::int64_t step = 0;
  while (evaluations_forth<M>(step + 1) <= call) ++step;
  return step;
}

using PlainMethods = std::tuple<Euler, Midpoint, Heun, Ralston, Ralston3, Bosh3, RK4, RK38, Tsit5, Dopri5, Dop853>;

template <class Arithmetic, class List>
struct PairsOf;
template <class Arithmetic, class... M>
struct PairsOf<Arithmetic, std::tuple<M...>> {
  using type = std::tuple<Reversible<M, Arithmetic>...>;
};

using ExactMethods = PairsOf<Exact, PlainMethods>::type;
using FloatingMethods = PairsOf<Floating, PlainMethods>::type;

// One of each kind of tableau, for laws that do not depend on the coefficients: one stage, two, first-same-as-last.
using FewPlainMethods = std::tuple<Euler, Midpoint, Bosh3>;
using FewExactMethods = PairsOf<Exact, FewPlainMethods>::type;
using FewFloatingMethods = PairsOf<Floating, FewPlainMethods>::type;

// Adams methods: with each of the methods that start them, of either parity (sign of λ), with and without a corrector.
using FewAdamsMethods = std::tuple<ReversibleAdams<1>, ReversibleAdams<4>, ReversibleAdamsPece<3>>;

template <class... Lists>
using Joined = decltype(std::tuple_cat(std::declval<Lists>()...));

// --- Steps -------------------------------------------------------------------------------------------------------------

// n equal steps, numbered from `first`.
struct NumberedSteps {
  std::int64_t n;
  std::int64_t first;
  Timeline timeline(double t0, double t1) const { return Timeline::uniform(t0, t1, n).numbered_from(first); }
};

// --- Losses ------------------------------------------------------------------------------------------------------------

// L = Σ_i Σ_c w_{ic} ys_ic with fixed weights of both signs, no two alike: each saved entry pulls its own way, and the
// loss is linear, so that it can be taken of complex states. Weight of entry c of save i: sin(1 + 3.7 i + 1.3 c).
struct WeightedSum {
  static double weight(std::size_t i, Eigen::Index c) {
    return std::sin(1 + 3.7 * static_cast<double>(i) + 1.3 * static_cast<double>(c));
  }

  template <class Y>
  static typename Y::Scalar value(const std::vector<Y>& ys) {
    using Real = RealOf<Y>;
    typename Y::Scalar sum{0};
    for (std::size_t i = 0; i < ys.size(); ++i)
      for (Eigen::Index c = 0; c < ys[i].size(); ++c) sum += static_cast<Real>(weight(i, c)) * ys[i].data()[c];
    return sum;
  }

  template <class Y>
  RealOf<Y> operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    for (std::size_t i = 0; i < ys.size(); ++i)
      for (Eigen::Index c = 0; c < ys[i].size(); ++c)
        ys_bar[i].data()[c] = static_cast<typename Y::Scalar>(weight(i, c));
    return value(ys);
  }
};

// --- Differences that do not cancel --------------------------------------------------------------------------------------

// dL/dx by the complex step: Im L(x + iε)/ε at ε = 1e−40 is the derivative to round-off of the evaluation itself
// (Squire & Trapp 1998), for L(problem) analytic; `entry(problem)` is the number to be moved.
template <class ProblemType, class Value, class Entry>
double complex_step(ProblemType problem, const Value& value, const Entry& entry) {
  constexpr double step = 1e-40;
  entry(problem) += std::complex<double>(0, step);
  return std::imag(value(problem)) / step;
}

template <template <class> class Field, class Y>
auto complexified(const Problem<Field<double>, Y>& problem) {
  using C = std::complex<double>;
  using Z = typename detail::WithScalar<Y, C>::type;
  Field<C> field;
  if constexpr (detail::HasParameters<Field<double>>)
    field.parameters() = problem.field.parameters().template cast<C>();
  return Problem<Field<C>, Z>{field, problem.y0.template cast<C>(), problem.t0, problem.t1};
}

// Largest difference of two arrays of numbers, relative to the largest entry of the first.
template <class A, class B>
double relative_difference(const A& a, const B& b) {
  if (a.size() == 0) return 0;
  const double scale = static_cast<double>(a.array().abs().maxCoeff());
  return static_cast<double>((a - b).array().abs().maxCoeff()) / scale;
}

template <class A>
bool all_nonzero(const A& a) {
  return (a.array() != typename A::Scalar{0}).all();
}

template <class A>
bool same_bits(const A& a, const A& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::equal(a.data(), a.data() + a.size(), b.data(),
                    [](auto x, auto y) { return x == y && std::signbit(x) == std::signbit(y); });
}

// --- A problem with a closed form -----------------------------------------------------------------------------------------

// The normal form of a Hopf bifurcation on a warped clock: with ρ = x² + y² and g(t) = 1 + cos(t)/2,
//   x' = g (x (1 − ρ) − y (ω + ρ)),   y' = g (y (1 − ρ) + x (ω + ρ)),   ω = 4.
// In the time τ = t + sin(t)/2: ρ(τ) = e^{2τ} / (e^{2τ} + C), angle = ωτ + ½ ln((e^{2τ} + C)/(1 + C)), C = 3. Nonlinear,
// coupled, with explicit time; that it turns fast brings the leading error term of every tableau to the front.
template <class Scalar = double>
struct WarpedHopf {
  static constexpr long double omega = 4, c = 3;

  void operator()(double t, const auto& y, auto& dy) const {
    const Scalar g = Scalar(1) + std::cos(static_cast<Scalar>(t)) / Scalar(2);
    const Scalar rho = y[0] * y[0] + y[1] * y[1];
    const Scalar turn = static_cast<Scalar>(omega) + rho;
    dy[0] = g * (y[0] * (Scalar(1) - rho) - y[1] * turn);
    dy[1] = g * (y[1] * (Scalar(1) - rho) + y[0] * turn);
  }

  static Eigen::Vector<Scalar, 2> solution(double t) {
    using Real = long double;
    const Real tau = static_cast<Real>(t) + std::sin(static_cast<Real>(t)) / 2;
    const Real growth = std::exp(2 * tau);
    const Real r = std::sqrt(growth / (growth + static_cast<Real>(c)));
    const Real angle =
        static_cast<Real>(omega) * tau + std::log((growth + static_cast<Real>(c)) / (1 + static_cast<Real>(c))) / 2;
    return {static_cast<Scalar>(r * std::cos(angle)), static_cast<Scalar>(r * std::sin(angle))};
  }
};

// --- The laws -------------------------------------------------------------------------------------------------------------

// Order, observed by halving h: log2 of the ratio of errors with n and 2n steps from t0 to t1. The error is the largest
// along the way, for at a single time its leading term may happen to cross zero.
template <class Scalar, class M>
double observed_order(const M& method, double t0, double t1, std::int64_t n) {
  using Field = WarpedHopf<Scalar>;
  const auto error = [&](std::int64_t steps) {
    const Problem problem{Field{}, Field::solution(t0), t0, t1};
    const auto solution = solve(problem, method, FixedSteps{steps}, SaveAt{.steps = true});
    double largest = 0;
    for (std::size_t i = 0; i < solution.ys().size(); ++i)
      largest = std::fmax(largest, static_cast<double>((solution.ys()[i] - Field::solution(solution.ts()[i])).norm()));
    return largest;
  };
  return std::log2(error(n) / error(2 * n));
}

// Every carry that the way forth passes is met on the way back, bit for bit, by the stepper driven by hand.
template <class F, class Y, class M>
bool meets_every_carry(const Problem<F, Y>& problem, const M& method, std::int64_t n) {
  using S = typename M::template Stepper<F, Y>;
  S stepper(method, problem.field, problem.y0);
  const Timeline timeline = FixedSteps{n}.timeline(problem.t0, problem.t1);
  std::vector<typename S::Carry> passed;
  passed.reserve(static_cast<std::size_t>(n));
  auto carry = stepper.make_carry();
  BitStack bits;
  if (stepper.start(problem.t0, problem.y0, carry) != Outcome::ok) return false;
  for (std::int64_t i = 0; i < n; ++i) {
    passed.push_back(carry);
    const Step step = step_at(timeline, i);
    if (stepper.attempt(step, carry) != Outcome::ok || stepper.commit(step, carry, bits) != Outcome::ok) return false;
  }
  if (S::same(carry, passed.front())) return false;  // it went somewhere
  BitStack::Cursor cursor(bits);
  for (std::int64_t i = n; i-- > 0;) {
    if (stepper.reconstruct(step_at(timeline, i), carry, cursor) != Outcome::ok) return false;
    if (!S::same(carry, passed[static_cast<std::size_t>(i)])) return false;
  }
  return cursor.at_bottom();
}

// There and back ends where it began, bit for bit (y0 is given as multiples of the resolution), and went somewhere.
template <class F, class Y, class M>
bool comes_back(const Problem<F, Y>& problem, const M& method, std::int64_t n) {
  const auto trip = assert_reversible(problem, method, FixedSteps{n});
  return trip.steps == n && same_bits(trip.y0, problem.y0) && !same_bits(trip.y1, problem.y0);
}

// Two gradients of one map: the largest relative difference over y0, theta and, where there are, the times.
template <class G>
double gradient_difference(const G& a, const G& b) {
  double worst = std::fmax(relative_difference(a.y0, b.y0), relative_difference(a.theta, b.theta));
  if constexpr (std::is_same_v<decltype(a.t0), double>) {
    const double scale = std::fmax(std::fabs(a.t0), std::fabs(a.t1));
    worst = std::fmax(worst, std::fmax(std::fabs(a.t0 - b.t0), std::fabs(a.t1 - b.t1)) / scale);
  }
  return worst;
}

// The gradient of WeightedSum of the real-valued map, entry by entry, by complex steps.
template <template <class> class Field, class Y, class M, Steps StepsType>
auto complex_step_gradient(const Problem<Field<double>, Y>& problem, const M& method, const StepsType& steps,
                           const SaveAt& save_at) {
  const auto complex = complexified<Field>(problem);
  const auto value = [&](const auto& p) { return WeightedSum::value(solve(p, method, steps, save_at).ys()); };
  struct {
    Y y0;
    Parameters<Field<double>, Y> theta;
  } gradient{problem.y0, detail::zero_parameters<Field<double>, Y>(problem.field)};
  for (Eigen::Index i = 0; i < gradient.y0.size(); ++i)
    gradient.y0.data()[i] = complex_step(complex, value, [i](auto& p) -> auto& { return p.y0.data()[i]; });
  if constexpr (detail::HasParameters<Field<double>>) {
    for (Eigen::Index i = 0; i < gradient.theta.size(); ++i)
      gradient.theta[i] = complex_step(complex, value, [i](auto& p) -> auto& { return p.field.parameters()[i]; });
  }
  return gradient;
}

template <template <class> class Field, class Y, class M>
auto complex_step_gradient(const Problem<Field<double>, Y>& problem, const M& method, std::int64_t n,
                           const SaveAt& save_at) {
  return complex_step_gradient<Field>(problem, method, FixedSteps{n}, save_at);
}

// How far a gradient is from that of the real-valued map by complex steps, as a share of the largest entry.
template <template <class> class Field, class Y, class M, class Adjoint>
double distance_from_complex_step(const Problem<Field<double>, Y>& problem, const M& method, std::int64_t n,
                                  const SaveAt& save_at, const Adjoint& adjoint) {
  const auto [value, gradient] = value_and_gradient(problem, method, FixedSteps{n}, WeightedSum{}, save_at, adjoint);
  const auto expected = complex_step_gradient<Field>(problem, Facts<M>::real_valued(), n, save_at);
  if (!all_nonzero(expected.y0) || !all_nonzero(expected.theta)) return std::numeric_limits<double>::infinity();
  return std::fmax(relative_difference(expected.y0, gradient.y0), relative_difference(expected.theta, gradient.theta));
}

// The dot-product test of a whole solve: the shares of ⟨J v, w⟩ and ⟨v, Jᵀ w⟩ that differ, with random v of (y0, θ) and w
// of the saved states; J v by one complex step of the real-valued map, Jᵀ w by the adjoint.
template <template <class> class Field, class Y, class M, class Adjoint>
double dot_product_mismatch(const Problem<Field<double>, Y>& problem, const M& method, std::int64_t n,
                            const SaveAt& save_at, const Adjoint& adjoint, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const auto fill = [&](auto& x) {
    for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = normal(random);
  };
  Y v = problem.y0;
  auto v_theta = detail::zero_parameters<Field<double>, Y>(problem.field);
  fill(v), fill(v_theta);

  auto moved = complexified<Field>(problem);
  constexpr double step = 1e-40;
  using C = std::complex<double>;
  moved.y0 += C(0, step) * v.template cast<C>();
  if constexpr (detail::HasParameters<Field<double>>)
    moved.field.parameters() += C(0, step) * v_theta.template cast<C>();
  const auto moved_ys = solve(moved, Facts<M>::real_valued(), FixedSteps{n}, save_at).ys();

  auto pass = solve_with_pullback(problem, method, FixedSteps{n}, save_at, adjoint);
  std::vector<Y> w(pass.ys().size(), problem.y0);
  double forward = 0, size = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    fill(w[i]);
    const auto terms = (moved_ys[i].imag() / step).cwiseProduct(w[i]).eval();
    forward += terms.sum();
    size += terms.cwiseAbs().sum();
  }
  const auto gradient = pass.pullback(w);
  const double backward = v.cwiseProduct(gradient.y0).sum() + v_theta.dot(gradient.theta);
  return std::fabs(forward - backward) / size;
}

}  // namespace antistrophe::battery
