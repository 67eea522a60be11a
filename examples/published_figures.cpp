// Published figures, again. A floating pair against its plain method, and against checkpoints as solves grow (McCallum & Foster, arXiv
// 2410.11648); and the gradient of z' = a z, which is known, by every kind of adjoint (Norcliffe & Deisenroth, arXiv 2308.10644).
#include "support/expect.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

using namespace antistrophe;

namespace {

support::Expectations expectations;

struct Growth {  // z' = a z
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> a{0.2};
  const auto& parameters() const { return a; }
  auto& parameters() { return a; }
  void operator()(double, const auto& z, auto& dz) const { dz = a[0] * z; }
  void vjp(double, const auto& z, const auto& w, auto& z_bar, auto& a_bar) const {
    z_bar += a[0] * w;
    a_bar[0] += w.dot(z);
  }
};
using One = Eigen::Vector<double, 1>;
const auto square = [](const auto& zs, auto& zs_bar) {
  zs_bar[0] = 2 * zs[0];
  return zs[0].squaredNorm();
};

// z0 = 10, L = z(T)²: the largest relative errors of L, ∂L/∂z0, ∂L/∂a and ∂L/∂T over T = 19, …, 29.
template <class M, class Adjoint>
void toy(const char* name, const M& method, const Adjoint& adjoint, double tolerance) {
  Eigen::Array4d worst = Eigen::Array4d::Zero();
  for (double T = 19; T <= 29; T += 2) {
    const double E = 100 * std::exp(0.4 * T);
    const auto [value, gradient] =
        value_and_gradient(Problem{Growth{}, One(10.0), 0.0, T}, method,
                           Adaptive{.rtol = tolerance, .atol = tolerance / 10}, square, adjoint);
    const Eigen::Array4d off(value / E - 1, gradient.y0[0] / (0.2 * E) - 1, gradient.theta[0] / (2 * T * E) - 1,
                             gradient.t1 / (0.4 * E) - 1);
    worst = worst.max(off.abs());
  }
  std::printf("%-34s %10.1e %10.1e %10.1e %10.1e\n", name, worst[0], worst[1], worst[2], worst[3]);
  expectations.expect(worst.maxCoeff() < 100 * tolerance, std::string("the gradient of z' = a z by ") + name);
}

template <class M, class Pair>
void convergence(const char* name, const M& plain, const Pair& pair, const Eigen::Array4d& published) {
  Growth half;
  half.a[0] = 0.5;
  const Problem problem{half, One(1.0), 0.0, 5.0};
  const auto error = [&](const auto& method, double h) {
    return std::fabs(solve(problem, method, FixedStep{h}).ys()[0][0] - std::exp(2.5));
  };
  const Eigen::Array4d here(error(plain, 1), error(plain, 0.03125), error(pair, 1), error(pair, 0.03125));
  std::printf("%-9s", name);
  for (int i = 0; i < 4; ++i) std::printf("  %9.3g (%.3g)", here[i], published[i]);
  std::printf("\n");
  expectations.expect(((here / published - 1).abs() < 0.01).all(), std::string("the published errors of ") + name);
}

// A network 1–10–1, n steps of the midpoint rule of length 0.01, L = y(T)².
struct Cost {
  double evaluations = 0, seconds = 0;
};
template <class M, class Adjoint>
Cost cost_of(std::int64_t n, const M& method, const Adjoint& adjoint) {
  Mlp<double, Layers<1, 10, 1>> network;
  std::mt19937 engine(6);
  network.initialise(FanInUniform{engine});
  const support::Stopwatch stopwatch;
  const auto result = value_and_gradient(Problem{network, One(1.0), 0.0, 0.01 * static_cast<double>(n)}, method,
                                         FixedSteps{n}, square, adjoint);
  return {static_cast<double>(result.stats.evaluations + result.gradient.stats.evaluations), stopwatch.seconds()};
}

}  // namespace

int main() {
  std::printf("z' = 0.2 z, rtol 1e-6: relative errors of           L      dL/dz0       dL/da       dL/dT\n");
  toy("Dopri5, DirectAdjoint", Dopri5{}, DirectAdjoint{}, 1e-6);
  toy("Reversible<Dopri5>", Reversible<Dopri5>{}, ReversibleAdjoint{}, 1e-6);
  toy("Dopri5, BacksolveAdjoint", Dopri5{}, BacksolveAdjoint{}, 1e-6);
  toy("Dopri5, GaussLegendreAdjoint", Dopri5{}, GaussLegendreAdjoint{}, 1e-6);
  toy("Dop853, GaussLegendre, rtol 1e-12", Dop853{}, GaussLegendreAdjoint{}, 1e-12);

  std::printf("\ny' = y/2: errors at h = 1 and 1/32, of the method and of its floating pair (published)\n");
  const auto paired = [](auto pair) { return pair.lambda = 0.999, pair; };
  convergence("Euler", Euler{}, paired(Reversible<Euler, Floating>{}), {4.59, 0.233, 1.91, 0.0405});
  convergence("Midpoint", Midpoint{}, paired(Reversible<Midpoint, Floating>{}), {0.852, 1.22e-3, 1.08, 1.24e-3});
  convergence("Ralston3", Ralston3{}, paired(Reversible<Ralston3, Floating>{}), {0.106, 4.78e-6, 0.0178, 7.98e-7});
  convergence("RK4", RK4{}, paired(Reversible<RK4, Floating>{}), {0.0105, 1.49e-8, 0.0140, 1.51e-8});

  std::printf(
      "\nSteps n of a network 1-10-1: evaluations, and processor time, of a gradient\n        n   "
      "Reversible<Midpoint>");
  std::printf("   sqrt(2 n) slots          8 slots          2 slots\n");
  std::vector<double> pairs, two_slots;
  for (const std::int64_t n : {100, 1000, 10000}) {
    const Cost pair = cost_of(n, Reversible<Midpoint>{}, ReversibleAdjoint{});
    const Cost many = cost_of(n, Midpoint{}, CheckpointedAdjoint{});
    const Cost eight = cost_of(n, Midpoint{}, CheckpointedAdjoint{.slots = 8});
    std::printf("%9lld %10.0f %8.2f ms %8.0f %6.2f ms %8.0f %6.2f ms", static_cast<long long>(n), pair.evaluations,
                1e3 * pair.seconds, many.evaluations, 1e3 * many.seconds, eight.evaluations, 1e3 * eight.seconds);
    pairs.push_back(pair.evaluations / static_cast<double>(n));
    if (n <= 1000) {
      const Cost two = cost_of(n, Midpoint{}, CheckpointedAdjoint{.slots = 2});
      std::printf(" %8.0f %6.2f ms", two.evaluations, 1e3 * two.seconds);
      two_slots.push_back(two.evaluations);
    }
    std::printf("\n");
  }
  expectations.expect(pairs[2] < 1.02 * pairs[0], "a pair's cost is proportional to its steps");
  expectations.expect(two_slots[1] > 15 * two_slots[0], "with two checkpoints it grows faster than that");
  return expectations.exit_code();
}
