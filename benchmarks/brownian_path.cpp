// What a number of W costs: queries in order, by a walk that remembers where it is, forth and back, for steps as short as the tree's leaves,
// for numbers of steps that are powers of two, and with leaves of a thousand millionth; and in any order. `number` is the time of one
// number, that is of one channel at one time.
#include <antistrophe/noise/brownian_path.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

using namespace antistrophe;

BrownianPath path_of(const benchmark::State& state, bool area = false) {
  return {.seed = 1, .channels = state.range(0), .tolerance = static_cast<double>(state.range(2)) * 1e-9, .area = area};
}

void report(benchmark::State& state) {
  state.counters["number"] = benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)),
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void in_order(benchmark::State& state, bool back, bool area) {
  BrownianWalk walk(path_of(state, area));
  const std::int64_t n = state.range(1);
  std::int64_t i = 0;
  Eigen::VectorXd dw;
  for (auto _ : state) {
    const double s = static_cast<double>(i) / static_cast<double>(n),
                 u = static_cast<double>(i + 1) / static_cast<double>(n);
    walk.increment(back ? 1 - u : s, back ? 1 - s : u, dw);
    benchmark::DoNotOptimize(dw.data());
    if (area) walk.levy_area(s, u, dw);
    if (++i == n) i = 0;
  }
  report(state);
}
void forth(benchmark::State& state) { in_order(state, false, false); }
void back(benchmark::State& state) { in_order(state, true, false); }
void with_areas(benchmark::State& state) { in_order(state, false, true); }

void in_any_order(benchmark::State& state) {
  BrownianWalk walk(path_of(state));
  std::uint64_t i = 0;
  for (auto _ : state) {
    i = i * 6364136223846793005u + 1442695040888963407u;
    benchmark::DoNotOptimize(walk(static_cast<double>(i >> 11) * 0x1p-53));
  }
  report(state);
}

// channels, steps, tolerance in thousand millionths
void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t channels : {1, 2, 10, 64}) {
    benchmark->Args({channels, 1000, 1'000'000});
    benchmark->Args({channels, 1024, 1});
    benchmark->Args({channels, 1000, 1});
  }
}

BENCHMARK(forth)->Apply(sizes);
BENCHMARK(back)->Apply(sizes);
BENCHMARK(with_areas)->Apply(sizes);
BENCHMARK(in_any_order)->Args({1, 1, 1})->Args({10, 1, 1})->Args({64, 1, 1});

}  // namespace
