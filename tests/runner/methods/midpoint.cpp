// Midpoint and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods midpoint_methods() { return with_pairs<Midpoint, true>("Midpoint"); }

}  // namespace antistrophe::runner
