// Euler and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods euler_methods() { return with_pairs<Euler, false, For<Vector2f, solves>, For<Batch, gradients>>("Euler"); }

}  // namespace antistrophe::runner
