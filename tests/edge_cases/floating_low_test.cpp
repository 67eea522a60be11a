// The nasty cases for floating pairs of methods of three stages at most, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Euler, Floating>, Reversible<Midpoint, Floating>, Reversible<Heun, Floating>,
                           Reversible<Ralston, Floating>, Reversible<Ralston3, Floating>, Reversible<Bosh3, Floating>>;

}  // namespace

#include "edge_cases/run_laws.hpp"
