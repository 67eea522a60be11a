#include "trust/solve.hpp"

namespace trust {
using namespace antistrophe;
std::vector<Method> floating_pairs() {
  const auto with = [](auto method, double lambda) { return method.lambda = lambda, method; };
  return {reversible("pair Dopri5 floating", Reversible<Dopri5, Floating>{}),
          reversible("pair Dopri5 floating, lambda .9", with(Reversible<Dopri5, Floating>{}, 0.9))};
}
}  // namespace trust
