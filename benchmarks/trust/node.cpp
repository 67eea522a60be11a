#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> node_methods() {
  return {reversible("reversible Heun", ReversibleHeun<>{}),
          reversible("asynchronous leapfrog", AsynchronousLeapfrog<>{})};
}
}  // namespace trust
