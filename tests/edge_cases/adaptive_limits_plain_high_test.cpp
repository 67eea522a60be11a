// The edges of adaptive steps, for plain methods of higher order.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Tsit5, Dopri5, Dop853>;

}  // namespace

#include "edge_cases/adaptive_limits.hpp"
