// The nasty cases under a tolerance for plain methods of second and third order, whose adjoint is the direct one.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Midpoint, Heun, Ralston, Bosh3>;

}  // namespace

#include "edge_cases/run_adaptive_laws.hpp"
