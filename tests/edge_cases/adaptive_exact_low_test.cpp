// The nasty cases under a tolerance for exact pairs of second and third order, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Midpoint>, Reversible<Heun>, Reversible<Ralston>, Reversible<Bosh3>>;

}  // namespace

#include "edge_cases/run_adaptive_laws.hpp"
