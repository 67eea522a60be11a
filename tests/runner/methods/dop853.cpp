// Dop853 and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods dop853_methods() { return with_pairs<Dop853, true>("Dop853"); }

}  // namespace antistrophe::runner
