// Networks whose products of matrices are what a step consists of, and a small one: W2 (3–10–2, 1,000 steps) and W3 (64–64–64 and
// 256–256–256 in float, a batch of 128, 100 steps), value and gradient. Results are held against references (tests/support/workloads.hpp), or
// against each other, before they are timed. `fraction` is the time of the products of matrices alone, as many of each shape by Eigen, to
// that of the gradient, the median over runs that alternate.
#include <antistrophe/antistrophe.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "alternating.hpp"
#include "support/workloads.hpp"
#include "tried.hpp"

namespace {

using namespace antistrophe;

const auto mean_square = [](const auto& ys, auto& ys_bar) {
  using Number = typename std::remove_cvref_t<decltype(ys[0])>::Scalar;
  const auto entries = static_cast<Number>(ys.back().size());
  ys_bar.back() = (2 / entries) * ys.back();
  return ys.back().squaredNorm() / entries;
};

template <class Method, class Adjoint>
void w2(benchmark::State& state) {
  using W2 = workloads::W2;
  Objective objective{Problem{W2::field(), W2::y0(), 0.0, W2::t1}, Method{}, FixedSteps{W2::n}, mean_square, Adjoint{}};
  const auto& [value, gradient] = objective();
  if (!(std::fabs(value - W2::loss) < 1e-8 * W2::loss) ||
      !(std::fabs(gradient.theta.sum() - W2::sum_of_theta_gradient) < 1e-7 * std::fabs(W2::sum_of_theta_gradient)))
    return state.SkipWithError("another result than the reference");
  for (auto _ : state) benchmark::DoNotOptimize(objective().value);
  state.SetItemsProcessed(state.iterations() * W2::n);
}
BENCHMARK_TEMPLATE(w2, Dopri5, DirectAdjoint)->Name("networks/w2/direct");
BENCHMARK_TEMPLATE(w2, Reversible<Dopri5>, ReversibleAdjoint)->Name("networks/w2/pair");
BENCHMARK_TEMPLATE(w2, ReversibleAdams<4>, ReversibleAdjoint)->Name("networks/w2/adams4");

constexpr int steps = benchmarks::measured_or_tried(100, 5);

template <int D>
Eigen::MatrixXf batch() {
  Eigen::MatrixXf y0(D, workloads::W3<D>::batch);
  for (Eigen::Index j = 0; j < y0.cols(); ++j)
    for (Eigen::Index i = 0; i < D; ++i) y0(i, j) = static_cast<float>(std::sin(0.1 * static_cast<double>(i + D * j)));
  return y0;
}

// y = W x, x_bar = Wᵀ w and W_bar += w xᵀ, of one layer.
template <int D>
class Products {
 public:
  // So many evaluations and vjps of two layers.
  double run(std::int64_t evaluations, std::int64_t vjps) {
    for (std::int64_t i = 0; i < 2 * evaluations; ++i) {
      y_.noalias() = w_ * x_;
      benchmark::ClobberMemory();
    }
    for (std::int64_t i = 0; i < 2 * vjps; ++i) {
      x_bar_.noalias() = w_.transpose() * y_;
      w_bar_.noalias() += y_ * x_.transpose();
      benchmark::ClobberMemory();
    }
    return static_cast<double>(w_bar_(0, 0) + x_bar_(0, 0));
  }

 private:
  Eigen::MatrixXf w_ = Eigen::MatrixXf::Constant(D, D, 1e-3f), w_bar_ = w_;
  Eigen::MatrixXf x_ = batch<D>(), y_ = x_, x_bar_ = x_;
};

template <int D, class Method, class Adjoint>
void w3(benchmark::State& state) {
  const Problem problem{workloads::W3<D>::field(), batch<D>(), 0.0, workloads::W3<D>::t1};
  const auto other = value_and_gradient(problem, Dopri5{}, FixedSteps{steps}, mean_square);
  Objective objective{problem, Method{}, FixedSteps{steps}, mean_square, Adjoint{}};
  const auto& result = objective();
  if (!(std::fabs(result.value - other.value) < 1e-4f * other.value) ||
      !((result.gradient.theta - other.gradient.theta).norm() < 1e-3f * other.gradient.theta.norm()))
    return state.SkipWithError("another result than that of Dopri5");
  const std::int64_t evaluations = result.stats.evaluations + result.gradient.stats.evaluations,
                     vjps = result.gradient.stats.vjps;
  Products<D> products;
  const auto [ratio, seconds] = benchmarks::alternate(
      state, [&] { return static_cast<double>(objective().value); }, [&] { return products.run(evaluations, vjps); });
  state.counters["fraction"] = 1 / ratio;
  state.counters["us_a_step"] = 1e6 * seconds / steps;
}
#define WIDE(D)                                                                        \
  BENCHMARK_TEMPLATE(w3, D, RK38, DirectAdjoint)->Name("networks/w3/" #D "/rk38");     \
  BENCHMARK_TEMPLATE(w3, D, Dopri5, DirectAdjoint)->Name("networks/w3/" #D "/direct"); \
  BENCHMARK_TEMPLATE(w3, D, ReversibleAdams<4>, ReversibleAdjoint)->Name("networks/w3/" #D "/adams4")
#ifdef ANTISTROPHE_EXAMPLE_TRIED
WIDE(8);
#else
WIDE(64);
WIDE(256);
#endif

}  // namespace
