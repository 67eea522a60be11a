// Symplectic methods, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods symplectic_methods() {
  return {
      compiled<SemiImplicitEuler<>, For<Vector2d, everything_fixed>, For<Vector4d, gradients>, For<Vector4z, solves>>(
          "SemiImplicitEuler<>"),
      compiled<Verlet<>, For<Vector2d, everything_fixed>, For<Vector4d, gradients>, For<Vector4z, solves>>("Verlet<>"),
      compiled<Suzuki4<>, For<Vector2d, everything_fixed>, For<Vector4d, gradients>, For<Vector4z, solves>>(
          "Suzuki4<>"),
      compiled<SemiImplicitEuler<Floating>, For<Vector2d, everything_fixed>, For<Vector4d, gradients>,
               For<Vector4z, solves>>("SemiImplicitEuler<Floating>"),
      compiled<Verlet<Floating>, For<Vector2d, everything_fixed>, For<Vector4d, gradients>, For<Vector4z, solves>>(
          "Verlet<Floating>"),
      compiled<Suzuki4<Floating>, For<Vector2d, everything_fixed>, For<Vector4d, gradients>, For<Vector4z, solves>>(
          "Suzuki4<Floating>")};
}

}  // namespace antistrophe::runner
