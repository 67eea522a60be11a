// ⟨J v, w⟩ = ⟨v, Jᵀ w⟩ for the whole solve, J its Jacobian with respect to initial state and parameters: in three dimensions, and
// in four without parameters. In two, laws/gradients.cpp asks it of the others.
#include "battery.hpp"
#include "catch.hpp"

using namespace antistrophe;

namespace {

// Both sides sum the same numbers up to round-off: 60 steps of at most 24 stages of 20 operations, 1.1e−16 each, with a
// sensitivity below e^6 of these flows, adding up as their root: 1.1e−16 · √28,800 · 400 = 7.5e−12.
constexpr double round_off = 1e-11;

using Method = Reversible<Bosh3>;

template <class Adjoint>
void check(const Adjoint& adjoint) {
  const auto method = battery::Facts<Method>::method();
  const SaveAt saves{.t0 = true, .steps = true};
  const Problem lorenz{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 20), 0.0, 0.5};
  const Problem henon_heiles{problems::HenonHeiles<>{}, Eigen::Vector4d(0.1, 0.2, -0.3, 0.1), 3.0, -1.0};
  for (unsigned seed = 1; seed <= 3; ++seed) {
    CHECK(battery::dot_product_mismatch(lorenz, method, 60, saves, adjoint, seed) < round_off);
    CHECK(battery::dot_product_mismatch(henon_heiles, method, 60, {}, adjoint, seed) < round_off);
  }
}

}  // namespace

TEST_CASE("The dot-product test of three numbers, and of four", "[gradient]") {
  check(ReversibleAdjoint{});
  check(DirectAdjoint{});
}
