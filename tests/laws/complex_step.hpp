// The gradient of a method's real-valued map by complex steps, in long double, and the dot-product test by them.
#pragma once

#include "laws/law.hpp"

#include "support/battery.hpp"

#include <limits>
#include <random>
#include <vector>

namespace antistrophe::laws {

template <class Y>
struct Complexified;
template <int Size>
struct Complexified<Eigen::Vector<double, Size>> {
  using type = Eigen::Vector<Complex, Size>;
};

// The same problem of complex numbers; Equations is the template that the field was erased from.
template <template <class> class Equations, class Y, class Z = typename Complexified<Y>::type>
ProblemOf<Z> complexified(const ProblemOf<Y>& problem) {
  ProblemOf<Z> result{erased<Z>(Equations<Complex>{}), problem.y0.template cast<Complex>(), problem.t0, problem.t1};
  result.field.theta = problem.field.theta.template cast<Complex>();
  return result;
}

template <class Y>
struct StateAndParameters {
  Y y0;
  Eigen::VectorXd theta;
};

// The gradient of WeightedSum, entry by entry: Im L(x + iε)/ε at ε = 1e−40 is the derivative to round-off of the evaluation
// itself (Squire & Trapp 1998).
template <template <class> class Equations, class Y>
StateAndParameters<Y> complex_step_gradient(const ProblemOf<Y>& problem, const AnyMethod& real_valued,
                                            const AnySteps& steps, const SaveAt& save_at) {
  constexpr long double step = 1e-40L;
  const auto complex = complexified<Equations>(problem);
  const auto slope = [&](auto&& entry) {
    auto moved = complex;
    entry(moved) += Complex(0, step);
    return static_cast<double>(std::imag(battery::WeightedSum::value(real_valued.solve(moved, steps, save_at).ys())) /
                               step);
  };
  StateAndParameters<Y> gradient{problem.y0, problem.field.theta};
  for (Eigen::Index i = 0; i < gradient.y0.size(); ++i)
    gradient.y0[i] = slope([i](auto& p) -> Complex& { return p.y0[i]; });
  for (Eigen::Index i = 0; i < gradient.theta.size(); ++i)
    gradient.theta[i] = slope([i](auto& p) -> Complex& { return p.field.theta[i]; });
  return gradient;
}

// How far a gradient is from that of the real-valued map by complex steps, as a share of the largest entry.
template <template <class> class Equations, class Y>
double distance_from_complex_step(const ProblemOf<Y>& problem, const AnyMethod& m, std::int64_t n,
                                  const SaveAt& save_at, const AnyAdjoint& adjoint) {
  const auto gradient = m.value_and_gradient(problem, FixedSteps{n}, battery::WeightedSum{}, save_at, adjoint).gradient;
  const auto expected = complex_step_gradient<Equations>(problem, m.real_valued(), FixedSteps{n}, save_at);
  if (!battery::all_nonzero(expected.y0) || !battery::all_nonzero(expected.theta))
    return std::numeric_limits<double>::infinity();
  return std::fmax(battery::relative_difference(expected.y0, gradient.y0),
                   battery::relative_difference(expected.theta, gradient.theta));
}

// The dot-product test of a whole solve: the shares of ⟨J v, w⟩ and ⟨v, Jᵀ w⟩ that differ, with random v of (y0, θ) and w
// of the saved states; J v by one complex step of the real-valued map, Jᵀ w by the adjoint.
template <template <class> class Equations, class Y>
double dot_product_mismatch(const ProblemOf<Y>& problem, const AnyMethod& m, std::int64_t n, const SaveAt& save_at,
                            const AnyAdjoint& adjoint, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const auto fill = [&](auto& x) {
    for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = normal(random);
  };
  Y v = problem.y0;
  Eigen::VectorXd v_theta = problem.field.theta;
  fill(v), fill(v_theta);

  constexpr long double step = 1e-40L;
  auto moved = complexified<Equations>(problem);
  moved.y0 += Complex(0, step) * v.template cast<Complex>();
  moved.field.theta += Complex(0, step) * v_theta.template cast<Complex>();
  const auto moved_ys = m.real_valued().solve(moved, FixedSteps{n}, save_at).ys();

  auto pass = m.solve_with_pullback(problem, FixedSteps{n}, save_at, adjoint);
  std::vector<Y> w(pass.ys().size(), problem.y0);
  double forward = 0, size = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    fill(w[i]);
    const Y terms = (moved_ys[i].imag() / step).template cast<double>().cwiseProduct(w[i]);
    forward += terms.sum();
    size += terms.cwiseAbs().sum();
  }
  const auto gradient = pass.pullback(w);
  const double backward = v.cwiseProduct(gradient.y0).sum() + v_theta.dot(gradient.theta);
  return std::fabs(forward - backward) / size;
}

}  // namespace antistrophe::laws
