// Methods of one evaluation a step, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods node_methods() {
  return {compiled<LeapfrogMidpoint<>, For<Vector2d, everything_fixed>, For<Vector2z, solves>,
                   For<Vector4d, default_gradients_and_trips>, For<Vector4z, solves>>("LeapfrogMidpoint<>"),
          compiled<ReversibleHeun<>, For<Vector2d, everything_fixed>, For<Vector2z, solves>,
                   For<Vector4d, default_gradients_and_trips>, For<Vector4z, solves>>("ReversibleHeun<>"),
          compiled<AsynchronousLeapfrog<>, For<Vector2d, everything_fixed>, For<Vector2z, solves>,
                   For<Vector4d, default_gradients_and_trips>, For<Vector4z, solves>>("AsynchronousLeapfrog<>"),
          compiled<LeapfrogMidpoint<Floating>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "LeapfrogMidpoint<Floating>"),
          compiled<ReversibleHeun<Floating>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "ReversibleHeun<Floating>"),
          compiled<AsynchronousLeapfrog<Floating>, For<Vector2d, everything_fixed>, For<Vector2z, solves>>(
              "AsynchronousLeapfrog<Floating>")};
}

}  // namespace antistrophe::runner
