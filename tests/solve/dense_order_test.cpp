// The order of what is read off inside the steps, values, slopes and gradients, measured by halving h.
#include "battery.hpp"
#include "catch.hpp"
#include "warped_hopf.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

constexpr double t0 = 0.25, t1 = 2.25;
const Eigen::Vector2d start(0.5, -0.25);

struct Errors {
  double value = 0, slope = 0, gradient = 0;
};

// The largest errors at four fractions of each of n steps, n a power of two so that nodes and times are exact: of the state,
// of its slope, and, at 16 of these times and each fraction in turn, of the gradient of the state's weighted sum.
template <class Scalar, class M>
Errors errors_inside(const M& method, std::int64_t n) {
  using Y = Eigen::Vector<Scalar, 2>;
  const Problem problem{problems::Hopf<Scalar>{}, Y(start.template cast<Scalar>()), t0, t1};
  const double omega = static_cast<double>(problem.field.theta[0]), h = (t1 - t0) / static_cast<double>(n);
  SaveAt save_at{.dense = true};
  for (std::int64_t i = 0; i < n; ++i)
    for (const double sigma : {0.125, 0.375, 0.625, 0.875})
      save_at.times.push_back(t0 + (static_cast<double>(i) + sigma) * h);
  auto pass = solve_with_pullback(problem, method, FixedSteps{n}, save_at, DirectAdjoint{});
  REQUIRE(pass.ts() == save_at.times);

  using L = long double;
  const Eigen::Vector2d w(1, -0.5);
  std::vector<Y> ys_bar(pass.ys().size(), Y::Zero());
  const auto every = static_cast<std::size_t>(n / 4 + 1);
  Errors largest;
  for (std::size_t i = 0; i < save_at.times.size(); ++i) {
    const double t = save_at.times[i];
    const Eigen::Vector<L, 2> y = problems::hopf_solution<L>(t0, start.cast<L>(), static_cast<L>(omega), t);
    Eigen::Vector<L, 2> slope;
    problems::Hopf<L>{}(t, y, slope);
    largest.value = std::fmax(largest.value, static_cast<double>((pass.ys()[i].template cast<L>() - y).norm()));
    largest.slope = std::fmax(largest.slope,
                              static_cast<double>((pass.solution().derivative(t).template cast<L>() - slope).norm()));
    if (i % every != 0) continue;
    ys_bar[i] = w.template cast<Scalar>();
    const auto gradient = pass.pullback(ys_bar);
    ys_bar[i].setZero();
    Eigen::Vector<L, 3> found;
    found << gradient.y0.template cast<L>(), gradient.theta.template cast<L>();
    largest.gradient = std::fmax(largest.gradient,
                                 static_cast<double>((found - problems::hopf_gradient(t0, start, omega, t, w)).norm()));
  }
  return largest;
}

template <class M>
using ExtendedTableau = tableau::Extended<typename battery::Facts<M>::TableauType>;

// An interpolant of order q inside steps of order p gives values of order min(p, q + 1) and slopes of order min(p, q): 5 and 4
// of Dopri5 and Tsit5, 8 and 7 of Dop853, 4 and 3 of RK4. A gradient has the order of its values.
template <class Scalar, class M>
void check_orders(const M& method) {
  using E = ExtendedTableau<M>;
  const double of_values = std::min(E::order, E::dense_order + 1), of_slopes = std::min(E::order, E::dense_order);
  // Short enough steps for the leading term to rule, and long enough for round-off not to.
  const std::int64_t n = E::order > 5 ? 32 : 512;
  const Errors coarse = errors_inside<Scalar>(method, n), fine = errors_inside<Scalar>(method, 2 * n);
  const double value = std::log2(coarse.value / fine.value), slope = std::log2(coarse.slope / fine.slope),
               gradient = std::log2(coarse.gradient / fine.gradient);
  CAPTURE(battery::Facts<M>::name, value, slope, gradient, fine.value, fine.slope, fine.gradient);
  CHECK(std::fabs(value - of_values) < 0.2);
  CHECK(std::fabs(slope - of_slopes) < 0.2);
  CHECK(std::fabs(gradient - of_values) < 0.2);
}

}  // namespace

TEMPLATE_TEST_CASE("Values, slopes and gradients inside the steps are of the interpolant's order", "[dense]", Dopri5,
                   Tsit5, Dop853, RK4) {
  check_orders<long double>(TestType{});
  // At λ = 1/2, from carries that are stored: on its own way back a floating pair would lose a factor 2^1024.
  check_orders<long double>(Reversible<TestType, Floating>{.lambda = 0.5});
}

TEMPLATE_TEST_CASE("An exact pair's dense output is that of the real-valued pair, to its resolution", "[dense]", Dopri5,
                   Tsit5, Dop853, RK4) {
  // Each of 64 steps is off by at most 3 · 2^−52, of which the flow, that draws to a circle, makes less than ten times as much.
  const auto saved = [](const auto& method) {
    SaveAt save_at;
    for (int i = 1; i < 500; ++i) save_at.times.push_back(t0 + i / 250.0);
    return solve(Problem{problems::Hopf<>{}, start, t0, t1}, method, FixedSteps{64}, save_at).ys();
  };
  const auto exact = saved(battery::Facts<Reversible<TestType>>::method()),
             real = saved(Reversible<TestType, Floating>{.lambda = 0.5});
  double largest = 0;
  for (std::size_t i = 0; i < exact.size(); ++i)
    largest = std::fmax(largest, (exact[i] - real[i]).cwiseAbs().maxCoeff());
  CHECK(largest > 0);
  CHECK(largest < 64 * 3 * 0x1p-52 * 10);
}
