// ForwardMode against adjoints, on models of few parameters: Lotka–Volterra (two states, four parameters) to 1e-6, and the Lorenz
// equations. One gradient of the squared last state; each is held against that of stored states before it is timed.
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

#include <benchmark/benchmark.h>

#include <cmath>

#include "lotka_volterra.hpp"
#include "support/problems.hpp"

namespace {

using namespace antistrophe;

// The equations generic in their scalar.
struct Generic {
  void operator()(auto t, const auto& y, const auto& theta, auto& dy) const {
    problems::LotkaVolterraEquations{}(t, y, theta, dy);
  }
};
struct GenericLorenz {
  void operator()(auto t, const auto& y, const auto& theta, auto& dy) const {
    problems::LorenzEquations{}(t, y, theta, dy);
  }
};

const auto by_hand = Problem{LotkaVolterraByHand{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
const auto generic =
    Problem{automatic_vjp(Generic{}, problems::LotkaVolterra<>{}.theta), Eigen::Vector2d(1, 1), 0.0, 10.0};
const auto lorenz_by_hand = Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1), 0.0, 2.0};
const auto lorenz =
    Problem{automatic_vjp(GenericLorenz{}, problems::Lorenz<>{}.theta), Eigen::Vector3d(1, 1, 1), 0.0, 2.0};

struct Energy {
  template <class Y>
  double operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    ys_bar.back() = ys.back();
    return ys.back().squaredNorm() / 2;
  }
};

template <class P, class M, class Adjoint>
void gradient(benchmark::State& state, const P& problem, const M& method, const Adjoint& adjoint) {
  const Adaptive steps{.rtol = 1e-6, .atol = 1e-6, .repeats = 0};
  Objective exactly{problem, method, steps, Energy{}, DirectAdjoint{}};
  Objective objective{problem, method, steps, Energy{}, adjoint};
  const auto &expected = exactly().gradient.theta, &got = objective().gradient.theta;
  if (!((expected - got).norm() < 1e-8 * expected.norm())) {
    state.SkipWithError("another gradient");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(objective().value);
  state.counters["steps"] = static_cast<double>(objective().stats.accepted);
}

#define GRADIENT(name, ...) BENCHMARK_CAPTURE(gradient, name, __VA_ARGS__)->Unit(benchmark::kMicrosecond)
GRADIENT(lotka_volterra_forward_generic, generic, Dopri5{}, ForwardMode{});
GRADIENT(lotka_volterra_forward_jvp, by_hand, Dopri5{}, ForwardMode{});
GRADIENT(lotka_volterra_direct_by_hand, by_hand, Dopri5{}, DirectAdjoint{});
GRADIENT(lotka_volterra_direct_generic, generic, Dopri5{}, DirectAdjoint{});
GRADIENT(lotka_volterra_checkpointed_by_hand, by_hand, Dopri5{}, CheckpointedAdjoint{});
GRADIENT(lotka_volterra_reversible_by_hand, by_hand, Reversible<Dopri5>{}, ReversibleAdjoint{});
GRADIENT(lotka_volterra_adams_by_hand, by_hand, ReversibleAdams<4>{}, ReversibleAdjoint{});
GRADIENT(lotka_volterra_forward_generic_853, generic, Dop853{}, ForwardMode{});
GRADIENT(lotka_volterra_direct_by_hand_853, by_hand, Dop853{}, DirectAdjoint{});
GRADIENT(lorenz_forward_generic, lorenz, Dopri5{}, ForwardMode{});
GRADIENT(lorenz_direct_by_hand, lorenz_by_hand, Dopri5{}, DirectAdjoint{});

}  // namespace
