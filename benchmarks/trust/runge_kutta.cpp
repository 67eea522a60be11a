#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> runge_kutta_methods() {
  return {plain("Heun", Heun{}), plain("Bosh3", Bosh3{}), plain("Dopri5", Dopri5{}), plain("Tsit5", Tsit5{}),
          plain("Dop853", Dop853{})};
}
}  // namespace trust
