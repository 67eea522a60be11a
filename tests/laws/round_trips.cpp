// There and back: exact methods meet the states they passed, bit for bit.
#include "laws/law.hpp"

#include "support/battery.hpp"

#include <cstdint>

namespace antistrophe::laws {
namespace {

// Initial values are multiples of every resolution used here, so that holding them changes no bit.
ProblemOf<Vector2d> van_der_pol(double h, std::int64_t n) {
  return erased_problem<Vector2d>(problems::VanDerPol<>{}, Vector2d(2, 0.25), 0.0, h * static_cast<double>(n));
}
ProblemOf<Vector3d> lorenz(double h, std::int64_t n) {
  return erased_problem<Vector3d>(problems::Lorenz<>{}, Vector3d(1, 1.5, 20), 0.0, h * static_cast<double>(n));
}
ProblemOf<Vector4d> henon_heiles(double h, std::int64_t n) {
  return erased_problem<Vector4d>(problems::HenonHeiles<>{}, Vector4d(0, -0.125, 0.5, 0), 0.0,
                                  h * static_cast<double>(n));
}
const auto pendulum = erased_problem<Vector2d>(problems::DrivenPendulum<>{}, Vector2d(0.1, 0.7), 3.0, -2.0);

// There and back ends where it began, bit for bit, and went somewhere.
template <class Y>
bool comes_back(const AnyMethod& m, const ProblemOf<Y>& problem, std::int64_t n) {
  const auto trip = m.assert_reversible(problem, FixedSteps{n});
  return trip.steps == n && battery::same_bits(trip.y0, problem.y0) && !battery::same_bits(trip.y1, problem.y0);
}

LAW("Every exact pair comes back, at every λ", "[round trip]", exact_pairs()) {
  for (const double lambda : {0.5, 0.75, 0.25, 1023.0 / 1024, 1.0}) {
    CAPTURE(lambda);
    // Near λ = 1 the pair is stable for non-stiff problems alone, and over a limited time.
    const double h = lambda > 0.9 ? 1e-5 : 0.005;
    const AnyMethod tried = m.with({.by_default = true, .lambda = lambda});
    CHECK(comes_back(tried, van_der_pol(h, 10'000), 10'000));
    CHECK(comes_back(tried, lorenz(h, 10'000), 10'000));
  }
}

LAW("Every exact pair meets every carry it passed", "[round trip]", exact_pairs()) {
  for (const double lambda : {0.5, 0.875, 0.25}) {
    const AnyMethod tried = m.with({.by_default = true, .lambda = lambda});
    CHECK(tried.meets_every_carry(lorenz(0.005, 1000), 1000));
    CHECK(tried.meets_every_carry(pendulum, 777));
  }
}

LAW("A chaotic orbit there and back in a hundred thousand steps, bit for bit", "[round trip]",
    joined({few_two_points(), one_evaluation()})) {
  constexpr std::int64_t many = 100'000;
  // On a field that neither grows nor decays all methods stay in range; but Euler's energy grows, which a limit cycle damps.
  if (m->order == 1) {
    CHECK(comes_back(m.by_default(), van_der_pol(0.005, many), many));
  } else {
    CHECK(comes_back(m.by_default(), henon_heiles(0.005, many), many));
    CHECK(comes_back(m.by_default(), henon_heiles(-0.005, many), many));
  }
}

}  // namespace
}  // namespace antistrophe::laws
