#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> adams_methods() {
  return {reversible("Adams 4", Family::adams, ReversibleAdams<4>{}),
          reversible("Adams 6", Family::adams, ReversibleAdams<6>{}),
          reversible("Adams 4 floating", Family::adams, ReversibleAdams<4, Floating>{}),
          reversible("Adams PECE 4", Family::adams, ReversibleAdamsPece<4>{})};
}
}  // namespace trust
