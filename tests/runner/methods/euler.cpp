// Euler and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods euler_methods() { return with_pairs<Euler, false>("Euler"); }

}  // namespace antistrophe::runner
