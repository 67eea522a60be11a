// What a step costs, counted inside the field. And no field is ever called outside [t0, t1].
#include "laws/law.hpp"

#include "support/split_problems.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace antistrophe::laws {
namespace {

// y' = −t y: its values differ from step to step.
struct Fading {
  void operator()(double t, const auto& y, auto& dy) const { dy = -t * y; }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto&, auto& t_bar) const {
    y_bar -= t * w;
    t_bar -= y.dot(w);
  }
};

void check_costs(const AnyMethod& m, std::int64_t n, double t1, const AnyAdjoint& adjoint) {
  CAPTURE(n, t1);
  const double t0 = 0.3;
  Faults counts;
  auto problem = erased_problem<Vector2d>(Fading{}, Vector2d(1, 2), t0, t1);
  problem.field.faults = &counts;
  auto pass = m.solve_with_pullback(problem, FixedSteps{n}, SaveAt{.t0 = true, .t1 = true}, adjoint);
  CHECK(counts.calls == m->evaluations_forth(n) + m->tried_calls);
  CHECK(counts.vjps == 1);  // tried once, at the turn (adjoint/detail/mistakes.hpp)
  CHECK(pass.stats().evaluations == counts.calls - m->tried_calls);
  CHECK(pass.stats().steps == n);
  CHECK(pass.stats().accepted == n);
  CHECK(pass.stats().rejected == 0);

  const std::vector<Vector2d> ys_bar(2, Vector2d(1, -1));
  for (int again = 0; again < 2; ++again) {
    counts.calls = counts.vjps = 0;
    const auto gradient = pass.pullback(ys_bar);
    CHECK(counts.calls == m->evaluations_back(n));
    CHECK(counts.vjps == m->vjps_back(n));
    CHECK(gradient.stats.evaluations == counts.calls);
    CHECK(gradient.stats.vjps == counts.vjps);
  }
  CHECK(counts.earliest >= std::min(t0, t1));
  CHECK(counts.latest <= std::max(t0, t1));
}

LAW("A plain method takes s evaluations forth, s evaluations and s vjps back", "[counting]", and_ito(plain())) {
  REQUIRE((m->evaluations_forth(7) == 7 * m->stages && m->evaluations_back(7) == 7 * m->stages));
  REQUIRE(m->vjps_back(7) == 7 * m->stages);
  for (const double t1 : {2.0, -1.0})
    if (t1 > 0 || m->both_ways) check_costs(m, 7, t1, DirectAdjoint{});
}

LAW("A pair takes 2s evaluations forth, 2s evaluations and 2s vjps back", "[counting]",
    joined({exact_pairs(), few_floating_pairs()})) {
  REQUIRE((m->evaluations_forth(7) == 14 * m->stages && m->evaluations_back(7) == 14 * m->stages));
  REQUIRE(m->vjps_back(7) == 14 * m->stages);
  for (const double t1 : {2.0, -1.0}) check_costs(m.by_default(), 7, t1, ReversibleAdjoint{});
}

LAW("The direct adjoint of a pair takes 2s evaluations and 2s vjps back", "[counting]", few_exact_pairs()) {
  check_costs(m.by_default(), 7, 2.0, DirectAdjoint{});
}

LAW("A step costs what its facts say, forth and back, and no call is outside the interval", "[counting]",
    joined({methods(
                "TwoPoint<Euler>, TwoPoint<Midpoint>, TwoPoint<Heun>, TwoPoint<Bosh3>, TwoPoint<RK4>, TwoPoint<Tsit5>, "
                "TwoPoint<Dopri5>, TwoPoint<Dop853>"),
            few_floating_two_points(), one_evaluation(), floating_one_evaluation()})) {
  for (const std::int64_t n : {1, 2, 7})
    for (const double t1 : {2.0, -1.0}) {
      check_costs(m, n, t1, ReversibleAdjoint{});
      check_costs(m, n, t1, DirectAdjoint{});
    }
}

LAW("Steps of a splitting that meet share an evaluation and a vjp", "[split]", symplectic()) {
  Faults counts;
  auto problem = erased_problem<Vector4d>(problems::SplitPendulums<>{}, Vector4d(0.5, -0.25, 0.1, 0.7), 0.0, 2.0);
  problem.field.faults = &counts;
  for (const AnyAdjoint& adjoint : {AnyAdjoint(ReversibleAdjoint{}), AnyAdjoint(DirectAdjoint{})}) {
    counts = {};
    auto pass = m.by_default().solve_with_pullback(problem, FixedSteps{10}, {}, adjoint);
    CHECK(counts.calls == m->evaluations_forth(10));
    CHECK(pass.stats().evaluations == counts.calls);
    for (int again = 0; again < 2; ++again) {
      counts = {};
      const auto gradient = pass.pullback({Vector4d(1, 2, 3, 4)});
      CHECK(counts.calls == m->evaluations_back(10));
      CHECK(counts.vjps == m->vjps_back(10));
      CHECK(gradient.stats.vjps == counts.vjps);
    }
  }
  const std::int64_t each = m->evaluations_forth(11) - m->evaluations_forth(10);
  if (m.name() == "Verlet<>") CHECK(each == 2);
  if (m.name() == "Suzuki4<>") CHECK(each == 10);
}

}  // namespace
}  // namespace antistrophe::laws
