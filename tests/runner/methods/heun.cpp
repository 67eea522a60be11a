// Heun and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods heun_methods() { return with_pairs<Heun, true>("Heun"); }

}  // namespace antistrophe::runner
