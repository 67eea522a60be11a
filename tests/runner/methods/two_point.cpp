// Two points, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods two_point_methods() {
  return {compiled<TwoPoint<Euler>, For<Vector2d, everything_fixed>, For<Vector2z, solves>,
                   For<Vector4d, default_gradients_and_trips>, For<Vector4z, solves>>("TwoPoint<Euler>"),
          compiled<TwoPoint<Midpoint>, For<Vector2d, everything_fixed>, For<Vector2z, solves>,
                   For<Vector4d, default_gradients_and_trips>, For<Vector4z, solves>>("TwoPoint<Midpoint>"),
          compiled<TwoPoint<Heun>, For<Vector2d, gradients>>("TwoPoint<Heun>"),
          compiled<TwoPoint<Bosh3>, For<Vector2d, everything_fixed>, For<Vector2z, solves>,
                   For<Vector4d, default_gradients_and_trips>, For<Vector4z, solves>>("TwoPoint<Bosh3>"),
          compiled<TwoPoint<RK4>, For<Vector2d, everything_fixed>>("TwoPoint<RK4>"),
          compiled<TwoPoint<Tsit5>, For<Vector2d, gradients>>("TwoPoint<Tsit5>"),
          compiled<TwoPoint<Dopri5>, For<Vector2d, everything_fixed>, For<Vector2z, solves>,
                   For<Vector4d, default_gradients_and_trips>, For<Vector4z, solves>>("TwoPoint<Dopri5>"),
          compiled<TwoPoint<Dop853>, For<Vector2d, everything_fixed>>("TwoPoint<Dop853>")};
}

}  // namespace antistrophe::runner
