#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> two_point_methods() {
  return {reversible("two points Dopri5", TwoPoint<Dopri5>{}), reversible("two points Dop853", TwoPoint<Dop853>{}),
          reversible("two points Bosh3 floating", TwoPoint<Bosh3, Floating>{})};
}
}  // namespace trust
