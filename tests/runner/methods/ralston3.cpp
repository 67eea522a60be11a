// Ralston3 and its pairs, behind the runner's interface.
#include "runner/instantiate.hpp"

namespace antistrophe::runner {

Methods ralston3_methods() { return with_pairs<Ralston3, false>("Ralston3"); }

}  // namespace antistrophe::runner
