// The nasty cases for exact pairs of methods of four stages or more, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods =
    std::tuple<Reversible<RK4>, Reversible<RK38>, Reversible<Tsit5>, Reversible<Dopri5>, Reversible<Dop853>>;

}  // namespace

#include "edge_cases/run_laws.hpp"
