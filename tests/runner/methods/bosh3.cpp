// Bosh3 and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods bosh3_methods() { return with_pairs<Bosh3, true>("Bosh3"); }

}  // namespace antistrophe::runner
