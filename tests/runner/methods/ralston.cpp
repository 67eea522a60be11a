// Ralston and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods ralston_methods() { return with_pairs<Ralston, true>("Ralston"); }

}  // namespace antistrophe::runner
