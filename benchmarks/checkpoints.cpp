// Time and memory of one gradient by each adjoint, as in arXiv 2410.11648: 1000 steps of a neural field 2–16–16–2 on 64 samples, with
// all states stored, with c of them, and with none. heap_kB is the largest that operator new handed out within the call. What an
// adjoint gives is held against DirectAdjoint's before it is timed: bit for bit, or of another method to the discretisation error.
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>

#include "support/counted_heap.hpp"
#include "support/workloads.hpp"
#include "tried.hpp"

namespace {

using namespace antistrophe;
using benchmarks::measured_or_tried;
using State = Eigen::Matrix<double, 2, measured_or_tried(64, 4)>;
using Field = Mlp<double>;

constexpr std::int64_t steps = measured_or_tried(1000, 200);

const Problem<Field, State>& problem() {
  static const Problem<Field, State> problem{workloads::sine_weights(Mlp<double>{{2, 16, 16, 2}}),
                                             State(State::NullaryExpr([](Eigen::Index i, Eigen::Index j) {
                                               return 0.01 * static_cast<double>(2 * j + i) - 0.6;
                                             })),
                                             0.0, 0.005 * static_cast<double>(steps)};
  return problem;
}

struct Loss {
  double operator()(const auto& ys, auto& ys_bar) const {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  }
};

template <class Method, class Adjoint>
auto gradient(const Method& method, const Adjoint& adjoint) {
  return value_and_gradient(problem(), method, FixedSteps{steps}, Loss{}, adjoint).gradient;
}

// tolerance: relative; 0 for the same bits.
template <class Method, class Adjoint>
void measure(benchmark::State& state, const Method& method, const Adjoint& adjoint, double tolerance) {
  static const auto expected = gradient(Midpoint{}, DirectAdjoint{});
  counted_heap::begin();
  const auto got = gradient(method, adjoint);
  const std::int64_t heap = counted_heap::most_since_begin();
  const double off = (got.theta - expected.theta).cwiseAbs().maxCoeff() / expected.theta.cwiseAbs().maxCoeff();
  if (!(off <= tolerance)) {
    state.SkipWithError("the gradient is another one");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(gradient(method, adjoint));
  state.counters["heap_kB"] = static_cast<double>(heap) / 1000;
  state.counters["recomputed"] = static_cast<double>(got.stats.recomputed);
}

void direct(benchmark::State& state) { measure(state, Midpoint{}, DirectAdjoint{}, 0); }
void checkpointed(benchmark::State& state) {
  measure(state, Midpoint{}, CheckpointedAdjoint{.slots = state.range(0)}, 0);
}
void reversible_pair(benchmark::State& state) { measure(state, Reversible<Midpoint>{}, ReversibleAdjoint{}, 1e-4); }
void reversible_two_points(benchmark::State& state) { measure(state, TwoPoint<Midpoint>{}, ReversibleAdjoint{}, 1e-4); }
void reversible_adams(benchmark::State& state) { measure(state, ReversibleAdams<2>{}, ReversibleAdjoint{}, 1e-4); }

}  // namespace

BENCHMARK(direct)->Unit(benchmark::kMillisecond);
BENCHMARK(checkpointed)->Arg(2)->Arg(4)->Arg(8)->Arg(16)->Arg(32)->Arg(44)->Arg(200)->Unit(benchmark::kMillisecond);
BENCHMARK(reversible_pair)->Unit(benchmark::kMillisecond);
BENCHMARK(reversible_two_points)->Unit(benchmark::kMillisecond);
BENCHMARK(reversible_adams)->Unit(benchmark::kMillisecond);
