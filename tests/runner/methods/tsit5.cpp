// Tsit5 and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods tsit5_methods() { return with_pairs<Tsit5, true>("Tsit5"); }

}  // namespace antistrophe::runner
