// RK38 and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods rk38_methods() { return with_pairs<RK38, false>("RK38"); }

}  // namespace antistrophe::runner
