// The nasty cases for floating pairs of methods of four stages or more, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<RK4, Floating>, Reversible<RK38, Floating>, Reversible<Tsit5, Floating>,
                           Reversible<Dopri5, Floating>, Reversible<Dop853, Floating>>;

}  // namespace

#include "edge_cases/run_laws.hpp"
