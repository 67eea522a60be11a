// What a compressed trajectory takes and costs: bits a number at a tolerance of 1e-6, and the time and memory of a gradient by each
// adjoint that stores: all carries, all compressed, and as many checkpoints as take the memory of these. heap_kB is the most that
// operator new handed out within the call. Before an adjoint is timed its gradient is held against the direct one. Last, the coder
// alone, in numbers a second both ways.
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/counted_heap.hpp"
#include "support/problems.hpp"
#include "tried.hpp"
#include "turning_network.hpp"

namespace {

using namespace antistrophe;
using benchmarks::measured_or_tried;

struct Loss {
  double operator()(const auto& ys, auto& ys_bar) const {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  }
};

struct LotkaVolterra {
  static auto problem() {
    return Problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, measured_or_tried(400.0, 20.0)};
  }
};
struct VanDerPol {
  static auto problem() {
    return Problem{problems::VanDerPol<>{}, Eigen::Vector2d(2, 0), 0.0, measured_or_tried(400.0, 20.0)};
  }
};
struct Lorenz {
  static auto problem() { return Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1), 0.0, 15.0}; }
};
struct NeuralOde {
  static auto problem() {
    using State = Eigen::Matrix<double, 2, measured_or_tried(64, 4)>;
    return Problem{benchmarks::turning_network(), State(State::NullaryExpr([](Eigen::Index i, Eigen::Index j) {
                     return 0.01 * static_cast<double>(2 * j + i) - 0.6;
                   })),
                   0.0, measured_or_tried(600.0, 20.0)};
  }
};

Adaptive steps(double tolerance) { return {.rtol = tolerance, .atol = tolerance, .gradient_rtol = HUGE_VAL}; }

template <class Workload, class Adjoint>
void measure(benchmark::State& state, double tolerance, const Adjoint& adjoint) {
  static const auto problem = Workload::problem();
  const auto gradient = [&](const auto& by) {
    return value_and_gradient(problem, Dopri5{}, steps(tolerance), Loss{}, by);
  };
  const auto expected = gradient(DirectAdjoint{});
  counted_heap::begin();
  const auto got = gradient(adjoint);
  const std::int64_t heap = counted_heap::most_since_begin();
  const double off =
      (got.gradient.y0 - expected.gradient.y0).cwiseAbs().maxCoeff() / expected.gradient.y0.cwiseAbs().maxCoeff();
  if (!(off <= 10 * tolerance) || got.value != expected.value) {
    state.SkipWithError("the gradient is another one");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(gradient(adjoint));
  const auto numbers = static_cast<double>(got.stats.accepted * problem.y0.size());
  state.counters["steps"] = static_cast<double>(got.stats.accepted);
  state.counters["heap_kB"] = static_cast<double>(heap) / 1000;
  state.counters["kept_kB"] =
      static_cast<double>(std::max(got.stats.bytes_kept, got.gradient.stats.checkpoint_bytes)) / 1000;
  state.counters["off"] = off;
  if (got.stats.bits > 0) state.counters["bits_a_number"] = static_cast<double>(got.stats.bits) / numbers;
}

// The argument k stands for a tolerance of 10^-k.
double tolerance_of(const benchmark::State& state) { return std::pow(10.0, -static_cast<double>(state.range(0))); }

template <class Workload>
void direct(benchmark::State& state) {
  measure<Workload>(state, tolerance_of(state), DirectAdjoint{});
}
template <class Workload>
void compressed(benchmark::State& state) {
  measure<Workload>(state, tolerance_of(state), CompressedAdjoint{});
}
// In the memory of compressed carries.
template <class Workload>
void checkpointed(benchmark::State& state) {
  const auto problem = Workload::problem();
  const auto pass = solve_with_pullback(problem, Dopri5{}, steps(tolerance_of(state)), {}, CompressedAdjoint{});
  const double bytes =
      static_cast<double>(pass.stats().bytes_kept) - 8 * static_cast<double>(pass.stats().accepted);  // times
  const auto slots = static_cast<std::int64_t>(bytes / (8 * static_cast<double>(problem.y0.size())));
  measure<Workload>(state, tolerance_of(state), CheckpointedAdjoint{.slots = std::max<std::int64_t>(slots, 1)});
}

// n numbers a state.
class Coder {
 public:
  explicit Coder(std::size_t n)
      : states_(std::max<std::size_t>(measured_or_tried(100U, 10U), measured_or_tried(1'000'000U, 20'000U) / n)) {
    const std::vector<std::size_t> parts{n};
    coded_.lay_out(parts, false);
    for (std::size_t i = 0; i < 64; ++i)
      for (std::size_t e = 0; e < n; ++e)
        numbers_.push_back(std::llrint(6e7 * std::sin(0.1 * static_cast<double>(i) + static_cast<double>(e))));
    n_ = n;
  }
  void forth() {
    coded_.clear();
    coded_.begin_segment({});
    for (std::size_t i = 0; i < states_; ++i)
      std::copy_n(numbers_.data() + i % 64 * n_, n_,
                  coded_.put(static_cast<std::int64_t>(i), 0.1 * static_cast<double>(i), {}));
    coded_.finish({});
  }
  void back() {
    const detail::TimesOfSteps times{nullptr, [](const void*, std::int64_t i) { return 0.1 * static_cast<double>(i); }};
    coded_.turn();
    coded_.enter(0);
    for (std::size_t i = states_; i-- > 0;)
      benchmark::DoNotOptimize(coded_.get(static_cast<std::int64_t>(i), times, {}));
  }
  std::int64_t numbers() const { return static_cast<std::int64_t>(states_ * n_); }

 private:
  std::size_t states_, n_ = 0;
  std::vector<std::int64_t> numbers_;
  detail::CodedTrajectory coded_;
};

void code(benchmark::State& state) {
  Coder coder(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) coder.forth();
  state.SetItemsProcessed(state.iterations() * coder.numbers());
}
void decode(benchmark::State& state) {
  Coder coder(static_cast<std::size_t>(state.range(0)));
  coder.forth();
  for (auto _ : state) coder.back();
  state.SetItemsProcessed(state.iterations() * coder.numbers());
}

}  // namespace

#define WORKLOAD(name)                                                \
  BENCHMARK(direct<name>)->Arg(6)->Unit(benchmark::kMillisecond);     \
  BENCHMARK(compressed<name>)->Arg(6)->Unit(benchmark::kMillisecond); \
  BENCHMARK(checkpointed<name>)->Arg(6)->Unit(benchmark::kMillisecond)
WORKLOAD(LotkaVolterra);
WORKLOAD(VanDerPol);
WORKLOAD(Lorenz);
BENCHMARK(direct<NeuralOde>)->Arg(4)->Arg(6)->Arg(8)->Unit(benchmark::kMillisecond);
BENCHMARK(compressed<NeuralOde>)->Arg(4)->Arg(6)->Arg(8)->Unit(benchmark::kMillisecond);
BENCHMARK(checkpointed<NeuralOde>)->Arg(4)->Arg(6)->Arg(8)->Unit(benchmark::kMillisecond);
BENCHMARK(code)->Arg(2)->Arg(64)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decode)->Arg(2)->Arg(64)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);
