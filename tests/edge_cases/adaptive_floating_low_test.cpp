// The nasty cases under a tolerance for floating pairs of second and third order, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Midpoint, Floating>, Reversible<Heun, Floating>, Reversible<Ralston, Floating>,
                           Reversible<Bosh3, Floating>>;

}  // namespace

#include "edge_cases/run_adaptive_laws.hpp"
