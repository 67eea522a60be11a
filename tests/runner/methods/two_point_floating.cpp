// Two points in floating arithmetic, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods two_point_floating_methods() {
  return {compiled<TwoPoint<Euler, Floating>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "TwoPoint<Euler, Floating>"),
          compiled<TwoPoint<Midpoint, Floating>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "TwoPoint<Midpoint, Floating>"),
          compiled<TwoPoint<Bosh3, Floating>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "TwoPoint<Bosh3, Floating>"),
          compiled<TwoPoint<RK4, Floating>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "TwoPoint<RK4, Floating>")};
}

}  // namespace antistrophe::runner
