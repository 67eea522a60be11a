// Adams methods, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods adams_methods() {
  return {compiled<ReversibleAdams<1>, For<Vector2d, gradients>, For<Vector2z, solves>>("ReversibleAdams<1>"),
          compiled<ReversibleAdams<2>, For<Vector2d, everything_fixed>>("ReversibleAdams<2>"),
          compiled<ReversibleAdams<3, Floating>, For<Vector2d, everything_fixed>>("ReversibleAdams<3, Floating>"),
          compiled<ReversibleAdams<3>, For<Vector2d, gradients>, For<Vector2z, solves>>("ReversibleAdams<3>"),
          compiled<ReversibleAdams<4>, For<Vector2d, gradients>, For<Vector2z, solves>, For<Vector2f, solves>,
                   For<Batch, gradients>>("ReversibleAdams<4>"),
          compiled<ReversibleAdams<5>, For<Vector2d, gradients>, For<Vector2z, solves>>("ReversibleAdams<5>"),
          compiled<ReversibleAdams<6>, For<Vector2d, gradients>, For<Vector2z, solves>>("ReversibleAdams<6>"),
          compiled<ReversibleAdams<8>, For<Vector2d, gradients>, For<Vector2z, solves>>("ReversibleAdams<8>"),
          compiled<ReversibleAdamsPece<1>, For<Vector2d, gradients>, For<Vector2z, solves>>("ReversibleAdamsPece<1>"),
          compiled<ReversibleAdamsPece<3>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "ReversibleAdamsPece<3>"),
          compiled<ReversibleAdamsPece<4>, For<Vector2d, gradients>, For<Vector2z, solves>>("ReversibleAdamsPece<4>")};
}

}  // namespace antistrophe::runner
