// Nasty events, for exact pairs of higher order, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Tsit5>, Reversible<Dopri5>, Reversible<Dop853>>;

}  // namespace

#include "edge_cases/adaptive_events.hpp"
