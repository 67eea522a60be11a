#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> pairs() {
  return {reversible("pair Bosh3", Reversible<Bosh3>{}), reversible("pair Dopri5", Reversible<Dopri5>{}),
          reversible("pair Tsit5", Reversible<Tsit5>{}), reversible("pair Dop853", Reversible<Dop853>{})};
}
}  // namespace trust
