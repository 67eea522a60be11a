// The nasty cases for plain methods, which go back by DirectAdjoint.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Euler, Midpoint, Heun, Ralston, Ralston3, Bosh3, RK4, RK38, Tsit5, Dopri5, Dop853>;

}  // namespace

#include "edge_cases/run_laws.hpp"
