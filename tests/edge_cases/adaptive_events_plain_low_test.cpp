// Nasty events, for plain methods of second and third order.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Midpoint, Heun, Ralston, Bosh3>;

}  // namespace

#include "edge_cases/adaptive_events.hpp"
