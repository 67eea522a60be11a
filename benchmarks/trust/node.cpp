#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> node_methods() {
  return {reversible("reversible Heun", Family::node, ReversibleHeun<>{}),
          reversible("asynchronous leapfrog", Family::node, AsynchronousLeapfrog<>{})};
}
}  // namespace trust
