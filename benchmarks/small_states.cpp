// Small states, from 2 to 28 numbers, with fields written by hand: Lotka–Volterra, Lorenz, the Pleiades. Times are per step of
// equal length: a forward solve by RK4, the gradient by its stored states, by its exact pair, and by ReversibleAdams<4>. Each
// result is compared with that of Dop853 in the same steps before it is timed.
#include <antistrophe/antistrophe.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

#include "support/problems.hpp"

namespace {

using namespace antistrophe;

struct LotkaVolterra : problems::LotkaVolterra<> {
  static Eigen::Vector2d start() { return {1, 1}; }
  static constexpr double end = 10;
};

struct Lorenz : problems::Lorenz<> {
  static Eigen::Vector3d start() { return {1, 1, 1}; }
  static constexpr double end = 2;
};

// Seven stars in a plane, of masses θ = (1, …, 7): q_i'' = Σ_j m_j (q_j − q_i)/|q_j − q_i|³. The state is all x, all y,
// and their velocities: 28 numbers, with close encounters.
struct Pleiades {
  using Real = double;
  static constexpr bool autonomous = true;
  static constexpr int n = 7;
  Eigen::Vector<Real, n> theta{1, 2, 3, 4, 5, 6, 7};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  static Eigen::Vector<Real, 4 * n> start() {
    return {3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0};
  }
  static constexpr double end = 0.5;  // before stars meet closely

  void operator()(double, const auto& y, auto& dy) const {
    using std::sqrt;
    dy.template head<2 * n>() = y.template tail<2 * n>();
    dy.template tail<2 * n>().setZero();
    for (int i = 0; i < n; ++i) {
      for (int j = i + 1; j < n; ++j) {
        const Real d1 = y[j] - y[i], d2 = y[n + j] - y[n + i], r2 = d1 * d1 + d2 * d2, r3 = r2 * sqrt(r2);
        const Real g1 = d1 / r3, g2 = d2 / r3;
        dy[2 * n + i] += theta[j] * g1;
        dy[3 * n + i] += theta[j] * g2;
        dy[2 * n + j] -= theta[i] * g1;
        dy[3 * n + j] -= theta[i] * g2;
      }
    }
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    using std::sqrt;
    y_bar.template tail<2 * n>() += w.template head<2 * n>();
    for (int i = 0; i < n; ++i) {
      for (int j = i + 1; j < n; ++j) {
        const Real d1 = y[j] - y[i], d2 = y[n + j] - y[n + i], r2 = d1 * d1 + d2 * d2, r3 = r2 * sqrt(r2);
        const Real wi1 = w[2 * n + i], wi2 = w[3 * n + i], wj1 = w[2 * n + j], wj2 = w[3 * n + j];
        theta_bar[j] += (wi1 * d1 + wi2 * d2) / r3;
        theta_bar[i] -= (wj1 * d1 + wj2 * d2) / r3;
        const Real g1_bar = theta[j] * wi1 - theta[i] * wj1, g2_bar = theta[j] * wi2 - theta[i] * wj2;
        const Real along = 3 * (g1_bar * d1 + g2_bar * d2) / r2;
        const Real d1_bar = (g1_bar - along * d1) / r3, d2_bar = (g2_bar - along * d2) / r3;
        y_bar[i] -= d1_bar;
        y_bar[n + i] -= d2_bar;
        y_bar[j] += d1_bar;
        y_bar[n + j] += d2_bar;
      }
    }
  }
};

constexpr std::int64_t steps = 2000;
const auto sum_of_last = [](const auto& ys, auto& ys_bar) {
  ys_bar.back().setOnes();
  return ys.back().sum();
};

template <class F>
auto problem() {
  return Problem{F{}, F::start(), 0.0, F::end};
}

template <class F, class M>
void forward(benchmark::State& state) {
  const auto given = problem<F>();
  const auto expected = solve(given, Dop853{}, FixedSteps{steps}).ys().back();
  if (!((solve(given, M{}, FixedSteps{steps}).ys().back() - expected).norm() < 1e-4 * expected.norm()))
    return state.SkipWithError("another solution than that of Dop853");
  for (auto _ : state) benchmark::DoNotOptimize(solve(given, M{}, FixedSteps{steps}).ys().back().sum());
  state.SetItemsProcessed(state.iterations() * steps);
}

template <class F, class M, class Adjoint>
void gradient(benchmark::State& state) {
  const auto given = problem<F>();
  const auto expected = value_and_gradient(given, Dop853{}, FixedSteps{steps}, sum_of_last).gradient.theta;
  const auto differentiate = [&] {
    return value_and_gradient(given, M{}, FixedSteps{steps}, sum_of_last, SaveAt{}, Adjoint{}).gradient.theta;
  };
  if (!((differentiate() - expected).norm() < 1e-3 * expected.norm()))
    return state.SkipWithError("another gradient than that of Dop853");
  for (auto _ : state) benchmark::DoNotOptimize(differentiate().sum());
  state.SetItemsProcessed(state.iterations() * steps);
}

#define SMALL_STATE(Field)                                                                       \
  BENCHMARK_TEMPLATE(forward, Field, RK4)->Name(#Field "/forward");                              \
  BENCHMARK_TEMPLATE(gradient, Field, RK4, DirectAdjoint)->Name(#Field "/direct");               \
  BENCHMARK_TEMPLATE(gradient, Field, Reversible<RK4>, ReversibleAdjoint)->Name(#Field "/pair"); \
  BENCHMARK_TEMPLATE(gradient, Field, ReversibleAdams<4>, ReversibleAdjoint)->Name(#Field "/adams4")
SMALL_STATE(LotkaVolterra);
SMALL_STATE(Lorenz);
SMALL_STATE(Pleiades);

}  // namespace
