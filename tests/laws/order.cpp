// Order: halving h divides the error by 2^order, in both directions of time.
#include "laws/law.hpp"

#include "support/battery.hpp"

#include <cmath>
#include <cstdint>

namespace antistrophe::laws {
namespace {

// Steps over a time of 1.5: enough that the next order's term is small beside the leading one, few enough that the error
// (1e−3 to 1e−13) stands far above round-off (1e−19 of long double, at the times 1e−16 of double) and the resolution
// 2^−58. Odd orders need more: the pair adds to their leading term at a relative size of h/(1−λ); order 5 would not reach its
// regime at λ = 0.9 before round-off does.
std::int64_t steps_for(int order) {
  switch (order) {
    case 1:
      return 16384;
    case 3:
      return 2048;
    case 5:
      return 768;
    case 8:
      return 16;
    default:
      return 512;
  }
}

// Observed by halving h: log2 of the ratio of errors with n and 2n steps from t0 to t1. The error is the largest along the
// way, for at a single time its leading term may happen to cross zero.
template <class Y>
double observed_order(const AnyMethod& m, double t0, double t1, std::int64_t n) {
  using Equations = battery::WarpedHopf<typename Y::Scalar>;
  const auto error = [&](std::int64_t steps) {
    const auto problem = erased_problem<Y>(Equations{}, Y(Equations::solution(t0)), t0, t1);
    const auto solution = m.solve(problem, FixedSteps{steps}, SaveAt{.steps = true});
    double largest = 0;
    for (std::size_t i = 0; i < solution.ys().size(); ++i)
      largest =
          std::fmax(largest, static_cast<double>((solution.ys()[i] - Equations::solution(solution.ts()[i])).norm()));
    return largest;
  };
  return std::log2(error(n) / error(2 * n));
}

template <class Y>
void check_order(const AnyMethod& m, std::int64_t n) {
  CAPTURE(n);
  CHECK(std::fabs(observed_order<Y>(m, 0.0, 1.5, n) - m->order) < 0.2);
  if (m->both_ways) CHECK(std::fabs(observed_order<Y>(m, 1.5, 0.0, n) - m->order) < 0.2);
}

LAW("A plain method has its order", "[order]", joined({plain(), quiet_ito_schemes()})) {
  check_order<Vector2z>(m, steps_for(m->order));
}

LAW("An exact pair has the order of its base method", "[order]", exact_pairs()) {
  // States of double: at order 5 fewer steps, so that the error stays above round-off.
  check_order<Vector2d>(m.with({.lambda = 0.5, .resolution = 0x1p-58}), m->order == 5 ? 512 : steps_for(m->order));
}

LAW("A floating pair has the order of its base method", "[order]", floating_pairs()) {
  check_order<Vector2z>(m.with_lambda(0.5), steps_for(m->order));
  check_order<Vector2z>(m.with_lambda(m->order == 5 ? 0.6 : 0.9), steps_for(m->order));
}

LAW("Two points have the order of their base method", "[order]",
    joined({few_floating_two_points(), methods("TwoPoint<RK4, Floating>")})) {
  check_order<Vector2z>(m.with_lambda(0.5), steps_for(m->order));
  check_order<Vector2z>(m.with_lambda(0.9), steps_for(m->order));
}

LAW("Exact two points have the order of their base method", "[order]",
    methods("TwoPoint<Midpoint>, TwoPoint<RK4>, TwoPoint<Dopri5>, TwoPoint<Dop853>")) {
  check_order<Vector2d>(m.with({.lambda = 0.5, .resolution = 0x1p-58}), m->order == 5 ? 512 : steps_for(m->order));
}

LAW("Methods of one evaluation a step have order 2", "[order]", one_evaluation()) {
  check_order<Vector2d>(m.with({.by_default = true, .resolution = 0x1p-56}), 512);
  check_order<Vector2z>(m, 512);  // the real-valued map, undamped
}

}  // namespace
}  // namespace antistrophe::laws
