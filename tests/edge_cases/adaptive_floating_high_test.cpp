// The nasty cases under a tolerance for floating pairs of higher order, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Tsit5, Floating>, Reversible<Dopri5, Floating>, Reversible<Dop853, Floating>>;

}  // namespace

#include "edge_cases/run_adaptive_laws.hpp"
