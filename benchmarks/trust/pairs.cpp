#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> pairs() {
  return {reversible("pair Bosh3", Family::pair, Reversible<Bosh3>{}),
          reversible("pair Dopri5", Family::pair, Reversible<Dopri5>{}),
          reversible("pair Tsit5", Family::pair, Reversible<Tsit5>{}),
          reversible("pair Dop853", Family::pair, Reversible<Dop853>{})};
}
}  // namespace trust
