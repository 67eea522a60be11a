// W1, the complexity problem of arXiv 2410.11648: value and gradient of L = y(T)² through n midpoint steps of a neural
// field 1–10–1, beside kernels written by hand for this one problem. Times are per step. The last benchmarks print the ratio of
// medians taken pair by pair, A B A B …, which a noisy machine moves least. The Adams method takes n steps of the same length:
// one evaluation each where the midpoint rule has two. Its second ratio is to the same kernel with the library's own tanh,
// so that it is the method's alone.
#include <antistrophe/antistrophe.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <antistrophe/field/mlp/detail/tanh.hpp>

#include "alternating.hpp"
#include "kernels/w1_kernels.hpp"
#include "support/workloads.hpp"

namespace {

using namespace antistrophe;
using W1 = workloads::W1;

template <class Method, class Adjoint>
double library_gradient(const Method& method, const Adjoint& adjoint, std::int64_t n) {
  static const Problem problem{W1::field(), W1::y0(), 0.0, 1.0};
  auto scaled = problem;
  scaled.t1 = static_cast<double>(n) * W1::h;
  const auto loss = [](const auto& ys, auto& ys_bar) {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  };
  return value_and_gradient(scaled, method, FixedSteps{n}, loss, {}, adjoint).gradient.theta[0];
}

double kernel_direct(std::int64_t n) {
  static const auto field = W1::field();
  static std::vector<double> states;
  return kernels::w1_direct(field.parameters().data(), 1.0, W1::h, static_cast<std::size_t>(n), states).theta[0];
}

#ifdef ANTISTROPHE_HAS_VECTOR_TYPES
// The library's tanh, of a register of xsimd's.
struct LibraryTanh {
  using Batch = kernels::w1::Batch;
  using Lanes [[gnu::vector_size(sizeof(Batch))]] = double;
  using Bits [[gnu::vector_size(sizeof(Batch))]] = std::int64_t;
  static Batch of(const Batch& x) {
    alignas(Batch) double lanes[Batch::size];
    x.store_aligned(lanes);
    Lanes v;
    std::memcpy(&v, lanes, sizeof(v));
    v = detail::tanh_of_vector<double, Lanes, Bits>(v);
    std::memcpy(lanes, &v, sizeof(v));
    return Batch::load_aligned(lanes);
  }
};

double kernel_direct_same_tanh(std::int64_t n) {
  static const auto field = W1::field();
  static std::vector<double> states;
  return kernels::w1_direct<LibraryTanh>(field.parameters().data(), 1.0, W1::h, static_cast<std::size_t>(n), states)
      .theta[0];
}
#endif

double kernel_pair(std::int64_t n) {
  static const auto field = W1::field();
  return kernels::w1_floating_pair(field.parameters().data(), 1.0, W1::h, static_cast<std::size_t>(n), 0.999).theta[0];
}

double library_direct(std::int64_t n) { return library_gradient(Midpoint{}, DirectAdjoint{}, n); }
double library_exact_pair(std::int64_t n) { return library_gradient(Reversible<Midpoint>{}, ReversibleAdjoint{}, n); }
double library_floating_pair(std::int64_t n) {
  return library_gradient(Reversible<Midpoint, Floating>{}, ReversibleAdjoint{}, n);
}

double library_adams4(std::int64_t n) { return library_gradient(ReversibleAdams<4>{}, ReversibleAdjoint{}, n); }
double library_adams6(std::int64_t n) { return library_gradient(ReversibleAdams<6>{}, ReversibleAdjoint{}, n); }
double library_exact_two_point(std::int64_t n) {
  return library_gradient(TwoPoint<Midpoint>{}, ReversibleAdjoint{}, n);
}
double library_leapfrog(std::int64_t n) { return library_gradient(LeapfrogMidpoint<>{}, ReversibleAdjoint{}, n); }
double library_reversible_heun(std::int64_t n) { return library_gradient(ReversibleHeun<>{}, ReversibleAdjoint{}, n); }
double library_asynchronous_leapfrog(std::int64_t n) {
  return library_gradient(AsynchronousLeapfrog<>{}, ReversibleAdjoint{}, n);
}

// Whether dL/dθ_0 of 1,000 steps is what it is by the library's stored states, whose sum over θ is held against that of other programs.
bool is_right(double (*gradient)(std::int64_t)) {
  static const double right = [] {
    const Problem problem{W1::field(), W1::y0(), 0.0, 1000 * W1::h};
    const auto theta = value_and_gradient(problem, Midpoint{}, FixedSteps{1000}, [](const auto& ys, auto& ys_bar) {
                         ys_bar.back() = 2 * ys.back();
                         return ys.back().squaredNorm();
                       }).gradient.theta;
    const bool known = std::fabs(theta.sum() - W1::sum_of_theta_gradient) < 1e-8 * W1::sum_of_theta_gradient;
    return known ? theta[0] : std::numeric_limits<double>::quiet_NaN();
  }();
  return std::fabs(gradient(1000) - right) < 1e-4 * std::fabs(right);
}

void time(benchmark::State& state, double (*gradient)(std::int64_t)) {
  if (!is_right(gradient)) return state.SkipWithError("another gradient than the reference");
  const std::int64_t n = state.range(0);
  for (auto _ : state) benchmark::DoNotOptimize(gradient(n));
  state.SetItemsProcessed(state.iterations() * n);
}

double seconds(double (*gradient)(std::int64_t), std::int64_t n) {
  const auto begin = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(gradient(n));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The median over pairs of the time of one over that of the other.
void ratio(benchmark::State& state, double (*one)(std::int64_t), double (*other)(std::int64_t)) {
  if (!is_right(one) || !is_right(other)) return state.SkipWithError("another gradient than the reference");
  std::vector<double> ratios;
  for (auto _ : state) {
    const double numerator = seconds(one, state.range(0));
    ratios.push_back(numerator / seconds(other, state.range(0)));
  }
  state.counters["ratio"] = benchmarks::median(std::move(ratios));
}

BENCHMARK_CAPTURE(time, kernel_direct, kernel_direct)->Arg(1000);
BENCHMARK_CAPTURE(time, library_direct, library_direct)->Arg(1000);
BENCHMARK_CAPTURE(time, kernel_floating_pair, kernel_pair)->Arg(1000);
BENCHMARK_CAPTURE(time, library_floating_pair, library_floating_pair)->Arg(1000);
BENCHMARK_CAPTURE(time, library_exact_pair, library_exact_pair)->Arg(1000);
BENCHMARK_CAPTURE(time, library_adams4, library_adams4)->Arg(1000);
BENCHMARK_CAPTURE(time, library_adams6, library_adams6)->Arg(1000);
BENCHMARK_CAPTURE(ratio, direct_to_kernel_direct, library_direct, kernel_direct)->Arg(1000);
BENCHMARK_CAPTURE(ratio, exact_pair_to_kernel_floating_pair, library_exact_pair, kernel_pair)->Arg(1000);
BENCHMARK_CAPTURE(ratio, adams4_to_kernel_direct, library_adams4, kernel_direct)->Arg(1000);
#ifdef ANTISTROPHE_HAS_VECTOR_TYPES
BENCHMARK_CAPTURE(time, kernel_direct_same_tanh, kernel_direct_same_tanh)->Arg(1000);
BENCHMARK_CAPTURE(ratio, adams4_to_kernel_direct_same_tanh, library_adams4, kernel_direct_same_tanh)->Arg(1000);
#endif
BENCHMARK_CAPTURE(time, library_exact_two_point, library_exact_two_point)->Arg(1000);
BENCHMARK_CAPTURE(time, library_leapfrog, library_leapfrog)->Arg(1000);
BENCHMARK_CAPTURE(time, library_reversible_heun, library_reversible_heun)->Arg(1000);
BENCHMARK_CAPTURE(time, library_asynchronous_leapfrog, library_asynchronous_leapfrog)->Arg(1000);
BENCHMARK_CAPTURE(ratio, exact_two_point_to_exact_pair, library_exact_two_point, library_exact_pair)->Arg(1000);

}  // namespace
