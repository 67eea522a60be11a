// Dopri5 and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods dopri5_methods() { return with_pairs<Dopri5, true>("Dopri5"); }

}  // namespace antistrophe::runner
