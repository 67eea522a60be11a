// The nasty cases under a tolerance for plain methods of higher order, whose adjoint is the direct one.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Tsit5, Dopri5, Dop853>;

}  // namespace

#include "edge_cases/run_adaptive_laws.hpp"
