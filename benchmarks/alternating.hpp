// Ratios of CPU times, the median over runs that alternate, which a noisy machine moves least.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "cpu_seconds.hpp"

namespace benchmarks {

template <class Run>
double seconds(const Run& run) {
  const double begin = cpu_seconds();
  benchmark::DoNotOptimize(run());
  return cpu_seconds() - begin;
}

inline double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

struct Alternated {
  double ratio, seconds;  // of one's time to the other's; of one alone
};

// The counter "ratio" is the time of one to that of the other.
template <class One, class Other>
Alternated alternate(benchmark::State& state, const One& one, const Other& other) {
  std::vector<double> ratios, times;
  for (auto _ : state) {
    times.push_back(seconds(one));
    ratios.push_back(times.back() / seconds(other));
  }
  const Alternated result{median(std::move(ratios)), median(std::move(times))};
  state.counters["ratio"] = result.ratio;
  return result;
}

}  // namespace benchmarks
