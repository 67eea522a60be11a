// RK4 and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods rk4_methods() { return with_pairs<RK4, false>("RK4"); }

}  // namespace antistrophe::runner
