// What a product by a Hessian costs, and one by Gauss and Newton's matrix, in gradients of the same solve: the counter "ratio". On
// Lotka–Volterra's equations and on a network 2–8–2, both by automatic_vjp in 100 steps of Dopri5.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/second_order.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <type_traits>

#include "alternating.hpp"
#include "support/problems.hpp"

namespace {

using namespace antistrophe;

struct Network {
  void operator()(auto, const auto& y, const auto& theta, auto& dy) const {
    using std::tanh;
    dy[0] = 0.0 * y[0];
    dy[1] = 0.0 * y[1];
    for (Eigen::Index i = 0; i < 40; i += 5) {
      const auto unit = tanh(theta[i] * y[0] + theta[i + 1] * y[1] + theta[i + 2]);
      dy[0] += theta[i + 3] * unit;
      dy[1] += theta[i + 4] * unit;
    }
  }
};

struct HalfSquares {
  auto operator()(const auto& ys, auto& ys_bar) const {
    typename std::decay_t<decltype(ys[0])>::Scalar sum(0);
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] = ys[i];
      sum += 0.5 * ys[i].dot(ys[i]);
    }
    return sum;
  }
};

template <class Theta>
Theta waves(double frequency) {
  Theta theta;
  for (Eigen::Index i = 0; i < theta.size(); ++i) theta[i] = 0.5 * std::sin(frequency * double(i) + 0.7);
  return theta;
}

struct LotkaVolterra {
  static auto field() { return automatic_vjp(problems::LotkaVolterraEquations{}, Eigen::Vector4d(1.5, 1, 3, 1)); }
};
struct SmallNetwork {
  static auto field() { return automatic_vjp(Network{}, waves<Eigen::Vector<double, 40>>(1.3)); }
};

template <class Of, bool hessian>
void to_gradient(benchmark::State& state) {
  const auto field = Of::field();
  using Field = std::decay_t<decltype(field)>;
  using Theta = std::decay_t<decltype(field.parameters())>;
  const Problem problem{field, Eigen::Vector2d(1, 1), 0.0, 5.0};
  const FixedSteps steps{100};
  const DirectionOf<Field, Eigen::Vector2d> v{Eigen::Vector2d(0.1, 0.2), waves<Theta>(0.9)};
  const auto gradient = [&] {
    return value_and_gradient(problem, Dopri5{}, steps, HalfSquares{}, DirectAdjoint{}).gradient.theta;
  };
  const auto product = [&] {
    if constexpr (hessian)
      return hessian_vector_product(problem, Dopri5{}, steps, HalfSquares{}, v, DirectAdjoint{});
    else
      return gauss_newton_product(problem, Dopri5{}, steps, HalfSquares{}, v, DirectAdjoint{});
  };
  const Theta expected = gradient();
  if (!((product().gradient.theta - expected).norm() < 1e-12 * expected.norm()))
    return state.SkipWithError("another gradient beside the product");
  benchmarks::alternate(
      state, [&] { return product().product.theta; }, gradient);
}
BENCHMARK_TEMPLATE(to_gradient, LotkaVolterra, true)->Name("second_order/lotka_volterra/hessian");
BENCHMARK_TEMPLATE(to_gradient, LotkaVolterra, false)->Name("second_order/lotka_volterra/gauss_newton");
BENCHMARK_TEMPLATE(to_gradient, SmallNetwork, true)->Name("second_order/network/hessian");
BENCHMARK_TEMPLATE(to_gradient, SmallNetwork, false)->Name("second_order/network/gauss_newton");

}  // namespace
