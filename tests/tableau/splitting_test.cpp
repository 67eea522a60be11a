// Splittings as data: both halves go the whole step, each is where it is said to be, symmetric ones read the same from
// either end, and Suzuki's parts meet the order conditions of a symmetric composition.
#include "antistrophe/method/symplectic/splitting.hpp"

#include <cmath>
#include <tuple>

#include "support/catch.hpp"

using namespace antistrophe::tableau;

using Splittings = std::tuple<SemiImplicitEuler, Verlet, Suzuki4>;

namespace {

constexpr long double round_off = 1e-18L;  // of a few sums of numbers below 1

template <class S>
long double sum_of(Moves half) {
  long double sum = 0;
  for (const Substep& s : S::substeps)
    if (s.moves == half) sum += s.weight;
  return sum;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Both halves go the whole step, inside it", "[splitting]", Splittings) {
  CHECK(std::fabs(sum_of<TestType>(Moves::v) - 1) < round_off);
  CHECK(std::fabs(sum_of<TestType>(Moves::w) - 1) < round_off);
  for (const Substep& s : TestType::substeps) CHECK((s.c >= 0 && s.c <= 1));
  for (std::size_t i = 1; i < TestType::substeps.size(); ++i)
    CHECK(TestType::substeps[i].moves != TestType::substeps[i - 1].moves);
}

TEMPLATE_LIST_TEST_CASE("A force is taken at the time at which v has arrived", "[splitting]", Splittings) {
  long double v = 0;
  for (const Substep& s : TestType::substeps) {
    if (s.moves == Moves::w) CHECK(std::fabs(s.c - v) < round_off);
    if (s.moves == Moves::v) v += s.weight;
  }
}

TEMPLATE_TEST_CASE("A symmetric splitting reads the same from either end", "[splitting]", Verlet, Suzuki4) {
  constexpr std::size_t n = TestType::substeps.size();
  for (std::size_t i = 0; i < n; ++i) {
    const Substep a = TestType::substeps[i], b = TestType::substeps[n - 1 - i];
    CHECK(a.moves == b.moves);
    CHECK(std::fabs(a.weight - b.weight) < round_off);
    CHECK(std::fabs(a.c + b.c - 1) < round_off);
  }
}

// Hairer, Lubich & Wanner, Geometric Numerical Integration, II.4: a symmetric composition of a symmetric method of order 2 has
// order 4 where Σ p_i = 1 and Σ p_i³ = 0.
TEST_CASE("Suzuki's parts compose to order 4", "[splitting]") {
  long double cubes = 0;
  for (const Substep& s : Suzuki4::substeps)
    if (s.moves == Moves::v) cubes += s.weight * s.weight * s.weight;
  CHECK(std::fabs(cubes) < round_off);
}
