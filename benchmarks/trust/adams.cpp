#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> adams_methods() {
  return {reversible("Adams 4", ReversibleAdams<4>{}), reversible("Adams 6", ReversibleAdams<6>{}),
          reversible("Adams 4 floating", ReversibleAdams<4, Floating>{}),
          reversible("Adams PECE 4", ReversibleAdamsPece<4>{})};
}
}  // namespace trust
